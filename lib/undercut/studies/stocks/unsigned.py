"""Do prices move more on the days of some announcements, in whichever direction?

Announcements of one kind may be good news once and bad news the next time; their mean then says nothing. This
asks about the size of the moves alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import DataError, InputError
from undercut.eventstudy.battery import pools
from undercut.eventstudy.permutation import FEWEST_DAYS
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.rolling import rolling_scar
from undercut.eventstudy.windows import Window
from undercut.inference.arrays import Floats, Integers
from undercut.inference.multiple_testing import benjamini_hochberg
from undercut.studies.framed import Shown
from undercut.studies.presentation import Part, Sentence
from undercut.studies.stocks.announced import BENJAMINI, Announced, around, split_pairs
from undercut.studies.stocks.words import count, table, when


def sizes(case: Announced, study: EventStudy, *, draws: int = 9_999) -> Shown | list[Part]:
    """Do such days move prices at all? From an event study of `Announced.pairs`: as `unsigned_moves`.

    Nothing where the model of normal returns is not fitted by least squares.
    """
    if not study.setup.model.is_linear:
        return []
    rows = split_pairs(unsigned_moves(study, draws=draws))
    return Shown(rows, partial(_sizes_shown, window=case.window), value="ratio")


def _sizes_shown(rows: pd.DataFrame, window: Window) -> Iterator[Part]:
    """Whether such days move prices at all, whichever way."""
    large = rows[rows["q_value"] < 0.05]
    yield count(
        "sizes.beyond_chance",
        "Pairs of class and group whose moves were larger than on days nearby, after correction", len(large),
        "pairs", n=len(rows), method=f"permutation of dates within 60 sessions, {BENJAMINI}",
    )  # fmt: skip
    pairs = zip(around(large), large["ratio"], strict=True)
    names = "; ".join(f"{pair} ({ratio:.1f} times)" for pair, ratio in pairs)
    yield Sentence(
        f"Pairs whose moves were larger than on days nearby, after correction: {names or 'none'}; before it, "
        f"{int((rows['p_value'] < 0.05).sum())} of {len(rows)}, where chance gives {0.05 * len(rows):.1f}."
    )
    yield table(
        rows, ["kind", "portfolio", "n", "ratio", "low", "high", "p_value", "q_value"],
        "The size of moves, whichever way",
        f"Mean absolute standardised abnormal return, {when(window)}, over its mean on days "
        "nearby; range: where 95% of placebo dates lie",
        labels={"n": "dates", "low": "range from", "high": "to", "p_value": "p, larger"},
    )  # fmt: skip


def unsigned_moves(
    study: EventStudy, *, within: int = 60, draws: int = 9_999, seed: int = 0, level: float = 0.95
) -> pd.DataFrame:
    r"""Mean size of the standardised moves of each group, against days nearby.

    Parameters
    ----------
    study : EventStudy
        Of a model fitted by least squares; rows in named groups.
    within : int
        An event is compared with days at most so many sessions away, so that a turbulent time is compared
        with itself.
    draws, seed : int
        Of the permutation.
    level : float
        Of the range of placebo dates.

    Returns
    -------
    pandas.DataFrame
        Columns group, n, ratio (mean absolute standardised abnormal return over its mean on placebo dates),
        low, high (range of that ratio on placebo dates), p_value (one-sided: larger), q_value
        (Benjamini-Hochberg), placebo_days (fewest of any event).

    Raises
    ------
    InputError
        If the study's model is not fitted by least squares.
    DataError
        If no group is named, or an event has too few placebo days.

    Notes
    -----
    Placebo days are no part of the event window of any event of the study. All rows of one date move
    together. The p-value is :math:`(1 + \#\{u^* \ge u\}) / (1 + B)`. An interval around the ratio would need
    the distribution under an effect; the range of the ratio without one is given instead.
    """
    setup, rows = study.setup, study.abnormal.rows
    if not setup.model.is_linear:
        raise InputError(f"Sizes are compared for models fitted by least squares, not {setup.model.name!r}.")
    groups = [pool for pool in pools(study.abnormal) if pool.group != "all"]
    if not groups:
        raise DataError("No group is named: give the events a column group.")
    sizes = _sizes(study)
    dates = np.unique(rows.day)
    placebo = [_nearby(sizes[np.unique(rows.unit[rows.day == d])], d, dates, study, within) for d in dates]
    rng = np.random.default_rng(seed)
    drawn = np.column_stack([rng.choice(days, size=draws) for days in placebo])
    found = []
    for pool in groups:
        own = pool.abnormal.rows
        observed = sizes[own.unit, own.day].mean()
        null = sizes[own.unit, drawn[:, np.searchsorted(dates, own.day)]].mean(axis=1)
        low, high = np.quantile(null, [(1 - level) / 2, (1 + level) / 2]) / null.mean()
        p_value = (1 + int((null >= observed * (1 - 1e-12)).sum())) / (1 + draws)
        found.append((pool.group, len(own), observed / null.mean(), low, high, p_value))
    table = pd.DataFrame(found, columns=["group", "n", "ratio", "low", "high", "p_value"])
    table["q_value"] = benjamini_hochberg(table["p_value"])
    return table.assign(placebo_days=min(len(days) for days in placebo))


def _sizes(study: EventStudy) -> Floats:
    """Absolute standardised abnormal return of every unit with every day as the event."""
    setup, abnormal = study.setup, study.abnormal
    returns = setup.panel.returns
    usable: NDArray[np.bool_] = np.isfinite(returns)
    if setup.skip_events:
        days = abnormal.rows.day[:, None] + setup.windows.offsets
        units = np.broadcast_to(abnormal.rows.unit[:, None], days.shape)
        inside = (days >= 0) & (days < len(setup.panel.days))
        usable[units[inside], days[inside]] = False
    scars = rolling_scar(returns, setup.design, usable, setup.windows, setup.windows.event)
    own = abnormal.car() / np.sqrt(abnormal.car_variance())
    scars[abnormal.rows.unit, abnormal.rows.day] = own
    return np.abs(scars)


def _nearby(sizes: Floats, date: int, dates: Integers, study: EventStudy, within: int) -> Integers:
    """Days close to ``date``, away from all events, on which the units of that date have a move."""
    known = np.flatnonzero(np.isfinite(sizes).all(axis=0))
    apart = np.abs(known[:, None] - dates[None, :]).min(axis=1) >= study.setup.windows.n_event
    days = known[apart & (np.abs(known - date) <= within)]
    if len(days) < FEWEST_DAYS:
        day = pd.Timestamp(study.setup.panel.days[date]).date()
        raise DataError(
            f"Only {len(days)} placebo days within {within} sessions of {day}; {FEWEST_DAYS} are needed. "
            "Raise within, or give a longer history of returns."
        )
    return days
