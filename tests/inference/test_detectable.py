"""Is the smallest detectable effect the one that a test finds in four cases of five?"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from undercut.errors import InputError
from undercut.inference.detectable import detectable_effect, detectable_from_placebos, placebo_p_value


def test_an_effect_of_the_detectable_size_is_found_in_four_cases_of_five() -> None:
    found = detectable_effect(0.3, freedom=9)
    draws = found.effect + 0.3 * stats.t.rvs(9, size=40_000, random_state=1)
    assert np.mean(np.abs(draws) > found.critical) == pytest.approx(0.8, abs=0.01)


def test_normal_placebos_agree_with_their_standard_error() -> None:
    placebos = np.random.default_rng(1).normal(scale=0.5, size=40_000)
    assert detectable_from_placebos(placebos).effect == pytest.approx(detectable_effect(0.5).effect, rel=0.02)


def test_placebos_off_centre_make_one_direction_harder() -> None:
    found = detectable_from_placebos(np.random.default_rng(2).normal(loc=0.5, size=4000))
    assert found.fall > found.rise
    assert found.effect == found.fall


def test_a_shift_by_the_detectable_rise_is_found_as_often_as_promised() -> None:
    placebos = np.random.default_rng(3).exponential(size=5000) - 1
    found = detectable_from_placebos(placebos, power=0.9)
    share = np.mean(placebos + found.rise >= found.critical - 1e-12)
    assert share == pytest.approx(0.9, abs=0.002)
    assert np.mean(placebos + found.rise * 0.98 >= found.critical) < 0.9


def test_a_p_value_is_never_zero_and_counts_both_tails() -> None:
    assert placebo_p_value(10.0, np.zeros(99)) == pytest.approx(0.01)
    assert placebo_p_value(-1.0, [1.0, -1.0, 0.0]) == pytest.approx(0.75)


@pytest.mark.parametrize("placebos", [np.zeros(5), np.r_[np.zeros(50), np.nan]])
def test_too_few_or_failed_placebos_are_refused(placebos: np.ndarray) -> None:
    with pytest.raises(InputError, match="placebos"):
        detectable_from_placebos(placebos)


def test_a_standard_error_of_zero_is_refused() -> None:
    with pytest.raises(InputError, match="standard error"):
        detectable_effect(0.0)


def test_the_level_is_the_confidence_level_and_a_size_is_refused() -> None:
    found = detectable_effect(0.3, freedom=9, level=0.9)
    assert found.effect == pytest.approx(0.3 * (stats.t.ppf(0.95, 9) + stats.t.ppf(0.8, 9)))
    assert found.effect < detectable_effect(0.3, freedom=9).effect
    with pytest.raises(InputError, match=r"0\.95"):
        detectable_effect(0.3, level=0.05)
