"""Would other release dates have given as large an effect? Inference that asks nothing of the number of
developers.

Dates are redrawn by a rule that keeps what is known of how releases come about: their number, their spacing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import DataError, InputError, one_of
from undercut.inference.arrays import Floats
from undercut.inference.cluster_bootstrap import invert_test, p_values
from undercut.inference.detectable import PlaceboResult, draw_placebos, placebo_result
from undercut.inference.did.data import EVENT, FIRST, OUTCOME, PERIOD, UNIT, adoption_panel
from undercut.inference.did.estimators import mean_effect_weights
from undercut.inference.did.model import fit_one
from undercut.inference.did.results import AdoptionFit
from undercut.result import Axes, Result

Dates = NDArray[np.int64]
Scheme = Literal["uniform", "gaps", "shift"]
#: At some redrawn dates nobody is left to compare with; a larger share of such draws is refused.
_MOST_FAILURES = 0.2


class RandomisationTest(Result):
    """Result of redrawing dates.

    Attributes
    ----------
    estimate : float
        Statistic at the real dates.
    p_value : float
        Two-sided, (1 + b) / (1 + B): the real dates are one of the draws.
    ci_low, ci_high : float
        Effects that are not rejected, if the effect is the same for all; missing where the test cannot be
        inverted.
    placebos : ndarray, shape (n_draws,)
        Statistics at redrawn dates.
    failures : int
        Draws at which the statistic did not exist; they count for the null hypothesis.
    level : float
    scheme : str
    """

    estimate: float
    p_value: float
    ci_low: float
    ci_high: float
    placebos: Floats
    failures: int
    level: float
    scheme: str

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        names = ("estimate", "p_value", "ci_low", "ci_high", "failures")
        return pd.DataFrame({name: [getattr(self, name)] for name in names}).assign(draws=self.placebos.size)

    def summary(self) -> str:
        """One sentence."""
        return (
            f"An estimate of {self.estimate:.3g} or further from zero comes about with probability "
            f"{self.p_value:.3f} at dates redrawn by the scheme {self.scheme} ({self.placebos.size} draws); "
            f"{self.level:.0%} interval {self.ci_low:.3g} to {self.ci_high:.3g}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Placebo estimates with the real one."""
        said = "Estimate at redrawn dates; line: at the real dates"
        return draw_placebos(self.placebos, self.estimate, said, ax)


def redraw_dates(
    dates: Sequence[int] | Dates,
    *,
    window: tuple[int, int],
    scheme: Scheme = "uniform",
    min_spacing: int = 1,
    draws: int = 999,
    seed: int = 0,
) -> Dates:
    """Other dates on which the same releases could have come.

    Parameters
    ----------
    dates : sequence of int
        Real dates as numbers of periods; a date that occurs twice stays twice.
    window : tuple of int
        First and last possible date.
    scheme : {"uniform", "gaps", "shift"}
        ``uniform`` draws any dates at least ``min_spacing`` apart, all sets equally likely; ``gaps`` keeps
        the gaps between dates, in random order, and draws the first date; ``shift`` moves all dates together
        around the window as on a circle, which keeps every cluster of releases.
    min_spacing : int
        Of ``uniform``.
    draws, seed : int

    Returns
    -------
    ndarray, shape (draws, n_dates)
        In the order of ``dates``: the earliest release stays the earliest, but for ``shift``.

    Raises
    ------
    InputError
        Dates outside the window, or a window too short for the dates.

    Examples
    --------
    >>> drawn = redraw_dates([3, 10, 12], window=(0, 20), min_spacing=2, draws=5)
    >>> drawn.shape, bool((np.diff(drawn, axis=1) >= 2).all())
    ((5, 3), True)
    """
    one_of("scheme", scheme, get_args(Scheme))
    real = np.asarray(dates, dtype=np.int64)
    first, last = window
    if not real.size or real.min() < first or real.max() > last or min_spacing < 1 or draws < 1:
        raise InputError(
            f"dates must lie within the window {first}..{last}, min_spacing and draws be positive."
        )
    distinct, position = np.unique(real, return_inverse=True)
    slack = last - first - (distinct.size - 1) * min_spacing
    if slack < 0:
        raise InputError(f"{distinct.size} dates {min_spacing} apart do not fit into {first}..{last}.")
    rng = np.random.default_rng(seed)
    drawn = np.array([_redrawn(distinct, first, last, scheme, min_spacing, rng) for _ in range(draws)])
    return np.asarray(drawn[:, position], dtype=np.int64)


def randomisation_test(
    statistic: Callable[[Floats, Dates], float],
    outcome: Floats,
    dates: Sequence[int] | Dates,
    redrawn: Dates,
    *,
    effect: Callable[[Dates], Floats] | None = None,
    level: float = 0.95,
    scheme: str = "given",
) -> RandomisationTest:
    r"""Compare a statistic at the real dates with the same at redrawn dates.

    Parameters
    ----------
    statistic : callable
        From an outcome, shape (n,), and dates to a number; NaN where it does not exist at these dates. It
        must be linear in the outcome if ``effect`` is given.
    outcome : ndarray, shape (n,)
    dates : sequence of int
        Real dates.
    redrawn : ndarray, shape (n_draws, n_dates)
        From :func:`redraw_dates`.
    effect : callable, optional
        From dates to the outcome of an effect of one, shape (n,); with it the test is inverted to an
        interval.
    level : float
    scheme : str
        What to call the way of redrawing.

    Raises
    ------
    DataError
        No statistic at the real dates, or at more than a fifth of the redrawn ones.

    Notes
    -----
    Under the null of an effect :math:`\tau` on every treated unit, :math:`y - \tau d` does not depend on the
    dates, so that :math:`T_b(y) - \tau T_b(d)` are its placebo statistics. A draw without a statistic counts
    as one that exceeds it.

    References
    ----------
    Fisher (1935), The Design of Experiments; Rosenbaum (2002), Observational Studies; MacKinnon and Webb
    (2020), Journal of Econometrics 218.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> price = rng.normal(size=60) - 3.0 * (np.arange(60) >= 30)
    >>> def step(dates):
    ...     return (np.arange(60) >= dates[0]).astype(float)
    >>> def change(y, dates):
    ...     return y[dates[0]:].mean() - y[:dates[0]].mean()
    >>> redrawn = redraw_dates([30], window=(5, 54), draws=99)
    >>> test = randomisation_test(change, price, [30], redrawn, effect=step)
    >>> test.p_value <= 0.1, bool(test.ci_low < -3.0 < test.ci_high)
    (True, True)
    """
    real = np.asarray(dates, dtype=np.int64)
    estimate = float(statistic(outcome, real))
    if not np.isfinite(estimate):
        raise DataError("The statistic does not exist at the real dates.")
    placebos = np.array([statistic(outcome, each) for each in redrawn])
    found = np.isfinite(placebos)
    failures = int((~found).sum())
    if failures > _MOST_FAILURES * len(placebos):
        raise DataError(
            f"{failures} of {len(placebos)} redrawn dates leave nothing to compare; narrow their window."
        )
    p_value = p_values(estimate, np.where(found, placebos, np.inf), False)[0]
    low = high = np.nan
    if effect is not None:
        treatment = effect(real)
        own = float(statistic(treatment, real))
        slopes = np.array([statistic(treatment, each) for each in redrawn])

        def at(value: float) -> float:
            drawn = np.where(found, placebos - value * slopes, np.inf)
            return p_values(estimate - value * own, drawn, False)[0]

        low, high = invert_test(at, estimate / own, float(np.std(placebos[found])) / abs(own), 1 - level)
    return RandomisationTest(estimate, p_value, low, high, placebos[found], failures, level, scheme)


def randomise_adoption(
    frame: pd.DataFrame,
    *,
    unit: str = "unit",
    period: str = "period",
    outcome: str = "outcome",
    first_treated: str = "first_treated",
    cluster: str | None = "cluster",
    window: tuple[int, int] | None = None,
    scheme: Scheme = "uniform",
    min_spacing: int = 1,
    draws: int = 499,
    level: float = 0.95,
    seed: int = 0,
) -> RandomisationTest:
    """Randomisation inference on the mean effect of staggered adoption, by imputation.

    Every date of adoption is a release; units that adopted on it move with it when dates are redrawn.

    Parameters
    ----------
    frame, unit, period, outcome, first_treated, cluster
        As in :func:`undercut.inference.did.model.staggered_adoption`.
    window : tuple of int, optional
        First and last possible date, as numbers; default: from the second period to the last.
    scheme, min_spacing, draws, seed
        As in :func:`redraw_dates`.
    level : float

    Raises
    ------
    DataError, InputError
        As in :func:`undercut.inference.did.model.staggered_adoption` and :func:`randomisation_test`.

    Notes
    -----
    The sharp null is no effect on any unit at any time; the interval assumes one effect for all. It takes
    that release dates could as well have been others of the scheme, given the prices without releases:
    releases that answer price cuts break it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> names = ["unit", "period"]
    >>> rows = pd.MultiIndex.from_product([range(12), range(20)], names=names).to_frame(index=False)
    >>> rows["cluster"] = rows["unit"]
    >>> rows["first_treated"] = (rows["unit"] % 4).map({0: 6.0, 1: 10.0, 2: 14.0})
    >>> rows["outcome"] = 0.1 * rng.normal(size=240) - (rows["period"] >= rows["first_treated"])
    >>> randomise_adoption(rows, draws=49).p_value <= 0.05
    True
    """
    panel = adoption_panel(
        frame, unit=unit, period=period, outcome=outcome, first_treated=first_treated, cluster=cluster
    )
    rows = panel.rows
    real, redrawn = _redrawn_of(rows, window, scheme=scheme, min_spacing=min_spacing, draws=draws, seed=seed)
    place = {date: i for i, date in enumerate(real)}
    which = rows[FIRST].map(place).to_numpy(dtype=float)

    @cache
    def weights(dates: tuple[int, ...]) -> Floats | None:
        """Weights on all outcomes at these dates; None where nothing can be compared."""
        part = rows.assign(**{EVENT: rows[PERIOD].to_numpy() - _moved(which, np.array(dates))})
        part = part[part[PERIOD].isin(part.loc[~(part[EVENT] >= 0), PERIOD])]
        part = part[part[UNIT].isin(part.loc[~(part[EVENT] >= 0), UNIT])]
        every = np.zeros(len(rows))
        try:
            every[part.index] = mean_effect_weights(replace(panel, rows=part))
        except DataError:  # untreated rows do not tell all levels at these dates: counted as a failure
            return None
        return every

    def statistic(values: Floats, dates: Dates) -> float:
        own = weights(tuple(dates.tolist()))
        return np.nan if own is None else float(own @ values)

    def effect(dates: Dates) -> Floats:
        return (rows[PERIOD].to_numpy() >= _moved(which, dates)).astype(float)

    return randomisation_test(
        statistic, rows[OUTCOME].to_numpy(), real, redrawn, effect=effect, level=level, scheme=scheme
    )


def redrawn_dates(fit: AdoptionFit, *, draws: int = 300, seed: int = 0) -> PlaceboResult:
    """The overall effect at dates on which nothing happened.

    Dates of adoption are redrawn, all sets of periods equally likely; units that adopted together stay
    together. Unlike `randomise_adoption` this takes any estimator and keeps its window of lags.

    Parameters
    ----------
    fit : AdoptionFit
        From :func:`undercut.inference.did.model.staggered_adoption`.
    draws, seed : int

    Returns
    -------
    PlaceboResult

    Raises
    ------
    InputError
        The fit carries no panel, or too few draws.
    TooFewError
        More than half of the draws gave no estimate.
    """
    if fit.panel is None:
        raise InputError("Placebos need a fit made by staggered_adoption.")
    real, redrawn = _redrawn_of(fit.panel.rows, draws=draws, seed=seed)
    worlds = (dict(zip(real.tolist(), dates.tolist(), strict=True)) for dates in redrawn)

    def estimate(dates: dict[int, int]) -> float:
        assert fit.panel is not None
        moved = fit_one(fit.panel.moved(dates), fit.method, 1, fit.lags, fit.level)
        return float(moved.effect()["estimate"])

    return placebo_result("fake dates", float(fit.effect()["estimate"]), worlds, estimate, draws=draws)


def _redrawn_of(
    rows: pd.DataFrame, window: tuple[int, int] | None = None, **options: Any
) -> tuple[Dates, Dates]:
    """Dates of adoption of a panel, and others; default window: from the second period to the last."""
    real = np.sort(rows[FIRST].dropna().unique()).astype(np.int64)
    span = window or (int(rows[PERIOD].min()) + 1, int(rows[PERIOD].max()))
    return real, redraw_dates(real, window=span, **options)


def _moved(which: Floats, dates: Dates) -> Floats:
    """Each row's date of adoption, given which release it belongs to (missing: none)."""
    known = ~np.isnan(which)
    first = np.full(which.size, np.nan)
    first[known] = dates[which[known].astype(int)]
    return first


def _redrawn(
    distinct: Dates, first: int, last: int, scheme: str, min_spacing: int, rng: np.random.Generator
) -> Dates:
    """One set of dates, ascending but for shifts."""
    count, length = distinct.size, last - first + 1
    if scheme == "uniform":
        # Choosing without spacing among fewer places and adding it back makes all spaced sets equally likely.
        places = length - (count - 1) * (min_spacing - 1)
        return (
            np.sort(rng.choice(places, count, replace=False)) + first + np.arange(count) * (min_spacing - 1)
        )
    if scheme == "gaps":
        offsets = np.r_[0, np.cumsum(rng.permutation(np.diff(distinct)))]
        return first + rng.integers(length - offsets[-1]) + offsets
    return first + (distinct - first + rng.integers(length)) % length
