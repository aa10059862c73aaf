"""Is the mean abnormal return zero, judged by the data's own chance? Bootstrap by event date."""

from __future__ import annotations

import numpy as np

from undercut.valuation.data import Floats
from undercut.valuation.sample import Sample, TestResult

DRAWS = 1_999
_CELLS_AT_ONCE = 1_000_000  # bounds memory whatever the number of rows
FEWEST_CLUSTERS = 6  # two signs to the power of fewer clusters cannot give a p-value below 5%


def bootstrap(sample: Sample, *, draws: int = DRAWS, seed: int = 0) -> TestResult:
    """Wild bootstrap of the mean standardised abnormal return, clustered by event date.

    All rows of a date share one random sign, which keeps their correlation. With fewer than six dates the
    rows themselves are the clusters, which assumes independence: then read `kolari_pynnonen` or the
    permutation instead.

    References
    ----------
    Cameron, Gelbach and Miller (2008), Bootstrap-based improvements for inference with clustered errors,
    Review of Economics and Statistics 90.
    """
    dates, position = np.unique(sample.abnormal.rows.day, return_inverse=True)
    if len(dates) < FEWEST_CLUSTERS:
        position = np.arange(sample.count)
    sums = np.bincount(position, weights=sample.standardised).astype(np.float64)
    if len(sums) < FEWEST_CLUSTERS:
        return sample.result("bootstrap", np.nan, np.nan)
    sizes = np.bincount(position).astype(np.float64)
    observed = _cluster_t(sums.sum()[None], (sums * sizes).sum()[None], sums, sizes)[0]
    rng = np.random.default_rng(seed)
    exceeding, at_once = 0, max(1, _CELLS_AT_ONCE // len(sums))
    for first in range(0, draws, at_once):
        signs = 2.0 * rng.integers(0, 2, size=(min(at_once, draws - first), len(sums))) - 1.0
        drawn = _cluster_t(signs @ sums, signs @ (sums * sizes), sums, sizes)
        exceeding += int((np.abs(drawn) >= abs(observed) * (1 - 1e-12)).sum())
    return sample.result("bootstrap", observed, (1 + exceeding) / (1 + draws))


def _cluster_t(total: Floats, total_by_size: Floats, sums: Floats, sizes: Floats) -> Floats:
    """Totals over their cluster-robust standard errors; the squares of signed sums do not depend on signs."""
    mean = total / sizes.sum()
    variance = (sums**2).sum() - 2 * mean * total_by_size + mean**2 * (sizes**2).sum()
    return np.asarray(total / np.sqrt(variance))
