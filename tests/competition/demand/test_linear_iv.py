"""Two-stage least squares against another package, and intervals whose level is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest

from undercut.competition.demand.linear_iv import anderson_rubin, two_stage
from undercut.errors import DataError


def draw(
    seed: int, *, clusters: int = 40, each: int = 8, strength: float = 0.5, slope: float = -1.0
) -> pd.DataFrame:
    """y = slope x + 0.5 w + shock, the shock shared within clusters and part of x."""
    rng = np.random.default_rng(seed)
    n = clusters * each
    group = np.repeat(np.arange(clusters), each)
    z, z2, w, own = rng.normal(size=(4, n))
    shock = 0.7 * rng.normal(size=clusters)[group] + own
    x = strength * (z + 0.5 * z2) + 0.3 * w + 0.8 * shock + rng.normal(size=n)
    return pd.DataFrame({"y": slope * x + 0.5 * w + shock, "x": x, "w": w, "z": z, "z2": z2, "group": group})


def arrays(data: pd.DataFrame, instruments: list[str]) -> tuple[np.ndarray, ...]:
    exogenous = np.column_stack([data["w"], np.ones(len(data))])
    return (
        data["y"].to_numpy(), data[["x"]].to_numpy(), exogenous, data[instruments].to_numpy(),
        data["group"].to_numpy(),
    )  # fmt: skip


def test_coefficient_error_and_first_stage_agree_with_pyfixest() -> None:
    data = draw(1)
    fit = two_stage(*arrays(data, ["z", "z2"]))
    theirs = pf.feols("y ~ w | x ~ z + z2", data, vcov={"CRV1": "group"})
    theirs.first_stage()
    assert fit.coefficients[0] == pytest.approx(float(theirs.coef()["x"]), rel=1e-8)
    assert fit.std_errors[0] == pytest.approx(float(theirs.se()["x"]), rel=1e-8)
    assert fit.first_stage_f[0] == pytest.approx(float(theirs._f_stat_1st_stage), rel=1e-6)


def test_ordinary_least_squares_agrees_with_pyfixest() -> None:
    data = draw(2)
    y, x, w, _, group = arrays(data, ["z"])
    fit = two_stage(y, x, w, None, group)
    theirs = pf.feols("y ~ x + w", data, vcov={"CRV1": "group"})
    assert fit.coefficients[0] == pytest.approx(float(theirs.coef()["x"]), rel=1e-10)
    assert fit.std_errors[0] == pytest.approx(float(theirs.se()["x"]), rel=1e-8)


def test_the_weak_instrument_interval_holds_its_level_where_the_ordinary_one_does_not() -> None:
    covered, ordinary = [], []
    for seed in range(150):
        pieces = arrays(draw(seed, strength=0.05), ["z", "z2"])
        low, high = anderson_rubin(*pieces)
        covered.append(not np.isnan(low) and low <= -1.0 <= high)
        fit = two_stage(*pieces)
        ordinary.append(abs(fit.coefficients[0] + 1.0) < 1.96 * fit.std_errors[0])
    assert np.mean(covered) > 0.92
    assert np.mean(ordinary) < np.mean(covered) - 0.1


def test_useless_instruments_leave_the_interval_unbounded() -> None:
    unbounded = [
        np.isinf(anderson_rubin(*arrays(draw(seed, strength=0.0), ["z"]))).any() for seed in range(20)
    ]
    assert np.mean(unbounded) > 0.8


def test_strong_instruments_bound_it_around_the_truth() -> None:
    low, high = anderson_rubin(*arrays(draw(3, strength=2.0), ["z"]))
    assert -1.3 < low < -1.0 < high < -0.7


def test_overidentification_sees_an_instrument_that_is_none() -> None:
    data = draw(4, strength=1.0)
    assert two_stage(*arrays(data, ["z", "z2"])).overidentification[1] > 0.01
    spoilt = data.assign(y=data["y"] + data["z2"])
    assert two_stage(*arrays(spoilt, ["z", "z2"])).overidentification[1] < 0.001


def test_two_endogenous_regressors_have_conditional_first_stages() -> None:
    """The second regressor moves with the same instrument only: its conditional F must be small."""
    data = draw(5, strength=1.0)
    y, x, w, z, group = arrays(data, ["z", "z2"])
    rng = np.random.default_rng(0)
    twin = x + rng.normal(size=x.shape)
    fit = two_stage(y, np.column_stack([x, twin]), w, z, group)
    assert two_stage(y, x, w, z, group).first_stage_f[0] > 50
    assert fit.first_stage_f.max() < 10


def test_too_few_instruments_or_clusters_are_refused() -> None:
    y, x, w, z, group = arrays(draw(6), ["z"])
    with pytest.raises(DataError, match="as many instruments"):
        two_stage(y, np.column_stack([x, x**2]), w, z, group)
    with pytest.raises(DataError, match="clusters"):
        anderson_rubin(y, x, w, np.column_stack([z, z**2, z**3]), group // 8)


def test_a_price_that_the_fixed_effects_explain_is_refused() -> None:
    y, _, w, _, group = arrays(draw(7), ["z"])
    with pytest.raises(DataError, match="no variation"):
        two_stage(y, w[:, [0]], w, None, group)
