"""Adjusted p-values against published procedures written plainly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from undercut.errors import InputError
from undercut.inference.multiple_testing import benjamini_hochberg, romano_wolf


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_is_that_of_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="fdr_bh")[1]
    np.testing.assert_allclose(benjamini_hochberg(p_values), expected, atol=1e-12)


def test_missing_p_values_do_not_count() -> None:
    adjusted = benjamini_hochberg([0.01, np.nan, 0.02])
    np.testing.assert_allclose(adjusted, [0.02, np.nan, 0.02])


def naive_romano_wolf(statistics: np.ndarray, null: np.ndarray) -> np.ndarray:
    scale = np.sqrt((null**2).mean(axis=0))
    observed, drawn = np.abs(statistics) / scale, np.abs(null) / scale
    remaining, p_values, last = set(range(len(observed))), np.empty(len(observed)), 0.0
    while remaining:
        best = max(remaining, key=lambda i: observed[i])
        largest = drawn[:, sorted(remaining)].max(axis=1)
        last = max(last, (1 + (largest >= observed[best]).sum()) / (1 + len(drawn)))
        p_values[best] = last
        remaining.remove(best)
    return p_values


@given(st.integers(0, 1_000), st.integers(1, 8))
def test_romano_wolf_steps_down(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    null = rng.normal(size=(200, count)) * rng.uniform(0.5, 2, count)
    statistics = rng.normal(size=count) * 2
    np.testing.assert_allclose(romano_wolf(statistics, null), naive_romano_wolf(statistics, null))


def test_romano_wolf_gains_from_correlation_where_bonferroni_cannot() -> None:
    common = np.random.default_rng(0).normal(size=(5_000, 1))
    null = np.repeat(common, 10, axis=1)
    adjusted = romano_wolf([2.2] * 10, null)
    assert adjusted.max() < 0.05  # ten copies of one hypothesis are one hypothesis


def test_family_wise_error_is_held() -> None:
    rng = np.random.default_rng(1)
    root = np.linalg.cholesky(0.4 * np.ones((12, 12)) + 0.6 * np.eye(12))
    null = rng.normal(size=(1_999, 12)) @ root.T
    rejected = [romano_wolf(root @ rng.normal(size=12), null).min() <= 0.05 for _ in range(600)]
    assert abs(np.mean(rejected) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 600)


def test_unusable_input_is_refused() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        benjamini_hochberg([0.5, 1.5])
    with pytest.raises(InputError, match="one column"):
        romano_wolf([1.0, 2.0], np.zeros((10, 3)))
