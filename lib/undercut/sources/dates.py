"""Which day does a cell of a user's file mean?"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from undercut.errors import DataError

_ISO: Final = re.compile(r"\d{4}[-/.]\d{2}[-/.]\d{2}")
_COMPACT: Final = re.compile(r"\d{8}")
_SAS: Final = re.compile(r"\d{2}[A-Za-z]{3}\d{4}")
_SLASHED: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")


def looks_like_day(cell: str) -> bool:
    """Whether a cell of text is a day in one of the ways that :func:`day_column` reads."""
    return any(pattern.match(cell) for pattern in (_ISO, _COMPACT, _SAS, _SLASHED))


def day_column(values: pd.Series, what: str) -> pd.Series:
    """Days as midnights without time zone; of moments, the day that was written.

    Parameters
    ----------
    values : Series
        Timestamps, whole numbers or text: 2025-01-27, 20250127, 27JAN2025, 1/27/2025 or 27/1/2025.
    what : str
        Name of the file, for messages.

    Raises
    ------
    DataError
        Not days, or days that can be read month first and day first.

    Examples
    --------
    >>> day_column(pd.Series(["1/27/2025", "1/2/2025"]), "x.csv").dt.date.astype("str").tolist()
    ['2025-01-27', '2025-01-02']
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        local = values.dt.tz_localize(None) if values.dt.tz is not None else values
        return local.dt.normalize().astype("datetime64[us]")
    text = values.astype("str").str.strip()
    if text.empty:
        return pd.Series([], index=values.index, dtype="datetime64[us]")
    first = text.iloc[0]
    try:
        if _ISO.match(first):
            days = pd.to_datetime(text.str[:10].str.replace(r"[/.]", "-", regex=True), format="%Y-%m-%d")
        elif _COMPACT.match(first):
            days = pd.to_datetime(text.str[:8], format="%Y%m%d")
        elif _SAS.match(first):
            days = pd.to_datetime(text.str[:9], format="%d%b%Y")
        elif _SLASHED.match(first):
            days = _slashed(text, what)
        else:
            raise DataError(f"{what}: {first!r} is not a day. Write days as 2025-01-27.")
    except ValueError as error:
        raise DataError(f"{what}: not every day can be read ({error}). Write days as 2025-01-27.") from error
    return days.astype("datetime64[us]")


def _slashed(text: pd.Series, what: str) -> pd.Series:
    parts = text.str.extract(_SLASHED).astype("float64")
    day_first, month_first = bool((parts[0] > 12).any()), bool((parts[1] > 12).any())
    if day_first == month_first:
        raise DataError(
            f"{what}: days such as {text.iloc[0]!r} can be read month first or day first. Write 2025-01-27."
        )
    numbers = parts.rename(
        columns={0: "day" if day_first else "month", 1: "month" if day_first else "day", 2: "year"}
    )
    return pd.to_datetime(numbers)
