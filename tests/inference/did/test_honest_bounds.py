"""Bounds under violations of parallel trends: closed forms, identified sets, brute force and coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.inference.did.adoption_market import adopters
from undercut.errors import DataError, InputError
from undercut.inference.did.honest_bounds import Restriction, honest_bounds
from undercut.inference.did.model import staggered_adoption
from undercut.inference.did.smoothness import bend_basis, half_length

TIMES = [-4, -3, -2, 0, 1, 2]


def series(values: list[float], times: list[int] = TIMES) -> pd.Series:
    return pd.Series(values, index=times)


def covariance(seed: int, size: int = 6, scale: float = 0.05) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(size, 2 * size)) * scale / np.sqrt(2 * size)
    return root @ root.T


def test_without_violation_the_relative_bounds_are_the_ordinary_interval() -> None:
    effects = series([0.01, -0.02, 0.015, 0.4, 0.5, 0.6])
    bounds = honest_bounds(effects, covariance(0), magnitudes=(0.0,), target=1)
    low, high = bounds.intervals.loc[0, ["ci_low", "ci_high"]]
    # The hybrid test spends a tenth of its size on its first step: slightly longer.
    assert low == pytest.approx(bounds.ci_low, abs=0.06 * (bounds.ci_high - bounds.ci_low))
    assert high == pytest.approx(bounds.ci_high, abs=0.06 * (bounds.ci_high - bounds.ci_low))


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), magnitude=st.sampled_from([0.5, 1.0, 2.0]))
def test_relative_bounds_shrink_to_the_identified_set(seed: int, magnitude: float) -> None:
    rng = np.random.default_rng(seed)
    effects, weights = series(rng.normal(size=6).tolist()), rng.uniform(-1, 1, size=3)
    bounds = honest_bounds(effects, 1e-12 * np.eye(6), target=weights.tolist(), magnitudes=(magnitude,))
    largest = np.abs(np.diff([*effects.loc[:-2], 0.0])).max()
    low, high = identified(effects, weights, first_differences=magnitude * largest)
    assert bounds.intervals.loc[0, ["ci_low", "ci_high"]].to_numpy() == pytest.approx([low, high], abs=1e-4)


def identified(
    effects: pd.Series, weights: np.ndarray, *, first_differences: float = np.inf, bends: float = np.inf
) -> tuple[float, float]:
    """Range of the target given the leads, by linear programmes over the path after adoption."""
    before = [*effects.loc[:-2], 0.0]
    count = len(weights)
    path = np.vstack([np.zeros((len(before), count)), np.eye(count)])
    known = np.r_[before, np.zeros(count)]
    rows, limits = [], []
    for order, limit in ((1, first_differences), (2, bends)):
        if np.isfinite(limit):
            change = np.diff(path, n=order, axis=0)[-count:]
            fixed = np.diff(known, n=order)[-count:]
            rows += [change, -change]
            limits += [limit - fixed, limit + fixed]
    ends = [
        linprog(sign * weights, A_ub=np.vstack(rows), b_ub=np.concatenate(limits), bounds=(None, None)).fun
        for sign in (1.0, -1.0)
    ]
    estimate = float(weights @ effects.loc[0:].to_numpy())
    return estimate + ends[1], estimate - ends[0]


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_smooth_bounds_hold_the_identified_set_when_nothing_is_uncertain(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bends = rng.uniform(-0.1, 0.1, size=5)
    trend, basis = bend_basis(np.array(TIMES, dtype=float))
    violation = rng.normal() * trend + basis @ bends
    effects = series((violation + np.r_[np.zeros(3), rng.normal(size=3)]).tolist())
    weights = np.array([0.5, 0.3, 0.2])
    bounds = honest_bounds(
        effects, 1e-10 * np.eye(6), target=weights.tolist(), magnitudes=(0.1,), restriction="smoothness"
    )
    low, high = identified(effects, weights, bends=0.1)
    assert bounds.intervals.at[0, "ci_low"] <= low + 1e-4
    assert bounds.intervals.at[0, "ci_high"] >= high - 1e-4


def test_with_one_lead_and_no_bend_the_line_is_extrapolated() -> None:
    effects = series([-0.3, 0.5], [-2, 0])
    sigma = np.array([[0.04, 0.01], [0.01, 0.09]])
    bounds = honest_bounds(effects, sigma, magnitudes=(0.0, 0.2), restriction="smoothness")
    error = np.sqrt(0.04 + 0.09 + 2 * 0.01)
    assert bounds.intervals.loc[0, ["ci_low", "ci_high"]].to_numpy() == pytest.approx(
        [0.2 - 1.959964 * error, 0.2 + 1.959964 * error], abs=1e-5
    )
    reach = half_length(error, 0.2, 0.95)
    assert bounds.intervals.at[1, "ci_high"] == pytest.approx(0.2 + reach, abs=1e-6)


def test_smooth_bounds_are_as_short_as_a_search_over_all_weights_finds() -> None:
    times = [-3, -2, 0]
    sigma = covariance(3, 3)
    bounds = honest_bounds(
        series([0.0, 0.0, 1.0], times), sigma, magnitudes=(0.02,), restriction="smoothness"
    )
    _, basis = bend_basis(np.array(times, dtype=float))
    lengths = []
    for first in np.linspace(-3, 3, 20_001):
        weights = np.array([first, 1 - 2 * first, 1.0])  # cancels a linear trend: -2 v1 - v2 + 1 = 0
        error = np.sqrt(weights @ sigma @ weights)
        lengths.append((error, 0.02 * np.abs(basis.T @ weights).sum()))
    shortest = min(half_length(e, b, 0.95) for e, b in lengths[::20])
    low, high = bounds.intervals.loc[0, ["ci_low", "ci_high"]]
    assert (high - low) / 2 == pytest.approx(shortest, rel=1e-3)


@pytest.mark.parametrize("restriction", ["relative_magnitude", "smoothness"])
def test_intervals_grow_with_the_violation_and_break_down_where_they_reach_zero(
    restriction: Restriction,
) -> None:
    effects = series([0.02, -0.03, 0.01, 0.4, 0.5, 0.6])
    magnitudes = np.linspace(0, 6 if restriction == "relative_magnitude" else 0.4, 7)
    options = {"restriction": restriction}
    bounds = honest_bounds(effects, covariance(1), magnitudes=magnitudes.tolist(), **options)
    widths = bounds.intervals["ci_high"] - bounds.intervals["ci_low"]
    assert (widths.diff().dropna() > 0).all()
    ends = [
        honest_bounds(effects, covariance(1), magnitudes=(m,), **options).intervals.at[0, "ci_low"]
        for m in (bounds.breakdown * 0.98, bounds.breakdown * 1.001)
    ]
    assert ends[0] > 0 >= ends[1]
    assert "can be told from none" in bounds.summary()


@pytest.mark.parametrize(("restriction", "magnitude"), [("relative_magnitude", 1.0), ("smoothness", 0.05)])
def test_bounds_cover_the_truth_where_the_ordinary_interval_does_not(
    restriction: Restriction, magnitude: float
) -> None:
    stepping, bending = [0.0, 0.08, 0.0, 0.08, 0.16, 0.08], [-0.3, -0.15, -0.05, 0.05, 0.15, 0.3]
    violation = np.array(stepping if restriction == "relative_magnitude" else bending)
    sigma = covariance(2, scale=0.06)
    rng = np.random.default_rng(0)
    covered, ordinary = [], []
    for _ in range(80):
        effects = series(rng.multivariate_normal(violation + np.r_[0, 0, 0, 1, 1, 1], sigma).tolist())
        bounds = honest_bounds(effects, sigma, target=1, magnitudes=(magnitude,), restriction=restriction)
        low, high = bounds.intervals.loc[0, ["ci_low", "ci_high"]]
        covered.append(low <= 1 <= high)
        ordinary.append(bounds.ci_low <= 1 <= bounds.ci_high)
    assert np.mean(covered) >= 0.9
    assert np.mean(ordinary) < 0.75


def test_a_fit_is_bounded_and_imputation_refused() -> None:
    data = adopters(1, effect=-1.0)
    bounds = staggered_adoption(data, method="sun_abraham", leads=3, lags=2).honest_bounds(
        magnitudes=(0.0, 1.0)
    )
    assert bounds.intervals.at[1, "ci_low"] < -1.0 < bounds.intervals.at[1, "ci_high"]
    with pytest.raises(InputError, match="different references"):
        staggered_adoption(data, method="imputation", leads=3, lags=2).honest_bounds()


def test_inputs_that_cannot_be_used_say_why() -> None:
    with pytest.raises(DataError, match="without gaps"):
        honest_bounds(series([0.0, 0.0, 1.0], [-4, -2, 0]), np.eye(3))
    with pytest.raises(DataError, match="without gaps"):
        honest_bounds(series([1.0], [0]), np.eye(1))
    with pytest.raises(DataError, match="2 x 2"):
        honest_bounds(series([0.0, 1.0], [-2, 0]), np.eye(3))
    with pytest.raises(InputError, match="lag from 0 to 0"):
        honest_bounds(series([0.0, 1.0], [-2, 0]), np.eye(2), target=3)


def test_a_matrix_that_is_no_covariance_is_refused_by_name() -> None:
    effects = pd.Series([0.1, 0.2, 0.3], index=[-3, -2, 0])
    negative = np.diag([0.01, 0.01, -0.01])
    with pytest.raises(DataError, match="no covariance"):
        honest_bounds(effects, negative)
