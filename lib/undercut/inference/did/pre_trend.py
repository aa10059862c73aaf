"""Would the test of pre-trends have seen a trend that matters? A test that cannot is no evidence for its
absence."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from undercut.errors import DataError, InputError
from undercut.inference.arrays import Floats


@dataclass(frozen=True, slots=True)
class PreTrend:
    """Joint test of the leads and its power against a linear trend.

    Attributes
    ----------
    statistic, p_value : float
        F statistic of all leads being zero, with ``n_leads`` and ``n_clusters - n_leads`` degrees of freedom.
    n_leads, n_clusters : int
    slope_50, slope_80 : float
        Slopes a period that the joint test finds with probability 50% and 80%.
    bias_50, bias_80 : float
        What such a trend, going on after adoption, adds to the overall effect.
    level : float
        The test's size is one minus it.
    """

    statistic: float
    p_value: float
    n_leads: int
    n_clusters: int
    slope_50: float
    slope_80: float
    bias_50: float
    bias_80: float
    level: float
    _noncentrality: float  # of a slope of one

    def power(self, slope: float) -> float:
        """Probability that the joint test finds a linear trend of ``slope`` a period."""
        return _power(slope**2 * self._noncentrality, self.n_leads, self.n_clusters, self.level)

    def table(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame([asdict(self)]).drop(columns=["level", "_noncentrality"])

    def summary(self) -> str:
        """What the test says and what it could have said, in two sentences."""
        verdict = "rejects" if self.p_value < 1 - self.level else "does not reject"
        return (
            f"The joint test of {self.n_leads} leads {verdict} parallel trends (p = {self.p_value:.3f}). "
            f"It finds a linear trend of {self.slope_50:.3g} a period in half of all samples, one of "
            f"{self.slope_80:.3g} in 80%; going on after adoption they would add {self.bias_50:.3g} and "
            f"{self.bias_80:.3g} to the overall effect."
        )


def pre_trend(
    effects: pd.Series,
    covariance: Floats,
    trend_response: Floats,
    overall_weights: Floats,
    *,
    freedom: float,
    level: float = 0.95,
    leads: int | None = None,
) -> PreTrend:
    r"""Joint test of the leads, and the trends that it would miss.

    Parameters
    ----------
    effects : Series
        Estimates indexed by event time; those below zero are leads.
    covariance : ndarray, shape (n, n)
        Of the effects.
    trend_response, overall_weights : ndarray, shape (n,)
        Effects that a trend of slope one would show, and the weights of the overall effect.
    freedom : float
        Clusters minus one.
    level : float
    leads : int, optional
        Use the last so many leads; all by default.

    Raises
    ------
    DataError
        As many leads as clusters, or a singular covariance.
    InputError
        No lead.

    Notes
    -----
    :math:`W = \hat\beta' V^{-1} \hat\beta` over leads, scaled as Hotelling's statistic since few clusters
    estimate :math:`V`; power from the non-central F distribution with :math:`\lambda = s^2 \delta' V^{-1}
    \delta`.

    References
    ----------
    Roth (2022), Pretest with caution, American Economic Review: Insights 4.

    Examples
    --------
    >>> effects = pd.Series([0.1, -0.1, 1.0], index=[-3, -2, 0])
    >>> response, overall = np.array([-2.0, -1.0, 1.0]), np.array([0.0, 0.0, 1.0])
    >>> test = pre_trend(effects, 0.01 * np.eye(3), response, overall, freedom=29)
    >>> test.n_leads, round(test.power(0.0), 3), bool(test.slope_50 < test.slope_80)
    (2, 0.05, True)
    """
    from scipy import stats
    from scipy.optimize import brentq

    before = np.flatnonzero(effects.index.to_numpy() < 0)
    before = before if leads is None else before[-leads:] if leads > 0 else before[:0]
    count, clusters = before.size, int(freedom) + 1
    if not count:
        raise InputError("There is no lead to test; estimate with leads of 2 or more.")
    if count >= clusters:
        raise DataError(
            f"{count} leads cannot be tested jointly with {clusters} clusters; ask for fewer with leads=."
        )
    block, trend = covariance[np.ix_(before, before)], trend_response[before]
    estimate = effects.to_numpy()[before]
    if np.linalg.matrix_rank(block) < count or np.linalg.eigvalsh((block + block.T) / 2).min() <= 0:
        raise DataError("The leads' covariance is singular or no covariance; test fewer leads with leads=.")
    scale = (clusters - count) / (count * (clusters - 1))
    statistic = float(estimate @ np.linalg.solve(block, estimate)) * scale
    noncentrality = float(trend @ np.linalg.solve(block, trend))

    def slope_found(power: float) -> float:
        def lack(slope: float) -> float:
            return _power(slope**2 * noncentrality, count, clusters, level) - power

        return float(brentq(lack, 0.0, 60.0 / np.sqrt(noncentrality)))

    found = {power: slope_found(power) for power in (0.5, 0.8)}
    carried = float(overall_weights @ trend_response)
    return PreTrend(
        statistic, float(stats.f.sf(statistic, count, clusters - count)), count, clusters,
        found[0.5], found[0.8], found[0.5] * carried, found[0.8] * carried, level, noncentrality,
    )  # fmt: skip


def _power(noncentrality: float, leads: int, clusters: int, level: float) -> float:
    from scipy import stats

    critical = stats.f.ppf(level, leads, clusters - leads)
    if noncentrality == 0:
        return float(stats.f.sf(critical, leads, clusters - leads))
    return float(stats.ncf.sf(critical, leads, clusters - leads, noncentrality))
