"""What does the report on a price war compute? Break-even elasticities, and how much they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pandas as pd

from undercut.report.findings.sentences import number
from undercut.result import Axes, Result
from undercut.studies.framed import Framed
from undercut.studies.presentation import Number, Part, Sentence
from undercut.studies.value.words import words
from undercut.valuation.break_even import BreakEvens, company_break_evens, layer_break_evens
from undercut.valuation.implied import implied_pair
from undercut.valuation.market import with_market_values
from undercut.valuation.montecarlo import value_draws
from undercut.valuation.scenarios import Scenario, load_scenarios
from undercut.valuation.valuation import middle
from undercut.valuation.vendors import Case

#: Least rank correlation of an assumption that is held in turn.
_MATTERS: Final = 0.1


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


class AllScenarios(Framed):
    """Break-even elasticity of every layer in every scenario: scenario, name, told, median, low, high."""


class Weights(Framed):
    """How much of each company the AI business is: ``ticker, company, share, low, high, used, rests on``."""


class AtMarket(Framed):
    """Pairs of erosion and elasticity that the reader's market values imply; empty where none were given."""

    given: bool
    left_out: dict[str, str]


def break_even(
    cases: Sequence[Case], scenario: Scenario, *, measured: Measured | None = None, draws: int = 512
) -> BreakEven:
    """Break-even elasticity of each layer (over four times the draws) and each company."""
    return BreakEven(
        layer_break_evens(scenario, draws=4 * draws), company_break_evens(cases, scenario, draws=draws),
        {case.company.ticker: case.company.name for case in cases}, measured,
    )  # fmt: skip


class WithoutEach(Framed, row="assumption", value="median"):
    """Break-even elasticity of one layer with each assumption that moves it held: ``assumption, median``."""

    layer: str
    whole: float

    def parts(self) -> Iterator[Part]:
        """The range, and whether one assumption takes the break-even away."""
        known = self.frame.dropna(subset=["median"])
        if pd.isna(self.whole) or known.empty:
            return
        far = known.loc[(known["median"] - self.whole).abs().idxmax()]
        low, high = float(known["median"].min()), float(known["median"].max())
        yield Number(
            f"break_even_elasticity.{self.layer}.without_one_assumption",
            f"The same for {self.layer}, one assumption held at its default: middle of the estimates",
            float(known["median"].median()), "elasticity", ci=(low, high), level=1.0, n=len(self.frame),
            role="robustness", note=f"lowest and highest; furthest with {words(far['assumption'])} held",
            method=f"each assumption with a rank correlation of {_MATTERS:g} or more in turn",
        )  # fmt: skip
        gone = len(self.frame) - len(known)
        yield Sentence(
            f"With one of {len(self.frame)} assumptions held at its default the break-even of {self.layer} "
            f"lies from {number(low, '', decimals=2)} to {number(high, '', decimals=2)}, furthest with "
            f"{words(far['assumption'])} held{f'; with {gone} held there is none' if gone else ''}."
        )


def without_each(found: BreakEven, layer: str = "chips", *, draws: int = 512) -> WithoutEach:
    """The break-even of a layer with each assumption that matters held at its default in turn."""
    drivers = found.layers.drivers.query("name == @layer").set_index("parameter")["correlation"]
    whole, rows = found.layers.frame.set_index("name")["median"], []
    for name in drivers[drivers.abs() >= _MATTERS].index:
        left = layer_break_evens(found.layers.scenario, draws=draws, held=[name]).frame.set_index("name")
        rows.append((name, left.loc[layer, "median"]))
    return WithoutEach(pd.DataFrame(rows, columns=["assumption", "median"]), layer, float(whole[layer]))


def all_scenarios(*, draws: int = 512) -> AllScenarios:
    """Layers in every scenario but the status quo."""
    parts = []
    for name, scenario in load_scenarios().items():
        if name != "status-quo":
            found = layer_break_evens(scenario, draws=draws)
            told = [found.told(layer) for layer in found.frame["name"]]
            parts.append(found.frame.assign(scenario=scenario.title, told=told))
    return AllScenarios(pd.concat(parts, ignore_index=True))


def weights(cases: Sequence[Case], *, draws: int = 2_048) -> Weights:
    """The AI business as part of the value of operations, status quo, in percent."""
    rows = []
    for case in cases:
        found, share = value_draws(case, draws=draws), case.assumptions["ai_revenue_share"]
        worth = found.enterprise > 0
        part = middle(100 * np.where(worth, found.ai_share, np.nan), 0.9)
        rows.append((case.company.ticker, case.company.name, *part, float(worth.mean()), share.evidence))
    columns = ["ticker", "company", "share", "low", "high", "used", "rests on"]
    return Weights(pd.DataFrame(rows, columns=columns))


def at_market(
    cases: Sequence[Case], table: Path | str | None, fundamentals: pd.DataFrame, *, as_of: str | None
) -> AtMarket:
    """What the market values of the reader's own table assume."""
    if table is None:
        return AtMarket(pd.DataFrame(columns=["ticker", "elasticity", "median"]), False, {})
    found = with_market_values(cases, table, fundamentals, source="the reader's table", as_of=as_of)
    pairs = [implied_pair(case).to_frame().assign(ticker=case.company.ticker) for case in found.cases]
    frame = pd.concat(pairs, ignore_index=True) if pairs else pd.DataFrame(columns=["ticker"])
    return AtMarket(frame, True, found.left_out)
