"""Is the mean abnormal return zero? Parametric tests, from the plain to those that withstand clustering.

All take a `Sample` and are two-sided. None but Kolari and Pynnönen's and `brown_warner_1985` allows for
correlation between firms, and none but the cross-sectional ones allows for a variance that the event raises.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from undercut.eventstudy.sample import Sample, TestResult
from undercut.inference.arrays import Floats

_ROWS_AT_ONCE = 500


def cross_sectional(sample: Sample) -> TestResult:
    """Mean over standard error across rows, t with n - 1 degrees of freedom."""
    statistic = _t_ratio(sample.car)
    return sample.result("cross_sectional", statistic, _student(statistic, sample.count - 1))


def brown_warner_1980(sample: Sample) -> TestResult:
    """Mean over the standard error that independent firms would have ("no dependence adjustment").

    References
    ----------
    Brown and Warner (1980), Measuring security price performance, J. Financial Economics 8.
    """
    abnormal = sample.abnormal
    if abnormal.convention == "estudy2":
        variance = sample.length * abnormal.sigma**2
    else:
        variance = sample.standard_error**2
    statistic = sample.car.sum() / np.sqrt(variance.sum())
    return sample.result("brown_warner_1980", statistic, _student(statistic, abnormal.freedom.mean()))


def brown_warner_1985(sample: Sample) -> TestResult:
    """Mean over the spread of the mean's own history ("crude dependence adjustment").

    References
    ----------
    Brown and Warner (1985), Using daily stock returns, J. Financial Economics 14.
    """
    daily = _daily_means(sample.abnormal.residuals)
    statistic = sample.car.mean() / (daily.std(ddof=1) * np.sqrt(sample.length))
    return sample.result("brown_warner_1985", statistic, _student(statistic, len(daily) - 1))


def patell(sample: Sample) -> TestResult:
    r"""Sum of standardised abnormal returns over its standard deviation under independence.

    Notes
    -----
    :math:`Z = \sum_i SCAR_i / \sqrt{\sum_i m_i / (m_i - 2)}`, with m the degrees of freedom.

    References
    ----------
    Patell (1976), Corporate forecasts of earnings per share, J. Accounting Research 14.
    """
    statistic = _patell(sample)
    return sample.result("patell", statistic, _normal(statistic))


def bmp(sample: Sample) -> TestResult:
    """Standardised cross-sectional test: the t-ratio of the standardised abnormal returns.

    References
    ----------
    Boehmer, Musumeci and Poulsen (1991), Event-study methodology under conditions of event-induced variance,
    J. Financial Economics 30.
    """
    statistic = _t_ratio(sample.standardised)
    return sample.result("bmp", statistic, _student(statistic, sample.count - 1))


def kolari_pynnonen_patell(sample: Sample) -> TestResult:
    r"""Patell's test for correlated rows: :math:`Z / \sqrt{1 + (n - 1) \bar r}`.

    References
    ----------
    Kolari and Pynnönen (2010), Review of Financial Studies 23, equation 6.
    """
    inflation = 1 + (sample.count - 1) * sample.correlation
    statistic = _patell(sample) / np.sqrt(inflation) if inflation > 0 else np.nan
    return sample.result("kolari_pynnonen_patell", statistic, _normal(statistic))


def kolari_pynnonen(sample: Sample) -> TestResult:
    r"""BMP's test for correlated rows: :math:`t \sqrt{(1 - \bar r) / (1 + (n - 1) \bar r)}`.

    Robust to a variance raised by the event and to firms that move together: the parametric test of choice.

    References
    ----------
    Kolari and Pynnönen (2010), Review of Financial Studies 23, equation 9.
    """
    mean = sample.correlation
    inflation = 1 + (sample.count - 1) * mean
    statistic = np.nan
    if inflation > 0:
        statistic = _t_ratio(sample.standardised) * np.sqrt((1 - mean) / inflation)
    return sample.result("kolari_pynnonen", statistic, _student(statistic, sample.count - 1))


def _daily_means(values: Floats) -> Floats:
    """Mean of the rows on each day that has any; a few rows at a time, which fit the processor's cache."""
    total, seen = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for first in range(0, len(values), _ROWS_AT_ONCE):
        part = values[first : first + _ROWS_AT_ONCE]
        known = np.isfinite(part)
        seen += known.sum(axis=0)
        total += np.where(known, part, 0.0).sum(axis=0)
    return np.asarray(total[seen > 0] / seen[seen > 0])


def _patell(sample: Sample) -> float:
    freedom = sample.abnormal.freedom
    return float(sample.standardised.sum() / np.sqrt((freedom / (freedom - 2)).sum()))


def _t_ratio(values: np.ndarray) -> float:
    return float(values.mean() / values.std(ddof=1) * np.sqrt(len(values)))


def _student(statistic: float, freedom: float) -> float:
    return float(2 * stats.t.sf(abs(statistic), freedom))


def _normal(statistic: float) -> float:
    return float(2 * stats.norm.sf(abs(statistic)))
