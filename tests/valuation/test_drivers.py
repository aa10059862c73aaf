"""How prices and volumes become revenue, role by role, against the same arithmetic written out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.valuation.firms import values
from undercut.valuation.drivers import ai_business, fading, token_market


def test_a_fading_rate_halves_its_distance_every_half_life() -> None:
    found = fading(np.array([0.5]), np.array([0.1]), np.array([2.0]), 5)[:, 0]
    assert found == pytest.approx([0.1 + 0.4 * 0.5 ** (year / 2) for year in range(5)], rel=1e-12)


def test_spending_is_price_times_volume_tier_by_tier() -> None:
    given = values(
        price_erosion=0.4, frontier_erosion=0.1, elasticity=-1.2, frontier_share=0.6, demand_growth=0.5,
        price_floor=0.0, price_erosion_long_run=0.4,
    )  # fmt: skip
    given["erosion_half_life"] = np.array([np.inf])
    market = token_market(given, 3)
    for year in (1, 2, 3):
        newest, mature, demand = 0.9**year, 0.6**year, 1.5**year
        tokens = demand * (0.6 * newest**-1.2 + 0.4 * mature**-1.2)
        spent = demand * (0.6 * newest**-0.2 + 0.4 * mature**-0.2)
        assert market.volume[year, 0] == pytest.approx(tokens, rel=1e-12)
        assert market.spending[year, 0] == pytest.approx(spent, rel=1e-12)
        assert market.price[year, 0] == pytest.approx(spent / tokens, rel=1e-12)


def test_a_seller_whose_prices_fall_with_its_cost_keeps_its_margin() -> None:
    same = {"price_erosion": 0.3, "frontier_erosion": 0.3, "efficiency_gain": 0.3, "compute_cost_share": 0.5,
            "overhead_share": 0.2, "overhead_long_run": 0.2, "price_floor": 0.0}  # fmt: skip
    assert ai_business("seller", values(**same), 10).margin == pytest.approx(np.full((11, 1), 0.3))
    faster = ai_business("seller", values(**{**same, "price_erosion": 0.5, "frontier_erosion": 0.5}), 10)
    assert (np.diff(faster.margin[:, 0]) < 0).all()
    slower = ai_business("seller", values(**{**same, "efficiency_gain": 0.5}), 10)
    assert (np.diff(slower.margin[:, 0]) > 0).all()


def test_efficiency_lets_clouds_sell_less_computing_for_the_same_tokens() -> None:
    plain = ai_business("cloud", values(demand_growth=0.5), 4).revenue[:, 0]
    thrifty = ai_business("cloud", values(demand_growth=0.5, efficiency_gain=0.4), 4).revenue[:, 0]
    assert plain == pytest.approx(1.5 ** np.arange(5))
    assert thrifty == pytest.approx(0.9 ** np.arange(5))  # 1.5 x 0.6


def test_falling_rents_cut_a_clouds_revenue_but_not_the_need_for_power() -> None:
    given = values(demand_growth=0.2, rental_decline=0.1)
    assert ai_business("cloud", given, 3).revenue[:, 0] == pytest.approx(1.08 ** np.arange(4))
    assert ai_business("power", given, 3).revenue[:, 0] == pytest.approx(1.2 ** np.arange(4))


def test_chip_sales_follow_the_growth_of_the_stock_and_its_replacement() -> None:
    given = values(demand_growth=0.2, compute_growth_today=0.6, accelerator_life=4.0)
    found = ai_business("chips", given, 3).revenue[:, 0]
    stock = [1 / 1.6, 1.0, 1.2, 1.44, 1.728]
    bought = [b - 0.75 * a for a, b in pairwise(stock)]
    assert found == pytest.approx([b / bought[0] for b in bought], rel=1e-12)
    assert found[1] < found[0], "the stock still grows by 20%, yet sales fall: the accelerator"


def test_a_stock_that_grows_as_before_lets_chip_sales_grow_alike() -> None:
    given = values(demand_growth=0.3, compute_growth_today=0.3)
    assert ai_business("chips", given, 5).revenue[:, 0] == pytest.approx(1.3 ** np.arange(6))


def test_chip_makers_gain_from_falling_token_prices_where_sellers_do_not() -> None:
    cheap = {"price_erosion": 0.4, "frontier_erosion": 0.4, "elasticity": -1.0, "price_floor": 0.0}
    tokens_sold = ai_business("seller", values(**cheap), 3).revenue[-1, 0]
    chips = ai_business("chips", values(**cheap), 3).revenue[-1, 0]
    still = values(elasticity=-1.0)
    assert tokens_sold == pytest.approx(ai_business("seller", still, 3).revenue[-1, 0])
    assert chips > 2 * ai_business("chips", still, 3).revenue[-1, 0]


def test_share_lost_to_open_models_is_volume_lost() -> None:
    kept = ai_business("seller", values(share_loss=0.1, demand_growth=0.0, terminal_growth=0.0), 5)
    assert kept.revenue[:, 0] == pytest.approx(0.9 ** np.arange(6))
    all_gone = ai_business("seller", values(share_loss=1.0), 5)
    assert all_gone.revenue[1:].max() == 0


def test_an_application_keeps_what_it_does_not_pass_on() -> None:
    cheap = {"price_erosion": 0.5, "frontier_erosion": 0.5, "compute_cost_share": 0.4, "overhead_share": 0.3,
             "overhead_long_run": 0.3, "demand_growth": 0.0, "terminal_growth": 0.0,
             "price_floor": 0.0}  # fmt: skip
    keeps = ai_business("application", values(**cheap, pass_through=0.0), 3)
    assert keeps.revenue[:, 0] == pytest.approx(np.ones(4))
    assert keeps.margin[:, 0] == pytest.approx(0.7 - 0.4 * 0.5 ** np.arange(4))
    passes = ai_business("application", values(**cheap, pass_through=1.0, elasticity=0.0), 3)
    price = 1 - 0.4 * (1 - 0.5 ** np.arange(4))
    assert passes.revenue[:, 0] == pytest.approx(price)
    profit = passes.revenue[:, 0] * (passes.margin[:, 0] + 0.3)
    assert profit == pytest.approx(np.full(4, 0.6)), "money profit before overhead stays, the margin moves"
