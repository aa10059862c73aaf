"""What is a normal return given the market's? Least squares for all firms of a day at once, betas of stocks
that trade thinly, and variance that clusters.

Every model of normal returns hands back a `BlockFit`, so that tests and figures need not know the model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from undercut.errors import NotIdentifiedError
from undercut.eventstudy.windows import Block
from undercut.extras import require
from undercut.inference.arrays import Floats

Convention = Literal["textbook", "estudy2"]

#: A share whose daily noise is smaller has no market price: rounding alone leaves more.
LEAST_SIGMA = 1e-8
#: Determinant of a scaled Gram matrix (one for orthogonal regressors) below which it counts as singular.
_SINGULAR = 1e-12


_PERCENT = 100.0  # arch's optimiser wants returns of the size of percents


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


def lead_lag_design(market: Floats) -> Floats:
    """Intercept and the market of the day before, the day and the day after, shape (n_days, 4).

    The first and last day of the file lack a neighbour and cannot be used.
    """
    before = np.r_[np.nan, market[:-1]]
    after = np.r_[market[1:], np.nan]
    return np.column_stack([np.ones_like(market), before, market, after])


def scholes_williams(block: Block) -> BlockFit:
    r"""Scholes-Williams beta for non-synchronous trading.

    Notes
    -----
    :math:`\beta = (\beta_{-1} + \beta_0 + \beta_{+1}) / (1 + 2\rho)` from three simple regressions, with
    :math:`\rho` the market's first autocorrelation. The forecast error uses the market model's leverage, an
    approximation that is exact for a market without autocorrelation.

    References
    ----------
    Scholes and Williams (1977), Estimating betas from nonsynchronous data, J. Financial Economics 5.
    """
    used = np.isfinite(block.estimation)
    returns = np.where(used, block.estimation, 0.0)
    _, before, market, after = np.nan_to_num(block.design_estimation).T
    betas = [_slope(returns, series, used) for series in (before, market, after)]
    autocorrelation = _autocorrelation(before, market, used)
    beta = sum(betas) / (1 + 2 * autocorrelation)
    count = used.sum(axis=1)
    alpha = (returns.sum(axis=1) - beta * (used @ market)) / count
    return _from_line(block, np.column_stack([alpha, beta]))


def _slope(returns: Floats, series: Floats, used: np.ndarray) -> Floats:
    count = used.sum(axis=1)
    mean = (used @ series) / count
    covariance = returns @ series - mean * returns.sum(axis=1)
    return np.asarray(covariance / (used @ series**2 - count * mean**2))


def _autocorrelation(before: Floats, market: Floats, used: np.ndarray) -> Floats:
    count = used.sum(axis=1)
    mean_before, mean = (used @ before) / count, (used @ market) / count
    covariance = used @ (before * market) - count * mean_before * mean
    variances = (used @ before**2 - count * mean_before**2) * (used @ market**2 - count * mean**2)
    return np.asarray(covariance / np.sqrt(variances))


def _from_line(block: Block, coefficients: Floats) -> BlockFit:
    """Abnormal returns around alpha + beta times the market, with the market model's forecast error."""
    line = replace(block, design=block.design[:, [0, 2]])
    plain = least_squares(line)
    residuals = block.estimation - coefficients @ np.nan_to_num(line.design_estimation).T
    sigma = np.sqrt(np.nansum(residuals**2, axis=1) / plain.freedom)
    expected = coefficients @ line.design_event.T
    covariance = plain.covariance * (sigma / plain.sigma)[:, None, None] ** 2
    return BlockFit(
        coefficients, residuals, expected, block.event - expected, covariance, sigma, plain.freedom
    )


def dimson(block: Block) -> BlockFit:
    r"""Dimson beta: the sum of the slopes on the market of the day before, the day and the day after.

    Notes
    -----
    The prediction is :math:`\hat\alpha + (\sum_k \hat\beta_k) R_{mt}`, whose forecast error follows from the
    multiple regression's covariance.

    References
    ----------
    Dimson (1979), Risk measurement when shares are subject to infrequent trading, J. Financial Economics 7;
    Fowler and Rorke (1983) on its bias, which is why Scholes-Williams stands beside it.
    """
    full = least_squares(block)
    aggregated = np.where(np.arange(4) == 0, block.design[:, [0]], block.design[:, [2]])
    residuals = block.estimation - full.coefficients @ np.nan_to_num(aggregated[: block.n_estimation]).T
    sigma = np.sqrt(np.nansum(residuals**2, axis=1) / full.freedom)
    ahead = np.vstack([block.design[: -block.n_event], aggregated[-block.n_event :]])
    forecast = least_squares(replace(block, design=ahead))
    covariance = forecast.covariance * (sigma / full.sigma)[:, None, None] ** 2
    coefficients = np.column_stack([full.coefficients[:, 0], full.coefficients[:, 1:].sum(axis=1)])
    return replace(
        forecast, coefficients=coefficients, residuals=residuals, covariance=covariance, sigma=sigma
    )


def garch(block: Block) -> BlockFit:
    r"""Market model whose abnormal returns have the GARCH variance forecast for the days of the event.

    Notes
    -----
    The mean is the market model by least squares. Its residuals follow
    :math:`\sigma_t^2 = \omega + \alpha e_{t-1}^2 + \beta \sigma_{t-1}^2`, fitted by maximum likelihood on the
    estimation window and filtered, with these parameters, through the days up to the event window; the
    variance of its later days is the forecast from there. The forecast error of the mean is added. One
    fit a firm: some 10 ms each.

    References
    ----------
    Bollerslev (1986), Generalized autoregressive conditional heteroskedasticity, J. Econometrics 31.

    Raises
    ------
    MissingExtraError
        If the package ``arch`` is not installed.
    """
    plain = least_squares(block)
    expected = plain.coefficients @ block.design.T
    shocks = block.returns - expected
    ahead = np.array([_forecast(row, block.n_estimation, block.n_event) for row in shocks])
    mean_error = plain.covariance - plain.sigma[:, None, None] ** 2 * np.eye(block.n_event)
    covariance = mean_error + ahead[:, :, None] * np.eye(block.n_event)
    return replace(plain, covariance=covariance)


def _forecast(shocks: Floats, n_estimation: int, n_event: int) -> Floats:
    """Variance of each event day, seen from the day before the event window, shape (n_event,)."""
    estimation = shocks[:n_estimation]
    if np.nanstd(estimation) <= LEAST_SIGMA:
        return np.zeros(n_event)  # a share that does not move has no process of its variance
    omega, alpha, beta = _fit(estimation[np.isfinite(estimation)])
    variance = float(np.nanvar(estimation))
    for shock in shocks[: len(shocks) - n_event]:
        # A day without a return tells nothing: its squared shock is replaced by its expectation.
        squared = shock**2 if np.isfinite(shock) else variance
        variance = omega + alpha * squared + beta * variance
    ahead = np.empty(n_event)
    for day in range(n_event):
        ahead[day] = variance
        variance = omega + (alpha + beta) * variance
    return ahead


def _fit(shocks: Floats) -> tuple[float, float, float]:
    arch = require("arch", extra="garch")
    model = arch.arch_model(shocks * _PERCENT, mean="Zero", vol="GARCH", p=1, q=1, rescale=False)
    parameters = model.fit(disp="off", show_warning=False).params
    omega, alpha, beta = (float(parameters[name]) for name in ("omega", "alpha[1]", "beta[1]"))
    return omega / _PERCENT**2, alpha, beta
