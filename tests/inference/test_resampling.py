"""Is a weighted quantile that of the numbers written out as often as they count?"""

from __future__ import annotations

import numpy as np
import pytest

from undercut.inference.resampling import weighted_quantile


@pytest.mark.parametrize("quantile", [0.0, 0.1, 0.35, 0.5, 1.0])
def test_a_number_that_counts_three_times_stands_there_three_times(quantile: float) -> None:
    rng = np.random.default_rng(1)
    ascending, counts = np.sort(rng.normal(size=7)), rng.integers(0, 4, (50, 7)).astype(float)
    counts[0] = 0
    found = weighted_quantile(ascending, counts, quantile)
    assert np.isnan(found[0])
    for row, value in zip(counts[1:].astype(int), found[1:], strict=True):
        assert value == np.quantile(np.repeat(ascending, row), quantile, method="inverted_cdf")


def test_at_the_middle_of_its_weight_the_median_of_three_is_the_second() -> None:
    numbers = np.array([1.0, 2.0, 3.0])
    weights = np.array([[1.0, 1, 1], [0, 1, 0], [9, 1, 1]])
    assert weighted_quantile(numbers, weights, 0.5, middle=True).tolist() == [2.0, 2.0, 2.0]
