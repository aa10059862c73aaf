"""What is a normal return under a linear model? Least squares for all firms of a day at once.

Every model of normal returns hands back a `BlockFit`, so that tests and figures need not know the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from undercut.errors import NotIdentifiedError
from undercut.eventstudy.windows import Block
from undercut.inference.arrays import Floats

Convention = Literal["textbook", "estudy2"]

#: A share whose daily noise is smaller has no market price: rounding alone leaves more.
LEAST_SIGMA = 1e-8
#: Determinant of a scaled Gram matrix (one for orthogonal regressors) below which it counts as singular.
_SINGULAR = 1e-12


@dataclass(frozen=True, slots=True)
class BlockFit:
    """Normal returns of the rows of one block.

    Attributes
    ----------
    coefficients : numpy.ndarray
        Shape (n_rows, n_coefficients).
    residuals : numpy.ndarray
        Abnormal returns in the estimation window, shape (n_rows, n_estimation), NaN on unused days.
    expected, abnormal : numpy.ndarray
        Normal and abnormal returns of the event window, shape (n_rows, n_event).
    covariance : numpy.ndarray
        Covariance of the abnormal returns of the event window, forecast error included, shape
        (n_rows, n_event, n_event).
    sigma : numpy.ndarray
        Residual standard deviation, shape (n_rows,).
    freedom : numpy.ndarray
        Observations less estimated parameters, shape (n_rows,).
    notes : tuple of str
        What a reader should know about this fit.
    """

    coefficients: Floats
    residuals: Floats
    expected: Floats
    abnormal: Floats
    covariance: Floats
    sigma: Floats
    freedom: Floats
    notes: tuple[str, ...] = ()


def least_squares(block: Block, *, convention: Convention = "textbook") -> BlockFit:
    r"""Ordinary least squares of each firm's returns on the block's regressors.

    Notes
    -----
    With :math:`X_i` the regressors on the usable days of firm i and :math:`X^*` those of the event window,
    the abnormal returns :math:`AR_i = R_i^* - X^* \hat\theta_i` have covariance
    :math:`\sigma_i^2 (I + X^* (X_i' X_i)^{-1} X^{*\prime})`, with :math:`\sigma_i^2 = e_i'e_i / (T_i - k)`.
    ``estudy2`` divides by T - 1 and takes the regressors' moments from the whole window, even where the firm
    lacks days, as that R package does.

    References
    ----------
    Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, section 4.4.
    """
    used = np.isfinite(block.estimation)
    count = used.sum(axis=1)
    gram, inverse = _gram(block.design_estimation, used)
    design = np.nan_to_num(block.design_estimation)
    moments = np.where(used, block.estimation, 0.0) @ design
    coefficients = (inverse @ moments[:, :, None])[:, :, 0]
    residuals = block.estimation - coefficients @ design.T
    lost = gram.shape[-1] if convention == "textbook" else 1
    freedom = (count - lost).astype(np.float64)
    known = np.where(used, residuals, 0.0)
    sigma = np.sqrt(np.einsum("nt,nt->n", known, known) / freedom)
    leverage = _leverage(block, inverse, count, convention)
    expected = coefficients @ block.design_event.T
    covariance = sigma[:, None, None] ** 2 * (np.eye(block.n_event) + leverage)
    return BlockFit(
        coefficients, residuals, expected, block.event - expected, covariance, sigma,
        (count - gram.shape[-1]).astype(np.float64),
    )  # fmt: skip


def _gram(design: Floats, used: np.ndarray) -> tuple[Floats, Floats]:
    """X'X of each row's usable days and its inverse, shape (n_rows or 1, k, k)."""
    k = design.shape[1]
    clean = np.nan_to_num(design)
    if (used == used[0]).all():
        chosen = clean[used[0]]
        gram = (chosen.T @ chosen)[None]
    else:
        products = (clean[:, :, None] * clean[:, None, :]).reshape(len(clean), k * k)
        gram = (used.astype(np.float64) @ products).reshape(len(used), k, k)
    return gram, invert_gram(gram)


def invert_gram(gram: Floats) -> Floats:
    """Inverses of Gram matrices, shape (..., k, k), scaled first, so that the unit of a factor is irrelevant.

    Raises
    ------
    NotIdentifiedError
        If the regressors of a window are collinear.
    """
    k = gram.shape[-1]
    if k == 0:
        return gram
    scale = np.sqrt(np.einsum("...ii->...i", gram))
    safe = np.where(scale > 0, scale, 1.0)
    outer = safe[..., :, None] * safe[..., None, :]
    scaled = gram / outer
    if k == 1:
        inverse, volume = np.where(scaled == 0, np.inf, 1.0) * np.ones_like(scaled), scaled[..., 0, 0]
    elif k == 2:
        inverse, volume = _invert_pairs(scaled)
    else:
        volume = np.linalg.det(scaled)
        if (volume > _SINGULAR).all():
            inverse = np.linalg.inv(scaled)
    if not (volume > _SINGULAR).all():
        raise NotIdentifiedError(
            "The benchmark does not vary in an estimation window, or its factors are collinear there; "
            "leave out a factor or widen the window."
        )
    return np.asarray(inverse / outer)


def _invert_pairs(scaled: Floats) -> tuple[Floats, Floats]:
    """Inverses of symmetric 2 by 2 matrices and their determinants; a loop over LAPACK is slower."""
    volume = scaled[..., 0, 0] * scaled[..., 1, 1] - scaled[..., 0, 1] ** 2
    swapped = np.empty_like(scaled)
    swapped[..., 0, 0], swapped[..., 1, 1] = scaled[..., 1, 1], scaled[..., 0, 0]
    swapped[..., 0, 1] = swapped[..., 1, 0] = -scaled[..., 0, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return swapped / volume[..., None, None], volume


def _leverage(block: Block, inverse: Floats, count: np.ndarray, convention: Convention) -> Floats:
    """X* (X'X)^-1 X*' of each row, shape (n_rows or 1, n_event, n_event)."""
    future = np.nan_to_num(block.design_event)
    if convention == "textbook":
        return np.asarray(future @ inverse @ future.T)
    design = block.design_estimation
    whole = design[np.isfinite(design).all(axis=1)]
    shared = future @ invert_gram((whole.T @ whole)[None]) @ future.T
    return np.asarray(shared - 1.0 / len(whole) + 1.0 / count[:, None, None])


def imposed(block: Block) -> BlockFit:
    """Market-adjusted returns: coefficients 0 and 1 are imposed, nothing is estimated but the variance.

    The block's only regressor is the benchmark's return.
    """
    used = np.isfinite(block.estimation)
    count = used.sum(axis=1)
    residuals = block.estimation - block.design_estimation[:, 0]
    expected = np.broadcast_to(block.design_event[:, 0], block.event.shape)
    sigma = np.sqrt(np.nansum(residuals**2, axis=1) / count)
    covariance = sigma[:, None, None] ** 2 * np.eye(block.n_event)
    coefficients = np.ones((len(count), 1))
    return BlockFit(
        coefficients, residuals, expected, block.event - expected, covariance, sigma, count.astype(np.float64)
    )
