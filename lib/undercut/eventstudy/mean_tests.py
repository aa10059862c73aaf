"""Is the mean abnormal return zero? Parametric tests, from the plain to those that withstand clustering, and
tests on signs and ranks, whatever the distribution.

All take a `Sample` and are two-sided. Of the parametric ones none but Kolari and Pynnönen's and
`brown_warner_1985` allows for correlation between firms, and none but the cross-sectional ones allows for a
variance that the event raises.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from undercut.eventstudy.sample import Sample, TestResult
from undercut.inference.arrays import Floats
from undercut.inference.cluster_bootstrap import POINTS

_ROWS_AT_ONCE = 500
DRAWS = 1_999
_CELLS_AT_ONCE = 1_000_000  # bounds memory whatever the number of rows
FEWEST_CLUSTERS = 6
_FEW_CLUSTERS = 12  # signs alone would give too few different draws


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


def sign(sample: Sample) -> TestResult:
    """Share of positive abnormal returns against one half."""
    positive = float((sample.car > 0).sum())
    return _sign_result("sign", sample, positive, 0.5)


def generalised_sign(sample: Sample) -> TestResult:
    """Share of positive abnormal returns against that of the estimation window.

    References
    ----------
    Cowan (1992), Nonparametric event study tests, Review of Quantitative Finance and Accounting 2.
    """
    positive = float((sample.car > 0).sum())
    if sample.abnormal.convention == "estudy2":
        history = sample.abnormal.residuals  # the package pools the days of all firms
        share = float((history > 0).sum() / np.isfinite(history).sum())
    else:
        share = float(sample.pool.share_positive[sample.rows].mean())
    return _sign_result("generalised_sign", sample, positive, share)


def _sign_result(name: str, sample: Sample, positive: float, share: float) -> TestResult:
    variance = sample.count * share * (1 - share)
    statistic = (positive - sample.count * share) / np.sqrt(variance) if variance > 0 else np.nan
    return sample.result(name, statistic, _normal(statistic))


def corrado_zivney_sign(sample: Sample) -> TestResult:
    """Signs around each row's median, standardised by their own history.

    References
    ----------
    Corrado and Zivney (1992), The specification and power of the sign test, J. Financial and Quantitative
    Analysis 27.
    """
    return _standardised_days("corrado_zivney_sign", sample, sample.pool.median_signs[sample.rows])


def rank(sample: Sample) -> TestResult:
    """Corrado's rank test; over several days, its multi-day form.

    References
    ----------
    Corrado (1989), A nonparametric test for abnormal security-price performance, J. Financial Economics 23;
    Cowan (1992) for several days.
    """
    ranks, window = sample.pool.ranks[sample.rows], _window_columns(sample)
    centre = np.nanmean(ranks, axis=1, keepdims=True)
    if sample.abnormal.convention == "estudy2" and sample.length > 1:
        centre = np.full_like(
            centre, centre.mean()
        )  # the package's multi-day form has one centre for all rows
    deviations = ranks - centre
    seen = np.isfinite(deviations).sum(axis=0)
    total = _day_totals(deviations, inflate=sample.abnormal.convention == "estudy2" and sample.length == 1)
    daily = np.divide(total, seen, out=np.full(len(seen), np.nan), where=seen > 0)
    spread = np.sqrt(np.nansum(daily**2) / sample.pool.n_ranked[sample.rows].mean())
    statistic = daily[window].mean() * np.sqrt(sample.length) / spread
    return sample.result("rank", statistic, _normal(statistic))


def modified_rank(sample: Sample) -> TestResult:
    """Corrado and Zivney's rank test, whose ranks are uniform whatever the number of days of a row."""
    scaled = sample.pool.ranks[sample.rows] / (1 + sample.pool.n_ranked[sample.rows, None]) - 0.5
    return _standardised_days("modified_rank", sample, scaled)


def generalised_rank(sample: Sample) -> TestResult:
    r"""Generalised rank test (GRANK-T) of the cumulative abnormal return as one day among many.

    Notes
    -----
    The standardised cumulative abnormal return, divided by its cross-sectional spread, takes the place of one
    day after the estimation window's standardised residuals. With :math:`U` the scaled ranks and
    :math:`Z = \bar U_0 / S`, :math:`t = Z \sqrt{(T - 2) / (T - 1 - Z^2)}` has T - 2 degrees of freedom for T
    days. Robust to clustering, event-induced variance and the length of the window.

    References
    ----------
    Kolari and Pynnönen (2011), Nonparametric rank tests for event studies, J. Empirical Finance 18.
    """
    abnormal = sample.abnormal
    history = abnormal.residuals / abnormal.sigma[:, None]
    event = (sample.standardised / sample.standardised.std(ddof=1))[:, None]
    days = abnormal.n_estimation[:, None] + 2.0
    below = (history < event).sum(axis=1, keepdims=True) + 0.5 * (history == event).sum(axis=1, keepdims=True)
    moved = sample.pool.estimation_ranks[sample.rows] + (history > event) + 0.5 * (history == event)
    scaled = np.concatenate([moved, below + 1.0], axis=1) / days - 0.5
    seen = np.isfinite(scaled).sum(axis=0)
    scaled, seen = scaled[:, seen > 0], seen[seen > 0]
    daily = np.nansum(scaled, axis=0) / seen
    total = len(daily)
    spread = np.sqrt((seen / sample.count * daily**2).sum() / total)
    ratio = daily[-1] / spread
    statistic = ratio * np.sqrt((total - 2) / (total - 1 - ratio**2))
    return sample.result("generalised_rank", statistic, _student(statistic, total - 2))


def wilcoxon(sample: Sample) -> TestResult:
    """Wilcoxon's signed-rank test; the statistic is the sum of the ranks of positive abnormal returns.

    References
    ----------
    Wilcoxon (1945), Individual comparisons by ranking methods, Biometrics Bulletin 1.
    """
    values = sample.car[sample.car != 0]
    ranks = stats.rankdata(np.abs(values))
    p_value = stats.wilcoxon(values).pvalue if len(values) else np.nan
    return sample.result("wilcoxon", float(ranks[values > 0].sum()), p_value)


def _standardised_days(name: str, sample: Sample, values: Floats) -> TestResult:
    """Sum by day over the root of the number of rows, against its spread over all days."""
    seen = np.isfinite(values).sum(axis=0)
    total = _day_totals(values, inflate=sample.abnormal.convention == "estudy2")
    daily = np.divide(total, np.sqrt(seen), out=np.full(len(seen), np.nan), where=seen > 0)
    spread = np.sqrt(np.nansum(daily**2) / sample.pool.n_ranked[sample.rows].mean())
    statistic = daily[_window_columns(sample)].sum() / np.sqrt(sample.length) / spread
    return sample.result(name, statistic, _normal(statistic))


def _day_totals(values: Floats, *, inflate: bool) -> Floats:
    """Sum of each day; estudy2's daily tests blow up days on which firms are missing to the full number."""
    total = np.nansum(values, axis=0)
    if inflate:
        seen = np.isfinite(values).sum(axis=0)
        total = total * np.divide(len(values), seen, out=np.zeros(len(seen)), where=seen > 0)
    return np.asarray(total)


def _window_columns(sample: Sample) -> slice:
    """Columns of the window where the estimation window stands before the event window."""
    n_estimation = sample.abnormal.residuals.shape[1]
    return slice(n_estimation + sample.days.start, n_estimation + sample.days.stop)


def bootstrap(sample: Sample, *, draws: int = DRAWS, seed: int = 0) -> TestResult:
    """Wild bootstrap of the mean standardised abnormal return, clustered by event date.

    All rows of a date share one random weight, which keeps their correlation: a sign, or with fewer than
    twelve dates one of Webb's six values. With fewer than six dates the rows themselves are the clusters,
    which assumes independence: then read `kolari_pynnonen` or the permutation instead.

    References
    ----------
    Cameron, Gelbach and Miller (2008), Bootstrap-based improvements for inference with clustered errors,
    Review of Economics and Statistics 90; Webb (2023), Reworking wild bootstrap-based inference for clustered
    errors, Canadian J. Economics 56.
    """
    dates, position = np.unique(sample.abnormal.rows.day, return_inverse=True)
    if len(dates) < FEWEST_CLUSTERS:
        position = np.arange(sample.count)
    sums = np.bincount(position, weights=sample.standardised).astype(np.float64)
    if len(sums) < FEWEST_CLUSTERS:
        return sample.result("bootstrap", np.nan, np.nan)
    sizes = np.bincount(position).astype(np.float64)
    observed = _cluster_t(np.ones((1, len(sums))), sums, sizes)[0]
    weights = np.sort(POINTS["webb" if len(sums) < _FEW_CLUSTERS else "rademacher"])
    rng = np.random.default_rng(seed)
    exceeding, at_once = 0, max(1, _CELLS_AT_ONCE // len(sums))
    for first in range(0, draws, at_once):
        shape = (min(at_once, draws - first), len(sums))
        drawn = _cluster_t(weights[rng.integers(0, len(weights), shape)], sums, sizes)
        exceeding += int((np.abs(drawn) >= abs(observed) * (1 - 1e-12)).sum())
    return sample.result("bootstrap", observed, (1 + exceeding) / (1 + draws))


def _cluster_t(weights: Floats, sums: Floats, sizes: Floats) -> Floats:
    """Total of the weighted clusters over its cluster-robust standard error, one for each row of weights."""
    total = weights @ sums
    mean = total / sizes.sum()
    variance = weights**2 @ sums**2 - 2 * mean * (weights @ (sums * sizes)) + mean**2 * (sizes**2).sum()
    return np.asarray(total / np.sqrt(variance))
