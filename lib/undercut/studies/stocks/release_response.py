"""How did groups of shares respond to releases, one by one and on average?

Each group is one equal-weight portfolio, so that a release is one observation of a group however its members
move together, and whatever else is asked (many releases, many groups) is adjusted for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from undercut.errors import DuplicateRowsError, OutsideDataError
from undercut.eventstudy.battery import ALL, pools
from undercut.eventstudy.model import event_study
from undercut.eventstudy.permutation import Permutation, permute_dates
from undercut.eventstudy.results import EventStudy, draw_intervals
from undercut.eventstudy.sample import Pool
from undercut.eventstudy.windows import label
from undercut.inference.arrays import Floats
from undercut.inference.detectable import detectable
from undercut.inference.multiple_testing import benjamini_hochberg, romano_wolf
from undercut.result import Axes, Result
from undercut.sources.returns import load_returns
from undercut.studies.presentation import Answer, Figure, Number, Part, Sentence
from undercut.studies.stocks import charts
from undercut.studies.stocks.universe import GROUPS, group_portfolios, kind_of
from undercut.studies.stocks.words import count, key_of, move, moved, named, percent, sides, table, told, when

#: The groups of the study, chosen by what they sell, not by how they moved.
STUDIED: Final[Mapping[str, tuple[str, ...]]] = {
    name: GROUPS[name] for name in ("chips", "power", "clouds", "software", "Chinese platforms")
}
#: The headline benchmark of equal weights, and the usual one, which the large AI names dominate.
BENCHMARKS: Final = ("RSP", "SPY")
#: The group that the report leads with, named before looking.
LEADS = "chips"


class Responses(Result):
    """Abnormal returns of groups around releases.

    Attributes
    ----------
    mean : pandas.DataFrame
        One row a group and one for ``all``: group, n, caar, se, ci_low, ci_high, detectable, p_permutation,
        p_bh and p_rw (adjusted for the groups; missing for ``all``).
    study : EventStudy
        One row a release and group.
    each : pandas.DataFrame
        One row a release and group: event, date, group, car, se, ci_low, ci_high, detectable, n_estimation,
        p_permutation (its date among other dates), p_bh and p_rw (adjusted for all rows).
    left_out : pandas.DataFrame
        Releases that could not be studied: event, date, why.
    releases : pandas.DataFrame
        What was asked about.
    options : dict
        groups, benchmark, draws, seed, and those of the event study.
    data_kind : str
        ``sample`` or ``real``.
    """

    mean: pd.DataFrame
    study: EventStudy
    each: pd.DataFrame
    left_out: pd.DataFrame
    releases: pd.DataFrame
    options: dict[str, Any]
    data_kind: Literal["real", "sample"]

    @property
    def groups(self) -> pd.DataFrame:
        """The mean response of each group alone."""
        return self.mean[self.mean["group"] != "all"]

    @property
    def tested(self) -> pd.DataFrame:
        """Releases with returns enough to test."""
        return self.releases[self.releases["event"].isin(self.each["event"])]

    @property
    def window(self) -> str:
        """Days that are summed, as text."""
        return label(self.study.abnormal.windows.event)

    @property
    def source(self) -> str:
        """The line below figures."""
        whose = "shipped sample" if self.data_kind == "sample" else "own file or download"
        return (
            f"Returns: {whose}; releases: Epoch AI's capability index (CC BY 4.0); "
            f"compared with {named(self.options['benchmark'])}"
        )

    @property
    def method(self) -> str:
        """Days and model of normal returns."""
        return f"{when(self.window)}, {self.study.setup.model.name} model on {self.options['benchmark']}"

    def table(self) -> pd.DataFrame:
        """The mean response of each group."""
        return self.mean.copy()

    def to_frame(self) -> pd.DataFrame:
        """The response of each group to each release."""
        return self.each.copy()

    def summary(self) -> str:
        """The mean responses as text."""
        return self.study.summary()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every mean with its interval."""
        return draw_intervals(self.mean, ax, label="group", value="caar")

    def parts(self) -> Iterator[Part]:
        """How many releases, the mean response of each group, and what could have been missed."""
        yield from _findings(self)
        yield from _responses(self)


def response_returns(source: str) -> pd.DataFrame:
    """Returns of the studied groups' members and of the benchmarks, from a source of returns.

    Parameters
    ----------
    source : str
        As :func:`undercut.load_returns`: ``sample``, ``auto``, ``yahoo``, ``local`` or a path. Files are read
        whole; from ``auto`` and ``yahoo`` the members are asked for by name.

    Examples
    --------
    >>> returns = response_returns("sample")
    >>> {"NVDA", "RSP"} <= set(returns["ticker"])
    True
    """
    wanted = sorted({name for names in STUDIED.values() for name in names} | set(BENCHMARKS))
    if source in ("auto", "yahoo"):
        return load_returns(wanted, source=source, start="2023-01-01")
    held = set(load_returns(None, source=source)["ticker"])
    # Read again by name, so that the provenance says what was used rather than all that the file holds.
    return load_returns([name for name in wanted if name in held], source=source)


def responses(
    returns: pd.DataFrame,
    releases: pd.DataFrame,
    *,
    groups: Mapping[str, Sequence[str]] = STUDIED,
    benchmark: str = "RSP",
    draws: int = 1_999,
    seed: int = 0,
    **options: Any,
) -> Responses:
    """Abnormal return of each group around each release, and over all of them, with permutation of dates.

    Parameters
    ----------
    returns : pandas.DataFrame
        As :func:`undercut.eventstudy.model.event_study`; must hold ``benchmark`` and members of the groups.
    releases : pandas.DataFrame
        ``event`` (unique) and ``date``.
    groups : mapping of str to sequence of str
        Members of each portfolio.
    benchmark : str
        The market of the model of normal returns.
    draws, seed
        Permutations of the dates.
    **options
        Passed to `event_study`: model, window, estimation, min_days, factors.

    Raises
    ------
    DuplicateRowsError
        A release occurs twice.
    DataError
        No release can be studied.

    Notes
    -----
    p_permutation compares a release, or the mean of all, with the same portfolios on dates without a release
    (`permute_dates`). Romano-Wolf uses the same draws for all hypotheses, so it knows how groups move
    together.
    """
    study, left_out = studied(returns, releases, groups, benchmark, options)
    order = {name: place for place, name in enumerate([*groups, ALL])}

    def place(column: pd.Series) -> pd.Series:
        return column.map(order) if column.name == "group" else column

    each = _each(study, draws, seed).sort_values(["date", "group"], key=place, ignore_index=True)
    mean = mean_responses(study, draws, seed).sort_values("group", key=place, ignore_index=True)
    given = {"groups": groups, "benchmark": benchmark, "draws": draws, "seed": seed, **options}
    return Responses(mean, study, each, left_out, releases, given, kind_of(returns))


def studied(
    returns: pd.DataFrame,
    releases: pd.DataFrame,
    groups: Mapping[str, Sequence[str]],
    benchmark: str,
    options: Mapping[str, Any],
) -> tuple[EventStudy, pd.DataFrame]:
    """The event study of every group and release, its complete rows, and the releases left out."""
    twice = releases["event"].duplicated()
    if twice.any():
        raise DuplicateRowsError(f"Release {releases.loc[twice, 'event'].iloc[0]!r} occurs twice.")
    portfolios, market = portfolios_and_market(returns, groups, benchmark)
    events = releases[["event", "date"]].merge(pd.DataFrame({"firm": portfolios.columns}), how="cross")
    study = event_study(portfolios, events.assign(group=events["firm"]), market=market, **options)
    whole = study.abnormal.take(np.isfinite(study.abnormal.car()))
    return EventStudy(study.setup, whole, benchmark), _left_out(releases, study)


def portfolios_and_market(
    returns: pd.DataFrame, groups: Mapping[str, Sequence[str]], benchmark: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Returns of each group, and of the benchmark.

    Raises
    ------
    OutsideDataError
        The benchmark has no returns.
    """
    series = group_portfolios(returns, {**groups, benchmark: [benchmark]})
    if benchmark not in series.columns:
        raise OutsideDataError(f"There are no returns of the benchmark {benchmark}: add it, or name another.")
    return series.drop(columns=benchmark), series[benchmark]


def _left_out(releases: pd.DataFrame, study: EventStudy) -> pd.DataFrame:
    """Releases without any complete row, each with what the engine said of it."""
    whole = np.isfinite(study.abnormal.car())
    missing = releases[~releases["event"].isin(study.abnormal.rows.event[whole])]
    said = [
        "; ".join(
            filter(None, (_reason(note) for note in study.abnormal.warnings if note.startswith(f"{event}: ")))
        )
        for event in missing["event"]
    ]
    return missing[["event", "date"]].assign(why=said).reset_index(drop=True)


def _reason(note: str) -> str:
    """Why a release is missing, without the groups: all of them share one calendar."""
    if "no cumulative abnormal return" in note:
        return "a return or a benchmark is missing on a day of the event window"
    return note.split(": ")[1] if "left out" in note else ""


def _each(study: EventStudy, draws: int, seed: int) -> pd.DataFrame:
    abnormal = study.abnormal
    rows = [Pool(abnormal.take(np.array([i])), f"row {i}") for i in range(len(abnormal.rows))]
    drawn = permute_dates(study.setup, abnormal, groups=rows, draws=draws, seed=seed)
    chosen = ["event", "group", "car", "se", "ci_low", "ci_high", "detectable", "n_estimation"]
    found = study.car()[chosen].assign(date=study.setup.panel.days[abnormal.rows.day])
    return found.assign(**_adjusted(drawn))


def mean_responses(study: EventStudy, draws: int, seed: int) -> pd.DataFrame:
    """Mean response of each group, ``all`` first; columns as `Responses.mean`."""
    last = study.caar().groupby("group", sort=False).tail(1).reset_index(drop=True)
    freedom = [float(pool.abnormal.freedom.mean()) for pool in pools(study.abnormal)]
    drawn = permute_dates(study.setup, study.abnormal, draws=draws, seed=seed)
    adjusted = _adjusted(Permutation(drawn.results[1:], drawn.null[:, 1:], drawn.n_placebo_days))
    whole = (drawn.results[0].p_value, np.nan, np.nan)
    for name, first in zip(adjusted, whole, strict=True):
        last[name] = [first, *adjusted[name]]
    last["detectable"] = detectable(last["se"], freedom=freedom)
    return last[["group", "n", "caar", "se", "ci_low", "ci_high", "detectable", *adjusted]]


def _adjusted(drawn: Permutation) -> dict[str, Floats]:
    plain, statistics = np.array([(result.p_value, result.statistic) for result in drawn.results]).T
    adjusted = romano_wolf(statistics, drawn.null)
    return {"p_permutation": plain, "p_bh": benjamini_hochberg(plain), "p_rw": adjusted}


def _findings(found: Responses) -> Iterator[Number]:
    releases, tested, means = found.releases, found.tested, found.groups
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
            n=row["n"], method=found.method, role="headline" if row["group"] == LEADS else "primary",
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


def _responses(found: Responses) -> Iterator[Part]:
    means, tested = found.groups, found.tested
    clear = means[means["p_rw"] < 0.05]
    verdict = f"{len(clear) or 'none'} of {len(means)} groups of shares moved more than on other days"
    verdict += sides(clear["caar"])
    stated = verdict[0].upper() + verdict[1:]
    first, last = (f"{day:%B %Y}" for day in (tested["date"].min(), tested["date"].max()))
    if (chips := means[means["group"] == LEADS]).empty:
        yield Answer(f"Around {len(tested)} open releases {verdict}; chip makers have no returns here.")
    else:
        yield Answer(
            f"Around {len(tested)} open releases near the frontier chip makers' shares "
            f"{moved(chips.iloc[0], 'caar')}."
        )
    yield Sentence(
        f"{stated} ({first} to {last}), judged over all groups together, with a 5% chance of any false find."
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
            found.mean, finding=stated, source=found.source,
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
