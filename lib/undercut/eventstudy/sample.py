"""What does a test look at? The rows of one group over one window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from undercut.eventstudy.abnormal import AbnormalReturns
from undercut.eventstudy.correlation import mean_correlation
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
    missing = np.isnan(values)
    order = np.argsort(values, axis=1)  # missing values sort last
    ordered = np.take_along_axis(values, order, axis=1)
    n_rows, n_days = values.shape
    position = np.broadcast_to(np.arange(1.0, n_days + 1), (n_rows, n_days))
    tied = ordered[:, 1:] == ordered[:, :-1]
    if tied.any():
        position = position.copy()
        for row in np.flatnonzero(tied.any(axis=1)):
            starts = np.flatnonzero(np.r_[True, ~tied[row]])
            sizes = np.diff(np.r_[starts, n_days])
            position[row] = np.repeat(starts + (sizes + 1) / 2, sizes)
    ranks = np.empty_like(values)
    np.put_along_axis(ranks, order, position, axis=1)
    ranks[missing] = np.nan
    return ranks
