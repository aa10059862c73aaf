"""Which findings survive having looked at many? False discovery rate and family-wise error."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from undercut.errors import InputError
from undercut.inference.arrays import Floats


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """P-values adjusted for the false discovery rate; NaN stays NaN and does not count.

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate, J. Royal Statistical Society B 57.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    from scipy.stats import false_discovery_control

    values = np.array(p_values, dtype=np.float64)
    if values.ndim != 1 or ((values < 0) | (values > 1)).any():
        raise InputError("P-values must be a list of numbers between 0 and 1.")
    known = np.isfinite(values)
    values[known] = false_discovery_control(values[known])
    return values


def romano_wolf(statistics: ArrayLike, null: ArrayLike) -> Floats:
    r"""P-values adjusted for the family-wise error, using how the statistics move together under the null.

    Parameters
    ----------
    statistics : array_like
        Shape (n_hypotheses,).
    null : array_like
        The same statistics under the null, shape (n_draws, n_hypotheses), drawn jointly (as the placebo dates
        of `undercut.eventstudy.permutation.permute_dates` are).

    Notes
    -----
    Step-down: from the largest statistic on, each is compared with the draws of the largest among those not
    yet passed, and p-values never fall along the way. Each null column is put on one scale by its own
    standard deviation, so that no hypothesis dominates the largest.

    References
    ----------
    Romano and Wolf (2016), Efficient computation of adjusted p-values for resampling-based stepdown multiple
    testing, Statistics and Probability Letters 113.
    """
    observed, drawn = np.abs(np.asarray(statistics, float)), np.abs(np.asarray(null, float))
    if observed.ndim != 1 or drawn.ndim != 2 or drawn.shape[1] != len(observed):
        raise InputError(
            f"Null draws need one column for each of {observed.size} statistics; got shape {drawn.shape}."
        )
    if not np.isfinite(observed).all():
        raise InputError("Romano-Wolf needs a finite statistic for every hypothesis; leave out the others.")
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    scale = np.sqrt((drawn**2).mean(axis=0))
    observed, drawn = observed / scale, drawn / scale
    order = np.argsort(-observed, kind="stable")
    # Largest statistic among those from each step on: a running maximum from the smallest upwards.
    largest = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    exceeding = (largest >= observed[order] * (1 - 1e-12)).sum(axis=0)
    adjusted = np.empty(len(observed))
    adjusted[order] = np.maximum.accumulate((1 + exceeding) / (1 + len(drawn)))
    return adjusted
