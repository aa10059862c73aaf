"""Closed forms against documented spreadsheet examples and formulas written a second time."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paths import SHARED
from undercut.errors import InputError
from undercut.valuation import closed_forms as forms

CASES = SHARED / "cases" / "18_excel_dcf" / "cases.json"


@pytest.fixture(scope="module")
def excel() -> dict[str, Any]:
    if not CASES.exists():
        pytest.skip("../shared/cases is not here")
    return json.loads(CASES.read_text())


def test_dated_flows_agree_with_xnpv_and_xirr(excel: dict[str, Any]) -> None:
    case = excel["xnpv"]
    found = forms.dated_present_value(case["rate"], case["values"], case["dates"])
    assert found == pytest.approx(case["expected"], abs=1e-5)
    case = excel["xirr"]
    rate = forms.internal_rate(case["values"], case["dates"])
    assert rate == pytest.approx(case["expected"], abs=1e-8)  # the spreadsheet stops iterating at 1e-8
    assert forms.dated_present_value(rate, case["values"], case["dates"]) == pytest.approx(0, abs=1e-9)


def test_yearly_flows_agree_with_npv(excel: dict[str, Any]) -> None:
    case = excel["npv_excel_first_flow_at_t1"]
    assert forms.present_value(case["rate"], case["values"]) == pytest.approx(case["expected"], abs=0.005)
    case = excel["npv2"]
    found = case["initial"] + forms.present_value(case["rate"], case["values"])
    assert found == pytest.approx(case["expected"], abs=0.005)


@pytest.mark.parametrize(("name", "digits"), [("irr_5", 5e-5), ("irr_4", 5e-5), ("clickhouse_irr", 1e-12)])
def test_internal_rates_agree_with_irr(excel: dict[str, Any], name: str, digits: float) -> None:
    case = excel[name]
    assert forms.internal_rate(case["values"]) == pytest.approx(case["expected"], abs=digits)


def test_two_stage_value_agrees_with_the_closed_form_of_the_case(excel: dict[str, Any]) -> None:
    case = excel["closed_forms"]["two_stage_dcf"]
    found = forms.two_stage(
        case["F"], growth=case["g"], years=case["N"], rate=case["r"], terminal_growth=case["g_terminal"]
    )
    assert found == pytest.approx(case["expected"], abs=1e-9)


def test_two_internal_rates_are_named_rather_than_one_picked() -> None:
    with pytest.raises(InputError, match=r"2 internal rates \(10\.0000%, 20\.0000%\)"):
        forms.internal_rate([-100, 230, -132])
    with pytest.raises(InputError, match="no internal rate"):
        forms.internal_rate([100, 100])


@given(
    growth=st.floats(-0.2, 0.3), rate=st.floats(0.05, 0.3), gap=st.floats(0.01, 0.2), years=st.integers(1, 30)
)
def test_two_stage_value_is_the_sum_of_its_flows(growth: float, rate: float, gap: float, years: int) -> None:
    terminal = rate - gap
    flows = [100 * (1 + growth) ** year for year in range(1, years + 1)]
    end = forms.gordon(flows[-1] * (1 + terminal), rate=rate, growth=terminal) / (1 + rate) ** years
    naive = sum(flow / (1 + rate) ** year for year, flow in enumerate(flows, 1)) + end
    found = forms.two_stage(100, growth=growth, years=years, rate=rate, terminal_growth=terminal)
    assert found == pytest.approx(naive, rel=1e-9)


@given(rate=st.floats(0.05, 0.3), gap=st.floats(0.01, 0.2), back=st.floats(0.35, 2.0))
def test_value_driver_is_gordon_on_what_is_paid_out(rate: float, gap: float, back: float) -> None:
    growth = rate - gap
    found = forms.value_driver(100, growth=growth, return_on_capital=back, rate=rate)
    assert found == pytest.approx(
        forms.gordon(100 * (1 - growth / back), rate=rate, growth=growth), rel=1e-12
    )
    # Growth that earns just the cost of capital adds nothing.
    assert forms.value_driver(100, growth=growth, return_on_capital=rate, rate=rate) == pytest.approx(
        100 / rate
    )


def test_h_model_is_gordon_without_extra_growth_and_near_the_sum_of_flows_with_it() -> None:
    same = forms.h_model(100, growth=0.04, half_life=5, rate=0.12, terminal_growth=0.04)
    assert same == pytest.approx(forms.gordon(104, rate=0.12, growth=0.04), rel=1e-12)
    longer, shorter = (
        forms.h_model(100, growth=0.10, half_life=h, rate=0.12, terminal_growth=0.04) for h in (5, 3)
    )
    assert longer - shorter == pytest.approx(2 * 100 * 0.06 / 0.08, rel=1e-12)
    rates = np.linspace(0.10, 0.04, 11)[1:]  # falls over 2H = 10 years
    flows = 100 * np.cumprod(1 + rates)
    end = forms.gordon(flows[-1] * 1.04, rate=0.12, growth=0.04) / 1.12**10
    naive = float(np.sum(flows / 1.12 ** np.arange(1, 11))) + end
    # An approximation: it does not discount the extra growth of later years.
    assert forms.h_model(100, growth=0.10, half_life=5, rate=0.12, terminal_growth=0.04) == pytest.approx(
        naive, rel=0.05
    )


def test_nonsense_is_explained_by_its_economics() -> None:
    with pytest.raises(InputError, match="outgrow the whole economy"):
        forms.gordon(1, rate=0.05, growth=0.05)
    with pytest.raises(InputError, match="nothing would ever be paid out"):
        forms.value_driver(1, growth=0.05, return_on_capital=0.04, rate=0.09)
    with pytest.raises(InputError, match="must exceed -100%"):
        forms.present_value(-1.0, [1.0])
