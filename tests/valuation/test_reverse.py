"""What a market value implies: round trips, and no root, one or several told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from undercut.errors import InputError
from undercut.valuation.assumptions import load_assumptions
from undercut.valuation.company import MarketValue
from undercut.valuation.reverse import implied, implied_table
from undercut.valuation.vendors import Case, vendor_case, vendor_names


def priced(case: Case, value: float) -> Case:
    """With a market value, the weight of debt left alone."""
    return replace(case, market_value=MarketValue(value, case.company.currency, "2026-11-23", "test"))


def matters() -> list[tuple[str, str]]:
    """Every vendor with each parameter that may be asked for and matters for its role."""
    known, vendors = load_assumptions(), vendor_names()
    asked = ("price_erosion", "demand_growth", "ai_margin_long_run", "overhead_long_run")
    return [
        (row.ticker, name) for row in vendors.itertuples() for name in asked if row.role in known[name].roles
    ]


@pytest.mark.parametrize(("ticker", "parameter"), matters())
def test_forward_and_reverse_are_each_others_inverse(
    fundamentals: pd.DataFrame, ticker: str, parameter: str
) -> None:
    case = vendor_case(ticker, fundamentals)
    truth = case.assumptions[parameter].default * 1.07 + 0.011
    forward = float(case.value({parameter: np.array([truth])}).equity[0])
    assert forward > 0
    found = implied(priced(case, forward), parameter)
    assert any(abs(root - truth) < 1e-7 for root in found.roots), found.summary()
    for root in found.roots:
        back = float(case.value({parameter: np.array([root])}).equity[0])
        assert back == pytest.approx(forward, rel=1e-9)


def test_a_value_out_of_reach_has_no_root_and_says_what_is_in_reach(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("ADBE", fundamentals)
    found = implied(priced(case, 1e9), "price_erosion")
    assert found.verdict == "none" and found.roots == ()
    assert "the model reaches" in found.summary()
    with pytest.raises(InputError, match="the model reaches"):
        _ = found.value
    with pytest.raises(InputError):
        found.valuation()


def test_several_roots_are_all_told(fundamentals: pd.DataFrame) -> None:
    # Beyond minus one, faster erosion sells more at a thinner margin: value rises, then falls.
    case = vendor_case("ANTHROPIC", fundamentals).with_values(
        {"elasticity": -2.5, "price_floor": 0.0, "efficiency_gain": 0.5}
    )
    grid = np.linspace(-0.2, 0.6, 401)
    values = case.value({"frontier_erosion": grid}).equity
    top = int(np.argmax(values))
    assert 0 < top < 400, "the example needs a hump"
    level = float(0.5 * values[top] + 0.5 * max(values[0], values[-1], 0.0))
    found = implied(priced(case, level), "frontier_erosion", search=(-0.2, 0.6))
    assert found.verdict == "several" and len(found.roots) == 2
    assert found.roots[0] < grid[top] < found.roots[1]
    with pytest.raises(InputError, match="several values of frontier_erosion"):
        _ = found.value


def test_a_parameter_of_another_role_has_no_effect(fundamentals: pd.DataFrame) -> None:
    found = implied(priced(vendor_case("NVDA", fundamentals), 1e6), "pass_through", search=(0.0, 1.0))
    assert found.verdict == "no effect" and "role chips" in found.summary()


def test_what_is_implied_is_marked_as_calibrated(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("NVDA", fundamentals)
    found = implied(priced(case, float(case.value().equity[0]) * 1.1), "demand_growth")
    market = found.valuation().calibrated_to
    assert market is not None and market.day == "2026-11-23"
    assert case.value().calibrated_to is None


def test_a_case_without_market_value_says_how_to_give_one(fundamentals: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="market_value="):
        implied(vendor_case("NVDA", fundamentals), "price_erosion")


def test_the_table_has_a_row_for_each_parameter_that_matters(fundamentals: pd.DataFrame) -> None:
    cases = [priced(vendor_case(t, fundamentals), 1e6) for t in ("NVDA", "ADBE")]
    table = implied_table(cases, ["price_erosion", "ai_margin_long_run"])
    assert list(zip(table["ticker"], table["parameter"], strict=True)) == [
        ("NVDA", "price_erosion"), ("NVDA", "ai_margin_long_run"), ("ADBE", "price_erosion"),
    ]  # fmt: skip
    assert table["ai_share"].iloc[-1] == pytest.approx(cases[1].value().ai_share[0])
    with pytest.raises(InputError, match="None of these parameters"):
        implied_table(cases[:1], ["pass_through"])
