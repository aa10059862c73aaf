"""Which weights on leads make the shortest interval when the slope of a violation may bend by M a period?"""

from __future__ import annotations

import numpy as np

from undercut.errors import DataError
from undercut.inference.arrays import Floats


def fixed_length_interval(
    times: Floats, beta: Floats, sigma: Floats, lags: Floats, magnitude: float, level: float
) -> tuple[float, float]:
    """Shortest interval of fixed length around a combination of the estimates (Armstrong and Kolesár 2018).

    Parameters
    ----------
    times, beta, sigma : ndarray
        Event times without -1, estimates and covariance.
    lags : ndarray
        Weights of the target on lags.
    magnitude, level : float

    Raises
    ------
    DataError
        The optimiser fails, which scaled inputs should not bring about.
    """
    trend, bends = bend_basis(times)
    leads = int((times < 0).sum())
    fixed = np.r_[np.zeros(leads), lags]
    # Weights on leads must cancel a linear trend, whose slope is not bounded: one solution and the rest.
    slopes = trend[:leads]
    particular = fixed.copy()
    particular[:leads] = -slopes * (fixed @ trend) / (slopes @ slopes)
    free = np.vstack([_orthogonal(slopes), np.zeros((times.size - leads, leads - 1))])  # (n, leads - 1)
    weights = _shortest(particular, free, bends, sigma, magnitude, level)
    centre = float(weights @ beta)
    error = float(np.sqrt(weights @ sigma @ weights))
    reach = half_length(error, magnitude * float(np.abs(bends.T @ weights).sum()), level)
    return centre - reach, centre + reach


def half_length(error: float, bias: float, level: float) -> float:
    """Half length of an interval around a normal estimate with this standard error and largest bias.

    Examples
    --------
    >>> round(half_length(1.0, 0.0, 0.95), 3), round(half_length(1.0, 10.0, 0.95) - 10, 3)
    (1.96, 1.645)
    """
    from scipy.stats import ncx2, norm

    ratio = bias / error
    if ratio > 20:  # the far end no longer matters, and the non-central distribution loses digits
        return bias + error * float(norm.ppf(level))
    return error * float(np.sqrt(ncx2.ppf(level, 1, ratio**2)))


def bend_basis(times: Floats) -> tuple[Floats, Floats]:
    """The path of slope one, and for every bend the path that it alone makes, shape (n, n - 1)."""
    every = np.insert(times, np.searchsorted(times, -1.0), -1.0)
    second = np.diff(np.eye(every.size), n=2, axis=0)[:, every != -1]
    full = np.vstack([(times == 0).astype(float), second])
    inverse = np.linalg.inv(full)
    return times + 1.0, inverse[:, 1:]


def _orthogonal(vector: Floats) -> Floats:
    """Basis of the space orthogonal to a vector, shape (n, n - 1)."""
    return np.asarray(np.linalg.svd(vector[None, :])[2][1:].T)


def _shortest(
    particular: Floats, free: Floats, bends: Floats, sigma: Floats, magnitude: float, level: float
) -> Floats:
    """Weights that minimise the half length, a convex problem in the free weights and the bends' sizes."""
    start = -np.linalg.pinv(free.T @ sigma @ free) @ (free.T @ sigma @ particular)
    if not free.shape[1] or magnitude == 0:
        return particular + free @ start
    from scipy.optimize import minimize

    count, size = free.shape[1], bends.shape[1]
    at_start = bends.T @ (particular + free @ start)
    scale = magnitude * float(np.abs(at_start).sum()) + np.sqrt(_variance(particular + free @ start, sigma))

    def length(unknown: Floats) -> float:
        error = np.sqrt(_variance(particular + free @ unknown[:count], sigma))
        return half_length(float(error), scale * unknown[count:].sum(), level) / scale

    # The second part of the unknowns is each bend's largest bias, in units of the scale.
    tilt = np.hstack([bends.T @ free, np.zeros((size, size))]) * magnitude / scale
    offset = bends.T @ particular * magnitude / scale
    slack = np.hstack([np.zeros((size, count)), np.eye(size)])
    above, below = slack - tilt, slack + tilt
    limits = [
        {"type": "ineq", "fun": lambda unknown: above @ unknown - offset, "jac": lambda _: above},
        {"type": "ineq", "fun": lambda unknown: below @ unknown + offset, "jac": lambda _: below},
    ]
    first = np.r_[start, np.abs(at_start) * magnitude / scale]
    found = minimize(
        length, first, method="SLSQP", constraints=limits, options={"maxiter": 500, "ftol": 1e-9}
    )
    if not found.success:
        raise DataError(
            f"The shortest interval was not found ({found.message}); the errors may be too small against M."
        )
    return particular + free @ np.asarray(found.x[:count])


def _variance(weights: Floats, sigma: Floats) -> float:
    return float(weights @ sigma @ weights)
