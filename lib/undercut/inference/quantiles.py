"""Which number has a given share of the weight below it?"""

from __future__ import annotations

import numpy as np

from undercut.inference.arrays import Floats


def weighted_quantile(ascending: Floats, weights: Floats, quantile: float, *, middle: bool = False) -> Floats:
    """Quantile of the same numbers under each row of weights.

    Parameters
    ----------
    ascending : numpy.ndarray
        Numbers in ascending order, shape (n,).
    weights : numpy.ndarray
        How much each counts, shape (draws, n).
    quantile : float
        Between 0 (the lowest with weight) and 1.
    middle : bool
        Each number stands at the middle of its weight, so that the median of four is the third, and that of
        two the second; by default it stands at the end (inverse distribution function), and the median of
        four is the second.

    Returns
    -------
    numpy.ndarray
        Shape (draws,); NaN where nothing has weight.

    Examples
    --------
    >>> numbers, counts = np.array([1.0, 2.0, 3.0, 4.0]), np.array([[1.0, 1, 1, 1], [0, 0, 5, 1]])
    >>> weighted_quantile(numbers, counts, 0.5).tolist()
    [2.0, 3.0]
    >>> weighted_quantile(numbers, counts, 0.5, middle=True).tolist()
    [3.0, 4.0]
    """
    if not len(ascending):
        return np.full(len(weights), np.nan)
    below = weights.cumsum(axis=1)
    total = below[:, -1]
    if middle:
        below = below - weights / 2
    counts = weights > 0
    there = counts & (below >= (quantile * total - 1e-9 * np.maximum(total, 1))[:, None])
    last = weights.shape[1] - 1 - np.argmax(counts[:, ::-1], axis=1)
    return np.where(total > 0, ascending[np.where(there.any(axis=1), there.argmax(axis=1), last)], np.nan)
