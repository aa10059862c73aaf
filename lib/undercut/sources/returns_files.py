"""How is a user's own file of prices or returns read, whoever made it?

CSV or Parquet; long (one row a day and ticker), wide (one column a ticker) or one ticker to a file; prices or
returns. CRSP, Bloomberg, Compustat, yfinance and plain downloads are recognised by their column names. What
can be read in two ways is refused with what was found and what is expected, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.errors import DataError, InputError, SourceError
from undercut.sources.dates import day_column, looks_like_day
from undercut.sources.returns_shape import returns_from_prices
from undercut.sources.sessions import NEW_YORK

Values = Literal["auto", "prices", "returns", "returns_percent", "returns_bp"]
Measure = Literal["prices", "returns", "returns_percent", "returns_bp"]
SUFFIXES: Final = (".csv", ".parquet", ".pq")

#: Column names in small letters, without blanks and marks.
_DATE: Final = {
    "date", "dates", "datadate", "caldt", "dlycaldt", "tradingdate", "tradedate", "datetime",
    "timestamp",
}  # fmt: skip
_TICKER: Final = {"ticker", "tickers", "tic", "symbol", "security", "securities", "permno"}
_RETURNS: Final = ("dlyret", "ret", "return", "returns", "totalreturn", "dailyreturn")
_ADJUSTED: Final = ("totreturnindexgrossdvds", "totalreturnindex", "adjclose", "adjustedclose")
#: Prices that their makers do not adjust, or only for splits.
_UNADJUSTED: Final = ("close", "pxlast", "price", "last", "lastprice", "closingprice", "dlyprc", "prc")
#: Columns that hold what we want, best first.
_MEASURES: Final[dict[str, Measure]] = {
    **dict.fromkeys(_RETURNS, "returns"),
    **dict.fromkeys(
        ("returnpct", "retpct", "returnpercent", "daytodaytotreturngrossdvds"), "returns_percent"
    ),
    **dict.fromkeys(("returnbp", "returnsbp", "retbp"), "returns_bp"),
    **dict.fromkeys((*_ADJUSTED, *_UNADJUSTED), "prices"),
}
_OTHER_FIELDS: Final = {
    "open", "high", "low", "volume", "vol", "dividends", "stocksplits", "capitalgains",
}  # fmt: skip
_UNITS_PER_ONE: Final[dict[Measure, float]] = {
    "returns": 1.0,
    "returns_percent": 100.0,
    "returns_bp": 10_000.0,
}
#: Blank, SAS, Bloomberg and Excel ways of saying missing; CRSP's letters for "no return that day".
_MISSING: Final = ("", ".", "NA", "NaN", "nan", "null", "#N/A", "#N/A N/A", "A", "B", "C", "D", "E")
#: Daily returns in decimals are rarely above this in the median; percent and basis points always are.
_LARGEST_MEDIAN: Final = 0.15
#: Around one, positive numbers may be growth factors as well as prices.
LOWEST_TYPICAL_PRICE: Final = 1.5
_EXPECTED: Final = (
    "Expected one of: (long) columns date, ticker and return or adj_close or close; (wide) a column date and "
    "one column a ticker; (one ticker) date, close and the like in a file named after the ticker. "
    'Say values="prices", "returns", "returns_percent" or "returns_bp" where names do not tell.'
)


@dataclass(frozen=True, slots=True)
class UserReturns:
    """Returns read from a user's file.

    Attributes
    ----------
    frame : DataFrame
        ``date``, ``ticker``, ``return``, ``source``.
    note : str
        How the file was read and what its reader must know.
    """

    frame: pd.DataFrame
    note: str


def read_returns_file(path: Path, *, values: Values = "auto", exchange: str = NEW_YORK) -> UserReturns:
    """Daily returns from a CSV or Parquet file of prices or returns.

    Parameters
    ----------
    path : Path
    values : {"auto", "prices", "returns", "returns_percent", "returns_bp"}
        What the numbers are, where column names do not say so.
    exchange : str
        Whose trading days decide which price changes are daily returns.

    Raises
    ------
    SourceError
        The file cannot be read.
    DataError
        Its columns are not recognised, can be read in two ways, or hold text where numbers belong.
    InputError
        Unknown ``values``.
    """
    if values not in get_args(Values):
        raise InputError(f"values={values!r} is not one of {', '.join(get_args(Values))}.")
    long, measure, column = _long(_read(path), path, values)
    measure = measure if values == "auto" else values
    names = long["ticker"].astype("str").str.strip()
    long["ticker"] = names.str.replace(r" U[SNWQAPR]? Equity$", "", regex=True)
    long["date"] = day_column(long["date"], path.name)
    long["value"] = _numbers(long["value"], column, path)
    note = measure.replace("_", " in ") + (f" from column {column!r}" if column else "")
    if measure == "prices":
        frame, more = _from_prices(long.rename(columns={"value": "price"}), _plain(column), exchange)
        note += more
    else:
        frame = long.dropna(subset=["value"]).rename(columns={"value": "return"})
        frame["return"] /= _UNITS_PER_ONE[measure]
        _refuse_wrong_scale(frame["return"], column, path)
    frame["source"] = path.name + frame.pop("inner").map(lambda name: f": {name}" if name else "")
    return UserReturns(frame[["date", "ticker", "return", "source"]].reset_index(drop=True), note)


def _from_prices(prices: pd.DataFrame, column: str, exchange: str) -> tuple[pd.DataFrame, str]:
    """Returns, and what the reader must know about them."""
    note = ""
    if column in _UNADJUSTED:
        note += "; not known to be adjusted: splits and dividends may be in it"
    if column.endswith("prc"):
        # CRSP writes the middle of bid and ask as a negative price.
        prices["price"] = prices["price"].abs()
    frame, spans = returns_from_prices(prices, exchange=exchange)
    if spans:
        note += f"; {spans:,} returns over more than one session left out"
    return frame, note


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".csv":
            return _read_csv(path)
        if path.suffix in SUFFIXES:
            frame = pd.read_parquet(path)
            named_index = not isinstance(frame.index, pd.RangeIndex)
            return frame.reset_index() if named_index else frame
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, ValueError) as error:
        raise SourceError(f"{path} cannot be read ({type(error).__name__}: {error}).") from error
    raise SourceError(f"{path} is neither CSV nor Parquet: expected a name ending in {', '.join(SUFFIXES)}.")


def _read_csv(path: Path) -> pd.DataFrame:
    """The table, with as many rows of header as stand before the first day."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = [line.rstrip("\r\n") for _, line in zip(range(6), file, strict=False)]
    if not head:
        raise DataError(f"{path.name} is empty. {_EXPECTED}")
    separator = max(",;\t", key=head[0].count)
    starts = [looks_like_day(cell) for line in head for cell in [line.split(separator)[0].strip('" ')]]
    rows = starts.index(True) if True in starts else 1
    header = list(range(rows)) if rows > 1 else 0
    # Only what is said to be missing is missing: NA is a ticker when it heads a column, and TRUE is one too.
    return pd.read_csv(
        path, sep=separator, header=header, dtype="str", keep_default_na=False, encoding="utf-8-sig"
    )


def _plain(name: Any) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _long(raw: pd.DataFrame, path: Path, values: Values) -> tuple[pd.DataFrame, Measure, str]:
    """``date``, ``ticker``, ``value``, ``inner`` (the file's own source); what was measured; the column."""
    if isinstance(raw.columns, pd.MultiIndex):
        return _from_fields(raw, path)
    date = _only(raw, _DATE, "day", path)
    if date is None and _plain(raw.columns[0]) in ("", "index", "unnamed0"):
        date = str(raw.columns[0])
    if date is None:
        raise DataError(f"{path.name} has no column of days; found {_names(raw.columns)}. {_EXPECTED}")
    ticker = _only(raw, _TICKER, "ticker", path)
    fields = {_plain(name): name for name in raw.columns if name not in (date, ticker)}
    column = next((fields[name] for name in _MEASURES if name in fields), None)
    inner = raw[fields["source"]].astype("str") if ticker is not None and "source" in fields else ""
    if ticker is None and column is None:
        return _from_wide(raw, date, path, values)
    if column is None:
        raise DataError(
            f"{path.name} has days and tickers but neither prices nor returns; found {_names(raw.columns)}. "
            f"{_EXPECTED}"
        )
    if ticker is None and not set(fields) <= {*_MEASURES, *_OTHER_FIELDS, "source"}:
        raise DataError(
            f"{path.name} can be read in two ways: {column!r} is a price or a return of one ticker, but "
            f"{_names(set(fields.values()) - {column})} look like tickers. {_EXPECTED}"
        )
    names = raw[ticker] if ticker is not None else path.stem.upper()
    long = pd.DataFrame({"date": raw[date], "ticker": names, "value": raw[column], "inner": inner})
    return long, _MEASURES[_plain(column)], str(column)


def _only(raw: pd.DataFrame, names: set[str], what: str, path: Path) -> str | None:
    found = [str(name) for name in raw.columns if _plain(name) in names]
    if len(found) > 1 and what == "ticker":
        # CRSP gives both the permanent number and the ticker: people ask by ticker.
        found = [name for name in found if _plain(name) != "permno"]
    if len(found) > 1:
        raise DataError(f"{path.name} has several columns that may be the {what}: {_names(found)}. Keep one.")
    return found[0] if found else None


def _from_wide(raw: pd.DataFrame, date: str, path: Path, values: Values) -> tuple[pd.DataFrame, Measure, str]:
    table = raw.drop(columns=date).apply(lambda values: _numbers(values, str(values.name), path))
    long = (
        table.assign(date=raw[date])
        .melt(id_vars="date", var_name="ticker", value_name="value")
        .assign(inner="")
    )
    return long, _measure_of(long["value"].dropna(), path, values), ""


def _measure_of(numbers: pd.Series, path: Path, values: Values) -> Measure:
    """Prices are positive; returns change sign and, in decimals, are small. Anything else is refused."""
    if values != "auto":
        return values
    if numbers.empty:
        raise DataError(f"{path.name} holds no numbers. {_EXPECTED}")
    typical = float(numbers.abs().median())
    if (numbers > 0).all() and typical > LOWEST_TYPICAL_PRICE:
        return "prices"
    if (numbers < 0).any() and typical < _LARGEST_MEDIAN:
        return "returns"
    unit = "basis points" if typical > 15 else "percent"
    told = f"returns in {unit}" if (numbers < 0).any() else "neither prices nor returns"
    raise DataError(
        f"{path.name} has one column a ticker, but it is not certain what they are: the numbers (median size "
        f"{typical:.3g}) look like {told}. {_EXPECTED}"
    )


def _from_fields(raw: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, Measure, str]:
    """Header rows of fields and tickers, as Bloomberg and ``yfinance.download(...).to_csv()`` write."""
    known = {*_MEASURES, *_OTHER_FIELDS}
    body = raw.columns[1:]
    levels = [body.get_level_values(i).astype("str") for i in range(body.nlevels)]
    levels = [level for level in levels if not level.str.startswith("Unnamed").any()]
    field = next((level for level in levels if {_plain(name) for name in level} <= known), None)
    ticker = next((level for level in levels if level is not field), None)
    if field is None or ticker is None or not {_plain(name) for name in field} & set(_MEASURES):
        raise DataError(
            f"{path.name} has {body.nlevels} rows of header; expected one of tickers and one of fields "
            f"(adj_close, close, PX_LAST, ...), every cell filled; found {_names(body[:4])}. {_EXPECTED}"
        )
    best = next(name for name in _MEASURES if name in {_plain(f) for f in field})
    chosen = [i for i, name in enumerate(field) if _plain(name) == best]
    table = raw.iloc[:, [0, *(i + 1 for i in chosen)]].set_axis(["date", *ticker[chosen]], axis=1)
    long = table.melt(id_vars="date", var_name="ticker", value_name="value").assign(inner="")
    return long, _MEASURES[best], str(field[chosen[0]])


def _numbers(values: pd.Series, column: str, path: Path) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values):
        return values.astype("float64")
    text = values.astype("str").str.strip()
    numbers = pd.to_numeric(text, errors="coerce")
    wrong = numbers.isna() & values.notna() & ~text.isin(_MISSING)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{path.name}, column {column!r}: {text.iloc[first]!r} (row {first + 1}; {wrong.sum()} in all) "
            "is not a number. Remove units and thousands separators; write decimals with a point."
        )
    return numbers


def _refuse_wrong_scale(returns: pd.Series, column: str, path: Path) -> None:
    typical = float(returns.abs().median()) if len(returns) else 0.0
    if typical > _LARGEST_MEDIAN:
        raise DataError(
            f"{path.name}: daily returns{f' in column {column!r}' if column else ''} have a median size of "
            f"{typical:.3g}; as decimals that is {typical:.0%} a day. Percent or basis points? "
            f'Say values="returns_percent" or "returns_bp", or values="prices".'
        )


def _names(columns: Sequence[Any] | Any) -> str:
    listed = [str(name) for name in columns]
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
