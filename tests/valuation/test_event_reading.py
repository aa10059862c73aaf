"""An abnormal return as news about cash flows, never from assumptions that already contain it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from undercut.errors import InputError
from undercut.valuation.company import MarketValue
from undercut.valuation.event_reading import cash_flow_news
from undercut.valuation.vendors import vendor_case

RETURN = {"day": "2025-01-27", "abnormal_return": -0.10, "interval": (-0.14, -0.06)}


def test_scaling_the_cash_flows_by_the_news_gives_the_return(fundamentals: pd.DataFrame) -> None:
    found = vendor_case("NVDA", fundamentals).value()
    news = cash_flow_news(found, **RETURN)  # type: ignore[arg-type]
    equity = float(found.enterprise[0]) * (1 + news.all_flows[0]) - found.company.net_debt
    assert equity / float(found.equity[0]) - 1 == pytest.approx(-0.10, rel=1e-9)
    ai = float(found.ai_value[0]) * (1 + news.ai_flows[0])
    rest = float(found.enterprise[0] - found.ai_value[0])
    assert (ai + rest - found.company.net_debt) / float(found.equity[0]) - 1 == pytest.approx(-0.10, rel=1e-9)
    assert news.equity_change[0] == pytest.approx(-0.10 * float(found.equity[0]))


def test_dollars_are_those_of_the_market_value_before(fundamentals: pd.DataFrame) -> None:
    before = MarketValue(3_492_000, "USD", "2025-01-24", "test")
    found = vendor_case("NVDA", fundamentals).value()
    news = cash_flow_news(found, market_value_before=before, **RETURN)  # type: ignore[arg-type]
    assert news.equity_change == pytest.approx((-349_200, -488_880, -209_520))
    assert news.table()["estimate"].tolist()[0] == -0.10
    with pytest.raises(InputError, match="give one from before"):
        cash_flow_news(found, market_value_before=replace(before, day="2025-01-27"), **RETURN)  # type: ignore[arg-type]


def test_a_valuation_calibrated_after_the_event_is_refused_as_circular(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("NVDA", fundamentals)
    for day, circular in (("2025-01-28", True), ("2025-01-27", True), ("2025-01-24", False)):
        found = case.value().calibrated(MarketValue(2_500_000, "USD", day, "test"))
        if circular:
            with pytest.raises(InputError, match="circular"):
                cash_flow_news(found, **RETURN)  # type: ignore[arg-type]
        else:
            assert cash_flow_news(found, **RETURN).all_flows[0] < 0  # type: ignore[arg-type]


def test_a_firm_without_equity_has_no_base(fundamentals: pd.DataFrame) -> None:
    found = vendor_case("OPENAI", fundamentals).with_values({"overhead_long_run": 1.3}).value()
    with pytest.raises(InputError, match="no base"):
        cash_flow_news(found, **RETURN)  # type: ignore[arg-type]
