"""What does a test look at? The rows of one group over one window, and how much they move together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from undercut.eventstudy.abnormal import AbnormalReturns
from undercut.eventstudy.windows import Window, label
from undercut.inference.arrays import Floats


@dataclass(frozen=True, slots=True)
class TestResult:
    """Outcome of one test of the hypothesis that the mean abnormal return is zero.

    Attributes
    ----------
    test : str
        A key of `undercut.eventstudy.battery.TESTS`.
    statistic, p_value : float
        Two-sided.
    n : int
        Rows (events by firms) that entered.
    window : str
        Days tested, for example ``-1:1``.
    group : str
        Group of rows; ``all`` for every row.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    test: str
    statistic: float
    p_value: float
    n: int
    window: str
    group: str


@dataclass(frozen=True)
class Pool:
    """Rows of one group, whatever the window."""

    abnormal: AbnormalReturns
    group: str = "all"

    @cached_property
    def ranks(self) -> Floats:
        """Ranks of each row's abnormal returns over estimation and event window, shape (n_rows, n_days)."""
        return row_ranks(np.concatenate([self.abnormal.residuals, self.abnormal.abnormal], axis=1))

    @cached_property
    def median_signs(self) -> Floats:
        """Signs around each row's median over estimation and event window, shape (n_rows, n_days)."""
        returns = np.concatenate([self.abnormal.residuals, self.abnormal.abnormal], axis=1)
        return np.sign(returns - np.nanmedian(returns, axis=1, keepdims=True))

    @cached_property
    def n_ranked(self) -> Floats:
        """Ranked days of each row."""
        return np.isfinite(self.ranks).sum(axis=1).astype(np.float64)

    @cached_property
    def estimation_ranks(self) -> Floats:
        """Ranks over the estimation window only."""
        return row_ranks(self.abnormal.residuals)

    @cached_property
    def share_positive(self) -> Floats:
        """Share of days with a positive residual, by row."""
        return (self.abnormal.residuals > 0).sum(axis=1) / np.isfinite(self.abnormal.residuals).sum(axis=1)

    def sample(self, window: Window) -> Sample:
        """The rows over the days of ``window``."""
        return Sample(self, window)


@dataclass(frozen=True)
class Sample:
    """Rows of a group over one window; rows that lack a day of it are left out."""

    pool: Pool
    window: Window

    @cached_property
    def rows(self) -> NDArray[np.bool_]:
        """Rows with a cumulative abnormal return."""
        return np.isfinite(self.pool.abnormal.car(self.window))

    @cached_property
    def abnormal(self) -> AbnormalReturns:
        """Abnormal returns of these rows on these days."""
        whole = self.pool.abnormal.within(self.window)
        return whole if self.rows.all() else whole.take(self.rows)

    @cached_property
    def days(self) -> slice:
        """Columns of the window."""
        return self.pool.abnormal.columns(self.window)

    @property
    def length(self) -> int:
        """Days in the window."""
        return self.window[1] - self.window[0] + 1

    @property
    def count(self) -> int:
        """Rows that take part."""
        return int(self.rows.sum())

    @cached_property
    def car(self) -> Floats:
        """Cumulative abnormal returns."""
        return self.abnormal.car(self.window)

    @cached_property
    def standard_error(self) -> Floats:
        """Their standard errors, forecast error included."""
        return np.sqrt(self.abnormal.car_variance(self.window))

    @cached_property
    def standardised(self) -> Floats:
        """Standardised cumulative abnormal returns, SCAR."""
        return self.car / self.standard_error

    @cached_property
    def correlation(self) -> float:
        """Mean correlation between rows."""
        return mean_correlation(self.abnormal, self.window)

    def result(self, test: str, statistic: float, p_value: float) -> TestResult:
        """A result labelled with this sample."""
        return TestResult(
            test, float(statistic), float(p_value), self.count, label(self.window), self.pool.group
        )


def row_ranks(values: Floats) -> Floats:
    """Ranks within each row, ties averaged, NaN where missing.

    >>> import numpy as np
    >>> row_ranks(np.array([[0.3, np.nan, 0.1, 0.3]]))
    array([[2.5, nan, 1. , 2.5]])
    """
    return np.asarray(rankdata(values, axis=1, nan_policy="omit"))


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
