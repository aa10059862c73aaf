"""Where are the cells of a user's table, and what do they mean? Each column in one recognised way."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api.types import (
    is_bool_dtype,
    is_datetime64_any_dtype,
    is_integer_dtype,
    is_numeric_dtype,
    is_string_dtype,
    is_timedelta64_dtype,
)

from undercut.errors import DataError

#: Ways of saying that a number is missing.
MISSING: Final = frozenset(
    {
        "",
        ".",
        "-",
        "NA",
        "N/A",
        "na",
        "n/a",
        "n.a.",
        "N.A.",
        "NaN",
        "nan",
        "null",
        "None",
        "#N/A",
        "#N/A N/A",
        "<NA>",
    }
)
_TIME: Final = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?"
#: How a day may be written, and how pandas reads what the first group holds.
_DAYS: Final[dict[str, tuple[re.Pattern[str], str]]] = {
    "2025-01-27": (re.compile(r"(\d{4}-\d{1,2}-\d{1,2})" + _TIME), "%Y-%m-%d"),
    "2025/01/27": (re.compile(r"(\d{4}/\d{1,2}/\d{1,2})" + _TIME), "%Y/%m/%d"),
    "2025.01.27": (re.compile(r"(\d{4}\.\d{1,2}\.\d{1,2})" + _TIME), "%Y.%m.%d"),
    "20250127": (re.compile(r"(\d{8})(?:\.0)?"), "%Y%m%d"),
    "27JAN2025": (re.compile(r"(\d{1,2}[A-Za-z]{3}\d{4})(?::\d{2}:\d{2}:\d{2})?"), "%d%b%Y"),
    "27-Jan-2025": (re.compile(r"(\d{1,2}-[A-Za-z]{3}-\d{4})"), "%d-%b-%Y"),
    "27 Jan 2025": (re.compile(r"(\d{1,2} [A-Za-z]{3} \d{4})"), "%d %b %Y"),
    "27 January 2025": (re.compile(r"(\d{1,2} [A-Za-z]{4,9} \d{4})"), "%d %B %Y"),
    "Jan 27, 2025": (re.compile(r"([A-Za-z]{3} \d{1,2}, \d{4})"), "%b %d, %Y"),
    "January 27, 2025": (re.compile(r"([A-Za-z]{4,9} \d{1,2}, \d{4})"), "%B %d, %Y"),
}
_TWO_WAYS: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})" + _TIME)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_LONGEST_NUMBER: Final = 60
_LARGEST_FIELD: Final = 1_000_000
#: What a cell may be in a format whose cells have types.
_KINDS: Final = (
    str,
    bool,
    int,
    float,
    Decimal,
    dt.date,
    dt.time,
    type(None),
    type(pd.NaT),
    type(pd.NA),
    np.generic,
)


class UnreadableCell(Exception):
    """A cell that cannot be read: its position in the column, and why."""

    def __init__(self, row: int, why: str) -> None:
        super().__init__(why)
        self.row = row
        self.why = why


def refuse_odd(name: str, frame: pd.DataFrame) -> None:
    """Refuse columns whose cells are neither text nor numbers nor days: lists, tables, bytes, durations.

    Raises
    ------
    DataError
        Names the file, the column and what it holds.
    """
    for column in frame.columns:
        kinds = {type(cell) for cell in frame[column]} if frame[column].dtype == object else ()
        odd = next((kind for kind in kinds if not issubclass(kind, _KINDS)), None)
        if odd is not None or is_timedelta64_dtype(frame[column]):
            told = odd.__name__ if odd else "durations"
            raise DataError(f"{name}, column {column!r} holds {told}: text, numbers or days are expected.")


def plain_columns(text: str, separator: str, before: int) -> tuple[Any, Any, list[int]] | None:
    """Header, columns, and the line of each row where fields are as many on each line and none is quoted.

    What `quoted_rows` finds, in a third of the time; None for any other text.
    """
    text = "\n" + text.replace("\r\n", "\n")
    if any(mark in text for mark in ('"', "\r", f"{separator} ", "\n ")):
        return None
    numbered = [(at, line) for at, line in enumerate(text.split("\n"), start=before) if line]
    lines, written = [at for at, _ in numbered], [line for _, line in numbered]
    marks = written[0].count(separator) if written else 0
    even = all(line.count(separator) == marks and len(line) <= _LARGEST_FIELD for line in written)
    if len(written) < 2 or not even:
        return None
    fields = separator.join(written).split(separator)
    header, columns = fields[: marks + 1], [fields[marks + 1 + at :: marks + 1] for at in range(marks + 1)]
    if not all(map(str.strip, [header[0], *columns[0]])):  # perhaps a row of nothing but blanks
        return None
    return [header], columns, lines[1:]


def quoted_rows(name: str, text: str, separator: str, before: int) -> tuple[list[list[str]], list[int]]:
    """Fields and last line of each row of any text, which ``before`` lines precede."""
    csv.field_size_limit(_LARGEST_FIELD)
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=separator, skipinitialspace=True, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for fields in reader:
            if fields and any(map(str.strip, fields)):
                rows.append(fields)
                lines.append(reader.line_num + before)
    except csv.Error as error:
        at = lines[-1] + 1 if lines else 1
        raise DataError(f"{name}, line {at}: this is not a row of a CSV file ({error}).") from None
    return rows, lines


def text_of(values: pd.Series) -> pd.Series:
    """Cells as text without blanks around them; missing stays missing; whole numbers without a point."""
    if is_numeric_dtype(values) and not is_integer_dtype(values) and not is_bool_dtype(values):
        known = values.dropna()
        if np.isfinite(known).all() and (known == np.floor(known)).all():
            values = values.astype("Int64")
    return values.astype("str").str.strip().where(values.notna())


def looks_like_day(text: str) -> bool:
    """Whether a cell of text is a day in one of the ways that `days` reads."""
    return any(pattern.fullmatch(text) for pattern in (_TWO_WAYS, *(known for known, _ in _DAYS.values())))


def days(values: pd.Series, *, blank: bool = False) -> pd.Series:
    """Days as midnights without time zone; of moments, the day that was written.

    Parameters
    ----------
    values : Series
        Timestamps, or text or whole numbers in *one* of the ways 2025-01-27, 2025/01/27, 2025.01.27,
        20250127, 27JAN2025, 27-Jan-2025, 27 Jan 2025, Jan 27, 2025 (and long months), 1/27/2025, 27/1/2025,
        27.1.2025.
    blank : bool
        Blank cells are missing days; else they cannot be read.

    Raises
    ------
    UnreadableCell
        A cell is no day, or is written in another way than the first one.
    DataError
        Month and day cannot be told apart in any cell.

    Examples
    --------
    >>> days(pd.Series(["1/27/2025", "1/2/2025"])).dt.strftime("%Y-%m-%d").tolist()
    ['2025-01-27', '2025-01-02']
    """
    if is_datetime64_any_dtype(values):
        local = values.dt.tz_localize(None) if values.dt.tz is not None else values
        _refuse_blank(values.isna(), blank)
        return local.dt.normalize().astype("datetime64[us]")
    text = text_of(values).fillna("")
    text = text.mask(text.isin(MISSING), "")
    _refuse_blank(text.eq(""), blank)
    known = text[text.ne("")].drop_duplicates()  # a long table repeats its days for every unit
    if known.empty:
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]")
    first = known.iloc[0]
    if _TWO_WAYS.fullmatch(first):
        read = _in_two_ways(known, values.index)
    else:
        read = _in_one_way(known, first, values.index)
    return text.map(read.set_axis(known)).astype("datetime64[us]")


def _refuse_blank(is_blank: pd.Series, allowed: bool) -> None:
    if is_blank.any() and not allowed:
        raise UnreadableCell(int(is_blank.to_numpy().argmax()), "is blank where a day is needed")


def _in_one_way(text: pd.Series, first: str, index: pd.Index) -> pd.Series:
    """Days all written as the first one."""
    way = next((way for way, (pattern, _) in _DAYS.items() if pattern.fullmatch(first)), None)
    if way is None:
        raise UnreadableCell(index.get_loc(text.index[0]), "is not a day. Write days as 2025-01-27")
    pattern, layout = _DAYS[way]
    written = text.str.extract(f"^{pattern.pattern}$", expand=True)[0]
    _refuse(
        written.isna(), text, index, f"is not a day written as {first!r} above it is. Write all in one way"
    )
    read = pd.to_datetime(written, format=layout, errors="coerce")
    _refuse(read.isna(), text, index, "is no day of the calendar")
    return read.astype("datetime64[us]")


def _in_two_ways(text: pd.Series, index: pd.Index) -> pd.Series:
    """Days such as 1/27/2025, where the column must show which number is the month."""
    mark = _TWO_WAYS.fullmatch(text.iloc[0])[2]  # type: ignore[index]
    parts = text.str.extract(f"^{_TWO_WAYS.pattern}$", expand=True)
    other = parts[0].isna() | parts[1].ne(mark)
    _refuse(other, text, index, f"is not a day written as {text.iloc[0]!r} above it is. Write all in one way")
    numbers = parts[[0, 2, 3]].astype("int64").set_axis(["a", "b", "year"], axis=1)
    day_first, month_first = bool((numbers["a"] > 12).any()), bool((numbers["b"] > 12).any())
    if not day_first and not month_first:
        raise DataError(
            f"days such as {text.iloc[0]!r} can be read month first or day first. Write days as 2025-01-27."
        )
    if day_first and month_first:
        odd = (
            numbers["b"] > 12
            if (numbers["a"] > 12).idxmax() <= (numbers["b"] > 12).idxmax()
            else numbers["a"] > 12
        )
        _refuse(odd, text, index, "has the month where days above it have the day. Write all in one way")
    names = {"a": "day", "b": "month"} if day_first else {"a": "month", "b": "day"}
    read = pd.to_datetime(numbers.rename(columns=names), errors="coerce")
    _refuse(read.isna(), text, index, "is no day of the calendar")
    return read.astype("datetime64[us]")


def _refuse(wrong: pd.Series, text: pd.Series, index: pd.Index, why: str) -> None:
    if wrong.any():
        raise UnreadableCell(int(index.get_loc(text.index[wrong.to_numpy().argmax()])), why)


def numbers(values: pd.Series, *, missing: Iterable[str] = (), decimal_comma: bool = False) -> pd.Series:
    """Numbers of a column, missing where a cell says so.

    Thousands may be parted by commas (1,234.5), a currency sign may stand before a number. Where fields are
    parted by semicolons, a comma is the decimal mark (``decimal_comma``). A column of percentages keeps its
    numbers and carries ``attrs["unit"] = "percent"``.

    Parameters
    ----------
    values : Series
    missing : iterable of str
        Further words that mean "none", such as CRSP's letters.
    decimal_comma : bool

    Raises
    ------
    UnreadableCell
        A cell is neither a finite number nor missing.
    DataError
        Every comma could part thousands or decimals.

    Examples
    --------
    >>> numbers(pd.Series(["$1,234.50", "NA"])).tolist()
    [1234.5, nan]
    """
    if is_bool_dtype(values):
        raise UnreadableCell(0, "is true or false where a number is needed")
    if is_numeric_dtype(values):
        found = values.astype("float64")
        return _finite(found, np.isinf(found).to_numpy())
    blank, found = {*MISSING, *missing}, _at_once(values)
    if found is not None:
        unread = values[found.isna()]
        if not len(unread) or text_of(unread).fillna("").isin(blank).all():
            return found
    text = text_of(values).fillna("")
    known = text[~text.isin(blank)]
    found = pd.Series(np.nan, index=values.index)
    is_percent = known.str.endswith("%")
    if is_percent.any() and not is_percent.all():
        odd = known.index[(is_percent != is_percent.iloc[0]).to_numpy().argmax()]
        raise UnreadableCell(
            int(values.index.get_loc(odd)), "mixes percentages and plain numbers in one column"
        )
    bare = known.str.removesuffix("%").str.strip().str.replace(r"^([+-]?)[$€£¥]", r"\1", regex=True)
    bare = _without_commas(bare, decimal_comma)
    readable = bare.str.fullmatch(_NUMBER.pattern) & (bare.str.len() <= _LONGEST_NUMBER)
    if not readable.all():
        odd = known.index[~readable.to_numpy()][0]
        raise UnreadableCell(int(values.index.get_loc(odd)), "is not a number")
    found[bare.index] = bare.astype("float64")
    found = _finite(found, np.isinf(found).to_numpy())
    if len(known) and is_percent.all():
        found.attrs["unit"] = "percent"
    return found


def _at_once(values: pd.Series) -> pd.Series | None:
    """Numbers of a column of plain ones, missing where there is none; None where one is odd."""
    if not is_string_dtype(values):  # typed cells of a spreadsheet, among them true, false and days
        values = text_of(values)
    if len(values) and values.str.len().max() > _LONGEST_NUMBER:
        return None
    found = pd.to_numeric(values, errors="coerce").astype("float64")
    return None if np.isinf(found).any() else found


def _finite(found: pd.Series, infinite: np.ndarray) -> pd.Series:
    if infinite.any():
        raise UnreadableCell(int(infinite.argmax()), "is infinite or too large")
    return found


def _without_commas(text: pd.Series, decimal_comma: bool) -> pd.Series:
    """Numbers with a point for decimals and nothing between thousands."""
    has_comma = text.str.contains(",", regex=False)
    if not has_comma.any():
        return text
    if decimal_comma:
        return text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    grouped = text.str.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
    if not grouped[has_comma].all():
        return text
    told = (
        text.str.contains(".", regex=False) | text.str.count(",").gt(1) | text.str.fullmatch(r"[+-]?\d{4,}")
    )
    if not told.any():
        raise DataError(
            f"a comma as in {text[has_comma].iloc[0]!r} may part thousands or decimals. Write numbers "
            "without thousands marks and with a decimal point."
        )
    return text.str.replace(",", "", regex=False)
