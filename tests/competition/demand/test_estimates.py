"""Demand estimates on markets whose demand is known, and on the published problems of Nevo and of BLP."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.competition.demand.worlds import simulate_markets
from undercut.competition.demand.nested import nested_logit, parameter_draws
from undercut.competition.demand.pricing import equilibrium, marginal_costs
from undercut.competition.demand.random_coefficients import random_coefficients
from undercut.competition.demand.system import DemandSystem
from undercut.errors import NotIdentifiedError

pyblp = pytest.importorskip("pyblp")
pyblp.options.verbose = False

#: Estimates of Nevo's problem as pyblp's tutorial on the fake cereal data documents them, to three digits.
NEVO_SIGMA = np.diag([0.558, 3.31, -0.00578, 0.0934])
NEVO_PI = np.array([[2.29, 0, 1.28, 0], [588, -30.2, 0, 11.1], [-0.385, 0, 0.0522, 0], [0.748, 0, -1.35, 0]])


def nevo() -> tuple[pd.DataFrame, Any]:
    products = pd.read_csv(pyblp.data.NEVO_PRODUCTS_LOCATION)
    problem = pyblp.Problem(
        (
            pyblp.Formulation("0 + prices", absorb="C(product_ids)"),
            pyblp.Formulation("1 + prices + sugar + mushy"),
        ),
        products,
        pyblp.Formulation("0 + income + income_squared + age + child"),
        pd.read_csv(pyblp.data.NEVO_AGENTS_LOCATION),
    )
    return products, problem


@pytest.fixture(scope="module")
def at_published_estimates() -> tuple[pd.DataFrame, Any]:
    products, problem = nevo()
    # Nothing is optimised here, so no second derivative needs to say whether this is a minimum.
    return products, problem.solve(
        NEVO_SIGMA, NEVO_PI, optimization=pyblp.Optimization("return"), method="1s",
        check_optimality="gradient",
    )  # fmt: skip


def system_of(solved: Any, market: str) -> DemandSystem:
    """One market of a logit that pyblp estimated, price linear in utility, as our demand system."""
    products, agents = solved.problem.products, solved.problem.agents
    rows = products.market_ids.flatten() == market
    buyers = agents.market_ids.flatten() == market
    place = [str(each) for each in solved.problem._X2_formulations].index("prices")
    tastes = solved.sigma @ agents.nodes[buyers].T + solved.pi @ agents.demographics[buyers].T
    slopes = float(solved.beta[0].item()) + tastes[place]
    values = solved.delta[rows] + products.X2[rows] @ tastes - np.outer(products.prices[rows], slopes)
    nests = np.zeros(rows.sum(), dtype=np.int64)
    return DemandSystem(values, slopes, agents.weights[buyers].flatten(), nests, 0.0, 1.0, "unit")


def one_market(products: pd.DataFrame, market: str) -> tuple[np.ndarray, np.ndarray, pd.Series]:
    rows = (products["market_ids"] == market).to_numpy()
    return (
        rows,
        products.loc[rows, "prices"].to_numpy(),
        products.loc[rows, "firm_ids"].reset_index(drop=True),
    )


def test_nevo_has_the_documented_price_coefficient_and_elasticity(at_published_estimates: Any) -> None:
    _, solved = at_published_estimates
    assert float(solved.beta[0].item()) == pytest.approx(-62.7, abs=1.0)
    own = solved.extract_diagonal_means(solved.compute_elasticities()).mean()
    assert own == pytest.approx(-3.62, abs=0.03)


@pytest.mark.parametrize("market", ["C01Q1", "C39Q2"])
def test_our_systems_have_the_elasticities_costs_and_prices_of_pyblp(
    at_published_estimates: Any, market: str
) -> None:
    products, solved = at_published_estimates
    rows, prices, firms = one_market(products, market)
    ours = system_of(solved, market)
    theirs = solved.compute_elasticities(market_id=market)
    np.testing.assert_allclose(ours.shares(prices), products.loc[rows, "shares"], rtol=1e-9)
    np.testing.assert_allclose(ours.elasticities(prices), theirs, rtol=1e-8, atol=1e-10)
    costs = marginal_costs(ours, prices, firms)
    np.testing.assert_allclose(costs, solved.compute_costs(market_id=market).flatten(), rtol=1e-8)
    merged = firms.replace({2: 1})
    new = solved.compute_prices(merged.to_numpy(), costs=costs[:, None], market_id=market).flatten()
    np.testing.assert_allclose(equilibrium(ours, costs, merged).prices, new, rtol=1e-8)


def test_diversion_and_surplus_agree_with_pyblp(at_published_estimates: Any) -> None:
    products, solved = at_published_estimates
    _, prices, _ = one_market(products, "C01Q1")
    ours = system_of(solved, "C01Q1")
    theirs = solved.compute_diversion_ratios(market_id="C01Q1")  # the outside good is on its diagonal
    flows = ours.diversion(prices)
    np.testing.assert_allclose(flows[:, -1], np.diag(theirs), rtol=1e-8)
    np.testing.assert_allclose(flows[0, 1:-1], theirs[0, 1:], rtol=1e-8)
    surplus = float(solved.compute_consumer_surpluses(market_id="C01Q1").item())
    assert ours.surplus(prices) == pytest.approx(surplus, rel=1e-8)


def test_removing_a_product_agrees_with_pyblp_where_it_can(at_published_estimates: Any) -> None:
    """pyblp takes one product out with prices held: its long-run diversion ratios."""
    products, solved = at_published_estimates
    _, prices, _ = one_market(products, "C01Q1")
    ours = system_of(solved, "C01Q1")
    stays = np.arange(len(prices)) != 0
    gained = (ours.keep(stays).shares(prices) - ours.shares(prices))[stays]
    theirs = solved.compute_long_run_diversion_ratios(market_id="C01Q1")
    np.testing.assert_allclose(gained / ours.shares(prices)[0], theirs[0, 1:], rtol=1e-8)


@pytest.mark.slow
def test_nevo_estimated_from_the_published_start_ends_at_the_documented_estimates() -> None:
    start = np.diag([0.3302, 2.4526, 0.0163, 0.2441])
    tastes = np.array(
        [[5.4819, 0, 0.2037, 0], [15.8935, -1.2, 0, 2.6342], [-0.2506, 0, 0.0511, 0], [1.265, 0, -0.8091, 0]]
    )
    solved = nevo()[1].solve(
        start, tastes, optimization=pyblp.Optimization("bfgs", {"gtol": 1e-4}), method="1s"
    )
    assert float(solved.objective.item()) == pytest.approx(4.56, abs=0.01)
    assert float(solved.beta_se[0].item()) == pytest.approx(14.8, abs=0.1)
    np.testing.assert_allclose(np.diag(solved.sigma), np.diag(NEVO_SIGMA), rtol=0.01)


def blp_as_products() -> pd.DataFrame:
    cars = pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION)
    return cars.assign(
        period=cars["market_ids"],
        price=cars["prices"],
        tokens=cars["shares"],
        developer=cars["clustering_ids"],
    )


def test_the_logit_of_berry_levinsohn_and_pakes_has_its_published_coefficients() -> None:
    """Table III of the 1995 paper: OLS logit, price -0.089 (0.004), no effects of the year."""
    from undercut.competition.demand.linear_iv import two_stage

    cars = pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION)
    outside = 1 - cars.groupby("market_ids")["shares"].transform("sum")
    exogenous = cars[["hpwt", "air", "mpd", "space"]].assign(one=1.0).to_numpy()
    fit = two_stage(
        np.log(cars["shares"] / outside).to_numpy(), cars[["prices"]].to_numpy(), exogenous, None,
        np.arange(len(cars)),
    )  # fmt: skip
    assert fit.coefficients[0] == pytest.approx(-0.089, abs=0.001)
    assert fit.std_errors[0] == pytest.approx(0.004, abs=0.001)


def test_the_nested_logit_on_cars_agrees_with_pyblp() -> None:
    cars = blp_as_products()
    controls = ["hpwt", "air", "mpd", "space"]
    instruments = [f"demand_instruments{k}" for k in range(8)]
    size = cars.groupby("region", observed=True)["shares"].transform("size")
    named = cars.assign(
        nesting_ids=cars["region"], z_sellers=cars[instruments[0]], z_cost=cars[instruments[1]]
    )
    named = named.assign(z_rivals=cars[instruments[2]], z_own=np.log(size), size_stated=0.0)
    ours = nested_logit(
        named.drop(columns="size_stated").assign(size_stated=0.0),
        instruments=["cost", "sellers", "rivals"], nests="region", form="unit", controls=controls,
    )  # fmt: skip
    columns = ["z_cost", "z_sellers", "z_rivals", "z_own"]
    kept = cars.drop(columns=[c for c in cars if c.startswith(("demand_", "supply_"))])
    given = kept.assign(nesting_ids=cars["region"], **{
        f"demand_instruments{k}": named[c] for k, c in enumerate(columns)})  # fmt: skip
    formula = pyblp.Formulation("0 + prices + " + " + ".join(controls), absorb="C(market_ids)")
    solved = pyblp.Problem(formula, given).solve(rho=0.3, method="1s", W=None)
    assert ours.correlation == pytest.approx(float(solved.rho.item()), rel=1e-3)
    assert ours.slope == pytest.approx(float(solved.beta[0].item()), rel=1e-3)


def test_instruments_remove_the_bias_that_least_squares_has() -> None:
    drawn = simulate_markets(80, 12, seed=3, slope=-1.0)
    truth = drawn["true_elasticity"].mean()
    plain = nested_logit(drawn, controls=["eci"], cluster="period")
    instrumented = nested_logit(drawn, instruments=["cost"], controls=["eci"], cluster="period")
    assert plain.low > truth + 0.2
    assert instrumented.elasticity == pytest.approx(truth, abs=0.12)
    assert instrumented.weak_low <= truth + 0.1 and instrumented.weak_high >= truth - 0.1


def test_the_nesting_parameter_is_recovered() -> None:
    drawn = simulate_markets(150, 15, seed=5, slope=-1.0, correlation=0.5)
    nest = drawn.groupby(["period", "group"])
    # What else is in the nest shifts the share within it and nothing else.
    drawn["z_rivals"] = nest["z_cost"].transform("mean")
    drawn["z_own"] = nest["eci"].transform("mean")
    found = nested_logit(
        drawn, instruments=["cost", "rivals"], nests="group", controls=["eci"], cluster="period"
    )
    assert found.correlation == pytest.approx(0.5, abs=3 * found.correlation_error)
    assert found.slope == pytest.approx(-1.0, abs=3 * found.slope_error)
    assert found.correlation_error < 0.15


def test_without_an_instrument_that_moves_price_the_estimate_is_not_identified() -> None:
    drawn = simulate_markets(20, 10, seed=4, cost_strength=0.0)
    found = nested_logit(drawn, instruments=["cost"], controls=["eci"], cluster="period")
    assert np.isinf([found.weak_low, found.weak_high]).any()
    assert not found.is_identified


def test_a_strong_instrument_identifies() -> None:
    drawn = simulate_markets(60, 12, seed=1)
    assert nested_logit(drawn, instruments=["cost"], controls=["eci"], cluster="period").is_identified


def test_an_assumed_outside_share_does_not_touch_the_slope() -> None:
    drawn = simulate_markets(20, 10, seed=6)
    slopes = {
        nested_logit(drawn, instruments=["cost"], controls=["eci"], outside_share=o).slope for o in (0.2, 0.9)
    }
    assert max(slopes) == pytest.approx(min(slopes), rel=1e-9)


def test_draws_have_the_covariance_of_the_estimate_and_mark_what_pricing_cannot_use() -> None:
    drawn = simulate_markets(20, 10, seed=6)
    found = nested_logit(drawn, instruments=["cost"], controls=["eci"], cluster="period")
    sample = parameter_draws(found, 4000, seed=0)
    assert sample["slope"].std() == pytest.approx(found.slope_error, rel=0.05)
    assert (sample["is_admissible"] == ((sample["slope"] < 0) & (sample["correlation"] == 0))).all()


def test_the_random_coefficient_is_near_zero_where_buyers_are_alike() -> None:
    drawn = simulate_markets(60, 12, seed=1)
    drawn = drawn.assign(z_sellers=drawn["z_cost"] ** 2)
    found = random_coefficients(drawn, instruments=["cost", "sellers"], controls=["eci"], cluster="period")
    plain = nested_logit(drawn, instruments=["cost"], controls=["eci"], cluster="period")
    assert found.spread < 0.3
    assert found.slope == pytest.approx(plain.slope, abs=0.1)
    assert found.elasticity == pytest.approx(drawn["true_elasticity"].mean(), abs=0.15)


def test_one_instrument_is_not_enough_for_a_spread() -> None:
    with pytest.raises(NotIdentifiedError, match="second instrument"):
        random_coefficients(simulate_markets(3, 6, seed=0), instruments=["cost"], controls=["eci"])
