"""Do the gap and the trend of task costs come out where the truth is known, and on the real table?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.errors import InputError, MissingColumnError, UnknownNameError
from undercut.prices.tasks import cost_records, cost_trend, task_costs, task_gap, with_token_prices
from undercut.sources.reference import load_reference


def market(
    gap: float, *, models: int = 40, noise: float = 0.3, fall: float = 3.0, seed: int = 1
) -> pd.DataFrame:
    """Models of two groups whose cost rises with the score, falls with time and differs by ``gap``."""
    rng = np.random.default_rng(seed)
    is_group = np.arange(models) % 2 == 0
    score = rng.uniform(0.2, 0.8, models)
    years = rng.uniform(0, 2, models)
    logit = np.log(score / (1 - score))
    cost = np.exp(-2 + logit + np.log1p(gap) * is_group - np.log(fall) * years + rng.normal(0, noise, models))
    return pd.DataFrame(
        {
            "benchmark": "made",
            "model_id": [f"m{i}" for i in range(models)],
            "group": np.where(is_group, "chinese_open", "us_closed"),
            "score": score,
            "usd_per_task": cost * score,
            "usd_per_solved": cost,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.floor(365.25 * years), unit="D"),
        }
    )


@pytest.fixture(scope="module")
def costs() -> pd.DataFrame:
    return load_reference("cost_per_task")


@pytest.fixture(scope="module")
def models() -> pd.DataFrame:
    return load_reference("models")


@pytest.mark.parametrize("truth", [-0.7, 0.0, 1.5])
def test_a_known_gap_is_found_and_covered(truth: float) -> None:
    steady = market(truth, noise=0.2, fall=1.0, models=200)
    found = task_gap(steady, draws=199)
    assert found.gap == pytest.approx(truth, abs=0.15 * (1 + truth))
    assert found.low <= truth <= found.high
    assert (found.p_value < 0.05) == (truth != 0)


def test_the_gap_turns_when_the_groups_are_exchanged() -> None:
    rows = market(-0.6, fall=1.0)
    other = rows.assign(group=rows["group"].map({"chinese_open": "us_closed", "us_closed": "chinese_open"}))
    there, back = task_gap(rows, draws=49).gap, task_gap(other, draws=49).gap
    assert (1 + there) * (1 + back) == pytest.approx(1)


def test_the_median_gap_is_that_of_a_naive_regression(costs: pd.DataFrame, models: pd.DataFrame) -> None:
    """Partialling out by hand (Frisch and Waugh) on the real table."""
    rows = task_costs(costs, models, benchmark="epoch_gpqa")
    found = task_gap(rows, measure="usd_per_task", draws=49)
    used = found.models
    y, x, g = np.log(used["usd_per_task"]), used["score"], used["group"].eq("chinese_open").astype(float)

    def residual(v: pd.Series) -> pd.Series:
        slope = ((v - v.mean()) * (x - x.mean())).sum() / ((x - x.mean()) ** 2).sum()
        return v - v.mean() - slope * (x - x.mean())

    assert np.log1p(found.gap) == pytest.approx((residual(y) * residual(g)).sum() / (residual(g) ** 2).sum())


def test_the_gap_to_the_cheapest_is_a_loop_over_models(costs: pd.DataFrame, models: pd.DataFrame) -> None:
    rows = task_costs(costs, models, benchmark="epoch_aime")
    found = task_gap(rows, measure="usd_per_solved", against="cheapest", draws=49)
    used = found.models.to_dict("records")
    ratios = []
    for mine in (row for row in used if row["group"] == "chinese_open"):
        rivals = [
            r["usd_per_solved"]
            for r in used
            if r["group"] == "us_closed" and r["score"] >= mine["score"] - 0.02
        ]
        if rivals:
            ratios.append(np.log(mine["usd_per_solved"] / min(rivals)))
    assert np.log1p(found.gap) == pytest.approx(np.mean(ratios))


def test_with_fewer_than_five_models_a_side_there_is_a_reason_and_no_number(
    costs: pd.DataFrame, models: pd.DataFrame
) -> None:
    found = task_gap(task_costs(costs, models, benchmark="arc_agi_1_2025_10"))
    assert np.isnan(found.gap) and "5 a side are needed" in found.why_not and "no estimate" in found.summary()


def test_rows_of_a_board_that_mixes_task_sets_are_not_divided(
    costs: pd.DataFrame, models: pd.DataFrame
) -> None:
    rows = task_costs(costs, models, benchmark="arc_agi_1", effort="all")
    assert len(rows) > 20 and rows["usd_per_solved"].isna().all() and rows["dated_by"].eq("run").all()


def test_undated_runs_are_dated_by_the_release(costs: pd.DataFrame, models: pd.DataFrame) -> None:
    rows = task_costs(costs, models, benchmark="epoch_gpqa").set_index("model_id")
    assert rows["dated_by"].eq("release").all()
    assert rows.loc["deepseek-r1", "day"] == pd.Timestamp("2025-01-20")


def test_one_row_a_model_is_its_best_or_its_cheapest_run(costs: pd.DataFrame, models: pd.DataFrame) -> None:
    every = task_costs(costs, models, benchmark="epoch_gpqa", effort="all")
    best = task_costs(costs, models, benchmark="epoch_gpqa").set_index("model_id")
    cheap = task_costs(costs, models, benchmark="epoch_gpqa", effort="cheapest").set_index("model_id")
    top = every.groupby("model_id")["score"].max()
    assert best["score"].equals(top.reindex(best.index)) and len(best) == every["model_id"].nunique()
    assert (cheap["usd_per_solved"] <= best["usd_per_solved"].reindex(cheap.index) + 1e-12).all()


def test_a_token_price_is_the_median_over_sellers_on_the_day(
    costs: pd.DataFrame, models: pd.DataFrame
) -> None:
    prices = undercut.load_prices()
    rows = with_token_prices(task_costs(costs, models, benchmark="swebench_verified_bash_v1"), prices)
    row = rows.dropna(subset=["usd_per_mtok"]).iloc[0]
    offers = prices[prices["model_id"].eq(row["model_id"])]
    by_hand = [
        offer.price for offer in offers.itertuples()
        if offer.valid_from <= row["day"] and (pd.isna(offer.valid_to) or offer.valid_to > row["day"])
    ]  # fmt: skip
    assert rows["usd_per_mtok"].notna().mean() > 0.7
    if len(set(offers["host"])) == len(by_hand):
        assert row["usd_per_mtok"] == pytest.approx(np.median(by_hand))
    with pytest.raises(MissingColumnError, match="price"):
        with_token_prices(rows, prices.drop(columns="price"))


@pytest.mark.parametrize("definition", ["records", "calendar", "regression"])
def test_a_known_fall_is_found(definition: str) -> None:
    falling = market(0.0, models=400, noise=0.05, fall=4.0)
    found = cost_trend(falling, score=0.4, definition=definition, draws=99)  # type: ignore[arg-type]
    assert found.times_cheaper == pytest.approx(4.0, rel=0.25)
    assert found.low <= found.times_cheaper <= found.high


def test_a_record_falls_even_where_no_price_does() -> None:
    """Why the rate of records is no rate of prices: a minimum over more and more models."""
    steady = market(0.0, models=1_000, noise=1.0, fall=1.0, seed=3)
    records = cost_trend(steady, score=0.4, definition="records", draws=9).times_cheaper
    regression = cost_trend(steady, score=0.4, definition="regression", draws=9).times_cheaper
    assert records > 1.5 and regression == pytest.approx(1.0, abs=0.2)


def test_records_are_a_running_minimum() -> None:
    rows = market(0.0, models=60)
    records = cost_records(rows, score=0.5)
    seen, expected = np.inf, []
    for row in rows[rows["score"] >= 0.5].sort_values("day").itertuples():
        if row.usd_per_solved < seen:
            seen = row.usd_per_solved
            expected.append(row.model_id)
    assert records["model_id"].tolist() == expected


def test_what_cannot_be_asked_is_refused(costs: pd.DataFrame, models: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="epoch_gpqa"):
        task_costs(costs, models, benchmark="gpqa")
    with pytest.raises(InputError, match="effort"):
        task_costs(costs, models, benchmark="epoch_gpqa", effort="most")  # type: ignore[arg-type]
    rows = task_costs(costs, models, benchmark="epoch_gpqa")
    for call in (
        lambda: task_gap(rows, measure="price"),  # type: ignore[arg-type]
        lambda: task_gap(rows, against="mean"),  # type: ignore[arg-type]
        lambda: task_gap(rows, level=95),
        lambda: task_gap(rows, group="martian"),
        lambda: cost_trend(rows, score=40),
        lambda: cost_trend(rows, score=0.4, definition="mean"),  # type: ignore[arg-type]
    ):
        with pytest.raises(InputError):
            call()
    with pytest.raises(MissingColumnError, match="with_token_prices"):
        task_gap(rows, measure="usd_per_mtok")
