"""What would a firm have returned, judged by firms that the event does not touch?

Every model here works with matrices of days by days or days by donors, never of donors by donors. The mix of
donors nearest to a firm is the nearest point of a convex hull.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from undercut.errors import DataError, TooFewError
from undercut.eventstudy.market_models import BlockFit, least_squares
from undercut.eventstudy.windows import Block
from undercut.inference.arrays import Floats

_RIDGE_GRID = np.logspace(-4, 3, 29)


_TOLERANCE = 1e-10
_MAX_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class DonorFit:
    """Counterfactual of one firm.

    Attributes
    ----------
    weights : numpy.ndarray
        Shape (n_donors,).
    residuals, expected : numpy.ndarray
        Of the used estimation days, and of the days of the event window.
    leverage : numpy.ndarray
        Forecast error in units of the residual variance, shape (n_event, n_event).
    parameters : float
        Effective number of parameters.
    """

    weights: Floats
    residuals: Floats
    expected: Floats
    leverage: Floats
    parameters: float


def synthetic_control(block: Block) -> BlockFit:
    r"""Non-negative weights on donors, summing to one, that track the firm in the estimation window.

    Notes
    -----
    Residual degrees of freedom are days less active donors plus one, the expected number of effective
    parameters of a fit on a simplex; the forecast error is that of a regression on the active donors, so
    intervals are conditional on which donors are active. `conformal_inference` needs neither.

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), Synthetic control methods, JASA 105.
    """
    return _row_by_row(block, ridge=False)


def ridge_augmented(block: Block) -> BlockFit:
    r"""Synthetic control whose remaining misfit is corrected by a ridge regression on the donors.

    Notes
    -----
    :math:`w = w_{sc} + Y_0 (Y_0'Y_0 + \lambda I)^{-1} (y - Y_0'w_{sc})`, with :math:`Y_0` donors by days, so
    that the inverse is of days by days. :math:`\lambda` minimises the leave-one-day-out error.

    References
    ----------
    Ben-Michael, Feller and Rothstein (2021), The augmented synthetic control method, J. American Statistical
    Association 116.
    """
    return _row_by_row(block, ridge=True)


def difference_in_differences(block: Block) -> BlockFit:
    """Return less the donors' mean, less the average of that difference in the estimation window."""
    donors, notes = complete_donors(block)
    mean = donors.mean(axis=0)
    ones = np.ones((len(mean), 1))
    fit = least_squares(replace(block, returns=block.returns - mean, design=ones))
    return replace(fit, expected=fit.expected + mean[-block.n_event :], notes=notes)


def unexposed_factors(block: Block, *, n_factors: int = 3) -> BlockFit:
    """Market model on the first principal components of the donors' standardised returns.

    Factors made from firms that the event does not touch cannot carry its shock. The components are those of
    the span from the first estimation day to the end of the event window.

    References
    ----------
    Connor and Korajczyk (1986), J. Financial Economics 15; Xu (2017), Generalized synthetic control.
    """
    donors, notes = complete_donors(block)
    if len(donors) <= n_factors:
        raise TooFewError(
            f"{n_factors} factors need more than {n_factors} donors; {len(donors)} are complete."
        )
    days = np.ones(block.returns.shape[1], dtype=bool)
    days[block.n_estimation : -block.n_event] = False  # of the gap between the windows nothing is known
    centred = donors[:, days] - donors[:, days].mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    standard = centred[spread[:, 0] > 0] / spread[spread[:, 0] > 0]
    _, vectors = np.linalg.eigh(standard.T @ standard)
    factors = np.full((block.returns.shape[1], n_factors), np.nan)
    factors[days] = vectors[:, ::-1][:, :n_factors] * np.sqrt(len(vectors))
    design = np.column_stack([np.ones(len(factors)), factors])
    return replace(least_squares(replace(block, design=design)), notes=notes)


def complete_donors(block: Block) -> tuple[Floats, tuple[str, ...]]:
    """Donors with a return on every day that a row of the block uses, shape (n_donors, n_span)."""
    needed: NDArray[np.bool_] = np.asarray(np.isfinite(block.returns).any(axis=0))
    needed[block.n_estimation : -block.n_event] = False
    complete: NDArray[np.bool_] = np.asarray(np.isfinite(block.donors[:, needed]).all(axis=1))
    if complete.sum() < 2:
        raise TooFewError(
            f"{int(complete.sum())} of {len(complete)} donors trade on all days of an event; name more "
            "donors (firms that the event does not touch)."
        )
    lost = int((~complete).sum())
    notes = (f"{lost} of {len(complete)} donors lack a return on a day that is needed",) if lost else ()
    return block.donors[complete], notes


def _row_by_row(block: Block, *, ridge: bool) -> BlockFit:
    donors, notes = complete_donors(block)
    estimation, event = donors[:, : block.n_estimation], donors[:, -block.n_event :]
    used = np.isfinite(block.estimation)
    residuals = np.full(block.estimation.shape, np.nan)
    n_rows = len(used)
    expected, leverage = np.empty((n_rows, block.n_event)), np.empty((n_rows, block.n_event, block.n_event))
    freedom = np.empty(n_rows)
    for row, days in enumerate(used):
        fit = donor_fit(block.estimation[row, days], estimation[:, days], event, ridge=ridge)
        residuals[row, days], expected[row], leverage[row] = fit.residuals, fit.expected, fit.leverage
        freedom[row] = days.sum() - fit.parameters
    sigma = np.sqrt(np.nansum(residuals**2, axis=1) / freedom)
    covariance = sigma[:, None, None] ** 2 * (np.eye(block.n_event) + leverage)
    nothing = np.empty((n_rows, 0))  # weights of thousands of donors stay in `donor_fit`
    return BlockFit(nothing, residuals, expected, block.event - expected, covariance, sigma, freedom, notes)


def donor_fit(target: Floats, estimation: Floats, event: Floats, *, ridge: bool = False) -> DonorFit:
    """Counterfactual of one firm: ``target`` of shape (n_days,), donors of shape (n_donors, n_days)."""
    weights = nearest_in_hull(target, estimation)
    active = np.flatnonzero(weights)
    residuals = target - weights @ estimation
    directions = (estimation[active[1:]] - estimation[active[0]]).T
    ahead = (event[active[1:]] - event[active[0]]).T
    gram = np.linalg.pinv(directions.T @ directions)
    leverage, parameters = ahead @ gram @ ahead.T, float(len(active) - 1)
    if ridge:
        kernel = estimation.T @ estimation
        inverse, extra = _ridge_inverse(kernel, residuals)
        ahead_kernel = event.T @ estimation
        weights = weights + estimation @ (inverse @ residuals)
        leverage = leverage + ahead_kernel @ inverse @ inverse @ ahead_kernel.T
        residuals, parameters = residuals - kernel @ (inverse @ residuals), parameters + extra
    return DonorFit(weights, residuals, weights @ event, leverage, parameters)


def _ridge_inverse(kernel: Floats, residuals: Floats) -> tuple[Floats, float]:
    """(K + lambda I)^-1 with the lambda of least leave-one-out error, and the trace of K times it."""
    values, vectors = np.linalg.eigh(kernel)
    values = np.maximum(values, 0.0)
    rotated, squared = vectors.T @ residuals, vectors**2
    errors = []
    for penalty in _RIDGE_GRID * values.mean():
        shrink = values / (values + penalty)
        left = (residuals - vectors @ (shrink * rotated)) / (1 - squared @ shrink)
        errors.append(float(left @ left))
    penalty = float((_RIDGE_GRID * values.mean())[int(np.argmin(errors))])
    shrink = values / (values + penalty)
    return (vectors / (values + penalty)) @ vectors.T, float(shrink.sum())


def nearest_in_hull(target: Floats, points: Floats) -> Floats:
    r"""Weights, non-negative and summing to one, of the mix of ``points`` nearest to ``target``.

    Parameters
    ----------
    target : numpy.ndarray
        Shape (n_days,).
    points : numpy.ndarray
        Shape (n_points, n_days).

    Returns
    -------
    numpy.ndarray
        Shape (n_points,); at most ``n_days + 1`` are positive.

    Notes
    -----
    Wolfe's method for the nearest point of a polytope: it keeps a small set of active points, solves for
    their affine minimiser, and stops when no other point has a smaller product with the residual. It is
    exact up to rounding and never forms a matrix of points by points, only products of points by days.

    References
    ----------
    Wolfe (1976), Finding the nearest point in a polytope, Mathematical Programming 11.

    Examples
    --------
    >>> import numpy as np
    >>> nearest_in_hull(np.array([0.25, 0.75]), np.array([[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]])).round(9)
    array([0.25, 0.75, 0.  ])
    """
    shifted = points - target
    sizes = np.einsum("jt,jt->j", shifted, shifted)
    active = [int(np.argmin(sizes))]
    weights = np.array([1.0])
    scale = float(sizes.max()) or 1.0
    for _ in range(_MAX_STEPS):
        nearest = weights @ shifted[active]
        products = shifted @ nearest
        best = int(np.argmin(products))
        if best in active or products[best] > nearest @ nearest - _TOLERANCE * scale:
            result = np.zeros(len(points))
            result[active] = weights
            return result
        active, weights = _descend([*active, best], np.r_[weights, 0.0], shifted)
    raise DataError(f"The synthetic control did not converge in {_MAX_STEPS} steps; scale the returns.")


def _descend(active: list[int], weights: Floats, shifted: Floats) -> tuple[list[int], Floats]:
    """Move to the affine minimiser of the active points; drop those whose weight would turn negative."""
    while True:
        optimum = _affine_minimiser(shifted[active])
        if (optimum > _TOLERANCE).all():
            return active, optimum
        falling = optimum <= _TOLERANCE
        ratio = weights[falling] / np.maximum(weights[falling] - optimum[falling], _TOLERANCE)
        step = min(1.0, float(ratio.min()))
        weights = weights + step * (optimum - weights)
        keep: NDArray[np.bool_] = weights > _TOLERANCE
        if keep.all():
            keep[int(np.argmin(weights))] = False
        active = [point for point, kept in zip(active, keep, strict=True) if kept]
        weights = weights[keep] / weights[keep].sum()


def _affine_minimiser(points: Floats) -> Floats:
    """Weights summing to one that bring the affine combination of ``points`` nearest to the origin."""
    if len(points) == 1:
        return np.ones(1)
    directions = (points[1:] - points[0]).T
    solution = np.linalg.lstsq(directions, -points[0], rcond=None)[0]
    return np.r_[1.0 - solution.sum(), solution]
