"""What does the report on the counterfactual say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from undercut.competition.demand.assumptions import (
    Basis,
    assumed_market,
    by_elasticity,
    by_month,
    placebo_removals,
    vendor_outcomes,
)
from undercut.competition.demand.counterfactual import MEASURES, SCENARIOS, Market, scenario_outcome
from undercut.inference.specifications import SpecificationCurve
from undercut.report.findings.sentences import number
from undercut.studies.counterfactual import charts
from undercut.studies.counterfactual.estimates import (
    CORRELATIONS,
    OUTSIDE_SHARES,
    SCENARIO,
    Effects,
    central,
    diverted,
)
from undercut.studies.counterfactual.responses import title_responses
from undercut.studies.framed import section
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table

ENDS: Final = {"low": "from", "high": "to"}


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


@section
def over_elasticities(products: pd.DataFrame, whole: Effects) -> Iterator[Part]:
    """The scenarios at five elasticities of the assumed range, and their table over all draws."""
    most, least = whole.elasticities
    points = sorted({most, -3.0, central(most, least)["elasticity"], -1.5, least})
    kept: Any = {"correlations": CORRELATIONS, "outside_shares": OUTSIDE_SHARES, "fee": whole.fee}
    grid = by_elasticity(products, list(SCENARIOS), points, **kept)
    band = grid[grid["scenario"].eq(SCENARIO) & grid["measure"].eq("closed_price")]
    shown = [f"at {r.elasticity:g}: {r.value:.2f}% ({r.low:.2f} to {r.high:.2f})" for r in band.itertuples()]
    note = f"Change of closed models' list prices, %, {whole.months}; lines: middle assumptions, bands: all"
    yield Figure(
        "effect_by_elasticity",
        lambda: charts.effect_by_elasticity(grid, finding=title_over_elasticities(grid), note=note),
        alt="Three panels of lines with bands over the assumed elasticity. " + "; ".join(shown),
        data=grid,
    )
    told = whole.frame[whole.frame["measure"].ne("surplus_usd")]
    yield Table(
        told.assign(measure=told["measure"].map(MEASURES)), title="Three scenarios",
        subtitle=f"Change, {whole.months}; median and {_interval_of(whole.basis)}; "
        f"licence fee: ${whole.fee:.2f} per million tokens",
        row_label="scenario", formats=dict.fromkeys(("median", "low", "high"), "signed_percent"),
        labels=ENDS,
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


@section
def price_paid(products: pd.DataFrame, assumptions: Mapping[str, Any]) -> Iterator[Part]:
    """Why the price paid changes: new prices, or other models."""
    market = assumed_market(products, assumptions)
    both, held = (
        scenario_outcome(market, SCENARIO, reprice=again).measures()["price_paid"].item()
        for again in (True, False)
    )
    yield Sentence(paid_sentence(both, held, assumptions["elasticity"]))


def paid_sentence(both: float, held: float, elasticity: float) -> str:
    """How much of the change of the price paid is new prices, and how much other models."""
    part = "Most" if abs(held) > abs(both) / 2 else "Less than half"
    return (
        f"Without Chinese open models, and at an elasticity of {number(elasticity, '')}, the average "
        f"price paid changes by {number(both, '%')}; with all list prices held it would change by "
        f"{number(held, '%')}. {part} of the change is thus buyers who end up with other models, not sellers "
        "who change prices."
    )


@section
def diversion(products: pd.DataFrame, assumptions: Mapping[str, Any]) -> Iterator[Part]:
    """Where the money goes that a model loses whose price rises; extremes over nesting and market size."""
    ends = [dict(assumptions) | {"correlation": rho, "outside_share": outside}
            for rho in CORRELATIONS[::2] for outside in OUTSIDE_SHARES[::2]]  # fmt: skip
    market = assumed_market(products, pd.DataFrame([assumptions, *ends]))
    shares = diverted(market)
    table = pd.DataFrame({"share": shares[0], "low": shares.min(axis=1), "high": shares.max(axis=1)})
    table = table.reset_index()
    for row in table[table["origin"].eq("Chinese open")].itertuples():
        yield Number(
            f"diversion.chinese_open.{str(row.goes_to).lower().replace(' ', '_')}",
            f"Of what a Chinese open model loses by a higher price, goes to: {row.goes_to}",
            100 * row.share, "%", n=len(products), method="nested logit, shares of money",
            note="follows from assumptions; over nesting 0 to 0.7 and outside shares 0.2 to 0.8 from "
            f"{number(100 * row.low, '%')} to {number(100 * row.high, '%')}",
            role="assumption",
        )  # fmt: skip
    yield Table(
        table, title="Where the money goes",
        subtitle="Part of the loss of a model whose price rises, elasticity "
        f"{number(assumptions['elasticity'], '')}; from, to: extremes over nesting and market size",
        row_label="origin", formats=dict.fromkeys(("share", "low", "high"), "share"),
        labels={"origin": "model whose price rises", "goes_to": "goes to", **ENDS},
    )  # fmt: skip


@section
def vendors(market: Market, basis: Basis) -> Iterator[Part]:
    """What each vendor gains or loses without Chinese open models."""
    found = vendor_outcomes(market, SCENARIO)
    left = found[found["group"].ne("Chinese open")]
    yield Table(
        left.assign(revenue=left["revenue"] / 1e6), title="Vendors without Chinese open rivals",
        subtitle="Weekly revenue at list prices on this platform before, and its change; "
        + _interval_of(basis),
        row_label="firm",
        formats={"revenue": "number", **dict.fromkeys(("change", "low", "high"), "signed_percent")},
        labels={"revenue": "USD million a week", "change": "change", **ENDS},
    )  # fmt: skip


@section
def monthly(products: pd.DataFrame, assumptions: Mapping[str, Any]) -> Iterator[Part]:
    """The effect in every month of the record."""
    months = by_month(assumed_market(products, assumptions), SCENARIO)
    points = [f"{r.period}: {r.effect:.2f}%, share {r.share:.0f}%" for r in months.itertuples()]
    note = (
        "Without Chinese open models: change of closed models' prices, and the share of spending removed; "
        f"elasticity {number(assumptions['elasticity'], '')}"
    )
    yield Figure(
        "effect_by_month",
        lambda: charts.effect_by_month(months, finding=title_by_month(months), note=note),
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


@section
def curve(found: SpecificationCurve, of: str) -> Iterator[Part]:
    """A specification curve of effects (with its median as a finding), elasticities or measured responses."""
    count, of_effects = found.counts(), of == "effect"
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
        f"{of}_curve",
        lambda: charts.curve(found, finding=_CURVE_TITLES[of](found), note=_CURVE_NOTES[of]),
        alt=f"Specification curve of {count['specifications']} estimates from {count['lowest']:.2f}{unit} to "
        f"{count['highest']:.2f}{unit}, median {count['median']:.2f}{unit}.",
        data=found.table(),
    )  # fmt: skip


_CURVE_NOTES: Final = {
    "effect": "Change of closed models' prices without Chinese open models, %; bars: lowest and highest "
    "month; ringed: middle",
    "elasticity": "Own-price elasticity with 95% intervals (wide ones cut); ringed: main specification; "
    "dark: excludes zero",
    "response": "Tokens on the own price, with 95% intervals; ringed: the headline; dark: excludes zero",
}


def title_effects(found: SpecificationCurve) -> str:
    """How far assumptions move the effect, and which one most."""
    count, most = found.counts(), str(found.influence().iloc[0]["choice"])
    return (
        f"Assumptions move the effect from {number(count['lowest'], '%')} to "
        f"{number(count['highest'], '%')}; the {most.replace('_', ' ')} matters most"
    )


def title_elasticities(found: SpecificationCurve) -> str:
    """How many ways to estimate find demand that sellers could live with."""
    steep = int((found.estimates["high"] < -1).sum())
    of = found.counts()["specifications"]
    find = "find" if steep > 1 else "finds"
    told = f"{steep or 'None'} of {of:.0f} ways to estimate {find} demand steep enough"
    return f"{told} for profit-seeking sellers"


_CURVE_TITLES: Final = {
    "effect": title_effects, "elasticity": title_elasticities, "response": title_responses,
}  # fmt: skip


@section
def random_removals(
    products: pd.DataFrame, assumptions: Mapping[str, Any], *, draws: int, seed: int
) -> Iterator[Part]:
    """Does it have to be Chinese open models? Random other models removed beside them."""
    market = assumed_market(products, assumptions)
    true = scenario_outcome(market, SCENARIO).measures()["surplus"].item()
    found = placebo_removals(market, "Chinese open", draws, seed=seed)
    drawn = found["surplus"]
    low, high = drawn.quantile([0.025, 0.975])
    yield Number(
        "placebo_removal.surplus", "Random removal of the same spending: change of surplus", drawn.median(),
        "%", ci=(low, high), n=len(drawn), method="random models of other groups, whole models",
        note="95% of random sets", role="robustness",
    )  # fmt: skip
    yield Sentence(
        f"At an elasticity of {number(assumptions['elasticity'], '')} the loss without Chinese open models "
        f"is {number(true, '%')} of spending; without random other models of about the same spending (on "
        f"average {number(found['matched'].mean(), 'x')} of theirs) it is "
        f"{number(drawn.median(), '%')} (95% of the sets: {number(low, '%')} to {number(high, '%')}). "
        f"{number(100 * (drawn <= true).mean(), '%')} of the random removals cost buyers as much or "
        "more: what counts in this model of choice is the size of what goes, how alike it is to the rest "
        "(here, the groups) and who owns it."
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
