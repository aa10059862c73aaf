"""Monte Carlo against analytic moments, Sobol indices against those of Ishigami's function."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from undercut.errors import InputError
from undercut.valuation.assumptions import Assumptions, Correlation, Parameter
from undercut.valuation.montecarlo import Simulation, draw_assumptions, simulate
from undercut.valuation.sensitivity import sobol_indices, sobol_of_function, tornado
from undercut.valuation.vendors import vendor_case

REACH = stats.norm.ppf(0.95)


def parameter(name: str, distribution: str, default: float, low: float, high: float) -> Parameter:
    return Parameter(
        name, "m", "u", default, low, high, distribution, -np.inf, np.inf, "n", "assumption", "s"  # type: ignore[arg-type]
    )  # fmt: skip


def lognormals(*sigmas: float, correlation: float = 0.0) -> Assumptions:
    parameters = {
        f"x{i}": parameter(f"x{i}", "lognormal", 1.0, np.exp(-s * REACH), np.exp(s * REACH))
        for i, s in enumerate(sigmas)
    }
    known = (Correlation(("x0", "x1"), correlation, "test"),) if correlation else ()
    return Assumptions(parameters, known)


def simulated(
    function: Callable[[Mapping[str, np.ndarray]], np.ndarray], assumptions: Assumptions, **options: int
) -> Simulation:
    """A function of drawn assumptions instead of a vendor's value."""
    inputs = draw_assumptions(assumptions, list(assumptions.parameters), **options)
    return Simulation("f", "u", function(inputs), inputs)


@pytest.mark.parametrize("correlation", [0.0, 0.6, -0.5])
def test_the_product_of_lognormals_has_its_analytic_moments(correlation: float) -> None:
    def product(x: Mapping[str, np.ndarray]) -> np.ndarray:
        return x["x0"] * x["x1"]

    found = simulated(product, lognormals(0.3, 0.4, correlation=correlation))
    variance = 0.3**2 + 0.4**2 + 2 * correlation * 0.3 * 0.4
    mean, second = np.exp(variance / 2), np.exp(2 * variance)
    assert found.outcomes.mean() == pytest.approx(mean, rel=5e-4)
    assert (found.outcomes**2).mean() == pytest.approx(second, rel=3e-3)
    low, high = found.interval(0.90)
    assert np.log([low, high]) == pytest.approx([-REACH * variance**0.5, REACH * variance**0.5], abs=2e-3)
    assert found.probability_below(1.0) == pytest.approx(0.5, abs=1e-3)


def test_the_numerical_error_covers_the_true_mean_and_beats_plain_drawing() -> None:
    def total(x: Mapping[str, np.ndarray]) -> np.ndarray:
        return x["x0"] + x["x1"] + x["x2"]

    true = 3 * np.exp(0.5**2 / 2)
    inside = []
    for seed in range(20):
        found = simulated(total, lognormals(0.5, 0.5, 0.5), draws=4096, seed=seed)
        inside.append(abs(found.outcomes.mean() - true) < stats.t.ppf(0.975, 7) * found.numerical_error)
        plain = found.outcomes.std() / np.sqrt(found.outcomes.size)
        assert found.numerical_error < plain / 3
    assert sum(inside) >= 16


def test_draws_have_the_stated_rank_correlation_and_their_own_margins(assumptions: Assumptions) -> None:
    names = ["price_erosion", "efficiency_gain", "demand_growth"]
    drawn = {k: v.ravel() for k, v in draw_assumptions(assumptions, names, draws=16384).items()}
    rho = stats.spearmanr(drawn["price_erosion"], drawn["efficiency_gain"]).statistic
    assert rho == pytest.approx(6 / np.pi * np.arcsin(0.5 / 2), abs=0.01)
    assert stats.spearmanr(drawn["price_erosion"], drawn["demand_growth"]).statistic == pytest.approx(
        0, abs=0.01
    )
    for name in names:
        u = np.linspace(0.05, 0.95, 19)
        assert np.quantile(drawn[name], u) == pytest.approx(assumptions[name].quantile(u), abs=2e-3)


def test_one_seed_gives_one_answer_and_another_seed_another(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("AMD", fundamentals)
    first, again, other = (simulate(case, draws=1024, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.outcomes, again.outcomes)
    assert not np.array_equal(first.outcomes, other.outcomes)
    assert first.outcomes.mean() == pytest.approx(other.outcomes.mean(), rel=0.1)


def test_vendors_of_all_roles_meet_the_same_world_in_a_draw(fundamentals: pd.DataFrame) -> None:
    chips, cloud, seller = (
        simulate(vendor_case(t, fundamentals), draws=1024, seed=5).inputs for t in ("NVDA", "AMZN", "OPENAI")
    )
    for name in ("demand_growth", "price_erosion", "elasticity"):
        assert np.array_equal(chips[name], cloud[name]) and np.array_equal(chips[name], seller[name])


def test_owners_who_can_walk_away_lose_nothing_below_zero(fundamentals: pd.DataFrame) -> None:
    found = simulate(vendor_case("OPENAI", fundamentals), draws=4096)
    row = found.table().iloc[0]
    kept = found.outcomes[found.outcomes > 0].sum() / found.outcomes.size
    assert row["mean_limited_liability"] == pytest.approx(kept) and row["below_zero"] > 0


def test_fixed_assumptions_give_a_range_of_no_width(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("NVDA", fundamentals)
    fixed = [
        case.assumptions[name].ranged(p.default, p.default, p.default, source="t", evidence="assumption")
        for name, p in case.assumptions.parameters.items()
        if name != "tax_rate"
    ]
    from dataclasses import replace

    narrow = replace(case, assumptions=case.assumptions.with_parameters(*fixed))
    found = simulate(narrow, draws=1024)
    assert set(found.inputs) == {"tax_rate"}
    shares = found.outcomes + case.company.net_debt
    taxed = 1 - found.inputs["tax_rate"]
    assert np.corrcoef(shares.ravel(), taxed.ravel())[0, 1] > 0.99


def test_impossible_questions_are_refused(assumptions: Assumptions) -> None:
    with pytest.raises(InputError, match="Nothing to draw"):
        draw_assumptions(assumptions, [], draws=16)


def ishigami() -> Assumptions:
    return Assumptions({f"x{i}": parameter(f"x{i}", "uniform", 0.0, -np.pi, np.pi) for i in range(3)})


def test_sobol_indices_of_ishigamis_function_are_the_analytic_ones() -> None:
    def function(x: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.sin(x["x0"]) + 7 * np.sin(x["x1"]) ** 2 + 0.1 * x["x2"] ** 4 * np.sin(x["x0"])

    found = sobol_of_function(function, ishigami(), ["x0", "x1", "x2"], base_draws=4096).set_index(
        "parameter"
    )
    assert found.loc[["x0", "x1", "x2"], "first_order"].to_numpy() == pytest.approx(
        [0.3139, 0.4424, 0.0], abs=0.02
    )
    assert found.loc[["x0", "x1", "x2"], "total"].to_numpy() == pytest.approx(
        [0.5576, 0.4424, 0.2437], abs=0.02
    )
    with pytest.raises(InputError, match="power of two"):
        sobol_of_function(function, ishigami(), ["x0"], base_draws=100)


def test_the_tornado_moves_one_assumption_at_a_time(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("NVDA", fundamentals)
    found = tornado(case)
    row = found.rows.set_index("parameter").loc["demand_growth"]
    by_hand = [
        float(case.value({"demand_growth": np.array([end])}).equity[0]) for end in (row["low"], row["high"])
    ]
    assert [row["value_low"], row["value_high"]] == pytest.approx(by_hand, rel=1e-12)
    assert found.base == pytest.approx(float(case.value().equity[0]))
    assert found.rows["swing"].is_monotonic_decreasing
    assert found.rows.iloc[0]["parameter"] in found.summary()


def test_what_the_tornado_ranks_high_explains_much_variance(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("NVDA", fundamentals)
    indices = sobol_indices(case, base_draws=256)
    assert set(indices["parameter"]) == set(case.assumptions.uncertain("chips"))
    assert set(indices["parameter"].head(3)) & set(tornado(case).rows["parameter"].head(4))
    assert (indices["total"] >= indices["first_order"] - 2 * indices["first_order_error"] - 0.05).all()


def test_sobol_indices_agree_with_salib(fundamentals: pd.DataFrame) -> None:
    sampling = pytest.importorskip("SALib.sample.sobol")
    analysis = pytest.importorskip("SALib.analyze.sobol")
    case = vendor_case("ANTHROPIC", fundamentals)
    names = case.assumptions.uncertain("seller")
    problem = {"num_vars": len(names), "names": names, "bounds": [[1e-9, 1 - 1e-9]] * len(names)}
    uniform = sampling.sample(problem, 64, calc_second_order=False, seed=0)
    drawn = {name: case.assumptions[name].quantile(uniform[:, i]) for i, name in enumerate(names)}
    theirs = analysis.analyze(problem, case.value(drawn).equity, calc_second_order=False, seed=1)
    ours = sobol_indices(case, base_draws=64).set_index("parameter").loc[names]
    np.testing.assert_allclose(ours["total"], theirs["ST"], rtol=1e-9)
    np.testing.assert_allclose(ours["first_order"], theirs["S1"], rtol=1e-9, atol=1e-12)
    assert np.nanmedian(ours["total_error"] / theirs["ST_conf"]) == pytest.approx(1.0, abs=0.3)
    pd.testing.assert_frame_equal(sobol_indices(case, base_draws=64), sobol_indices(case, base_draws=64))
