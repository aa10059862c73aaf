"""Does the calendar know holidays, early closes and the hour of the news?"""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.errors import InputError, UnknownNameError
from undercut.sources.sessions import closes, reacting_session, sessions


def day(moment: str, **options: bool) -> str:
    return reacting_session(moment, **options).date().isoformat()


def test_holidays_weekends_and_a_day_of_mourning_are_no_sessions() -> None:
    january = sessions("2025-01-01", "2025-01-31").strftime("%d").tolist()
    assert {"01", "09", "20", "25", "26"}.isdisjoint(january)
    assert len(january) == 20


def test_a_day_without_a_session_waits_for_the_next() -> None:
    assert day("2025-01-20") == "2025-01-21"  # Martin Luther King Day
    assert day("2025-04-05") == "2025-04-07"  # a Saturday
    assert day("2026-07-03") == "2026-07-06"  # Independence Day, observed


def test_news_after_the_close_waits_one_session_but_not_two() -> None:
    assert day("2025-04-15", after_close=True) == "2025-04-16"
    assert day("2025-01-31", after_close=True) == "2025-02-03"
    assert day("2025-01-20", after_close=True) == "2025-01-21"  # a holiday has no close


def test_the_hour_decides_on_the_session() -> None:
    assert day("2026-07-16T14:17-04:00") == "2026-07-16"
    assert day("2026-07-16T15:59:59-04:00") == "2026-07-16"
    assert day("2026-07-16T16:00-04:00") == "2026-07-17"
    assert day("2026-07-27T00:00Z") == "2026-07-27"  # Sunday evening in New York
    assert day("2024-11-29T17:59Z") == "2024-11-29"  # closed at 13:00 after Thanksgiving
    assert day("2024-11-29T18:00Z") == "2024-12-02"


@settings(deadline=None)  # the first day of a year builds its calendar
@given(st.datetimes(pd.Timestamp("2020-01-01"), pd.Timestamp("2026-10-01")))
def test_the_reacting_session_is_the_first_that_closes_after_the_news(moment: pd.Timestamp) -> None:
    when = pd.Timestamp(moment, tz="UTC")
    found = reacting_session(when)
    closing = closes(found - pd.Timedelta(days=10), found)
    assert closing.iloc[-1] > when
    assert closing.iloc[-2] <= when


def test_another_exchange_has_other_holidays() -> None:
    assert pd.Timestamp("2025-01-29") not in sessions("2025-01-28", "2025-02-03", exchange="XHKG")
    with pytest.raises(UnknownNameError, match="exchange"):
        sessions("2025-01-01", "2025-01-31", exchange="NYSEE")


def test_a_moment_says_itself_whether_the_market_had_closed() -> None:
    with pytest.raises(InputError, match="says by itself"):
        reacting_session("2025-01-27T20:00Z", after_close=True)


def test_no_days_are_asked_for_when_the_end_is_first() -> None:
    assert sessions("2025-02-01", "2025-01-01").empty
    assert closes("2025-01-25", "2025-01-26").empty
