"""What does report 07 compute about exposure, launches, cuts and the whole market?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from undercut.competition.rivals import charts
from undercut.competition.rivals.exposure import (
    RivalRule,
    closed_rivals,
    exposure,
    exposure_sensitivity,
    open_rivals,
    own_closed_offers,
)
from undercut.competition.rivals.hazard import cut_sizes, event_hazard, hazard_coefficient
from undercut.competition.rivals.launch_prices import (
    launch_price_effect,
    launches,
    launches_apart,
    quick_coefficient,
)
from undercut.competition.rivals.openness import open_frontier, openness
from undercut.competition.rivals.placebos import Kind, placebo_test
from undercut.competition.rivals.price_cuts import offers_at_risk, with_doses
from undercut.errors import NoVariationError, UndercutError
from undercut.inference.incidence import cumulative_incidence
from undercut.inference.local_projections import LocalProjection, local_projections, permute_shocks
from undercut.inference.placebos import PlaceboResult
from undercut.inference.specifications import run_specifications
from undercut.prices.hedonic.characteristics import with_characteristics
from undercut.prices.hedonic.time_dummy import hedonic_index
from undercut.result import Axes, Result
from undercut.studies.entry.dose import Dose
from undercut.studies.entry.estimates import BEYOND, ENDS, Headline, Table, percent, placebo_table


class Market(Result, kw_only=True):
    """How exposed closed models are, under several rules, and how open the market is.

    Attributes
    ----------
    quotes, exposed, sensitivity, openness : DataFrame
        Monthly quotes; from `exposure`; from `exposure_sensitivity`; by month.
    rule : RivalRule
    summary_of_openness : str
    """

    quotes: pd.DataFrame
    exposed: pd.DataFrame
    sensitivity: pd.DataFrame
    openness: pd.DataFrame
    rule: RivalRule
    summary_of_openness: str

    def to_frame(self) -> pd.DataFrame:
        """One row an own offer of a closed model, month and group of rivals."""
        return self.exposed.copy()

    def table(self) -> pd.DataFrame:
        """Who is exposed to whom in the last month."""
        now = self.exposed[self.exposed["period"].eq(self.exposed["period"].max())]
        columns = ["model_id", "developer", "eci", "price", "best_model_id", "gap", "in_reach", "undercut"]
        return now.loc[now["rivals"].eq("any") & now["why_not"].eq(""), columns].reset_index(drop=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Share of closed models with an open rival in reach."""
        return charts.exposure_over_time(self.exposed, ax=ax)


def market(quotes: pd.DataFrame, *, reach: float = 4.0) -> Market:
    """The exposure of closed models to open rivals, month by month.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`.
    reach : float
        Points of capability by which an open model may lie behind and count as a rival.
    """
    rule = RivalRule(reach=reach, width=2 * reach)
    offers, rivals = own_closed_offers(quotes), open_rivals(quotes)
    rules = {
        f"{points:g} point" + "s" * (points != 1): RivalRule(reach=points)
        for points in sorted({1.0, 2.0, reach, 8.0})
    }
    found = openness(quotes)
    return Market(
        quotes=quotes, exposed=exposure(offers, rivals, rule=rule), rule=rule, openness=found.periods,
        sensitivity=exposure_sensitivity(offers, rivals, rules), summary_of_openness=found.summary(),
    )  # fmt: skip


def launch_samples(
    quotes: pd.DataFrame, releases: pd.DataFrame, *, reach: float = 4.0
) -> dict[str, pd.DataFrame]:
    """Launches of closed models with doses of exposure: all, apart from open releases, by rivals' origin."""
    rule, plain, rivals = RivalRule(reach=reach, width=2 * reach), launches(quotes), open_rivals(quotes)
    new = with_doses(plain, rivals, rule=rule)
    groups = {"Chinese rivals": "CN", "other rivals": "other"}
    return {"all launches": new, "apart from open releases": launches_apart(new, releases)} | {
        name: with_doses(plain, rivals, rule=rule, group=group) for name, group in groups.items()
    }


_PLAIN: Final = {"capability and time": ("eci", "calendar")}


def launch_table(
    samples: Mapping[str, pd.DataFrame],
    *,
    doses: Sequence[str] = ("is_exposed", "closeness"),
    controls: Mapping[str, Sequence[str]] = _PLAIN,
    draws: int = 999,
    seed: int = 0,
) -> Table:
    """Launch prices on exposure, for several samples, doses and sets of controls.

    Parameters
    ----------
    samples : mapping of label to DataFrame
        Launches with doses.
    doses, draws, seed
        As in :func:`undercut.competition.rivals.launch_prices.launch_price_effect`.
    controls : mapping of label to columns

    Returns
    -------
    Table
        ``sample, dose, controls, estimate, low, high`` (percent of the launch price for one unit of the
        dose), ``p_value, launches, developers``, ``detectable_fall`` (smallest fall found with 80% power,
        percent, positive), ``why_not``. An end beyond :data:`BEYOND` percent says nothing and is given as
        infinite.
    """

    def estimate(*, sample: str, dose: str, controls: str) -> dict[str, Any]:
        found = launch_price_effect(
            samples[sample], dose=dose, controls=named[controls], draws=draws, seed=seed, terms="dose"
        )
        ends = {name: float(percent(found.effect[name])) for name in ENDS}
        ends["high"] = ends["high"] if ends["high"] <= BEYOND else np.inf
        return ends | {
            "p_value": found.effect["p_value"], "launches": found.launches, "developers": found.clusters,
            "detectable_fall": -float(percent(-found.detectable.effect)),
        }  # fmt: skip

    named = controls
    return Table(
        frame=run_specifications(
            estimate, {"sample": tuple(samples), "dose": doses, "controls": tuple(controls)}
        )
    )


def launch_prices(samples: Mapping[str, pd.DataFrame], *, draws: int = 999, seed: int = 0) -> Table:
    """`launch_table` of every sample, and of all launches with the predecessor's price held fixed."""
    before = {"and predecessor's price": ("eci", "calendar", "log_previous_price")}
    every = launch_table(samples, draws=draws, seed=seed)
    first = {"all launches": samples["all launches"]}
    chained = launch_table(first, controls=before, draws=draws, seed=seed)
    return Table(frame=pd.concat([every.frame, chained.frame], ignore_index=True))


class LaunchPage(Result, kw_only=True):
    """Launch prices of closed models: the headline's table with the samples behind it."""

    headline: Headline
    samples: Mapping[str, pd.DataFrame]

    def to_frame(self) -> pd.DataFrame:
        """Every estimate."""
        return self.headline.launch.to_frame()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Launch price against capability."""
        return charts.launch_prices(self.samples["all launches"], ax=ax)


class LaunchChecks(Table, kw_only=True):
    """Placebos of launch prices and of the hazard; ``by_closed``: closed rivals in the place of open ones."""

    by_closed: pd.DataFrame


def launch_checks(
    quotes: pd.DataFrame, new: pd.DataFrame, *, reach: float, draws: int, placebos: int
) -> LaunchChecks:
    """The regressions of launch prices and of cuts where open rivals did nothing; ``new``: all launches."""
    rule, rivals = RivalRule(reach=reach, width=2 * reach), open_rivals(quotes)
    tests: dict[str, PlaceboResult | UndercutError] = {}

    def add(name: str, rows: pd.DataFrame, estimate: Any, kind: Kind, dose: str) -> None:
        options: dict[str, Any] = {"kind": kind, "draws": placebos, "rule": rule, "doses": (dose,)}
        try:
            tests[name] = placebo_test(rows, rivals, estimate, **options)
        except UndercutError as error:
            tests[name] = error

    for kind in get_args(Kind):
        for dose in ("is_exposed", "closeness"):
            add(f"{kind}, {dose}", new, quick_coefficient(new, dose=dose), kind, dose)
    at_risk = offers_at_risk(quotes)
    add("fake dates, hazard of a cut", at_risk, hazard_coefficient, "fake dates", "closeness")
    by_closed = RivalRule(reach=reach, width=2 * reach, accesses=("closed",))
    sample = with_doses(new, closed_rivals(quotes), rule=by_closed)
    return LaunchChecks(
        frame=placebo_table(tests), by_closed=launch_table({"closed rivals": sample}, draws=draws).frame
    )


class Cuts(Table, kw_only=True):
    """Hazards of cuts, rises and withdrawals; sizes of changes; what becomes of prices with age.

    Attributes
    ----------
    counts : mapping of outcome to int
    sizes, incidence : DataFrame
    """

    counts: Mapping[str, int]
    sizes: pd.DataFrame
    incidence: pd.DataFrame


def cuts(quotes: pd.DataFrame, *, reach: float = 4.0, draws: int = 999) -> Cuts:
    """Whether list prices are cut sooner when an open rival is near.

    Returns
    -------
    Cuts
        ``event, dose, estimate, low, high`` (hazard ratios), ``p_value, events, rows, developers`` (with the
        event), ``detectable`` (smallest ratio above one found with 80% power), ``why_not``.
    """
    rule = RivalRule(reach=reach, width=2 * reach)
    rows = with_doses(offers_at_risk(quotes), open_rivals(quotes), rule=rule)
    return Cuts(
        frame=hazard_table(rows, draws=draws), counts=rows["outcome"].value_counts().to_dict(),
        sizes=cut_sizes(rows, draws=draws), incidence=cumulative_incidence(rows, draws=draws),
    )  # fmt: skip


def hazard_table(
    rows: pd.DataFrame,
    *,
    events: Sequence[str] = ("cut", "rise", "withdrawn"),
    doses: Sequence[str] = ("is_exposed", "closeness"),
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Hazard ratios of every event for every dose, one row each; see `cuts`."""

    def estimate(*, event: Any, dose: str) -> dict[str, Any]:
        found = event_hazard(rows, event=event, dose=dose, terms="dose", draws=draws, seed=seed)
        with np.errstate(over="ignore"):  # an end that is not bounded stays so
            ratio = {name: float(np.exp(found.effect[name])) for name in ENDS}
        return ratio | {
            "p_value": found.effect["p_value"], "events": found.events, "rows": found.rows,
            "developers": found.clusters_with_events, "detectable": float(np.exp(found.detectable.effect)),
        }  # fmt: skip

    return run_specifications(estimate, {"event": events, "dose": doses})


def frontier_and_index(quotes: pd.DataFrame) -> pd.DataFrame:
    """Monthly log of the quality-adjusted price of closed models and rises of the open frontier.

    Returns
    -------
    DataFrame
        ``period, log_index`` (hedonic index of the developers' own closed offers, capability held fixed,
        developer effects), ``shock`` (points by which the best open model on sale so far rose), in order,
        months without an index left out at the ends.
    """
    own = quotes["host_kind"].eq("developer") & quotes["access"].eq("closed")
    index = hedonic_index(with_characteristics(quotes[own])).index["index"]
    frontier = open_frontier(quotes).cummax()
    found = pd.DataFrame({"log_index": np.log(index), "shock": frontier.diff()}).dropna()
    return found.rename_axis("period").reset_index()


class Jump(Result, kw_only=True):
    """The whole market after a jump of the open frontier; see :func:`jump`."""

    response: LocalProjection
    months: int
    horizon: int = field(default=6)

    def to_frame(self) -> pd.DataFrame:
        """The response by month since the jump, in log points."""
        return self.response.to_frame()

    def plot(self, ax: Axes | None = None) -> Axes:
        """The response with its interval."""
        return self.response.plot(ax)

    def moved(self, month: int) -> tuple[float, float, float]:
        """Estimate and ends of the interval at a month, percent."""
        row = self.response.response.loc[month]
        estimate, low, high = (float(percent(row[name])) for name in ENDS.values())
        return estimate, low, high

    def smallest_fall(self, month: int) -> float:
        """Smallest fall that would have been found, percent."""
        return -float(percent(-self.response.smallest_detectable(month).effect))


def jump(quotes: pd.DataFrame, *, months_after: int = 6) -> Jump:
    """Local projections of the closed price index on jumps of the open frontier."""
    series = frontier_and_index(quotes)
    if not np.ptp(series["shock"]):
        raise NoVariationError("The open frontier never rose in these months.")
    fit = local_projections(series, horizons=months_after, outcome="log_index", shock="shock", lags=1)
    return Jump(response=permute_shocks(fit), months=len(series), horizon=months_after)


class Bearing(Result, kw_only=True):
    """How much each number can bear: identified, association or assumption."""

    dose: Dose
    headline: Headline
    cuts: Cuts
    jump: Jump

    def to_frame(self) -> pd.DataFrame:
        """The headline's estimates."""
        return self.headline.to_frame()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Every estimate with its interval."""
        return self.headline.plot(ax)
