"""What does the market pay? Market values or share prices of the user's own table, applied to cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from undercut.days import day_of
from undercut.errors import DataError, InputError, MissingColumnError
from undercut.sources.files import read_table
from undercut.valuation.company import MarketValue
from undercut.valuation.live import live_share_price
from undercut.valuation.vendors import Case, in_currency_of_accounts, market_value_of_shares

#: Columns of a table of market values, one of which must be there.
VALUE_COLUMNS = ("market_value", "close")


@dataclass(frozen=True, slots=True)
class Priced:
    """Cases with what the market pays, and who is left out and why.

    Attributes
    ----------
    cases : tuple of Case
        Those with a market value.
    left_out : mapping of str to str
        Ticker to reason.
    """

    cases: tuple[Case, ...]
    left_out: dict[str, str]


def with_market_values(
    cases: Sequence[Case],
    table: pd.DataFrame | Path | str,
    fundamentals: pd.DataFrame,
    *,
    source: str,
    as_of: str | None = None,
) -> Priced:
    """Give cases their market values from a table.

    Parameters
    ----------
    cases : sequence of Case
        Of `undercut.valuation.vendors.vendor_case`.
    table : DataFrame or path
        Columns ticker, date, and ``market_value`` (million) or ``close`` (of one share or ADR as traded, not
        adjusted), optionally ``currency`` (US dollars by default). The newest row of a ticker is taken.
    fundamentals : DataFrame
        Where published exchange rates are.
    source : str
        Who made the table.
    as_of : str, optional
        No later row.

    Returns
    -------
    Priced
        Firms without a row, without a number of shares, or without a published rate are named, not dropped.

    Raises
    ------
    MissingColumnError
        A column is missing.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.vendors import vendor_case
    >>> published = undercut.load_reference("fundamentals")
    >>> closes = pd.DataFrame({"ticker": ["NVDA"], "date": ["2026-08-10"], "close": [100.0]})
    >>> found = with_market_values([vendor_case("NVDA", published)], closes, published, source="mine")
    >>> found.cases[0].market_value.value
    2410000.0
    """
    table = _user_table(table)
    column = next((name for name in VALUE_COLUMNS if name in table.columns), None)
    missing = [name for name in ("ticker", "date") if name not in table.columns]
    if column is None or missing:
        raise MissingColumnError(
            f"A table of market values needs ticker, date and one of {', '.join(VALUE_COLUMNS)}; it has "
            f"{', '.join(map(str, table.columns))}."
        )
    dated = table.assign(date=pd.to_datetime(table["date"])).dropna(subset=[column])
    day = day_of(as_of)
    newest = dated if day is None else dated[dated["date"] <= day]
    rows = newest.sort_values("date").drop_duplicates("ticker", keep="last").set_index("ticker")
    priced, left_out = [], {}
    for case in cases:
        ticker = case.company.ticker
        if ticker not in rows.index:
            left_out[ticker] = "no row in the table"
            continue
        try:
            stated = _stated(case, rows.loc[ticker], column, source)
            stated = in_currency_of_accounts(stated, case.company, fundamentals)
        except DataError as error:
            left_out[ticker] = str(error)
            continue
        priced.append(case.with_market_value(stated))
    return Priced(tuple(priced), left_out)


def priced_case(
    case: Case,
    fundamentals: pd.DataFrame,
    *,
    market_value: float | str | None = None,
    table: pd.DataFrame | Path | str | None = None,
    as_of: str | None = None,
) -> Case:
    """The case with the market value that the reader gives, if one is given.

    Parameters
    ----------
    case : Case
        The vendor.
    fundamentals : DataFrame
        Where published exchange rates are.
    market_value : float, optional
        Billion US dollars, all shares; or ``"yahoo"``: Yahoo's last price times the shares outstanding.
    table : DataFrame or path, optional
        Instead, as `undercut.valuation.market.with_market_values` takes it.
    as_of : str, optional
        Day of the market value, today by default; no later row of the table.

    Raises
    ------
    InputError
        Both are given, or the table says nothing usable about the firm.
    DataError
        There is no published rate for the currency of the accounts.
    """
    if market_value is not None and table is not None:
        raise InputError("Give market_value or market_values, not both.")
    if table is not None:
        found = with_market_values([case], table, fundamentals, source="the reader's table", as_of=as_of)
        if not found.cases:
            raise InputError(
                f"market_values: {case.company.ticker}: {found.left_out[case.company.ticker].rstrip('.')}."
            )
        return found.cases[0]
    if market_value is None:
        return case
    if market_value == "yahoo":
        price, currency, day = live_share_price(case.company.ticker)
        source = f"price of {price:,.2f} at Yahoo Finance"
        stated = market_value_of_shares(case.company, price, currency=currency, day=day, source=source)
    else:
        day = as_of or f"{pd.Timestamp.now('UTC'):%Y-%m-%d}"
        stated = MarketValue(1000 * float(market_value), "USD", day, "given by the reader")
    return case.with_market_value(in_currency_of_accounts(stated, case.company, fundamentals))


def _user_table(table: pd.DataFrame | Path | str) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        return table
    read = read_table(table)
    frame = read.frame.copy()
    for column in frame.columns.intersection(VALUE_COLUMNS):
        frame[column] = read.numbers(column)
    return frame.assign(date=read.days("date")) if "date" in frame else frame


def _stated(case: Case, row: pd.Series, column: str, source: str) -> MarketValue:
    currency, day = str(row.get("currency", "USD")), f"{row['date']:%Y-%m-%d}"
    if column == "market_value":
        return MarketValue(float(row[column]), currency, day, source)
    return market_value_of_shares(
        case.company, float(row[column]), currency=currency, day=day, source=f"close of {day}, {source}"
    )
