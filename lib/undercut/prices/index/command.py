"""What does ``undercut index QUOTES.csv --method NAME`` compute? From a file to one row a period."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype, is_string_dtype

from undercut.errors import DataError, InputError, check_known
from undercut.inference.periods import OddPeriodError, period_scale
from undercut.prices.index.compute import price_index
from undercut.prices.index.methods import METHODS
from undercut.prices.index.result import IndexResult
from undercut.sources import cells
from undercut.sources.files import UserTable, read_table

#: Quotes in a Parquet file from which on it is read out of core.
LARGE = 20_000_000
#: Columns, and what else people call them.
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "period": ("date", "month", "quarter", "week", "year"),
    "product": ("item",),
    "price": (),
    "quantity": ("qty",),
}


def read_quotes(
    path: str | Path, *, quantity: bool = True, bad_rows: str = "error"
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Quotes from a user's file, and what a reader must know of how it was read.

    Products and periods are text unless the file has types, so that no product called "NA" gets lost and
    "007" stays apart from "7". ``quantity``: whether to look at that column.

    Raises
    ------
    SourceError
        The file is missing or cannot be read.
    MissingColumnError
        Columns are missing.
    CellError
        A cell cannot be read, or, unless ``bad_rows`` is ``drop``, a price is not positive.
    """
    table = read_table(path)
    names = {
        ours: table.find(ours) or (table.find(*others) if others else None)
        for ours, others in _COLUMNS.items()
        if quantity or ours != "quantity"
    }
    for ours in ("period", "product", "price"):
        names[ours] = names[ours] or table.require(ours)
    frame = pd.DataFrame({"period": _periods(table, str(names["period"]))})
    frame["product"], notes = _typed_or(table, str(names["product"]), table.names)
    for ours in ("price", "quantity"):
        name = names.get(ours)
        if name is None:
            continue
        frame[ours], _ = _typed_or(table, name, lambda column: (table.numbers(column), ()))
        bad = ~(frame[ours] > 0).to_numpy(dtype=bool, na_value=False)
        if bad.any() and bad_rows == "error":
            way_out = f"is no positive {ours}: correct it, or leave out such rows (--bad-rows drop)"
            raise table.error(int(bad.argmax()), name, way_out)
    return frame, (*table.notes, *notes)


def _typed_or(table: UserTable, column: str, read: Callable[[str], Any]) -> tuple[pd.Series, tuple[str, ...]]:
    """A column whose cells have a type as it is; text as ``read`` reads it."""
    values = table.frame[column]
    is_name = isinstance(values.dtype, pd.CategoricalDtype) and read == table.names
    is_typed = is_numeric_dtype(values) or is_name
    return (values, ()) if is_typed and not is_bool_dtype(values) else read(column)


def _periods(table: UserTable, column: str) -> pd.Series:
    """Periods that can be ordered; days are written in the ISO way."""
    if is_datetime64_any_dtype(table.frame[column]):
        return table.frame[column]
    periods, _ = _typed_or(table, column, table.names)
    if not is_string_dtype(periods):
        return periods
    first = periods.iloc[0]
    if cells.looks_like_day(first) and not first.isdecimal():
        days = table.days(column).dt.strftime("%Y-%m-%d")
        periods = days if days.nunique() == periods.nunique() else periods  # else moments within days
    try:
        period_scale(pd.Index(periods.unique()))
    except OddPeriodError as odd:
        row = int(periods.eq(odd.label).to_numpy().argmax())
        raise table.error(row, column, f"is not a period written as {odd.usual!r} is") from None
    except DataError as error:
        raise type(error)(f"{table.name}, column {column!r}: {error}") from None
    return periods


def index_table(path: str | Path, *, method: str, **options: Any) -> pd.DataFrame:
    """Price index of the quotes in a file.

    Parameters
    ----------
    path : str or Path
        CSV, Parquet or Excel with columns period, product, price and, where needed, quantity. A pattern of
        Parquet files, and one of more than 20 million quotes, is read out of core: 100 million quotes need
        no more memory than five.
    method : str
        A key of `METHODS`.
    **options
        Those of `price_index`: chained, window, splice, variety, elasticity, weight_period, bad_rows,
        duplicates.

    Returns
    -------
    pandas.DataFrame
        Columns ``period`` (integers when the file has plain integers, else text) and ``index`` (1 in the
        first period). ``attrs["notes"]`` lists what was done to the data.

    Raises
    ------
    SourceError, DataError, InputError
        As `read_quotes` and `price_index`.
    """
    check_known("index method", method, METHODS)
    said: tuple[str, ...] = ()
    if is_large(path):
        result = _out_of_core(path, method, options)
    else:
        quantity = METHODS[method].quantities != "ignored" or bool(options.get("variety"))
        quantity |= options.get("duplicates") == "unit-value"
        quotes, said = read_quotes(path, quantity=quantity, bad_rows=options.get("bad_rows", "error"))
        try:
            result = price_index(quotes, method=method, **options)
        except DataError as error:
            raise type(error)(f"{Path(path).name}: {error}") from None
    table = result.index.rename_axis("period").reset_index()
    labels = [str(label) for label in table["period"]]
    is_plain_integer = all(label.isdecimal() and str(int(label)) == label for label in labels)
    table["period"] = [int(label) for label in labels] if is_plain_integer else _iso_dates(table["period"])
    table.attrs["notes"] = [*said, *result.notes]
    return table


def is_large(path: str | Path) -> bool:
    """Whether the quotes are a pattern of Parquet files, or one with more rows than `LARGE`."""
    if "*" in str(path):
        return True
    if Path(path).suffix not in (".parquet", ".pq") or not Path(path).is_file():
        return False
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path).num_rows > LARGE
    except (OSError, pa.ArrowException):
        return False  # reading it will say what is wrong


def _out_of_core(path: str | Path, method: str, options: dict[str, Any]) -> IndexResult:
    """The index of files that do not fit in memory."""
    from undercut.prices.index.large import price_index_from_parquet

    given = dict(options)
    if given.pop("weight_period", None) is not None or given.pop("bad_rows", "error") != "error":
        raise InputError(
            f"{path} is read out of core, where weight_period and bad_rows are not possible: prepare a "
            "smaller file first."
        )
    return price_index_from_parquet(path, method=method, **given)


def _iso_dates(periods: pd.Series) -> list[str]:
    """Labels as text; midnights as dates."""
    if pd.api.types.is_datetime64_any_dtype(periods.dtype):
        return [label.isoformat().removesuffix("T00:00:00") for label in periods]
    return [str(label) for label in periods]


def method_table() -> pd.DataFrame:
    """Every method in a line: columns ``method``, ``explanation``, ``quantity`` (needed or not)."""
    rows = [(m.name, m.explanation, m.quantities.replace("-", " ")) for m in METHODS.values()]
    return pd.DataFrame(rows, columns=["method", "explanation", "quantity"])
