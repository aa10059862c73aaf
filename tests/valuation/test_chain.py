"""The chain of value: no dollar twice, today's where nothing moves, and payments written out by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.valuation.firms import values
from undercut.valuation.assumptions import load_assumptions
from undercut.valuation.chain import LAYERS, ai_business, fading, value_chain

#: Besides what the plain firms hold still: machines last a year, so that the stock follows at once.
FREE = {"accelerator_life": 1.0, "elasticity": -0.5, "demand_growth": 0.0, "terminal_growth": 0.0}
ASSUMED = load_assumptions().parameters
IN_CHAIN = [name for name, p in ASSUMED.items() if p.distribution != "fixed" and len(p.roles) == 5]


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Any world within the stated ranges."""
    chosen = {n: draw(st.floats(ASSUMED[n].low, ASSUMED[n].high)) for n in IN_CHAIN}
    return {n: np.array([chosen.get(n, p.default)]) for n, p in ASSUMED.items()}


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_what_end_users_spend_is_received_once_each(world: dict[str, np.ndarray]) -> None:
    chain = value_chain(world, 15)
    assert sum(chain.revenue[layer] - chain.paid_on[layer] for layer in LAYERS) == pytest.approx(
        chain.spending, rel=1e-9
    )
    assert chain.paid_on["model_sellers"] == pytest.approx(chain.revenue["clouds"])
    assert chain.paid_on["clouds"] == pytest.approx(chain.revenue["chips"] + chain.revenue["power"])
    # Nobody uses more computing than there is, builds faster than can be, or spends beyond the budget.
    assert (chain.served <= chain.stock * (1 + 1e-9)).all()
    assert (chain.stock[1:] <= chain.stock[:-1] * (1 + world["capacity_growth"]) * (1 + 1e-9)).all()
    growth = chain.spending[1] / chain.spending[0] - 1
    assert growth[0] <= world["spending_growth"][0] + 1e-9


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_no_erosion_and_no_growth_gives_todays(world: dict[str, np.ndarray]) -> None:
    still = ("price_erosion", "frontier_erosion", "price_erosion_long_run", "efficiency_gain", "energy_gain",
             "rental_decline", "demand_growth", "terminal_growth", "spending_growth",
             "compute_growth_today")  # fmt: skip
    chain = value_chain({**world, **{name: np.zeros(1) for name in still}}, 10)
    for layer in LAYERS:
        assert chain.revenue[layer] == pytest.approx(np.repeat(chain.revenue[layer][:1], 11, axis=0)), layer
        kept = chain.revenue[layer] - chain.paid_on[layer]
        assert kept == pytest.approx(np.repeat(kept[:1], 11, axis=0)), layer


@settings(max_examples=30, deadline=None)
@given(worlds(), st.floats(-1.6, -0.1))
def test_more_elastic_users_never_use_less_at_lower_prices(
    world: dict[str, np.ndarray], elasticity: float
) -> None:
    falling = {**world, "price_erosion": np.array([0.4]), "frontier_erosion": np.array([0.2])}
    less, more = (
        value_chain({**falling, "elasticity": np.array([e])}, 8).volume
        for e in (elasticity + 0.1, elasticity)
    )
    assert (more >= less * (1 - 1e-9)).all()


def test_a_fading_rate_halves_its_distance_every_half_life() -> None:
    found = fading(np.array([0.5]), np.array([0.1]), np.array([2.0]), 5)[:, 0]
    assert found == pytest.approx([0.1 + 0.4 * 0.5 ** (year / 2) for year in range(5)], rel=1e-12)


def test_payments_of_one_year_by_hand() -> None:
    """Half the price, elasticity -0.5, half of it passed on by applications, nothing scarce."""
    given_ = values(**FREE, price_erosion=0.5, frontier_erosion=0.5, direct_share=0.6, pass_through=0.5,
                    token_cost_share=0.3, compute_cost_share=0.4, rent_response=0.0)  # fmt: skip
    chain = value_chain(given_, 1)
    direct, through = 0.6 * 0.5**-0.5, 0.4 * 0.75**-0.5
    assert chain.volume[1, 0] == pytest.approx(direct + through)
    assert chain.revenue["model_sellers"][1, 0] == pytest.approx(0.5 * (direct + through))
    assert chain.revenue["applications"][1, 0] == pytest.approx(through * 0.75 / 0.3)
    assert chain.revenue["clouds"][1, 0] == pytest.approx(0.4 * (direct + through))
    assert chain.spending[1, 0] == pytest.approx(0.5 * direct + through * 0.75 / 0.3)


def test_shortage_raises_rents_and_slack_lowers_them() -> None:
    base = {**FREE, "capacity_growth": 0.5, "accelerator_life": 4.0, "rent_response": 0.5}
    short = value_chain(values(**{**base, "demand_growth": 1.0}), 1)
    assert short.stock[1, 0] == 1.5 and short.served[1, 0] == pytest.approx(1.5)
    assert short.rent[1, 0] == pytest.approx((2 / 1.5) ** 0.5)
    slack = value_chain(values(**{**base, "demand_growth": -0.5}), 1)
    assert slack.stock[1, 0] == 0.75 and slack.served[1, 0] == pytest.approx(0.5)
    assert slack.rent[1, 0] == pytest.approx((0.5 / 0.75) ** 0.5)


def test_no_token_is_sold_below_its_computing() -> None:
    given_ = values(**{**FREE, "least_markup": 0.25}, price_erosion=0.9, frontier_erosion=0.9,
                    compute_cost_share=0.4)  # fmt: skip
    chain = value_chain(given_, 3)
    assert chain.price[:, 0] == pytest.approx([1.0, 0.5, 0.5, 0.5])
    assert (ai_business("seller", given_, 3).revenue > 0).all()


def test_chip_sales_follow_the_growth_of_the_stock_and_its_replacement() -> None:
    given_ = values(**{**FREE, "accelerator_life": 4.0, "demand_growth": 0.2}, compute_growth_today=0.6)
    found = ai_business("chips", given_, 3).revenue[:, 0]
    stock = [1 / 1.6, 1.0, 1.2, 1.44, 1.728]
    bought = [b - 0.75 * a for a, b in pairwise(stock)]
    assert found == pytest.approx([b / bought[0] for b in bought], rel=1e-12)
    assert found[1] < found[0], "the stock still grows by 20%, yet sales fall: the accelerator"


def test_share_lost_to_open_models_is_volume_lost() -> None:
    kept = ai_business("seller", values(**FREE, share_loss=0.1), 5)
    assert kept.revenue[:, 0] == pytest.approx(0.9 ** np.arange(6))


def test_what_a_firm_spends_beyond_its_lasting_overhead_is_money_that_fades() -> None:
    given_ = values(**FREE, overhead_share=0.8, overhead_long_run=0.5, compute_cost_share=0.4)
    given_["margin_half_life"] = np.array([1.0])
    margin = ai_business("seller", given_, 2).margin[:, 0]
    assert margin == pytest.approx([0.6 - 0.8, 0.6 - 0.3 - 0.25, 0.6 - 0.3 - 0.125])
