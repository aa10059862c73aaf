"""Does the answer on releases hang on a choice (releases, benchmark, days), and did it change with time?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

import pandas as pd

from undercut.errors import DataError, InputError, TooFewError
from undercut.sources.events import MACRO
from undercut.studies.stocks.doses import FEWEST, slopes_of
from undercut.studies.stocks.release_events import NEAR_DAYS
from undercut.studies.stocks.release_response import (
    BENCHMARKS,
    STUDIED,
    Responses,
    mean_responses,
    responses,
    studied,
)
from undercut.studies.stocks.shown import Shown

#: The session on which the market took notice of an open model.
NOTICED: Final = pd.Timestamp("2025-01-27")
_WINDOWS: Final[Mapping[str, tuple[int, int]]] = {
    "the session alone": (0, 0),
    "session and five more": (0, 5),
    "session and ten more": (0, 10),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One changed choice: its name, the releases, and what differs from the headline's options."""

    name: str
    releases: pd.DataFrame
    changes: Mapping[str, Any] = field(default_factory=dict)


class Checks(Shown, page="pages_checks:checks", label="check", value="caar"):
    """The mean response under one changed choice after another.

    Columns check, group, n, caar, se, ci_low, ci_high, detectable, p_permutation, why; ``why`` names releases
    of the headline that a check could not test; one that cannot be made has a row without numbers.
    """

    found: Responses


def release_checks(
    found: Responses,
    returns: pd.DataFrame,
    *,
    listed: pd.DataFrame,
    factors: pd.DataFrame | None = None,
) -> Checks:
    """The mean response under one changed choice after another.

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
    parts = [found.mean.assign(check="headline", why="")]
    for check in _choices(found.releases, listed, factors, found.options["benchmark"]):
        parts.append(_checked(check, found, returns).assign(check=check.name))
    columns = ["check", "group", "n", "caar", "se", "ci_low", "ci_high", "detectable", "p_permutation", "why"]
    return Checks(pd.concat(parts, ignore_index=True).reindex(columns=columns), found)


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


class Trend(Shown, page="pages_checks:trend", value="slope"):
    """Changes of responses over time.

    Columns measure (``response`` with its sign, or ``size``), comparison (``a year`` or ``after less
    before``), group, n, slope, se, ci_low, ci_high, p_permutation, p_rw, detectable, why. A comparison that
    cannot be made has one row that says why.
    """

    found: Responses


def trend(found: Responses, *, draws: int = 4_999, seed: int = 0) -> Trend:
    """Did responses grow or shrink: by the year, and after the market took notice in January 2025?

    Parameters
    ----------
    found : Responses
        The responses.
    draws, seed
        Permutations of the dates among the releases.
    """
    days = found.tested["date"]
    dated = found.tested[["event", "date"]].assign(
        year=(days - NOTICED).dt.days / 365.25, after=(days >= NOTICED).astype(float)
    )
    parts = []
    for measure, comparison in product(("response", "size"), ("a year", "after less before")):
        said = {"measure": measure, "comparison": comparison, "why": ""}
        dose, size = "year" if comparison == "a year" else "after", measure == "size"
        try:
            slopes = slopes_of(found.each, dated, doses=[dose], size=size, draws=draws, seed=seed)
        except InputError as reason:
            parts.append(pd.DataFrame([{**said, "why": str(reason)}]))
            continue
        parts.append(slopes.drop(columns="dose").assign(**said))
    columns = ["measure", "comparison", "group", "n", "slope", "se", "ci_low", "ci_high", "p_permutation"]
    rows = pd.concat(parts, ignore_index=True).reindex(columns=[*columns, "p_rw", "detectable", "why"])
    return Trend(rows, found)


class Battery(Shown, page="pages_checks:battery"):
    """P-values of every test of the mean response: test, then a column a group."""


def battery(found: Responses) -> Battery:
    """P-values of every test of the mean response, the permutation of dates first.

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
    groups: Sequence[str] = list(found.mean["group"])
    return Battery(pd.concat([first, wide])[groups].rename_axis("test").reset_index())


class Confounded(Shown, page="pages_releases:confounded"):
    """Releases beside the news of a company that is itself in a group, with and without it: as
    `Responses.each`, with ``confounders`` and ``developer``."""

    found: Responses


def without_company(
    found: Responses, returns: pd.DataFrame, ticker: str, name: str, group: str
) -> Confounded:
    """The responses of one group with and without a company, around releases beside that company's news."""
    members = [firm for firm in found.options["groups"][group] if firm != ticker]
    options = {**found.options, "groups": {f"{group} without {name}": members}}
    apart = responses(returns, found.releases, **options).each
    beside = found.tested[found.tested["confounders"].str.contains(name)]
    rows = pd.concat([found.each[found.each["group"] == group], apart])
    about = beside[["event", "confounders", "developer"]]
    return Confounded(about.merge(rows, on="event"), found)


class Contrast(Shown, page="pages_releases:by_release", label="event"):
    """Responses of releases beside those of days chosen because the market moved.

    ``rows`` as `Responses.each`, of both.
    """

    found: Responses
    shocks: Responses


def by_release(found: Responses, shocks: Responses) -> Contrast:
    """Every release, and days known because the market moved, which enter no mean."""
    return Contrast(pd.concat([found.each, shocks.each]), found, shocks)


class ShockDays(Shown, page="pages_releases:shock_days", label="event"):
    """Days chosen because the market moved, described: as `Responses.each`."""

    shocks: Responses


def shock_days(shocks: Responses) -> ShockDays:
    """What groups did on days chosen because the market moved; no test is made of them."""
    return ShockDays(shocks.each, shocks)
