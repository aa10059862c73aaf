"""Live accounts through yfinance itself, against a server on loopback: answers, and every way of failing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from tests.loopback import Handler, Reply, Request, serve
from tests.yahoo import LoopbackSession
from undercut.errors import InputError, SourceError
from undercut.provenance import provenance_of
from undercut.valuation.company import accounts
from undercut.valuation.live import live_fundamentals, live_market_value
from undercut.valuation.vendors import vendor_case

ENDS = ["2025-04-27", "2025-07-27", "2025-10-26", "2026-01-25", "2026-04-26"]
LINES: dict[str, list[float]] = {
    "TotalRevenue": [40e9, 45e9, 50e9, 55e9, 60e9], "OperatingIncome": [20e9, 22e9, 24e9, 26e9, 30e9],
    "PretaxIncome": [21e9, 23e9, 25e9, 27e9, 45e9], "StockBasedCompensation": [1e9, 1e9, 1e9, 1e9, 2e9],
    "TotalDebt": [8e9, 8e9, 8e9, 8e9, 33e9], "CashAndCashEquivalents": [9e9, 9e9, 9e9, 9e9, 12e9],
    "CashCashEquivalentsAndShortTermInvestments": [40e9, 45e9, 50e9, 60e9, 62e9],
    "DilutedAverageShares": [24.5e9, 24.4e9, 24.4e9, 24.3e9, 24.2e9],
}  # fmt: skip
PRICE = {"financialCurrency": "USD", "currency": "USD", "marketCap": 4.2e12}


def statements(lines: dict[str, list[float]], info: dict[str, Any], ends: list[str] = ENDS) -> Handler:
    """Yahoo's time series of fundamentals and its summary of a quote."""

    def series(kind: str) -> dict[str, Any]:
        values = lines[kind.removeprefix("quarterly")]
        stamps = [int(pd.Timestamp(end).timestamp()) for end in ends]
        rows = [{"asOfDate": end, "reportedValue": {"raw": v}} for end, v in zip(ends, values, strict=True)]
        return {"meta": {"type": [kind]}, "timestamp": stamps, kind: rows}

    def handle(request: Request) -> Reply:
        parts = urlsplit(request.path)
        if "/timeseries/" in parts.path:
            asked = parse_qs(parts.query)["type"][0].split(",")
            known = [series(kind) for kind in asked if kind.removeprefix("quarterly") in lines]
            return Reply(json.dumps({"timeseries": {"result": known, "error": None}}).encode())
        if "/quoteSummary/" in parts.path:
            module = {"financialData": {"financialCurrency": info.get("financialCurrency")}, "price": info}
            return Reply(json.dumps({"quoteSummary": {"result": [module], "error": None}}).encode())
        if parts.path.startswith("/v7/finance/quote"):
            return Reply(json.dumps({"quoteResponse": {"result": [info], "error": None}}).encode())
        return Reply(b"crumb" if parts.path.endswith("getcrumb") else b"{}")

    return handle


def ask(handler: Handler, question: Callable[[LoopbackSession], Any]) -> Any:
    with serve(handler) as server:
        return question(LoopbackSession(server.url))


def test_four_quarters_are_summed_and_the_newest_balance_sheet_taken() -> None:
    found = ask(
        statements(LINES, PRICE), lambda s: live_fundamentals("NVDA", as_of="2026-07-31", session=s)
    ).set_index("item")["value"]
    assert found["revenue"] == pytest.approx(210_000) and found["operating_income"] == pytest.approx(102_000)
    assert found["total_debt"] == pytest.approx(33_000), "debt raised in the last quarter counts"
    assert found["share_based_compensation"] == pytest.approx(5_000)


def test_live_figures_go_the_same_way_as_the_table() -> None:
    frame = ask(statements(LINES, PRICE), lambda s: live_fundamentals("NVDA", as_of="2026-07-31", session=s))
    found = accounts(frame, "NVDA")
    assert (found.fiscal_period, found.period_end, found.currency) == ("LTM", "2026-04-26", "USD")
    assert found.value("cash") == pytest.approx(62_000) and found.value("shares") == pytest.approx(24_200)
    assert any("outside operations" in note for note in found.notes)
    assert provenance_of(frame)[0]["source"] == "Yahoo Finance"


def test_live_rows_below_the_table_bring_newer_months_and_keep_published_segments(
    fundamentals: pd.DataFrame,
) -> None:
    later = [f"{pd.Timestamp(end) + pd.Timedelta(days=182):%Y-%m-%d}" for end in ENDS]
    handler = statements(LINES, PRICE, later)
    live = ask(handler, lambda s: live_fundamentals("NVDA", as_of="2027-01-31", session=s))
    both = pd.concat([fundamentals, live], ignore_index=True)
    case = vendor_case("NVDA", both)
    assert (case.company.period_end, case.company.revenue) == ("2026-10-25", pytest.approx(210_000))
    assert case.company.cash == pytest.approx(62_000)
    before = vendor_case("NVDA", fundamentals)
    share = case.assumptions["ai_revenue_share"]
    assert share.default == before.assumptions["ai_revenue_share"].default


def test_a_past_day_leaves_out_what_was_not_published_yet() -> None:
    found = ask(statements(LINES, PRICE), lambda s: live_fundamentals("NVDA", as_of="2026-05-31", session=s))
    assert found["period_end"].unique() == [pd.Timestamp("2026-01-25")]
    assert found.set_index("item")["value"]["revenue"] == pytest.approx(190_000)


def test_what_yahoo_lacks_is_said_and_never_an_empty_frame() -> None:
    short = {name: values[:3] for name, values in LINES.items()}
    without = {name: values for name, values in LINES.items() if name != "OperatingIncome"}
    cases = [
        (statements(short, PRICE, ENDS[:3]), "has 3 quarters"),
        (statements({**LINES, "OperatingIncome": [*[1e9] * 4, float("nan")]}, PRICE), "lacks operating"),
        (statements(without, PRICE), "lacks operating_income"),
        (statements(LINES, {**PRICE, "financialCurrency": None}), "in which currency"),
        (statements(LINES, PRICE, [ENDS[0], *ENDS[2:], "2026-10-25"]), "skips a quarter"),
        (statements({}, PRICE), "not what yfinance expects"),
        (lambda _: Reply(b"<html>", 200), "not what yfinance expects"),
        (lambda _: Reply(b"", 429), "limits the rate"),
    ]  # fmt: skip
    for handler, why in cases:
        with pytest.raises(SourceError, match=why):
            ask(handler, lambda s: live_fundamentals("NVDA", as_of="2026-12-31", session=s))


def test_no_network_is_a_source_error() -> None:
    with pytest.raises(SourceError, match="could not be reached"):
        live_fundamentals("NVDA", session=LoopbackSession("http://127.0.0.1:9"))


def test_a_day_that_is_none_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        live_fundamentals("NVDA", as_of="June")


def test_the_market_value_carries_its_currency_and_source() -> None:
    found = ask(statements(LINES, PRICE), lambda s: live_market_value("NVDA", session=s))
    assert (found.value, found.currency) == (pytest.approx(4.2e6), "USD") and "Yahoo" in found.source
    with pytest.raises(SourceError, match="no market value"):
        ask(statements(LINES, {"currency": "USD"}), lambda s: live_market_value("NVDA", session=s))
