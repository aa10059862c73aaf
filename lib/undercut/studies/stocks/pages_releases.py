"""What does the report on releases of open models show and say?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from undercut.eventstudy.windows import label
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.stocks import charts
from undercut.studies.stocks.checks import (
    Confounded,
    Contrast,
    ShockDays,
)
from undercut.studies.stocks.names import named, when
from undercut.studies.stocks.release_response import Responses
from undercut.studies.stocks.words import (
    count,
    count_of,
    key_of,
    move,
    moved,
    percent,
    sides,
    table,
    told,
)

#: The group that the report leads with, named before looking.
LEADS = "chips"
CAVEATS = [
    Caveat(
        "Releases later than the edition of the capability index have no score and are not among those found "
        "by the rule."
    ),
    Caveat(
        "Other news is known as far as the list of events and the calendar go; earnings end in August 2026."
    ),
]


def source_of(found: Responses) -> str:
    whose = "shipped sample" if found.data_kind == "sample" else "own file or download"
    return (
        f"Returns: {whose}; releases: Epoch AI's capability index (CC BY 4.0); "
        f"compared with {named(found.options['benchmark'])}"
    )


def _method(found: Responses) -> str:
    model = found.study.setup.model.name
    return f"{when(found.window)}, {model} model on {found.options['benchmark']}"


def means_of(found: Responses) -> pd.DataFrame:
    return found.mean[found.mean["group"] != "all"]


def differ(size: int, total: int, what: str) -> str:
    """A count of what differs, as the start of a sentence."""
    return f"{count_of(size)} of {total} {what} {'differs' if size < 2 else 'differ'} from zero"


def responses(found: Responses) -> Iterator[Part]:
    """How many releases, the mean response of each group, and what could have been missed."""
    yield from _findings(found)
    means, tested = means_of(found), found.tested
    clear = means[means["p_rw"] < 0.05]
    verdict = f"{len(clear) or 'none'} of {len(means)} groups of shares moved more than on other days"
    verdict += sides(clear["caar"])
    chips = means.set_index("group").loc[LEADS] if LEADS in set(means["group"]) else None
    first, last = (f"{day:%B %Y}" for day in (tested["date"].min(), tested["date"].max()))
    if chips is None:
        yield Answer(f"Around {len(tested)} open releases {verdict}; chip makers have no returns here.")
    else:
        yield Answer(
            f"Around {len(tested)} open releases near the frontier chip makers' shares "
            f"{moved(chips, 'caar')}."
        )
    yield Sentence(
        f"{verdict[0].upper()}{verdict[1:]} ({first} to {last}), judged over all groups together, with a "
        "5% chance of any false find."
    )
    needed = "; ".join(
        f"{percent(row.detectable)} for {named(row.group)}" for row in means.itertuples(index=False)
    )
    yield Sentence(
        f"What this could have missed: a mean effect had to reach {needed} to be found with 80% probability. "
        "Smaller effects, of either sign, remain possible."
    )
    yield Figure(
        "mean_responses",
        lambda: charts.mean_responses(
            found.mean, finding=verdict[0].upper() + verdict[1:], source=source_of(found),
            measure=f"Mean abnormal return around {len(tested)} releases, {when(found.window)}; 95% "
            "intervals; upright bars: smallest effect found four times in five; p: against other dates",
        ),
        f"Dots with intervals, one a group. {told(found.mean, value='caar')}", found.mean,
    )  # fmt: skip
    columns = ["group", "n", "caar", "ci_low", "ci_high", "detectable", "p_permutation", "p_bh", "p_rw"]
    yield table(
        found.mean, columns, f"Mean response to {len(tested)} releases",
        f"Percent, {when(found.window)}; p: against the same shares on days without a release; BH, RW: "
        "adjusted by Benjamini-Hochberg, Romano-Wolf",
    )  # fmt: skip


def _findings(found: Responses) -> Iterator[Number]:
    releases, tested, means = found.releases, found.tested, means_of(found)
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
            f"caar.{key_of(row['group'])}", f"Mean abnormal return, {named(row['group'])}", row, value="caar",
            n=row["n"], method=_method(found), role="headline" if row["group"] == LEADS else "primary",
            note=f"permutation of dates p = {row['p_permutation']:.3f}",
        )  # fmt: skip
    for row in found.mean.to_dict("records"):
        yield Number(
            f"detectable.{key_of(row['group'])}",
            f"Smallest mean effect that would have been found, {named(row['group'])}",
            100 * row["detectable"], "%", n=row["n"], method="5% level, 80% power", role="descriptive",
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
    odd = each[alone].assign(both=each["event"] + ", " + each["group"].map(named))
    names = told(odd, "both", chance="p_permutation")
    yield Sentence(
        f"Of {len(each)} single responses, p is below 5% for {alone.sum()} taken alone ({names}), where "
        f"chance would give about {chance}. Adjusted for their number {kept or 'none'} remain by Romano-Wolf "
        f"and {int((each['p_bh'] < 0.05).sum()) or 'none'} by Benjamini-Hochberg."
    )
    least = each.groupby("group", sort=False)["detectable"].median()
    needed = ", ".join(f"{percent(size, 0)} ({named(name)})" for name, size in least.items())
    yield Sentence(
        f"A single release had to move a group by {needed} to be found with 80% probability: one day says "
        "little, whatever it shows."
    )
    yield Figure(
        "responses_by_release",
        lambda: charts.responses_by_release(
            each, found.releases.set_index("event")["country"], contrast=both.shocks.each,
            source=source_of(found),
            finding=f"{count_of(kept)} of {len(each)} responses {'stands' if kept < 2 else 'stand'} out "
            "once their number is counted",
            measure=f"Abnormal return, percent, {when(found.window)}; 95% intervals; blue: US, orange: "
            "Chinese, green: other developers; grey squares: market shocks, no releases of their own",
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
        known[["event", "date", "gap", "halvings", "known", "tested", "confounders", "calendar"]],
        "Every release that the rule finds",
        "Gap: points behind the best closed model; price: halvings below the cheapest closed model as "
        "capable; other news within the days of the window",
        labels={"halvings": "price", "known": "known from", "confounders": "other news",
                "calendar": "scheduled"},
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
                f"Abnormal return around {event}, {named(row['group'])}", row, n=1,
                method=_method(apart.found),
                note=f"permutation p = {row['p_permutation']:.3f}; other news: {row['confounders']}",
                role="robustness",
            )  # fmt: skip


def shock_days(found: ShockDays) -> Iterator[Part]:
    """Days chosen because the market moved, described."""
    shocks, rows = found.shocks, found.rows
    for row in shocks.releases.itertuples(index=False):
        yield Sentence(
            f"{row.date.day} {row.date:%B %Y}, {row.event} ({row.developer}). The list of events: "
            f"{row.description} Open releases of the list within {when(shocks.window)}: "
            f"{row.release or 'none'}. Responses: {told(rows[rows['event'] == row.event])}."
        )
    for row_ in rows.to_dict("records"):
        yield move(
            f"shock.{row_['date']:%Y%m%d}.{key_of(row_['group'])}",
            f"Abnormal return, {named(row_['group'])}, {row_['event']}", row_, n=1, method=_method(shocks),
            note="a day chosen because the market moved: a description, no test; rank among other dates "
            f"{row_['p_permutation']:.3f}",
            role="descriptive",
        )  # fmt: skip
