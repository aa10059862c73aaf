"""How is a user's own file of prices or returns read, whoever made it?

Long (one row a day and ticker), wide (one column a ticker) or one ticker to a file; prices or returns; in any
format that `undercut.sources.files.read_table` opens. CRSP, Compustat, Bloomberg, yfinance, Alpha Vantage,
Tiingo, Stooq, Nasdaq and investing.com are recognised by their column names. What can be read in two ways is
refused with what was found and what is expected, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

import pandas as pd

from undercut.errors import CellError, DataError, DuplicateRowsError, UnitError, one_of
from undercut.sources import cells
from undercut.sources.files import UserTable, listed, plain, read_table
from undercut.sources.returns_shape import returns_from_prices
from undercut.sources.sessions import NEW_YORK

Values = Literal["auto", "prices", "returns", "returns_percent", "returns_bp"]
Measure = Literal["prices", "returns", "returns_percent", "returns_bp"]

#: Column names in small letters, without blanks and marks.
_DATE: Final = (
    "date", "dates", "datadate", "caldt", "dlycaldt", "tradingdate", "tradedate", "datetime", "timestamp",
)  # fmt: skip
_TICKER: Final = ("ticker", "tickers", "tic", "symbol", "security", "securities")
_RETURNS: Final = ("dlyret", "ret", "return", "returns", "totalreturn", "dailyreturn")
_ADJUSTED: Final = ("totreturnindexgrossdvds", "totalreturnindex", "adjclose", "adjustedclose")
#: Prices that their makers do not adjust, or only for splits.
_UNADJUSTED: Final = (
    "close", "closelast", "pxlast", "price", "last", "lastprice", "closingprice", "dlyprc", "prc", "prccd",
)  # fmt: skip
#: Columns that hold what we want, best first.
_MEASURES: Final[dict[str, Measure]] = {
    **dict.fromkeys(_RETURNS, "returns"),
    **dict.fromkeys(("returnpct", "returnspct", "retpct"), "returns_percent"),
    **dict.fromkeys(("returnpercent", "retpercent", "daytodaytotreturngrossdvds"), "returns_percent"),
    **dict.fromkeys(("returnbp", "returnsbp", "retbp", "retbps", "returnbps"), "returns_bp"),
    **dict.fromkeys((*_ADJUSTED, *_UNADJUSTED), "prices"),
}
#: What stands beside a price in the files of Yahoo, Alpha Vantage, Tiingo, investing.com and Stooq.
_OTHER_FIELDS: Final = {
    "open", "high", "low", "volume", "vol", "dividends", "stocksplits", "capitalgains",
    "dividendamount", "splitcoefficient", "adjhigh", "adjlow", "adjopen", "adjvolume", "divcash",
    "splitfactor", "change", "changepercent", "per", "time", "openint", "source",
}  # fmt: skip
UNITS_PER_ONE: Final[dict[Measure, float]] = {
    "returns": 1.0,
    "returns_percent": 100.0,
    "returns_bp": 10_000.0,
}
#: How names of columns and files end that say the unit of their returns.
_ENDINGS: Final[dict[str, Measure]] = {
    **dict.fromkeys(("pct", "percent"), "returns_percent"),
    **dict.fromkeys(("bp", "bps", "basispoints"), "returns_bp"),
}
#: CRSP's columns, and its letters for "no return that day".
_CRSP: Final = ("ret", "dlyret", "prc", "dlyprc")
_CRSP_MISSING: Final = ("A", "B", "C", "D", "E")
#: Daily returns in decimals are rarely above this in the median; percent and basis points always are.
_LARGEST_MEDIAN: Final = 0.15
#: Around one, positive numbers may be growth factors as well as prices.
LOWEST_TYPICAL_PRICE: Final = 1.5
_SAY: Final = (
    'Say values="prices", "returns", "returns_percent" or "returns_bp" where names do not tell '
    "(the command: --values)."
)
_EXPECTED: Final = (
    "Expected one of: (long) columns date, ticker and return or adj_close or close; (wide) a column date and "
    f"one column a ticker; (one ticker) date, close and the like in a file named after the ticker. {_SAY}"
)
#: What Bloomberg and Stooq write after a ticker.
_EXCHANGE: Final = r"(?: U[SNWQAPR]? Equity|\.US)$"


@dataclass(frozen=True, slots=True)
class UserReturns:
    """Returns read from a user's file.

    Attributes
    ----------
    frame : DataFrame
        ``date``, ``ticker``, ``return``, ``source``.
    note : str
        How the file was read and what its reader must know.
    measure : str
        What the file's numbers are: prices, returns, returns_percent or returns_bp.
    aliases : dict of str to str
        Ticker of each of CRSP's permanent numbers, where the file has both.
    """

    frame: pd.DataFrame
    note: str
    measure: Measure
    aliases: dict[str, str]


def read_returns_file(path: Path, *, values: Values = "auto", exchange: str = NEW_YORK) -> UserReturns:
    """Daily returns from a file of prices or returns.

    Parameters
    ----------
    path : Path
        CSV, Parquet or Excel, compressed or not.
    values : {"auto", "prices", "returns", "returns_percent", "returns_bp"}
        What the numbers are, where neither column names nor the name of the file say so.
    exchange : str
        Whose trading days decide which price changes are daily returns.

    Raises
    ------
    SourceError
        The file cannot be read.
    DataError
        Its columns are not recognised or can be read in two ways, or a cell cannot be read: then the message
        names file, line, column and text.
    InputError
        Unknown ``values``.
    """
    one_of("values", values, get_args(Values))
    table = read_table(path, header_rows=0)
    long, measure, column = _long(table, path, values)
    measure = measure if values == "auto" else values
    names = long["ticker"].unique()
    bare = {name: re.sub(_EXCHANGE, "", name) for name in names}
    if any(name != short for name, short in bare.items()):
        long["ticker"] = long["ticker"].map(bare)
    what = measure.replace("_", " in ") + (f" from column {column!r}" if column else "")
    ticker = None if len(table.header) > 1 else ticker_of(table)
    note = "; ".join([what, *table.notes, *(table.names(ticker)[1] if ticker else ())])
    if (long["date"] > pd.Timestamp.now("UTC").tz_localize(None)).any():
        note += f"; days to come are in it, the last {long['date'].max():%Y-%m-%d}"
    if measure == "prices":
        _refuse_impossible_prices(long, path, plain(column))
        frame, more = _from_prices(long.rename(columns={"value": "price"}), plain(column), exchange)
        note += more
    else:
        frame = long.dropna(subset=["value"]).rename(columns={"value": "return"})
        frame["return"] /= UNITS_PER_ONE[measure]
        _refuse_wrong_scale(frame["return"], column, path)
    frame["source"] = path.name + frame.pop("inner").map(lambda name: f": {name}" if name else "")
    frame = frame[["date", "ticker", "return", "source"]].reset_index(drop=True)
    return UserReturns(frame, note, measure, _aliases(table))


def day_of(table: UserTable) -> str:
    """The column of days of a table of returns.

    Raises
    ------
    DataError
        There is none, or several.
    """
    first = str(table.frame.columns[0])
    found = table.find(*_DATE)
    if found is None and plain(first) in ("", "index", "unnamed0"):
        found = first
    if found is None:
        raise DataError(
            f"{table.name} has no column of days; found {listed(table.frame.columns)}. {_EXPECTED}"
        )
    return found


def ticker_of(table: UserTable) -> str | None:
    """The column of tickers, else of firms, else of CRSP's permanent numbers: people ask by ticker."""
    return table.find(*_TICKER) or table.find("firm", "unit") or table.find("permno")


def _aliases(table: UserTable) -> dict[str, str]:
    ticker, number = table.find(*_TICKER), table.find("permno")
    if ticker is None or number is None:
        return {}
    names = table.frame[[number, ticker]].astype("str").drop_duplicates()
    return dict(zip(names[number], names[ticker], strict=True))


def _refuse_impossible_prices(long: pd.DataFrame, path: Path, column: str) -> None:
    """Refuse prices that are not positive, and two of one day: the returns around them would be wrong."""
    known = long.dropna(subset=["value"])
    bad = known[known["value"] <= 0] if not column.endswith("prc") else known[known["value"] == 0]
    if len(bad):
        row = bad.iloc[0]
        raise CellError(
            f"{path.name}: {row['value']:g} is no price of {row['ticker']} on {row['date']:%Y-%m-%d}. Leave "
            "the cell blank where there is none."
        )
    twice = known[known.duplicated(["date", "ticker"])]
    if len(twice):
        row = twice.iloc[0]
        raise DuplicateRowsError(
            f"{path.name}: {row['ticker']} has several prices on {row['date']:%Y-%m-%d}. Keep one."
        )


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


def closes_in(path: Path) -> pd.DataFrame:
    """``date``, ``ticker``, ``close``: prices of a file as they were, not adjusted; empty where it has none.

    Raises
    ------
    SourceError
        The file cannot be read.
    CellError
        A cell of its prices or days cannot be read.
    """
    closes = {name: _MEASURES[name] for name in _UNADJUSTED}
    try:
        long, measure, column = _long(read_table(path, header_rows=0), path, "auto", closes)
    except CellError:
        raise
    except DataError:  # it has returns or adjusted prices alone
        measure = "returns"
    if measure != "prices":
        return pd.DataFrame(columns=["date", "ticker", "close"])
    bare = long["ticker"].astype("str").str.replace(_EXCHANGE, "", regex=True).str.upper()
    price = long["value"].abs() if plain(column).endswith("prc") else long["value"]
    found = pd.DataFrame({"date": long["date"], "ticker": bare, "close": price})
    return found[found["close"] > 0].reset_index(drop=True)


def _long(
    table: UserTable, path: Path, values: Values, measures: Mapping[str, Measure] = _MEASURES
) -> tuple[pd.DataFrame, Measure, str]:
    """``date``, ``ticker``, ``value``, ``inner`` (the file's own source); what was measured; the column."""
    if len(table.header) > 1:
        return _from_fields(table, measures)
    date, ticker = day_of(table), ticker_of(table)
    fields = {plain(name): str(name) for name in table.frame.columns if name not in (date, ticker)}
    column = next((fields[name] for name in measures if name in fields), None)
    if ticker is None and not set(fields) & set(_MEASURES):
        return _from_wide(table, date, path, values)
    if column is None:
        raise DataError(
            f"{table.name} has days and tickers but neither prices nor returns; found "
            f"{listed(table.frame.columns)}. {_EXPECTED}"
        )
    others = [name for key, name in fields.items() if key not in _MEASURES and key not in _OTHER_FIELDS]
    if ticker is None and others:
        raise DataError(
            f"{table.name} can be read in two ways: {column!r} is a price or a return of one ticker, but "
            f"{listed(others)} may be tickers or fields unknown to us. Delete them, or add a column ticker. "
            f"{_EXPECTED}"
        )
    numbers = numbers_of(table, column)
    long = pd.DataFrame({"date": table.days(date), "value": numbers})
    long["ticker"] = table.names(ticker)[0] if ticker is not None else _named_after(path)
    long["inner"] = table.frame[fields["source"]].astype("str") if ticker and "source" in fields else ""
    measure = _MEASURES[plain(column)]
    if measure != "prices" and values == "auto":
        measure = _unit_of(numbers, measure, path)
    return long, measure, column


def numbers_of(table: UserTable, column: str) -> pd.Series:
    """Numbers of a column; CRSP's letters are missing."""
    return table.numbers(column, missing=_CRSP_MISSING if plain(column) in _CRSP else ())


def _named_after(path: Path) -> str:
    """Ticker in the name of a file: ``nvda.csv.gz``, ``NVDA Historical Data.csv``."""
    stem = re.sub(r"(\.(csv|txt|tsv|gz|bz2|xz|zip|parquet|pq|xlsx?))+$", "", path.name, flags=re.IGNORECASE)
    return (re.sub(r"[ _]*historical ?data.*$", "", stem, flags=re.IGNORECASE) or stem).upper()


def _unit_of(numbers: pd.Series, measure: Measure, path: Path) -> Measure:
    """Unit of returns: what their column's name, percent signs, and the end of the file's name say."""
    stem = plain(_named_after(path))
    named = {unit for ending, unit in _ENDINGS.items() if stem.endswith(ending) and stem != ending}
    named |= {measure} - {"returns"}
    if numbers.attrs.get("unit") == "percent":
        named.add("returns_percent")
    if len(named) > 1:
        raise UnitError(f"{path.name}: names and cells say different units. {_SAY}")
    return named.pop() if named else "returns"


def _from_wide(table: UserTable, date: str, path: Path, values: Values) -> tuple[pd.DataFrame, Measure, str]:
    if any(plain(name).startswith("unnamed") or not name for name in table.frame.columns if name != date):
        raise DataError(f"{table.name} has a column without a name beside {date!r}: name or delete it.")
    names = [str(name) for name in table.frame.columns if name != date]
    wide = table.frame[names].assign(**{date: table.days(date)})
    long = wide.melt(id_vars=date, var_name="ticker", value_name="value").rename(columns={date: "date"})
    try:
        numbers = cells.numbers(long["value"], decimal_comma=table.decimal_comma)
    except (cells.UnreadableCell, DataError):  # column by column, where cell or unit can be named
        columns = [table.numbers(name) for name in names]
        numbers = pd.concat(columns, ignore_index=True)
        in_percent = [column.attrs.get("unit") == "percent" for column in columns]
        if any(in_percent) and not all(in_percent):
            plain_one = names[in_percent.index(False)]
            raise UnitError(f"{path.name}: some columns are percentages and {plain_one!r} is not.") from None
        if any(in_percent):
            numbers.attrs["unit"] = "percent"
    return long.assign(value=numbers, inner=""), _measure_of(numbers.dropna(), path, values), ""


def _measure_of(numbers: pd.Series, path: Path, values: Values) -> Measure:
    """Prices are positive; returns change sign and, in decimals, are small. Anything else is refused."""
    if values != "auto":
        return values
    if numbers.empty:
        raise DataError(f"{path.name} holds no numbers. {_EXPECTED}")
    named = _unit_of(numbers, "returns", path)
    if named != "returns":
        return named
    typical = float(numbers.abs().median())
    if (numbers > 0).all() and typical > LOWEST_TYPICAL_PRICE:
        return "prices"
    if (numbers < 0).any() and typical < _LARGEST_MEDIAN:
        return "returns"
    unit = "basis points" if typical > 15 else "percent"
    told = f"returns in {unit}" if (numbers < 0).any() else "neither prices nor returns"
    raise UnitError(
        f"{path.name} has one column a ticker, but it is not certain what they are: the numbers (median size "
        f"{typical:.3g}) look like {told}. {_EXPECTED}"
    )


def _from_fields(table: UserTable, measures: Mapping[str, Measure]) -> tuple[pd.DataFrame, Measure, str]:
    """Header rows of fields and tickers, as Bloomberg and ``yfinance.download(...).to_csv()`` write."""
    known = {*_MEASURES, *_OTHER_FIELDS}
    levels = [level[1:] for level in table.header if all(level[1:])]
    field = next((level for level in levels if {plain(name) for name in level} <= known), None)
    ticker = next((level for level in levels if level is not field), None)
    if field is None or ticker is None or not {plain(name) for name in field} & set(measures):
        raise DataError(
            f"{table.name} has {len(table.header)} rows of header; expected one of tickers and one of fields "
            f"(adj_close, close, PX_LAST, ...), every cell filled; found {listed(table.frame.columns[1:5])}. "
            f"{_EXPECTED}"
        )
    best = next(name for name in measures if name in {plain(f) for f in field})
    chosen = [i for i, name in enumerate(field) if plain(name) == best]
    days = table.days(str(table.frame.columns[0]))
    parts = [
        pd.DataFrame(
            {"date": days, "value": table.numbers(str(table.frame.columns[i + 1])), "ticker": ticker[i]}
        )
        for i in chosen
    ]
    return pd.concat(parts, ignore_index=True).assign(inner=""), _MEASURES[best], field[chosen[0]]


def _refuse_wrong_scale(returns: pd.Series, column: str, path: Path) -> None:
    typical = float(returns.abs().median()) if len(returns) else 0.0
    if typical > _LARGEST_MEDIAN:
        raise UnitError(
            f"{path.name}: daily returns{f' in column {column!r}' if column else ''} have a median size of "
            f"{typical:.3g}; as decimals that is {typical:.0%} a day. Percent or basis points? {_SAY}"
        )
