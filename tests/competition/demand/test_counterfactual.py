"""Taking products away: what must not change, what must, and the answer found a second, slower way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from tests.competition.demand.worlds import simulate_markets
from undercut.competition.demand.counterfactual import (
    Market,
    Outcome,
    counterfactual,
    market_model,
    scenario_outcome,
    slope_for_elasticity,
)
from undercut.competition.demand.pricing import equilibrium
from undercut.competition.demand.system import DemandSystem, Form
from undercut.errors import InputError, UnknownNameError

FORMS: tuple[Form, ...] = ("unit", "expenditure")
PRODUCTS = pd.DataFrame(
    {
        "model_id": ["big", "small", "rival", "cheap", "free weights"],
        "developer": ["A", "A", "B", "C", "D"],
        "group": ["closed", "closed", "closed", "Chinese open", "other open"],
        "price": [10.0, 1.0, 3.0, 0.3, 0.2],
        "tokens": [5.0, 20.0, 8.0, 60.0, 10.0],
        "period": "2026-08",
    }
)
PRICES = PRODUCTS["price"].to_numpy()
CHINESE = PRODUCTS["group"].eq("Chinese open").to_numpy()


def market(form: Form = "expenditure", products: pd.DataFrame = PRODUCTS, **options: Any) -> Market:
    correlation = options.get("correlation", 0.3)
    slope = slope_for_elasticity(products, -3.0, correlation=correlation, form=form)
    return market_model(products, slope=slope, form=form, **({"correlation": correlation} | options))


def told(outcome: Outcome) -> dict[str, float]:
    return outcome.measures().iloc[0].to_dict()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_the_assumed_elasticity_is_the_mean_elasticity_of_the_model(form: Form, correlation: float) -> None:
    slope = slope_for_elasticity(PRODUCTS, -2.5, correlation=correlation, outside_share=0.3, form=form)
    model = market_model(PRODUCTS, slope=slope, correlation=correlation, outside_share=0.3, form=form)
    own = np.diag(model.system.elasticities(PRICES)[0, 0])
    assert own.mean() == pytest.approx(-2.5, rel=1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_the_model_reproduces_tokens_bought(form: Form) -> None:
    bought = market(form).system.quantities(PRICES)[0, 0]
    np.testing.assert_allclose(bought, PRODUCTS["tokens"], rtol=1e-10)


@pytest.mark.parametrize("open_at_cost", [True, False])
def test_removing_nothing_changes_nothing(open_at_cost: bool) -> None:
    outcome = counterfactual(market(open_at_cost=open_at_cost), remove=np.zeros(5, dtype=bool))
    np.testing.assert_allclose(outcome.products()["price_after"], PRICES, rtol=1e-9)
    assert outcome.surplus[0, 0] == pytest.approx(0.0, abs=1e-7)
    assert told(outcome)["closed_price"] == pytest.approx(0.0, abs=1e-7)


def test_removing_a_product_that_nobody_buys_changes_nothing() -> None:
    unsold = PRODUCTS.assign(tokens=np.where(CHINESE, 1e-12, PRODUCTS["tokens"]))
    found = told(counterfactual(market(products=unsold), remove=CHINESE))
    assert max(abs(found[name]) for name in ("closed_price", "price_paid", "surplus", "tokens")) < 1e-8


def test_removing_and_restoring_is_the_identity() -> None:
    model = market(open_at_cost=False)
    gone = counterfactual(model, remove=CHINESE).products()["price_after"].to_numpy()
    start = np.where(CHINESE, 99.0, gone)[None, None]
    restored = equilibrium(model.system, model.costs, model.firms, start=start)
    np.testing.assert_allclose(restored.prices[0, 0], PRICES, rtol=1e-8)


@settings(deadline=None, max_examples=40)
@given(
    tokens=st.lists(st.floats(0.1, 100), min_size=5, max_size=5),
    elasticity=st.floats(-6, -1.05),
    correlation=st.floats(0, 0.8),
    gone=st.integers(0, 4),
)
def test_surplus_falls_and_rivals_prices_rise_when_a_product_goes(
    tokens: list[float], elasticity: float, correlation: float, gone: int
) -> None:
    products = PRODUCTS.assign(tokens=tokens)
    slope = slope_for_elasticity(products, elasticity, correlation=correlation)
    model = market_model(products, slope=slope, correlation=correlation)
    remove = np.arange(5) == gone
    held = counterfactual(model, remove=remove, reprice=False)
    assert held.surplus.item() < 0
    if remove[CHINESE].all():
        repriced = counterfactual(model, remove=remove)
        assert repriced.surplus.item() <= held.surplus.item() + 1e-9
        assert told(repriced)["closed_price"] >= -1e-9


def test_the_order_of_rows_does_not_matter() -> None:
    turned = PRODUCTS.iloc[::-1].reset_index(drop=True)
    straight = told(counterfactual(market(), remove=CHINESE))
    reversed_ = told(counterfactual(market(products=turned), remove=CHINESE[::-1]))
    assert straight == pytest.approx(reversed_, rel=1e-9)


def brute_force(system: DemandSystem, costs: Any, firms: pd.Series, start: Any) -> Any:
    """Every seller of one product in turn picks its best price, until nobody moves."""
    prices = start.copy()
    for _ in range(400):
        before = prices.copy()
        for j in range(len(prices)):
            mine = (firms == firms.iloc[j]).to_numpy()

            def loss(price: float, j: int = j, mine: Any = mine) -> float:
                tried = prices.copy()
                tried[j] = price
                return -float(((tried - costs) * system.quantities(tried))[mine].sum())

            span = (costs[j] * 1.0001, costs[j] + 4 * (prices[j] - costs[j]) + 0.1)
            prices[j] = minimize_scalar(loss, bounds=span, method="bounded", options={"xatol": 1e-10}).x
        if np.abs(prices / before - 1).max() < 1e-8:
            break
    return prices


def invert_again(many: DemandSystem, stays: Any, size: float) -> DemandSystem:
    """The one market of a system of many, without the removed product's row."""
    values, nests = many.utility[0, 0][stays], many.nests[0][stays]
    slopes, rho = many.slopes[0, 0], float(np.ravel(many.correlation)[0])
    return DemandSystem(values, slopes, many.weights, nests, rho, size, many.form)


@pytest.mark.parametrize("form", FORMS)
def test_new_prices_are_those_of_best_responses_played_to_the_end(form: Form) -> None:
    drawn = simulate_markets(1, 6, seed=2, slope=-1.5, correlation=0.3, form=form)
    size = 1e6
    sold = drawn["tokens"] * (drawn["price"] if form == "expenditure" else 1.0)
    outside = 1 - float(sold.sum()) / size
    model = market_model(
        drawn, slope=-1.5, correlation=0.3, outside_share=outside, form=form, open_at_cost=False
    )
    np.testing.assert_allclose(model.costs[0, 0], drawn["cost"], rtol=1e-8)
    remove = np.arange(6) == 1
    found = counterfactual(model, remove=remove).products()["price_after"].to_numpy()
    left = drawn[~remove].reset_index(drop=True)
    system = invert_again(model.system, ~remove, size)
    slow = brute_force(system, left["cost"].to_numpy(), left["developer"], left["price"].to_numpy())
    np.testing.assert_allclose(found[~remove], slow, rtol=2e-4)


def test_a_fee_on_goods_sold_at_cost_is_passed_on_in_full() -> None:
    outcome = counterfactual(market(), fee=np.where(PRODUCTS["group"] == "closed", 0.0, 0.2))
    rise = outcome.products()["price_after"] - PRICES
    np.testing.assert_allclose(rise[3:], 0.2, rtol=1e-9)
    assert rise[:3].gt(0).all()
    assert outcome.surplus.item() < 0


def test_a_very_high_fee_is_like_removal() -> None:
    model = market()
    priced_out = counterfactual(model, fee=np.where(CHINESE, 1e9, 0.0))
    priced_out, removed = told(priced_out), told(counterfactual(model, remove=CHINESE))
    assert priced_out["surplus"] == pytest.approx(removed["surplus"], rel=1e-4)
    assert priced_out["closed_price"] == pytest.approx(removed["closed_price"], rel=1e-4)


def test_fees_are_nobodys_revenue() -> None:
    model = market()
    outcome = counterfactual(model, fee=np.where(CHINESE, 0.2, 0.0), reprice=False)
    taxed = outcome.products()[CHINESE]
    np.testing.assert_allclose(taxed["revenue_after"], 0.3 * taxed["tokens_after"])
    np.testing.assert_allclose(taxed["spend_after"], 0.5 * taxed["tokens_after"])


def test_measures_of_two_equal_markets_are_those_of_one() -> None:
    twice = pd.concat([PRODUCTS, PRODUCTS.assign(period="2026-09")], ignore_index=True)
    single = told(counterfactual(market(), remove=CHINESE))
    both = told(counterfactual(market(products=twice), remove=np.tile(CHINESE, 2)))
    assert both["surplus_usd"] == pytest.approx(2 * single["surplus_usd"])
    assert both["surplus"] == pytest.approx(single["surplus"])


def test_removing_all_open_models_costs_buyers_more_than_removing_the_chinese_ones() -> None:
    slope = slope_for_elasticity(PRODUCTS, -3.0)
    some, every = (
        told(scenario_outcome(market_model(PRODUCTS, slope=slope), name))["surplus"]
        for name in ("no Chinese open models", "no open models")
    )
    assert every < some < 0


def test_unit_demand_implies_negative_costs_for_cheap_models_and_says_so() -> None:
    slope = slope_for_elasticity(PRODUCTS, -1.1, form="unit")
    market = market_model(PRODUCTS, slope=slope, form="unit", open_at_cost=False)
    assert (market.grid.rows(market.costs)[0] <= 0).sum() >= 2


def test_an_elasticity_that_the_form_cannot_have_is_refused() -> None:
    with pytest.raises(InputError, match="below -1"):
        slope_for_elasticity(PRODUCTS, -0.5)


def test_an_unknown_scenario_is_named_with_what_was_meant() -> None:
    with pytest.raises(UnknownNameError, match="no Chinese open models"):
        scenario_outcome(market_model(PRODUCTS, slope=-1.0), "no chinese models")


def test_draws_and_months_at_once_are_each_alone() -> None:
    """Months with different numbers of products, draws with different demand: one array, the same answers."""
    second = PRODUCTS.drop(index=1).assign(period="2026-09", price=lambda f: f["price"] * 1.3)
    both = pd.concat([second, PRODUCTS], ignore_index=True)
    slopes, rho, at_cost = np.array([-1.5, -3.0]), np.array([0.0, 0.5]), np.array([True, False])
    many = scenario_outcome(
        market_model(both, slope=slopes, correlation=rho, open_at_cost=at_cost), "no open models"
    )
    by_month = many.measures(by_month=True)
    for draw in (0, 1):
        for month, rows in both.groupby("period"):
            one = market_model(rows, slope=slopes[draw], correlation=rho[draw], open_at_cost=at_cost[draw])
            alone = told(scenario_outcome(one, "no open models"))
            assert by_month.loc[(draw, month)].to_dict() == pytest.approx(alone, rel=1e-9)
