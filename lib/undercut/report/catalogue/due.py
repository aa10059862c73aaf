"""Which reports are due? Compares schedules in the syntax of cron with the last attempt of each report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_CLOCKS_DIFFER = timedelta(minutes=10)


def is_schedule(text: Any) -> bool:
    """Whether ``text`` is a schedule of five fields, or a name such as ``@daily``.

    Examples
    --------
    >>> is_schedule("0 6 * * 1-5"), is_schedule("@weekly"), is_schedule("every day")
    (True, True, False)
    """
    from croniter import croniter

    if not isinstance(text, str) or not (text.startswith("@") or len(text.split()) == 5):
        return False
    return bool(croniter.is_valid(text))


def never_comes(schedule: str) -> bool:
    """Whether a schedule names a day that no calendar has.

    Examples
    --------
    >>> never_comes("0 0 30 2 *"), never_comes("0 0 29 2 *")
    (True, False)
    """
    from croniter import CroniterBadDateError, croniter

    try:
        croniter(schedule, datetime.now(UTC)).get_next(datetime)
    except CroniterBadDateError:
        return True
    return False


def fault_of_stamp(moment: str | None, now: str) -> str:
    """What is wrong with the recorded moment of a build, in words; empty where it can be.

    Examples
    --------
    >>> fault_of_stamp("2099-01-01T00:00:00Z", "2026-11-23T06:00:00Z")
    "the moment of its last build, '2099-01-01T00:00:00Z', lies in the future"
    """
    try:
        lies_ahead = moment is not None and _moment(moment) > _moment(now) + _CLOCKS_DIFFER
    except (ValueError, OverflowError):
        return f"the moment of its last build, {moment!r}, is none"
    return f"the moment of its last build, {moment!r}, lies in the future" if lies_ahead else ""


def is_due(schedule: str, last_attempt: str | None, now: str) -> bool:
    """Whether a moment of the schedule (UTC) lies after the last attempt and not after ``now``.

    However many moments were missed, the report is due once.

    Parameters
    ----------
    schedule : str
        See `is_schedule`; empty is never due.
    last_attempt, now : str
        Moments as build.json has them; without an attempt every scheduled report is due.

    Examples
    --------
    >>> is_due("0 6 * * *", "2026-11-22T06:00:09Z", "2026-11-23T05:59:59Z")
    False
    >>> is_due("0 6 * * *", "2026-11-15T06:00:09Z", "2026-11-23T06:00:00Z")
    True
    """
    from croniter import croniter

    if not schedule:
        return False
    if last_attempt is None:
        return True
    moment = croniter(schedule, _moment(last_attempt)).get_next(datetime)
    return bool(moment <= _moment(now))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
