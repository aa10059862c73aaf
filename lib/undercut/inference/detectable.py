"""What is the smallest effect that an estimate could have found? Without it, "no effect" is no result.

Two ways lead there: from a standard error, and from estimates of an effect that is known to be none
(placebos), which ask nothing of the shape of the distribution. Placebos also tell whether the same code finds
an effect where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from undercut.errors import DataError, InputError, TooFewError
from undercut.inference.arrays import Floats
from undercut.inference.levels import check_level
from undercut.result import Axes, Result

#: Fewer placebos than this do not show where their 95% point lies.
MIN_PLACEBOS: Final = 20


@dataclass(frozen=True, slots=True)
class DetectableEffect:
    """The smallest effect that a two-sided test would have found.

    Attributes
    ----------
    effect : float
        Smallest absolute effect found with probability ``power`` whatever its sign: the larger of ``rise``
        and ``fall``. In the units of the estimate.
    rise, fall : float
        The same for positive and for negative effects alone (both stated as positive numbers).
    critical : float
        An estimate this far from zero is significant.
    level : float
        Confidence level of the test: 0.95 for a test at 5%.
    power : float
    method : str
        ``standard error`` or ``placebos``.
    draws : int
        Placebos used; 0 for a standard error.
    """

    effect: float
    rise: float
    fall: float
    critical: float
    level: float
    power: float
    method: str
    draws: int = 0

    def table(self) -> pd.DataFrame:
        """The attributes as one row."""
        return pd.DataFrame([asdict(self)])

    def summary(self) -> str:
        """One sentence."""
        basis = f"{self.draws} placebos" if self.draws else "the standard error"
        return (
            f"From {basis}: an effect of {self.effect:.3g} or more, up or down, would have been found with "
            f"probability {self.power:.0%} at the {1 - self.level:.0%} level."
        )


def detectable(
    standard_error: npt.ArrayLike,
    *,
    freedom: npt.ArrayLike = np.inf,
    level: float = 0.95,
    power: float = 0.8,
) -> Floats:
    r"""Smallest absolute effects that two-sided tests find with probability ``power``, for many estimates.

    Parameters and formula as in :func:`detectable_effect`, on arrays; a missing error gives a missing effect.

    Examples
    --------
    >>> detectable([0.01, 0.02]).round(4).tolist()
    [0.028, 0.056]
    """
    from scipy import stats

    _check(level, power)
    known, position = np.unique(np.asarray(freedom, dtype=np.float64), return_inverse=True)
    needed = stats.t.ppf((1 + level) / 2, known) + stats.t.ppf(power, known)
    return np.asarray(needed[position] * np.asarray(standard_error, dtype=np.float64))


def detectable_effect(
    standard_error: float, *, freedom: float = np.inf, level: float = 0.95, power: float = 0.8
) -> DetectableEffect:
    r"""Smallest detectable effect from a standard error.

    Parameters
    ----------
    standard_error : float
        Of the estimate, in its units.
    freedom : float
        Degrees of freedom of the t test; with few clusters their number minus one.
    level : float
        Confidence level of the interval or test, as everywhere: 0.95 for a test at 5%.
    power : float

    Returns
    -------
    DetectableEffect

    Raises
    ------
    InputError
        A standard error that is missing or not positive, or level or power outside 0 to 1.

    Notes
    -----
    :math:`(t_{1-\alpha/2} + t_{power}) \times SE`, with t of the given degrees of freedom.

    References
    ----------
    Bloom, H. S. (1995). Minimum detectable effects: a simple way to report the statistical power of
    experimental designs. Evaluation Review 19, 547-556.

    Examples
    --------
    >>> round(detectable_effect(0.01).effect, 4)
    0.028
    >>> detectable_effect(0.01, freedom=7).effect > detectable_effect(0.01).effect
    True
    """
    from scipy import stats

    _check(level, power)
    if not (np.isfinite(standard_error) and standard_error > 0 and freedom > 0):
        raise InputError(
            "A detectable effect needs a positive standard error and positive degrees of freedom; got "
            f"{standard_error} and {freedom}. Where the error cannot be computed, use placebos."
        )
    critical = float(stats.t.ppf((1 + level) / 2, freedom)) * standard_error
    effect = float(detectable(standard_error, freedom=freedom, level=level, power=power))
    return DetectableEffect(effect, effect, effect, critical, level, power, "standard error")


def detectable_from_placebos(
    placebos: npt.ArrayLike, *, level: float = 0.95, power: float = 0.8
) -> DetectableEffect:
    r"""Smallest detectable effect from estimates of an effect that is known to be none.

    Parameters
    ----------
    placebos : array_like
        Estimates under fake dates or fake exposures, shape (draws,).
    level, power : float
        As in :func:`detectable_effect`.

    Returns
    -------
    DetectableEffect

    Raises
    ------
    InputError
        Fewer than :data:`MIN_PLACEBOS` placebos, or one that is not finite: a draw that failed says
        something and must be counted by the caller, not dropped here.

    Notes
    -----
    An estimate is significant if it is at least as far from zero as the ``level`` quantile :math:`c` of
    the placebos' absolute values. A true effect :math:`d` adds :math:`d` to every placebo, and is found if
    the sum is significant; ``rise`` is the smallest :math:`d > 0` found with probability ``power``. A
    placebo distribution that is not centred at zero thus makes one direction harder to find. An effect that
    also widens the distribution is not covered.

    References
    ----------
    Rosenbaum, P. R. (2010). Design of Observational Studies, chapter 14: power of randomisation tests under
    additive effects.

    Examples
    --------
    >>> found = detectable_from_placebos(np.random.default_rng(0).normal(size=4000))
    >>> bool(abs(found.effect - 2.8) < 0.15)
    True
    """
    _check(level, power)
    drawn = np.asarray(placebos, dtype=np.float64).ravel()
    if len(drawn) < MIN_PLACEBOS or not np.isfinite(drawn).all():
        failed = int((~np.isfinite(drawn)).sum())
        raise InputError(
            f"A detectable effect needs at least {MIN_PLACEBOS} finite placebos; got {len(drawn)}, of which "
            f"{failed} are missing or infinite. Draw more, and report those that failed."
        )
    critical = float(np.quantile(np.abs(drawn), level, method="higher"))
    rise = _smallest_shift(drawn, critical, power)
    fall = _smallest_shift(-drawn, critical, power)
    return DetectableEffect(max(rise, fall), rise, fall, critical, level, power, "placebos", draws=len(drawn))


def placebo_p_value(estimate: float, placebos: npt.ArrayLike) -> float:
    """Share of placebos at least as far from zero as the estimate, which counts as one of them.

    References
    ----------
    Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be zero. Statistical Applications
    in Genetics and Molecular Biology 9, article 39.

    Examples
    --------
    >>> placebo_p_value(3.0, [-1.0, 0.5, 2.0, -4.0])
    0.4
    """
    drawn = np.abs(np.asarray(placebos, dtype=np.float64).ravel())
    if not len(drawn) or not np.isfinite(drawn).all() or not np.isfinite(estimate):
        raise InputError("A placebo p-value needs a finite estimate and at least one placebo, all finite.")
    return float((1 + np.sum(drawn >= abs(estimate) - 1e-12)) / (1 + len(drawn)))


def _smallest_shift(drawn: Floats, critical: float, power: float) -> float:
    """Smallest positive shift by which a share ``power`` of the draws reaches the critical value.

    Shifts far below zero are significant on the other side; that is no detection of a rise.
    """
    return max(0.0, critical - float(np.quantile(drawn, 1 - power, method="lower")))


def _check(level: float, power: float) -> None:
    # A small level is rather meant as the size of a test, which it once was here.
    check_level(level, least=0.5)
    check_level(power, name="power")


class PlaceboResult(Result, kw_only=True):
    """Estimates in worlds without an effect beside the real one.

    Attributes
    ----------
    kind : str
    estimate : float
        Of the real world.
    placebos : numpy.ndarray
        Shape (draws,); failed draws left out.
    failed : int
        Draws in which no finite estimate existed.
    p_value : float
        Share of placebos at least as far from their own median as the estimate is.
    centre : float
        Median of the placebos: what the structure of the market alone gives.
    detectable : DetectableEffect
        From the placebos around their median.
    """

    kind: str
    estimate: float
    placebos: Floats
    failed: int
    p_value: float
    centre: float
    detectable: DetectableEffect

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        low, high = np.quantile(self.placebos, [0.025, 0.975])
        row = {
            "placebo": self.kind, "estimate": self.estimate, "centre": self.centre, "low": float(low),
            "high": float(high), "p_value": self.p_value, "detectable_rise": self.detectable.rise,
            "detectable_fall": self.detectable.fall, "draws": len(self.placebos), "failed": self.failed,
        }  # fmt: skip
        return pd.DataFrame([row])

    def summary(self) -> str:
        """The comparison in two sentences."""
        row = self.to_frame().iloc[0]
        return (
            f"{self.kind.capitalize()}: the estimate is {self.estimate:.3g}; 95% of {len(self.placebos)} "
            f"placebos lie between {row['low']:.3g} and {row['high']:.3g} (median {self.centre:.3g}; "
            f"{self.failed} failed), p = {self.p_value:.2g}. {self.detectable.summary()}"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """The distribution of the placebos, their middle 95% shaded, and the estimate."""
        return draw_placebos(self.placebos, self.estimate, "Estimates of placebos; line: the real one", ax)


def draw_placebos(placebos: Floats, estimate: float, said: str, ax: Axes | None = None) -> Axes:
    """The distribution of placebos, their middle 95% shaded, and the estimate; ``said`` is the axis label."""
    import matplotlib.pyplot as plt

    from undercut.plots import INK, RULE

    axes = ax or plt.subplots(figsize=(7.6, 3.2))[1]
    axes.hist(placebos, bins=30, color=RULE)
    axes.axvspan(*np.quantile(placebos, [0.025, 0.975]), color=INK, alpha=0.08, linewidth=0)
    axes.axvline(estimate, color=INK)
    axes.set_yticks([])
    axes.set_xlabel(said)
    return axes


def placebo_result(
    kind: str, estimate: float, worlds: Iterable[Any], estimator: Callable[[Any], float], *, draws: int
) -> PlaceboResult:
    """Estimate in every made-up world and hold the real estimate against them.

    Raises
    ------
    InputError
        Fewer than twenty draws.
    TooFewError
        More than half of the draws gave no finite estimate.
    """
    if draws < MIN_PLACEBOS:
        raise InputError(f"draws must be at least {MIN_PLACEBOS}; got {draws}.")
    found: list[float] = []
    reason = ""
    for world in worlds:
        try:
            found.append(estimator(world))
        except DataError as error:
            reason = str(error)
    if len(found) < max(draws / 2, MIN_PLACEBOS):
        raise TooFewError(
            f"Only {len(found)} of {draws} placebos gave an estimate; the last failed: {reason}"
        )
    placebos = np.array(found)
    centre = float(np.median(placebos))
    around = placebos - centre
    return PlaceboResult(
        kind=kind, estimate=estimate, placebos=placebos, failed=draws - len(found), centre=centre,
        p_value=placebo_p_value(estimate - centre, around), detectable=detectable_from_placebos(around),
    )  # fmt: skip
