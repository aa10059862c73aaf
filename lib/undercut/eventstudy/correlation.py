"""How much do abnormal returns move together? The mean correlation that Kolari and Pynnönen's tests need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.eventstudy.abnormal import AbnormalReturns
from undercut.eventstudy.windows import Window
from undercut.inference.arrays import Floats


def mean_correlation(abnormal: AbnormalReturns, window: Window | None = None) -> float:
    r"""Mean correlation between the rows' cumulative abnormal returns.

    Rows that share event days are correlated as their residuals are in the estimation window; rows whose
    event windows do not meet are not. In between, the correlation is scaled by the share of common days.

    Parameters
    ----------
    abnormal : AbnormalReturns
        The rows; at least two.
    window : tuple of int, optional
        The days that are summed; default, the event window.

    Notes
    -----
    With every event on one day this is the :math:`\bar r` of the paper: the mean of the pairwise correlations
    of the estimation-window residuals, over the days that both firms traded. A firm with two events in
    overlapping windows counts as correlated with itself.

    References
    ----------
    Kolari and Pynnönen (2010), Event study testing with cross-sectional correlation of abnormal returns,
    Review of Financial Studies 23.
    """
    residuals, day = abnormal.residuals, abnormal.rows.day
    columns = abnormal.columns(window)
    length = columns.stop - columns.start
    starts = np.flatnonzero(np.r_[True, np.diff(day) > 0])
    sizes = np.diff(np.r_[starts, len(day)])
    parts = [residuals[start : start + size] for start, size in zip(starts, sizes, strict=True)]
    whole = np.logical_and.reduceat(np.isfinite(residuals).all(axis=1), starts)
    traded = residuals if whole.all() else residuals[np.repeat(whole, sizes)]
    place = np.cumsum(whole) - 1  # among the parts whose rows all trade on all days
    begins = (np.cumsum(sizes * whole) - sizes)[whole]
    total = -float(len(day))
    for lag in range(min(length, residuals.shape[1])):
        other = np.searchsorted(day[starts], day[starts] + lag)
        first = np.flatnonzero(day[starts][np.minimum(other, len(parts) - 1)] == day[starts] + lag)
        other = other[first]
        quick = whole[first] & whole[other]
        found = 0.0
        if quick.any():
            left = _standard_sums(traded[:, lag:], begins)
            right = left if lag == 0 else _standard_sums(traded[:, :-lag], begins)
            found = float(np.vdot(left[place[first[quick]]], right[place[other[quick]]]))
        for a, b in zip(first[~quick], other[~quick], strict=True):
            found += correlation_sum(parts[a][:, lag:], parts[b][:, : -lag or None])
        total += (2 if lag else 1) * (1 - lag / length) * found
    return total / (len(day) * (len(day) - 1))


def correlation_sum(left: Floats, right: Floats) -> float:
    """Sum of the correlations of all rows of ``left`` with all rows of ``right``, each over common days.

    Rows that trade on all days need only the sum of their standardised residuals; the others go through a
    product of rows by rows.
    """
    seen_left, seen_right = np.isfinite(left), np.isfinite(right)
    days = seen_left.any(axis=0) & seen_right.any(axis=0)
    if not days.all():
        left, right = left[:, days], right[:, days]
        seen_left, seen_right = seen_left[:, days], seen_right[:, days]
    whole_left, whole_right = seen_left.all(axis=1), seen_right.all(axis=1)
    if whole_left.all() and whole_right.all():
        return float(_standard_sum(left) @ _standard_sum(right))
    total = float(_standard_sum(left[whole_left]) @ _standard_sum(right[whole_right]))
    return total + _pairwise(left[~whole_left], right) + _pairwise(left[whole_left], right[~whole_right])


def _standard_sum(rows: Floats) -> Floats:
    """Sum of the rows, each centred and scaled to length one."""
    return _standard_sums(rows, np.array([0]))[0] if len(rows) else np.zeros(rows.shape[1])


def _standard_sums(rows: Floats, starts: NDArray[np.int64]) -> Floats:
    """`_standard_sum` of each part of the rows."""
    mean = rows.mean(axis=1)
    scale = 1 / np.sqrt(np.einsum("nt,nt->n", rows, rows) - rows.shape[1] * mean**2)
    return np.asarray(np.add.reduceat((rows - mean[:, None]) * scale[:, None], starts))


def _pairwise(left: Floats, right: Floats) -> float:
    """Sum of pairwise-complete correlations; pairs with fewer than three common days count as zero."""
    if not (len(left) and len(right)):
        return 0.0
    seen_left, seen_right = np.isfinite(left), np.isfinite(right)
    a, b = np.where(seen_left, left, 0.0), np.where(seen_right, right, 0.0)
    m, n = seen_left.astype(np.float64), seen_right.astype(np.float64)
    count = m @ n.T
    enough = count >= 3
    safe = np.where(enough, count, 1.0)
    sum_a, sum_b = a @ n.T, m @ b.T
    product = a @ b.T - sum_a * sum_b / safe
    square_a, square_b = (a**2) @ n.T - sum_a**2 / safe, m @ (b**2).T - sum_b**2 / safe
    scale = np.sqrt(np.where(enough, square_a * square_b, 1.0))
    return float((np.where(enough, product, 0.0) / scale)[enough].sum())
