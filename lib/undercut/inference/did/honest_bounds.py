"""How far from parallel may trends be before an effect can no longer be told from none?

Two ways to say "far". Relative magnitude: after adoption, trends part from one period to the next by at most
M times the largest step before it. Smoothness: the slope of the difference changes by at most M a period.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import DataError, InputError, one_of
from undercut.inference.arrays import Floats
from undercut.inference.did.smoothness import fixed_length_interval
from undercut.result import Axes, Result

Restriction = Literal["relative_magnitude", "smoothness"]
#: Part of the size that the hybrid test spends on its first, least favourable step (Andrews, Roth and Pakes).
_FIRST_STEP = 0.1
_GRID = 400
_UNITS = {
    "relative_magnitude": "times the largest step before adoption",
    "smoothness": "of change in slope a period",
}


class HonestBounds(Result):
    """Intervals of an effect under ever weaker versions of parallel trends.

    Attributes
    ----------
    restriction : str
    intervals : DataFrame
        ``magnitude`` (M), ``ci_low``, ``ci_high``, ascending in M.
    breakdown : float
        Smallest M of which the interval holds zero; 0 if the ordinary interval does; infinite if none up to
        the largest that was tried does.
    estimate, ci_low, ci_high : float
        Under parallel trends.
    level : float
    """

    restriction: str
    intervals: pd.DataFrame
    breakdown: float
    estimate: float
    ci_low: float
    ci_high: float
    level: float

    def summary(self) -> str:
        """One sentence."""
        unit = _UNITS[self.restriction]
        if self.breakdown == 0:
            return "The interval holds zero even under parallel trends."
        largest = self.intervals["magnitude"].max()
        if np.isinf(self.breakdown):
            return f"The effect stays apart from zero up to {largest:.3g} {unit}, the most that was tried."
        return (
            f"The effect can be told from none as long as violations stay below {self.breakdown:.3g} {unit}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Intervals by magnitude; at the left the one under parallel trends."""
        from undercut import plots

        axes, rows = plots.own_axes(ax), self.intervals
        plots.zero_line(axes)
        axes.vlines(rows["magnitude"], rows["ci_low"], rows["ci_high"], color=plots.INK)
        axes.set_xlabel(f"M ({self.restriction.replace('_', ' ')})")
        axes.set_ylabel("Effect")
        return axes


def honest_bounds(
    effects: pd.Series,
    covariance: Floats,
    *,
    target: int | Sequence[float] = 0,
    restriction: Restriction = "relative_magnitude",
    magnitudes: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
    level: float = 0.95,
) -> HonestBounds:
    r"""Intervals that stay valid when trends are not quite parallel.

    Parameters
    ----------
    effects : Series
        Event-study estimates indexed by event time, without the reference period -1 and without gaps.
    covariance : ndarray, shape (n, n)
    target : int or sequence of float
        A lag, or weights of all lags.
    restriction : {"relative_magnitude", "smoothness"}
    magnitudes : sequence of float
        Values of M; for smoothness in units of the outcome a period.
    level : float

    Raises
    ------
    DataError
        Event times with gaps, a lead missing, or a covariance that does not fit.
    InputError
        Options that make no sense.

    Notes
    -----
    *Smoothness*: fixed-length intervals :math:`v'\hat\beta \pm \sigma_v\, cv_\alpha(b_v / \sigma_v)`, with
    the weights on leads that make them shortest given the largest bias :math:`b_v`.

    *Relative magnitude*: for every step :math:`s` before adoption and either sign, with
    :math:`D = \pm(\delta_{s+1} - \delta_s)`, an effect :math:`\theta` is possible if
    :math:`|l'\beta - \theta| \le M c D`; here :math:`c = \sum_j |\sum_{t \ge j} l_t|` is how many steps add
    up in the target. The paths after adoption are thus eliminated exactly, so that the two moment
    inequalities have no nuisance parameters, and the conditional test with a least favourable first step of
    Andrews, Roth and Pakes needs no linear programme. The interval is the hull of all :math:`\theta` that
    some step and sign do not reject.

    Both treat the covariance as known and the estimates as normal: with few clusters they are too short.

    References
    ----------
    Rambachan and Roth (2023), Review of Economic Studies 90; Andrews, Roth and Pakes (2023), Review of
    Economic Studies 90; Armstrong and Kolesár (2018), Econometrica 86.

    Examples
    --------
    >>> effects = pd.Series([0.02, -0.01, 0.5], index=[-3, -2, 0])
    >>> bounds = honest_bounds(effects, 0.001 * np.eye(3), magnitudes=(0.0, 1.0))
    >>> low, high = bounds.intervals.loc[1, ["ci_low", "ci_high"]]
    >>> bool(low < bounds.ci_low < 0.5 < bounds.ci_high < high)
    True
    """
    from scipy.stats import norm

    one_of("restriction", restriction, get_args(Restriction))
    if any(m < 0 for m in magnitudes) or not len(magnitudes) or not 0.5 <= level < 1:
        raise InputError("magnitudes must be given and not negative, level from 0.5 to below 1.")
    times, beta, sigma = _checked(effects, covariance)
    lags = _target(times, target)
    weights = np.r_[np.zeros((times < 0).sum()), lags]
    estimate, error = float(weights @ beta), float(np.sqrt(weights @ sigma @ weights))
    reach = float(norm.ppf((1 + level) / 2)) * error

    def interval(magnitude: float) -> tuple[float, float]:
        if restriction == "smoothness":
            return fixed_length_interval(times, beta, sigma, lags, magnitude, level)
        return _relative_interval(times, beta, sigma, lags, magnitude, level)

    ordered = sorted(magnitudes)
    rows = [(m, *interval(m)) for m in ordered]
    frame = pd.DataFrame(rows, columns=["magnitude", "ci_low", "ci_high"])
    ordinary = estimate - reach <= 0 <= estimate + reach
    breakdown = 0.0 if ordinary else _breakdown(interval, ordered[-1])
    return HonestBounds(restriction, frame, breakdown, estimate, estimate - reach, estimate + reach, level)


def _relative_interval(
    times: Floats, beta: Floats, sigma: Floats, lags: Floats, magnitude: float, level: float
) -> tuple[float, float]:
    """Hull of the effects that no choice of largest step and sign rejects."""
    steps = _steps_before(times)
    tests = [
        _Hybrid.build(_moments(times, lags, sign * magnitude * _reach(lags) * step), beta, sigma, level)
        for step in steps
        for sign in (-1.0, 1.0)
    ]
    weights = np.r_[np.zeros((times < 0).sum()), lags]
    centre, error = float(weights @ beta), float(np.sqrt(weights @ sigma @ weights))
    largest = np.abs(steps @ beta).max() + 6 * np.sqrt(np.diag(steps @ sigma @ steps.T).max())
    reach = 6 * error + magnitude * _reach(lags) * largest
    grid = centre + reach * np.linspace(-1.0, 1.0, 2 * _GRID + 1)
    accepted = grid[np.any([test.accepts(grid) for test in tests], axis=0)]
    if not accepted.size:
        raise DataError(
            "The leads contradict every violation of this kind; look at them before trusting bounds."
        )

    def edge(inside: float, outside: float) -> float:
        for _ in range(25):
            middle = (inside + outside) / 2
            if any(test.accepts(np.array([middle]))[0] for test in tests):
                inside = middle
            else:
                outside = middle
        return inside

    width = reach / _GRID
    return edge(accepted[0], accepted[0] - width), edge(accepted[-1], accepted[-1] + width)


@dataclass(frozen=True, slots=True)
class _Hybrid:
    """Test of two moments whose means may not exceed zero."""

    at_zero: Floats  # (2,) standardised moments at an effect of zero
    slope: Floats  # (2,) their change with the effect
    correlation: Floats
    first_cut: float
    alpha: float

    @classmethod
    def build(cls, moments: Floats, beta: Floats, sigma: Floats, level: float) -> _Hybrid:
        """Moments (2, n) as combinations of the estimates, in units of their standard errors."""
        covariance = moments @ sigma @ moments.T
        error = np.sqrt(np.diag(covariance))
        correlation = covariance / np.outer(error, error)
        slope = np.array([-1.0, 1.0])
        first = _FIRST_STEP * (1 - level)
        cut = _largest_of_two(float(correlation[0, 1]), first)
        return cls(moments @ beta / error, slope / error, correlation, cut, (1 - level - first) / (1 - first))

    def accepts(self, effects: Floats) -> NDArray[np.bool_]:
        """Whether, at each effect, the moments may all have means of zero or less."""
        from scipy.special import ndtr

        moments = self.at_zero + effects[:, None] * self.slope  # (n_effects, 2)
        top = moments.argmax(axis=1)
        value = np.take_along_axis(moments, top[:, None], axis=1)
        apart = 1 - self.correlation[top]
        with np.errstate(divide="ignore", invalid="ignore"):
            bounds = (moments - self.correlation[top] * value) / apart
        low = np.where(apart > 1e-8, bounds, -np.inf).max(axis=1)
        # Upper tails, so that far-out truncation keeps its digits.
        tail, whole, cut = ndtr(-value[:, 0]), ndtr(-low), ndtr(-self.first_cut)
        return (value[:, 0] <= self.first_cut) & (tail - cut >= self.alpha * (whole - cut))


def _largest_of_two(correlation: float, size: float) -> float:
    """What the larger of two standard normals exceeds with probability ``size`` (Owen 1956)."""
    from scipy.optimize import brentq
    from scipy.special import ndtr, owens_t

    ratio = np.sqrt(max(1 - correlation, 0.0) / max(1 + correlation, 1e-300))
    return float(brentq(lambda cut: ndtr(-cut) + 2 * owens_t(cut, ratio) - size, 0.0, 20.0))


def _moments(times: Floats, lags: Floats, allowed: Floats) -> Floats:
    """Target above and below what the violation allows, as combinations of the estimates."""
    target = np.r_[np.zeros((times < 0).sum()), lags]
    return np.array([target - allowed, -target - allowed])


def _reach(lags: Floats) -> float:
    """How many steps of the largest size can add up in the target."""
    return float(np.abs(np.cumsum(lags[::-1])).sum())


def _steps_before(times: Floats) -> Floats:
    """Differences of neighbouring periods up to the reference, as combinations of the estimates."""
    leads = int((times < 0).sum())
    path = np.vstack([np.eye(leads, times.size), np.zeros(times.size)])
    return np.diff(path, axis=0)


def _breakdown(interval: Callable[[float], tuple[float, float]], largest: float) -> float:
    def holds_zero(magnitude: float) -> bool:
        low, high = interval(magnitude)
        return low <= 0 <= high

    if holds_zero(0.0):
        return 0.0
    if not holds_zero(largest):
        return np.inf
    outside, inside = 0.0, largest
    while inside - outside > 0.005 * largest:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if holds_zero(middle) else (inside, middle)
    return inside


def _checked(effects: pd.Series, covariance: Floats) -> tuple[Floats, Floats, Floats]:
    order = np.argsort(effects.index.to_numpy())
    times = effects.index.to_numpy()[order].astype(float)
    sigma = np.asarray(covariance, dtype=float)
    if sigma.shape != (times.size, times.size):
        raise DataError(f"The covariance must be {times.size} x {times.size}; got {sigma.shape}.")
    least = -1e-10 * np.trace(sigma)
    if not np.isfinite(sigma).all() or np.linalg.eigvalsh((sigma + sigma.T) / 2).min() < least:
        raise DataError(
            "The covariance is no covariance: it has a negative or missing variance, which few clusters can "
            "bring about. Use fewer leads and lags, or a method that gives one."
        )
    expected = [t for t in np.arange(times.min(), times.max() + 1) if t != -1]
    if not np.array_equal(times, expected) or times.min() > -2 or times.max() < 0:
        raise DataError(
            "Bounds need all event times from a lead of -2 or earlier to a lag, without gaps and without the "
            f"reference -1; got {times.astype(int).tolist()}."
        )
    return times, effects.to_numpy(dtype=float)[order], sigma[np.ix_(order, order)]


def _target(times: Floats, target: int | Sequence[float]) -> Floats:
    lags = times[times >= 0]
    if isinstance(target, int):
        if target not in lags:
            raise InputError(f"target must be a lag from 0 to {int(lags.max())}; got {target}.")
        return (lags == target).astype(float)
    weights = np.asarray(target, dtype=float)
    if weights.shape != lags.shape or not weights.any():
        raise InputError(f"target must give a weight for each of the {lags.size} lags, not all zero.")
    return weights
