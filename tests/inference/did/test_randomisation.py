"""Randomisation inference: exactness, naive recomputation, and dates that keep their spacing."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inference.did.adoption_market import adopters
from undercut.errors import DataError, InputError
from undercut.inference.did.model import staggered_adoption
from undercut.inference.did.randomisation import randomisation_test, randomise_adoption, redraw_dates


@given(seed=st.integers(0, 1000), spacing=st.integers(1, 4))
def test_redrawn_dates_keep_their_number_window_and_spacing(seed: int, spacing: int) -> None:
    drawn = redraw_dates([2, 9, 20], window=(1, 24), min_spacing=spacing, draws=20, seed=seed)
    assert drawn.min() >= 1 and drawn.max() <= 24
    assert (np.diff(drawn, axis=1) >= spacing).all()


def test_all_spaced_sets_are_equally_likely() -> None:
    drawn = redraw_dates([0, 4], window=(0, 6), min_spacing=3, draws=6_000)
    allowed = [pair for pair in combinations(range(7), 2) if pair[1] - pair[0] >= 3]
    sets, counts = np.unique(drawn, axis=0, return_counts=True)
    assert [tuple(s) for s in sets] == allowed
    assert counts / 6_000 == pytest.approx(1 / len(allowed), abs=0.02)


def test_gaps_and_shifts_keep_how_releases_cluster() -> None:
    gaps = redraw_dates([3, 4, 10], window=(0, 30), scheme="gaps", draws=50)
    assert {tuple(sorted(np.diff(row))) for row in gaps} == {(1, 6)}
    shifts = redraw_dates([3, 4, 10], window=(0, 30), scheme="shift", draws=50)
    assert {tuple(sorted((row - row[0]) % 31)) for row in shifts} == {(0, 1, 7)}


def test_releases_of_one_day_stay_together() -> None:
    drawn = redraw_dates([5, 5, 9], window=(0, 20), draws=30)
    assert (drawn[:, 0] == drawn[:, 1]).all()


def test_the_interval_holds_the_effects_that_the_naive_test_does_not_reject() -> None:
    rng = np.random.default_rng(0)
    outcome = rng.normal(size=80) - 2.0 * (np.arange(80) >= 40)
    redrawn = redraw_dates([40], window=(10, 69), draws=199)

    def step(dates: np.ndarray) -> np.ndarray:
        return (np.arange(80) >= dates[0]).astype(float)

    def change(y: np.ndarray, dates: np.ndarray) -> float:
        return float(y[dates[0] :].mean() - y[: dates[0]].mean())

    test = randomisation_test(change, outcome, [40], redrawn, effect=step)
    for value in np.linspace(test.ci_low - 0.5, test.ci_high + 0.5, 23):
        adjusted = outcome - value * step(np.array([40]))
        drawn = np.abs([change(adjusted, each) for each in redrawn])
        naive = (1 + (drawn >= abs(change(adjusted, np.array([40]))) - 1e-12).sum()) / 200
        if min(abs(value - test.ci_low), abs(value - test.ci_high)) > 0.01:
            assert (naive >= 0.05) == (test.ci_low < value < test.ci_high)


@pytest.mark.slow
def test_dates_drawn_at_random_are_rejected_at_the_nominal_rate_with_few_clusters_and_shared_shocks() -> None:
    rejected = []
    for seed in range(40):
        data = adopters(seed, units=15, clusters=3, periods=20, effect=0.0, shared=0.05, never=0.2)
        dates = redraw_dates([6, 10, 14], window=(3, 17), draws=1, seed=seed)[0]
        data["first_treated"] = data["unit"].mod(4).map(dict(enumerate(dates.astype(float))))
        rejected.append(randomise_adoption(data, window=(3, 17), draws=39, seed=seed).p_value <= 0.05)
    assert np.mean(rejected) <= 0.15


def test_the_estimate_is_that_of_imputation_and_the_interval_covers() -> None:
    data = adopters(3, units=24, clusters=6, effect=-0.5)
    test = randomise_adoption(data, draws=99, window=(2, 23))
    assert test.estimate == pytest.approx(
        staggered_adoption(data, method="imputation", leads=1, lags=30).effect()["estimate"]
    )
    assert test.ci_low < -0.5 < test.ci_high < 0


def test_inputs_that_cannot_be_used_say_why() -> None:
    with pytest.raises(InputError, match="do not fit"):
        redraw_dates([1, 9], window=(0, 10), min_spacing=11)
    with pytest.raises(InputError, match="within the window"):
        redraw_dates([1, 9], window=(2, 10))
    with pytest.raises(DataError, match="real dates"):
        randomisation_test(lambda _y, _d: np.nan, np.zeros(3), [1], np.array([[1]]))
    with pytest.raises(DataError, match="leave nothing to compare"):
        randomisation_test(lambda _y, d: 1.0 if d[0] == 1 else np.nan, np.zeros(3), [1], np.array([[1], [2]]))
