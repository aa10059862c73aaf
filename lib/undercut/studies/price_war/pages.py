"""What does the report on a price war say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from undercut import plots
from undercut.report.findings.sentences import listed, number
from undercut.result import Axes
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.price_war.estimates import AllScenarios, AtMarket, BreakEven, Weights
from undercut.studies.value.charts import ROLE_COLORS, ROLE_NAMES, SOURCE
from undercut.studies.value.words import CAVEATS, RANGE, needs, numbers, told, words
from undercut.valuation import charts
from undercut.valuation.break_even import ELASTICITIES, BreakEvens
from undercut.valuation.chain import LAYERS
from undercut.valuation.implied import told_erosion

_NAMES: Final = {layer: ROLE_NAMES[role][1] for layer, role in LAYERS.items()}
_COLORS: Final = {layer: ROLE_COLORS[role] for layer, role in LAYERS.items()}
_LOSER: Final = "model_sellers"


def break_even(found: BreakEven) -> Iterator[Part]:
    """Break-evens, the answer, the figure of all layers, and the elasticity that is measured."""
    title = found.layers.scenario.title
    yield from numbers(found.layers, _NAMES, ["headline" if n == "chips" else "primary" for n in LAYERS])
    yield from numbers(found.companies, found.names, ["descriptive"] * len(found.companies.frame))
    yield Answer(answer(found.layers))
    yield Sentence(against_measured(found))
    yield Figure(
        "break_even", lambda: drawn(found.layers),
        alt=f"Change of value in the scenario {title} by elasticity of use, a line a layer. "
        + "; ".join(f"{_NAMES[name]}: {told(found.layers, name)}" for name in LAYERS),
        data=found.layers.curves,
    )  # fmt: skip
    yield Sentence(f"{title}: {found.layers.scenario.story} {hangs_on(found.layers)}")
    rows = found.companies.frame.assign(
        company=found.companies.frame["name"].map(found.names),
        told=[told(found.companies, name) for name in found.companies.frame["name"]],
        loses=100 * found.companies.frame["loses"], gains=100 * found.companies.frame["gains"],
    )  # fmt: skip
    yield Table(
        rows[["company", "told", "gains", "loses"]], title="Break-even elasticity of each company",
        subtitle="AI business; 90% of draws; gains, loses: percent of the draws in which it does so at every "
        f"elasticity from {RANGE}",
        row_label="company", labels={"told": "break-even"},
        formats={"gains": "percent", "loses": "percent"},
    )  # fmt: skip
    yield from (Caveat(text) for text in CAVEATS)


def answer(found: BreakEvens) -> str:
    """What chip makers need, and whether sellers of models can gain at all."""
    chips, sellers = (found.frame.set_index("name").loc[name] for name in ("chips", _LOSER))
    first = f"chip makers {chips['side'][:-1] if chips['side'] else 'gain ' + needs(found, 'chips')}"
    second = f"sellers of models only beyond {told(found, _LOSER)}"
    if sellers["side"]:
        second = f"sellers of models {sellers['side'][:-1]} either way"
    return f"{found.scenario.title}: {first}; {second}."


def against_measured(found: BreakEven) -> str:
    """What the measured elasticity says of each layer's side."""
    rest = ", ".join(f"{_NAMES[name]} {told(found.layers, name)}" for name in LAYERS if name != "chips")
    measured = found.measured
    if measured is None or not measured.identified:
        why = f" ({measured.reason})" if measured is not None and measured.reason else ""
        return (
            f"Other break-evens: {rest}. The elasticity measured from weekly tokens is not identified{why}: "
            "on which side of the break-even the market stands cannot be told."
        )
    sides: dict[str, list[str]] = {"gain": [], "lose": [], "could do either": []}
    for row in found.layers.frame.itertuples():
        gains = row.side == "gains" or (not row.side and measured.high < row.low)
        loses = row.side == "loses" or (not row.side and measured.low > row.high)
        sides["gain" if gains else "lose" if loses else "could do either"].append(_NAMES[row.name])
    parts = [f"{listed(names)} {verb}" for verb, names in sides.items() if names]
    value, low, high = (number(getattr(measured, n), "", decimals=2) for n in ("estimate", "low", "high"))
    return (
        f"Other break-evens: {rest}. Weekly tokens say {value} ({low} to {high}): there {'; '.join(parts)}."
    )


def title(found: BreakEvens) -> str:
    """How many layers turn within the range, and where."""
    inside = found.frame[found.frame["side"] == ""]
    if inside.empty:
        return f"{found.scenario.title}: no layer changes its side whatever the elasticity"
    first, last = (number(inside["median"].agg(end), "", decimals=2) for end in ("min", "max"))
    many = f"{len(inside)} of {len(found.frame)} layers gain only if use is elastic enough"
    return f"{found.scenario.title}: {many}, beyond {first} to {last} by layer"


def drawn(found: BreakEvens) -> Axes:
    """The figure of the layers."""
    ax = charts.by_elasticity(found.curves, found.frame, colors=_COLORS, names=_NAMES)
    measure = (
        "Change of value by elasticity of use (\N{MINUS SIGN}1: prices 1% lower, use 1% higher); dots: "
        "break-even, bars: 90% of draws"
    )
    return plots.headline(ax, title(found), measure, source=SOURCE)


def hangs_on(found: BreakEvens) -> str:
    """Which assumptions the break-even of each layer hangs on most."""
    parts = []
    for name in LAYERS:
        rows = found.drivers[found.drivers["name"] == name]
        if len(rows):
            best = rows.loc[rows["correlation"].abs().idxmax()]
            size = number(best["correlation"], "", decimals=2)
            parts.append(f"for {_NAMES[name]} on {words(best['parameter'])} (rank correlation {size})")
    return f"The break-even hangs most, {'; '.join(parts)}." if parts else ""


def all_scenarios(found: AllScenarios) -> Iterator[Part]:
    """Break-evens in every scenario."""
    rows = found.frame.assign(layer=found.frame["name"].map(_NAMES))
    turns = rows[rows["side"] == ""].groupby("scenario").size()
    yield Sentence(
        "Layers whose side the elasticity decides: "
        + "; ".join(f"{turns.get(name, 0)} of {len(LAYERS)} in {name}" for name in rows["scenario"].unique())
        + "."
    )
    wide = rows.pivot_table(index="layer", columns="scenario", values="told", aggfunc="first", sort=False)
    yield Table(
        wide.reset_index(), title="Break-even elasticity, scenario by scenario", row_label="layer",
        subtitle=f"Median and 90% of draws; where there is none from {RANGE}, what happens throughout",
    )  # fmt: skip


def weights(found: Weights) -> Iterator[Part]:
    """How much of each company this is about."""
    rows = found.frame.sort_values("share", ascending=False)
    for row in found.frame.itertuples():
        yield Number(
            f"ai_share_of_value.{row.ticker.lower()}",
            f"{row.company}: AI business as part of the value of operations",
            row.share, "%", ci=(row.low, row.high), level=0.9,
            method="median and 90% of draws, status quo",
            note=f"over the {100 * row.used:.0f}% of draws in which operations are worth something",
            role="assumption",
        )  # fmt: skip
    yield Sentence(
        f"For {int((rows['share'] >= 50).sum())} of {len(rows)} companies the AI business is at least half "
        f"of the value (median of the draws); for {int((rows['share'] < 10).sum())} it is less than a tenth, "
        "and what this page says about them is about little of them."
    )
    yield Table(
        rows[["company", "share", "low", "high", "rests on"]],
        title="What the exercise can speak about", row_label="company",
        subtitle="Percent; AI business in the value of operations, status quo, median and 90% of draws",
        formats=dict.fromkeys(("share", "low", "high"), "percent"),
        labels={"share": "share of value", "low": "90% from", "high": "to"},
    )  # fmt: skip


def at_market(found: AtMarket) -> Iterator[Part]:
    """What the reader's market values assume."""
    if not found.given:
        yield Sentence(
            "No table of market values was given, so there is nothing to say about what today's market "
            "assumes."
        )
        return
    gone = [f"{ticker} ({reason})" for ticker, reason in found.left_out.items()]
    yield Sentence(f"Left out: {'; '.join(gone) or 'nobody'}.")
    if found.frame.empty:
        return
    ends = found.frame[found.frame["elasticity"].isin([ELASTICITIES[0], -0.8, ELASTICITIES[-1]])]
    cells = ends.assign(told=[told_erosion(row) for _, row in ends.iterrows()])
    wide = cells.pivot_table(index="ticker", columns="elasticity", values="told", aggfunc="first")
    wide.columns = pd.Index([f"at {number(name, '', decimals=1)}" for name in wide.columns])
    yield Table(
        wide.reset_index(), title="What each market value assumes, by the elasticity of use",
        subtitle="Fall of token prices in the first year that gives the market value; 90% of draws of all "
        "else",
        row_label="ticker",
    )  # fmt: skip
