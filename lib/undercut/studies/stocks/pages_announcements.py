"""What does the report on regulation and adoption show and say?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from undercut.studies.presentation import Answer, Caveat, Figure, Part, Sentence, Table
from undercut.studies.stocks import interval_charts as charts
from undercut.studies.stocks.announced import (
    FOCUS,
    GAP,
    Announced,
    EachMove,
    NamedMoves,
    Omissions,
    PairMoves,
    Paths,
    Sizes,
    Variants,
)
from undercut.studies.stocks.announcements import company_named_by_none
from undercut.studies.stocks.names import head, when
from undercut.studies.stocks.names import named as plain
from undercut.studies.stocks.words import (
    count,
    count_of,
    intervals,
    key_of,
    move,
    moved,
    p_text,
    percent,
    points,
    sides,
    span,
    table,
    told,
)

#: The kind that the report leads with, named before looking.
LEADS = "export controls tightened"
_BENJAMINI = "Benjamini-Hochberg at 5%"


def _source(case: Announced) -> str:
    return f"Returns: {case.data.described}"


def _measure(case: Announced, what: str) -> str:
    return f"{what}, {when(case.window)}, against {plain(case.options['market'])}; 95% intervals"


def _method(case: Announced) -> str:
    return f"{case.options['model']} model on {case.options['market']}"


def _chances(rows: pd.DataFrame) -> pd.Series:
    return "p " + rows["p_permutation"].map(p_text) + ", q " + rows["q_value"].map(p_text)


def scope(case: Announced) -> Iterator[Part]:
    """Which companies, which days."""
    first, last = case.returns.index[0].date(), case.returns.index[-1].date()
    groups = "; ".join(
        f"{plain(name)}: {', '.join(map(plain, m))}" for name, m in case.members.items() if name != GAP
    )
    yield Sentence(
        f"{len(case.rows)} announcements from {first} to {last}; daily returns of {len(case.data.firms)} "
        f"companies from {case.data.described}. {groups}."
    )


def pairs(found: PairMoves) -> Iterator[Part]:
    """Every kind with every group, and how many of them moved."""
    case, rows = found.case, found.rows
    for row in rows.to_dict("records"):
        chances = f"permutation p = {p_text(row['p_permutation'])}, q = {p_text(row['q_value'])}"
        yield move(
            f"class.{key_of(row['kind'])}.{key_of(row['portfolio'])}",
            f"{head(row['portfolio'])}, {row['kind']}: mean abnormal return, {when(case.window)}", row,
            n=row["n_dates"], method=f"portfolio, {_method(case)}",
            role="headline" if (row["kind"], row["portfolio"]) == (LEADS, FOCUS[LEADS]) else "primary",
            note=f"{chances}; detectable {100 * row['detectable']:.1f}%",
        )  # fmt: skip
    clear = rows[rows["q_value"] < 0.05]
    yield count(
        "pairs.beyond_chance", "Pairs of class and group that moved beyond chance after correction",
        len(clear), "pairs", n=len(rows), method=f"{_BENJAMINI} on the permutation's p-values",
    )  # fmt: skip
    yield from _answer(rows, clear)
    yield Sentence(f"{found.studied} announcements have enough history before them to be studied.")
    drawn = rows.assign(part=rows["kind"] + " (" + rows["n_dates"].astype(str) + ")")
    yield intervals(
        "classes", drawn, drawn, f"Intervals by kind and group. {points(drawn, 'part', 'portfolio')}",
        label="portfolio", section="part",
        source=f"{_source(case)}; number of announcements in brackets",
        finding=f"{count_of(len(clear))} of {len(rows)} pairs of announcement and group moved beyond chance"
        + sides(clear["car"]),
        measure=f"{_measure(case, 'Mean abnormal return')}; {case.data.kind} data",
    )  # fmt: skip
    columns = ["kind", "portfolio", "n_dates", "car", "ci_low", "ci_high", "detectable", "p_permutation"]
    yield table(
        rows, [*columns, "q_value", "p_adjusted"], "Every kind, every group",
        f"Mean abnormal return, {when(case.window)}, percent; detectable: smallest mean found four "
        "times in five; p by permutation of dates, q by Benjamini-Hochberg, last by Romano-Wolf",
        labels={"car": "mean"},
    )  # fmt: skip
    yield from _gap_and_doubts(rows)


def _around(row: pd.Series) -> str:
    return f"{plain(row['portfolio'])} around {row['kind']}"


def _answer(rows: pd.DataFrame, clear: pd.DataFrame) -> Iterator[Part]:
    lead = rows[rows["kind"].eq(LEADS) & rows["portfolio"].eq(FOCUS[LEADS])]
    names = "; ".join(_around(row) for _, row in clear.iterrows())
    if len(lead):
        row = lead.iloc[0]
        yield Answer(
            f"Around {row['n_dates']} tightenings of export controls chip makers' shares {moved(row)}."
        )
    else:
        yield Answer(
            "No tightening of export controls lies within these returns: chip makers' move is unknown."
        )
    least, most = (percent(end) for end in (rows["detectable"].min(), rows["detectable"].max()))
    yield Sentence(
        f"Of {len(rows)} pairs of a kind of announcement and a group {len(clear) or 'none'} moved beyond "
        f"chance, corrected for their number{f' ({names})' if names else ''}. Mean moves below {least} to "
        f"{most}, by pair, could have gone unseen."
    )


def _gap_and_doubts(rows: pd.DataFrame) -> Iterator[Part]:
    spread = told(rows[rows["portfolio"] == GAP], "kind", chance="p_permutation")
    yield Sentence(f"Buyers against sellers of models: {spread}.")
    apart = rows[(rows["p_portfolio"] < 0.05) & (rows["p_permutation"] >= 0.05)]
    names = "; ".join(_around(row) for _, row in apart.iterrows())
    yield Sentence(
        f"Pairs whose interval excludes zero while the permutation does not reject at 5%: {names or 'none'}. "
        "The two ask different things: the interval measures the mean against the portfolio's usual noise, "
        "the permutation asks whether the dates agree with each other more than other dates do. The "
        "permutation leads."
    )


def each(found: EachMove) -> Iterator[Part]:
    """Every announcement with the group named for its kind."""
    case, rows = found.case, found.rows
    beyond, usual = rows[rows["q_value"] < 0.05], rows[rows["p_permutation"] >= 0.05]
    drawn = rows.assign(
        said="p " + rows["p_permutation"].map(p_text), part=rows["kind"] + ": " + rows["firm"].map(plain)
    )
    yield intervals(
        "announcements", drawn, rows, f"One interval an announcement. {points(rows, 'label')}",
        label="label", section="part", note="said", square="mixed", source=_source(case),
        finding=f"{count_of(len(beyond))} of {len(rows)} announcements moved its group beyond chance "
        "after correction",
        measure=f"{_measure(case, 'Abnormal return of the group')}; p: permutation of dates; squares: "
        f"another event inside the window; {case.data.kind} data",
    )  # fmt: skip
    yield count(
        "announcements.beyond_chance",
        "Announcements that moved their group beyond chance after correction", len(beyond), "announcements",
        n=len(rows), method=_BENJAMINI,
    )  # fmt: skip
    listed = told(beyond, "label", least="")
    yield Sentence(
        f"{len(usual)} of {len(rows)} announcements cannot be told from other days even before correction (p "
        f"of at least 5%); {len(rows) - len(usual)} stand out before it, {len(beyond)} after "
        f"it{': ' * bool(listed)}{listed}. By chance alone {0.05 * len(rows):.1f} would have stood out "
        "before correction."
    )
    shown = rows.assign(
        moved=[span(row) for row in rows.to_dict("records")],
        beside=(rows["beside"] + "; " + rows["calendar"]).str.strip("; ").replace("", "none known"),
        confidence=rows["confidence"].str.replace("_", " "),
    )
    yield table(
        shown, ["label", "moved", "detectable", "q_value", "confidence", "beside"],
        "Announcements and what else happened",
        "Abnormal return of the group named for the kind with its 95% interval, "
        f"{when(case.window)}; event: how far it was checked",
        labels={
            "label": "announcement", "moved": "abnormal (95%)", "confidence": "event",
            "beside": "other events inside",
        },
    )  # fmt: skip


def sizes(found: Sizes) -> Iterator[Part]:
    """Whether such days move prices at all, whichever way."""
    rows = found.rows
    if rows.empty:
        return
    large = rows[rows["q_value"] < 0.05]
    yield count(
        "sizes.beyond_chance",
        "Pairs of class and group whose moves were larger than on days nearby, after correction", len(large),
        "pairs", n=len(rows), method=f"permutation of dates within 60 sessions, {_BENJAMINI}",
    )  # fmt: skip
    names = "; ".join(f"{_around(row)} ({row['ratio']:.1f} times)" for _, row in large.iterrows())
    yield Sentence(
        f"Pairs whose moves were larger than on days nearby, after correction: {names or 'none'}; before it, "
        f"{int((rows['p_value'] < 0.05).sum())} of {len(rows)}, where chance gives {0.05 * len(rows):.1f}."
    )
    yield table(
        rows, ["kind", "portfolio", "n", "ratio", "low", "high", "p_value", "q_value"],
        "The size of moves, whichever way",
        f"Mean absolute standardised abnormal return, {when(found.case.window)}, over its mean on days "
        "nearby; range: where 95% of placebo dates lie",
        labels={"n": "dates", "low": "range from", "high": "to", "p_value": "p, larger"},
    )  # fmt: skip


def named(found: NamedMoves) -> Iterator[Part]:
    """The companies that are named."""
    case, rows = found.case, found.rows
    sure = rows[rows["q_value"] < 0.05]
    drawn = rows.assign(said=_chances(rows))
    yield intervals(
        "named", drawn, rows, f"One interval a company and announcement. {points(rows, 'firm', 'label')}",
        label="label", section="firm", note="said", square="mixed", source=_source(case),
        finding=f"Named companies: {len(sure) or 'none'} of {len(rows)} moves beyond chance after "
        "correction",
        measure=f"{_measure(case, 'Abnormal return')}; p: permutation of dates, q: corrected for "
        f"{len(rows)}; squares: another event inside; {case.data.kind} data",
    )  # fmt: skip
    for row in rows.to_dict("records"):
        chances = f"permutation p = {p_text(row['p_permutation'])}, q = {p_text(row['q_value'])}"
        yield move(
            f"named.{key_of(row['event'])}.{key_of(row['firm'])}",
            f"{plain(row['firm'])}, {row['date'].date()} {row['title']}", row, n=1, role="descriptive",
            method=f"{_method(case)}, {when(case.window)}",
            note=f"{chances}; detectable {100 * row['detectable']:.1f}%; beside it: "
            f"{row['beside'] or 'nothing known'}",
        )  # fmt: skip
    listed = told(sure.assign(who=sure["firm"].map(plain) + ", " + sure["label"]), "who")
    never = ", ".join(map(plain, company_named_by_none(case.events)))
    yield Sentence(
        f"Moves of named companies beyond chance after correction: {listed}. Named, but not among the "
        "returns: "
        f"{', '.join(map(plain, case.not_held)) or 'none'}. Looked for and named by no announcement: "
        f"{never or 'none'}."
    )


def variants(found: Variants) -> Iterator[Part]:
    """The same question, asked otherwise."""
    rows = found.rows
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


def paths(found: Paths) -> Iterator[Part]:
    """Mean paths around the announcements."""
    rows, case = found.rows, found.case
    ends = rows[rows["day"] == rows["day"].max()]
    outside = int(((ends["ci_low"] > 0) | (ends["ci_high"] < 0)).sum())
    yield Figure(
        "paths",
        lambda: charts.paths(
            rows, columns=2, source=_source(case),
            finding=f"Ten days on {count_of(outside).lower()} of {len(ends)} mean moves can be told from "
            "none, before any correction",
            measure=f"Mean abnormal return added up from five sessions before, against "
            f"{plain(case.options['market'])}, 95% bands; {case.data.kind} data",
        ),
        f"Small charts of cumulative mean abnormal returns. At their ends: "
        f"{points(ends, 'group', value='caar')}",
        rows,
    )  # fmt: skip


def omissions(found: Omissions) -> Iterator[Part]:
    """What was left out, and what a reader must be warned of."""
    notes = found.rows["note"] if len(found.rows) else pd.Series([], dtype="str")
    yield from map(Caveat, notes[notes.str.contains("left out", regex=False)])
    crowded = int(notes.str.contains("shares days", regex=False).sum())
    if crowded:
        yield Caveat(f"{crowded} announcements share days of their windows with another one.")
    yield Caveat("Survivors only: companies that still trade.")
