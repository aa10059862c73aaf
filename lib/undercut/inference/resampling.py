"""How sure can one be when prices are set by few developers? Resampling of whole clusters.

Offers of one developer (or one family of models) share decisions about price, so rows are never drawn one
by one. A draw is a vector of multiplicities: how often each cluster counts. Everything that is a sum over
offers then becomes one matrix product over all draws, and a quantile one search under each row of weights.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.inference.arrays import Codes, Floats


def cluster_codes(frame: pd.DataFrame, cluster: str) -> tuple[Codes, pd.Index]:
    """Code of each row's cluster and the sorted labels; a row without one is its model's own cluster.

    Raises
    ------
    InputError
        There is no such column.
    """
    if cluster not in frame:
        raise InputError(
            f"cluster must be a column of the quotes, such as developer or family; got {cluster!r}."
        )
    labels = frame[cluster].astype("object").where(frame[cluster].notna(), frame["model_id"])
    codes, known = pd.factorize(labels, sort=True)
    return codes.astype(np.int64), pd.Index(known)


def multiplicities(clusters: int, *, draws: int, seed: int) -> Floats:
    """How often each cluster counts, shape (draws + 1, clusters); the first row is the sample itself.

    A single cluster leaves nothing to resample: its draws are empty, so that estimates from them are
    missing, and no interval of no width comes out.
    """
    if clusters < 2:
        return np.vstack([np.ones((1, clusters)), np.zeros((draws, clusters))])
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=draws)
    return np.vstack([np.ones(clusters), drawn]).astype(float)


def sums_by_cluster(codes: Codes, values: Floats, clusters: int) -> Floats:
    """Sums of ``values`` (rows, ...) by cluster, shape (clusters, ...)."""
    total = np.zeros((clusters, *values.shape[1:]))
    np.add.at(total, codes, values)
    return total


def percentile_interval(drawn: Floats, *, level: float) -> tuple[Floats, Floats]:
    """Percentile interval over the first axis, draws that are NaN left out; NaN where fewer than half of the
    draws have a value: an interval from the lucky draws alone would be too narrow."""
    ordered = np.sort(np.where(np.isfinite(drawn), drawn, np.nan), axis=0)  # NaN last
    count = np.isfinite(ordered).sum(axis=0)
    tail = (1 - level) / 2
    low, high = (_at_share(ordered, share, count) for share in (tail, 1 - tail))
    known = count >= 0.5 * len(drawn)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _at_share(ordered: Floats, share: float, count: Codes) -> Floats:
    """The quantile of the first ``count`` values of each column, between neighbours by a straight line."""
    position = share * np.maximum(count - 1, 0)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    start, end = (np.take_along_axis(ordered, at[None], axis=0)[0] for at in (below, above))
    return np.asarray(start + (position - below) * (end - start))


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
