"""Probabilities by the rule, outcomes on the panel of the day, and a rule that is tested against none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import undercut
from undercut.errors import TooFewError
from undercut.studies.briefing.predictions import (
    CHOSEN_UNTIL,
    against_no_change,
    backtest,
    predictions,
    probability_above,
)
from undercut.studies.presentation import Number, Table, parts_of


def path(drift: float, months: int = 30, noise: float = 0.05, start: str = "2024-01") -> pd.Series:
    steps = drift + noise * np.random.default_rng(3).normal(size=months)
    index = pd.period_range(start, periods=months, freq="M").astype(str)
    return pd.Series(np.exp(steps.cumsum()), index=index)


def test_the_probability_is_half_that_of_a_random_walk_and_half_that_of_no_change() -> None:
    series = path(-0.04)
    log = np.log(series.to_numpy())
    steps = np.diff(log)[-12:]
    for times, still in ((0.9, 1.0), (1.2, 0.0)):
        walk = norm.sf(np.log(times) / (steps.std(ddof=1) * np.sqrt(3)))
        found = probability_above(series, times * np.exp(log[-1]), 3)
        assert found == pytest.approx(np.clip((still + walk) / 2, 0.03, 0.97))
    assert probability_above(series, float(series.iloc[-1]), 3) == pytest.approx(0.5)


def test_a_series_turned_around_gives_the_other_side() -> None:
    series, turned = path(-0.04), 1 / path(-0.04)
    level = float(series.iloc[-1])
    assert probability_above(turned, 1 / level, 3) == pytest.approx(1 - probability_above(series, level, 3))
    with pytest.raises(TooFewError, match="too few"):
        probability_above(series[:4], level, 3)


def test_what_is_due_is_scored_on_the_panel_of_its_day_and_nothing_else() -> None:
    table = pd.DataFrame(
        {"statement": ["a", "b", "c"], "series": "share", "side": ["above", "below", "above"],
         "threshold": [10.0, 10.0, 10.0], "due": ["2026-03-31", "2026-03-31", "2027-03-31"],
         "probability": [0.8, 0.8, 0.5]}
    )  # fmt: skip
    asked: list[str] = []

    def known(day: str) -> pd.DataFrame:
        asked.append(day)
        return pd.DataFrame({"share": [9.0, 12.0]}, index=["2026-02", "2026-03"])

    tested = undercut.load_reference("predictions_backtest")
    found = predictions("2026-11-30", table=table, tested=tested, series=known)
    assert found.frame["brier"].tolist()[:2] == pytest.approx([0.04, 0.64]) and set(asked) == {"2026-03-31"}
    assert np.isnan(found.frame["brier"].iloc[2])
    numbers = {part.key: part for part in parts_of(found) if isinstance(part, Number)}
    assert numbers["predictions.brier"].value == pytest.approx(0.34)
    (table_part,) = [part for part in parts_of(found) if isinstance(part, Table)]
    assert table_part.frame["met"].tolist() == ["came true", "did not", "open"]


def test_the_backtest_scores_against_the_next_panel_and_beside_no_change() -> None:
    whole = pd.DataFrame({"ratio": path(-0.06, months=36, noise=0.01)})
    found = backtest(
        ["2025-12-31", "2026-03-31", "2026-06-30"], series=lambda day: whole[whole.index <= day[:7]]
    )
    assert len(found) == 6 and found["brier"].mean() < found["brier_no_change"].mean()
    first = found.iloc[0]
    assert first["brier"] == pytest.approx((first["probability"] - first["outcome"]) ** 2)
    assert first["outcome"] == float(whole["ratio"]["2026-03"] > first["threshold"])


@pytest.mark.parametrize(
    ("gap", "said"), [(-0.05, "days is better ("), (0.05, "days is worse ("), (0.0, "could be chance (")]
)
def test_beside_no_change_the_verdict_follows_the_days(gap: float, said: str) -> None:
    days = ["2025-03-31", "2025-06-30", "2025-12-31", "2026-03-31"]
    rows = [(day, 0.15 + gap + 0.004 * (-1) ** place, 0.15) for place, day in enumerate(days)]
    told = against_no_change(pd.DataFrame(rows, columns=["day", "brier", "brier_no_change"]))
    assert said in told and "on which it was chosen" in told and "on later ones" in told


def test_the_shipped_backtest_is_of_this_rule() -> None:
    """The rule is not worse than no change on the panels on which it was chosen, nor on later ones."""
    tested = undercut.load_reference("predictions_backtest")
    halves = tested.groupby(tested["day"].astype(str) <= CHOSEN_UNTIL)[["brier", "brier_no_change"]].mean()
    assert len(halves) == 2 and (halves["brier"] < halves["brier_no_change"]).all()
    level = tested[tested["step"].eq(0)]
    assert np.allclose(level["probability"], 0.5)


def test_at_least_ten_predictions_are_made_and_each_can_turn_out_either_way() -> None:
    table = undercut.load_reference("predictions")
    assert len(table) >= 10 and table["probability"].between(0.03, 0.97).all()
    assert (pd.to_datetime(table["due"]) > pd.to_datetime(table["made_on"])).all()
    assert table["probability"].nunique() > 5
