"""Is the price of a closed model cut sooner when an open rival is close?

A discrete-time hazard: the probability that an offer's price is cut until the next month, given that it has
not left the market, as a function of its exposure, its age, its developer's own newer model and the date.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.rivals.coefficients import CoefficientResult, Terms, term_table, weights_for
from undercut.competition.rivals.price_cuts import DOSES
from undercut.errors import InputError, NoVariationError, TooFewError, check_known, need_columns
from undercut.inference.arrays import Floats
from undercut.inference.binary_scores import Link, fit_binary
from undercut.inference.detectable import detectable_effect
from undercut.inference.levels import check_level
from undercut.inference.wild_bootstrap import score_bootstrap, wild_cluster_bootstrap

Event = Literal["cut", "rise", "withdrawn"]
Calendar = Literal["none", "linear", "year"]
#: With fewer events than this for each coefficient, estimates are biased and say so.
EVENTS_PER_TERM: Final = 5
CONTROLS: Final = ("log_age", "has_successor")


class HazardResult(CoefficientResult, kw_only=True):
    """Hazard of one event as a function of a dose of exposure.

    ``terms`` also holds ``ratio``, the exponential of the estimate: a hazard ratio under cloglog, an odds
    ratio under logit. Intervals are by restricted score bootstrap over clusters; an end is infinite where no
    value is rejected. ``detectable`` has degrees of freedom by the clusters in which the event happened.

    Attributes
    ----------
    event, link : str
    rows, events, clusters_with_events : int
    """

    event: str
    link: str
    rows: int
    events: int
    clusters_with_events: int

    def heading(self) -> str:
        """What was estimated, on what."""
        return (
            f"Hazard of {self.event} ({self.link}): {self.events} events in {self.rows} offer-months of "
            f"{self.clusters} {self.cluster}s, {self.clusters_with_events} of them with an event; "
            "score bootstrap."
        )


def event_hazard(
    rows: pd.DataFrame,
    *,
    dose: str = "closeness",
    event: Event = "cut",
    link: Link = "cloglog",
    controls: Sequence[str] = CONTROLS,
    calendar: Calendar = "linear",
    cluster: str = "developer",
    terms: Terms = "all",
    draws: int = 9_999,
    level: float = 0.95,
    seed: int = 0,
) -> HazardResult:
    r"""Discrete-time hazard of a price cut, a rise or a withdrawal.

    Parameters
    ----------
    rows : DataFrame
        From :func:`undercut.competition.rivals.price_cuts.with_doses` on
        :func:`undercut.competition.rivals.price_cuts.offers_at_risk`.
    dose : str
        One of :data:`undercut.competition.rivals.price_cuts.DOSES`.
    event : {"cut", "rise", "withdrawn"}
        The others are competing events: they end or do not end the spell, but are no event.
    link : {"cloglog", "logit"}
    controls : sequence of str
        Columns of ``rows``; a control that does not vary is left out and noted.
    calendar : {"none", "linear", "year"}
        No time, a linear trend, or an effect for every year. Years without an event say nothing about the
        others and are left out, with their rows.
    cluster : str
        Column that shares decisions.
    terms : {"all", "dose"}
        Whether to test the controls too, or the dose alone, which is faster.
    draws, level, seed
        Of the bootstrap.

    Returns
    -------
    HazardResult

    Raises
    ------
    DataError
        A column is missing, no event, events in a single cluster, or no finite estimate exists because the
        regressors separate events from the rest.
    InputError, UnknownNameError
        Options are not usable.

    Notes
    -----
    With :math:`x` the regressors, :math:`h = 1 - \exp(-\exp(x'\beta))` (cloglog: the discrete form of
    proportional hazards, Prentice and Gloeckler 1978) or :math:`h = 1 / (1 + \exp(-x'\beta))` (logit). A
    cut does not end the spell: the price can be cut again, and age goes on from release. Cause-specific
    hazards take the competing events as censoring, as they must (Prentice and others 1978).
    The coefficient is an association given the controls. It is causal only if, given them, models near an
    open rival differ from those far away in nothing else that moves prices.

    References
    ----------
    Prentice, R. L. and Gloeckler, L. A. (1978). Regression analysis of grouped survival data. Biometrics 34,
    57-67. Prentice, R. L. and others (1978). The analysis of failure times in the presence of competing
    risks. Biometrics 34, 541-554. Kline, P. and Santos, A. (2012). A score based approach to wild bootstrap
    inference. Journal of Econometric Methods 1, 23-41.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = pd.DataFrame({"closeness": rng.uniform(size=900), "log_age": rng.uniform(size=900)})
    >>> rows["has_successor"], rows["developer"] = rng.random(900) < 0.3, np.arange(900) % 9
    >>> rows["calendar"], rows["year"], rows["log_change"] = rng.uniform(size=900), "2025", 0.0
    >>> chance = -np.expm1(-np.exp(-3 + rows["closeness"]))
    >>> rows["outcome"] = np.where(rng.random(900) < chance, "cut", "none")
    >>> found = event_hazard(rows, draws=199)
    >>> bool(0 < found.effect["low"] < found.effect["estimate"])  # nearness makes cuts more likely
    True
    """
    check_level(level)
    check_known("choice of terms", terms, get_args(Terms))
    outcome, design, used, dropped, notes = _prepared(rows, dose, event, controls, calendar, cluster)
    groups = used[cluster]
    with_events = int(groups[outcome.eq(1)].nunique())
    tested = {
        term: score_bootstrap(
            outcome, design, groups, coefficient=term, link=link, draws=draws, level=level, seed=seed,
            weights=weights_for(with_events),
        )
        for term in ([dose] if terms == "dose" else design.columns.drop("constant"))
    }  # fmt: skip
    table, error = term_table(tested), tested[dose].std_error
    return HazardResult(
        terms=table.assign(ratio=np.exp(table["estimate"])), dose=dose, event=event, link=link,
        cluster=cluster, rows=len(used), events=int(outcome.sum()), clusters=int(groups.nunique()),
        clusters_with_events=with_events, dropped=dropped, level=level,
        detectable=detectable_effect(error, freedom=with_events - 1, level=level),
        dose_spread=float(design[dose].std()), notes=tuple(notes),
    )  # fmt: skip


def hazard_coefficient(
    rows: pd.DataFrame,
    *,
    dose: str = "closeness",
    link: Link = "cloglog",
    controls: Sequence[str] = CONTROLS,
    calendar: Calendar = "linear",
) -> float:
    """The dose's coefficient on cuts alone, by the same code as :func:`event_hazard`, for placebos."""
    outcome, design, *_ = _prepared(rows, dose, "cut", controls, calendar, "developer")
    found = fit_binary(outcome.to_numpy(float), design.to_numpy(float), np.zeros(len(design)), link)
    return float(found[list(design.columns).index(dose)])


def cut_sizes(
    rows: pd.DataFrame, *, cluster: str = "developer", draws: int = 9_999, level: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Mean log size of cuts and of rises, given that there was one.

    Returns
    -------
    DataFrame
        ``event, changes, clusters, mean_log_change, low, high`` (wild cluster bootstrap with Webb's weights,
        for there are few clusters), ``smallest_detectable`` mean at 80% power, ``median_change`` (relative)
        and ``note``: why there is no interval.
    """
    check_level(level)
    told: list[dict[str, Any]] = []
    for event in ("cut", "rise"):
        changed = rows[rows["outcome"].eq(event)]
        size, groups = changed["log_change"], changed[cluster]
        row: dict[str, Any] = {"event": event, "changes": len(changed), "clusters": groups.nunique()}
        row |= {"mean_log_change": size.mean(), "median_change": float(np.expm1(size.median()))}
        if groups.nunique() < 3:
            row["note"] = f"fewer than three {cluster}s: no interval"
        else:
            constant = pd.DataFrame({"constant": np.ones(len(changed))}, index=changed.index)
            found = wild_cluster_bootstrap(
                size, constant, groups, coefficient="constant", draws=draws, weights="webb", level=level,
                seed=seed,
            )  # fmt: skip
            smallest = detectable_effect(found.std_error, freedom=groups.nunique() - 1, level=level).effect
            row |= {"low": found.ci_low, "high": found.ci_high, "smallest_detectable": smallest, "note": ""}
        told.append(row)
    columns = ["event", "changes", "clusters", "mean_log_change", "low", "high", "smallest_detectable"]
    return pd.DataFrame(told, columns=[*columns, "median_change", "note"])


def _prepared(
    rows: pd.DataFrame, dose: str, event: str, controls: Sequence[str], calendar: str, cluster: str
) -> tuple[pd.Series, pd.DataFrame, pd.DataFrame, dict[str, int], list[str]]:
    """Outcome, design, rows used, rows dropped by reason, and what to beware of."""
    _check(rows, dose, event, controls, calendar, cluster)
    censored = rows["outcome"].eq("censored")
    lacking = ~censored & rows[[dose, *controls]].isna().any(axis=1)
    used = rows[~censored & ~lacking]
    dropped = {"censored": int(censored.sum()), "without the dose or a control": int(lacking.sum())}
    happened = used["outcome"].eq(event)
    if calendar == "year":
        silent = ~happened.groupby(used["year"]).transform("any")
        dropped["of years without an event"] = int(silent.sum())
        used, happened = used[~silent], happened[~silent]
    where = used.loc[happened, cluster].nunique()
    if where < 2:
        raise TooFewError(
            f"The event {event!r} happened {int(happened.sum())} times, in {where} {cluster}s, among rows "
            f"with a known {dose}; at least two are needed. Choose another dose or a wider sample."
        )
    design, notes = _design(used, dose, controls, calendar)
    if happened.sum() < EVENTS_PER_TERM * (design.shape[1] - 1):
        notes.append(
            f"Only {int(happened.sum())} events for {design.shape[1] - 1} coefficients: estimates are biased "
            "away from zero and intervals are wide."
        )
    return happened.astype(float), design, used, dropped, notes


def _design(
    used: pd.DataFrame, dose: str, controls: Sequence[str], calendar: str
) -> tuple[pd.DataFrame, list[str]]:
    """Constant, dose, controls and time; controls are centred so that the constant has a meaning."""
    design = pd.DataFrame({"constant": 1.0, dose: used[dose].astype(float)}, index=used.index)
    notes = []
    if design[dose].nunique() < 2:
        raise NoVariationError(
            f"The dose {dose} does not vary among the rows used; nothing can be said about it."
        )
    names = [*controls, *(["calendar"] if calendar == "linear" else [])]
    for name in names:
        values: Floats = used[name].astype(float).to_numpy()
        if np.ptp(values) == 0:
            notes.append(f"{name} does not vary and was left out.")
            continue
        design[name] = values - values.mean()
    if calendar == "year":
        dummies = pd.get_dummies(used["year"], prefix="year", dtype=float).iloc[:, 1:]
        design = design.join(dummies)
    return design, notes


def _check(
    rows: pd.DataFrame, dose: str, event: str, controls: Sequence[str], calendar: str, cluster: str
) -> None:
    check_known("dose", dose, DOSES)
    check_known("event", event, get_args(Event))
    check_known("calendar", calendar, get_args(Calendar))
    if dose in controls:
        raise InputError(f"{dose} is the dose; leave it out of controls.")
    needed = ["outcome", "log_change", "year", "calendar", dose, cluster, *controls]
    need_columns(rows, needed, "The rows lack", "make them with offers_at_risk and with_doses")
