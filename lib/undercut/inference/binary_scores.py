"""How far does each cluster pull on the coefficients of a binary regression?"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from undercut.errors import NotIdentifiedError
from undercut.inference.arrays import Floats
from undercut.inference.resampling import sums_by_cluster

Link = Literal["logit", "cloglog"]

#: Standard error of a coefficient, in units of its regressor's size, beyond which it has run off to infinity.
_RUN_OFF: Final = 30.0
_SEPARATED: Final = (
    "The regressors separate events from non-events, so that no finite estimate exists. "
    "Leave out effects whose group never, or always, has the event."
)


def fit_binary(y: Floats, x: Floats, offset: Floats, link: Link) -> Floats:
    """Maximum-likelihood coefficients; an error where none are finite.

    Both likelihoods are concave. A trust region is used because plain scoring, as packages for generalised
    linear models have it, diverges for the complementary log-log link when an offset is far from the data.
    """
    from scipy.optimize import minimize

    def loss(beta: Floats) -> float:
        return -_log_likelihood(y, x @ beta + offset, link) / y.size

    def slope(beta: Floats) -> Floats:
        return -(x.T @ _score_factor(y, x @ beta + offset, link)) / y.size

    def curvature(beta: Floats) -> Floats:
        return _information(x, x @ beta + offset, link) / y.size

    start = np.zeros(x.shape[1])
    found = minimize(loss, start, jac=slope, hess=curvature, method="trust-exact", options={"gtol": 1e-9})
    information = _information(x, x @ found.x + offset, link)
    size = np.sqrt((x**2).mean(axis=0))
    if np.linalg.cond(information / np.outer(size, size)) > 1e13:
        raise NotIdentifiedError(_SEPARATED)
    if (
        np.any(np.sqrt(np.diag(np.linalg.inv(information))) * size > _RUN_OFF)
        or np.abs(slope(found.x)).max() > 1e-5
    ):
        raise NotIdentifiedError(_SEPARATED)
    return np.asarray(found.x, dtype=float)


def efficient_scores(
    y: Floats, x: Floats, linear: Floats, codes: NDArray[np.intp], count: int, link: Link
) -> Floats:
    """Clusters' scores times the inverse expected information, shape (n_clusters, k)."""
    scores = sums_by_cluster(codes, x * _score_factor(y, linear, link)[:, None], count)
    return scores @ np.linalg.inv(_information(x, linear, link))


def _log_likelihood(y: Floats, linear: Floats, link: Link) -> float:
    if link == "logit":
        return float((y * linear - np.logaddexp(0.0, linear)).sum())
    rate = np.exp(np.clip(linear, -30.0, 30.0))
    return float((y * np.log(-np.expm1(-rate)) - (1 - y) * rate).sum())


def _score_factor(y: Floats, linear: Floats, link: Link) -> Floats:
    """Derivative of the log-likelihood with respect to the linear index."""
    from scipy.special import expit

    if link == "logit":
        return np.asarray(y - expit(linear))
    rate = np.exp(np.clip(linear, -30.0, 30.0))
    mean = -np.expm1(-rate)
    return (y - mean) * rate / mean


def _information(x: Floats, linear: Floats, link: Link) -> Floats:
    """Expected information, shape (k, k)."""
    from scipy.special import expit

    if link == "logit":
        weight = expit(linear) * expit(-linear)
    else:
        rate = np.exp(np.clip(linear, -30.0, 30.0))
        weight = np.exp(-rate) * rate**2 / -np.expm1(-rate)
    return np.asarray(x.T @ (x * weight[:, None]))
