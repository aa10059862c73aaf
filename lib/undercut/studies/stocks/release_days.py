"""What did shares do around each release, beside days chosen because the market moved?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import pandas as pd

from undercut.report.findings.sentences import day_text
from undercut.studies.framed import Shown
from undercut.studies.presentation import Caveat, Figure, Part, Sentence, Table
from undercut.studies.stocks import charts
from undercut.studies.stocks.charts import InPercent
from undercut.studies.stocks.release_response import Responses, responses
from undercut.studies.stocks.words import count, count_of, key_of, move, named, percent, told, when

#: What releases and their news do not tell.
CAVEATS: Final = [
    Caveat(
        "Releases later than the edition of the capability index have no score and are not among those found "
        "by the rule."
    ),
    Caveat(
        "Other news is known as far as the list of events and the calendar go; earnings end in August 2026."
    ),
]


def by_release(found: Responses, shocks: Responses) -> Shown:
    """Every release, and days known because the market moved, which enter no mean: as `Responses.each`."""
    page = partial(_by_release, found=found, shocks=shocks)
    return InPercent(pd.concat([found.each, shocks.each]), page, "event")


def _by_release(rows: pd.DataFrame, found: Responses, shocks: Responses) -> Iterator[Part]:
    """Every release, and which of them stand out once their number is counted."""
    each = found.each
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
            each, found.releases.set_index("event")["country"], contrast=shocks.each,
            source=found.source,
            finding=f"{count_of(kept)} of {len(each)} responses {'stands' if kept < 2 else 'stand'} out "
            "once their number is counted",
            measure=f"Abnormal return, percent, {when(found.window)}; 95% intervals; blue: US, orange: "
            "Chinese, green: other developers; grey squares: market shocks, no releases of their own",
        ),
        f"Rows of marks, one a release, in {each['group'].nunique()} panels. Below 5% taken alone: {names}.",
        rows,
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


def without_company(found: Responses, returns: pd.DataFrame, ticker: str, name: str, group: str) -> Shown:
    """The responses of one group with and without a company, around releases beside that company's news.

    As `Responses.each`, with ``confounders`` and ``developer``.
    """
    members = [firm for firm in found.options["groups"][group] if firm != ticker]
    options = {**found.options, "groups": {f"{group} without {name}": members}}
    apart = responses(returns, found.releases, **options).each
    beside = found.tested[found.tested["confounders"].str.contains(name)]
    rows = pd.concat([found.each[found.each["group"] == group], apart])
    about = beside[["event", "confounders", "developer"]]
    return InPercent(about.merge(rows, on="event"), partial(_confounded, method=found.method))


def _confounded(apart: pd.DataFrame, method: str) -> Iterator[Part]:
    """Releases beside a group member's own news, with and without it."""
    for event, rows in apart.groupby("event", sort=False):
        yield Sentence(
            f"TSMC is itself a chip company. Around {event}, with and without it: "
            f"{told(rows, chance='p_permutation')}."
        )
        for row in rows.to_dict("records"):
            yield move(
                f"confounded.{key_of(row['developer'])}.{key_of(row['group'])}",
                f"Abnormal return around {event}, {named(row['group'])}", row, n=1, method=method,
                note=f"permutation p = {row['p_permutation']:.3f}; other news: {row['confounders']}",
                role="robustness",
            )  # fmt: skip


def shock_days(shocks: Responses) -> Shown:
    """What groups did on days chosen because the market moved; no test is made of them."""
    return InPercent(shocks.each, partial(_shock_days, shocks=shocks), "event")


def _shock_days(rows: pd.DataFrame, shocks: Responses) -> Iterator[Part]:
    """Days chosen because the market moved, described."""
    for row in shocks.releases.itertuples(index=False):
        yield Sentence(
            f"{day_text(row.date)}, {row.event} ({row.developer}). The list of events: "
            f"{row.description} Open releases of the list within {when(shocks.window)}: "
            f"{row.release or 'none'}. Responses: {told(rows[rows['event'] == row.event])}."
        )
    for one in rows.to_dict("records"):
        yield move(
            f"shock.{one['date']:%Y%m%d}.{key_of(one['group'])}",
            f"Abnormal return, {named(one['group'])}, {one['event']}", one, n=1, method=shocks.method,
            note="a day chosen because the market moved: a description, no test; rank among other dates "
            f"{one['p_permutation']:.3f}",
            role="descriptive",
        )  # fmt: skip
