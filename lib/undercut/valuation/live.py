"""What do a firm's newest accounts and market value say? From Yahoo Finance, for users with a network.

Rows have the form of ``data/reference/fundamentals.csv``; yfinance does the asking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from undercut.days import day_of
from undercut.errors import SourceError
from undercut.provenance import Provenance, attach, sha256_of
from undercut.sources.returns_yahoo import faults_raised
from undercut.valuation.company import REPORTING_LAG, MarketValue

Answer = TypeVar("Answer")
_MILLION: Final = 1e6
#: Our names of Yahoo's lines: what flows over a period, and what is there on a day.
FLOWS: Final[Mapping[str, tuple[str, str]]] = {
    "revenue": ("income", "TotalRevenue"),
    "operating_income": ("income", "OperatingIncome"),
    "pretax_income": ("income", "PretaxIncome"),
    "tax_expense": ("income", "TaxProvision"),
    "share_based_compensation": ("cash", "StockBasedCompensation"),
    "capex": ("cash", "CapitalExpenditure"),
}
STOCKS: Final[Mapping[str, tuple[str, str]]] = {
    "total_debt": ("balance", "TotalDebt"),
    "cash_and_equivalents": ("balance", "CashAndCashEquivalents"),
    "cash_and_marketable_securities": ("balance", "CashCashEquivalentsAndShortTermInvestments"),
    "diluted_weighted_shares_latest_quarter": ("income", "DilutedAverageShares"),
}
_NEEDED: Final = ("revenue", "operating_income")
_POINT_IN_TIME: Final = (
    "Yahoo shows today's, restated figures without the day of filing: a past day keeps periods that ended "
    f"{REPORTING_LAG.days} days before it, but not the figures as first published."
)


def live_fundamentals(ticker: str, *, as_of: str | None = None, session: Any = None) -> pd.DataFrame:
    """The last four quarters of a firm: flows summed, balance sheet at their end.

    Parameters
    ----------
    ticker : str
        As Yahoo writes it.
    as_of : str, optional
        YYYY-MM-DD: only periods whose accounts can have been published by then; today by default.
    session : optional
        A ``curl_cffi`` session for yfinance: proxies, mirrors, tests.

    Returns
    -------
    DataFrame
        The columns of ``fundamentals.csv``, fiscal period ``LTM``, money in million of the reporting
        currency, with
        provenance.

    Notes
    -----
    Segments are not among Yahoo's lines: put these rows below those of the reference table
    (``pandas.concat``) and
    `undercut.valuation.vendors.vendor_case` takes the newer twelve months and the published segments.

    Raises
    ------
    SourceError
        Yahoo cannot be reached, limits the rate, or lacks four quarters in a row with revenue and operating
        income.
    InputError
        ``as_of`` is not a day.
    """
    day = day_of(as_of) or pd.Timestamp.now("UTC").tz_localize(None).normalize()
    frame = _rows(ticker, _ask(ticker, session, _statements), day)
    told = pd.Timestamp.now("UTC").floor("s").isoformat()
    digest = sha256_of(frame.to_csv(index=False).encode())
    licence = "facts from filings, as shown by Yahoo Finance; for personal use"
    return attach(frame, Provenance("Yahoo Finance", told[:10], told, licence, digest, _POINT_IN_TIME))


def live_market_value(ticker: str, *, session: Any = None) -> MarketValue:
    """What the market pays for all shares now, in the currency of trading.

    Raises
    ------
    SourceError
        Yahoo cannot be reached, limits the rate or states no market value.
    """
    value, currency, day = _stated_by_yahoo(ticker, "marketCap", "market value", session)
    return MarketValue(value / _MILLION, currency, day, "market value stated by Yahoo Finance")


def live_share_price(ticker: str, *, session: Any = None) -> tuple[float, str, str]:
    """Last price of what is traded, its currency and the day of asking, from Yahoo Finance."""
    return _stated_by_yahoo(ticker, "regularMarketPrice", "share price", session)


def _stated_by_yahoo(ticker: str, item: str, called: str, session: Any) -> tuple[float, str, str]:
    info = _ask(ticker, session, lambda asked: dict(asked.get_info()))
    value, currency = info.get(item), info.get("currency")
    if not value or not currency:
        raise SourceError(f"Yahoo states no {called} of {ticker}; give it yourself.")
    return float(value), str(currency), f"{pd.Timestamp.now('UTC'):%Y-%m-%d}"


def _statements(asked: Any) -> dict[str, Any]:
    asks = {"income": asked.get_income_stmt, "balance": asked.get_balance_sheet, "cash": asked.get_cashflow}
    return {name: ask(freq="quarterly") for name, ask in asks.items()} | {"info": dict(asked.get_info())}


def _rows(ticker: str, tables: Mapping[str, Any], day: pd.Timestamp) -> pd.DataFrame:
    currency = tables["info"].get("financialCurrency")
    if not currency:
        raise SourceError(f"Yahoo does not say in which currency {ticker} reports; its figures are no use.")
    ends = _quarters(ticker, tables["income"], day)
    values = {
        item: _line(tables, place).reindex(ends[:quarters]).sum(min_count=quarters)
        for lines, quarters in ((FLOWS, 4), (STOCKS, 1))
        for item, place in lines.items()
    }
    absent = [item for item in _NEEDED if np.isnan(values[item])]
    if absent:
        raise SourceError(
            f"Yahoo lacks {' and '.join(absent)} of {ticker} in a quarter before {day:%Y-%m-%d}."
        )
    stated = {item: value / _MILLION for item, value in values.items() if not np.isnan(value)}
    shares = [item.startswith("diluted") for item in stated]
    return pd.DataFrame(
        {
            "ticker": ticker, "fiscal_period": "LTM", "period_end": ends[0], "item": list(stated),
            "value": list(stated.values()),
            "unit": ["million_shares" if is_count else "million" for is_count in shares],
            "currency": [None if is_count else currency for is_count in shares],
            "source_title": f"last four quarters to {ends[0]:%Y-%m-%d}, asked today",
            "source_publisher": "Yahoo Finance", "confidence": "secondary_source",
        }
    )  # fmt: skip


def _quarters(ticker: str, income: pd.DataFrame, day: pd.Timestamp) -> pd.DatetimeIndex:
    """Ends of the last four quarters that can have been published by a day, newest first."""
    known = pd.DatetimeIndex(income.columns) if len(income) else pd.DatetimeIndex([])
    ends = known[known + REPORTING_LAG <= day].sort_values(ascending=False)[:4]
    if len(ends) < 4:
        raise SourceError(
            f"Yahoo has {len(ends)} quarters of {ticker} that were published by {day:%Y-%m-%d}; four are "
            "needed. It keeps about five: choose a later day, or use data/reference/fundamentals.csv."
        )
    span = (ends[0] - ends[3]).days
    if not 260 <= span <= 290:
        raise SourceError(f"Yahoo skips a quarter of {ticker}: four of them span {span} days.")
    return ends


def _line(tables: Mapping[str, Any], place: tuple[str, str]) -> pd.Series:
    """A line of a statement by the period's end; missing throughout where Yahoo does not have it."""
    statement, line = place
    table = tables[statement]
    if line not in table.index:
        return pd.Series(dtype="float64", index=pd.DatetimeIndex([]))
    return table.loc[line].astype("float64")


def _ask(ticker: str, session: Any, question: Callable[[Any], Answer]) -> Answer:
    """One question to yfinance; what goes wrong is said, never an empty table."""
    import yfinance as yf
    from yfinance import exceptions
    from yfinance.data import YfData

    YfData.cache_get.cache_clear()
    try:
        with faults_raised():
            return question(yf.Ticker(ticker, session=session))
    except exceptions.YFRateLimitError as error:
        raise SourceError("Yahoo limits the rate of requests (HTTP 429); wait and call again.") from error
    except (exceptions.YFException, LookupError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(
            f"Yahoo's answer about {ticker} is not what yfinance expects ({type(error).__name__}: {error}). "
            "Is the ticker right? data/reference/fundamentals.csv needs no network."
        ) from error
    except OSError as error:
        raise SourceError(
            f"Yahoo could not be reached ({type(error).__name__}). Call again with a network, or use "
            "data/reference/fundamentals.csv."
        ) from error
