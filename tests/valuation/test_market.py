"""Market values from the user's own table: newest row, currencies, and nobody dropped in silence."""

from __future__ import annotations

import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.valuation.market import with_market_values
from undercut.valuation.vendors import vendor_case

CLOSES = pd.DataFrame(
    {
        "ticker": ["NVDA", "NVDA", "TSM", "BABA", "OPENAI"],
        "date": ["2026-08-10", "2026-08-07", "2026-08-10", "2026-08-10", "2026-08-10"],
        "close": [100.0, 90.0, 200.0, 100.0, 1.0],
    }
)


def test_a_close_times_shares_is_a_market_value_in_the_accounts_currency(fundamentals: pd.DataFrame) -> None:
    cases = [vendor_case(t, fundamentals) for t in ("NVDA", "TSM", "BABA", "OPENAI", "AMD")]
    found = with_market_values(cases, CLOSES, fundamentals, source="own file")
    nvidia, taiwan = (case.market_value for case in found.cases)
    assert nvidia is not None and taiwan is not None
    assert nvidia.value == pytest.approx(100 * 24_100) and nvidia.day == "2026-08-10"
    assert taiwan.value == pytest.approx(200 * 25_930 / 5 * 31.114) and taiwan.currency == "TWD"
    assert set(found.left_out) == {"BABA", "OPENAI", "AMD"}
    assert "No published rate of CNY" in found.left_out["BABA"]
    assert "no number of shares" in found.left_out["OPENAI"] and "no row" in found.left_out["AMD"]
    weight = found.cases[0].assumptions["debt_weight"].default
    assert weight == pytest.approx(33_366 / (33_366 + 2_410_000))


def test_as_of_takes_no_later_close(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("NVDA", fundamentals)
    found = with_market_values([case], CLOSES, fundamentals, source="own file", as_of="2026-08-08")
    assert [case.market_value.value for case in found.cases] == pytest.approx([90 * 24_100])


def test_stated_market_values_may_be_in_their_own_currency(fundamentals: pd.DataFrame) -> None:
    table = pd.DataFrame(
        {"ticker": ["BABA"], "date": ["2026-08-10"], "market_value": [2e6], "currency": ["CNY"]}
    )
    found = with_market_values([vendor_case("BABA", fundamentals)], table, fundamentals, source="press")
    assert [case.market_value.value for case in found.cases] == [2e6] and not found.left_out


def test_a_table_without_values_is_refused(fundamentals: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="needs ticker, date and one of market_value, close"):
        with_market_values([], CLOSES.drop(columns="close"), fundamentals, source="own file")
