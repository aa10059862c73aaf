"""Who loses in a price war, and who gains? What the report computes, says and shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pandas as pd

from undercut import plots
from undercut.report.findings.sentences import listed, number
from undercut.result import Axes, Result
from undercut.studies.framed import Section, Shown
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.value.charts import ROLE_COLORS, ROLE_NAMES, SOURCE
from undercut.studies.value.words import CAVEATS, RANGE, needs, numbers, told, words
from undercut.valuation import charts
from undercut.valuation.break_even import ELASTICITIES, BreakEvens, company_break_evens, layer_break_evens
from undercut.valuation.chain import LAYERS
from undercut.valuation.implied import implied_pair, told_erosion
from undercut.valuation.market import with_market_values
from undercut.valuation.montecarlo import value_draws
from undercut.valuation.scenarios import Scenario, load_scenarios
from undercut.valuation.valuation import middle
from undercut.valuation.vendors import Case

#: Least rank correlation of an assumption that is held in turn.
_MATTERS: Final = 0.1
_NAMES: Final = {layer: ROLE_NAMES[role][1] for layer, role in LAYERS.items()}
_COLORS: Final = {layer: ROLE_COLORS[role] for layer, role in LAYERS.items()}
_LOSER: Final = "model_sellers"


class Measured(Protocol):
    """An elasticity as the report on weekly tokens measures it."""

    estimate: float
    low: float
    high: float
    identified: bool
    reason: str


class BreakEven(Result):
    """Break-even elasticities of layers and companies, beside the elasticity that is measured."""

    layers: BreakEvens
    companies: BreakEvens
    names: dict[str, str]
    measured: Measured | None

    def to_frame(self) -> pd.DataFrame:
        """One row a layer and company."""
        return pd.concat([self.layers.frame, self.companies.frame], ignore_index=True)

    def summary(self) -> str:
        """One line a layer and company."""
        return f"{self.layers.summary()}\n{self.companies.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Change of value by elasticity, a line a layer."""
        return self.layers.plot(ax)

    def parts(self) -> Iterator[Part]:
        """Break-evens, the answer, the figure of all layers, and the elasticity that is measured."""
        yield from _break_even(self)


def break_even(
    cases: Sequence[Case], scenario: Scenario, *, measured: Measured | None = None, draws: int = 512
) -> BreakEven:
    """Break-even elasticity of each layer (over four times the draws) and each company."""
    return BreakEven(
        layer_break_evens(scenario, draws=4 * draws), company_break_evens(cases, scenario, draws=draws),
        {case.company.ticker: case.company.name for case in cases}, measured,
    )  # fmt: skip


def _break_even(found: BreakEven) -> Iterator[Part]:
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


def without_each(found: BreakEven, layer: str = "chips", *, draws: int = 512) -> Shown:
    """The break-even of a layer with each assumption that matters held in turn: ``assumption, median``."""
    drivers = found.layers.drivers.query("name == @layer").set_index("parameter")["correlation"]
    rows = []
    for name in drivers[drivers.abs() >= _MATTERS].index:
        left = layer_break_evens(found.layers.scenario, draws=draws, held=[name]).frame.set_index("name")
        rows.append((name, left.loc[layer, "median"]))
    whole = float(found.layers.frame.set_index("name").loc[layer, "median"])
    page = partial(_without_each, layer=layer, whole=whole)
    return Shown(pd.DataFrame(rows, columns=["assumption", "median"]), page, "assumption", "median")


def _without_each(rows: pd.DataFrame, layer: str, whole: float) -> Iterator[Part]:
    """The range, and whether one assumption takes the break-even away."""
    known = rows.dropna(subset=["median"])
    if pd.isna(whole) or known.empty:
        return
    far = known.loc[(known["median"] - whole).abs().idxmax()]
    low, high = float(known["median"].min()), float(known["median"].max())
    yield Number(
        f"break_even_elasticity.{layer}.without_one_assumption",
        f"The same for {layer}, one assumption held at its default: middle of the estimates",
        float(known["median"].median()), "elasticity", ci=(low, high), level=1.0, n=len(rows),
        role="robustness", note=f"lowest and highest; furthest with {words(far['assumption'])} held",
        method=f"each assumption with a rank correlation of {_MATTERS:g} or more in turn",
    )  # fmt: skip
    gone = len(rows) - len(known)
    yield Sentence(
        f"With one of {len(rows)} assumptions held at its default the break-even of {layer} lies from "
        f"{number(low, '', decimals=2)} to {number(high, '', decimals=2)}, furthest with "
        f"{words(far['assumption'])} held{f'; with {gone} held there is none' if gone else ''}."
    )


def all_scenarios(*, draws: int = 512) -> Shown:
    """Layers in every scenario but the status quo: scenario, name, told, median, low, high."""
    parts = []
    for name, scenario in load_scenarios().items():
        if name != "status-quo":
            found = layer_break_evens(scenario, draws=draws)
            told = [found.told(layer) for layer in found.frame["name"]]
            parts.append(found.frame.assign(scenario=scenario.title, told=told))
    return Shown(pd.concat(parts, ignore_index=True), _all_scenarios)


def _all_scenarios(frame: pd.DataFrame) -> Iterator[Part]:
    """Break-evens in every scenario."""
    rows = frame.assign(layer=frame["name"].map(_NAMES))
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


def weights(cases: Sequence[Case], *, draws: int = 2_048) -> Shown:
    """The AI business as part of the value of operations, status quo, in percent.

    Columns ``ticker, company, share, low, high, used, rests on``.
    """
    rows = []
    for case in cases:
        found, share = value_draws(case, draws=draws), case.assumptions["ai_revenue_share"]
        worth = found.enterprise > 0
        part = middle(100 * np.where(worth, found.ai_share, np.nan), 0.9)
        rows.append((case.company.ticker, case.company.name, *part, float(worth.mean()), share.evidence))
    columns = ["ticker", "company", "share", "low", "high", "used", "rests on"]
    return Shown(pd.DataFrame(rows, columns=columns), _weights)


def _weights(frame: pd.DataFrame) -> Iterator[Part]:
    """How much of each company this is about."""
    rows = frame.sort_values("share", ascending=False)
    for row in frame.itertuples():
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


def at_market(
    cases: Sequence[Case], table: Path | str | None, fundamentals: pd.DataFrame, *, as_of: str | None
) -> Shown | Section:
    """Pairs of erosion and elasticity that the market values of the reader's own table assume."""
    if table is None:
        none = Sentence(
            "No table of market values was given, so there is nothing to say about what today's market "
            "assumes."
        )
        return Section("What the market assumes", (none,))
    found = with_market_values(cases, table, fundamentals, source="the reader's table", as_of=as_of)
    none = pd.DataFrame(columns=["ticker", "elasticity", "median"])
    pairs = [implied_pair(case).to_frame().assign(ticker=case.company.ticker) for case in found.cases]
    frame = pd.concat(pairs or [none], ignore_index=True)
    return Shown(frame, partial(_at_market, left_out=found.left_out))


def _at_market(frame: pd.DataFrame, left_out: Mapping[str, str]) -> Iterator[Part]:
    """What the reader's market values assume."""
    gone = [f"{ticker} ({reason})" for ticker, reason in left_out.items()]
    yield Sentence(f"Left out: {'; '.join(gone) or 'nobody'}.")
    if frame.empty:
        return
    ends = frame[frame["elasticity"].isin([ELASTICITIES[0], -0.8, ELASTICITIES[-1]])]
    cells = ends.assign(told=[told_erosion(row) for _, row in ends.iterrows()])
    wide = cells.pivot_table(index="ticker", columns="elasticity", values="told", aggfunc="first")
    wide.columns = pd.Index([f"at {number(name, '', decimals=1)}" for name in wide.columns])
    yield Table(
        wide.reset_index(), title="What each market value assumes, by the elasticity of use",
        subtitle="Fall of token prices in the first year that gives the market value; 90% of draws of all "
        "else",
        row_label="ticker",
    )  # fmt: skip
