"""What does the report on a price war compute? Break-even elasticities, and how much they are about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from undercut.result import Axes, Result
from undercut.studies.framed import Framed
from undercut.valuation.break_even import BreakEvens, company_break_evens, layer_break_evens
from undercut.valuation.implied import implied_pair
from undercut.valuation.market import with_market_values
from undercut.valuation.ranges import value_draws
from undercut.valuation.scenarios import Scenario, load_scenarios
from undercut.valuation.valuation import middle
from undercut.valuation.vendors import Case


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
