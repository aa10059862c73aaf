"""What does an instrumental-variable regression say, and what of it survives weak instruments?

Two-stage least squares with errors clustered by developer. With instruments as weak as these may be, the
ordinary interval is not to be trusted; the Anderson-Rubin kind holds its level however weak they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from undercut.errors import NotIdentifiedError, TooFewError
from undercut.inference.arrays import Floats, Integers
from undercut.inference.resampling import sums_by_cluster

#: Values of a coefficient that the Anderson-Rubin set is searched over.
GRID: Final = np.round(np.concatenate([np.linspace(-60, -10, 101)[:-1], np.linspace(-10, 10, 801)]), 6)


@dataclass(frozen=True, slots=True)
class LinearFit:
    """A regression with endogenous regressors.

    Attributes
    ----------
    coefficients, std_errors : ndarray, shape (n_endogenous + n_exogenous,)
        The endogenous first.
    covariance : ndarray, shape (n_endogenous, n_endogenous)
        Cluster-robust (CR1), of the endogenous regressors' coefficients.
    residuals : ndarray, shape (n,)
    first_stage_f : ndarray, shape (n_endogenous,)
        Cluster-robust F of the excluded instruments; with several endogenous regressors each is conditional
        on the others (Sanderson and Windmeijer 2016). Missing without instruments.
    overidentification : tuple of float
        Hansen's J and its p-value; missing where exactly identified.
    clusters : int
    """

    coefficients: Floats
    std_errors: Floats
    covariance: Floats
    residuals: Floats
    first_stage_f: Floats
    overidentification: tuple[float, float]
    clusters: int


def two_stage(
    outcome: Floats, endogenous: Floats, exogenous: Floats, instruments: Floats | None, clusters: Integers
) -> LinearFit:
    """Two-stage least squares; ordinary least squares where ``instruments`` is None.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
    endogenous : ndarray, shape (n, n_endogenous)
    exogenous : ndarray, shape (n, n_exogenous)
        With the fixed effects as columns; columns that others span are left with a coefficient of no meaning.
    instruments : ndarray, shape (n, n_instruments), optional
        Excluded instruments.
    clusters : ndarray, shape (n,)
        Codes from 0.

    Raises
    ------
    NotIdentifiedError
        Fewer instruments than endogenous regressors, or regressors that explain each other.

    References
    ----------
    Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, chapter 5; Cameron and Miller
    (2015), Journal of Human Resources 50.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> z, shock = rng.normal(size=(2, 4000))
    >>> x = z + shock
    >>> y = 2.0 * x - 3.0 * shock
    >>> fit = two_stage(y, x[:, None], np.ones((4000, 1)), z[:, None], np.arange(4000))
    >>> round(float(fit.coefficients[0]), 1)
    2.0
    """
    regressors = np.column_stack([endogenous, exogenous])
    projected, count = regressors, endogenous.shape[1]
    if instruments is not None:
        if instruments.shape[1] < count:
            raise NotIdentifiedError(
                f"{count} endogenous regressors need as many instruments; got {instruments.shape[1]}."
            )
        first_stage = _fitted(np.column_stack([instruments, exogenous]), endogenous)
        projected = np.column_stack([first_stage, exogenous])
    coefficients = np.asarray(np.linalg.lstsq(projected, outcome, rcond=None)[0], dtype=np.float64)
    residuals = outcome - regressors @ coefficients
    bread = np.linalg.pinv(projected.T @ projected)
    _check_rank(_without(exogenous, projected[:, :count]))
    covariance = bread @ _meat(projected * residuals[:, None], clusters) @ bread
    covariance *= _small_sample(len(outcome), np.linalg.matrix_rank(projected), clusters)
    strength = np.full(count, np.nan)
    hansen = (float("nan"), float("nan"))
    if instruments is not None:
        strength = _strength(endogenous, exogenous, instruments, clusters)
        hansen = _hansen(outcome, endogenous, exogenous, instruments, clusters)
    # Columns that others span have no variance of their own; rounding may make it negative.
    errors = np.asarray(np.sqrt(np.maximum(np.diag(covariance), 0.0)), dtype=np.float64)
    return LinearFit(
        coefficients, errors, covariance[:count, :count], residuals, strength, hansen, _number(clusters)
    )


def anderson_rubin(
    outcome: Floats,
    endogenous: Floats,
    exogenous: Floats,
    instruments: Floats,
    clusters: Integers,
    *,
    others: Floats | None = None,
    level: float = 0.95,
) -> tuple[float, float]:
    """Interval of the first endogenous coefficient that holds however weak the instruments are.

    Parameters
    ----------
    outcome, endogenous, exogenous, instruments, clusters
        As in :func:`two_stage`, with one or two endogenous regressors.
    others : ndarray, optional
        Values that the second coefficient may have (projection method).
    level : float

    Returns
    -------
    low, high : float
        The hull of all values that are not rejected, to the next point of the search; infinite at an end
        where the search over :data:`GRID` still does not reject, missing where it rejects everything (the
        instruments contradict each other).

    Raises
    ------
    TooFewError
        So few clusters that no value could be rejected: the statistic cannot exceed their number.

    Notes
    -----
    Score statistic of the moments of instruments and residuals with clustered covariance (Stock and Wright
    2000, Econometrica 68), equal to that of Anderson and Rubin (1949) with one cluster an observation.
    """
    inner = _without(exogenous, np.column_stack([outcome, endogenous, instruments]))
    count = endogenous.shape[1]
    moments = inner[:, 1 + count :]
    number = _number(clusters)  # below, each (n_clusters, n_z)
    by_cluster = [sums_by_cluster(clusters, moments * inner[:, [c]], number) for c in range(1 + count)]
    limit = stats.chi2.ppf(level, moments.shape[1])
    if limit >= number:
        raise TooFewError(
            f"{moments.shape[1]} instruments need more than {limit:.0f} clusters for a test that can reject; "
            f"there are {number}. Use fewer instruments."
        )
    seconds = np.zeros(1) if count == 1 else np.asarray(others if others is not None else [0.0])
    base = by_cluster[0] - GRID[:, None, None] * by_cluster[1]  # (n_grid, n_clusters, n_z)
    shifts = [second * by_cluster[-1] if count > 1 else np.zeros(1) for second in seconds]
    kept = np.flatnonzero(np.min([_scores(base - shift) for shift in shifts], axis=0) <= limit)
    if not len(kept):
        return float("nan"), float("nan")
    # The next value outwards: the end lies between it and the last one kept.
    wider = np.concatenate([[-np.inf], GRID, [np.inf]])
    return float(wider[kept[0]]), float(wider[kept[-1] + 2])


def _strength(endogenous: Floats, exogenous: Floats, instruments: Floats, clusters: Integers) -> Floats:
    """Robust F of the instruments for each endogenous regressor, the others' fitted part taken out first."""
    inner = _without(exogenous, np.column_stack([endogenous, instruments]))
    count = endogenous.shape[1]
    targets, excluded = inner[:, :count], inner[:, count:]
    absorbed = int(np.linalg.matrix_rank(exogenous))
    found = np.empty(count)
    for j in range(count):
        rest = np.delete(targets, j, axis=1)
        fitted = _fitted(excluded, rest) if rest.shape[1] else rest
        slope = np.linalg.lstsq(fitted, targets[:, j], rcond=None)[0] if rest.shape[1] else np.zeros(0)
        left = targets[:, j] - rest @ slope
        found[j] = _wald(left, excluded, clusters, absorbed) / (excluded.shape[1] - rest.shape[1])
    return found


def _wald(target: Floats, regressors: Floats, clusters: Integers, absorbed: int) -> float:
    bread = np.linalg.pinv(regressors.T @ regressors)
    slope = bread @ regressors.T @ target
    residuals = target - regressors @ slope
    covariance = bread @ _meat(regressors * residuals[:, None], clusters) @ bread
    covariance *= _small_sample(len(target), regressors.shape[1] + absorbed, clusters)
    return float(slope @ np.linalg.pinv(covariance) @ slope)


def _hansen(
    outcome: Floats, endogenous: Floats, exogenous: Floats, instruments: Floats, clusters: Integers
) -> tuple[float, float]:
    """Hansen's J after efficient two-step estimation, clustered."""
    inner = _without(exogenous, np.column_stack([outcome, endogenous, instruments]))
    count = endogenous.shape[1]
    y, x, z = inner[:, 0], inner[:, 1 : 1 + count], inner[:, 1 + count :]
    freedom = z.shape[1] - count
    if freedom < 1:
        return float("nan"), float("nan")
    first = np.linalg.lstsq(_fitted(z, x), y, rcond=None)[0]
    weight = np.linalg.pinv(_meat(z * (y - x @ first)[:, None], clusters))
    cross = x.T @ z
    second = np.linalg.solve(cross @ weight @ cross.T, cross @ weight @ z.T @ y)
    moments = z.T @ (y - x @ second)
    statistic = float(moments @ weight @ moments)
    return statistic, float(stats.chi2.sf(statistic, freedom))


def _scores(sums: Floats) -> Floats:
    """Score statistics of moments summed by cluster, shape (n_grid, n_clusters, n_z)."""
    total = sums.sum(axis=1)
    inverse = np.linalg.pinv(np.swapaxes(sums, 1, 2) @ sums)
    return np.asarray(np.einsum("gi,gij,gj->g", total, inverse, total))


def _without(exogenous: Floats, columns: Floats) -> Floats:
    """What the exogenous regressors leave of ``columns`` (Frisch, Waugh and Lovell)."""
    return columns - _fitted(exogenous, columns)


def _fitted(regressors: Floats, targets: Floats) -> Floats:
    return regressors @ np.linalg.lstsq(regressors, targets, rcond=None)[0]


def _meat(scores: Floats, clusters: Integers) -> Floats:
    sums = sums_by_cluster(clusters, scores, _number(clusters))
    return sums.T @ sums


def _small_sample(n: int, rank: int, clusters: Integers) -> float:
    count = _number(clusters)
    return count / (count - 1) * (n - 1) / (n - rank)


def _number(clusters: Integers) -> int:
    return int(clusters.max()) + 1


def _check_rank(projected: Floats) -> None:
    scale = np.linalg.norm(projected, axis=0)
    if np.any(scale < 1e-9) or np.linalg.matrix_rank(projected / scale, tol=1e-7) < projected.shape[1]:
        raise NotIdentifiedError(
            "The controls and fixed effects leave no variation of price (or of its instruments): use fewer."
        )
