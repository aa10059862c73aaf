"""The cash-flow model against closed forms, limits, invariances and the nonsense that it must refuse."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.valuation.closed_forms import gordon, two_stage, value_driver
from tests.valuation.firms import firm, values
from undercut.errors import InputError
from undercut.valuation.assumptions import ROLES, load_assumptions
from undercut.valuation.cashflow import Horizon, discounted_value, taxes
from undercut.valuation.company import Company

YEAR_END = Horizon(explicit_years=10, fade_years=0, mid_year=False)


def test_a_firm_without_ai_is_worth_its_two_stage_value() -> None:
    given_ = values(ai_revenue_share=0.0, other_growth=0.12, risk_free=0.09, terminal_growth=0.025)
    found = discounted_value(firm(), given_, horizon=YEAR_END)
    expected = two_stage(100, growth=0.12, years=10, rate=0.09, terminal_growth=0.025)
    assert found.enterprise[0] == pytest.approx(expected, rel=1e-12)
    assert found.enterprise[0] == pytest.approx(3233.424894248597, abs=1e-9)  # the documented case
    assert found.ai_share[0] == 0


def test_the_terminal_value_is_the_value_driver_formula() -> None:
    given_ = values(
        ai_revenue_share=0.0, other_growth=0.03, risk_free=0.09, terminal_growth=0.03, tax_rate=0.2,
        return_on_new_capital=0.12,
    )  # fmt: skip
    found = discounted_value(firm(), given_, horizon=YEAR_END)
    profit = 80 * 1.03**11
    expected = value_driver(profit, growth=0.03, return_on_capital=0.12, rate=0.09) / 1.09**10
    assert found.terminal[0] == pytest.approx(expected, rel=1e-12)
    flows = [80 * 1.03**year / 1.09**year for year in range(1, 11)]
    assert found.enterprise[0] == pytest.approx(sum(flows) + expected, rel=1e-12)
    assert found.terminal_share[0] == pytest.approx(expected / (sum(flows) + expected), rel=1e-12)


def test_mid_year_cash_is_worth_half_a_year_more() -> None:
    given_ = values(ai_revenue_share=0.3, risk_free=0.08)
    late = discounted_value(firm(), given_, horizon=YEAR_END).enterprise[0]
    middle = discounted_value(firm(), given_, horizon=Horizon(10, 0, mid_year=True)).enterprise[0]
    assert middle == pytest.approx(late * 1.08**0.5, rel=1e-12)


def test_investment_is_growth_over_sales_to_capital_and_never_flows_back() -> None:
    rises = values(ai_revenue_share=0.0, other_growth=0.10, sales_to_capital_other=2.0)
    found = discounted_value(firm(), rises, horizon=YEAR_END)
    assert found.other.investment[0, 0] == pytest.approx(100 / 2)
    falls = values(ai_revenue_share=0.0, other_growth=-0.10, sales_to_capital_other=2.0)
    assert discounted_value(firm(), falls, horizon=YEAR_END).other.investment.max() == 0


def test_a_seller_without_erosion_earns_demand_at_todays_margin() -> None:
    given_ = values(
        ai_revenue_share=1.0, demand_growth=0.2, terminal_growth=0.03, compute_cost_share=0.4,
        overhead_share=0.3, overhead_long_run=0.5, risk_free=0.09,
    )  # fmt: skip
    found = discounted_value(firm(), given_, horizon=YEAR_END)
    assert found.enterprise[0] == pytest.approx(
        two_stage(300, growth=0.2, years=10, rate=0.09, terminal_growth=0.03), rel=1e-12
    )
    assert found.ai_share[0] == pytest.approx(1)


def test_without_elasticity_revenue_falls_with_the_price() -> None:
    given_ = values(
        ai_revenue_share=1.0, elasticity=0.0, demand_growth=0.0, terminal_growth=0.0, price_erosion=0.3,
        frontier_erosion=0.3,
    )  # fmt: skip
    revenue = discounted_value(firm(), given_, horizon=YEAR_END).ai.revenue[:, 0]
    assert revenue == pytest.approx(1000 * 0.7 ** np.arange(1, 11), rel=1e-12)


def test_with_unit_elasticity_revenue_does_not_see_the_price() -> None:
    given_ = values(ai_revenue_share=1.0, elasticity=-1.0, demand_growth=0.1, terminal_growth=0.1,
                    price_erosion=0.5, frontier_erosion=0.2, risk_free=0.2, pass_through=1.0)  # fmt: skip
    revenue = discounted_value(firm(), given_, horizon=YEAR_END).ai.revenue[:, 0]
    assert revenue == pytest.approx(1000 * 1.1 ** np.arange(1, 11), rel=1e-12)


def test_an_infinite_fade_keeps_todays_growth_to_the_horizon() -> None:
    given_ = values(ai_revenue_share=0.0, other_growth=0.12, other_half_life=math.inf)
    revenue = discounted_value(firm(), given_, horizon=YEAR_END).other.revenue[:, 0]
    assert revenue == pytest.approx(1000 * 1.12 ** np.arange(1, 11), rel=1e-12)


def test_the_fade_ends_at_terminal_growth_in_a_straight_line() -> None:
    given_ = values(ai_revenue_share=0.0, other_growth=0.13, terminal_growth=0.03)
    revenue = discounted_value(firm(), given_, horizon=Horizon(2, 5)).other.revenue[:, 0]
    growth = revenue[1:] / revenue[:-1] - 1
    assert growth[1:] == pytest.approx([0.11, 0.09, 0.07, 0.05, 0.03])


def test_no_price_falls_below_the_cost_of_serving() -> None:
    given_ = values(
        ai_revenue_share=1.0, elasticity=0.0, demand_growth=0.0, terminal_growth=0.0, price_erosion=0.9,
        frontier_erosion=0.9, least_markup=0.0, compute_cost_share=0.4,
    )  # fmt: skip
    revenue = discounted_value(firm(), given_, horizon=YEAR_END).ai.revenue[:, 0]
    assert revenue == pytest.approx(np.full(10, 400.0))


def test_losses_are_set_against_later_profit_before_tax() -> None:
    income = np.array([[-100.0, 50.0], [60.0, -80.0], [100.0, 20.0], [10.0, 40.0]])
    rate = np.array([0.2, 0.2])
    paid = taxes(income, rate)
    assert paid[:, 0] == pytest.approx([0, 0, 12, 2])
    assert paid[:, 1] == pytest.approx([10, 0, 0, 0])

    def naive(flow: np.ndarray) -> list[float]:
        carried, due = 0.0, []
        for profit in flow:
            carried += min(profit, 0)
            used = min(max(profit, 0), -carried)
            carried += used
            due.append(0.2 * (max(profit, 0) - used))
        return due

    rng = np.random.default_rng(1)
    many = rng.normal(0, 100, (15, 50))
    assert taxes(many, np.full(50, 0.2)) == pytest.approx(np.array([naive(c) for c in many.T]).T)


def test_a_loss_making_firm_has_a_value_and_what_loses_at_the_horizon_is_closed() -> None:
    loses = values(ai_revenue_share=1.0, compute_cost_share=0.8, overhead_share=0.5, overhead_long_run=1.2,
                   risk_free=0.09)  # fmt: skip
    found = discounted_value(firm(operating_income=-300.0), loses, horizon=YEAR_END)
    assert found.terminal[0] == 0 and found.enterprise[0] < 0
    turns = values(ai_revenue_share=1.0, compute_cost_share=0.3, overhead_share=2.5, overhead_long_run=0.4,
                   margin_half_life=4.0, risk_free=0.09)  # fmt: skip
    found = discounted_value(firm(operating_income=-300.0), turns, horizon=YEAR_END)
    assert found.ai.income[0, 0] < 0 < found.enterprise[0]


def test_equity_is_operations_less_debt_plus_cash_and_stakes() -> None:
    company = firm(debt=300.0, cash=120.0, shares=50.0)
    found = discounted_value(company, values(non_operating_assets=0.2))
    assert found.equity[0] == pytest.approx(found.enterprise[0] - 300 + 120 + 200)
    assert found.per_share[0] == pytest.approx(found.equity[0] / 50)


def test_share_based_pay_counts_as_a_cost_unless_told_otherwise() -> None:
    company = firm(share_based_pay=40.0)
    cost = discounted_value(company, values(ai_revenue_share=0.0), horizon=YEAR_END).enterprise[0]
    added_back = values(ai_revenue_share=0.0, share_based_pay_counted=0.0)
    assert discounted_value(company, added_back, horizon=YEAR_END).enterprise[0] == pytest.approx(1.4 * cost)


def test_machines_that_wear_faster_than_the_accounts_say_lower_profit() -> None:
    slow = values(ai_revenue_share=1.0, ai_margin=0.3, ai_margin_long_run=0.3, accelerator_intensity=2.0,
                  accelerator_life=4.0, accounting_life=5.0, demand_growth=0.0,
                  terminal_growth=0.0)  # fmt: skip
    found = discounted_value(firm("cloud", operating_income=300.0), slow, horizon=YEAR_END)
    assert found.ai.income[0, 0] / found.ai.revenue[0, 0] == pytest.approx(0.3 - 2 * (1 / 4 - 1 / 5))


def test_todays_segments_add_up_to_the_accounts() -> None:
    given_ = values(ai_revenue_share=0.4, ai_margin=0.05, ai_margin_long_run=0.05, demand_growth=0.0,
                    terminal_growth=0.0, other_growth=0.0)  # fmt: skip
    found = discounted_value(firm("cloud"), given_, horizon=YEAR_END)
    assert found.ai.income[0, 0] + found.other.income[0, 0] == pytest.approx(100)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("units", [1e-6, 31.114, 7.1])
def test_values_do_not_depend_on_units_or_currency(role: str, units: float) -> None:
    defaults = load_assumptions().values()
    company = firm(role, debt=200.0, cash=50.0, share_based_pay=30.0)
    money = ("revenue", "operating_income", "share_based_pay", "debt", "cash")
    elsewhere = replace(company, **{name: units * getattr(company, name) for name in money})
    base = discounted_value(company, defaults)
    other = discounted_value(elsewhere, defaults)
    for name in ("enterprise", "ai_value", "terminal", "equity"):
        assert getattr(other, name) == pytest.approx(units * getattr(base, name), rel=1e-12)
    assert other.ai_share == pytest.approx(base.ai_share, rel=1e-12)


def test_elapsed_time_lets_operations_grow_at_the_cost_of_capital() -> None:
    given_ = values(risk_free=0.08)
    company = firm(debt=100.0)
    now, later = (discounted_value(company, given_, elapsed_years=years) for years in (0.0, 0.5))
    assert later.enterprise == pytest.approx(now.enterprise * 1.08**0.5, rel=1e-12)
    assert later.equity == pytest.approx(later.enterprise - 100, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    role=st.sampled_from(ROLES), growth=st.floats(0.0, 1.0), more=st.floats(0.01, 0.5),
    share=st.floats(0.1, 1.0),
)  # fmt: skip
def test_value_rises_in_volume_where_business_earns_its_capital(
    role: str, growth: float, more: float, share: float
) -> None:
    rich = {"ai_margin": 0.4, "ai_margin_long_run": 0.4, "compute_cost_share": 0.2, "overhead_share": 0.3,
            "risk_free": 0.09, "terminal_growth": 0.02, "ai_revenue_share": share,
            "demand_half_life": 2.0, "compute_growth_today": 0.5}  # fmt: skip
    company = firm(role, operating_income=400.0)
    less = discounted_value(company, values(demand_growth=growth, **rich)).enterprise[0]
    assert discounted_value(company, values(demand_growth=growth + more, **rich)).enterprise[0] > less


@settings(max_examples=40, deadline=None)
@given(role=st.sampled_from(ROLES), rate=st.floats(0.05, 0.15), more=st.floats(0.005, 0.1))
def test_value_falls_in_the_discount_rate_of_a_firm_that_pays_out(
    role: str, rate: float, more: float
) -> None:
    company = firm(role, operating_income=300.0)
    calm = {"terminal_growth": 0.02, "demand_growth": 0.05, "ai_margin": 0.3, "ai_margin_long_run": 0.3,
            "compute_cost_share": 0.3, "overhead_share": 0.3}  # fmt: skip
    dear = discounted_value(company, values(risk_free=rate, **calm)).enterprise[0]
    assert discounted_value(company, values(risk_free=rate + more, **calm)).enterprise[0] < dear


@settings(max_examples=30, deadline=None)
@given(role=st.sampled_from(ROLES), scale=st.floats(0.01, 100))
def test_value_is_homogeneous_of_degree_one_in_money(role: str, scale: float) -> None:
    defaults = load_assumptions().values()
    small = firm(role, debt=10.0)
    large = firm(role, debt=10.0 * scale, revenue=1000 * scale, operating_income=100 * scale)
    found = [discounted_value(company, defaults).equity[0] for company in (small, large)]
    assert found[1] == pytest.approx(scale * found[0], rel=1e-9)


def test_many_draws_give_what_each_gives_alone() -> None:
    rng = np.random.default_rng(0)
    base = load_assumptions()
    names = base.uncertain("chips")
    draws = {name: base[name].quantile(rng.uniform(size=20)) for name in names}
    together = discounted_value(firm("chips", operating_income=300.0), {**base.values(), **draws})
    for i in range(20):
        one = {**base.values(), **{name: array[i : i + 1] for name, array in draws.items()}}
        alone = discounted_value(firm("chips", operating_income=300.0), one)
        assert alone.equity[0] == pytest.approx(together.equity[i], rel=1e-12)


def test_nonsense_is_explained_by_its_economics() -> None:
    with pytest.raises(InputError, match=r"5\.00% for ever at a discount rate of 4\.00%.*outgrow the whole"):
        discounted_value(firm(), values(terminal_growth=0.05, risk_free=0.04))
    some = {**values(risk_free=0.04), "terminal_growth": np.array([0.05, 0.02, 0.03])}
    with pytest.raises(InputError, match="1 of 3 draws"):
        discounted_value(firm(), some)
    with pytest.raises(InputError, match="takes more than the whole profit every year"):
        discounted_value(firm(), values(terminal_growth=0.03, risk_free=0.09, return_on_new_capital=0.02))
    with pytest.raises(InputError, match="other business would mean that its costs are negative"):
        discounted_value(firm(), values(ai_revenue_share=0.9, overhead_share=2.0, risk_free=0.09))
    with pytest.raises(InputError, match="a margin above 100% would mean that costs are negative"):
        firm(operating_income=1200.0)
    with pytest.raises(InputError, match="needs at least one explicit year"):
        Horizon(explicit_years=0)
    with pytest.raises(InputError, match="need one value or 3"):
        uneven = {"elasticity": np.zeros(3), "tax_rate": np.zeros(2)}
        discounted_value(firm(), {**values(risk_free=0.09), **uneven})


def test_a_perpetuity_without_growth_is_income_over_rate() -> None:
    given_ = values(ai_revenue_share=0.0, other_growth=0.0, terminal_growth=0.0, risk_free=0.08)
    found = discounted_value(firm(), given_, horizon=YEAR_END).enterprise[0]
    assert found == pytest.approx(gordon(100, rate=0.08, growth=0.0), rel=1e-12)


def test_result_shows_bridge_cash_flows_and_a_sentence_without_advice() -> None:
    found = discounted_value(firm(shares=10.0, debt=5.0), values(risk_free=0.09))
    table = found.table().set_index("item")["value"]
    assert table["operations"] - table["debt"] + table["cash"] == pytest.approx(table["equity"])
    assert table["AI business"] + table["other business"] == pytest.approx(table["operations"])
    assert len(found.cash_flows()) == 15
    assert "Not a target price" in found.summary()


def test_company_refuses_unknown_roles_and_firms_without_revenue() -> None:
    with pytest.raises(InputError, match=r"Unknown role 'sellr'\. Did you mean: seller"):
        firm("sellr")
    with pytest.raises(InputError, match="revenue must be above zero"):
        firm(revenue=0.0)
    assert isinstance(firm(), Company)
