"""What is the smallest effect that an event study could have found? Without it, "no effect" is no result."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from undercut.errors import InputError
from undercut.inference.arrays import Floats


def detectable(
    standard_error: ArrayLike, *, freedom: ArrayLike = np.inf, level: float = 0.05, power: float = 0.8
) -> Floats:
    r"""Smallest absolute effect that a two-sided test finds with a given probability.

    Notes
    -----
    :math:`(t_{1-\alpha/2} + t_{power}) \times SE`, with t of the standard error's degrees of freedom.

    References
    ----------
    Bloom (1995), Minimum detectable effects, Evaluation Review 19.

    Examples
    --------
    >>> round(float(detectable(0.01)), 4)
    0.028
    """
    if not (0 < level < 1 and 0 < power < 1):
        raise InputError(f"level and power must lie between 0 and 1; got {level} and {power}.")
    known, position = np.unique(np.asarray(freedom, dtype=np.float64), return_inverse=True)
    needed = stats.t.ppf(1 - level / 2, known) + stats.t.ppf(power, known)
    return np.asarray(needed[position] * np.asarray(standard_error, dtype=np.float64))


def rejection_rates(p_values: pd.DataFrame, *, level: float = 0.05) -> pd.DataFrame:
    """Share of rejections by test, with the simulation's standard error: test, rate, se, n.

    ``p_values`` has columns test and p_value, one row a replication.
    """
    known = p_values.dropna(subset=["p_value"])
    grouped = (known["p_value"] <= level).groupby(known["test"], sort=False)
    rate, count = grouped.mean(), grouped.size()
    error = np.sqrt(rate * (1 - rate) / count)
    return pd.DataFrame({"test": rate.index, "rate": rate.array, "se": error.array, "n": count.array})
