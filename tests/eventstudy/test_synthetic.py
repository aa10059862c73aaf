"""Counterfactuals from donors: exact optima, planted effects, thousands of donors."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from undercut.errors import DataError
from undercut.eventstudy.model import event_study
from undercut.eventstudy.synthetic import donor_fit, nearest_in_hull

OPTIONS = {"estimation": (-150, -11), "window": (0, 1)}
DONOR_MODELS = ["synthetic-control", "ridge-augmented", "difference-in-differences", "unexposed-factors"]


def donor_world(
    seed: int = 0, *, n_donors: int = 40, effect: float = 0.0, weights: np.ndarray | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """A firm that is a mix of donors plus noise, hit by ``effect`` on day 200."""
    rng = np.random.default_rng(seed)
    n_days = 260
    factors = rng.normal(0, 0.01, (n_days, 3))
    donors = factors @ rng.uniform(0, 1.5, (3, n_donors)) + rng.normal(0, 0.01, (n_days, n_donors))
    mix = np.r_[0.5, 0.3, 0.2, np.zeros(n_donors - 3)] if weights is None else weights
    firm = donors @ mix + rng.normal(0, 0.004, n_days)
    firm[200] += effect
    names = [f"donor {i:04d}" for i in range(n_donors)]
    wide = pd.DataFrame(donors, columns=names, index=pd.bdate_range("2021-01-01", periods=n_days))
    wide["firm"] = firm
    return wide, pd.DataFrame({"event": ["x"], "date": [wide.index[200]], "firm": ["firm"]}), names


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 10))
@settings(max_examples=60, deadline=None)
def test_the_nearest_point_of_the_hull_meets_its_optimality_conditions(
    seed: int, n_points: int, n_days: int
) -> None:
    rng = np.random.default_rng(seed)
    target, points = rng.normal(size=n_days), rng.normal(size=(n_points, n_days))
    weights = nearest_in_hull(target, points)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)
    residual = weights @ points - target
    slopes = points @ residual
    # No donor may lie nearer along the residual than those in use.
    assert slopes.min() >= slopes[weights > 0].max() - 1e-7


def test_the_nearest_point_is_that_of_a_general_optimiser() -> None:
    rng = np.random.default_rng(3)
    target, points = rng.normal(size=20), rng.normal(size=(8, 20))
    found = minimize(
        lambda w: ((w @ points - target) ** 2).sum(), np.full(8, 1 / 8), bounds=[(0, 1)] * 8,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, options={"ftol": 1e-14, "maxiter": 1_000},
    )  # fmt: skip
    np.testing.assert_allclose(nearest_in_hull(target, points), found.x, atol=1e-5)


def test_known_weights_are_recovered_without_noise() -> None:
    rng = np.random.default_rng(1)
    donors = rng.normal(0, 0.01, (30, 120))
    mix = np.r_[0.6, 0.25, 0.15, np.zeros(27)]
    np.testing.assert_allclose(nearest_in_hull(mix @ donors, donors), mix, atol=1e-8)


@pytest.mark.parametrize("model", DONOR_MODELS)
def test_a_planted_effect_is_found(model: str) -> None:
    wide, events, donors = donor_world(effect=-0.10)
    row = event_study(wide, events, model=model, donors=donors, **OPTIONS).car().iloc[0]
    assert abs(row["car"] + 0.10) < 3 * row["se"]
    assert row["p_value"] < 0.001


@pytest.mark.parametrize("model", DONOR_MODELS)
def test_standard_errors_tell_the_spread_of_estimates(model: str) -> None:
    ratios = []
    for seed in range(60):
        wide, events, donors = donor_world(seed)
        ratios.append(event_study(wide, events, model=model, donors=donors, **OPTIONS).car()["t"].iloc[0])
    assert np.std(ratios) == pytest.approx(1, abs=0.3)
    assert abs(np.mean(ratios)) < 3 * np.std(ratios) / np.sqrt(60)


def test_a_shock_to_all_firms_is_no_effect_but_one_carried_by_donors_hides_it() -> None:
    wide, events, donors = donor_world()
    wide.iloc[200] -= 0.05
    common = event_study(wide, events, model="synthetic-control", donors=donors, **OPTIONS).car()
    assert abs(common["car"].iloc[0]) < 3 * common["se"].iloc[0]
    market = wide[donors].mean(axis=1)
    constant = event_study(wide, events, model="constant-mean", **OPTIONS).car()["car"].iloc[0]
    assert constant < -0.03
    assert event_study(wide, events, market=market, **OPTIONS).car()["car"].iloc[0] > -0.03


def test_thousands_of_donors_need_no_matrix_of_donors_by_donors() -> None:
    n_donors = 5_000
    wide, events, donors = donor_world(n_donors=n_donors)
    tracemalloc.start()
    event_study(wide, events, model="ridge-augmented", donors=donors, **OPTIONS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.6 * 8 * n_donors**2


def test_ridge_augmentation_is_the_sum_over_donors_that_its_dual_form_avoids() -> None:
    rng = np.random.default_rng(2)
    donors, event = rng.normal(0, 0.01, (15, 60)), rng.normal(0, 0.01, (15, 2))
    target = rng.normal(0, 0.02, 60)
    plain = nearest_in_hull(target, donors)
    fit = donor_fit(target, donors, event, ridge=True)
    correction = fit.weights - plain
    residual = target - plain @ donors
    # The weights solve the primal ridge equations for some penalty: (Y Y' + penalty I) w = Y residual.
    gap = donors @ residual - donors @ donors.T @ correction
    penalties = gap / correction
    np.testing.assert_allclose(penalties, penalties[0], rtol=1e-6)
    np.testing.assert_allclose(fit.expected, fit.weights @ event)


def test_donors_with_gaps_are_left_out_and_counted() -> None:
    wide, events, donors = donor_world()
    wide.iloc[190, 0] = np.nan  # between the windows: not needed
    wide.iloc[100, 1] = np.nan
    study = event_study(wide, events, model="synthetic-control", donors=donors, **OPTIONS)
    assert study.abnormal.warnings == ("x: 1 of 40 donors lack a return on a day that is needed",)


def test_too_few_donors_are_refused() -> None:
    wide, events, donors = donor_world()
    wide.iloc[100, 1:] = np.nan
    with pytest.raises(DataError, match="donors trade on all days"):
        wide["firm"] = 0.01
        event_study(wide, events, model="synthetic-control", donors=donors, **OPTIONS)


def test_firms_without_events_are_donors_by_default() -> None:
    wide, events, donors = donor_world()
    named = event_study(wide, events, model="synthetic-control", donors=donors, **OPTIONS).car()
    default = event_study(wide, events, model="synthetic-control", **OPTIONS).car()
    pd.testing.assert_frame_equal(named, default)


def test_active_donors_cost_degrees_of_freedom() -> None:
    rng = np.random.default_rng(2)
    donors, target = rng.normal(0, 0.01, (25, 80)), rng.normal(0, 0.01, 80)
    fit = donor_fit(target, donors, donors[:, :2])
    assert fit.parameters == (fit.weights > 0).sum() - 1
    ridge = donor_fit(target, donors, donors[:, :2], ridge=True)
    assert fit.parameters < ridge.parameters < 80
