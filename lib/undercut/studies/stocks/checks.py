"""Does the answer on releases hang on a choice (releases, benchmark, days), and did it change with time?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from undercut.errors import DataError, InputError
from undercut.studies.stocks.release_events import NEAR_DAYS
from undercut.studies.stocks.release_response import (
    BENCHMARKS,
    FEWEST,
    STUDIED,
    Responses,
    dose_slopes,
    responses,
)

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


def release_checks(
    returns: pd.DataFrame,
    releases: pd.DataFrame,
    *,
    listed: pd.DataFrame,
    factors: pd.DataFrame | None = None,
    **options: Any,
) -> pd.DataFrame:
    """The mean response under one changed choice after another.

    Parameters
    ----------
    returns, releases
        As :func:`undercut.studies.stocks.release_response.responses`; the releases from
        :func:`undercut.studies.stocks.release_events.release_events`.
    listed : pandas.DataFrame
        From :func:`undercut.studies.stocks.release_events.listed_releases`.
    factors : pandas.DataFrame, optional
        By date, with ``rf``, from :func:`undercut.load_factors`; adds the rung of factors.
    **options
        Those of the headline.

    Returns
    -------
    pandas.DataFrame
        check, group, n, caar, se, ci_low, ci_high, detectable, p_permutation, why; ``why`` names
        releases of the headline that a check could not test; a check that cannot be made has one row without
        numbers that says why.
    """
    parts: list[pd.DataFrame] = []
    tested: set[str] = set()
    for check in _choices(releases, listed, factors, str(options.get("benchmark", "RSP"))):
        if check.releases.empty:
            parts.append(pd.DataFrame([{"check": check.name, "n": 0, "why": "no release is left"}]))
            continue
        try:
            found = responses(returns, check.releases, **{**options, **check.changes})
        except DataError as reason:
            parts.append(pd.DataFrame([{"check": check.name, "n": 0, "why": str(reason)}]))
            continue
        lost = [row for row in found.left_out.itertuples() if row.event in tested] if parts else []
        tested = tested if parts else set(found.each["event"])
        why = "; ".join(f"{row.event}: {row.why}" for row in lost)
        parts.append(found.mean.drop(columns=["p_bh", "p_rw"]).assign(check=check.name, why=why))
    columns = ["check", "group", "n", "caar", "se", "ci_low", "ci_high", "detectable", "p_permutation", "why"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


def _choices(
    releases: pd.DataFrame, listed: pd.DataFrame, factors: pd.DataFrame | None, benchmark: str
) -> list[Check]:
    shaken = releases["shock"] != ""
    moved = releases["date"].mask(releases["shock_date"].notna(), releases["shock_date"])
    other = next(name for name in BENCHMARKS if name != benchmark)
    chosen = [
        Check("headline", releases),
        Check(f"no other release within {NEAR_DAYS} days", releases[~(releases["near_days"] <= NEAR_DAYS)]),
        Check("no other news in the window", releases[releases["confounders"] == ""]),
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


def trend(found: Responses, releases: pd.DataFrame, *, draws: int = 4_999, seed: int = 0) -> pd.DataFrame:
    """Did responses grow or shrink: by the year, and after the market took notice in January 2025?

    Parameters
    ----------
    found : Responses
        The responses.
    releases : pandas.DataFrame
        event and date.
    draws, seed
        Permutations of the dates among the releases.

    Returns
    -------
    pandas.DataFrame
        measure (``response`` with its sign, or ``size``), comparison (``a year`` or ``after less before``),
        group, n, slope, se, ci_low, ci_high, p_permutation, p_rw, detectable, why. A comparison that cannot
        be made has one row that says why.
    """
    days = releases["date"]
    dated = releases[["event", "date"]].assign(
        year=(days - NOTICED).dt.days / 365.25, after=(days >= NOTICED).astype(float)
    )
    parts = []
    for measure, size in (("response", False), ("size", True)):
        for comparison, dose in (("a year", "year"), ("after less before", "after")):
            label = {"measure": measure, "comparison": comparison}
            try:
                slopes = dose_slopes(found.each, dated, doses=[dose], size=size, draws=draws, seed=seed)
            except InputError as reason:
                parts.append(pd.DataFrame([{**label, "why": str(reason)}]))
                continue
            parts.append(slopes.drop(columns="dose").assign(**label, why=""))
    columns = [
        "measure",
        "comparison",
        "group",
        "n",
        "slope",
        "se",
        "ci_low",
        "ci_high",
        "p_permutation",
        "p_rw",
    ]
    return pd.concat(parts, ignore_index=True).reindex(columns=[*columns, "detectable", "why"])


def battery(found: Responses) -> pd.DataFrame:
    """P-values of every test of the mean response: test, then a column a group.

    Raises
    ------
    DataError
        Fewer than five releases were studied: most tests would say nothing.
    """
    if found.mean["n"].max() < FEWEST:
        raise DataError(f"Fewer than {FEWEST} releases could be studied; the tests need more.")
    tests = found.study.tests([found.study.abnormal.windows.event], permutation=False)
    wide = tests.pivot_table(index="test", columns="group", values="p_value", sort=False)
    first = found.mean.set_index("group")["p_permutation"].rename("permutation").to_frame().T
    groups: Sequence[str] = list(found.mean["group"])
    return pd.concat([first, wide])[groups].rename_axis("test").reset_index()
