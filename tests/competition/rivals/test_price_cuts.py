"""Is a cut a cut, a correction a correction, and a withdrawal a withdrawal?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.competition.rivals.market import open_model, quotes
from undercut.competition.rivals.exposure import RivalRule, open_rivals
from undercut.competition.rivals.price_cuts import (
    UNDONE,
    UNSETTLED,
    CutRule,
    offers_at_risk,
    real_changes,
    with_doses,
)
from undercut.competition.rivals.releases import grade, predecessors, successor_on_offer
from undercut.errors import DataError, InputError, UnknownNameError
from undercut.prices.load import load_prices
from undercut.prices.monthly_quotes import monthly_quotes

MONTHS = [f"2025-{month:02d}" for month in range(1, 11)]


def history(prices: list[float | None], model: str = "closed", **other: Any) -> list[dict[str, Any]]:
    """One row a month in which the model has a price."""
    return [
        {"model": model, "month": month, "price": price, "group": "US closed"} | other
        for month, price in zip(MONTHS, prices, strict=False)
        if price is not None
    ]


def market(*parts: list[dict[str, Any]]) -> pd.DataFrame:
    """The parts, and a model that never changes so that every month exists."""
    steady = history([5.0] * len(MONTHS), "steady", developer="Other")
    return quotes(*[row for part in (*parts, steady) for row in part])


def outcomes(frame: pd.DataFrame, rule: CutRule | None = None) -> list[str]:
    rows = offers_at_risk(frame, rule=rule)
    return rows[rows["model_id"].eq("closed")]["outcome"].tolist()


def test_a_cut_belongs_to_the_month_before_the_new_price_shows() -> None:
    frame = market(history([10.0, 10, 10, 5, 5, 5, 5, 5, 5, 5]))
    assert outcomes(frame) == ["none", "none", "cut", *["none"] * 6]
    cut = offers_at_risk(frame).query("outcome == 'cut'").iloc[0]
    assert cut["period"] == "2025-03"
    assert cut["log_change"] == pytest.approx(np.log(0.5))


def test_a_rise_is_no_cut() -> None:
    assert outcomes(market(history([10.0, 10, 20, 20, 20, 20, 20, 20, 20, 20])))[1] == "rise"


def test_a_change_that_is_undone_within_half_a_year_never_happened() -> None:
    frame = market(history([10.0, 10, 5, 5, 5, 10, 10, 10, 10, 10]))
    assert outcomes(frame) == ["none"] * 9
    assert real_changes(frame)["correction"].tolist() == [UNDONE, UNDONE]
    assert outcomes(frame, CutRule(reversal_months=0))[1] == "cut"
    # Undone after three months: a rule of two months takes both for real.
    assert outcomes(frame, CutRule(reversal_months=2)).count("none") == 7


def test_an_undated_change_right_after_launch_is_a_correction() -> None:
    undated = market(history([None, None, 10.0, 5, 5, 5, 5, 5, 5, 5]))
    assert real_changes(undated)["correction"].tolist() == [UNSETTLED]
    assert outcomes(undated, CutRule(settle_first_month=False))[0] == "cut"
    dated = market(history([None, None, 10.0, 5, 5, 5, 5, 5, 5, 5], source="genai-prices"))
    assert outcomes(dated)[0] == "cut"


def test_an_offer_never_seen_again_is_withdrawn_only_while_its_source_goes_on() -> None:
    gone = history([10.0, 10, 10])
    assert outcomes(market(gone)) == ["none", "none", "withdrawn"]
    ended = history([10.0, 10, 10], last_seen=pd.Timestamp("2025-03-20", tz="UTC"), source="tokencost")
    assert outcomes(market(ended)) == ["none", "none", "censored"]


def test_an_offer_that_comes_back_was_not_withdrawn() -> None:
    assert outcomes(market(history([10.0, 10, None, 10, 10, 10, 10, 10, 10, 10])))[1] == "censored"


def test_only_own_offers_of_closed_models_are_at_risk() -> None:
    resold = history([10.0, 5.0], "resold", host="cloud", host_kind="cloud")
    weights = history([10.0, 5.0], "weights", access="open")
    assert set(offers_at_risk(market(resold, weights))["model_id"]) == {"steady"}


def test_the_o3_cut_is_found_and_no_slip_is() -> None:
    rows = offers_at_risk(monthly_quotes(load_prices(), start="2025-05", end="2026-05"))
    cuts = set(rows.loc[rows["outcome"].eq("cut"), ["model_id", "period"]].itertuples(index=False, name=None))
    assert ("o3", "2025-05") in cuts
    assert "gemini-2.5-flash-preview-05-20" not in {model for model, _ in cuts}


def test_a_name_first_listed_at_its_former_models_price_is_no_cut() -> None:
    rows = offers_at_risk(monthly_quotes(load_prices(), start="2025-11", end="2026-05"))
    assert "gemini-3-pro-preview" not in set(rows.loc[rows["outcome"].eq("cut"), "model_id"])


def test_advance_is_what_the_open_frontier_gained_over_the_lag() -> None:
    rivals = [open_model("slow", month, eci=130.0) for month in MONTHS]
    rivals += [open_model("fast", month, eci=137.0) for month in MONTHS[4:]]
    frame = market(history([10.0] * 10), rivals)
    found = with_doses(offers_at_risk(frame), open_rivals(frame), lag=2).query("model_id == 'closed'")
    advance = found.set_index("period")["advance"]
    assert advance.isna().tolist() == [True, True, *[False] * 7]
    assert advance[2:].tolist() == [0, 0, 7, 7, 0, 0, 0]


def test_rivals_of_the_months_end_count_a_month_earlier() -> None:
    rivals = [open_model("rival", month, eci=140.0) for month in MONTHS[4:]]
    frame = market(history([10.0] * 10), rivals)
    rows = offers_at_risk(frame)
    start = with_doses(rows, open_rivals(frame)).query("model_id == 'closed'")["is_exposed"].tolist()
    end = (
        with_doses(rows, open_rivals(frame), timing="end")
        .query("model_id == 'closed'")["is_exposed"]
        .tolist()
    )
    assert start == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert end[:-1] == start[1:]


def test_doses_leave_the_rows_and_their_order_alone() -> None:
    frame = market(history([10.0] * 10), [open_model("rival", month) for month in MONTHS])
    rows = offers_at_risk(frame).sample(frac=1, random_state=1)
    found = with_doses(rows, open_rivals(frame), rule=RivalRule(reach=1.0))
    pd.testing.assert_frame_equal(found[rows.columns], rows.reset_index(drop=True))


def test_a_successor_is_a_later_model_of_the_same_grade_and_maker() -> None:
    offers = quotes(
        {"model": "gpt-5", "month": "2025-12", "release_date": pd.Timestamp("2025-08-07")},
        {"model": "gpt-5.1", "month": "2025-12", "release_date": pd.Timestamp("2025-11-13")},
        {"model": "gpt-5-mini", "month": "2025-12", "release_date": pd.Timestamp("2025-08-07")},
        {
            "model": "rival-6",
            "month": "2025-12",
            "release_date": pd.Timestamp("2025-12-01"),
            "developer": "B",
        },
    )
    assert successor_on_offer(offers).tolist() == [True, False, False, False]


def test_predecessors_skip_siblings_of_the_same_day() -> None:
    days = pd.to_datetime(["2025-01-01", "2025-02-01", "2025-02-01", "2025-03-01"])
    models = pd.DataFrame(
        {"model_id": ["a-1", "a-2", "a-2-mini", "a-3"], "developer": "A", "release_date": days}
    )
    assert predecessors(models).fillna("none").tolist() == ["none", "a-1", "none", "a-2"]
    assert grade("a-2-mini") == "mini"


def test_quotes_of_single_days_are_refused() -> None:
    frame = market(history([10.0, 10.0, 5.0]))
    doubled = frame.assign(
        observed_on=frame["observed_on"].where(frame["period"].ne("2025-02"), "2025-01-20")
    )
    with pytest.raises(DataError, match="one observation day a month"):
        offers_at_risk(doubled.assign(observed_on=pd.to_datetime(doubled["observed_on"])))


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError):
        CutRule(min_change=0.0)
    frame = market(history([10.0, 10.0]))
    with pytest.raises(UnknownNameError, match="timing"):
        with_doses(offers_at_risk(frame), open_rivals(frame), timing="middle")  # type: ignore[arg-type]
