"""What is the market beta of a stock that does not trade all the time? Scholes-Williams and Dimson."""

from __future__ import annotations

import numpy as np

from undercut.eventstudy.linear import BlockFit, least_squares
from undercut.eventstudy.windows import Block
from undercut.inference.arrays import Floats


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
    line = Block(
        block.rows, block.returns, block.design[:, [0, 2]], block.donors, block.n_estimation, block.n_event
    )
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
    as_if = Block(
        block.rows, block.returns, np.vstack([block.design[: -block.n_event], aggregated[-block.n_event :]]),
        block.donors, block.n_estimation, block.n_event,
    )  # fmt: skip
    forecast = least_squares(as_if)
    covariance = forecast.covariance * (sigma / full.sigma)[:, None, None] ** 2
    coefficients = np.column_stack([full.coefficients[:, 0], full.coefficients[:, 1:].sum(axis=1)])
    return BlockFit(
        coefficients, residuals, forecast.expected, forecast.abnormal, covariance, sigma, full.freedom
    )
