"""On which days did an exchange trade, and which session could be the first to react to some news?"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from undercut.errors import InputError, unknown

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

NEW_YORK: Final = "XNYS"


def sessions(start: Any, end: Any, *, exchange: str = NEW_YORK) -> pd.DatetimeIndex:
    """Trading days of an exchange from ``start`` to ``end``, both included.

    Parameters
    ----------
    start, end : date-like
    exchange : str
        ISO 10383 code: ``XNYS`` (New York, the default), ``XHKG``, ``XTKS`` and so on.

    Returns
    -------
    DatetimeIndex
        Midnights without time zone.

    Raises
    ------
    UnknownNameError
        No calendar of this name.
    InputError
        The calendar does not reach that far.

    Examples
    --------
    New York closed on 20 January 2025, when DeepSeek-R1 came out, and on 9 January for a funeral.

    >>> len(sessions("2025-01-06", "2025-01-10")), len(sessions("2025-01-20", "2025-01-24"))
    (4, 4)
    """
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    if first > last:
        return pd.DatetimeIndex([], dtype="datetime64[us]")
    calendar = _calendar(exchange, first.year, last.year)
    return calendar.sessions_in_range(first, last).as_unit("us")


def closes(start: Any, end: Any, *, exchange: str = NEW_YORK) -> pd.Series:
    """The moment (UTC) at which each session closed; early closes included."""
    days = sessions(start, end, exchange=exchange)
    if days.empty:
        return pd.Series([], index=days, dtype="datetime64[us, UTC]")
    calendar = _calendar(exchange, days[0].year, days[-1].year)
    return calendar.closes.loc[days[0] : days[-1]].dt.as_unit("us").set_axis(days)


def reacting_session(moment: Any, *, after_close: bool = False, exchange: str = NEW_YORK) -> pd.Timestamp:
    """The first session in which prices could react to news of ``moment``.

    Parameters
    ----------
    moment : date-like
        With a time zone: that very moment; the session is the first that closes after it. Without: a day,
        whose session counts unless ``after_close``.
    after_close : bool
        The news of that day came after the close. Only for days.
    exchange : str
        As in :func:`sessions`.

    Raises
    ------
    InputError
        ``after_close`` together with a moment that says so itself.

    Examples
    --------
    >>> reacting_session("2025-01-20").date().isoformat()
    '2025-01-21'
    >>> reacting_session("2025-04-15", after_close=True).date().isoformat()
    '2025-04-16'
    >>> reacting_session("2024-11-29T18:30Z").date().isoformat()  # that day New York closed at 18:00 UTC
    '2024-12-02'
    """
    when = pd.Timestamp(moment)
    if when.tzinfo is None:
        days = sessions(when.normalize(), when.normalize() + pd.Timedelta(days=14), exchange=exchange)
        # News after the close of a holiday still meets the session after the holiday.
        return days[1] if after_close and days[0] == when.normalize() else days[0]
    if after_close:
        raise InputError("A moment with a time zone says by itself whether the session had closed.")
    day = when.tz_convert("UTC").tz_localize(None).normalize()
    closing = closes(day - pd.Timedelta(days=1), day + pd.Timedelta(days=14), exchange=exchange)
    return closing.index[int(closing.searchsorted(when, side="right"))]


def _calendar(exchange: str, first_year: int, last_year: int) -> ExchangeCalendar:
    """A calendar of whole decades: making one takes a second, whatever its length."""
    import exchange_calendars  # heavier than the rest of this module

    try:
        try:
            return _built(exchange, first_year // 10 * 10, last_year // 10 * 10 + 9)
        except ValueError:  # the exchange is younger than the decade
            return _built(exchange, first_year, last_year)
    except exchange_calendars.errors.InvalidCalendarName as error:
        names = exchange_calendars.get_calendar_names(include_aliases=False)
        raise unknown("exchange", exchange, names) from error
    except ValueError as error:
        raise InputError(
            f"The calendar of {exchange} does not cover {first_year} to {last_year}: {error}"
        ) from error


@lru_cache(maxsize=64)
def _built(exchange: str, first_year: int, last_year: int) -> ExchangeCalendar:
    import exchange_calendars

    return exchange_calendars.get_calendar(
        exchange, start=f"{first_year - 1}-12-01", end=f"{last_year + 1}-01-31"
    )
