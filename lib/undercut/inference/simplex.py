"""Which mix of donors comes closest to a target? The nearest point of a convex hull."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.errors import DataError
from undercut.inference.arrays import Floats

_TOLERANCE = 1e-10
_MAX_STEPS = 10_000


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
            return _spread(active, weights, len(points))
        active, weights = _descend([*active, best], np.r_[weights, 0.0], shifted)
    raise DataError(f"The synthetic control did not converge in {_MAX_STEPS} steps; scale the returns.")


def _spread(active: list[int], weights: Floats, count: int) -> Floats:
    result = np.zeros(count)
    result[active] = weights
    return result


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
