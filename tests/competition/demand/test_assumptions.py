"""Draws of assumptions, placebos and months: when an estimate may be used, and what no effect looks like."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.competition.demand.worlds import simulate_markets
from undercut.competition.demand.assumptions import (
    assumed_market,
    by_elasticity,
    by_month,
    draw_outcomes,
    intervals,
    parameter_basis,
    placebo_prices,
    placebo_removals,
    vendor_outcomes,
)
from undercut.competition.demand.counterfactual import (
    counterfactual,
    market_model,
    scenario_outcome,
    slope_for_elasticity,
)
from undercut.competition.demand.nested import nested_logit
from undercut.errors import InputError, TooFewError

SCENARIO = "no Chinese open models"


@pytest.fixture(scope="module")
def drawn() -> pd.DataFrame:
    market = simulate_markets(60, 12, seed=1)
    return market.assign(spend=market["price"] * market["tokens"])


def test_an_identified_estimate_is_used_and_its_interval_holds_the_true_effect(drawn: pd.DataFrame) -> None:
    found = nested_logit(drawn, instruments=["cost"], controls=["eci"], cluster="period")
    basis = parameter_basis(found, 40, seed=0, outside_shares=(0.27, 0.2700001))
    assert basis.kind == "estimated" and basis.usable == 1
    few = drawn[drawn["period"] <= "2000-03"]
    told = intervals(draw_outcomes(assumed_market(few, basis.draws), [SCENARIO])).set_index("measure")
    truth = scenario_outcome(market_model(few, slope=-1.0, outside_share=0.27), SCENARIO).measures().iloc[0]
    for measure in ("closed_price", "surplus", "price_paid"):
        assert told.loc[measure, "low"] < truth[measure] < told.loc[measure, "high"]


def test_an_estimate_that_does_not_slope_down_gives_way_to_assumptions(drawn: pd.DataFrame) -> None:
    upward = drawn.assign(tokens=drawn["tokens"] * drawn["price"] ** 2)
    found = nested_logit(upward, instruments=["cost"], controls=["eci"], cluster="period")
    basis = parameter_basis(found, 200, seed=0, elasticities=(-4.0, -1.2))
    assert basis.kind == "assumed" and basis.usable == 0
    assert basis.draws["elasticity"].between(-4.0, -1.2).all()
    assert "not identified" in basis.summary()


def test_ranges_without_meaning_are_refused(drawn: pd.DataFrame) -> None:
    found = nested_logit(drawn, controls=["eci"])
    with pytest.raises(InputError, match="below -1"):
        parameter_basis(found, 10, seed=0, elasticities=(-3.0, -0.5))


def test_the_band_of_the_grid_holds_its_line_and_less_elastic_buyers_lose_more(drawn: pd.DataFrame) -> None:
    grid = by_elasticity(
        drawn[drawn["period"] == "2000-01"], [SCENARIO], [-4.0, -2.0, -1.2], correlations=[0.0, 0.4, 0.6]
    )
    assert (grid["low"] <= grid["value"] + 1e-9).all() and (grid["value"] <= grid["high"] + 1e-9).all()
    surplus = grid[grid["measure"].eq("surplus")].set_index("elasticity")["value"]
    assert surplus[-1.2] < surplus[-2.0] < surplus[-4.0] < 0


def test_months_sum_up_to_what_all_of_them_say(drawn: pd.DataFrame) -> None:
    few = drawn[drawn["period"] <= "2000-03"]
    market = market_model(few, slope=slope_for_elasticity(few, -2.0))
    months = by_month(market, SCENARIO)
    whole = scenario_outcome(market, SCENARIO).measures()["closed_price"].item()
    assert months["effect"].min() <= whole <= months["effect"].max()
    assert len(months) == 3 and months["share"].between(0, 100).all()


def test_placebo_removals_match_the_spending_and_spare_the_target(drawn: pd.DataFrame) -> None:
    few = drawn[drawn["period"] <= "2000-06"]
    market = market_model(few, slope=-1.0)
    found = placebo_removals(market, "Chinese open", 8, seed=0)
    assert found["matched"].mean() == pytest.approx(1.0, abs=0.25)
    assert (found["surplus"] < 0).all()
    with pytest.raises(TooFewError, match="No product of the group"):
        placebo_removals(market, "Martian", 2, seed=0)


def test_in_plain_logit_a_placebo_of_the_same_size_costs_buyers_the_same(drawn: pd.DataFrame) -> None:
    """With prices of single products at cost, plain logit sees only shares: who goes does not matter."""
    one = drawn[drawn["period"] == "2000-01"].reset_index(drop=True)
    twin = pd.concat([one, one.assign(model_id=one["model_id"] + " twin")], ignore_index=True)
    chinese = twin.index < len(one)
    both = np.array([chinese, ~chinese])
    held = counterfactual(market_model(twin, slope=-1.0), remove=both, reprice=False).measures()["surplus"]
    assert held[0] == pytest.approx(held[1])


def test_prices_dealt_out_at_random_show_no_response(drawn: pd.DataFrame) -> None:
    found = nested_logit(drawn, instruments=["cost"], controls=["eci"], cluster="period")
    placebos = placebo_prices(drawn, 20, seed=0, instruments=["cost"], controls=["eci"], cluster="period")
    assert np.mean(placebos) == pytest.approx(0.0, abs=0.1)
    assert found.elasticity < placebos.min()


def test_vendors_of_removed_models_lose_all_and_revenue_adds_up(drawn: pd.DataFrame) -> None:
    few = drawn[drawn["period"] <= "2000-02"]
    found = nested_logit(drawn, instruments=["cost"], controls=["eci"], cluster="period")
    basis = parameter_basis(found, 5, seed=0)
    table = vendor_outcomes(assumed_market(few, basis.draws), SCENARIO)
    assert table["revenue"].sum() == pytest.approx(few["spend"].sum() / 2)
    gone = table[table["group"] == "Chinese open"]
    assert (gone["change"] == -100).all()
    assert (table.loc[table["group"] == "closed", "low"] > 0).all()
