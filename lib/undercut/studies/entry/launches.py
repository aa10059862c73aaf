"""Are new closed models launched cheaper with an open rival near? Samples, checks, other choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.rivals import charts
from undercut.competition.rivals.exposure import RivalRule, closed_rivals, open_rivals
from undercut.competition.rivals.hazard import hazard_coefficient
from undercut.competition.rivals.launch_prices import (
    launch_price_effect,
    launches,
    launches_apart,
    quick_coefficient,
)
from undercut.competition.rivals.placebos import Kind, placebo_test
from undercut.competition.rivals.price_cuts import offers_at_risk, with_doses
from undercut.errors import UndercutError, check_known
from undercut.inference.detectable import PlaceboResult
from undercut.inference.specifications import SpecificationCurve, run_specifications, specification_curve
from undercut.prices.hedonic.imputation import with_imputed_capability
from undercut.report.findings.sentences import p_value
from undercut.result import Axes, Result
from undercut.studies.entry.entries import Headline, placebo_table
from undercut.studies.entry.estimators import ENDS_FORMATS, ENDS_LABELS, Estimates
from undercut.studies.entry.words import (
    BEYOND,
    ENDS,
    MEASURES,
    SOURCE,
    direction,
    in_words,
    key_of,
    listed,
    pair,
    percent,
)
from undercut.studies.framed import section
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table


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
) -> Estimates:
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
    Estimates
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
    options = {"sample": tuple(samples), "dose": doses, "controls": tuple(controls)}
    return Estimates(frame=run_specifications(estimate, options))


def launch_prices(samples: Mapping[str, pd.DataFrame], *, draws: int = 999, seed: int = 0) -> Estimates:
    """`launch_table` of every sample, and of all launches with the predecessor's price held fixed."""
    before = {"and predecessor's price": ("eci", "calendar", "log_previous_price")}
    every = launch_table(samples, draws=draws, seed=seed)
    first = {"all launches": samples["all launches"]}
    chained = launch_table(first, controls=before, draws=draws, seed=seed)
    return Estimates(frame=pd.concat([every.frame, chained.frame], ignore_index=True))


@section
def launch_checks(
    quotes: pd.DataFrame, new: pd.DataFrame, *, reach: float, draws: int, placebos: int
) -> Iterator[Part]:
    """The regressions of launch prices, and of cuts, where open rivals did nothing."""
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
    of_closed = RivalRule(reach=reach, width=2 * reach, accesses=("closed",))
    sample = with_doses(new, closed_rivals(quotes), rule=of_closed)
    by_closed = launch_table({"closed rivals": sample}, draws=draws).frame
    yield from _placebos(placebo_table(tests), by_closed)


def _placebos(table: pd.DataFrame, by_closed: pd.DataFrame) -> Iterator[Part]:
    """Placebos of launch prices and of the hazard; ``by_closed``: closed rivals in the place of open ones."""
    failed = table[table["why_not"].ne("")]
    told = [
        row.why_not
        or in_words(row.estimate, row.low, row.high)
        + f" for {'one in reach' if row.dose == 'is_exposed' else row.dose}"
        for row in by_closed.itertuples()
    ]
    yield Sentence(
        "".join(f"{_placebo(row.placebo)}: no answer. {row.why_not} " for row in failed.itertuples())
        + f"With closed rivals in the place of open ones: {listed(told)}. An effect that closed rivals "
        "have as well is one of rivalry, not of openness."
    )
    dated = table[table["placebo"].isin(["fake dates, is_exposed", "fake dates, closeness"])]
    structure = [
        f"{percent(row.centre):.0f}% of {percent(row.estimate):.0f}% for {_placebo(row.placebo, 1)} "
        f"({p_value(row.p_value)})".replace("-", "\N{MINUS SIGN}")
        for row in dated[dated["why_not"].eq("")].itertuples()
    ]
    yield Sentence(
        f"At fake dates of release, the same regression gives on the median {listed(structure)}. What "
        "fake dates give as well comes from the build of this market (which models are near the open "
        "frontier at all), not from when rivals came."
        if structure
        else "No placebo at fake dates gave an answer."
    )
    yield Table(
        table.drop(columns=["why_not"]).assign(placebo=table["placebo"].map(_placebo)),
        title="Placebos of launch prices and of the hazard", row_label="placebo",
        subtitle="In logs: the estimate, the middle 95% of fakes around their median, how often fakes "
        "are as far out",
        labels={
            "centre": "median fake", "low": "2.5%", "high": "97.5%", "p_value": "p",
            "detectable_fall": "fall found",
        },
        formats={"draws": "integer", "failed": "integer"},
    )  # fmt: skip


@section
def launch_page(headline: Headline, samples: Mapping[str, pd.DataFrame]) -> Iterator[Part]:
    """Launch prices: the figure, and other samples, doses and controls."""
    yield _launch_figure(headline, samples["all launches"])
    for row in headline.launch.frame.itertuples():
        controls = {"capability and time": "plain", "and predecessor's price": "predecessor"}[row.controls]
        ends = pair(row.low, row.high)
        unbounded = f"interval from {row.low:.0f}% to beyond {BEYOND:,.0f}%"
        yield Number(
            f"launch.{key_of(row.sample)}.{row.dose}.{controls}",
            f"Launch price, {row.sample}, {MEASURES[row.dose]}, {row.controls}", row.estimate, "%", ci=ends,
            n=None if row.why_not else int(row.launches), role="robustness",
            method="developer effects, wild cluster bootstrap",
            note=row.why_not or ("" if ends else unbounded),
        )  # fmt: skip
    yield Table(
        headline.launch.frame.drop(columns=["why_not", "developers"]).replace(np.inf, np.nan),
        title="Launch prices under other samples, doses and controls", row_label="sample",
        subtitle="Change of the launch price in percent for one unit of exposure, 95% wild cluster bootstrap "
        "intervals; closeness: from far behind to level; a dash for an end beyond +1,000%",
        labels=ENDS_LABELS | {"p_value": "p", "detectable_fall": "finds falls of"},
        formats=ENDS_FORMATS | {"detectable_fall": "percent", "launches": "integer"},
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


def _placebo(name: str, part: int | None = None) -> str:
    """The name of a placebo as a reader knows it, or its second part."""
    shown = name.replace("is_exposed", "one in reach")
    return shown if part is None else shown.split(", ")[part]


#: Choices about launch prices, each with its options; the first of each is the headline.
LAUNCH_CHOICES: Final[Mapping[str, Sequence[Any]]] = {
    "dose": ("closeness", "is_exposed", "log_in_reach"),
    "rivals": ("any", "CN", "other"),
    "reach": (4.0, 2.0, 8.0),
    "capability": ("scored", "with predicted"),
    "controls": ("capability and time", "and predecessor"),
    "developer_effects": (True, False),
}


def launch_specifications(
    quotes: pd.DataFrame,
    *,
    choices: Mapping[str, Sequence[Any]] | Sequence[str] = LAUNCH_CHOICES,
    draws: int = 399,
    seed: int = 0,
) -> Curve:
    """Launch prices of closed models under every combination of choices.

    Doses have different units, so every estimate is for one standard deviation of its dose among the rows
    used.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`.
    choices : mapping of choice to options, or sequence of choices
        A part of :data:`LAUNCH_CHOICES`; choices left out stay at their first option there. The first
        option of each is the headline.
    draws, seed
        Of the wild cluster bootstrap.

    Returns
    -------
    Curve
        Log launch price for one standard deviation of exposure; with ``launches`` and ``p_value``.
    """
    for choice in choices:
        check_known("choice", choice, LAUNCH_CHOICES)
    given = choices if isinstance(choices, Mapping) else {name: LAUNCH_CHOICES[name] for name in choices}
    chosen = {choice: given.get(choice, options[:1]) for choice, options in LAUNCH_CHOICES.items()}

    @cache
    def new(capability: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        market = quotes if capability == "scored" else with_imputed_capability(quotes)
        return launches(market), open_rivals(market)

    @cache
    def rows(capability: str, rivals: str, reach: float) -> pd.DataFrame:
        rule = RivalRule(reach=reach, width=2 * reach)
        return with_doses(*new(capability), group=rivals, rule=rule, doses=chosen["dose"])

    def estimate(
        *, dose: str, rivals: str, reach: float, capability: str, controls: str, developer_effects: bool
    ) -> dict[str, Any]:
        names = ("eci", "calendar", *(("log_previous_price",) if controls == "and predecessor" else ()))
        found = launch_price_effect(
            rows(capability, rivals, reach), dose=dose, controls=names, developer_effects=developer_effects,
            draws=draws, seed=seed, terms="dose",
        )  # fmt: skip
        ends = {name: float(found.effect[name]) * found.dose_spread for name in ENDS}
        return ends | {"p_value": float(found.effect["p_value"]), "launches": found.launches}

    curve = specification_curve(
        run_specifications(estimate, chosen), list(chosen),
        headline={choice: options[0] for choice, options in chosen.items()},
        unit="log launch price, per standard deviation of exposure",
    )  # fmt: skip
    return Curve(curve=curve)


class Curve(Result, kw_only=True):
    """Launch prices under every combination of choices, with the words that a page needs."""

    curve: SpecificationCurve

    def to_frame(self) -> pd.DataFrame:
        """One row a specification."""
        return self.curve.table()

    def plot(self, ax: Axes | None = None) -> Axes:
        """The curve."""
        return self.curve.plot(ax)

    def parts(self) -> Iterator[Part]:
        """The figure, its median, its summary."""
        counts, summary = self.curve.counts(), self.curve.summary()
        of, below, above = (counts[k] for k in ("specifications", "interval_below", "interval_above"))
        heading = (
            f"Launch prices were lower by {below:.0f} of {of:.0f} combinations of choices, higher by "
            f"{f'{above:.0f}' if above else 'none'}"
        )
        measure = (
            "Log launch price per standard deviation of exposure, 95% intervals, cut off; ringed: closeness "
            "to any open rival; below: what was chosen"
        )

        def draw() -> Axes:
            axes = plots.headline(self.curve.plot(), heading, measure, source=SOURCE)
            axes.set_ylabel("log points")
            return axes

        alt = f"Specification curve. {summary}"
        yield Figure("launch_specifications", draw, alt=alt, data=self.curve.table())
        median, *ends = (float(percent(counts[end])) for end in ("median", "lowest", "highest"))
        yield Number(
            "launch_specifications.median",
            "Launch price per standard deviation of exposure: median specification", median, "%", n=int(of),
            role="robustness", method="all combinations of choices",
            note=f"from {ends[0]:.0f}% to {ends[1]:.0f}%: a range of choices, not an interval",
        )  # fmt: skip
        yield Sentence(summary)
