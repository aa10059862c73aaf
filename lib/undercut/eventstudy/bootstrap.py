"""Is the mean abnormal return zero, judged by the data's own chance? Bootstrap by event date."""

from __future__ import annotations

import numpy as np

from undercut.eventstudy.sample import Sample, TestResult
from undercut.inference.arrays import Floats

DRAWS = 1_999
_CELLS_AT_ONCE = 1_000_000  # bounds memory whatever the number of rows
FEWEST_CLUSTERS = 6
_FEW_CLUSTERS = 12  # signs alone would give too few different draws
_RADEMACHER = np.array([-1.0, 1.0])
_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))[[2, 1, 0, 0, 1, 2]] * np.array([-1, -1, -1, 1, 1, 1])


def bootstrap(sample: Sample, *, draws: int = DRAWS, seed: int = 0) -> TestResult:
    """Wild bootstrap of the mean standardised abnormal return, clustered by event date.

    All rows of a date share one random weight, which keeps their correlation: a sign, or with fewer than
    twelve dates one of Webb's six values. With fewer than six dates the rows themselves are the clusters,
    which assumes independence: then read `kolari_pynnonen` or the permutation instead.

    References
    ----------
    Cameron, Gelbach and Miller (2008), Bootstrap-based improvements for inference with clustered errors,
    Review of Economics and Statistics 90; Webb (2023), Reworking wild bootstrap-based inference for clustered
    errors, Canadian J. Economics 56.
    """
    dates, position = np.unique(sample.abnormal.rows.day, return_inverse=True)
    if len(dates) < FEWEST_CLUSTERS:
        position = np.arange(sample.count)
    sums = np.bincount(position, weights=sample.standardised).astype(np.float64)
    if len(sums) < FEWEST_CLUSTERS:
        return sample.result("bootstrap", np.nan, np.nan)
    sizes = np.bincount(position).astype(np.float64)
    observed = _cluster_t(np.ones((1, len(sums))), sums, sizes)[0]
    weights = _WEBB if len(sums) < _FEW_CLUSTERS else _RADEMACHER
    rng = np.random.default_rng(seed)
    exceeding, at_once = 0, max(1, _CELLS_AT_ONCE // len(sums))
    for first in range(0, draws, at_once):
        shape = (min(at_once, draws - first), len(sums))
        drawn = _cluster_t(weights[rng.integers(0, len(weights), shape)], sums, sizes)
        exceeding += int((np.abs(drawn) >= abs(observed) * (1 - 1e-12)).sum())
    return sample.result("bootstrap", observed, (1 + exceeding) / (1 + draws))


def _cluster_t(weights: Floats, sums: Floats, sizes: Floats) -> Floats:
    """Total of the weighted clusters over its cluster-robust standard error, one for each row of weights."""
    total = weights @ sums
    mean = total / sizes.sum()
    variance = weights**2 @ sums**2 - 2 * mean * (weights @ (sums * sizes)) + mean**2 * (sizes**2).sum()
    return np.asarray(total / np.sqrt(variance))
