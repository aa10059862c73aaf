"""Costs and equilibrium prices, against closed forms, pyblp and brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from undercut.competition.demand.pricing import (
    EquilibriumError,
    _residual,
    _sellers,
    equilibrium,
    marginal_costs,
    margins,
)
from undercut.competition.demand.system import DemandSystem, Form, invert
from undercut.errors import CellError

PRICES = np.array([0.2, 1.0, 5.0, 10.0])
SHARES = np.array([0.15, 0.1, 0.2, 0.05])
NESTS = np.array([1, 1, 0, 0])
FIRMS = pd.Series(["a", "b", "b", "c"])
FORMS: tuple[Form, ...] = ("unit", "expenditure")


def demand(form: Form, correlation: float = 0.4, slope: float = -1.2) -> DemandSystem:
    return invert(SHARES, PRICES, slope=slope, size=1.0, form=form, nests=NESTS, correlation=correlation)


def test_a_single_product_logit_seller_charges_the_closed_form_margin() -> None:
    single = pd.Series(list("abcd"))
    np.testing.assert_allclose(
        margins(demand("unit", 0.0), PRICES, single), 1 / (1.2 * (1 - SHARES)), rtol=1e-12
    )
    lerner = 1 / (1 + 1.2 * (1 - SHARES))
    np.testing.assert_allclose(margins(demand("expenditure", 0.0), PRICES, single), lerner, rtol=1e-12)


def test_a_logit_seller_of_several_products_has_one_margin_for_all() -> None:
    found = margins(demand("unit", 0.0), PRICES, FIRMS)
    assert found[1] == pytest.approx(found[2]) == pytest.approx(1 / (1.2 * (1 - SHARES[1] - SHARES[2])))


@pytest.mark.parametrize("form", FORMS)
def test_no_seller_gains_by_moving_one_price(form: Form) -> None:
    market = demand(form)
    costs = marginal_costs(market, PRICES, FIRMS)

    def profit(price: float, j: int) -> float:
        tried = PRICES.copy()
        tried[j] = price
        mine = (FIRMS[j] == FIRMS).to_numpy()
        return float(((tried - costs) * market.quantities(tried))[mine].sum())

    for j, price in enumerate(PRICES):
        best = minimize_scalar(
            lambda p, j=j: -profit(p, j), bounds=(price * 0.3, price * 3), method="bounded"
        )
        assert best.x == pytest.approx(price, rel=1e-3)


@settings(deadline=None, max_examples=40)
@given(
    slope=st.floats(-4, -0.1),
    correlation=st.floats(0, 0.8),
    factor=st.floats(0.3, 3),
    form=st.sampled_from(FORMS),
)
def test_re_pricing_an_unchanged_market_finds_the_prices_it_came_from(
    slope: float, correlation: float, factor: float, form: Form
) -> None:
    market = demand(form, correlation, slope)
    costs = marginal_costs(market, PRICES, FIRMS)
    found = equilibrium(market, costs, FIRMS, start=PRICES * factor)
    np.testing.assert_allclose(found.prices, PRICES, rtol=1e-7)
    assert found.residual < 1e-8


def test_the_residual_sees_a_price_that_is_not_an_equilibrium() -> None:
    market = demand("unit")
    costs = marginal_costs(market, PRICES, FIRMS)
    sellers = _sellers(market, FIRMS, None)
    assert _residual(market, PRICES, costs, sellers) < 1e-12
    assert _residual(market, PRICES * 1.1, costs, sellers) > 1e-2


def test_competitive_products_sell_at_cost_and_do_not_move() -> None:
    competitive = np.array([True, False, False, False])
    market = demand("expenditure")
    costs = marginal_costs(market, PRICES, FIRMS, competitive=competitive)
    assert costs[0] == PRICES[0]
    dearer = costs * [2.0, 1.0, 1.0, 1.0]
    found = equilibrium(market, dearer, FIRMS, competitive=competitive)
    assert found.prices[0] == dearer[0]
    assert np.all(found.prices[1:] > PRICES[1:])


def test_a_merger_raises_the_prices_of_the_merging_sellers() -> None:
    market = demand("unit", 0.0)
    costs = marginal_costs(market, PRICES, FIRMS)
    merged = equilibrium(market, costs, pd.Series(["a", "b", "b", "b"]))
    assert merged.prices[3] > PRICES[3] and merged.prices[1] > PRICES[1]


def test_implied_costs_can_be_negative_and_are_not_hidden() -> None:
    assert marginal_costs(demand("unit", 0.0), PRICES, FIRMS)[0] < 0


def test_costs_that_make_no_sense_with_a_budget_are_refused() -> None:
    with pytest.raises(CellError, match="Costs must be positive"):
        equilibrium(demand("expenditure"), np.array([-1.0, 1.0, 1.0, 1.0]), FIRMS)


def test_an_unreached_equilibrium_is_an_error() -> None:
    market = demand("unit")
    with pytest.raises(EquilibriumError, match="did not settle"):
        equilibrium(market, marginal_costs(market, PRICES, FIRMS) * 1.5, FIRMS, iterations=2)


def test_many_markets_settle_where_each_alone_does() -> None:
    slopes = np.array([-0.8, -2.0, -3.5])
    many = invert(SHARES, PRICES, slope=slopes, size=np.ones(3), form="expenditure", nests=NESTS,
                  correlation=np.full(3, 0.3))  # fmt: skip
    codes = pd.factorize(FIRMS)[0]
    costs = marginal_costs(many, PRICES, codes) * [1.5, 1.0, 1.0, 1.2]
    found = equilibrium(many, costs, codes)
    for row, slope in enumerate(slopes):
        alone = equilibrium(demand("expenditure", 0.3, float(slope)), costs[row], FIRMS)
        np.testing.assert_allclose(found.prices[row], alone.prices, rtol=1e-10)
