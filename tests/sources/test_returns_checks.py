"""Is every kind of damage to a series noticed, and a clean series left in peace?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.errors import DataError
from undercut.sources.returns import load_returns
from undercut.sources.returns_checks import ADVICE, check_returns
from undercut.sources.returns_shape import returns_from_prices
from undercut.sources.sessions import sessions

DAYS = sessions("2024-01-02", "2025-01-31")
NAMES = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"]


def panel(seed: int = 3) -> pd.DataFrame:
    """Six stocks with a common factor; one leaves early, so that it is no panel of survivors."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0, 0.01, len(DAYS))
    wide = pd.DataFrame({name: market + rng.normal(0, 0.01, len(DAYS)) for name in NAMES}, index=DAYS)
    wide.loc[wide.index[-60] :, "FFF"] = np.nan
    long = wide.rename_axis("date").reset_index().melt(id_vars="date", var_name="ticker", value_name="return")
    return long.dropna().assign(source="test").reset_index(drop=True)


def found(frame: pd.DataFrame) -> set[tuple[str, str]]:
    doubts = check_returns(frame)
    return set(zip(doubts["ticker"], doubts["check"], strict=True))


def changed(day: str, value: float, ticker: str = "AAA") -> pd.DataFrame:
    frame = panel()
    frame.loc[(frame["ticker"] == ticker) & (frame["date"] == day), "return"] = value
    return frame


def test_a_clean_panel_raises_no_doubt() -> None:
    assert check_returns(panel()).empty


def test_the_shipped_sample_has_one_doubt_that_it_is_of_survivors() -> None:
    assert found(load_returns(None, source="sample")) == {("*", "survivors_only")}


def test_missing_sessions_are_told_by_stretch() -> None:
    frame = panel()
    gone = pd.to_datetime(["2024-03-04", "2024-03-05", "2024-05-06"])
    frame = frame[~((frame["ticker"] == "AAA") & frame["date"].isin(gone))]
    doubts = check_returns(frame)
    assert doubts["check"].tolist() == ["missing_day", "missing_day"]
    assert doubts["value"].tolist() == [2, 1]
    assert doubts["date"].dt.strftime("%Y-%m-%d").tolist() == ["2024-03-04", "2024-05-06"]


def test_days_missing_at_the_edges_of_what_was_asked_are_told() -> None:
    frame = panel()
    frame.attrs["asked"] = {"start": "2023-12-27", "end": "2025-02-04"}
    doubts = check_returns(frame).set_index(["ticker", "date"])["value"]
    assert doubts["AAA", pd.Timestamp("2023-12-27")] == 3
    assert doubts["AAA", pd.Timestamp("2025-02-03")] == 2
    assert doubts.loc["FFF"].max() == 62


def test_a_day_without_a_session_is_extra() -> None:
    holiday = pd.DataFrame({"date": pd.to_datetime(["2025-01-09"]), "ticker": "AAA", "return": 0.001})
    assert found(pd.concat([panel().drop(columns="source"), holiday])) == {("AAA", "extra_day")}


def test_two_rows_of_one_day_are_told() -> None:
    frame = panel()
    doubts = check_returns(pd.concat([frame, frame.iloc[[10]]], ignore_index=True))
    assert doubts[["check", "value"]].to_numpy().tolist() == [["duplicate_row", 2]]


def test_repeats_are_stale_from_three_sessions_on() -> None:
    frame = panel()
    frame.loc[20:21, "return"] = 0.0
    assert check_returns(frame).empty
    frame.loc[20:23, "return"] = 0.0
    assert check_returns(frame)[["ticker", "check", "value"]].to_numpy().tolist() == [["AAA", "stale", 4]]


@pytest.mark.parametrize("value", [-1.0, -1.3, np.inf])
def test_a_return_that_cannot_be_is_told(value: float) -> None:
    assert found(changed("2024-05-06", value)) == {("AAA", "impossible")}


@pytest.mark.parametrize(("ratio", "market"), [(2, 0.01), (3, -0.02), (10, 0.03), (20, 0.0), (50, -0.01)])
def test_a_split_that_nobody_adjusted_is_told_either_way(ratio: int, market: float) -> None:
    for gross in (1 / ratio, float(ratio)):
        doubts = check_returns(changed("2024-06-10", gross * (1 + market) - 1))
        split = doubts[doubts["check"] == "unadjusted_split"]
        assert split["value"].tolist() == [ratio]


def test_a_great_crash_is_extreme_but_no_split() -> None:
    assert found(changed("2024-06-10", -0.56)) == {("AAA", "extreme")}
    assert found(changed("2025-01-27", -0.30)) == set()


def test_a_wrong_price_between_two_right_ones_is_a_reversal() -> None:
    frame = changed("2024-06-10", -0.36)
    frame.loc[(frame["ticker"] == "AAA") & (frame["date"] == "2024-06-11"), "return"] = 1 / 0.64 - 1
    assert ("AAA", "reversal") in found(frame)


def test_dates_a_day_early_show_sundays_and_dates_a_day_late_saturdays() -> None:
    for offset, weekday in ((-1, 6), (1, 5)):
        frame = panel()
        mine = frame["ticker"] == "BBB"
        frame.loc[mine, "date"] += pd.Timedelta(days=offset)
        shifted = check_returns(frame)
        shifted = shifted[shifted["check"] == "time_zone_shift"]
        assert set(shifted["ticker"]) == {"BBB"}
        assert (shifted["value"] == offset).any()
        assert (shifted["date"].dt.day_of_week == weekday).any()


def test_prices_of_shifted_dates_keep_their_sundays() -> None:
    rng = np.random.default_rng(1)
    prices = pd.DataFrame({"date": DAYS - pd.Timedelta(days=1), "ticker": "X"})
    prices["price"] = 100 * np.cumprod(1 + rng.normal(0, 0.01, len(DAYS)))
    frame, _ = returns_from_prices(prices)
    assert ("X", "time_zone_shift") in found(frame)


@pytest.mark.parametrize("lag", [-1, 1])
def test_a_series_a_session_away_from_the_others_is_told(lag: int) -> None:
    frame = panel()
    mine = frame["ticker"] == "CCC"
    frame.loc[mine, "return"] = frame.loc[mine, "return"].shift(lag)
    doubts = check_returns(frame.dropna())
    shifted = doubts[doubts["check"] == "time_zone_shift"]
    assert shifted[["ticker", "value"]].to_numpy().tolist() == [["CCC", lag]]


def test_the_seam_of_two_sources_is_told() -> None:
    frame = panel()
    frame.loc[(frame["ticker"] == "DDD") & (frame["date"] >= "2024-07-01"), "source"] = "other"
    doubts = check_returns(frame)
    assert doubts[["ticker", "check"]].to_numpy().tolist() == [["DDD", "source_seam"]]
    assert doubts["date"].tolist() == [pd.Timestamp("2024-07-01")]


def test_a_panel_that_no_firm_leaves_is_of_survivors() -> None:
    frame = panel()
    assert found(frame[frame["ticker"] != "FFF"]) == {("*", "survivors_only")}


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_nothing_is_repaired(seed: int) -> None:
    frame = panel(seed % 50)
    damaged = frame.sample(frac=0.9, random_state=seed)
    before = damaged.copy(deep=True)
    doubts = check_returns(damaged)
    pd.testing.assert_frame_equal(damaged, before)
    assert set(doubts["check"]) <= {*ADVICE, "time_zone_shift"}
    assert doubts["advice"].str.len().gt(10).all()


def test_an_empty_frame_has_no_doubts_and_a_wrong_one_is_refused() -> None:
    assert check_returns(panel().head(0)).empty
    with pytest.raises(DataError, match="lack the column return"):
        check_returns(panel().drop(columns="return"))
