"""What does the report on releases of open models show and say?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from undercut.eventstudy.windows import label
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.stocks import charts
from undercut.studies.stocks.checks import (
    Battery,
    Checks,
    Confounded,
    Contrast,
    ShockDays,
    Trend,
)
from undercut.studies.stocks.interval_charts import interval_rows
from undercut.studies.stocks.release_response import DOSES, Held, Responses, Slopes
from undercut.studies.stocks.words import (
    count,
    count_of,
    key_of,
    move,
    p_text,
    percent,
    points,
    span,
    table,
    told,
)

CAVEATS = [
    Caveat(
        "Releases later than the edition of the capability index have no score and are not among those found "
        "by the rule."
    ),
    Caveat("Other news within a window is known only as far as the reviewed list of events goes."),
]
_AXES = {
    "proximity": "capability less that of the best closed model, points",
    "halvings": "halvings below the cheapest equal closed model",
}
_UNITS = {"proximity": "a point nearer", "halvings": "a halving cheaper"}
#: Checks that are findings of their own: how their names begin.
_MAIN_CHECKS = ("no other", "without", "known", "by the rule", "the whole", "dated")


def _source(found: Responses) -> str:
    whose = "shipped sample" if found.data_kind == "sample" else "own file or download"
    return (
        f"Returns: {whose}; releases: Epoch AI's capability index (CC BY 4.0); "
        f"benchmark {found.options['benchmark']}"
    )


def _method(found: Responses) -> str:
    model = found.study.setup.model.name
    return f"days {found.window}, {model} model on {found.options['benchmark']}"


def _with_interval(row: pd.Series, value: str) -> str:
    """An estimate with its interval, named as one."""
    return span(row, value).replace("(", "(95% interval ", 1)


def _groups(found: Responses) -> pd.DataFrame:
    return found.mean[found.mean["group"] != "all"]


def _noted(rows: pd.DataFrame) -> list[str]:
    return ["p = " + p_text(p) for p in rows["p_permutation"]]


def _differ(size: int, total: int, what: str) -> str:
    """A count of what differs, as the start of a sentence."""
    return f"{count_of(size)} of {total} {what} {'differs' if size == 1 else 'differ'} from zero"


def responses(found: Responses) -> Iterator[Part]:
    """How many releases, the mean response of each group, and what could have been missed."""
    yield from _findings(found)
    means, tested = _groups(found), found.tested
    moved = int((means["p_rw"] < 0.05).sum())
    verdict = f"{moved or 'none'} of {len(means)} groups of shares moved more than on other days"
    first, last = (f"{day:%B %Y}" for day in (tested["date"].min(), tested["date"].max()))
    yield Answer(
        f"Around {len(tested)} releases of open models near the closed frontier, {first} to {last}, "
        f"{verdict}; "
        f"the mean response of {means['group'].iloc[0]} was "
        f"{told(means[:1], value='caar').partition(' ')[2]}."
    )
    yield Sentence(
        f"Mean abnormal returns over days {found.window}, with 95% intervals: {told(means, value='caar')}. "
        "Whether a group moved is judged over all groups together, at a family-wise 5%."
    )
    needed = "; ".join(f"{percent(row.detectable)} for {row.group}" for row in means.itertuples(index=False))
    yield Sentence(
        f"What this could have missed: a mean effect had to reach {needed} to be found with 80% probability. "
        "Smaller effects, of either sign, remain possible."
    )
    yield Figure(
        "mean_responses",
        lambda: charts.mean_responses(
            found.mean, finding=verdict[0].upper() + verdict[1:], source=_source(found),
            measure=f"Mean abnormal return over days {found.window} of {len(tested)} releases, 95% "
            "intervals; "
            "upright bars: smallest effect found with 80% probability; p: permutation of dates, one group "
            "at a "
            "time",
        ),
        f"Dots with intervals, one a group. {told(found.mean, value='caar')}", found.mean,
    )  # fmt: skip
    columns = ["group", "n", "caar", "ci_low", "ci_high", "detectable", "p_permutation", "p_bh", "p_rw"]
    yield table(
        found.mean, columns, f"Mean response to {len(tested)} releases",
        f"Percent over days {found.window}; p: against the same shares on days without a release; BH, RW: "
        "adjusted by Benjamini-Hochberg, Romano-Wolf",
    )  # fmt: skip


def _findings(found: Responses) -> Iterator[Number]:
    releases, tested, means = found.releases, found.tested, _groups(found)
    within = releases.attrs.get("within")
    yield count(
        "releases.found", "Sessions with an open release near the closed frontier", len(releases), "sessions",
        n=releases["models"].str.count(";").sum() + len(releases),
        method=f"at most {within:g} points behind" if within else "releases near the frontier",
    )  # fmt: skip
    yield count(
        "releases.tested", "Of these, with returns enough to test", len(tested), "sessions", n=len(releases),
        method=f"estimation window {label(found.study.abnormal.windows.estimation)}",
    )  # fmt: skip
    for row in found.mean.to_dict("records"):
        yield move(
            f"caar.{key_of(row['group'])}", f"Mean abnormal return, {row['group']}", row, value="caar",
            n=row["n"], method=_method(found), role="primary",
            note=f"permutation of dates p = {row['p_permutation']:.3f}",
        )  # fmt: skip
    for row in found.mean.to_dict("records"):
        yield Number(
            f"detectable.{key_of(row['group'])}",
            f"Smallest mean effect that would have been found, {row['group']}", 100 * row["detectable"], "%",
            n=row["n"], method="5% level, 80% power", role="descriptive",
            note="a threshold computed from the standard error: no interval",
        )  # fmt: skip
    yield count(
        "groups.distinct", "Groups whose mean response differs from that on other days",
        (means["p_rw"] < 0.05).sum(), "groups", n=len(means),
        method="permutation of dates, Romano-Wolf at 5%",
    )  # fmt: skip


def by_release(both: Contrast) -> Iterator[Part]:
    """Every release, and which of them stand out once their number is counted."""
    found, each = both.found, both.found.each
    alone, kept = each["p_permutation"] < 0.05, int((each["p_rw"] < 0.05).sum())
    chance = f"{0.05 * len(each):.0f}"
    yield count(
        "responses.distinct", "Single responses that differ from other days, adjusted for their number", kept,
        "responses", n=len(each), method="permutation of dates, Romano-Wolf at 5%",
    )  # fmt: skip
    yield count(
        "responses.unadjusted", "Single responses with p below 5% before adjustment", alone.sum(),
        "responses", n=len(each), method="permutation of dates",
        note=f"a count: no interval; by chance alone about {chance}",
    )  # fmt: skip
    named = each[alone].assign(both=each["event"] + ", " + each["group"])
    names = told(named, "both", chance="p_permutation")
    yield Sentence(
        f"Of {len(each)} single responses, p is below 5% for {alone.sum()} taken alone ({names}), where "
        "chance "
        f"would give about {chance}. Adjusted for their number {kept} remain by Romano-Wolf and "
        f"{int((each['p_bh'] < 0.05).sum())} by Benjamini-Hochberg."
    )
    least = each.groupby("group", sort=False)["detectable"].median()
    needed = ", ".join(f"{percent(size, 0)} ({name})" for name, size in least.items())
    yield Sentence(
        f"A single release had to move a group by {needed} to be found with 80% probability: one day says "
        "little, whatever it shows."
    )
    yield Figure(
        "responses_by_release",
        lambda: charts.responses_by_release(
            each, found.releases.set_index("event")["country"], contrast=both.shocks.each,
            source=_source(found),
            finding=f"{count_of(kept)} of {len(each)} responses {'stands' if kept == 1 else 'stand'} out "
            "once "
            "their number is counted",
            measure=f"Abnormal return over days {found.window}, percent, 95% intervals; blue: US, red: "
            "Chinese, "
            "teal: French developers; grey squares: market shocks, no releases of their own",
        ),
        f"Rows of marks, one a release, in {each['group'].nunique()} panels. Below 5% taken alone: {names}.",
        both.rows,
    )  # fmt: skip
    yield from _releases_table(found)
    yield from _tied_to_shocks(found)


def _releases_table(found: Responses) -> Iterator[Part]:
    is_tested = found.releases["event"].isin(found.tested["event"])
    known = found.releases.assign(
        known=found.releases["listed"].map({True: "list and rule", False: "rule only"}),
        tested=is_tested.map({True: "yes", False: "no"}),
    )
    yield Table(
        known[["event", "date", "gap", "halvings", "known", "tested", "confounders"]],
        "Every release that the rule finds",
        "Gap: points behind the best closed model; price: halvings below the cheapest closed model as "
        "capable; "
        "other news within the days of the window",
        labels={"halvings": "price", "known": "known from", "confounders": "other news"},
        formats={"date": "date", "gap": "number", "halvings": "number"}, row_label="event",
    )  # fmt: skip
    lost = f"{len(found.left_out)} of {len(known)} releases"
    if len(found.left_out):
        yield Table(
            found.left_out, f"{lost} could not be tested with these returns", "Listed, not dropped",
            labels={"why": "reason"}, formats={"date": "date"}, row_label="event",
        )  # fmt: skip
        yield Caveat(f"{lost} found by the rule could not be tested for want of returns.")


def _tied_to_shocks(found: Responses) -> Iterator[Part]:
    each, tied = found.each, found.tested[found.tested["shock"] != ""]
    for row in tied.itertuples(index=False):
        got = told(each[each["event"] == row.event], chance="p_permutation")
        yield Sentence(
            f"{row.event}, whose release on {row.date:%d %B %Y} the list of events ties to a market shock on "
            f"{row.shock_date:%d %B %Y}: {got}. Other news within the same days: "
            f"{row.confounders or 'none in the list'}."
        )


def confounded(apart: Confounded) -> Iterator[Part]:
    """Releases beside a group member's own news, with and without it."""
    for event, rows in apart.rows.groupby("event", sort=False):
        yield Sentence(
            f"TSMC is itself a chip company. Around {event}, with and without it: "
            f"{told(rows, chance='p_permutation')}."
        )
        for row in rows.to_dict("records"):
            yield move(
                f"confounded.{key_of(row['developer'])}.{key_of(row['group'])}",
                f"Abnormal return around {event}, {row['group']}", row, n=1, method=_method(apart.found),
                note=f"permutation p = {row['p_permutation']:.3f}; other news: {row['confounders']}",
                role="robustness",
            )  # fmt: skip


def shock_days(found: ShockDays) -> Iterator[Part]:
    """Days chosen because the market moved, described."""
    shocks, rows = found.shocks, found.rows
    for row in shocks.releases.itertuples(index=False):
        yield Sentence(
            f"{row.date.day} {row.date:%B %Y}, {row.event} ({row.developer}). The list of events: "
            f"{row.description} Open releases of the list within days {shocks.window}: "
            f"{row.release or 'none'}. "
            f"Responses: {told(rows[rows['event'] == row.event])}."
        )
    for row_ in rows.to_dict("records"):
        yield move(
            f"shock.{row_['date']:%Y%m%d}.{key_of(row_['group'])}",
            f"Abnormal return, {row_['group']}, {row_['event']}", row_, n=1, method=_method(shocks),
            note="a day chosen because the market moved: a description, no test; rank among other dates "
            f"{row_['p_permutation']:.3f}",
            role="descriptive",
        )  # fmt: skip


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
            "smallest "
            f"slope found with 80% probability {100 * row['detectable']:.1f}",
        )  # fmt: skip
    steep, group = int((rows["p_rw"] < 0.05).sum()), rows["group"].iloc[0]
    own = rows[rows["group"] == group]
    said = "; ".join(
        f"{told(own[own['dose'] == row.dose], 'dose', 'slope', chance='p_permutation')} over {row.n} "
        "releases, "
        f"where {percent(row.detectable)} would have been found"
        for row in own.itertuples(index=False)
    )
    yield Sentence(
        f"{_differ(steep, len(rows), 'slopes')} at a family-wise 5% within each dose. For {group}, per unit "
        "of "
        f"dose: {said}."
    )
    columns = ["event", "date", "proximity", "halvings", "price", "rival", "rival_price", "price_note"]
    yield Figure(
        "response_by_dose",
        lambda: charts.response_by_dose(
            whole.each, whole.tested, _AXES, group=group, source=_source(whole),
            finding=f"{steep or 'No'} {'slope' if steep == 1 else 'slopes'} of response on dose can be told "
            "from "
            "zero",
            measure=f"Abnormal return of {group} over days {whole.window} against the dose, 95% intervals; "
            "colours: country of the developer",
        ),
        f"Two scatters of responses against doses. {said}", whole.tested[columns],
    )  # fmt: skip
    yield _rows_figure(
        "slopes", rows.assign(section=rows["dose"].map(_UNITS)), rows, _differ(steep, len(rows), "slopes"),
        "Change of the response per unit of dose, percentage points of return, 95% intervals; p: "
        "permutation of "
        "doses, one slope at a time",
        f"Slopes with intervals by dose and group: {points(rows, 'dose', 'group', value='slope')}", whole,
    )  # fmt: skip


def _rows_figure(
    name: str, shown: pd.DataFrame, data: pd.DataFrame, finding: str, measure: str, alt: str, found: Responses
) -> Figure:
    """Slopes in sections, each with its p-value."""
    noted = shown.assign(note=_noted(shown))
    return Figure(
        name,
        lambda: interval_rows(
            noted, label="group", value="slope", section="section", note="note", source=_source(found),
            finding=finding, measure=measure,
        ),
        alt, data,
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
    finding = _differ(len(clear), len(made), "changes over time")
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
        "one "
        "at a time",
        labels={
            "days": "days held", "alpha": "abnormal", "ci_low": "95% from", "ci_high": "to", "p_value": "p",
        },
        row_label="group",
    )  # fmt: skip


def checks(found: Checks) -> Iterator[Part]:
    """The same question under other choices."""
    rows, group = found.rows, _groups(found.found)["group"].iloc[0]
    one = rows[rows["group"] == group]
    shown = one.assign(note=[f"n = {r.n}, p = {p_text(r.p_permutation)}" for r in one.itertuples()])
    inside = int(((one["ci_low"] <= 0) & (one["ci_high"] >= 0)).sum())
    yield Figure(
        "other_choices",
        lambda: interval_rows(
            shown, label="check", value="caar", note="note", source=_source(found.found),
            finding=f"{inside} of {len(one)} choices leave zero inside the interval for {group}",
            measure=f"Mean abnormal return of {group}, percent, 95% intervals; days {found.found.window} "
            "unless "
            "the row says otherwise; p: permutation of dates",
        ),
        f"Intervals by choice: {points(one, 'check', value='caar')}", rows,
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
