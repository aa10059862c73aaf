"""Does the answer on announcements hang on a choice, and do such days move prices at all, whichever way?

Announcements of one kind may be good news once and bad news the next time; their mean then says nothing. The
size of the moves, and the path day by day, say more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import DataError, InputError
from undercut.eventstudy.battery import pools
from undercut.eventstudy.groups import group_tests
from undercut.eventstudy.model import event_study
from undercut.eventstudy.permutation import FEWEST_DAYS
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.rolling import rolling_scar
from undercut.eventstudy.windows import Window, label
from undercut.inference.arrays import Floats, Integers
from undercut.inference.multiple_testing import benjamini_hochberg
from undercut.sources.events import MACRO
from undercut.studies.framed import Shown
from undercut.studies.presentation import Caveat, Figure, Part, Sentence, Table
from undercut.studies.stocks import charts
from undercut.studies.stocks.announced import BENJAMINI, FOCUS, Announced, around, split_pairs
from undercut.studies.stocks.announcements import by_kind
from undercut.studies.stocks.charts import InPercent
from undercut.studies.stocks.words import SURVIVORS, count, count_of, named, points, span, table, when


def variants(
    case: Announced,
    *,
    market: str,
    windows: Sequence[Window] = ((0, 0), (-1, 1), (0, 5)),
    draws: int = 9_999,
) -> Shown:
    """The same means with and without other news, unread sources, other windows, another benchmark.

    As `GroupTests`, with ``cut``.
    """
    kinds, rows = case.rows["group"], case.rows
    cuts = {
        "all": kinds,
        "nothing else inside": kinds.where(rows["beside"].eq(""), ""),
        "no central bank, prices or jobs day": kinds.where(~rows["calendar"].str.contains(MACRO), ""),
        "no earnings inside": kinds.where(~rows["calendar"].str.contains("earnings"), ""),
        "nothing else and nothing scheduled": kinds.where(
            rows["beside"].eq("") & rows["calendar"].eq(""), ""
        ),
        "source read": kinds.where(rows["confidence"].eq("source_read"), ""),
    }
    tries: list[tuple[str, pd.Series, dict[str, Any]]] = [(name, part, {}) for name, part in cuts.items()]
    tries += [(f"days {label(window)}", kinds, {"window": window}) for window in windows]
    tries += [(f"against {market}", kinds, {"market": market})]
    parts = []
    for name, part, changes in tries:
        options = {"window": case.window, **case.options, **changes}
        study = event_study(case.returns, case.focused(part), **options)
        parts.append(group_tests(study, draws=draws).rows.assign(cut=name))
    return InPercent(pd.concat(parts, ignore_index=True), _variants)


def _variants(rows: pd.DataFrame) -> Iterator[Part]:
    """The same question, asked otherwise."""
    said = [f"{span(row, chance='p_permutation')}, {row['n_dates']} dates" for row in rows.to_dict("records")]
    wide = rows.assign(said=said).pivot_table(
        index="cut", columns="group", values="said", aggfunc="first", sort=False
    )
    wide = wide[[name for name in FOCUS if name in wide.columns]].reset_index()
    yield Table(
        wide, "The same question, asked otherwise",
        "Mean abnormal return with its 95% interval, permutation p, number of dates",
        labels={"cut": ""}, row_label="cut",
    )  # fmt: skip
    agree = "; ".join(
        f"{kind}: {int((part['p_permutation'] < 0.05).sum())} and {int((part['car'] > 0).sum())} of "
        f"{len(part)}"
        for kind, part in rows.groupby("group", sort=False)
    )
    yield Sentence(
        "How often the permutation rejects at 5% over these variants, and how often the mean is above zero: "
        f"{agree}."
    )


def mean_paths(case: Announced) -> Shown:
    """From five sessions before an announcement to ten after it; estimation with all days.

    Cumulative mean abnormal return of the named groups by day: as `EventStudy.caar`, with ``kind``.
    """
    events = case.focused(case.rows["group"])
    study = event_study(case.returns, events, window=(-5, 10), skip_events=False, **case.options)
    path = study.caar()
    path = by_kind(path[path["group"] != "all"].assign(kind=lambda frame: frame["group"]), "kind", "day")
    rows = path.assign(group=path["kind"] + ": " + path["kind"].map(FOCUS))
    return InPercent(rows, partial(_mean_paths, case=case), value="caar")


def _mean_paths(rows: pd.DataFrame, case: Announced) -> Iterator[Part]:
    """Mean paths around the announcements."""
    ends = rows[rows["day"] == rows["day"].max()]
    outside = int(((ends["ci_low"] > 0) | (ends["ci_high"] < 0)).sum())
    yield Figure(
        "paths",
        lambda: charts.paths(
            rows, columns=2, source=case.source,
            finding=f"Ten days on {count_of(outside).lower()} of {len(ends)} mean moves can be told from "
            "none, before any correction",
            measure=f"Mean abnormal return added up from five sessions before, against "
            f"{named(case.options['market'])}, 95% bands; {case.data.kind} data",
        ),
        f"Small charts of cumulative mean abnormal returns. At their ends: "
        f"{points(ends, 'group', value='caar')}",
        rows,
    )  # fmt: skip


def omissions(study: EventStudy) -> list[Part]:
    """What the event study left out, and what a reader must be warned of."""
    gone = [note for note in study.warnings if "left out" in note]
    crowded = sum("shares days" in note for note in study.warnings)
    shared = f"{crowded} announcements share days of their windows with another one."
    return [Caveat(text) for text in (*gone, *[shared] * bool(crowded), SURVIVORS)]


def sizes(case: Announced, study: EventStudy, *, draws: int = 9_999) -> Shown | list[Part]:
    """Do such days move prices at all? From an event study of `Announced.pairs`: as `unsigned_moves`.

    Nothing where the model of normal returns is not fitted by least squares.
    """
    if not study.setup.model.is_linear:
        return []
    rows = split_pairs(unsigned_moves(study, draws=draws))
    return InPercent(rows, partial(_sizes_shown, window=case.window), value="ratio")


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
