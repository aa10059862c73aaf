"""What would the standardised abnormal return be had the event been on another day? Every day at once.

The same numbers as fitting each day anew, from running sums; for placebo dates and permutation tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from undercut.eventstudy.market_models import LEAST_SIGMA, invert_gram
from undercut.eventstudy.windows import Window, Windows
from undercut.inference.arrays import Floats

_UNITS_AT_ONCE = 16  # bounds memory whatever the number of units, and fits the processor's cache


def rolling_scar(
    returns: Floats, design: Floats, usable: NDArray[np.bool_], windows: Windows, window: Window
) -> Floats:
    """As `rolling_scars`, for one window: shape (n_units, n_days)."""
    return rolling_scars(returns, design, usable, windows, [window])[0]


def rolling_scars(
    returns: Floats,
    design: Floats,
    usable: NDArray[np.bool_],
    windows: Windows,
    summed: Sequence[Window],
    units: NDArray[np.int64] | None = None,
) -> Floats:
    r"""Standardised cumulative abnormal return of every unit with every day as the event.

    Parameters
    ----------
    returns : numpy.ndarray
        Shape (n_units, n_days).
    design : numpy.ndarray
        Regressors, shape (n_days, n_regressors); no column for a model that estimates nothing.
    usable : numpy.ndarray of bool
        Days that may enter an estimation window, shape (n_units, n_days).
    windows : Windows
        Estimation window and its fewest usable days.
    summed : sequence of tuple of int
        Days that are summed, for each result.
    units : numpy.ndarray of int, optional
        Units that are wanted; default, all. Others are NaN.

    Returns
    -------
    numpy.ndarray
        Shape (n_windows, n_units, n_days); NaN where the windows do not fit or days are missing.

    Notes
    -----
    :math:`X'X`, :math:`X'y` and :math:`y'y` of a moving window are differences of running sums, so the cost
    does not grow with the length of the window. The estimation is shared by all ``summed``.
    """
    wanted = np.arange(len(returns)) if units is None else units
    result = np.empty((len(summed), *returns.shape))
    result[:, np.setdiff1d(np.arange(len(returns)), wanted)] = np.nan
    known = np.isfinite(design).all(axis=1)
    filled = np.nan_to_num(design)
    for first in range(0, len(wanted), _UNITS_AT_ONCE):
        part = wanted[first : first + _UNITS_AT_ONCE]
        days = usable[part] & np.isfinite(returns[part]) & known
        result[:, part] = _chunk(returns[part], filled, days, windows, summed)
    for i, window in enumerate(summed):
        whole = _moving_sum(np.asarray(known, dtype=np.float64), window) == window[1] - window[0] + 1
        result[i][:, ~whole] = np.nan
    return result


def _chunk(
    returns: Floats, design: Floats, days: NDArray[np.bool_], windows: Windows, summed: Sequence[Window]
) -> Floats:
    theta, inverse, variance, enough = _estimated(returns, design, days, windows)
    precision = np.where(enough & (variance > LEAST_SIGMA**2), variance, np.nan) ** -0.5
    seen = np.isfinite(returns)
    traded = None if seen.all() else _running(seen.astype(np.float64))
    running, ahead_running = _running(np.nan_to_num(returns)), _running(design.T)
    found = np.empty((len(summed), *returns.shape))
    # By regressor and contiguous: products of whole days are far quicker than many small matrices.
    theta = np.moveaxis(theta, -1, 0).copy()
    inverse = np.moveaxis(inverse, (-2, -1), (0, 1)).copy()
    for window, scar in zip(summed, found, strict=True):
        length, ahead = window[1] - window[0] + 1, _between(ahead_running, window)
        pairs = itertools.product(range(len(ahead)), repeat=2)
        forecast = length + sum(inverse[a, b] * (ahead[a] * ahead[b]) for a, b in pairs)
        scar[:] = _between(running, window)
        for loading, regressor in zip(theta, ahead, strict=True):
            scar -= loading * regressor
        scar *= precision
        scar /= np.sqrt(forecast)
        if traded is not None:
            scar[_between(traded, window) != length] = np.nan
        else:
            first, last = _whole(window, returns.shape[1])
            scar[:, :first] = scar[:, last:] = np.nan
    return found


def _estimated(
    returns: Floats, design: Floats, days: NDArray[np.bool_], windows: Windows
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Coefficients, inverse Gram matrices, residual variance, and where there are days enough."""
    same = bool((days == days[0]).all())
    weights = (days[:1] if same else days).astype(np.float64)
    k, span = design.shape[1], windows.estimation
    count = _moving_sum(weights, span)
    enough = count >= windows.min_days
    gram = np.empty((*weights.shape, k, k))
    for i in range(k):
        for j in range(i + 1):
            gram[:, :, i, j] = gram[:, :, j, i] = _moving_sum(weights * design[:, i] * design[:, j], span)
    gram[~enough] = np.eye(k)
    inverse = invert_gram(gram)
    own: Floats = np.where(days, returns, 0.0)
    moments = np.empty((*own.shape, k))
    for i in range(k):
        moments[:, :, i] = _moving_sum(own * design[:, i], span)
    theta = (inverse @ moments[..., None])[..., 0]
    squares = _moving_sum(np.asarray(own**2), span) - (theta * moments).sum(axis=-1)
    variance = np.maximum(squares, 0.0) / np.where(enough, count - k, 1.0)
    return theta, inverse, variance, np.broadcast_to(enough, returns.shape)


def _moving_sum(values: Floats, window: Window) -> Floats:
    """For every day, the sum from ``day + window[0]`` to ``day + window[1]``, as far as these exist."""
    return _between(_running(values), window)


def _running(values: Floats) -> Floats:
    """Sum of all days before each, shape (..., n_days + 1)."""
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)


def _between(running: Floats, window: Window) -> Floats:
    """Moving sums out of running ones."""
    n_days = running.shape[-1] - 1
    first, last = _whole(window, n_days)
    found = np.empty((*running.shape[:-1], n_days))
    ends, starts = (slice(first + at, last + at) for at in (window[1] + 1, window[0]))
    np.subtract(running[..., ends], running[..., starts], out=found[..., first:last])
    cut = np.r_[0:first, last:n_days]
    start, end = np.clip(cut + window[0], 0, n_days), np.clip(cut + window[1] + 1, 0, n_days)
    found[..., cut] = running[..., np.maximum(start, end)] - running[..., start]
    return found


def _whole(window: Window, n_days: int) -> tuple[int, int]:
    """The first day whose window lies inside the data, and the one after the last."""
    first = min(max(0, -window[0]), n_days)
    return first, max(first, min(n_days, n_days - window[1]))
