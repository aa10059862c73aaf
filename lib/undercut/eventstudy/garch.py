"""How uncertain is a normal return when volatility clusters? A market model with GARCH(1, 1) variance."""

from __future__ import annotations

import numpy as np

from undercut.eventstudy.linear import LEAST_SIGMA, BlockFit, least_squares
from undercut.eventstudy.windows import Block
from undercut.extras import require
from undercut.inference.arrays import Floats

_PERCENT = 100.0  # arch's optimiser wants returns of the size of percents


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
    return BlockFit(
        plain.coefficients, plain.residuals, plain.expected, plain.abnormal, covariance, plain.sigma,
        plain.freedom,
    )  # fmt: skip


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
