"""What users pass in: formats, calendars, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, UnknownNameError
from undercut.eventstudy.data import equal_weight, returns_panel
from undercut.eventstudy.events import align_events


def test_long_and_wide_returns_in_any_order_of_rows_are_one_panel(returns: pd.DataFrame) -> None:
    wide = returns_panel(returns.reset_index().sample(frac=1, random_state=0))
    long = returns.reset_index().melt("date", var_name="firm", value_name="return").dropna()
    from_long = returns_panel(long.sample(frac=1, random_state=1))
    assert wide.units == from_long.units == (*"ABCDEF", "market")
    np.testing.assert_array_equal(wide.returns, from_long.returns)
    np.testing.assert_array_equal(wide.days, from_long.days)


def test_an_event_on_a_day_without_trading_moves_to_the_next_session(returns: pd.DataFrame) -> None:
    panel = returns_panel(returns)
    saturday = returns.index[returns.index.dayofweek == 4][10] + pd.Timedelta(days=1)
    rows = align_events(pd.DataFrame({"event": ["release"], "date": [saturday], "firm": ["A"]}), panel)
    monday = saturday + pd.Timedelta(days=2)
    assert pd.Timestamp(panel.days[rows.day[0]]) == monday
    assert rows.warnings == (
        f"release: no trading on {saturday:%Y-%m-%d}, moved to the next session, {monday:%Y-%m-%d}",
    )


def test_a_blank_firm_means_every_firm_but_the_benchmarks(returns: pd.DataFrame) -> None:
    events = pd.DataFrame({"event": ["x", "y"], "date": returns.index[[300, 310]], "firm": ["", "B"]})
    rows = align_events(events, returns_panel(returns), not_firms=["market"])
    assert rows.firm[rows.event == "x"].tolist() == list("ABCDEF")
    assert rows.firm[rows.event == "y"].tolist() == ["B"]


def test_events_outside_the_returns_and_unknown_firms_are_named(returns: pd.DataFrame) -> None:
    day = returns.index[300]
    events = pd.DataFrame(
        {"event": ["old", "kept", "lost"], "date": ["1999-01-04", day, day], "firm": ["A", "A", "ZZZ"]}
    )
    rows = align_events(events, returns_panel(returns))
    assert rows.event.tolist() == ["kept"]
    assert any("1999-01-04 lies outside" in note for note in rows.warnings)
    assert any("no returns for ZZZ" in note for note in rows.warnings)


def test_nothing_left_to_study_is_an_error_that_says_why(returns: pd.DataFrame) -> None:
    events = pd.DataFrame({"date": ["1999-01-04"], "firm": ["A"]})
    with pytest.raises(DataError, match="lies outside"):
        align_events(events, returns_panel(returns))


@pytest.mark.parametrize(
    ("frame", "advice"),
    [
        (pd.DataFrame({"date": ["2024-01-02", "2024-01-02"], "A": [0.1, 0.2]}), "more than once"),
        (pd.DataFrame({"date": ["2024-01-02"], "A": ["high"]}), "must be numbers"),
        (pd.DataFrame({"date": ["2024-01-02"], "A": [np.inf]}), "infinite"),
        (pd.DataFrame({"date": ["someday"], "A": [0.1]}), "'someday' is not a day"),
        (pd.DataFrame({"date": ["06/02/2025"], "A": [0.1]}), "month first or day first"),
        (pd.DataFrame({"date": ["2025-02-30"], "A": [0.1]}), "row 1: '2025-02-30' is no day of the calendar"),
        (pd.DataFrame({"date": [""], "A": [0.1]}), "is blank where a day is needed"),
        (pd.DataFrame({"date": [7], "A": [0.1]}), "'7' is not a day"),
        (
            pd.DataFrame({"unit": ["A", "A"], "date": ["2024-01-02"] * 2, "return": [0.1, 0.2]}),
            "more than one return",
        ),
        (pd.DataFrame({"date": []}), "empty"),
    ],
)
def test_unusable_returns_are_refused(frame: pd.DataFrame, advice: str) -> None:
    with pytest.raises(DataError, match=advice):
        returns_panel(frame)


def test_an_event_whose_day_and_month_can_be_swapped_is_refused(returns: pd.DataFrame) -> None:
    # Read month first, 2 June would silently become 6 February.
    with pytest.raises(DataError, match="month first or day first"):
        align_events(pd.DataFrame({"date": ["02.06.2020"], "firm": ["A"]}), returns_panel(returns))


def test_one_event_of_a_firm_named_twice_is_refused(returns: pd.DataFrame) -> None:
    day = returns.index[300]
    events = pd.DataFrame({"event": ["x", "x"], "date": [day, day], "firm": ["A", ""]})
    with pytest.raises(DataError, match="occurs twice"):
        align_events(events, returns_panel(returns))


def test_returns_in_percent_are_refused_and_one_odd_unit_is_named(returns: pd.DataFrame) -> None:
    numbers = [column for column in returns.columns if column != "date"]
    with pytest.raises(DataError, match="Divide percents by 100"):
        returns_panel(returns.assign(**{name: 100 * returns[name] for name in numbers}))
    odd = returns_panel(returns.assign(**{numbers[0]: 100 * returns[numbers[0]]}))
    assert numbers[0] in odd.warnings[0]


def test_equal_weight_market_leaves_out_whom_it_is_told_to(returns: pd.DataFrame) -> None:
    market = equal_weight(returns, exclude=["market", "A"])
    expected = returns[list("BCDEF")].mean(axis=1)
    np.testing.assert_allclose(market, expected)
    with pytest.raises(UnknownNameError, match="ZZZ"):
        equal_weight(returns, exclude=["ZZZ"])


def test_the_users_tables_are_not_changed(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    before, dates = returns.copy(), events.copy()
    align_events(events, returns_panel(returns))
    pd.testing.assert_frame_equal(returns, before)
    pd.testing.assert_frame_equal(events, dates)


def test_a_time_of_day_is_said_not_to_count(returns: pd.DataFrame) -> None:
    evening = returns.index[300] + pd.Timedelta(hours=21)
    rows = align_events(pd.DataFrame({"date": [evening], "firm": ["A"]}), returns_panel(returns))
    assert any("times of day are not used" in note for note in rows.warnings)
