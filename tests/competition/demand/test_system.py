"""Shares, elasticities, diversion and surplus of a market, against formulas written a second time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.competition.demand.system import DemandSystem, Form, invert
from undercut.errors import CellError, InputError, NotIdentifiedError

PRICES = np.array([0.2, 1.0, 5.0, 10.0])
SHARES = np.array([0.15, 0.1, 0.2, 0.05])
NESTS = np.array([1, 1, 0, 0])
FORMS: tuple[Form, ...] = ("unit", "expenditure")


def demand(form: Form = "expenditure", *, slope: float = -0.8, correlation: float = 0.4) -> DemandSystem:
    return invert(SHARES, PRICES, slope=slope, size=100.0, form=form, nests=NESTS, correlation=correlation)


def mixed(form: Form) -> DemandSystem:
    """Two types of buyer, who like the same models but mind prices differently."""
    slopes, weights = np.array([-0.3, -1.5]), np.array([0.7, 0.3])
    values = demand(form, correlation=0.0).utility @ np.ones((1, 2))
    return DemandSystem(values, slopes, weights, np.zeros(4, dtype=np.int64), 0.0, 100.0, form)


def naive_nested_shares(values: Any, slope: float, prices: Any, rho: float, form: Form) -> list[float]:
    """The textbook formula, one product at a time."""
    x = prices if form == "unit" else np.log(prices)
    utility = values + slope * x
    inclusive = {
        g: sum(np.exp(u / (1 - rho)) for u, n in zip(utility, NESTS, strict=True) if n == g) for g in (0, 1)
    }
    total = 1 + sum(d ** (1 - rho) for d in inclusive.values())
    return [
        np.exp(u / (1 - rho)) / inclusive[g] * inclusive[g] ** (1 - rho) / total
        for u, g in zip(utility, NESTS, strict=True)
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.9])
def test_nested_shares_are_those_of_the_textbook_formula(form: Form, correlation: float) -> None:
    market = demand(form, correlation=correlation)
    other = PRICES * [1.3, 0.8, 1.0, 2.0]
    naive = naive_nested_shares(market.utility[:, 0], -0.8, other, correlation, form)
    np.testing.assert_allclose(market.shares(other), naive, rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_inversion_reproduces_the_shares_it_was_given(form: Form) -> None:
    np.testing.assert_allclose(demand(form).shares(PRICES), SHARES, rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("build", [demand, mixed])
def test_elasticities_are_the_slopes_of_quantities(form: Form, build: Any) -> None:
    market, step = build(form), 1e-6
    found = market.elasticities(PRICES)
    for k in range(4):
        up, down = PRICES.copy(), PRICES.copy()
        up[k] *= np.exp(step)
        down[k] *= np.exp(-step)
        slope = (np.log(market.quantities(up)) - np.log(market.quantities(down))) / (2 * step)
        np.testing.assert_allclose(found[:, k], slope, rtol=1e-5, atol=1e-8)


def test_the_plain_logit_has_the_closed_form_elasticities_of_berry() -> None:
    market = demand("unit", correlation=0.0)
    expected = np.where(np.eye(4) == 1, -0.8 * PRICES * (1 - SHARES), (0.8 * PRICES * SHARES)[None, :])
    np.testing.assert_allclose(market.elasticities(PRICES), expected, rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("build", [demand, mixed])
def test_the_fall_of_surplus_is_the_quantity_bought(form: Form, build: Any) -> None:
    """Roy's identity: a dollar more for a product costs buyers as many dollars as they buy units."""
    market, step = build(form), 1e-5
    for j, bought in enumerate(market.quantities(PRICES)):
        up, down = PRICES.copy(), PRICES.copy()
        up[j] += step
        down[j] -= step
        assert (market.surplus(down) - market.surplus(up)) / (2 * step) == pytest.approx(bought, rel=1e-6)


def test_plain_logit_diverts_in_proportion_to_shares() -> None:
    flows = demand("unit", correlation=0.0).diversion(PRICES)
    assert flows[0, 1] == pytest.approx(SHARES[1] / (1 - SHARES[0]))
    assert flows[0, -1] == pytest.approx((1 - SHARES.sum()) / (1 - SHARES[0]))
    np.testing.assert_allclose(flows.sum(axis=1), 0.0, atol=1e-12)


def test_nesting_diverts_more_within_the_nest() -> None:
    plain, nested = (demand(correlation=rho).diversion(PRICES) for rho in (0.0, 0.6))
    assert nested[0, 1] > plain[0, 1]
    assert nested[0, 2] < plain[0, 2]


@settings(deadline=None, max_examples=60)
@given(
    slope=st.floats(-5, -0.05),
    correlation=st.floats(0, 0.9),
    raw=st.lists(st.floats(0.01, 1), min_size=5, max_size=5),
    gone=st.integers(0, 3),
    form=st.sampled_from(FORMS),
)
def test_surplus_never_rises_when_a_product_goes_and_prices_stay(
    slope: float, correlation: float, raw: list[float], gone: int, form: Form
) -> None:
    shares = np.array(raw[:4]) / sum(raw)
    market = invert(shares, PRICES, slope=slope, size=1.0, form=form, nests=NESTS, correlation=correlation)
    stays = np.arange(4) != gone
    loss = market.surplus(PRICES) - market.keep(stays).surplus(PRICES)
    assert loss > 0


def test_shares_do_not_overflow_with_extreme_utilities() -> None:
    extreme = invert([1e-9, 0.5], [1e-3, 100.0], slope=-60.0, size=1.0, form="unit")
    shares = extreme.shares(np.array([1e-3, 1e-3]))
    assert np.isfinite(shares).all() and shares.sum() <= 1


def test_buyers_who_like_high_prices_are_refused() -> None:
    with pytest.raises(InputError, match="dislike higher prices"):
        demand(slope=0.1)


def test_shares_without_room_for_the_outside_good_are_refused() -> None:
    with pytest.raises(NotIdentifiedError, match="outside good"):
        invert([0.6, 0.4], [1.0, 1.0], slope=-1.0, size=1.0, form="unit")


def test_free_products_have_no_place_where_a_budget_is_spent() -> None:
    with pytest.raises(CellError, match="positive"):
        demand("expenditure").shares(np.array([0.0, 1.0, 1.0, 1.0]))


def test_many_markets_at_once_are_each_alone() -> None:
    """Leading dimensions hold markets; a product that does not exist changes nothing for the others."""
    rho, slopes = np.array([0.0, 0.6]), np.array([-0.5, -2.0])
    shares = np.array([SHARES, [0.2, np.nan, 0.1, 0.3]])
    many = invert(shares, PRICES, slope=slopes, size=[3.0, 5.0], form="unit", nests=NESTS, correlation=rho)
    dearer = np.array([PRICES * 1.2, PRICES * 0.9])
    flows = many.diversion(dearer)
    for row in (0, 1):
        here = ~np.isnan(shares[row])
        alone = invert(shares[row][here], PRICES[here], slope=float(slopes[row]), size=[3.0, 5.0][row],
                       form="unit", nests=NESTS[here], correlation=float(rho[row]))  # fmt: skip
        price = dearer[row][here]
        np.testing.assert_allclose(many.quantities(dearer)[row][here], alone.quantities(price), rtol=1e-12)
        np.testing.assert_allclose(many.surplus(dearer)[row], alone.surplus(price), rtol=1e-12)
        inside = np.append(here, True)
        np.testing.assert_allclose(flows[row][here][:, inside], alone.diversion(price), atol=1e-12)
    assert many.shares(dearer)[1, 1] == 0
