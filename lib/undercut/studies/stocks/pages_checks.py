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
from undercut.studies.stocks.names import named, when
from undercut.studies.stocks.pages_releases import differ, means_of, source_of
from undercut.studies.stocks.release_response import Held, Responses
from undercut.studies.stocks.shock import NAME, Choices
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

_NO_SAMPLE = "a share of choices, not a sample: no interval"

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
            f"Change of the response of {named(row['group'])} per unit of {row['dose']}", row, value="slope",
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
        f"{differ(steep, len(rows), 'slopes')} within each dose, with a 5% chance of any false "
        f"find. For {named(group)}, per unit of dose: {said}."
    )
    columns = ["event", "date", "proximity", "halvings", "price", "rival", "rival_price", "price_note"]
    yield Figure(
        "response_by_dose",
        lambda: charts.response_by_dose(
            whole.each, whole.tested, _AXES, group=group, source=source_of(whole),
            finding="Whether nearer or cheaper models moved shares more: "
            f"{steep or 'none'} of {len(rows)} slopes can be told from zero",
            measure=f"Abnormal return of {named(group)}, {when(whole.window)}, 95% intervals; blue: US, "
            "orange: Chinese, green: other developers",
        ),
        f"Two scatters of responses against doses. {said}", whole.tested[columns],
    )  # fmt: skip
    yield _rows_figure(
        "slopes", rows.assign(section=rows["dose"].map(_UNITS)), rows, differ(steep, len(rows), "slopes"),
        "Change of the response for one more unit, percentage points of return; 95% intervals",
        f"Slopes with intervals by dose and group: {points(rows, 'dose', 'group', value='slope')}", whole,
    )  # fmt: skip


def _rows_figure(
    name: str, shown: pd.DataFrame, data: pd.DataFrame, finding: str, measure: str, alt: str, found: Responses
) -> Figure:
    """Slopes in sections."""
    return intervals(
        name, shown, data, alt, label="group", value="slope", section="section", source=source_of(found),
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
            f"Change of the {row['measure']}, {named(first)}, {row['comparison']}", row, value="slope",
            unit="percentage points", n=row["n"], method="least squares across releases, HC3",
            note=f"permutation p = {row['p_permutation']:.3f}, Romano-Wolf {row['p_rw']:.3f}",
            role="robustness",
        )  # fmt: skip
    finding = differ(len(clear), len(made), "changes over time")
    what = clear.assign(
        what=clear["measure"] + " of " + clear["group"].map(named) + ", " + clear["comparison"] + ","
    )
    listed = told(what, "what", "slope", chance="p_permutation", least="")
    yield Sentence(
        f"{finding} within each comparison, with a 5% chance of any false find{': ' * bool(listed)}{listed}."
    )
    shown = made.assign(
        section=made["measure"]
        + ", "
        + made["comparison"].replace("after less before", "later minus earlier")
    )
    yield _rows_figure(
        "change_over_time", shown, found.rows, finding,
        "Change of the response and of its size, percentage points of return: a year, and since January 2025 "
        "against before; 95% intervals",
        f"Changes with intervals: {points(shown, 'section', 'group', value='slope')}", found.found,
    )  # fmt: skip


def held(found: Held) -> Iterator[Part]:
    """The weeks after."""
    days, rows = label(found.window), found.rows
    for row in rows.to_dict("records"):
        yield move(
            f"alpha.{key_of(row['group'])}",
            f"Abnormal return a day while held after releases, {named(row['group'])}", row,
            value="alpha", scale=1e4, unit="basis points", n=row["days"], role="robustness",
            method=f"calendar-time portfolio, days {days}, market model, HC1",
            note=f"p = {row['p_value']:.3f}; smallest found with 80% probability "
            f"{1e4 * row['detectable']:.0f}",
        )  # fmt: skip
    scaled = rows.assign(
        group=rows["group"].map(named), **(1e4 * rows[["alpha", "ci_low", "ci_high", "detectable"]])
    ).drop(columns="se")
    yield Table(
        scaled, "Held for a month after every release",
        f"Basis points a day beyond {named(found.benchmark)}, {when(found.window)}; p-values one at a time",
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
        finding=f"{inside} of {len(one)} choices leave the move of {named(group)} in doubt",
        measure=f"Mean abnormal return of {named(group)}, {when(found.found.window)} unless the row says "
        "otherwise; 95% intervals; p: against other dates",
    )  # fmt: skip
    wide = rows.pivot_table(index="check", columns="group", values="caar", sort=False).mul(100)
    wide = wide.rename(columns=named).reset_index()
    yield Table(
        wide, "Every group under every choice", "Mean abnormal return, percent", row_label="check",
        formats=dict.fromkeys(wide.columns[1:], "signed_percent"),
    )  # fmt: skip
    for row in one[one["check"].str.startswith(_MAIN_CHECKS)].to_dict("records"):
        key = row["check"].lower().replace(" ", "_").replace(",", "").replace(":", "")
        yield move(
            f"check.{key}", f"Mean abnormal return of {named(group)}: {row['check']}", row, value="caar",
            n=row["n"], method=f"permutation p = {row['p_permutation']:.3f}", role="robustness",
        )  # fmt: skip
    yield from _checks_in_words(rows, one, group)


def _checks_in_words(rows: pd.DataFrame, one: pd.DataFrame, group: str) -> Iterator[Part]:
    for row in rows[rows["why"] != ""].drop_duplicates("check").itertuples(index=False):
        yield Sentence(f"{'Fewer releases' if row.n else 'Not possible'}, {row.check}: {row.why}.")
    pair = ["known by the rule only", "by the rule and in the list", "the whole list, weak models too"]
    known = one.set_index("check").reindex(pair).dropna(subset=["caar"]).reset_index()
    yield Sentence(
        f"Known and unknown releases, {named(group)}: {told(known, 'check', 'caar', chance='p_permutation')}."
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
    curve, counts = found.curve, found.curve.counts()
    who, *around = found.group.split(", ")
    group = " ".join([named(who), *(f"({kind})" for kind in around)])
    estimates, most = curve.estimates["estimate"], str(curve.influence()["choice"].iloc[0])
    low, high = estimates.quantile([0.05, 0.95])
    yield Number(
        "specifications.median", f"Mean abnormal return of {group}: median over combinations of choices",
        float(counts["median"]), "%", ci=(low, high), level=0.9, n=int(counts["specifications"]),
        method=f"every combination of {', '.join(curve.choices)}; the range holds their middle 90%",
        note="a range over choices on the same events, no confidence interval", role="robustness",
    )  # fmt: skip
    fell, rose, of = (int(counts[n]) for n in ("interval_below", "interval_above", "specifications"))
    shown = f"{'show' if fell > 1 else 'shows'} a fall of {group}, {rose or 'none'} a rise"
    title = f"{count_of(fell)} of {of} combinations of choices {shown}"
    yield Figure(
        "combinations",
        lambda: plots.headline(
            curve.plot(), title, "Mean abnormal return, percent, 95% intervals, sorted; ringed: headline; "
            f"below: what was chosen; {found.data_kind} data",
            source="Returns: shipped sample" if found.data_kind == "sample" else "Returns: own file",
        ),
        f"Sorted estimates under every combination of choices. {title}.", curve.table(),
    )  # fmt: skip
    sides = "on both sides of" if counts["below"] * counts["above"] else "all on one side of"
    yield Sentence(
        f"Over {counts['specifications']:.0f} combinations of window, estimation, benchmark and events the "
        f"middle 90% lie from {number(low, '%')} to {number(high, '%')}, {sides} zero; what moves it most is "
        f"the choice of {most}."
    )


def choices(found: Choices) -> Iterator[Part]:
    """Every combination of defensible choices."""
    rows, counts = found.rows, found.curve.counts()
    below, above = counts["interval_below"], counts["interval_above"]
    low, high = (percent(end) for end in (rows["car"].min(), rows["car"].max()))
    yield Number(
        "specifications.below_zero", "Specifications whose interval lies below zero",
        100 * below / len(rows), "%", n=len(rows), note=_NO_SAMPLE, role="robustness",
        method="windows x benchmarks x models x estimation windows x scheduled news in or out",
    )  # fmt: skip
    yield Number(
        "specifications.median", f"Median over specifications, {NAME}", 100 * rows["car"].median(), "%",
        n=len(rows), method="as above", role="robustness",
        note=f"range over choices {low} to {high}; not a sample: no interval",
    )  # fmt: skip
    yield Figure(
        "specifications",
        lambda: plots.headline(
            found.curve.plot(), f"{NAME} fell under {below} of {len(rows)} combinations of choices, "
            f"rose under {above or 'none'}: {low} to {high}",
            "Abnormal return with 95% intervals, sorted; fell or rose: the interval leaves out zero; below: "
            f"what was chosen; {found.shock.data.kind} data",
            source=f"Returns: {found.shock.data.described}",
        ),
        f"Sorted estimates under {len(rows)} choices from {low} to {high}.", rows,
    )  # fmt: skip
