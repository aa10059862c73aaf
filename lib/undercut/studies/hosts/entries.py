"""What does one more host do to the others' prices, and what could make that an illusion?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.hosts import charts
from undercut.competition.hosts.dispersion import (
    HostElasticity,
    Outcome,
    dispersion_over_time,
    host_elasticity,
)
from undercut.competition.hosts.entry import EntryEffect, entry_effect, wild_test
from undercut.competition.hosts.panel import step_frequency
from undercut.competition.hosts.placebos import Fake, placebo_effects
from undercut.inference.detectable import placebo_p_value
from undercut.inference.specifications import SpecificationCurve
from undercut.result import Axes
from undercut.studies.framed import Framed, section
from undercut.studies.hosts.course import titled
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table

#: Outcomes of `host_elasticity` that are prices, in the order of the figure.
OUTCOMES: Final[Mapping[Any, str]] = {
    "lowest": "Lowest price",
    "draws alone": "Lowest of as many launch prices",
    "beyond draws": "Lowest price beyond that",
    "median": "Median price",
    "mean": "Mean price",
    "same hosts": "Same hosts",
}


#: What a reader must be warned of.
CAVEATS = (
    Caveat(
        "List prices. Discounts, rate limits, speed and reliability differ between hosts and are not in "
        "the price."
    ),
    Caveat("The lowest price that can be listed is not always one that can be bought at volume."),
    Caveat("The cost of serving is a model; only its rents are observed."),
)


class Answers(Framed, row="horizon", value="effect"):
    """What an entry does, and what more hosts go with; `frame` is the path of the effect of an entry."""

    entry: EntryEffect
    responses: Mapping[str, HostElasticity]
    workload: str

    @property
    def months(self) -> int:
        """Months after an entry at which its effect is read."""
        return int(self.frame["horizon"].max())

    def parts(self) -> Iterator[Part]:
        """The effect of an entry and the responses to the number of hosts, the answer and the figure."""
        effect, floor = effect_of_entry(self), detectable(self)
        yield effect
        yield floor
        yield from (doubling(self, outcome) for outcome in OUTCOMES)
        yield Answer(answer(self))
        yield Sentence(beside_the_answer(self))
        path = self.frame
        yield Figure(
            "entry_path",
            lambda: titled(
                self.entry.plot(),
                f"One more host: the others' prices change by {effect.short}"
                + ("" if self.entry.is_clear else ", within the margin of error"),
                "Change of the list prices of hosts already selling the model, relative to the month before "
                f"entry, 95% intervals; grey: too small to be detected; {self.workload} workload",
            ),
            alt="Event study of host entry, months before and after. "
            + "; ".join(f"month {row.horizon}: {100 * row.effect:.1f}%" for row in path.itertuples()),
            data=path,
        )


def answers(panel: pd.DataFrame, entry: EntryEffect, *, workload: str) -> Answers:
    """The effect of an entry beside the responses of prices to the number of hosts."""
    responses = {outcome: host_elasticity(panel, outcome=outcome) for outcome in OUTCOMES}
    return Answers(entry.path, entry, responses, workload)


@section
def sample(panel: pd.DataFrame, *, workload: str) -> Iterator[Part]:
    """What the panel holds."""
    yield Sentence(
        f"{len(panel):,} monthly prices of {panel['model_id'].nunique():,} open models at "
        f"{panel['host'].nunique()} hosts from {panel['period'].min()} to {panel['period'].max()}, "
        f"{workload} workload, US dollars per million tokens, observed on the 15th of each month."
    )


def effect_of_entry(found: Answers) -> Number:
    """The effect at the last month, in percent."""
    value, low, high = found.entry.percent()
    return Number(
        "entry.effect", f"Change of the other hosts' prices within {found.months} months of one entry", value,
        "%", ci=(low, high), level=found.entry.level, n=found.entry.n, role="headline",
        method="distributed-lag event study within host and month; errors clustered by model and host",
    )  # fmt: skip


def detectable(found: Answers) -> Number:
    """The smallest effect that would have been found."""
    return Number(
        "entry.detectable", "Smallest effect of an entry that would have been found (80% power, 5% level)",
        round(100 * found.entry.detectable().effect, 1), "%", n=found.entry.n, role="descriptive",
        method="from the clustered standard error",
        note="a property of the design, not an estimate: no interval",
    )  # fmt: skip


def doubling(found: Answers, outcome: str) -> Number:
    """Change of one price when the number of hosts doubles."""
    response = found.responses[outcome]
    value, low, high = response.per_doubling()
    return Number(
        f"doubling.{outcome.replace(' ', '_')}",
        f"{OUTCOMES[outcome]}: change when the number of hosts doubles",
        value, "%", ci=(low, high), n=response.n,
        role="primary" if outcome in ("lowest", "beyond draws") else "robustness",
        method="log price on log number of hosts; effects of model (for the same hosts: of model and host), "
        "month and age group; clustered errors",
    )  # fmt: skip


def answer(found: Answers) -> str:
    """One sentence: what one more host does to the others' prices, and whether chance would do as much."""
    effect = effect_of_entry(found)
    if not found.entry.is_clear:
        moved = f"we cannot tell that the others' list prices move: they change by {effect.short}"
    else:
        verb = "fall" if (effect.value or 0) < 0 else "rise"
        moved = f"the others' list prices {verb} by {effect.size}"
    return f"Within {found.months} months after one more host enters, {moved} ({effect.interval})."


def beside_the_answer(found: Answers) -> str:
    """What else must be known."""
    lowest, beyond = (doubling(found, name) for name in ("lowest", "beyond draws"))
    return (
        f"An effect of {detectable(found).short} would have been found four times in five. When hosts "
        f"double, the lowest price changes by {lowest.short} ({lowest.interval}), but by {beyond.short} "
        f"({beyond.interval}) beyond what as many prices drawn independently would show."
    )


@section
def moves(panel: pd.DataFrame, *, lags: int, draws: int) -> Iterator[Part]:
    """How often hosts change their prices, and whether an entry brings cuts."""
    told = {str(row.move): _move(row) for row in step_frequency(panel, draws=draws).itertuples()}
    yield from told.values()
    yield Sentence(
        f"In a typical month {told['any change'].short} of continuing offers change their price "
        f"({told['any change'].interval}): {told['cut'].short} cut it and {told['rise'].short} raise it."
    )
    cuts = entry_effect(panel, lags=lags, outcome="cut")
    cut = Number(
        "entry.cut",
        f"Change of the probability that an incumbent cuts its price, within {lags} months of an entry",
        100 * cuts.effect, "percentage points", ci=(100 * cuts.low, 100 * cuts.high), n=cuts.n,
        method="the same event study, outcome: the price was cut", role="robustness",
    )  # fmt: skip
    yield cut
    yield Sentence(
        f"An entry changes the probability of a cut by {cut.short} within {lags} months ({cut.interval})."
    )


def _move(row: Any) -> Number:
    return Number(
        f"steps.{row.move.replace(' ', '_')}", f"Offers whose list price changes in a month: {row.move}",
        row.percent, "%", ci=(row.low, row.high), n=row.offer_months, role="descriptive",
        method=f"share of continuing offers; {row.moves} moves by {row.hosts} hosts; bootstrap over hosts",
    )  # fmt: skip


@section
def doubts(panel: pd.DataFrame, found: Answers, *, placebos: int, draws: int) -> Iterator[Part]:
    """What could make the effect of an entry an illusion: drift before it, wild bootstraps, placebos."""
    entry, lags = found.entry, found.months
    reach = 2 * entry.pre_trend_error
    before = Number(
        "entry.pre_trend", "Drift of the incumbents' prices over the months before an entry",
        100 * entry.pre_trend, "%", n=entry.n, role="robustness",
        method="sum of the leads, two standard errors",
        ci=(100 * (entry.pre_trend - reach), 100 * (entry.pre_trend + reach)),
    )  # fmt: skip
    catching = entry_effect(panel, lags=lags, kind="coverage")
    coverage = Number(
        "entry.coverage_placebo", "Effect of entries that are only tables catching up (placebo)",
        100 * catching.effect, "%", ci=(100 * catching.low, 100 * catching.high), n=catching.n,
        method=f"the same event study on {catching.entries} such entries", role="robustness",
    )  # fmt: skip
    yield before
    wild = {cluster: wild_test(entry, cluster=cluster, draws=999) for cluster in ("host", "model_id")}
    for cluster, test in wild.items():
        yield Number(
            f"entry.wild_{cluster}",
            f"Effect of an entry, wild cluster bootstrap by {cluster.removesuffix('_id')}",
            100 * test.estimate, "%", ci=(100 * test.ci_low, 100 * test.ci_high), n=entry.n,
            role="robustness",
            method=f"restricted wild cluster bootstrap, {test.draws} draws, p = {test.p_value:.2f}",
        )  # fmt: skip
    yield coverage
    chances = {}
    for fake in get_args(Fake):
        drawn = placebo_effects(panel, fake=fake, draws=placebos, lags=lags)
        chances[fake] = 100 * placebo_p_value(entry.effect, drawn)
        yield Number(
            f"entry.placebo_{fake}", f"Share of fake {fake} with an effect at least as large",
            chances[fake], "%", n=len(drawn), method=f"entries at fake {fake} through the same code",
            note="a p-value: no interval", role="robustness",
        )  # fmt: skip
    moving = step_frequency(panel, draws=draws).set_index("move").loc["any change", "hosts"]
    yield Sentence(
        f"Fake entries through the same code: at random dates {chances['dates']:.0f}% have an effect at "
        f"least as large as the real ones, in random models {chances['models']:.0f}%. Before an entry the "
        f"incumbents' prices drift by {before.short} ({before.interval}); tables that catch up go with "
        f"{coverage.short} ({coverage.interval}). The price changes come from {moving} hosts; a wild "
        f"bootstrap over hosts gives p = {wild['host'].p_value:.2f}."
    )


@section
def without_each(panel: pd.DataFrame, found: Answers, *, most: int = 8) -> Iterator[Part]:
    """The effect of an entry without each of the largest sellers and most widely sold models."""
    whole, turned = found.entry.percent()[0], []
    for unit, column in (("seller", "host"), ("model", "model_id")):
        names = list(panel[column].value_counts().index[:most])
        effects = np.array([
            entry_effect(panel[panel[column] != name], lags=found.months).percent()[0] for name in names
        ])  # fmt: skip
        turned += [name for name, effect in zip(names, effects, strict=True) if effect * whole < 0]
        yield Number(
            f"entry.without_one_{unit}", f"Effect of one entry, without any one of the largest {unit}s",
            float(np.median(effects)), "%", ci=(effects.min(), effects.max()), level=1.0, n=len(names),
            role="robustness", method=f"one {unit} left out at a time",
            note=f"lowest and highest; furthest without {names[np.abs(effects - whole).argmax()]}",
        )  # fmt: skip
    yield Sentence(
        f"Left out one at a time, the sign turns without {', '.join(turned)}."
        if turned
        else "Left out one at a time, none of the largest sellers and models turns the sign."
    )


@section
def specifications(curve: SpecificationCurve) -> Iterator[Part]:
    """The specification curve and its median."""
    count = curve.counts()
    yield Figure(
        "specifications",
        lambda: _specification_axes(curve),
        alt=f"Specification curve: {curve.summary()}",
        data=curve.table(),
    )
    yield Number(
        "entry.specifications_median", "Median effect of an entry over all specifications", count["median"],
        "%", n=int(count["specifications"]), role="robustness",
        method=f"from {count['lowest']:.2f}% to {count['highest']:.2f}%",
        note="a median over choices, not a sample: no interval",
    )  # fmt: skip


def specifications_title(curve: SpecificationCurve) -> str:
    """How many estimates lie on either side."""
    count = curve.counts()
    return (
        f"{count['below']:.0f} of {count['specifications']:.0f} estimates are below zero, "
        f"{count['interval_below']:.0f} with their whole interval; {count['interval_above']:.0f} lie above "
        "with theirs"
    )


def _specification_axes(curve: SpecificationCurve) -> Axes:
    options = sum(curve.estimates[choice].astype(str).nunique() for choice in curve.choices)
    axes = curve.plot(plots.own_axes(height=3.6 + 0.2 * options))
    axes.yaxis.set_major_formatter(charts.percent)
    axes.set_ylabel("")
    return titled(
        axes, specifications_title(curve),
        "Effect of one more host on the others' prices under each combination of choices, 95% intervals; "
        "ringed: the headline",
    )  # fmt: skip


@section
def more_hosts(panel: pd.DataFrame, found: Answers) -> Iterator[Part]:
    """Responses of prices to the number of hosts, and how far prices of the same weights spread."""
    told = {name: doubling(found, name) for name in OUTCOMES}
    rows = {OUTCOMES[name]: response.per_doubling() for name, response in found.responses.items()}
    table = pd.DataFrame(
        [(OUTCOMES[name], name, *rows[OUTCOMES[name]], each.n) for name, each in found.responses.items()],
        columns=["price", "outcome", "change", "low", "high", "n"],
    )
    yield Figure(
        "responses",
        lambda: titled(
            charts.responses(rows, grey=[OUTCOMES["draws alone"]]),
            f"Hosts double: the lowest price changes by {told['lowest'].short}, and by "
            f"{told['draws alone'].short} if nobody reacts",
            "Change of the price of a model when its number of hosts doubles, 95% intervals, "
            f"{found.workload} workload; grey: arithmetic of a minimum",
        ),
        alt="Dot plot with intervals. " + "; ".join(f"{OUTCOMES[name]}: {told[name].short}" for name in told),
        data=table,
    )
    poisson = host_elasticity(panel, outcome="same hosts", estimator="poisson")
    value, *ends = poisson.per_doubling()
    dollars = Number(
        "doubling.same_hosts_poisson", "Same hosts, Poisson pseudo-likelihood: change when hosts double",
        value, "%", ci=(ends[0], ends[1]), n=poisson.n, role="robustness",
        method="price in dollars, so that expensive models weigh more",
    )  # fmt: skip
    yield dollars
    same = told["same hosts"]
    yield Sentence(
        f"The same hosts charge {same.short} ({same.interval}) when the number of hosts of a model "
        "doubles; in "
        f"dollars rather than logs, where expensive models weigh more, {dollars.short} ({dollars.interval})."
    )
    yield from _spread(panel)


def _spread(panel: pd.DataFrame) -> Iterator[Part]:
    """How far prices of the same weights spread, over time and against the number of hosts."""
    course = dispersion_over_time(panel)
    now = course.iloc[-1]
    models = int(now["models"])
    ratio = Number(
        "dispersion.ratio",
        "Highest over lowest price of the same weights, median model with three hosts or more", now["ratio"],
        "x", ci=(now["ratio_low"], now["ratio_high"]), n=models, method="order statistics", role="primary",
    )  # fmt: skip
    yield ratio
    yield Number(
        "dispersion.gap", "Median over lowest price, median model with three hosts or more", 100 * now["gap"],
        "%", ci=(100 * now["gap_low"], 100 * now["gap_high"]), n=models, method="order statistics",
        role="descriptive",
    )  # fmt: skip
    spreads: tuple[Outcome, ...] = ("gap", "variation")
    for name in spreads:
        result = host_elasticity(panel, outcome=name)
        yield Number(
            f"dispersion.{name}_by_hosts", f"Change of the {name} per unit of log number of hosts",
            result.value, "of the measure", ci=(result.low, result.high), n=result.n, role="robustness",
            method="effects of model, month and age group; models with two hosts or more",
        )  # fmt: skip
    yield Table(
        course.iloc[::-6][["period", "models", "sellers", "ratio", "ratio_low", "ratio_high", "gap"]],
        title=f"One price? In {now['period']} the most expensive host asks {ratio.short} the lowest price",
        subtitle="Median over models with three hosts or more; 95% interval of the ratio from order "
        "statistics",
        row_label="period", formats={"gap": "share", "sellers": "number"},
        labels={"sellers": "hosts a model", "ratio": "highest / lowest", "ratio_low": "from",
                "ratio_high": "to", "gap": "median above lowest"},
    )  # fmt: skip
