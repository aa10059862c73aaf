"""Does the answer on releases hang on a choice: releases, benchmark, days, the test, or the weeks held?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import pandas as pd
from scipy import stats

from undercut.errors import DataError, TooFewError
from undercut.eventstudy.effects import calendar_time_portfolio
from undercut.eventstudy.windows import Window, label
from undercut.inference.detectable import detectable
from undercut.sources.events import MACRO
from undercut.studies.framed import Shown
from undercut.studies.presentation import Part, Sentence, Table
from undercut.studies.stocks.charts import InPercent, intervals
from undercut.studies.stocks.doses import FEWEST
from undercut.studies.stocks.release_events import NEAR_DAYS
from undercut.studies.stocks.release_response import (
    BENCHMARKS,
    STUDIED,
    Responses,
    mean_responses,
    portfolios_and_market,
    studied,
)
from undercut.studies.stocks.words import (
    count,
    count_of,
    key_of,
    move,
    named,
    p_text,
    points,
    told,
    when,
)

_WINDOWS: Final[Mapping[str, tuple[int, int]]] = {
    "the session alone": (0, 0),
    "session and five more": (0, 5),
    "session and ten more": (0, 10),
}
#: Checks that are findings of their own: how their names begin.
_MAIN_CHECKS = ("no other", "without", "known", "by the rule", "the whole", "dated")


@dataclass(frozen=True, slots=True)
class Check:
    """One changed choice: its name, the releases, and what differs from the headline's options."""

    name: str
    releases: pd.DataFrame
    changes: Mapping[str, Any] = field(default_factory=dict)


def release_checks(
    found: Responses,
    returns: pd.DataFrame,
    *,
    listed: pd.DataFrame,
    factors: pd.DataFrame | None = None,
) -> Shown:
    """The mean response under one changed choice after another.

    Columns check, group, n, caar, se, ci_low, ci_high, detectable, p_permutation, why; ``why`` names releases
    of the headline that a check could not test; one that cannot be made has a row without numbers.

    Parameters
    ----------
    found : Responses
        The headline, to releases from :func:`undercut.studies.stocks.release_events.release_events`.
    returns : pandas.DataFrame
        As for the headline.
    listed : pandas.DataFrame
        From :func:`undercut.studies.stocks.release_events.listed_releases`.
    factors : pandas.DataFrame, optional
        By date, with ``rf``, from :func:`undercut.load_factors`; adds the rung of factors.
    """
    chosen = _choices(found.releases, listed, factors, found.options["benchmark"])
    parts = [_checked(check, found, returns).assign(check=check.name) for check in chosen]
    parts.insert(0, found.mean.assign(check="headline", why=""))
    columns = ["check", "group", "n", "caar", "se", "ci_low", "ci_high", "detectable", "p_permutation", "why"]
    rows = pd.concat(parts, ignore_index=True).reindex(columns=columns)
    return InPercent(rows, partial(_release_checks, found=found), "check", "caar")


def _checked(check: Check, found: Responses, returns: pd.DataFrame) -> pd.DataFrame:
    if check.releases.empty:
        return pd.DataFrame([{"n": 0, "why": "no release is left"}])
    options = {**found.options, **check.changes}
    groups, benchmark, draws, seed = (options.pop(name) for name in ("groups", "benchmark", "draws", "seed"))
    try:
        study, left_out = studied(returns, check.releases, groups, benchmark, options)
        mean = mean_responses(study, draws, seed)
    except DataError as reason:
        return pd.DataFrame([{"n": 0, "why": str(reason)}])
    lost = left_out[left_out["event"].isin(found.each["event"])]
    order = [*(name for name in groups if name in set(mean["group"])), "all"]
    why = "; ".join(f"{row.event}: {row.why}" for row in lost.itertuples())
    return mean.set_index("group").loc[order].reset_index().assign(why=why)


def _choices(
    releases: pd.DataFrame, listed: pd.DataFrame, factors: pd.DataFrame | None, benchmark: str
) -> list[Check]:
    shaken, news = releases["shock"] != "", releases["confounders"]
    moved = releases["date"].mask(releases["shock_date"].notna(), releases["shock_date"])
    other = next(name for name in BENCHMARKS if name != benchmark)
    chosen = [
        Check(f"no other release within {NEAR_DAYS} days", releases[~(releases["near_days"] <= NEAR_DAYS)]),
        Check("no other news in the window", releases[releases["confounders"] == ""]),
        Check("no central bank, prices or jobs day", releases[~releases["calendar"].str.contains(MACRO)]),
        Check("no earnings in the window", releases[~releases["calendar"].str.contains("earnings")]),
        Check("nothing else and nothing scheduled", releases[(news == "") & (releases["calendar"] == "")]),
        *(
            Check(f"without {name}", releases[releases["event"] != name])
            for name in releases.loc[shaken, "event"]
        ),
        Check("known by the rule only", releases[~releases["listed"]]),
        Check("by the rule and in the list", releases[releases["listed"]]),
        Check("the whole list, weak models too", listed),
        Check("dated when the market moved", releases.assign(date=moved)),
        Check("chips without TSMC", releases, {"groups": _without("TSM")}),
        Check(f"benchmark {other}", releases, {"benchmark": other}),
        Check("no benchmark: own mean", releases, {"model": "constant-mean"}),
        *(Check(name, releases, {"window": window}) for name, window in _WINDOWS.items()),
    ]
    if factors is not None:
        table = factors.set_index("date")
        loads = {"model": "factors", "factors": table.drop(columns="rf"), "risk_free": table["rf"]}
        chosen.append(Check("factors", releases, loads))
    return chosen


def _without(ticker: str) -> dict[str, list[str]]:
    return {group: [name for name in names if name != ticker] for group, names in STUDIED.items()}


def _release_checks(rows: pd.DataFrame, found: Responses) -> Iterator[Part]:
    """The same question under other choices."""
    group = found.groups["group"].iloc[0]
    one = rows[rows["group"] == group]
    shown = one.assign(note=[f"n = {r.n}, p = {p_text(r.p_permutation)}" for r in one.itertuples()])
    inside = int(((one["ci_low"] <= 0) & (one["ci_high"] >= 0)).sum())
    yield intervals(
        "other_choices", shown, rows, f"Intervals by choice: {points(one, 'check', value='caar')}",
        label="check", value="caar", note="note", source=found.source,
        finding=f"{inside} of {len(one)} choices leave the move of {named(group)} in doubt",
        measure=f"Mean abnormal return of {named(group)}, {when(found.window)} unless the row says "
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


def battery(found: Responses) -> Shown:
    """P-values of every test of the mean response, the permutation of dates first: test, a column a group.

    Raises
    ------
    TooFewError
        Fewer than five releases were studied: most tests would say nothing.
    """
    if found.mean["n"].max() < FEWEST:
        raise TooFewError(f"Fewer than {FEWEST} releases could be studied; the tests need more.")
    tests = found.study.tests([found.study.abnormal.windows.event], permutation=False)
    wide = tests.pivot_table(index="test", columns="group", values="p_value", sort=False)
    first = found.mean.set_index("group")["p_permutation"].rename("permutation").to_frame().T
    rows = pd.concat([first, wide])[list(found.mean["group"])].rename_axis("test").reset_index()
    return InPercent(rows, _battery)


def _battery(rows: pd.DataFrame) -> Iterator[Part]:
    """Every test of the mean response."""
    tests: Any = rows.drop(columns="test")
    rejected = int((tests < 0.05).sum().sum())
    yield count(
        "tests.rejecting", "Tests by group with p below 5%, before any adjustment", rejected, "p-values",
        n=tests.notna().sum().sum(), method="the battery of event-study tests",
        note="a count: no interval; the tests are not independent",
    )  # fmt: skip
    yield Table(
        rows.assign(test=rows["test"].str.replace("_", " ")),
        f"{count_of(rejected)} of the battery's p-values {'is' if rejected == 1 else 'are'} below five "
        "percent",
        "P-values, each group over all releases; the permutation of dates is the headline, the others assume "
        "more", row_label="test",
    )  # fmt: skip


def held_after(
    returns: pd.DataFrame,
    releases: pd.DataFrame,
    *,
    groups: Mapping[str, Sequence[str]] = STUDIED,
    benchmark: str = "RSP",
    window: Window = (0, 20),
) -> Shown:
    """Calendar-time portfolios: each group held for weeks after every release, against the benchmark.

    Releases whose weeks overlap hold the group once. Interval by the t distribution. Columns group, days,
    alpha (a day), se, ci_low, ci_high, p_value, detectable.
    """
    portfolios, market = portfolios_and_market(returns, groups, benchmark)
    rows = []
    for group in portfolios.columns:
        found = calendar_time_portfolio(
            portfolios[[group]], releases[["event", "date"]], window=window, market=market
        )
        days, error = len(found.returns), found.standard_error
        half = float(stats.t.ppf(0.975, days - 2)) * error
        ends = {"ci_low": found.alpha - half, "ci_high": found.alpha + half, "p_value": found.p_value}
        least = float(detectable(error, freedom=days - 2))
        rows.append(
            {"group": group, "days": days, "alpha": found.alpha, "se": error, **ends, "detectable": least}
        )
    page = partial(_held, benchmark=benchmark, window=window)
    return InPercent(pd.DataFrame(rows), page, value="alpha")


def _held(rows: pd.DataFrame, benchmark: str, window: Window) -> Iterator[Part]:
    """The weeks after."""
    for row in rows.to_dict("records"):
        yield move(
            f"alpha.{key_of(row['group'])}",
            f"Abnormal return a day while held after releases, {named(row['group'])}", row,
            value="alpha", scale=1e4, unit="basis points", n=row["days"], role="robustness",
            method=f"calendar-time portfolio, days {label(window)}, market model, HC1",
            note=f"p = {row['p_value']:.3f}; smallest found with 80% probability "
            f"{1e4 * row['detectable']:.0f}",
        )  # fmt: skip
    scaled = rows.assign(
        group=rows["group"].map(named), **(1e4 * rows[["alpha", "ci_low", "ci_high", "detectable"]])
    ).drop(columns="se")
    yield Table(
        scaled, "Held for a month after every release",
        f"Basis points a day beyond {named(benchmark)}, {when(window)}; p-values one at a time",
        labels={
            "days": "days held", "alpha": "abnormal", "ci_low": "95% from", "ci_high": "to", "p_value": "p",
        },
        row_label="group",
    )  # fmt: skip
