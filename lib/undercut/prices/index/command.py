"""What does ``undercut index QUOTES.csv --method NAME`` compute? From a file to one row a period."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from undercut.errors import InputError, MissingColumnError, SourceError
from undercut.prices.index.compute import price_index
from undercut.prices.index.methods import METHODS
from undercut.prices.index.result import IndexResult

#: Quotes in a Parquet file from which on it is read out of core.
LARGE = 20_000_000
_COLUMNS = ("period", "product", "price", "quantity")


def read_quotes(path: str | Path) -> pd.DataFrame:
    """Quotes from a CSV or Parquet file: columns period, product, price and, if it is there, quantity.

    Ids and periods of a CSV are read as text, so that no product called "NA" gets lost and "007" stays
    apart from "7".

    Raises
    ------
    SourceError
        If the file is missing or cannot be read.
    MissingColumnError
        If columns are missing.
    """
    path = Path(path)
    try:
        if path.suffix in (".parquet", ".pq"):
            quotes = pd.read_parquet(path)
        else:
            quotes = pd.read_csv(
                path,
                encoding="utf-8-sig",
                usecols=lambda name: name in _COLUMNS,
                dtype={"period": str, "product": str},
                keep_default_na=False,
                na_values={"price": [""], "quantity": [""]},
            )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SourceError(f"Cannot read quotes from {path}: {error}.") from error
    missing = [column for column in _COLUMNS[:3] if column not in quotes.columns]
    if missing:
        raise MissingColumnError(
            f"{path} lacks the column(s) {', '.join(missing)}. Needed: a CSV with commas, or Parquet, with "
            "the columns period, product, price (and quantity, if there is one)."
        )
    return _empty_is_missing(quotes)


def _empty_is_missing(quotes: pd.DataFrame) -> pd.DataFrame:
    text = [column for column in quotes.columns if pd.api.types.is_string_dtype(quotes[column].dtype)]
    return quotes.assign(**{column: quotes[column].mask(quotes[column].str.strip() == "") for column in text})


def index_table(path: str | Path, *, method: str, **options: Any) -> pd.DataFrame:
    """Price index of the quotes in a file.

    Parameters
    ----------
    path : str or Path
        CSV or Parquet with columns period, product, price and, where needed, quantity. A pattern of Parquet
        files, and one of more than 20 million quotes, is read out of core: 100 million quotes need no more
        memory than five.
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
    result = (
        _out_of_core(path, method, options)
        if is_large(path)
        else price_index(read_quotes(path), method=method, **options)
    )
    table = result.index.rename_axis("period").reset_index()
    labels = [str(label) for label in table["period"]]
    is_plain_integer = all(label.isdecimal() and str(int(label)) == label for label in labels)
    table["period"] = [int(label) for label in labels] if is_plain_integer else _iso_dates(table["period"])
    table.attrs["notes"] = list(result.notes)
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
