"""What does report 07 say and draw about exposure, cuts, launch prices and the whole market?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.rivals import charts
from undercut.report.findings.sentences import p_value
from undercut.studies.entry.estimates import BEYOND, Headline, percent
from undercut.studies.entry.market_estimates import Bearing, Cuts, Jump, LaunchChecks, LaunchPage, Market
from undercut.studies.entry.words import (
    MEASURES,
    SHORT,
    SOURCE,
    direction,
    in_words,
    key_of,
    listed,
)
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table

_PERCENT: Final = "signed_percent"


def market(found: Market) -> Iterator[Part]:
    """How exposed closed models are."""
    exposed = found.exposed
    now = exposed[exposed["period"].eq(exposed["period"].max()) & exposed["why_not"].eq("")]
    shares = now.groupby("rivals")["is_exposed"].mean()
    counts = now["rivals"].value_counts()
    ratio = float(np.exp(now.loc[now["rivals"].eq("any"), "undercut"].median()))
    yield Sentence(sample(found))
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
    yield from _exposure_figures(found, shares, ratio)
    yield from _openness(found)


def sample(found: Market) -> str:
    """What is compared, in counts."""
    own = found.exposed[found.exposed["rivals"].eq("any")]
    scored = own.loc[own["why_not"].eq(""), "model_id"].nunique()
    is_open = found.quotes["access"].isin(found.rule.accesses) & found.quotes["eci"].notna()
    rivals = found.quotes.loc[is_open, "model_id"].nunique()
    return (
        f"{own['model_id'].nunique()} closed models at their own developers, {scored} of them with a "
        f"capability score, and {rivals} open ones with a score, from {own['period'].min()} to "
        f"{own['period'].max()}."
    )


def _exposure_figures(found: Market, shares: pd.Series, ratio: float) -> Iterator[Part]:
    known = found.exposed[found.exposed["why_not"].eq("")].groupby(["rivals", "period"])
    reach = (
        f"{shares['any']:.0%} of closed models have an open rival in reach, {shares['CN']:.0%} a Chinese "
        f"one, {shares['other']:.0%} another"
    )
    yield Figure(
        "exposure", lambda: charts.exposure_over_time(found.exposed, finding=reach),
        alt="Share of closed models with an open rival in reach by origin of the rival; last month "
        f"{shares.round(2).to_dict()}", data=known["is_exposed"].mean().reset_index(),
    )  # fmt: skip
    last = found.sensitivity["observed_on"].eq(found.sensitivity["observed_on"].max())
    spread = found.sensitivity[last].set_index("rule")["share_exposed"]
    by_rule = f"From {spread.min():.0%} to {spread.max():.0%} are exposed, by how near is near"
    told = "; ".join(f"{name} {value:.0%}" for name, value in spread.items())
    yield Figure(
        "exposure_by_rule", lambda: charts.exposure_by_rule(found.sensitivity, finding=by_rule),
        alt=f"Share of closed models exposed under several reaches; last month {told}",
        data=found.sensitivity,
    )  # fmt: skip
    dear = (
        f"The median exposed closed model asks {ratio:.0f} times the price of the cheapest open rival near it"
        if ratio >= 1
        else f"The median exposed closed model costs {ratio:.0%} of the cheapest open rival near it"
    )
    yield Figure(
        "price_ratio", lambda: charts.exposure_over_time(found.exposed, measure="undercut", finding=dear),
        alt="Median ratio of the closed price to the cheapest open rival in reach, by origin of the rival; "
        f"last month {ratio:.1f}", data=known["undercut"].median().reset_index(),
    )  # fmt: skip


def _openness(found: Market) -> Iterator[Part]:
    periods = found.openness
    then, today = periods.iloc[0], periods.iloc[-1]
    heading = (
        f"Open weights: {then['share_open_models']:.0%} of models on sale in {_month(then['period'])}, "
        f"{today['share_open_models']:.0%} in {_month(today['period'])}"
    )
    yield Figure(
        "openness", lambda: charts.openness_over_time(periods, finding=heading),
        alt=found.summary_of_openness, data=periods,
    )  # fmt: skip
    gap = Number(
        "frontier_distance",
        "Best closed minus best open model on sale, points of capability, last month",
        today["distance"], "points", ci=_pair(today["distance_low"], today["distance_high"]),
        method="errors of the two scores", note=today["distance_note"], role="descriptive",
    )  # fmt: skip
    yield gap
    place = "behind" if today["distance"] >= 0 else "ahead of"
    between = f" ({gap.interval})" if gap.interval else ""
    yield Sentence(
        f"In {today['period']} the best open model on sale is {gap.size} {place} the best closed one"
        f"{between}; open offers are the cheapest at {today['share_levels_open']:.0%} of capability levels."
    )


def _plainly(reason: str) -> str:
    """A reason with the doses in words."""
    return reason.replace("known is_exposed", "known number of open rivals within reach")


def cuts(found: Cuts) -> Iterator[Part]:
    """Whether list prices are cut sooner when a rival is near."""
    table = found.frame
    for row in table[table["why_not"].eq("")].itertuples():
        bounded = np.isfinite(row.high)
        yield Number(
            f"hazard.{row.event}_{row.dose}", f"Hazard ratio, {row.event}: {MEASURES[row.dose]}",
            row.estimate, "x", ci=_pair(row.low, row.high), n=int(row.events), role="robustness",
            method=f"complementary log-log, score bootstrap over {row.developers:.0f} developers with the "
            f"event; smallest ratio found {row.detectable:.0f}",
            note="" if bounded
            else f"interval from {row.low:.2f} without an upper end: no value there is rejected",
        )  # fmt: skip
    for row in table[table["why_not"].ne("")].itertuples():
        yield Sentence(f"{row.event.capitalize()} by {SHORT[row.dose]}: no estimate. {_plainly(row.why_not)}")
    counts = {kind: found.counts.get(kind, 0) for kind in ("cut", "rise", "withdrawn")}
    yield Table(
        table.drop(columns=["rows", "why_not"]).round({"low": 2}).replace(np.inf, np.nan),
        title=f"{counts['cut']} real cuts, {counts['rise']} rises and {counts['withdrawn']} withdrawals in "
        "all; fewer with a score", row_label="event",
        subtitle="Hazard ratios, 95% intervals by score bootstrap over developers; a dash for an end that is "
        "not bounded or an estimate that does not exist",
        labels={
            "estimate": "ratio", "low": "95% from", "high": "to", "p_value": "p",
            "detectable": "smallest ratio found",
        },
        formats={"events": "integer", "developers": "integer"},
    )  # fmt: skip
    yield from _sizes(found)
    yield from _ages(found)


def _sizes(found: Cuts) -> Iterator[Part]:
    for row in found.sizes.itertuples():
        if row.changes:
            yield Number(
                f"size.{row.event}", f"Mean size of a {row.event}", float(percent(row.mean_log_change)), "%",
                ci=_pair(float(percent(row.low)), float(percent(row.high))), n=int(row.changes),
                method=f"mean log change, wild cluster bootstrap over {row.clusters} developers",
                note=row.note, role="descriptive",
            )  # fmt: skip
    cut = found.sizes.set_index("event").loc["cut"]
    if not cut["changes"]:
        yield Sentence("No price was cut.")
        return
    left, low, high = (100 * np.exp(cut[name]) for name in ("mean_log_change", "low", "high"))
    between = f"{low:.0f} to {high:.0f}; " if np.isfinite(low) else ""
    yield Sentence(
        f"Given a cut, prices went to {left:.0f}% of what they had been on the geometric mean ({between}"
        f"{cut['changes']} cuts by {cut['clusters']} developers); the median cut took off "
        f"{-100 * cut['median_change']:.0f}%."
    )


def _ages(found: Cuts) -> Iterator[Part]:
    year = found.incidence[found.incidence["month"].eq(12)].set_index("cause")
    share = year["incidence"]
    heading = (
        f"A year after release {share['cut']:.0%} of closed offers had been cut, {share['withdrawn']:.0%} "
        "withdrawn"
    )
    yield Figure(
        "incidence", lambda: charts.incidence(found.incidence, finding=heading), data=found.incidence,
        alt=f"Cumulative incidence by months since release; after twelve months cut {share['cut']:.2f}, "
        f"withdrawn {share['withdrawn']:.2f}",
    )  # fmt: skip
    for cause, row in year.iterrows():
        yield Number(
            f"incidence.{cause}_12", f"Closed offers {cause} within a year of release",
            100 * row["incidence"], "%", ci=_pair(100 * row["low"], 100 * row["high"]),
            n=int(row["at_risk"]), method="Aalen-Johansen; bootstrap over developers", role="descriptive",
        )  # fmt: skip


def launch_page(page: LaunchPage) -> Iterator[Part]:
    """Launch prices: the figure, and other samples, doses and controls."""
    found = page.headline
    yield _launch_figure(found, page.samples["all launches"])
    for row in found.launch.frame.itertuples():
        controls = {"capability and time": "plain", "and predecessor's price": "predecessor"}[row.controls]
        ends = _pair(row.low, row.high)
        unbounded = f"interval from {row.low:.0f}% to beyond {BEYOND:,.0f}%"
        yield Number(
            f"launch.{key_of(row.sample)}.{row.dose}.{controls}",
            f"Launch price, {row.sample}, {MEASURES[row.dose]}, {row.controls}", row.estimate, "%", ci=ends,
            n=None if row.why_not else int(row.launches), role="robustness",
            method="developer effects, wild cluster bootstrap",
            note=row.why_not or ("" if ends else unbounded),
        )  # fmt: skip
    yield Table(
        found.launch.frame.drop(columns=["why_not", "developers"]).replace(np.inf, np.nan),
        title="Launch prices under other samples, doses and controls", row_label="sample",
        subtitle="Change of the launch price in percent for one unit of exposure, 95% wild cluster bootstrap "
        "intervals; closeness: from far behind to level; a dash for an end beyond +1,000%",
        labels={"low": "95% from", "high": "to", "p_value": "p", "detectable_fall": "finds falls of"},
        formats={
            "estimate": _PERCENT, "low": _PERCENT, "high": _PERCENT, "detectable_fall": "percent",
            "launches": "integer",
        },
    )  # fmt: skip


def _launch_figure(found: Headline, new: pd.DataFrame) -> Part:
    lead = found.launched("is_exposed")
    words = {"below": "were lower", "above": "were higher", "neither": "were not measurably different"}
    moved = direction(float(lead["low"]), float(lead["high"]), **words)
    heading = (
        f"With an open rival near, launch prices {moved}: {in_words(*lead[['estimate', 'low', 'high']])}"
    )
    shown = new[new["why_not"].eq("") & new["closeness"].notna()]
    columns = ["model_id", "origin", "eci", "price", "closeness", "is_exposed"]
    return Figure(
        "launch_prices", lambda: charts.launch_prices(new, finding=heading), data=shown[columns],
        alt="Launch price against capability on a logarithmic axis; hollow marks have an open rival near. "
        + heading,
    )  # fmt: skip


def launch_checks(found: LaunchChecks) -> Iterator[Part]:
    """Launch prices and cuts where open rivals did nothing."""
    failed = found.frame[found.frame["why_not"].ne("")]
    told = [
        row.why_not
        or in_words(row.estimate, row.low, row.high)
        + f" for {'one in reach' if row.dose == 'is_exposed' else row.dose}"
        for row in found.by_closed.itertuples()
    ]
    yield Sentence(
        "".join(f"{_placebo(row.placebo)}: no answer. {row.why_not} " for row in failed.itertuples())
        + f"With closed rivals in the place of open ones: {listed(told)}. An effect that closed rivals have "
        "as well is one of rivalry, not of openness."
    )
    dated = found.frame[found.frame["placebo"].isin(["fake dates, is_exposed", "fake dates, closeness"])]
    structure = [
        f"{percent(row.centre):.0f}% of {percent(row.estimate):.0f}% for {_placebo(row.placebo, 1)} "
        f"({p_value(row.p_value)})".replace("-", "\N{MINUS SIGN}")
        for row in dated[dated["why_not"].eq("")].itertuples()
    ]
    yield Sentence(
        f"At fake dates of release, the same regression gives on the median {listed(structure)}. What fake "
        "dates give as well comes from the build of this market (which models are near the open frontier at "
        "all), not from when rivals came."
        if structure
        else "No placebo at fake dates gave an answer."
    )
    yield Table(
        found.frame.drop(columns=["why_not"]).assign(placebo=found.frame["placebo"].map(_placebo)),
        title="Placebos of launch prices and of the hazard", row_label="placebo",
        subtitle="In logs: the estimate, the middle 95% of fakes around their median, how often fakes are as "
        "far out",
        labels={
            "centre": "median fake", "low": "2.5%", "high": "97.5%", "p_value": "p",
            "detectable_fall": "fall found",
        },
        formats={"draws": "integer", "failed": "integer"},
    )  # fmt: skip


def _month(period: object) -> str:
    return f"{pd.Timestamp(str(period)):%B %Y}"


def _placebo(name: str, part: int | None = None) -> str:
    """The name of a placebo as a reader knows it, or its second part."""
    shown = name.replace("is_exposed", "one in reach")
    return shown if part is None else shown.split(", ")[part]


def jump(found: Jump) -> Iterator[Part]:
    """The whole market after a jump of the open frontier."""
    response, last = found.response, found.horizon
    words = {"below": "fell", "above": "rose", "neither": "did not measurably move"}
    ends = {month: found.moved(month)[1:] for month in (0, last)}
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
        row, (estimate, low, high) = response.response.loc[month], found.moved(month)
        yield Number(
            f"projection.{month}_months",
            f"Closed price index {month} months after the open frontier rose by a point", estimate, "%",
            ci=(low, high), n=int(row["n_observations"]), role="robustness",
            method=f"local projection, {response.n_shocks} jumps; of shifted jumps "
            f"{p_value(row['p_permutation'])}; smallest fall found {found.smallest_fall(month):.1f}%",
        )  # fmt: skip
    yield Sentence(
        f"{response.n_shocks} jumps in {found.months} months. {' '.join(response.warnings)} The index is "
        "estimated itself and falls throughout, and jumps are not experiments: an association."
    )


def bearing(found: Bearing) -> Iterator[Part]:
    """How much each number can bear."""
    top, jumped = found.headline, found.jump
    hazards = found.cuts.frame[found.cuts.frame["event"].eq("cut") & found.cuts.frame["why_not"].eq("")]
    last, lead = jumped.horizon, top.launched("is_exposed")
    rejected = top.main["pre_trend_p"] < 0.05
    by_entry = max(top.main["detectable_fall"], -float(percent(-top.dates.detectable.fall)))
    fall = "its own test rejects it" if rejected else f"a fall of {by_entry:.0f}%"
    dose = found.dose
    by_dose = f"a fall of {dose.detectable_fall:.0f}%"
    ratios = [
        f"ratio {r.estimate:.2f} ({r.low:.2f} to {'any' if np.isinf(r.high) else f'{r.high:.2g}'}) by "
        f"{SHORT[r.dose]}"
        for r in hazards.itertuples()
    ]
    rows = [
        (
            "List price after entry", "association" if rejected else "closest to identified",
            in_words(top.main["estimate"], *top.interval), fall,
            "no common cause of releases and of the prices of the models just reached; models not yet "
            "reached show what would have been",
        ),
        (
            "Dose at releases (headline)",
            "association" if dose.before_p < 0.05 else "identified up to what all share",
            in_words(dose.estimate, *dose.interval),
            "its own test rejects it" if dose.before_p < 0.05 else by_dose,
            "response in proportion to the dose; a fall that all models share is invisible",
        ),
        (
            "Launch prices", "association", in_words(*lead[["estimate", "low", "high"]]),
            f"a fall of {lead['detectable_fall']:.0f}%",
            "launches near a rival alike others of the same capability, month and maker",
        ),
        (
            "Hazard of a cut", "association", listed(ratios, "no estimate"),
            listed([f"a ratio of {r.detectable:.0f}" for r in hazards.itertuples()], "–"),
            "a handful of cuts",
        ),
        (
            "Local projection", "association",
            f"{in_words(*jumped.moved(last))} a point after {last} months",
            f"{jumped.smallest_fall(last):.1f}%", "nothing else happening in the months of jumps",
        ),
        (
            "Exposure itself", "assumption", f"{top.reach:g} points", "–",
            "one index of benchmarks says who rivals whom; scores published later apply to the past",
        ),
    ]  # fmt: skip
    columns = ["estimate", "status", "result", "could have found", "rests on"]
    yield Table(
        pd.DataFrame(rows, columns=columns), title="How much each number can bear",
        subtitle="Results with 95% intervals", row_label="estimate",
    )  # fmt: skip


def _pair(low: float, high: float) -> tuple[float, float] | None:
    return (low, high) if np.isfinite(low) and np.isfinite(high) else None
