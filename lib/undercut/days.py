"""What is a day as users write it, and on which day is a vintage known?"""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeAlias

import pandas as pd

from undercut.errors import InputError

#: A day as users give it; none: no bound.
Day: TypeAlias = str | date | pd.Timestamp | None
#: Month in which a part of a year ends, as surveys name it.
_ENDS = {"early": 3, "mid": 6, "fall": 11, "late": 12, "end": 12, "H1": 6, "H2": 12}


def day_of(moment: Day, *, name: str = "") -> pd.Timestamp | None:
    """A day as users write it: midnight, without a time zone; None for none. An error says its ``name``."""
    if moment is None or (isinstance(moment, str) and not moment.strip()):
        return None
    try:
        # Only ISO 8601: 06/07/2025 is June to some and July to others.
        stamp = pd.Timestamp(datetime.fromisoformat(moment.strip()) if isinstance(moment, str) else moment)
    except (ValueError, TypeError):
        stamp = pd.NaT
    if pd.isna(stamp) or isinstance(moment, int | float):
        given = f"{name}={moment!r}" if name else f"{moment!r}"
        raise InputError(f"{given} is not a day; write it as YYYY-MM-DD, for example 2025-06-30.")
    stamp = stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp
    return stamp.normalize()


def last_day(period: str) -> pd.Timestamp:
    """The last day of a year, a month or a part of a year.

    Examples
    --------
    >>> [str(last_day(each).date()) for each in ("2025", "2026-02", "2025-mid", "2026-05-03")]
    ['2025-12-31', '2026-02-28', '2025-06-30', '2026-05-03']
    """
    year, _, part = period.partition("-")
    month = f"{year}-{_ENDS.get(part, part) or 12}"
    return pd.Period(month, None if month.count("-") > 1 else "M").end_time.normalize()
