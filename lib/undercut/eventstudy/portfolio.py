"""Did a group of firms move as one? Tests on portfolios, which no correlation between firms can mislead."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
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
    weight = np.full(len(abnormal.rows), 1 / len(abnormal.rows)) if weights is None else weights
    days = abnormal.columns(window)
    length = days.stop - days.start
    starts = np.flatnonzero(np.r_[True, np.diff(abnormal.rows.day) > 0]).tolist()
    parts = [slice(a, b) for a, b in pairwise([*starts, len(weight)])]
    series = [_weighted_residuals(abnormal.residuals[part], weight[part]) for part in parts]
    scale = abnormal.car_variance(window) / abnormal.sigma**2  # days plus forecast error
    size = np.abs(weight)
    factors = [float(np.average(scale[p], weights=size[p])) if size[p].any() else 0.0 for p in parts]
    lost = abnormal.n_estimation - abnormal.freedom
    freedoms = [float(np.isfinite(s).sum() - lost[p].mean()) for s, p in zip(series, parts, strict=True)]
    variance = 0.0
    for first, (residuals, factor, freedom) in enumerate(zip(series, factors, freedoms, strict=True)):
        variance += factor * float(np.nansum(residuals**2)) / freedom
        for other in range(first + 1, len(parts)):
            lag = int(abnormal.rows.day[parts[other].start] - abnormal.rows.day[parts[first].start])
            if lag >= length:
                break
            variance += 2 * (length - lag) * _mean_product(residuals[lag:], series[other][: -lag or None])
    return PortfolioReturn(float(weight @ abnormal.car(window)), float(np.sqrt(variance)), sum(freedoms))


def _weighted_residuals(residuals: Floats, weights: Floats) -> Floats:
    """Residual of the portfolio on each day; members without a return are replaced by the others' mean."""
    size = np.abs(weights)
    seen = np.isfinite(residuals)
    seen_by_day = seen.any(axis=0)
    if seen.sum() == len(weights) * seen_by_day.sum():  # all members trade on the same days
        return np.where(seen_by_day, weights @ np.where(seen_by_day, residuals, 0.0), np.nan)
    present = size @ seen.astype(np.float64)
    total = weights @ np.where(seen, residuals, 0.0)
    blown_up = np.divide(size.sum(), present, out=np.full(len(present), np.nan), where=present > 0)
    return np.asarray(total * blown_up)


def _mean_product(left: Floats, right: Floats) -> float:
    both = np.isfinite(left) & np.isfinite(right)
    return float((left[both] * right[both]).mean()) if both.any() else 0.0


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
    variances = np.einsum("nll->nl", abnormal.covariance)[:, sample.days]
    scale = variances / abnormal.sigma[:, None] ** 2 - 1 / abnormal.n_estimation[:, None]
    daily = abnormal.abnormal[:, sample.days].mean(axis=0)
    error = spread * np.sqrt(scale.mean(axis=0) + 1 / abnormal.n_estimation.mean())
    statistic = float((daily / error).sum() / np.sqrt(sample.length))
    return sample.result("portfolio", statistic, 2 * stats.norm.sf(abs(statistic)))
