"""How did groups of shares respond to releases: one by one, on average, and by the strength of the dose?

Each group is one equal-weight portfolio, so that a release is one observation of a group however its members
move together, and whatever else is asked (many releases, many groups) is adjusted for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

import numpy as np
import pandas as pd
from scipy import stats

from undercut.errors import DuplicateRowsError, InputError, OutsideDataError
from undercut.eventstudy.battery import ALL, pools
from undercut.eventstudy.calendar_time import calendar_time_portfolio
from undercut.eventstudy.model import event_study
from undercut.eventstudy.permutation import Permutation, permute_dates
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.sample import Pool
from undercut.eventstudy.windows import Window, label
from undercut.inference.arrays import Floats
from undercut.inference.detectable import detectable
from undercut.inference.multiple_testing import benjamini_hochberg, romano_wolf
from undercut.sources.returns import load_returns
from undercut.studies.stocks.shown import Shown
from undercut.studies.stocks.universe import GROUPS, group_portfolios

#: The groups of the study, chosen by what they sell, not by how they moved.
STUDIED: Final[Mapping[str, tuple[str, ...]]] = {
    name: GROUPS[name] for name in ("chips", "power", "clouds", "software", "Chinese platforms")
}
#: The headline benchmark of equal weights, and the usual one, which the large AI names dominate.
BENCHMARKS: Final = ("RSP", "SPY")
#: Releases below which no slope is estimated.
FEWEST: Final = 5
#: What can make a release a stronger dose, and the unit of each.
DOSES: Final[Mapping[str, str]] = {
    "proximity": "points nearer to the best closed model",
    "halvings": "halvings of the price of the cheapest closed model of at least that capability",
}


@dataclass(frozen=True, slots=True)
class Responses(Shown):
    """Abnormal returns of groups around releases.

    Attributes
    ----------
    rows : pandas.DataFrame
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

    presenter: ClassVar[str] = "pages_releases:responses"
    value: ClassVar[str] = "caar"

    study: EventStudy
    each: pd.DataFrame
    left_out: pd.DataFrame
    releases: pd.DataFrame
    options: dict[str, Any]
    data_kind: Literal["real", "sample"]

    @property
    def mean(self) -> pd.DataFrame:
        """One row a group, and one for all of them."""
        return self.rows

    @property
    def tested(self) -> pd.DataFrame:
        """Releases with returns enough to test."""
        return self.releases[self.releases["event"].isin(self.each["event"])]

    @property
    def window(self) -> str:
        """Days that are summed, as text."""
        return label(self.study.abnormal.windows.event)

    def table(self) -> pd.DataFrame:
        """The mean response of each group."""
        return self.rows.copy()

    def to_frame(self) -> pd.DataFrame:
        """The response of each group to each release."""
        return self.each.copy()

    def summary(self) -> str:
        """The mean responses as text."""
        return self.study.summary()

    def mean_of(self, group: str) -> pd.Series:
        """The row of one group in ``mean``."""
        return self.rows.set_index("group").loc[group]


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
    each = _each(study, draws, seed)
    each = each.assign(place=each["group"].map(order)).sort_values(["date", "place"]).drop(columns="place")
    mean = mean_responses(study, draws, seed).sort_values("group", key=lambda column: column.map(order))
    given = {"groups": groups, "benchmark": benchmark, "draws": draws, "seed": seed, **options}
    return Responses(
        mean.reset_index(drop=True), study, each.reset_index(drop=True), left_out, releases, given,
        kind_of(returns),
    )  # fmt: skip


def kind_of(returns: pd.DataFrame) -> Literal["real", "sample"]:
    """``sample`` where any of the returns is from the shipped sample."""
    return "sample" if "source" in returns.columns and (returns["source"] == "sample").any() else "real"


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
        "; ".join(filter(None, (_reason(note) for note in study.warnings if note.startswith(f"{event}: "))))
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
    plain = np.array([result.p_value for result in drawn.results])
    statistics = np.array([result.statistic for result in drawn.results])
    return {
        "p_permutation": plain,
        "p_bh": benjamini_hochberg(plain),
        "p_rw": romano_wolf(statistics, drawn.null),
    }


@dataclass(frozen=True, slots=True)
class Held(Shown):
    """Each group held for weeks after every release.

    Columns group, days, alpha (a day), se, ci_low, ci_high, p_value, detectable.
    """

    presenter: ClassVar[str] = "pages_releases:held"
    value: ClassVar[str] = "alpha"

    benchmark: str
    window: Window


def held_after(
    returns: pd.DataFrame,
    releases: pd.DataFrame,
    *,
    groups: Mapping[str, Sequence[str]] = STUDIED,
    benchmark: str = "RSP",
    window: Window = (0, 20),
) -> Held:
    """Calendar-time portfolios: each group held for weeks after every release, against the benchmark.

    Releases whose weeks overlap hold the group once. Interval by the t distribution.
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
    return Held(pd.DataFrame(rows), benchmark, window)


@dataclass(frozen=True, slots=True)
class Slopes(Shown):
    """Slopes of responses on doses.

    Columns dose, group, n, slope (decimals of return per unit of the dose), se, ci_low, ci_high,
    p_permutation, p_rw (adjusted for all groups of the dose), detectable (smallest slope found with 80%
    probability).
    """

    presenter: ClassVar[str] = "pages_releases:slopes"
    value: ClassVar[str] = "slope"

    found: Responses


def dose_slopes(
    found: Responses, *, doses: Sequence[str] = tuple(DOSES), draws: int = 4_999, seed: int = 0
) -> Slopes:
    """Did releases with a stronger dose move a group more? `slopes_of` for the studied releases."""
    return Slopes(slopes_of(found.each, found.tested, doses=doses, draws=draws, seed=seed), found)


def slopes_of(
    each: pd.DataFrame,
    releases: pd.DataFrame,
    *,
    doses: Sequence[str],
    size: bool = False,
    draws: int = 4_999,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Did releases with a stronger dose move a group more? A regression across releases, by group and dose.

    Parameters
    ----------
    each : pandas.DataFrame
        From `Responses.each`: event, group, car.
    releases : pandas.DataFrame
        event and the doses; a release without a dose is left out of that dose's regressions.
    doses : sequence of str
        Numeric columns.
    size : bool
        Regress the absolute response instead: did shares move more, whichever way?
    draws, seed
        Permutations of the doses among the releases.

    Returns
    -------
    pandas.DataFrame
        dose, group, n, slope (decimals of return per unit of the dose), se, ci_low, ci_high, p_permutation,
        p_rw (adjusted for all groups of the dose), detectable (smallest slope found with 80% probability).

    Notes
    -----
    :math:`CAR_e = a + b\,d_e + u_e` by least squares with HC3 errors; interval by t with n - 2 degrees of
    freedom. The p-value permutes the doses among releases and compares the studentised slopes: exact where
    the dose has nothing to do with the response, and approximate where it moves the variance only (DiCiccio
    and Romano 2017). The same permutation serves all groups, so Romano-Wolf knows how they move together.

    References
    ----------
    MacKinnon and White (1985), J. Econometrics 29; DiCiccio and Romano (2017), Robust permutation tests for
    correlation and regression coefficients, J. American Statistical Association 112.

    Raises
    ------
    InputError
        A dose is no column, has too few releases, or hangs on a single one.
    """
    wide = each.pivot_table(index="event", columns="group", values="car").dropna()
    wide = wide[list(dict.fromkeys(each["group"]))]
    parts = []
    for dose in doses:
        if dose not in releases.columns:
            raise InputError(
                f"The releases have no column {dose!r}; doses are numeric columns such as proximity."
            )
        strength = releases.set_index("event")[dose].astype(float).reindex(wide.index).dropna()
        if len(strength) < FEWEST or strength.value_counts().iloc[0] > len(strength) - 2:
            raise InputError(
                f"{len(strength)} studied releases have a {dose}, or too few of them differ in it: a slope "
                f"needs {FEWEST} releases, at least two of which differ from the others."
            )
        outcome = wide.loc[strength.index].to_numpy()
        found = _slopes(strength.to_numpy(), np.abs(outcome) if size else outcome, draws, seed)
        parts.append(found.assign(dose=dose, group=wide.columns, n=len(strength)))
    columns = ["dose", "group", "n", "slope", "se", "ci_low", "ci_high", "p_permutation", "p_rw"]
    return pd.concat(parts, ignore_index=True)[[*columns, "detectable"]]


def _slopes(dose: Floats, outcome: Floats, draws: int, seed: int) -> pd.DataFrame:
    """Slopes of each column of ``outcome`` (n_releases, n_groups) on ``dose`` (n_releases,)."""
    rng = np.random.default_rng(seed)
    shuffled = np.array([rng.permutation(dose) for _ in range(draws)])  # (n_draws, n_releases)
    slope, error = hc3_slopes(dose[None, :], outcome)
    null_slope, null_error = hc3_slopes(shuffled, outcome)
    ratio, null = (slope / error)[0], null_slope / null_error
    freedom = len(dose) - 2
    half = stats.t.ppf(0.975, freedom) * error[0]
    exceeding = (np.abs(null) >= np.abs(ratio) * (1 - 1e-12)).sum(axis=0)
    return pd.DataFrame(
        {
            "slope": slope[0], "se": error[0], "ci_low": slope[0] - half, "ci_high": slope[0] + half,
            "p_permutation": (1 + exceeding) / (1 + draws), "p_rw": romano_wolf(ratio, null),
            "detectable": detectable(error[0], freedom=freedom),
        }
    )  # fmt: skip


def hc3_slopes(dose: Floats, outcome: Floats) -> tuple[Floats, Floats]:
    """Slopes and HC3 errors of every outcome on every version of one regressor, with an intercept.

    Parameters
    ----------
    dose : numpy.ndarray
        Shape (n_versions, n).
    outcome : numpy.ndarray
        Shape (n, n_outcomes).

    Returns
    -------
    tuple of numpy.ndarray
        Each of shape (n_versions, n_outcomes).
    """
    centred = dose - dose.mean(axis=1, keepdims=True)
    above = outcome - outcome.mean(axis=0)
    total = (centred**2).sum(axis=1, keepdims=True)
    slope = centred @ above / total
    leverage = 1 / dose.shape[1] + centred**2 / total  # (n_versions, n)
    residual = above[None] - centred[:, :, None] * slope[:, None, :]
    scaled = centred[:, :, None] * residual / (1 - leverage[:, :, None])
    return slope, np.sqrt((scaled**2).sum(axis=1)) / total
