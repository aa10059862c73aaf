"""How much do abnormal returns move together? The mean correlation that Kolari and Pynnönen's tests need."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

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
    count = len(abnormal.rows)
    days = abnormal.columns(window)
    length = days.stop - days.start
    starts = np.flatnonzero(np.r_[True, np.diff(abnormal.rows.day) > 0])
    parts = [slice(a, b) for a, b in pairwise([*starts.tolist(), count])]
    total = 0.0
    for first, part in enumerate(parts):
        total += correlation_sum(abnormal.residuals[part], abnormal.residuals[part]) - (
            part.stop - part.start
        )
        for other in parts[first + 1 :]:
            lag = int(abnormal.rows.day[other.start] - abnormal.rows.day[part.start])
            if lag >= length:
                break
            earlier, later = abnormal.residuals[part][:, lag:], abnormal.residuals[other][:, : -lag or None]
            total += 2 * (1 - lag / length) * correlation_sum(earlier, later)
    return total / (count * (count - 1))


def correlation_sum(left: Floats, right: Floats) -> float:
    """Sum of the correlations of all rows of ``left`` with all rows of ``right``, each over common days.

    Rows that trade on all days need only the sum of their standardised residuals; the others go through a
    product of rows by rows.
    """
    same = left is right
    seen_left = np.isfinite(left)
    seen_right = seen_left if same else np.isfinite(right)
    days = seen_left.any(axis=0) & seen_right.any(axis=0)
    if not days.all():
        left, right = left[:, days], right[:, days]
        seen_left, seen_right = seen_left[:, days], seen_right[:, days]
    whole_left, whole_right = seen_left.all(axis=1), seen_right.all(axis=1)
    if whole_left.all() and whole_right.all():
        sum_left = _standard_sum(left)
        return float(sum_left @ (sum_left if same else _standard_sum(right)))
    total = float(_standard_sum(left[whole_left]) @ _standard_sum(right[whole_right]))
    return total + _pairwise(left[~whole_left], right) + _pairwise(left[whole_left], right[~whole_right])


def _standard_sum(rows: Floats) -> Floats:
    """Sum of the rows, each centred and scaled to length one."""
    mean = rows.mean(axis=1)
    scale = 1 / np.sqrt(np.einsum("nt,nt->n", rows, rows) - rows.shape[1] * mean**2)
    return np.asarray(scale @ rows - scale @ mean)


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
