"""Local projections against statsmodels, known responses, and the size of their tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from undercut.errors import DataError, InputError
from undercut.inference.local_projections import local_projections, permute_shocks

NAMES = {"outcome": "price", "shock": "jump"}


def simulated(
    seed: int, *, length: int = 300, response: tuple[float, ...] = (-0.3, -0.2, -0.1)
) -> pd.DataFrame:
    """The price's change answers this period's and earlier jumps; it has momentum of its own."""
    rng = np.random.default_rng(seed)
    jump = rng.normal(size=length) * (rng.random(length) < 0.3)
    change = np.convolve(jump, response)[:length] + 0.2 * rng.normal(size=length)
    return pd.DataFrame({"price": change.cumsum(), "jump": jump, "cost": rng.normal(size=length)})


def test_a_known_response_is_recovered_at_every_horizon() -> None:
    fit = local_projections(simulated(1, length=3_000), **NAMES, horizons=4)
    truth = [-0.3, -0.5, -0.6, -0.6, -0.6]
    assert fit.response["estimate"].to_numpy() == pytest.approx(truth, abs=0.05)


@pytest.mark.parametrize("errors", ["lag_augmented", "newey_west"])
def test_each_horizon_is_the_regression_that_statsmodels_runs(errors: str) -> None:
    data = simulated(2, length=80)
    fit = local_projections(data, **NAMES, controls=("cost",), horizons=3, lags=1, errors=errors)  # type: ignore[arg-type]
    depth = 2 if errors == "lag_augmented" else 1
    change = data["price"].diff()
    columns = {"jump": data["jump"], "cost": data["cost"]}
    for j in range(1, depth + 1):
        columns |= {f"y{j}": change.shift(j), f"s{j}": data["jump"].shift(j), f"c{j}": data["cost"].shift(j)}
    for horizon in range(4):
        target = data["price"].shift(-horizon) - data["price"].shift(1)
        both = pd.DataFrame(columns).assign(target=target).dropna()
        model = sm.OLS(both["target"], sm.add_constant(both.drop(columns="target")))
        options = (
            {"cov_type": "HC3"}
            if errors == "lag_augmented"
            else ({"cov_type": "HAC", "cov_kwds": {"maxlags": horizon + 1, "use_correction": True}})
        )
        other = model.fit(**options)
        row = fit.response.loc[horizon]
        assert row["estimate"] == pytest.approx(other.params["jump"], rel=1e-9)
        assert row["std_error"] == pytest.approx(other.bse["jump"], rel=1e-9)


def test_intervals_cover_and_the_permutation_keeps_its_size_in_forty_months() -> None:
    covered, rejected = [], []
    for seed in range(120):
        data = simulated(seed, length=40, response=(0.0,))
        fit = local_projections(data, **NAMES, horizons=2, lags=1)
        found = permute_shocks(fit) if seed < 60 else fit
        covered.append((fit.response["ci_low"] <= 0) & (fit.response["ci_high"] >= 0))
        if seed < 60:
            rejected.append(found.response["p_permutation"] <= 0.05)
    assert (np.mean(covered, axis=0) >= 0.88).all()
    assert (np.mean(rejected, axis=0) <= 0.14).all()


def test_small_samples_and_few_shocks_are_warned_of() -> None:
    data = simulated(3, length=36)
    data["jump"] = np.where(data.index.isin([8, 15, 22, 29]), 1.0, 0.0)
    fit = local_projections(data, **NAMES, horizons=3, lags=1)
    assert fit.n_shocks == 4
    assert len(fit.warnings) == 2
    assert local_projections(simulated(3), **NAMES).warnings == ()


def test_blocks_of_one_period_permute_single_shocks() -> None:
    data = simulated(4, length=60)
    fit = local_projections(data, **NAMES, horizons=0)
    found = permute_shocks(fit, scheme="blocks", block=1, draws=99)
    assert found.response.loc[0, "p_permutation"] == pytest.approx(0.01)


def test_the_smallest_detectable_response_is_larger_than_the_interval_reaches() -> None:
    fit = local_projections(simulated(5), **NAMES)
    reach = fit.response.loc[2, "ci_high"] - fit.response.loc[2, "estimate"]
    assert fit.smallest_detectable(2).effect > reach


def test_series_that_cannot_be_used_say_why() -> None:
    data = simulated(6, length=20)
    with pytest.raises(DataError, match="never changes"):
        local_projections(data.assign(jump=0.0), **NAMES)
    with pytest.raises(DataError, match="Missing or infinite values in price"):
        local_projections(data.assign(price=data["price"].shift(1)), **NAMES)
    with pytest.raises(DataError, match="fewer lags"):
        local_projections(data, **NAMES, horizons=8, lags=3)
    with pytest.raises(InputError, match="newey_west"):
        local_projections(data, **NAMES, errors="white")  # type: ignore[arg-type]


def test_shocks_are_moved_by_the_options_of_the_fit_and_by_the_draws_and_the_seed_asked_for() -> None:
    data = simulated(7, length=50, response=(0.0,))
    fit = local_projections(data, **NAMES, controls=("cost",), horizons=1, lags=1, errors="newey_west")
    naive = []
    for shift in range(1, 50):
        moved = data.assign(jump=np.roll(data["jump"], shift))
        other = local_projections(
            moved, **NAMES, controls=("cost",), horizons=1, lags=1, errors="newey_west"
        ).response.loc[1]
        naive.append(abs(other["estimate"] / other["std_error"]))
    real = abs(fit.response.loc[1, "estimate"] / fit.response.loc[1, "std_error"])
    expected = (1 + (np.array(naive) >= real * (1 - 1e-9)).sum()) / 50
    assert permute_shocks(fit).response.loc[1, "p_permutation"] == pytest.approx(expected)
    few = [permute_shocks(fit, draws=19, seed=s).response["p_permutation"].to_numpy() for s in range(6)]
    assert {round(float(p * 20), 6) % 1 for part in few for p in part} == {0.0}
    assert len({tuple(part) for part in few}) > 1
    with pytest.raises(InputError, match="no block"):
        permute_shocks(fit, block=4)
