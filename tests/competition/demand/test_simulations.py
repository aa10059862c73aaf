"""On markets whose demand is known, instruments recover it, and intervals cover it and what it implies."""

from __future__ import annotations

import pytest

from tests.competition.demand.simulations import simulate, simulate_counterfactual


def test_a_few_markets_show_the_bias_of_least_squares_and_its_cure() -> None:
    table = simulate("18 markets of 15, weaker instrument", runs=8)
    assert table.loc["OLS", "bias"] > 1
    assert abs(table.loc["2SLS", "bias"]) < 0.3
    assert table.loc["2SLS", "robust"] >= 0.7


@pytest.mark.slow
def test_strong_instruments_recover_the_elasticity_and_intervals_hold_their_level() -> None:
    """100 runs: a true coverage of 0.95 shows as 0.88 or less once in 250 times."""
    for design in ("60 markets, strong instrument", "60 markets, steep demand"):
        table = simulate(design, runs=100, first_seed=1000)
        assert abs(table.loc["2SLS", "bias"]) < 0.05
        assert table.loc["2SLS", ["coverage", "robust"]].min() >= 0.88
        assert table.loc["OLS", "coverage"] <= 0.05


@pytest.mark.slow
def test_a_useless_instrument_is_not_taken_for_identification() -> None:
    table = simulate("60 markets, useless instrument", runs=100, first_seed=1000)
    assert table.loc["2SLS", "robust"] >= 0.88
    assert table.loc["2SLS", "identified"] <= 0.1


@pytest.mark.slow
def test_the_bootstrap_of_the_counterfactual_covers_the_true_effect() -> None:
    """60 runs: a true coverage of 0.95 shows as 0.86 or less once in 200 times."""
    assert simulate_counterfactual(runs=60, first_seed=1000)["coverage"].min() >= 0.86
