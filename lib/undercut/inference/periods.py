"""In which order do periods follow each other, and how far apart are they? One reader for every coding.

Years, quarters, months, weeks and days, as numbers or text, are put on one scale whose step is the shortest
spacing in the data, so that a panel gives the same answer however its periods are written. Only orders that
cannot be misread are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from undercut.errors import CellError, DataError, DuplicateRowsError
from undercut.inference.arrays import Floats, Integers

_ADVICE: Final = (
    "Use ISO dates (2024-01-31), months (2024-01), quarters (2024Q1), weeks (2024-W05), integers, "
    "or an ordered categorical or datetime column."
)
_LONGEST_LABEL: Final = 40
_NEVER: Final = frozenset({"", "0", "never", "none", "na", "nan", "nat", "inf", "infinity", "<na>", "."})


class OddPeriodError(CellError):
    """A period that is written in another way than the others; ``label`` is its text."""

    def __init__(self, label: str, usual: str, told: str = "") -> None:
        super().__init__(told or f"Period {label!r} is not written as {usual!r} and others are. {_ADVICE}")
        self.label, self.usual = label, usual


@dataclass(frozen=True, slots=True)
class PeriodScale:
    """Distinct periods in the order of time.

    Attributes
    ----------
    labels : Index
        As in the data, in order.
    positions : array of int, shape (n_periods,)
        Steps since the first period; a step is the shortest spacing that all share.
    kind : str
        What a period is: month, quarter, week, day, number, ...
    note : str or None
        Which periods are followed by a gap, where the spacing is known.
    """

    labels: pd.Index
    positions: Integers
    kind: str
    note: str | None
    _origin: int
    _step: int

    def of(self, values: pd.Series) -> Floats:
        """Position of each value, which must be one of `labels`; missing where the value is."""
        at = self.labels.get_indexer(pd.Index(values))
        return np.where(at >= 0, self.positions[at], np.nan)

    @property
    def offset(self) -> int:
        """What makes positions into numbers: months since January 1970, years, or the integers themselves."""
        since = 1970 * 12 + 1 if "month" in self.kind else 0
        return (self._origin - since) // self._step

    def starts(self, values: pd.Series, *, later: bool = False) -> Floats:
        """Position of the first period at or after each value: when treatment starts to show.

        Missing where nothing starts: blanks, ``never``, 0 or 9999 (where that is no period), infinity, and,
        unless ``later``, what lies after the last period.

        Raises
        ------
        CellError
            A value is written in another way than the periods.
        """
        found = np.full(len(values), np.nan)
        codes, distinct = pd.factorize(values, use_na_sentinel=True)
        for code, value in enumerate(distinct):
            text = _text(value)
            is_never = text.lower() in _NEVER or re.fullmatch(r"9{4,}", text)
            if is_never and text not in {_text(label) for label in self.labels}:
                continue
            found[codes == code] = self._start(text, value)
        return found if later else np.where(found > self.positions[-1], np.nan, found)

    def _start(self, text: str, value: object) -> float:
        written = _PATTERNS.get(self.kind, _DAY if self.kind == "month of a day" else _INTEGER)
        try:
            if self.kind in _KINDS and not written.fullmatch(text):
                raise ValueError
            at = _KINDS[self.kind](text) if self.kind in _KINDS else int(self.labels.get_loc(value))
        except (DataError, ValueError, KeyError):
            first = _text(self.labels[0])
            told = f"{value!r} is not written as the periods are ({first!r})."
            told += " Leave it blank where nothing starts."
            raise OddPeriodError(str(value), first, told) from None
        return float(-((self._origin - at) // self._step) if self.kind in _KINDS else at)


def period_scale(labels: pd.Index) -> PeriodScale:
    """Distinct period labels on one scale.

    Parameters
    ----------
    labels : pandas.Index
        Distinct labels: numbers, dates, timestamps, pandas periods, an ordered categorical, or text of one
        kind: ISO dates and times, ``2024-01``, ``2024Q1``, ``2024-W05``, integers (202401 is a month, 202453
        a week, 20241 a quarter where all can be one), quarters as fractions of a year (2024.25), one common
        prefix and an integer (``t1``).

    Raises
    ------
    DataError
        Labels can be read in more than one order (``01/02/2024``, ``Jan``, ``012024``) or are of mixed kinds.
    DuplicateRowsError
        Two labels name the same period.

    Examples
    --------
    >>> scale = period_scale(pd.Index([202101, 202053, 202052]))
    >>> scale.labels.tolist(), scale.positions.tolist(), scale.note
    ([202052, 202053, 202101], [0, 1, 2], None)
    >>> period_scale(pd.Index([2001, 2003, 2007])).positions.tolist()
    [0, 1, 3]
    """
    if isinstance(labels.dtype, pd.CategoricalDtype) and labels.dtype.ordered:
        named = [name for name in labels.categories if name in set(labels)]
        return PeriodScale(pd.Index(named), np.arange(len(named)), "category", None, 0, 1)
    kind, at = _positions(labels)
    order = np.argsort(at, kind="stable")
    ordered, at = labels[order], at[order]
    steps = np.diff(at)
    if (steps == 0).any():
        i = int(np.flatnonzero(steps == 0)[0])
        raise DuplicateRowsError(
            f"Periods {ordered[i]!r} and {ordered[i + 1]!r} name the same period; "
            "write each period in one way."
        )
    if kind == "moment":  # order without known spacing
        return PeriodScale(ordered, np.arange(len(at)), kind, None, 0, 1)
    step = int(np.gcd.reduce(steps)) if len(steps) else 1
    return PeriodScale(ordered, (at - at[0]) // step, kind, _gaps(ordered, steps), int(at[0]), step)


def order_periods(labels: pd.Index) -> tuple[Integers, str | None]:
    """Positions that sort ``labels`` in time, and a note where a step is longer than the shortest one.

    Parameters and errors are those of `period_scale`.

    Examples
    --------
    >>> order, note = order_periods(pd.Index(["2024Q3", "2023Q4", "2024Q1"]))
    >>> order.tolist(), note
    ([1, 2, 0], 'periods are not evenly spaced (2024Q1 is followed by 2024Q3)')
    """
    scale = period_scale(labels)
    return labels.get_indexer(scale.labels), scale.note


def _gaps(ordered: pd.Index, steps: Integers) -> str | None:
    long = np.flatnonzero(steps > steps.min()) if len(steps) else np.array([], dtype=int)
    if not len(long):
        return None
    shown = ", ".join(f"{ordered[i]} is followed by {ordered[i + 1]}" for i in long[:3])
    return f"periods are not evenly spaced ({shown}{', ...' if len(long) > 3 else ''})"


def _positions(labels: pd.Index) -> tuple[str, Integers]:
    """What the labels are, and a number for each that grows with time."""
    labels = labels.infer_objects()
    if is_bool_dtype(labels.dtype):
        raise DataError(f"Periods are true and false, which have no order in time. {_ADVICE}")
    if isinstance(labels, pd.PeriodIndex):
        return "period", labels.asi8
    if isinstance(labels, pd.DatetimeIndex) and (labels != labels.normalize()).any():
        return "moment", labels.as_unit("ns").asi8
    kinds = {
        "number" if is_numeric_dtype(type(label)) or isinstance(label, int | float) else
        "day" if isinstance(label, date) else type(label).__name__ for label in labels
    }  # fmt: skip
    if len(kinds) > 1 or not kinds <= {"number", "day", "str"}:
        shown = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise DataError(f"Periods mix or use kinds that have no known order: {shown}. {_ADVICE}")
    texts = [_text(label) for label in labels]
    too_long = next((text for text in texts if len(text) > _LONGEST_LABEL), None)
    if too_long is not None:
        raise DataError(f"A period has {len(too_long):,} characters ({too_long[:20]!r}...). {_ADVICE}")
    kind = _kind_of(texts, is_number="number" in kinds)
    at = np.array([_KINDS[kind](text) for text in texts], dtype=np.int64)
    return _coarser(kind, at, texts)


def _text(label: object) -> str:
    """A label as text: whole numbers without a point, days as ISO."""
    if isinstance(label, pd.Timestamp | date):
        return pd.Timestamp(label).strftime("%Y-%m-%d")
    if isinstance(label, float | np.floating) and np.isfinite(label) and label == np.floor(label):
        return str(int(label))
    text = str(label).strip()
    return text.removesuffix(".0") if re.fullmatch(r"\d+\.0", text) else text


def _kind_of(texts: list[str], *, is_number: bool) -> str:
    if all(re.fullmatch(r"[+-]?\d+", text) for text in texts):
        return _kind_of_integers(texts)
    if all(re.fullmatch(r"[+-]?\d*\.?\d+(e[+-]?\d+)?", text) for text in texts):
        quarters = all(re.fullmatch(r"\d{4}(\.0+|\.25|\.50?|\.75)?", text) for text in texts)
        if quarters:
            return "quarter of a year"
        shown = next(text for text in texts if "." in text or "e" in text)
        raise DataError(f"Periods such as {shown} are fractions, whose spacing cannot be known. {_ADVICE}")
    if is_number:
        raise DataError("A period is infinite or missing; periods must be finite numbers.")
    fitting = {kind: [bool(way.fullmatch(text)) for text in texts] for kind, way in _PATTERNS.items()}
    for kind, fits in fitting.items():
        if all(fits):
            return kind
    whole = [bool(_INTEGER.fullmatch(text)) for text in texts]
    most = max((*fitting.values(), whole), key=sum)
    if sum(most) > len(texts) / 2:
        raise OddPeriodError(texts[most.index(False)], texts[most.index(True)])
    raise DataError(f"The order of periods such as {texts[:4]} is ambiguous. {_ADVICE}")


def _kind_of_integers(texts: list[str]) -> str:
    """Months, weeks, quarters or days where all the integers can be one; else plain numbers."""
    values = [int(text) for text in texts]
    lengths = {len(text.lstrip("+-")) for text in texts}
    if lengths == {6} and all(_is_year(value // 100) for value in values):
        ends = [value % 100 for value in values]
        if all(1 <= end <= 12 for end in ends):
            return "number of a month"
        if all(1 <= end <= 53 for end in ends):
            return "number of a week"
    if lengths == {5} and all(_is_year(value // 10) and 1 <= value % 10 <= 4 for value in values):
        return "number of a quarter"
    if lengths == {8} and all(_is_day(text) for text in texts):
        return "number of a day"
    # 12024 or 31012024: month or day before the year, so the numeric order is not the order in time.
    fronts, tails = zip(*(divmod(abs(value), 10_000) for value in values), strict=True)
    if all(map(_is_year, tails)) and all(
        1 <= front <= 12 or (front > 100 and 1 <= front % 100 <= 12) for front in fronts
    ):
        raise DataError(f"Periods such as {texts[0]} put the year last. {_ADVICE}")
    return "number"


def _is_year(value: int) -> bool:
    return 1800 <= value <= 2200


def _is_day(text: str) -> bool:
    try:
        return _is_year(date.fromisoformat(text).year)
    except ValueError:
        return False


def _month(text: str) -> int:
    year, month = map(int, re.findall(r"\d+", text)) if not text.isdigit() else divmod(int(text), 100)
    if not 1 <= month <= 12:
        raise DataError(f"Period {text!r} has month {month}. {_ADVICE}")
    return year * 12 + month


def _week(text: str) -> int:
    year, week = map(int, re.findall(r"\d+", text)) if not text.isdigit() else divmod(int(text), 100)
    try:
        return date.fromisocalendar(year, week, 1).toordinal() // 7
    except ValueError as error:
        raise DataError(f"Period {text!r} is not an ISO week: {error}.") from error


def _quarter(text: str) -> int:
    first, second = map(int, re.findall(r"\d+", text)) if not text.isdigit() else divmod(int(text), 10)
    year, quarter = (first, second) if first > 4 else (second, first)
    return year * 4 + quarter


def _day(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError as error:
        raise DataError(f"A period is not a date: {text!r}: {error}. {_ADVICE}") from error


def _moment(text: str) -> int:
    try:
        return int(pd.Timestamp(text).tz_localize(None).as_unit("ns").value)
    except ValueError as error:
        raise DataError(f"A period is not a date: {text!r}: {error}. {_ADVICE}") from error


_INTEGER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_DAY: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}")
#: What a kind of period is on its scale.
_KINDS: Final[dict[str, Callable[[str], int]]] = {
    "month": _month,
    "number of a month": _month,
    "week": _week,
    "number of a week": _week,
    "quarter": _quarter,
    "number of a quarter": _quarter,
    "quarter of a year": lambda text: round(float(text) * 4),
    "day": _day,
    "number of a day": _day,
    "month of a day": lambda text: _month(f"{text[:4]}{re.sub(r'[^0-9]', '', text)[4:6]}"),
    "moment": _moment,
    "number": int,
    "counter": lambda text: int(re.sub(r"\D", "", text)),
}
#: Kinds of text, in the order in which they are tried.
_PATTERNS: Final[dict[str, re.Pattern[str]]] = {
    "quarter": re.compile(r"\d{4}[-/ ]?[qQ][1-4]|[qQ][1-4][-/ ]?\d{4}"),
    "week": re.compile(r"\d{4}-?[wW]\d{1,2}"),
    "day": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "moment": re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?"),
    "month": re.compile(r"\d{4}(?:-|/|-?[mM])\d{1,2}"),
    "counter": re.compile(r"[A-Za-z][A-Za-z _-]*\d+"),
}


def _coarser(kind: str, at: Integers, texts: list[str]) -> tuple[str, Integers]:
    """Days as months where all fall on one day of the month, or on its last; else of no known spacing."""
    if kind == "counter" and len({re.sub(r"\d+", "", text) for text in texts}) > 1:
        raise DataError(f"The order of periods such as {texts[:4]} is ambiguous. {_ADVICE}")
    if kind not in ("day", "number of a day"):
        return kind, at
    days = pd.DatetimeIndex([pd.Timestamp(date.fromordinal(int(day))) for day in at])
    if len(set(days.day)) == 1 or days.is_month_end.all():
        return "month of a day", np.asarray(days.year * 12 + days.month, dtype=np.int64)
    if not np.remainder(np.diff(np.sort(at)), 7).any():
        return kind, at
    return "moment", days.as_unit("ns").asi8
