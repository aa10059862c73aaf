"""How uncertain is an assumption? Quantile functions of the five distributions that assumptions may have."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from scipy.special import ndtri

from undercut.inference.arrays import Floats

Distribution = Literal["fixed", "uniform", "triangular", "normal", "lognormal"]
DISTRIBUTIONS: Final = ("fixed", "uniform", "triangular", "normal", "lognormal")
#: Standard normal quantile of the upper end of a range: low and high are 5% and 95%.
_REACH: Final = float(ndtri(0.95))


def quantile(
    probability: Floats, *, distribution: Distribution, default: float, low: float, high: float
) -> Floats:
    """Quantiles of an assumption.

    Parameters
    ----------
    probability : ndarray
        In (0, 1).
    distribution : str
        ``fixed`` (always ``default``), ``uniform`` (between low and high), ``triangular`` (mode ``default``),
        ``normal`` (mean ``default``) or ``lognormal`` (both with low and high as 5th and 95th percentile; the
        lognormal has its median at their geometric mean).
    default, low, high : float
        In the unit of the assumption.

    Returns
    -------
    ndarray
        Of the shape of ``probability``.

    Examples
    --------
    >>> shape = {"default": 0.2, "low": 0.0, "high": 1.0}
    >>> quantile(np.array([0.2]), distribution="triangular", **shape).round(6).tolist()
    [0.2]
    """
    if distribution == "fixed" or low == high:
        return np.full_like(probability, default)
    if distribution == "uniform":
        return low + (high - low) * probability
    if distribution == "triangular":
        return _triangular(probability, low, default, high)
    score = ndtri(probability)
    if distribution == "normal":
        return default + score * (high - low) / (2 * _REACH)
    middle, spread = np.log(low * high) / 2, np.log(high / low) / (2 * _REACH)
    return np.exp(middle + spread * score)


def _triangular(probability: Floats, low: float, mode: float, high: float) -> Floats:
    turn = (mode - low) / (high - low)
    rising = low + np.sqrt(probability * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - probability) * (high - low) * (high - mode))
    return np.where(probability < turn, rising, falling)
