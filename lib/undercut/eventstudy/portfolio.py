"""Did a group of firms move as one? Tests on portfolios, which no correlation between firms can mislead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from undercut.eventstudy.abnormal import AbnormalReturns
from undercut.eventstudy.sample import Sample, TestResult
from undercut.eventstudy.windows import Window
from undercut.inference.arrays import Floats


@dataclass(frozen=True, slots=True)
class PortfolioReturn:
    """Weighted mean of cumulative abnormal returns and its standard error.

    Attributes
    ----------
    car, standard_error : float
        Of the portfolio.
    freedom : float
        Degrees of freedom of the standard error.
    """

    car: float
    standard_error: float
    freedom: float


def portfolio_return(
    abnormal: AbnormalReturns, window: Window | None = None, *, weights: Floats | None = None
) -> PortfolioReturn:
    r"""Abnormal return of a portfolio of the rows, with the variance of the portfolio's own residuals.

    The firms of one day form a portfolio, whose residual variance in the estimation window contains every
    covariance between them. Portfolios of days whose windows meet are correlated as their residuals are.

    Parameters
    ----------
    abnormal : AbnormalReturns
        The rows; each must have all days of the window.
    window : tuple of int, optional
        Days that are summed; default, the event window.
    weights : numpy.ndarray, optional
        Shape (n_rows,), any scale (dollars give a dollar effect); default, equal weights summing to one.

    References
    ----------
    Jaffe (1974), Special information and insider trading, J. Business 47; Lamb (1995), J. Risk and Insurance
    62, for the forecast error.
    """
    return portfolio_returns(abnormal, [window or abnormal.windows.event], weights=weights)[0]


def portfolio_returns(
    abnormal: AbnormalReturns, windows: Sequence[Window], *, weights: Floats | None = None
) -> list[PortfolioReturn]:
    """`portfolio_return` over several windows, whose residuals are looked at once."""
    weight = np.full(len(abnormal.rows), 1 / len(abnormal.rows)) if weights is None else weights
    size, lost = np.abs(weight), abnormal.n_estimation - abnormal.freedom
    starts = np.flatnonzero(np.r_[True, np.diff(abnormal.rows.day) > 0])
    series = _weighted_residuals(abnormal.residuals, weight, starts)
    members = np.diff(np.r_[starts, len(weight)])
    freedoms = np.isfinite(series).sum(axis=1) - np.add.reduceat(lost, starts) / members
    own = np.nansum(series**2, axis=1) / freedoms
    lengths = [last - first + 1 for first, last in windows]
    shared = np.r_[0.0, _mean_products(series, abnormal.rows.day[starts], max(lengths))]
    whole = np.add.reduceat(size, starts)
    found = []
    for window, length in zip(windows, lengths, strict=True):
        scale = size * abnormal.car_variance(window) / abnormal.sigma**2  # days plus forecast error
        factors = _ratio(np.add.reduceat(scale, starts), whole, 0.0)
        meeting = 2 * np.arange(length, 0, -1) @ shared[:length]  # the fewer common days, the further apart
        error = float(np.sqrt(factors @ own + meeting))
        found.append(PortfolioReturn(float(weight @ abnormal.car(window)), error, float(freedoms.sum())))
    return found


def _weighted_residuals(residuals: Floats, weights: Floats, starts: NDArray[np.int64]) -> Floats:
    """Residuals of the portfolio of each event day, a day a column.

    Members without a return on a day are replaced by the others' mean.
    """
    size, seen = np.abs(weights), np.isfinite(residuals)
    present = np.add.reduceat(size[:, None] * seen, starts)
    total = np.add.reduceat(weights[:, None] * np.where(seen, residuals, 0.0), starts)
    whole = np.add.reduceat(size, starts)[:, None]
    unseen = np.where((whole == 0) & np.logical_or.reduceat(seen, starts), 0.0, np.nan)
    return total * _ratio(np.broadcast_to(whole, present.shape), present, unseen)


def _mean_products(series: Floats, days: NDArray[np.int64], length: int) -> Floats:
    """For 1, 2, ... days less than ``length``: the mean products of portfolios so far apart, summed."""
    filled, seen = np.nan_to_num(series), np.isfinite(series).astype(np.float64)
    found = np.zeros(length - 1)
    for lag in range(1, min(length, series.shape[1])):
        other = np.searchsorted(days, days + lag)
        first = np.flatnonzero(days[np.minimum(other, len(days) - 1)] == days + lag)
        other = other[first]
        product = np.einsum("pt,pt->p", filled[first, lag:], filled[other, :-lag])
        count = np.einsum("pt,pt->p", seen[first, lag:], seen[other, :-lag])
        found[lag - 1] = _ratio(product, count, 0.0).sum()
    return found


def _ratio(above: Floats, below: Floats, otherwise: Floats | float) -> Floats:
    """A quotient, and ``otherwise`` where there is nothing to divide by."""
    out = np.broadcast_to(np.asarray(otherwise, dtype=np.float64), above.shape).copy()
    return np.divide(above, below, out=out, where=below > 0)


def portfolio(sample: Sample) -> TestResult:
    """Test of the equal-weight portfolio of the rows (Jaffe 1974, Lamb 1995)."""
    if sample.abnormal.convention == "estudy2":
        return _lamb(sample)
    found = portfolio_return(sample.abnormal, sample.window)
    statistic = found.car / found.standard_error
    return sample.result("portfolio", statistic, 2 * stats.t.sf(abs(statistic), found.freedom))


def _lamb(sample: Sample) -> TestResult:
    """Lamb's test as estudy2 has it: daily statistics, summed over the square root of their number."""
    abnormal = sample.abnormal
    mean = np.nanmean(abnormal.residuals, axis=0)
    spread = np.nanstd(mean, ddof=1)
    variances = np.einsum("nll->nl", abnormal.covariance)
    scale = variances / abnormal.sigma[:, None] ** 2 - 1 / abnormal.n_estimation[:, None]
    daily = abnormal.abnormal.mean(axis=0)
    error = spread * np.sqrt(scale.mean(axis=0) + 1 / abnormal.n_estimation.mean())
    statistic = float((daily / error).sum() / np.sqrt(sample.length))
    return sample.result("portfolio", statistic, 2 * stats.norm.sf(abs(statistic)))
