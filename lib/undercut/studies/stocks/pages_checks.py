"""What does the report on releases of open models say of doses, of time and of other choices?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from undercut import plots
from undercut.eventstudy.windows import label
from undercut.report.findings.sentences import number
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table
from undercut.studies.stocks import charts
from undercut.studies.stocks.checks import Battery, Checks, Trend
from undercut.studies.stocks.combinations import Combinations
from undercut.studies.stocks.doses import DOSES, Slopes
from undercut.studies.stocks.pages_releases import differ, means_of, source_of
from undercut.studies.stocks.release_response import Held, Responses
from undercut.studies.stocks.words import (
    count,
    count_of,
    intervals,
    key_of,
    move,
    p_text,
    percent,
    points,
    told,
)

_AXES = {
    "proximity": "capability less that of the best closed model, points",
    "halvings": "halvings below the cheapest equal closed model",
}


_UNITS = {"proximity": "a point nearer", "halvings": "a halving cheaper"}


#: Checks that are findings of their own: how their names begin.
_MAIN_CHECKS = ("no other", "without", "known", "by the rule", "the whole", "dated")


def slopes(found: Slopes) -> Iterator[Part]:
    """Did a stronger dose move a group more?"""
    rows, whole = found.rows, found.found
    for row in rows.to_dict("records"):
        yield move(
            f"slope.{row['dose']}.{key_of(row['group'])}",
            f"Change of the response of {row['group']} per unit of {row['dose']}", row, value="slope",
            unit="percentage points", n=row["n"], role="robustness",
            method=f"least squares across releases, HC3; a unit is one of {DOSES[row['dose']]}",
            note=f"permutation of doses p = {row['p_permutation']:.3f}, Romano-Wolf {row['p_rw']:.3f}; "
            f"smallest slope found with 80% probability {100 * row['detectable']:.1f}",
        )  # fmt: skip
    steep, group = int((rows["p_rw"] < 0.05).sum()), rows["group"].iloc[0]
    own = rows[rows["group"] == group]
    said = "; ".join(
        f"{told(own[own['dose'] == row.dose], 'dose', 'slope', chance='p_permutation')} over {row.n} "
        f"releases, where {percent(row.detectable)} would have been found"
        for row in own.itertuples(index=False)
    )
    yield Sentence(
        f"{differ(steep, len(rows), 'slopes')} at a family-wise 5% within each dose. For {group}, per unit "
        f"of dose: {said}."
    )
    columns = ["event", "date", "proximity", "halvings", "price", "rival", "rival_price", "price_note"]
    yield Figure(
        "response_by_dose",
        lambda: charts.response_by_dose(
            whole.each, whole.tested, _AXES, group=group, source=source_of(whole),
            finding=f"{steep or 'No'} {'slope' if steep == 1 else 'slopes'} of response on dose can be told "
            "from zero",
            measure=f"Abnormal return of {group} over days {whole.window} against the dose, 95% intervals; "
            "colours: country of the developer",
        ),
        f"Two scatters of responses against doses. {said}", whole.tested[columns],
    )  # fmt: skip
    yield _rows_figure(
        "slopes", rows.assign(section=rows["dose"].map(_UNITS)), rows, differ(steep, len(rows), "slopes"),
        "Change of the response per unit of dose, percentage points of return, 95% intervals; p: permutation "
        "of doses, one slope at a time",
        f"Slopes with intervals by dose and group: {points(rows, 'dose', 'group', value='slope')}", whole,
    )  # fmt: skip


def _rows_figure(
    name: str, shown: pd.DataFrame, data: pd.DataFrame, finding: str, measure: str, alt: str, found: Responses
) -> Figure:
    """Slopes in sections, each with its p-value."""
    noted = shown.assign(note=["p = " + p_text(p) for p in shown["p_permutation"]])
    return intervals(
        name, noted, data, alt,
        label="group", value="slope", section="section", note="note", source=source_of(found),
        finding=finding, measure=measure,
    )  # fmt: skip


def trend(found: Trend) -> Iterator[Part]:
    """Did responses shrink?"""
    made, impossible = found.rows[found.rows["why"] == ""], found.rows[found.rows["why"] != ""]
    if len(made):
        yield from _trend_made(found, made)
    clear = made[made["p_rw"] < 0.05]
    yield count(
        "trend.distinct", "Changes over time that can be told from zero", len(clear), "comparisons",
        n=len(made), method="permutation, Romano-Wolf at 5% within each comparison",
    )  # fmt: skip
    for row in impossible.itertuples(index=False):
        yield Sentence(f"Not testable, {row.measure}, {row.comparison}: {row.why}")


def _trend_made(found: Trend, made: pd.DataFrame) -> Iterator[Part]:
    first, clear = made["group"].iloc[0], made[made["p_rw"] < 0.05]
    for row in made[made["group"] == first].to_dict("records"):
        yield move(
            f"trend.{row['measure']}.{row['comparison'].replace(' ', '_')}.{key_of(first)}",
            f"Change of the {row['measure']}, {first}, {row['comparison']}", row, value="slope",
            unit="percentage points", n=row["n"], method="least squares across releases, HC3",
            note=f"permutation p = {row['p_permutation']:.3f}, Romano-Wolf {row['p_rw']:.3f}",
            role="robustness",
        )  # fmt: skip
    finding = differ(len(clear), len(made), "changes over time")
    what = clear.assign(what=clear["measure"] + " of " + clear["group"] + ", " + clear["comparison"] + ",")
    listed = told(what, "what", "slope", chance="p_permutation", least="")
    yield Sentence(f"{finding} at a family-wise 5% within each comparison{': ' * bool(listed)}{listed}.")
    shown = made.assign(section=made["measure"] + ", " + made["comparison"])
    yield _rows_figure(
        "change_over_time", shown, found.rows, finding,
        "Change of the response and of its size, percentage points of return: a year, and after January 2025 "
        "less before; 95% intervals; p: permutation, one at a time",
        f"Changes with intervals: {points(shown, 'section', 'group', value='slope')}", found.found,
    )  # fmt: skip


def held(found: Held) -> Iterator[Part]:
    """The weeks after."""
    days, rows = label(found.window), found.rows
    for row in rows.to_dict("records"):
        yield move(
            f"alpha.{key_of(row['group'])}",
            f"Abnormal return a day while held after releases, {row['group']}", row, value="alpha", scale=1e4,
            unit="basis points", n=row["days"], role="robustness",
            method=f"calendar-time portfolio, days {days}, market model, HC1",
            note=f"p = {row['p_value']:.3f}; smallest found with 80% probability "
            f"{1e4 * row['detectable']:.0f}",
        )  # fmt: skip
    scaled = rows.assign(**(1e4 * rows[["alpha", "ci_low", "ci_high", "detectable"]])).drop(columns="se")
    yield Table(
        scaled, "Held for a month after every release",
        f"Basis points a day beyond {found.benchmark}, calendar-time portfolio over days {days}; p-values "
        "one at a time",
        labels={
            "days": "days held", "alpha": "abnormal", "ci_low": "95% from", "ci_high": "to", "p_value": "p",
        },
        row_label="group",
    )  # fmt: skip


def checks(found: Checks) -> Iterator[Part]:
    """The same question under other choices."""
    rows, group = found.rows, means_of(found.found)["group"].iloc[0]
    one = rows[rows["group"] == group]
    shown = one.assign(note=[f"n = {r.n}, p = {p_text(r.p_permutation)}" for r in one.itertuples()])
    inside = int(((one["ci_low"] <= 0) & (one["ci_high"] >= 0)).sum())
    yield intervals(
        "other_choices", shown, rows, f"Intervals by choice: {points(one, 'check', value='caar')}",
        label="check", value="caar", note="note", source=source_of(found.found),
        finding=f"{inside} of {len(one)} choices leave zero inside the interval for {group}",
        measure=f"Mean abnormal return of {group}, percent, 95% intervals; days {found.found.window} "
        "unless the row says otherwise; p: permutation of dates",
    )  # fmt: skip
    wide = rows.pivot_table(index="check", columns="group", values="caar", sort=False).mul(100).reset_index()
    yield Table(
        wide, "Every group under every choice", "Mean abnormal return, percent", row_label="check",
        formats=dict.fromkeys(wide.columns[1:], "signed_percent"),
    )  # fmt: skip
    for row in one[one["check"].str.startswith(_MAIN_CHECKS)].to_dict("records"):
        key = row["check"].lower().replace(" ", "_").replace(",", "").replace(":", "")
        yield move(
            f"check.{key}", f"Mean abnormal return of {group}: {row['check']}", row, value="caar", n=row["n"],
            method=f"permutation p = {row['p_permutation']:.3f}", role="robustness",
        )  # fmt: skip
    yield from _checks_in_words(rows, one, group)


def _checks_in_words(rows: pd.DataFrame, one: pd.DataFrame, group: str) -> Iterator[Part]:
    for row in rows[rows["why"] != ""].drop_duplicates("check").itertuples(index=False):
        yield Sentence(f"{'Fewer releases' if row.n else 'Not possible'}, {row.check}: {row.why}.")
    pair = ["known by the rule only", "by the rule and in the list", "the whole list, weak models too"]
    named = one.set_index("check").reindex(pair).dropna(subset=["caar"]).reset_index()
    yield Sentence(
        f"Known and unknown releases, {group}: {told(named, 'check', 'caar', chance='p_permutation')}."
    )
    shaken = one[one["check"].str.startswith(("headline", "without"))]
    yield Sentence(
        "All releases, and without those tied to a market shock: "
        f"{told(shaken, 'check', 'caar', chance='p_permutation')}."
    )


def battery(found: Battery) -> Iterator[Part]:
    """Every test of the mean response."""
    tests: Any = found.rows.drop(columns="test")
    rejected = int((tests < 0.05).sum().sum())
    yield count(
        "tests.rejecting", "Tests by group with p below 5%, before any adjustment", rejected, "p-values",
        n=tests.notna().sum().sum(), method="the battery of event-study tests",
        note="a count: no interval; the tests are not independent",
    )  # fmt: skip
    yield Table(
        found.rows.assign(test=found.rows["test"].str.replace("_", " ")),
        f"{count_of(rejected)} of the battery's p-values {'is' if rejected == 1 else 'are'} below five "
        "percent",
        "P-values, each group over all releases; the permutation of dates is the headline, the others assume "
        "more", row_label="test",
    )  # fmt: skip


def combinations(found: Combinations) -> Iterator[Part]:
    """All choices combined: the range, and what moves it."""
    curve, counts, group = found.curve, found.curve.counts(), found.group
    estimates, most = curve.estimates["estimate"], str(curve.influence()["choice"].iloc[0])
    low, high = estimates.quantile([0.05, 0.95])
    yield Number(
        "specifications.median", f"Mean abnormal return of {group}: median over combinations of choices",
        float(counts["median"]), "%", ci=(low, high), level=0.9, n=int(counts["specifications"]),
        method=f"every combination of {', '.join(curve.choices)}; the range holds their middle 90%",
        note="a range over choices on the same events, no confidence interval", role="robustness",
    )  # fmt: skip
    clear = int(counts["interval_below"] + counts["interval_above"])
    title = (
        f"{clear} of {counts['specifications']:.0f} combinations tell the move of {group} from none: "
        f"{counts['interval_below']:.0f} a fall, {counts['interval_above']:.0f} a rise"
    )
    yield Figure(
        "combinations",
        lambda: plots.headline(
            curve.plot(), title, "Mean abnormal return, percent, 95% intervals, sorted; ringed: headline; "
            f"below: what was chosen; {found.data_kind} data",
        ),
        f"Sorted estimates under every combination of choices. {title}.", curve.table(),
    )  # fmt: skip
    sides = "on both sides of" if counts["below"] * counts["above"] else "all on one side of"
    yield Sentence(
        f"Over {counts['specifications']:.0f} combinations of window, estimation, benchmark and events the "
        f"middle 90% lie from {number(low, '%')} to {number(high, '%')}, {sides} zero; what moves it most is "
        f"the choice of {most}."
    )
