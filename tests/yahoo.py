"""A server that speaks Yahoo's chart protocol, and a session that sends yfinance there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
from curl_cffi import requests as curl

from tests.loopback import Handler, Reply, Request

NEW_YORK = "America/New_York"


class LoopbackSession(curl.Session):
    """yfinance's own kind of session; whatever host it is sent to, the request goes to ``url``."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.loopback = url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return super().request(method, f"{self.loopback}{parts.path}{query}", *args, **kwargs)


def chart(ticker: str, closes: pd.Series) -> bytes:
    """Yahoo's answer: adjusted closes stamped with the opening of each session."""
    opening = (closes.index + pd.Timedelta(hours=9, minutes=30)).tz_localize(NEW_YORK)
    stamps = [int(moment.timestamp()) for moment in opening]
    values = [None if pd.isna(price) else float(price) for price in closes]
    quote = dict.fromkeys(("open", "high", "low", "close"), values) | {"volume": [1000] * len(values)}
    result = {
        "meta": {
            "currency": "USD", "symbol": ticker, "instrumentType": "EQUITY", "exchangeTimezoneName": NEW_YORK,
            "gmtoffset": -18000, "timezone": "EST", "priceHint": 2, "dataGranularity": "1d",
            "validRanges": ["1d"],
            "regularMarketTime": stamps[-1] if stamps else 0,
        },
        "timestamp": stamps,
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": values}]},
    }  # fmt: skip
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


def not_found(ticker: str) -> Reply:
    error = {"code": "Not Found", "description": f"No data found, symbol {ticker} may be delisted"}
    return Reply(json.dumps({"chart": {"result": None, "error": error}}).encode(), 404)


def yahoo(
    prices: Mapping[str, pd.Series], *, before: Callable[[str, Request], Reply | None] | None = None
) -> Handler:
    """Serve these adjusted closes; ``before`` may answer a request for prices first (None to pass)."""

    def handle(request: Request) -> Reply:
        parts = urlsplit(request.path)
        if not parts.path.startswith("/v8/finance/chart/"):
            return Reply(b"crumb" if parts.path.endswith("getcrumb") else b"{}")
        ticker = parts.path.rsplit("/", 1)[1]
        query = parse_qs(parts.query)
        early = before(ticker, request) if before and "period1" in query else None
        if early is not None:
            return early
        if ticker not in prices:
            return not_found(ticker)
        closes = prices[ticker]
        if "period1" not in query:  # yfinance asks for one day to learn the time zone
            return Reply(chart(ticker, closes.tail(1)))
        first, last = (
            pd.Timestamp(int(query[name][0]), unit="s", tz="UTC").tz_convert(NEW_YORK).tz_localize(None)
            for name in ("period1", "period2")
        )
        return Reply(chart(ticker, closes[(closes.index >= first) & (closes.index < last)]))

    return handle


def asked_for(requests: list[Request], ticker: str) -> list[tuple[str, str]]:
    """First and last day (exclusive) of each request for prices of ``ticker``."""
    spans = []
    for request in requests:
        query = parse_qs(urlsplit(request.path).query)
        if f"/chart/{ticker}" in request.path and "period1" in query:
            days = [
                pd.Timestamp(int(query[name][0]), unit="s", tz="UTC").tz_convert(NEW_YORK).date().isoformat()
                for name in ("period1", "period2")
            ]
            spans.append((days[0], days[1]))
    return spans
