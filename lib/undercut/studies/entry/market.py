"""How exposed are closed models, how open is the market, and what does it do when open models get better?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.rivals import charts
from undercut.competition.rivals.exposure import (
    RivalRule,
    exposure,
    exposure_sensitivity,
    open_rivals,
    own_closed_offers,
)
from undercut.competition.rivals.openness import Openness, open_frontier, openness
from undercut.errors import NoVariationError
from undercut.inference.local_projections import LocalProjection, local_projections, permute_shocks
from undercut.prices.hedonic.characteristics import with_characteristics
from undercut.prices.hedonic.time_dummy import hedonic_index
from undercut.report.findings.sentences import p_value
from undercut.result import Axes, Result
from undercut.studies.entry.words import ENDS, SOURCE, direction, pair, percent
from undercut.studies.framed import section
from undercut.studies.presentation import Figure, Number, Part, Sentence


@section
def market(quotes: pd.DataFrame, *, reach: float = 4.0) -> Iterator[Part]:
    """How exposed closed models are to open rivals, month by month, and how open the market is.

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
    sensitivity = exposure_sensitivity(offers, rivals, rules)
    exposed = exposure(offers, rivals, rule=rule)
    now = exposed[exposed["period"].eq(exposed["period"].max()) & exposed["why_not"].eq("")]
    shares = now.groupby("rivals")["is_exposed"].mean()
    counts = now["rivals"].value_counts()
    ratio = float(np.exp(now.loc[now["rivals"].eq("any"), "undercut"].median()))
    yield Sentence(sample(quotes, exposed, rule))
    label = "Offers of closed models with an open rival within reach, last month"
    for key, text, group, value, unit in (
        ("exposed_share", label, "any", 100 * shares["any"], "%"),
        ("exposed_share_chinese", "The same with Chinese rivals", "CN", 100 * shares["CN"], "%"),
        (
            "price_ratio", "Price of exposed closed models over the cheapest open rival within reach, "
            "median, last month", "any", ratio, "x",
        ),
    ):  # fmt: skip
        yield Number(
            key, text, float(value), unit, n=int(counts[group]), role="descriptive",
            note="a count of what is on sale: no interval",
        )  # fmt: skip
    yield from _exposure_figures(exposed, sensitivity, shares, ratio)
    yield from _openness(openness(quotes))


def sample(quotes: pd.DataFrame, exposed: pd.DataFrame, rule: RivalRule) -> str:
    """What is compared, in counts."""
    own = exposed[exposed["rivals"].eq("any")]
    scored = own.loc[own["why_not"].eq(""), "model_id"].nunique()
    is_open = quotes["access"].isin(rule.accesses) & quotes["eci"].notna()
    rivals = quotes.loc[is_open, "model_id"].nunique()
    return (
        f"{own['model_id'].nunique()} closed models at their own developers, {scored} of them with a "
        f"capability score, and {rivals} open ones with a score, from {own['period'].min()} to "
        f"{own['period'].max()}."
    )


def _exposure_figures(
    exposed: pd.DataFrame, sensitivity: pd.DataFrame, shares: pd.Series, ratio: float
) -> Iterator[Part]:
    known = exposed[exposed["why_not"].eq("")].groupby(["rivals", "period"])
    reach = (
        f"{shares['any']:.0%} of closed models have an open rival in reach, {shares['CN']:.0%} a Chinese "
        f"one, {shares['other']:.0%} another"
    )
    yield Figure(
        "exposure", lambda: charts.exposure_over_time(exposed, finding=reach),
        alt="Share of closed models with an open rival in reach by origin of the rival; last month "
        f"{shares.round(2).to_dict()}", data=known["is_exposed"].mean().reset_index(),
    )  # fmt: skip
    last = sensitivity["observed_on"].eq(sensitivity["observed_on"].max())
    spread = sensitivity[last].set_index("rule")["share_exposed"]
    by_rule = f"From {spread.min():.0%} to {spread.max():.0%} are exposed, by how near is near"
    told = "; ".join(f"{name} {value:.0%}" for name, value in spread.items())
    yield Figure(
        "exposure_by_rule", lambda: charts.exposure_by_rule(sensitivity, finding=by_rule),
        alt=f"Share of closed models exposed under several reaches; last month {told}",
        data=sensitivity,
    )  # fmt: skip
    dear = (
        f"The median exposed closed model asks {ratio:.0f} times the price of the cheapest open rival near it"
        if ratio >= 1
        else f"The median exposed closed model costs {ratio:.0%} of the cheapest open rival near it"
    )
    yield Figure(
        "price_ratio", lambda: charts.exposure_over_time(exposed, measure="undercut", finding=dear),
        alt="Median ratio of the closed price to the cheapest open rival in reach, by origin of the rival; "
        f"last month {ratio:.1f}", data=known["undercut"].median().reset_index(),
    )  # fmt: skip


def _openness(found: Openness) -> Iterator[Part]:
    periods = found.periods
    then, today = periods.iloc[0], periods.iloc[-1]
    heading = (
        f"Open weights: {then['share_open_models']:.0%} of models on sale in {_month(then['period'])}, "
        f"{today['share_open_models']:.0%} in {_month(today['period'])}"
    )
    yield Figure(
        "openness", lambda: charts.openness_over_time(periods, finding=heading),
        alt=found.summary(), data=periods,
    )  # fmt: skip
    gap = Number(
        "frontier_distance",
        "Best closed minus best open model on sale, points of capability, last month",
        today["distance"], "points", ci=pair(today["distance_low"], today["distance_high"]),
        method="errors of the two scores", note=today["distance_note"], role="descriptive",
    )  # fmt: skip
    yield gap
    place = "behind" if today["distance"] >= 0 else "ahead of"
    between = f" ({gap.interval})" if gap.interval else ""
    yield Sentence(
        f"In {today['period']} the best open model on sale is {gap.size} {place} the best closed one"
        f"{between}; open offers are the cheapest at {today['share_levels_open']:.0%} of capability levels."
    )


def _month(period: object) -> str:
    return f"{pd.Timestamp(str(period)):%B %Y}"


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

    def parts(self) -> Iterator[Part]:
        """The whole market after a jump of the open frontier."""
        response, last = self.response, self.horizon
        words = {"below": "fell", "above": "rose", "neither": "did not measurably move"}
        ends = {month: self.moved(month)[1:] for month in (0, last)}
        at_once, later = (direction(low, high, **words) for low, high in ends.values())
        heading = f"When open models got better, closed prices {at_once} at once"
        both = "or" if at_once == words["neither"] else "and"
        heading += f" {both} in {last} months" if at_once == later else f", {later} in {last} months"

        def draw() -> Any:
            import matplotlib.pyplot as plt

            axes = response.plot(plt.subplots(figsize=(7.6, 3.8))[1])
            axes.set(xlabel="months since the jump", ylabel="log points")
            measure = "Response of the log quality-adjusted price of closed models, 95% intervals"
            return plots.headline(axes, heading, measure, source=SOURCE)

        end = response.response.loc[last]
        yield Figure(
            "local_projection", draw, data=response.response,
            alt=f"Response by horizon with its interval; at {last} months {end['estimate']:.3f} "
            f"({end['ci_low']:.3f} to {end['ci_high']:.3f})",
        )  # fmt: skip
        for month in dict.fromkeys((0, last // 2, last)):
            row, (estimate, low, high) = response.response.loc[month], self.moved(month)
            yield Number(
                f"projection.{month}_months",
                f"Closed price index {month} months after the open frontier rose by a point", estimate, "%",
                ci=(low, high), n=int(row["n_observations"]), role="robustness",
                method=f"local projection, {response.n_shocks} jumps; of shifted jumps "
                f"{p_value(row['p_permutation'])}; smallest fall found {self.smallest_fall(month):.1f}%",
            )  # fmt: skip
        yield Sentence(
            f"{response.n_shocks} jumps in {self.months} months. {' '.join(response.warnings)} The index is "
            "estimated itself and falls throughout, and jumps are not experiments: an association."
        )


def jump(quotes: pd.DataFrame, *, months_after: int = 6) -> Jump:
    """Local projections of the closed price index on jumps of the open frontier."""
    series = frontier_and_index(quotes)
    if not np.ptp(series["shock"]):
        raise NoVariationError("The open frontier never rose in these months.")
    fit = local_projections(series, horizons=months_after, outcome="log_index", shock="shock", lags=1)
    return Jump(response=permute_shocks(fit), months=len(series), horizon=months_after)
