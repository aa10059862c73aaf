"""Intervals against the cheapest, rates by level and the curve of choices, each counted a second way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.panel.measures import installed
from undercut.prices.tasks.data import task_costs
from undercut.prices.tasks.gap import AS_HIGH, leave_one_out, task_gap
from undercut.studies.tasks.estimates import CHOICES, gap_curve, level_rates

COSTS, MODELS = undercut.load_reference("cost_per_task"), undercut.load_reference("models")


def test_the_gap_against_the_cheapest_by_hand_and_within_its_interval() -> None:
    rows = task_costs(COSTS, MODELS, benchmark="epoch_gpqa")
    found = task_gap(rows, against="cheapest", draws=199)
    both = rows[rows["group"].notna() & rows["usd_per_solved"].gt(0)]
    ends = both.groupby("group")["score"].agg(["min", "max"])
    both = both[both["score"].between(ends["min"].max(), ends["max"].min())]
    closed = both[both["group"].eq("us_closed")]
    ratios = [
        np.log(
            row.usd_per_solved / closed.loc[closed["score"] >= row.score - AS_HIGH, "usd_per_solved"].min()
        )
        for row in both[both["group"].eq("chinese_open")].itertuples()
    ]
    assert found.gap == pytest.approx(np.expm1(np.mean(ratios)))
    low, high = np.log1p([found.low, found.high])
    assert abs((np.log1p(found.gap) - low) / (high - low) - 0.5) < 0.2


def test_the_rate_of_a_level_by_hand() -> None:
    """Science questions at 50%, least cost month by month, on a straight line."""
    rows = COSTS[COSTS["benchmark"].eq("epoch_gpqa_at_50") & COSTS["model_id"].notna()]
    released = rows["model_id"].map(MODELS.set_index("model_id")["release_date"])
    solved = rows["usd_per_solved"].fillna(rows["usd_per_task"] / rows["score"])
    table = pd.DataFrame({"day": pd.to_datetime(released), "cost": solved}).dropna()
    table = table[table["cost"] > 0].sort_values("day")
    days, least = table["day"].to_numpy(), table["cost"].cummin().to_numpy()
    years = (days - days[0]) / np.timedelta64(1, "D") / 365.25
    months = np.arange(0, years[-1] + 1e-9, 1 / 12)
    monthly = [least[years <= month + 1e-9][-1] for month in months]
    slope = np.polyfit(months, np.log(monthly), 1)[0]
    found = level_rates(COSTS, MODELS).frame
    found = found[found["benchmark"].eq("epoch_gpqa") & found["level"].eq(50)].set_index("definition")
    assert found.loc["calendar", "times_cheaper"] == pytest.approx(np.exp(-slope), rel=0.02)


def test_the_curve_holds_every_combination_and_the_headline() -> None:
    curve = gap_curve(COSTS, MODELS, draws=9).curve
    own = curve.estimates["equal by"].eq("the benchmark's score").sum()
    own += curve.failed["equal by"].eq("the benchmark's score").sum()
    assert own == np.prod([len(options) for options in CHOICES.values()])
    by_measure = len(curve.estimates) + len(curve.failed) - own
    # By a measure of capability: scores as reported and every run, in all other combinations.
    assert by_measure == len(installed()) * own / len(CHOICES["equal score"]) / len(CHOICES["runs"])
    headline = curve.estimates[curve.estimates["is_headline"]].iloc[0]
    plain = task_gap(task_costs(COSTS, MODELS, benchmark="epoch_gpqa"), draws=9)
    assert headline["estimate"] == pytest.approx(100 * plain.gap)


@pytest.mark.parametrize("width", [0.05, 0.1])
def test_the_gap_at_scores_within_a_width_by_hand(width: float) -> None:
    rows = task_costs(COSTS, MODELS, benchmark="epoch_gpqa")
    both = task_gap(rows, draws=1).models
    closed, ratios = both[both["group"].eq("us_closed")], []
    for row in both[both["group"].eq("chinese_open")].itertuples():
        near = closed.loc[closed["score"].sub(row.score).abs() <= width, "usd_per_solved"].sort_values()
        if len(near):
            ratios.append(np.log(row.usd_per_solved / near.iloc[len(near) // 2]))
    found = task_gap(rows, width=width, draws=99)
    assert found.gap == pytest.approx(np.expm1(np.mean(ratios)))
    assert found.low < found.gap < found.high


def test_a_gap_without_a_model_is_that_of_the_rows_without_it() -> None:
    rows = task_costs(COSTS, MODELS, benchmark="epoch_gpqa")
    left = leave_one_out(rows, "developer").set_index("left_out")["gap"]
    for name in ("OpenAI", "DeepSeek"):
        assert left[name] == pytest.approx(task_gap(rows[rows["developer"].ne(name)], draws=1).gap)
