"""Was the day of the event unlike other days? Permutation of event dates, the headline test.

Nothing is assumed about how firms move together: the same firms are looked at on days without an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from undercut.errors import DataError, TooFewError
from undercut.eventstudy.abnormal import AbnormalReturns, Setup
from undercut.eventstudy.battery import pools
from undercut.eventstudy.rolling import rolling_scars
from undercut.eventstudy.sample import Pool, TestResult
from undercut.eventstudy.windows import Window, event_days, label
from undercut.inference.arrays import Floats

#: Rows below which a spread across rows is too uncertain, and the mean itself is permuted.
FEWEST_FOR_SPREAD = 5
#: Placebo days without which no p-value of 5% could be reached.
FEWEST_DAYS = 19
_DRAWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Permutation:
    """Result of permuting event dates.

    Attributes
    ----------
    results : tuple of TestResult
        One for each group and window.
    null : numpy.ndarray
        Statistics on placebo dates, shape (n_draws, n_results); the draws are shared, so that the results
        may be adjusted for their number (`undercut.inference.multiple_testing.romano_wolf`).
    n_placebo_days : int
        Days that could be drawn, the fewest of all event dates.
    """

    results: tuple[TestResult, ...]
    null: Floats
    n_placebo_days: int


def permute_dates(
    setup: Setup,
    abnormal: AbnormalReturns,
    *,
    windows: list[Window] | None = None,
    groups: list[Pool] | None = None,
    draws: int = 9_999,
    seed: int = 0,
    min_share: float = 0.8,
    max_refits: int = 200,
) -> Permutation:
    r"""Compare events with the same firms on days that are no event.

    Every event date is replaced by a random trading day; the rows of one date move together, which keeps the
    correlation between firms. A single date is compared with every eligible day.

    Parameters
    ----------
    setup, abnormal
        The event study.
    windows : list of tuple of int, optional
        Days that are summed; default, the event window.
    groups : list of Pool, optional
        Default: all rows, and each named group.
    draws : int
        Permutations, when there is more than one date.
    seed : int
        Of the draws.
    min_share : float
        A day is eligible if at least this share of the rows has an abnormal return there, and if no event of
        the study falls into its event window.
    max_refits : int
        Placebo days for models that must be refitted on each (donors, thin trading). The others use running
        sums; for garch these are the market model's, whose mean it shares.

    Notes
    -----
    The statistic is the t-ratio across rows of the standardised abnormal returns, so that a day on which
    everything merely varies more is not taken for an effect; with fewer than five rows, their mean. The
    p-value is :math:`(1 + \#\{|t^*| \ge |t|\}) / (1 + B)`, exact for exchangeable dates.

    Raises
    ------
    TooFewError
        If fewer than `FEWEST_DAYS` days are eligible.
    """
    chosen = [setup.windows.event] if windows is None else windows
    pooled = pools(abnormal) if groups is None else groups
    dates = np.unique(abnormal.rows.day)
    scars = _scars(setup, abnormal, chosen, max_refits, seed)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(scars).all(axis=0))
    eligible = [_eligible(known, abnormal, date, dates, setup, min_share) for date in dates]
    fewest = min(len(days) for days in eligible)
    if fewest < FEWEST_DAYS:
        raise TooFewError(
            f"Only {fewest} days can serve as placebo dates; a permutation test needs {FEWEST_DAYS}. "
            "Give a longer history of returns."
        )
    drawn = _draw(eligible, draws, np.random.default_rng(seed))
    found = [
        _one_group(scar, pool, dates, drawn, window)
        for scar, window in zip(scars, chosen, strict=True)
        for pool in pooled
    ]
    results = tuple(result for result, _ in found)
    return Permutation(results, np.column_stack([null for _, null in found]), fewest)


def _scars(
    setup: Setup, abnormal: AbnormalReturns, summed: Sequence[Window], max_refits: int, seed: int
) -> Floats:
    """Standardised abnormal return of each unit with each day as the event, (n_windows, n_units, n_days)."""
    if setup.apart:
        return _scars_apart(setup, abnormal, summed, max_refits, seed)
    returns, design = setup.panel.returns, setup.design
    by_sums = setup.model.is_linear or setup.model.name in ("market-adjusted", "garch")
    if not by_sums:
        return _refitted(setup, abnormal, summed, max_refits, seed)
    if setup.model.name == "market-adjusted":
        returns, design = returns - design[:, 0], np.empty((returns.shape[1], 0))
    usable = ~event_days(abnormal.rows, setup.windows.event, returns.shape)
    usable |= not setup.skip_events
    units = np.unique(abnormal.rows.unit)
    scars = rolling_scars(returns, design, usable, setup.windows, summed, units)
    if setup.model.name != "garch":  # whose mean is the market model's; a variance fit a day would add little
        scars[:, abnormal.rows.unit, abnormal.rows.day] = _scar(abnormal, summed)
    return scars


def _scars_apart(
    setup: Setup, abnormal: AbnormalReturns, summed: Sequence[Window], max_refits: int, seed: int
) -> Floats:
    """As `_scars`, each firm on its own days and against its own benchmark."""
    scars, rows = np.full((len(summed), *setup.panel.returns.shape), np.nan), abnormal.rows
    for unit in np.unique(rows.unit):
        own, days = setup.of_unit(int(unit))
        mine = abnormal.take(np.flatnonzero(rows.unit == unit))
        placed = replace(mine.rows, unit=0 * mine.rows.unit, day=np.searchsorted(days, mine.rows.day))
        scars[:, unit, days] = _scars(own, replace(mine, rows=placed), summed, max_refits, seed)[:, 0]
    return scars


def _scar(abnormal: AbnormalReturns, summed: Sequence[Window]) -> Floats:
    """Standardised abnormal return of each row, shape (n_windows, n_rows)."""
    return np.array([abnormal.car(days) / np.sqrt(abnormal.car_variance(days)) for days in summed])


def _refitted(
    setup: Setup, abnormal: AbnormalReturns, summed: Sequence[Window], max_refits: int, seed: int
) -> Floats:
    """As `_scars`, by fitting the model anew on a random choice of days."""
    n_days = setup.panel.returns.shape[1]
    scars = np.full((len(summed), *setup.panel.returns.shape), np.nan)
    first = max(0, -setup.windows.estimation[0])
    days = np.arange(first, n_days - max(0, setup.windows.event[1]))
    if len(days) > max_refits:
        days = np.sort(np.random.default_rng(seed).choice(days, max_refits, replace=False))
    firms = abnormal.take(np.unique(abnormal.rows.unit, return_index=True)[1]).rows
    for day in days:
        try:
            found = setup.fit_on(firms, int(day))
        except DataError:
            continue  # too few firms or donors on that day: it is not eligible
        scars[:, found.rows.unit, day] = _scar(found, summed)
    scars[:, abnormal.rows.unit, abnormal.rows.day] = _scar(abnormal, summed)
    return scars


def _eligible(
    known: NDArray[np.bool_],
    abnormal: AbnormalReturns,
    date: int,
    dates: NDArray[np.int64],
    setup: Setup,
    min_share: float,
) -> NDArray[np.int64]:
    units = np.unique(abnormal.rows.unit[abnormal.rows.day == date])
    share = known[units].mean(axis=0)
    days = np.flatnonzero(share >= min_share)
    distance = np.abs(days[:, None] - dates[None, :]).min(axis=1)
    return days[distance >= setup.windows.n_event]


def _draw(eligible: list[NDArray[np.int64]], draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Placebo day of each draw and event date, shape (n_draws, n_dates); every day once for a single date."""
    if len(eligible) == 1:
        return eligible[0][:, None]
    return np.column_stack([rng.choice(days, size=draws) for days in eligible])


def _one_group(
    scars: Floats, pool: Pool, dates: NDArray[np.int64], drawn: NDArray[np.int64], window: Window
) -> tuple[TestResult, Floats]:
    rows = pool.abnormal.rows
    present = np.flatnonzero(np.isin(dates, rows.day))
    curves = [_curve(scars[rows.unit[rows.day == dates[i]]]) for i in present]
    n_rows = int(sum(curve[0, dates[i]] for curve, i in zip(curves, present, strict=True)))
    spread = n_rows >= FEWEST_FOR_SPREAD
    observed = _statistic(curves, dates[None, present], spread=spread)[0]
    null = np.concatenate(
        [
            _statistic(curves, drawn[first : first + _DRAWS_AT_ONCE, present], spread=spread)
            for first in range(0, len(drawn), _DRAWS_AT_ONCE)
        ]
    )
    exceeding = int((np.abs(null) >= abs(observed) * (1 - 1e-12)).sum())
    p_value = (1 + exceeding) / (1 + int(np.isfinite(null).sum())) if np.isfinite(observed) else np.nan
    return TestResult("permutation", float(observed), p_value, n_rows, label(window), pool.group), null


def _curve(scars: Floats) -> Floats:
    """Count, sum and sum of squares over rows, with every day as the event, shape (3, n_days)."""
    known = np.isfinite(scars)
    values = np.where(known, scars, 0.0)
    return np.array([known.sum(axis=0), values.sum(axis=0), (values**2).sum(axis=0)])


def _statistic(curves: list[Floats], days: NDArray[np.int64], *, spread: bool) -> Floats:
    """Statistic of each draw, ``days`` of shape (n_draws, n_dates)."""
    count, total, squares = np.sum([curve[:, days[:, i]] for i, curve in enumerate(curves)], axis=0)
    mean = total / np.maximum(count, 1.0)
    if not spread:
        return np.asarray(np.where(count > 0, mean, np.nan))
    variance = (squares - count * mean**2) / np.maximum(count - 1.0, 1.0)
    return np.asarray(np.where(count > 1, mean / np.sqrt(variance / np.maximum(count, 1.0)), np.nan))
