"""What does the report on the counterfactual say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from undercut.competition.demand.assumptions import Basis
from undercut.competition.demand.counterfactual import MEASURES
from undercut.competition.demand.markets import MarketData
from undercut.report.findings.sentences import number
from undercut.studies.counterfactual import charts
from undercut.studies.counterfactual.estimates import (
    SCENARIO,
    ByElasticity,
    ByMonth,
    Comparison,
    Curve,
    Diversion,
    Effects,
    Identification,
    PricePaid,
    Removals,
    Standing,
    Vendors,
)
from undercut.studies.counterfactual.responses import title_responses
from undercut.studies.presentation import Caveat, Figure, Number, Part, Sentence, Table

_SOURCE: Final = "OpenRouter rankings, Undercut price panel"
_ENDS: Final = {"low": "from", "high": "to"}


def effects(found: Effects) -> Iterator[Part]:
    """The findings of every scenario, and the answer."""
    kind, rows = _interval_of(found.basis), len(found.market.products)
    for row in found.frame.itertuples():
        name = str(row.scenario)
        yield Number(
            f"{name.lower().replace(' ', '_')}.{row.measure}",
            f"{name[0].upper()}{name[1:]}: change of {MEASURES[str(row.measure)]}", row.median,
            "USD million a week" if row.measure == "surplus_usd" else "%",
            ci=(row.low, row.high), n=rows, note=kind,
            method=f"nested logit with budgets, Bertrand pricing, {found.months}",
            role="primary" if found.is_estimated else "assumption",
        )  # fmt: skip
    yield Sentence(f"{scenario_sentence(found)} {rest(found)}")


def scenario_sentence(found: Effects) -> str:
    """The estimate, one range, and whether it can be estimated at all."""
    row = _of(found, "closed_price")
    how = (
        ""
        if found.is_estimated
        else ", over price responses that we must assume because no record tells them"
    )
    return (
        f"Without Chinese open models, closed models would {_cost(row)} ({number(row['low'], '%')} to "
        f"{number(row['high'], '%')}{how})."
    )


def rest(found: Effects) -> str:
    """What else changes, and what the ranges are."""
    paid, loss = _of(found, "price_paid"), _of(found, "surplus")
    most, least = (number(end, "") for end in found.elasticities)
    known = "The price response is estimated from this record"
    if not found.is_estimated:
        known = (
            "How buyers respond to price is not identified in this record, so the ranges are 95% of draws "
            f"over assumed elasticities from {most} to {least}"
        )
    return (
        f"{known}; months: {found.months}. The average price paid per token would change by {_span(paid)}, "
        "since buyers would end up with other models; what buyers lose, relative to what they spend, is "
        f"{_span(loss)}."
    )


def by_elasticity(found: ByElasticity) -> Iterator[Part]:
    """The figure over assumed elasticities, and the table of scenarios."""
    grid, whole = found.frame, found.effects
    band = grid[grid["scenario"].eq(SCENARIO) & grid["measure"].eq("closed_price")]
    points = [f"at {r.elasticity:g}: {r.value:.2f}% ({r.low:.2f} to {r.high:.2f})" for r in band.itertuples()]
    note = f"Change of closed models' list prices, %, {whole.months}; lines: middle assumptions, bands: all"
    yield Figure(
        "effect_by_elasticity",
        lambda: charts.effect_by_elasticity(
            grid, "closed_price", finding=title_over_elasticities(grid), note=note, source=_SOURCE
        ),
        alt="Three panels of lines with bands over the assumed elasticity. " + "; ".join(points),
        data=grid,
    )
    told = whole.frame[whole.frame["measure"].ne("surplus_usd")]
    yield Table(
        told.assign(measure=told["measure"].map(MEASURES)), title="Three scenarios",
        subtitle=f"Change, {whole.months}; median and {_interval_of(whole.basis)}; "
        f"licence fee: ${whole.fee:.2f} per million tokens",
        row_label="scenario", formats=dict.fromkeys(("median", "low", "high"), "signed_percent"),
        labels=_ENDS,
    )  # fmt: skip


def title_over_elasticities(grid: pd.DataFrame) -> str:
    """What the line of the main scenario shows."""
    line = grid[grid["scenario"].eq(SCENARIO) & grid["measure"].eq("closed_price")]["value"]
    low, high = (number(end, "%") for end in (line.min(), line.max()))
    if line.min() > 0:
        return f"Without Chinese open models closed ones would cost {low} to {high} more"
    if line.max() < 0:
        return f"Without Chinese open models closed ones would cost less: {low} to {high}"
    return "Without Chinese open models closed ones need not cost more"


def price_paid(found: PricePaid) -> Iterator[Part]:
    """Why the price paid changes: new prices, or other models."""
    both, held = found.frame["change"]
    part = "Most" if abs(held) > abs(both) / 2 else "Less than half"
    yield Sentence(
        f"Without Chinese open models, and at an elasticity of {number(found.elasticity, '')}, the average "
        f"price paid changes by {number(both, '%')}; with all list prices held it would change by "
        f"{number(held, '%')}. {part} of the change is thus buyers who end up with other models, not sellers "
        "who change prices."
    )


def diversion(found: Diversion) -> Iterator[Part]:
    """Who takes over whose buyers."""
    for row in found.frame[found.frame["origin"].eq("Chinese open")].itertuples():
        yield Number(
            f"diversion.chinese_open.{str(row.goes_to).lower().replace(' ', '_')}",
            f"Of what a Chinese open model loses by a higher price, goes to: {row.goes_to}",
            100 * row.share, "%", n=len(found.market.products), method="nested logit, shares of money",
            note="follows from assumptions; over nesting 0 to 0.7 and outside shares 0.2 to 0.8 from "
            f"{number(100 * row.low, '%')} to {number(100 * row.high, '%')}",
            role="assumption",
        )  # fmt: skip
    yield Table(
        found.frame, title="Where the money goes",
        subtitle=f"Part of the loss of a model whose price rises, elasticity {number(found.elasticity, '')}; "
        "from, to: extremes over nesting and market size",
        row_label="origin", formats=dict.fromkeys(("share", "low", "high"), "share"),
        labels={"origin": "model whose price rises", "goes_to": "goes to", **_ENDS},
    )  # fmt: skip


def vendors(found: Vendors) -> Iterator[Part]:
    """What each vendor gains or loses."""
    left = found.frame[found.frame["group"].ne("Chinese open")]
    yield Table(
        left.assign(revenue=left["revenue"] / 1e6), title="Vendors without Chinese open rivals",
        subtitle="Weekly revenue at list prices on this platform before, and its change; "
        + _interval_of(found.basis),
        row_label="firm",
        formats={"revenue": "number", **dict.fromkeys(("change", "low", "high"), "signed_percent")},
        labels={"revenue": "USD million a week", "change": "change", **_ENDS},
    )  # fmt: skip


def by_month(found: ByMonth) -> Iterator[Part]:
    """The effect month by month."""
    months = found.frame
    points = [f"{r.period}: {r.effect:.2f}%, share {r.share:.0f}%" for r in months.itertuples()]
    note = (
        "Without Chinese open models: change of closed models' prices, and the share of spending removed; "
        f"elasticity {number(found.elasticity, '')}"
    )
    yield Figure(
        "effect_by_month",
        lambda: charts.effect_by_month(months, finding=title_by_month(months), note=note, source=_SOURCE),
        alt="A line of the price effect by month above bars of the share of spending on Chinese open models; "
        + "; ".join(points),
        data=months,
    )


def title_by_month(months: pd.DataFrame) -> str:
    """Whether the effect grew."""
    early, late = months["effect"].iloc[:6].mean(), months["effect"].iloc[-6:].mean()
    verb = "grew" if late > early else "shrank"
    early, late = number(early, "%"), number(late, "%")
    return f"The effect {verb} from {early} in the first six months to {late} in the last"


def market_data(data: MarketData) -> Iterator[Part]:
    """How much of the record is in the analysis, and what is left out."""
    months = data.products["period"]
    yield Number(
        "covered", "Share of the ranked tokens in the analysis", 100 * data.covered(), "%",
        n=len(data.products),
        method=f"{months.min()} to {months.max()}", note="a count, not a sample: no interval",
        role="descriptive",
    )  # fmt: skip
    yield Sentence(
        f"{data.summary()} What lies below the fiftieth place, was bought elsewhere, or came after the last "
        "known rent of a GPU is not in the record at all: how large it is has to be assumed."
    )
    yield Table(
        data.table()[["reason", "rows", "models", "share"]], title="What is left out",
        subtitle="Products by month, models, and their share of all ranked tokens", row_label="reason",
        formats={"share": "share"},
    )  # fmt: skip


def comparison(found: Comparison) -> Iterator[Part]:
    """The elasticity, estimated in different ways."""
    for row in found.frame.itertuples():
        words = str(row.specification).lower()
        key = "_".join(words.translate(str.maketrans("", "", ",()")).split())
        yield Number(
            f"elasticity.{key}", f"Own-price elasticity, {row.specification}", row.elasticity, "elasticity",
            ci=(row.low, row.high), n=row.n, method=f"{row.method}; {row.clusters} developers",
            note=f"interval robust to weak instruments: {row.robust}", role="robustness",
        )  # fmt: skip
    columns = ["specification", "elasticity", "low", "high", "robust", "first_stage_f", "hansen_p"]
    yield Table(
        found.frame[columns], title="Own-price elasticity, estimated in different ways",
        subtitle="Mean over products, 95% interval, interval robust to weak instruments; "
        f"{found.main.clusters} developers, {found.main.markets} months",
        row_label="specification",
        labels={**_ENDS, "robust": "robust interval", "first_stage_f": "first-stage F",
                "hansen_p": "over-id. p"},
    )  # fmt: skip


def curve(found: Curve) -> Iterator[Part]:
    """A specification curve; of effects, with its median as a finding."""
    count, of_effects = found.curve.counts(), found.of == "effect"
    unit = "%" if of_effects else ""
    if of_effects:
        yield Number(
            "no_chinese_open_models.closed_price_over_specifications",
            "No Chinese open models: change of closed models' prices, median over combinations of "
            "assumptions",
            count["median"], "%", n=int(count["specifications"]), method="all combinations",
            note=f"assumptions, no sample; from {number(count['lowest'], '%')} to "
            f"{number(count['highest'], '%')}",
            role="robustness",
        )  # fmt: skip
    yield Figure(
        f"{found.of}_curve",
        lambda: charts.curve(
            found.curve, finding=_CURVE_TITLES[found.of](found),
            note=_CURVE_NOTES[found.of], source=_SOURCE,
        ),
        alt=f"Specification curve of {count['specifications']} estimates from {count['lowest']:.2f}{unit} to "
        f"{count['highest']:.2f}{unit}, median {count['median']:.2f}{unit}.",
        data=found.frame,
    )  # fmt: skip


_CURVE_NOTES: Final = {
    "effect": "Change of closed models' prices without Chinese open models, %; bars: lowest and highest "
    "month; ringed: middle",
    "elasticity": "Own-price elasticity with 95% intervals (wide ones cut); ringed: main specification; "
    "dark: excludes zero",
    "response": "Tokens on the own price, with 95% intervals; ringed: the headline; dark: excludes zero",
}


def title_effects(found: Curve) -> str:
    """How far assumptions move the effect, and which one most."""
    count, most = found.curve.counts(), str(found.curve.influence().iloc[0]["choice"])
    return (
        f"Assumptions move the effect from {number(count['lowest'], '%')} to "
        f"{number(count['highest'], '%')}; the {most.replace('_', ' ')} matters most"
    )


def title_elasticities(found: Curve) -> str:
    """How many ways to estimate find demand that sellers could live with."""
    steep = int((found.curve.estimates["high"] < -1).sum())
    of = found.curve.counts()["specifications"]
    find = "find" if steep > 1 else "finds"
    told = f"{steep or 'None'} of {of:.0f} ways to estimate {find} demand steep enough"
    return f"{told} for profit-seeking sellers"


_CURVE_TITLES: Final = {
    "effect": title_effects, "elasticity": title_elasticities, "response": title_responses,
}  # fmt: skip


def identification(found: Identification) -> Iterator[Part]:
    """What the data could and could not have told."""
    main, mixed = found.main, found.mixed
    yield Number(
        "smallest_detectable_elasticity",
        "Smallest own-price elasticity that the main specification would have found", found.smallest.effect,
        "elasticity", n=main.n, method="80% power at the 5% level", role="robustness",
        note="a property of the standard error: no interval; holds only if the instruments are valid and "
        "strong",
    )  # fmt: skip
    yield Number(
        "placebo_p", "Share of placebos at least as far from zero as the estimate", found.p_value, "share",
        n=len(found.frame), method="prices dealt out at random among the models of a month",
        note="a permutation p-value: no interval", role="robustness",
    )  # fmt: skip
    yield Number(
        "random_coefficient_spread", "Spread of the price coefficient among buyers", mixed.spread,
        "elasticity", n=mixed.n, method="random-coefficient logit (pyblp), price coefficient and its spread",
        note=f"standard error {number(mixed.spread_error, '')}; {number(100 * mixed.like_high_prices, '%')} "
        "of the buyers would like higher prices",
        role="robustness",
    )  # fmt: skip
    yield Sentence(verdict(found))
    yield Sentence(published(found))


def verdict(found: Identification) -> str:
    """Whether the elasticity is identified, by the rule set in advance."""
    main, drawn = found.main, found.frame["elasticity"]
    told = "identified" if main.is_identified else "not identified"
    return (
        "By the rule set in advance (a bounded interval that is robust to weak instruments, wholly below −1) "
        f"the elasticity is {told}: {main.elasticity:.2f} ({main.low:.2f} to {main.high:.2f}; robust "
        f"interval: {main.robust}). {number(100 * found.basis.usable, '%')} of draws from the estimate could "
        "be used for pricing. Dealing prices out at random gives elasticities from "
        f"{number(drawn.min(), '')} to {number(drawn.max(), '')}; as far from zero as the estimate are "
        f"{number(100 * found.p_value, '%')} of them."
    ).replace("-", "−")


def published(found: Identification) -> str:
    """How the estimate compares with one that somebody else published."""
    main, row = found.main, found.published
    inside = {True: "inside", False: "outside"}
    plain = inside[bool(main.low <= row["value"] <= main.high)]
    robust = inside[bool(main.weak_low <= row["value"] <= main.weak_high)]
    return (
        f"A published figure for the short run is {number(row['value'], '')} ({row['source_title']}; "
        f"{str(row['confidence']).replace('_', ' ')}); it lies {plain} the ordinary interval of the main "
        f"specification and {robust} the robust one. It compares a model with itself over time, not with "
        "others. With valid and strong instruments this design would have found an elasticity of "
        f"{number(-found.smallest.effect, '')} or steeper in four cases out of five. A ranking cut at the "
        "fiftieth place adds a bias of its own, because a dear model is only seen in the weeks in which it "
        "sells well. docs/simulations-demand.md shows how large such biases can be, and that least squares "
        "finds elasticities near zero in markets whose demand is in truth steep."
    )


def removals(found: Removals) -> Iterator[Part]:
    """Does it have to be Chinese open models?"""
    drawn = found.frame["surplus"]
    low, high = drawn.quantile([0.025, 0.975])
    yield Number(
        "placebo_removal.surplus", "Random removal of the same spending: change of surplus", drawn.median(),
        "%", ci=(low, high), n=len(drawn), method="random models of other groups, whole models",
        note="95% of random sets", role="robustness",
    )  # fmt: skip
    yield Sentence(
        f"At an elasticity of {number(found.elasticity, '')} the loss without Chinese open models is "
        f"{number(found.true, '%')} of spending; without random other models of about the same spending (on "
        f"average {number(found.frame['matched'].mean(), 'x')} of theirs) it is "
        f"{number(drawn.median(), '%')} (95% of the sets: {number(low, '%')} to {number(high, '%')}). "
        f"{number(100 * (drawn <= found.true).mean(), '%')} of the random removals cost buyers as much or "
        "more: what counts in this model of choice is the size of what goes, how alike it is to the rest "
        "(here, the groups) and who owns it."
    )


def standing(found: Standing) -> Iterator[Part]:
    """What each number rests on, and what to be warned of."""
    yield Table(
        found.frame, title="What each number rests on", subtitle="As the results of this build have it",
        row_label="what", labels={"because": "because"},
    )  # fmt: skip
    yield Caveat(
        "Shares within the top fifty of one platform; list prices; a static exercise whose market size is "
        "assumed."
    )
    if found.basis.kind == "assumed":
        yield Caveat(
            "The price elasticity is not identified: all effects are computed under assumed elasticities, "
            "and their intervals are over assumptions."
        )


def _interval_of(basis: Basis) -> str:
    if basis.kind == "estimated":
        return "95% of draws from the estimate"
    return "95% of draws over assumptions, not a confidence interval"


def _of(found: Effects, measure: str) -> pd.Series:
    rows = found.frame[found.frame["scenario"].eq(SCENARIO) & found.frame["measure"].eq(measure)]
    return rows.iloc[0]


def _cost(row: pd.Series) -> str:
    if row["median"] > 0:
        return f"cost {number(row['median'], '%')} more"
    return f"cost {number(-row['median'], '%')} less" if row["median"] < 0 else "cost the same"


def _span(row: pd.Series) -> str:
    return f"{number(row['median'], '%')} ({number(row['low'], '%')} to {number(row['high'], '%')})"
