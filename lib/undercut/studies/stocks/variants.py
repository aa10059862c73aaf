"""Do the means of announcements hang on other choices, and how did they come about, day by day?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pandas as pd

from undercut.eventstudy.groups import group_tests
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, label
from undercut.sources.events import MACRO
from undercut.studies.framed import Shown
from undercut.studies.presentation import Caveat, Figure, Part, Sentence, Table
from undercut.studies.stocks import charts
from undercut.studies.stocks.announced import FOCUS, Announced
from undercut.studies.stocks.announcements import by_kind
from undercut.studies.stocks.words import SURVIVORS, count_of, named, points, span


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
    return Shown(pd.concat(parts, ignore_index=True), _variants)


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
    return Shown(rows, partial(_mean_paths, case=case), value="caar")


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
