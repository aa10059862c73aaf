"""Do the tables of evidence agree with each other, and does nothing ship that may not?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.sources.reference import load_reference


@pytest.fixture(scope="module")
def weekly() -> pd.DataFrame:
    return load_reference("token_usage_weekly")


def test_shares_of_a_week_are_its_tokens_and_sum_to_one(weekly: pd.DataFrame) -> None:
    total = weekly.groupby("week_start")["tokens"].transform("sum")
    np.testing.assert_allclose(weekly["share"].astype(float), weekly["tokens"] / total, atol=2e-6)


def test_weeks_agree_with_the_days_of_another_file(weekly: pd.DataFrame) -> None:
    """Two compilations of one publication: the sums of all weeks that have their seven days."""
    days = load_reference("token_open_share_daily").set_index("date")
    kinds = ["closed_tokens", "open_tokens", "unclassified_tokens", "other_tokens"]
    by_day = days[kinds].sum(axis=1)
    week = by_day.index.to_series().dt.to_period("W-SUN").dt.start_time
    by_week = by_day.groupby(week).agg(["sum", "size"])
    mine = weekly.groupby("week_start").agg(tokens=("tokens", "sum"), days=("days", "first"))
    both = mine.join(by_week, how="inner")
    both = both[both["days"].eq(7) & both["size"].eq(7)]
    assert len(both) > 80
    np.testing.assert_allclose(both["tokens"].astype(float), both["sum"].astype(float), rtol=2e-3)


def test_bounds_of_the_open_share_follow_from_the_tokens() -> None:
    days = load_reference("token_open_share_daily")
    total = days[["closed_tokens", "open_tokens", "unclassified_tokens", "other_tokens"]].sum(axis=1)
    np.testing.assert_allclose(days["open_share_low"], (days["open_tokens"] / total).astype(float), atol=1e-5)
    high = ((total - days["closed_tokens"]) / total).astype(float)
    np.testing.assert_allclose(days["open_share_high"], high, atol=1e-5)


def test_two_weeks_that_were_never_published_are_absent(weekly: pd.DataFrame) -> None:
    starts = set(weekly["week_start"].dt.strftime("%Y-%m-%d"))
    assert not {"2025-06-09", "2025-07-14"} & starts and len(starts) == 90


def test_ids_are_those_of_the_models_table() -> None:
    known = set(load_reference("models")["model_id"])
    for name in ("token_usage_weekly", "capability_scores", "cost_per_task", "board_names"):
        assert set(load_reference(name)["model_id"].dropna()) <= known, name


def test_what_may_not_ship_does_not() -> None:
    assert not load_reference("capability_scores")["measure"].str.startswith("aa_").any()
    assert not load_reference("cost_per_task")["benchmark"].str.startswith("aa_").any()
    adoption = load_reference("us_adoption")
    cited = adoption["source_id"].isin(["ramp", "menlo", "a16z_cio", "a16z_remark"])
    assert 0 < cited.sum() <= 24 and adoption.loc[cited, "citation"].str.len().min() > 10
    assert not load_reference("shares_outstanding")["basis"].str.contains("vendor").any()


def test_the_october_edition_has_the_sums_it_was_published_with() -> None:
    scores = load_reference("capability_scores")
    october = scores.loc[scores["measure"].eq("eci_2026_10"), "score"]
    assert (len(october), october.max(), october.min()) == (274, 167.33, 55.75)
    assert october.sum() == pytest.approx(36_106.47, abs=0.005)


def test_dollars_per_solved_task_are_dollars_per_task_over_the_share_solved() -> None:
    costs = load_reference("cost_per_task")
    both = costs[costs["usd_per_solved"].notna() & costs["score"].gt(0)]
    assert len(both) > 2_000
    ratio = both["usd_per_task"] / both["score"] / both["usd_per_solved"]
    assert ratio.between(0.98, 1.02).mean() > 0.98


def test_sessions_are_never_before_their_day() -> None:
    days = load_reference("calendar_dates")
    assert (days["session"] >= days["date"]).all() and (days["session"].dt.dayofweek < 5).all()
    late = (days["session"] - days["date"]).dt.days
    assert late.max() <= 4
