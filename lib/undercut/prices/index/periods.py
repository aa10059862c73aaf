"""In which order do period labels follow each other? Only orders that cannot be misread are accepted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from undercut.errors import DataError

_ADVICE = (
    "Use ISO dates (2024-01-31), months (2024-01), quarters (2024Q1), weeks (2024-W05), integers, "
    "or an ordered categorical or datetime column."
)


def order_periods(labels: pd.Index) -> tuple[np.ndarray, str | None]:
    """Order of distinct period labels in time, and a note when they are not evenly spaced.

    Parameters
    ----------
    labels : pandas.Index
        Distinct labels: numbers, dates, timestamps, pandas periods, or strings of one kind: ISO dates and
        times, ``2024-01``, ``2024Q1``, ``2024-W05``, integers, one common prefix and an integer (``t1``).

    Returns
    -------
    order : numpy.ndarray
        Positions that sort ``labels``, shape (n_periods,).
    note : str or None
        Where a step is longer than the shortest one, for labels whose spacing is known.

    Raises
    ------
    DataError
        If the labels can be read in more than one order (``01/02/2024``, ``Jan``, ``012024``), are of
        mixed kinds, or if two labels name the same period.

    Examples
    --------
    >>> order, note = order_periods(pd.Index(["2024Q3", "2023Q4", "2024Q1"]))
    >>> order.tolist(), note
    ([1, 2, 0], 'periods are not evenly spaced (2024Q1 is followed by 2024Q3)')
    """
    position, is_spaced = _positions(labels)
    order = np.argsort(position, kind="stable")
    steps = np.diff(position[order])
    if (steps == 0).any():
        at = int(np.flatnonzero(steps == 0)[0])
        raise DataError(
            f"Periods {labels[order[at]]!r} and {labels[order[at + 1]]!r} name the same period; "
            "write each period in one way."
        )
    return order, _uneven(labels[order], steps) if is_spaced else None


def _uneven(ordered: pd.Index, steps: np.ndarray) -> str | None:
    long = np.flatnonzero(steps > steps.min()) if len(steps) else np.array([], dtype=int)
    if not len(long):
        return None
    shown = ", ".join(f"{ordered[i]} is followed by {ordered[i + 1]}" for i in long[:3])
    return f"periods are not evenly spaced ({shown}{', ...' if len(long) > 3 else ''})"


def _positions(labels: pd.Index) -> tuple[np.ndarray, bool]:
    """A number for each label that grows with time, and whether its steps are meaningful."""
    labels = labels.infer_objects()
    if isinstance(labels, pd.PeriodIndex):
        return labels.asi8, True
    if isinstance(labels, pd.DatetimeIndex):
        return _day_positions(labels)
    if pd.api.types.is_bool_dtype(labels.dtype):
        raise DataError(f"Periods are true and false, which have no order in time. {_ADVICE}")
    if pd.api.types.is_numeric_dtype(labels.dtype):
        return _number_positions(labels.to_numpy())
    if all(isinstance(label, str) for label in labels):
        return _string_positions([str(label).strip() for label in labels])
    if all(isinstance(label, date) for label in labels):
        return _day_positions(pd.DatetimeIndex(pd.to_datetime(labels)))
    kinds = sorted({type(label).__name__ for label in labels})
    raise DataError(f"Periods mix or use kinds that have no known order: {', '.join(kinds)}. {_ADVICE}")


def _number_positions(values: np.ndarray) -> tuple[np.ndarray, bool]:
    if not np.isfinite(values.astype(float)).all():
        raise DataError("A period is infinite; periods must be finite numbers.")
    if (values != np.floor(values)).any():
        return values.astype(float), False
    whole = values.astype(np.int64)
    year, month = np.divmod(whole, 100)
    if _are_years(year).all() and _are_months(month).all():
        return year * 12 + month, True
    # 12024 or 31012024: month or day before the year, so the numeric order is not the order in time.
    front, tail = np.divmod(whole, 10_000)
    if _are_years(tail).all() and (_are_months(front) | _are_months(front % 100) & (front > 100)).all():
        raise DataError(f"Periods such as {whole[0]} put the year last. {_ADVICE}")
    return whole, True


def _are_years(values: np.ndarray) -> np.ndarray:
    return (values >= 1800) & (values <= 2200)


def _are_months(values: np.ndarray) -> np.ndarray:
    return (values >= 1) & (values <= 12)


def _day_positions(days: pd.DatetimeIndex) -> tuple[np.ndarray, bool]:
    """Months when every date falls on the same day of the month, else moments without known spacing."""
    if len(days) and len(set(days.day)) == 1 and (days == days.normalize()).all():
        return np.asarray(days.year * 12 + days.month), True
    return days.as_unit("ns").asi8, False


def _month_position(match: re.Match[str]) -> int:
    year, month = int(match[1]), int(match[2])
    if not 1 <= month <= 12:
        raise DataError(f"Period {match[0]!r} has month {month}. {_ADVICE}")
    return year * 12 + month


def _week_position(match: re.Match[str]) -> int:
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1).toordinal() // 7
    except ValueError as error:
        raise DataError(f"Period {match[0]!r} is not an ISO week: {error}.") from error


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], int]], ...] = (
    (re.compile(r"(\d{4})[-/ ]?[qQ]([1-4])"), lambda match: int(match[1]) * 4 + int(match[2])),
    (re.compile(r"(\d{4})-?[wW](\d{1,2})"), _week_position),
    (re.compile(r"(\d{4})(?:-|/|-?[mM])(\d{1,2})"), _month_position),
)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_COUNTER = re.compile(r"([A-Za-z][A-Za-z _-]*)(\d+)")


def _string_positions(labels: list[str]) -> tuple[np.ndarray, bool]:
    if all(re.fullmatch(r"[+-]?\d+", label) for label in labels):
        return _number_positions(np.array([int(label) for label in labels]))
    if all(_ISO_DAY.fullmatch(label) for label in labels):
        return _iso_positions(labels)
    for pattern, position in _PATTERNS:
        matches = [match for match in map(pattern.fullmatch, labels) if match]
        if len(matches) == len(labels):
            return np.array([position(match) for match in matches]), True
    counters = [match for match in map(_COUNTER.fullmatch, labels) if match]
    if len(counters) == len(labels) and len({match[1] for match in counters}) == 1:
        return np.array([int(match[2]) for match in counters]), True
    raise DataError(f"The order of periods such as {labels[:4]} is ambiguous. {_ADVICE}")


def _iso_positions(labels: list[str]) -> tuple[np.ndarray, bool]:
    try:
        moments = pd.to_datetime(labels, format="ISO8601", utc=True)
    except ValueError as error:
        raise DataError(f"A period is not a date: {error}. {_ADVICE}") from error
    return _day_positions(pd.DatetimeIndex(moments))
