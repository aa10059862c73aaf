"""What does the report on a price war compute? Each result is a frame and what it was made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from undercut.studies.framed import Framed
from undercut.valuation.implied_ranges import REVERSED, at_multiple, break_even
from undercut.valuation.market import with_market_values
from undercut.valuation.ranges import (
    ScenarioChange,
    change_table,
    role_by_assumption,
    role_drivers,
    role_table,
    scenario_changes,
)
from undercut.valuation.reverse import implied_table
from undercut.valuation.scenarios import Scenario, load_scenarios
from undercut.valuation.valuation import middle
from undercut.valuation.vendors import Case

MULTIPLES: Final = {0.5: "half", 1.0: "the same", 2.0: "twice"}


@dataclass(frozen=True, slots=True)
class PriceWar(Framed):
    """Change of the AI business of the median company of each role: rows of `role_table`.

    Attributes
    ----------
    scenario : Scenario
        That of the headline.
    vendors : DataFrame
        `change_table`, one row a company and scenario.
    changes : tuple of ScenarioChange
    fall : float
        A fall of value by more than this share is counted.
    draws : int
    """

    scenario: Scenario
    vendors: pd.DataFrame
    changes: tuple[ScenarioChange, ...]
    fall: float
    draws: int

    @property
    def war(self) -> list[ScenarioChange]:
        """The changes in the headline's scenario."""
        return [change for change in self.changes if change.scenario.name == self.scenario.name]

    @property
    def cases(self) -> list[Case]:
        """The companies."""
        return [change.case for change in self.war]

    @property
    def here(self) -> pd.DataFrame:
        """Roles in the headline's scenario."""
        return self.frame[self.frame["scenario"] == self.scenario.name]

    @property
    def companies(self) -> pd.DataFrame:
        """Companies in the headline's scenario."""
        return self.vendors[self.vendors["scenario"] == self.scenario.name]


@dataclass(frozen=True, slots=True)
class OfWar(Framed):
    """A frame that follows from the price war."""

    war: PriceWar


@dataclass(frozen=True, slots=True)
class AllScenarios(OfWar):
    """Every role in every scenario."""


@dataclass(frozen=True, slots=True)
class ByAssumption(OfWar):
    """The change by role over one assumption that all share."""

    assumption: str


@dataclass(frozen=True, slots=True)
class BreakEven(OfWar):
    """Growth of demand at which suppliers are worth what they were: ``ticker, role, root, ...``."""


@dataclass(frozen=True, slots=True)
class Weights(OfWar):
    """How much of each company the AI business is: ``ticker, company, share, low, high, used, ...``."""


@dataclass(frozen=True, slots=True)
class RoleDrivers(Framed):
    """What matters for the value of each role's median company."""


@dataclass(frozen=True, slots=True)
class AtMultiples(Framed):
    """Price erosion that multiples of the model's own value imply; ``left_out`` companies have none."""

    left_out: int


@dataclass(frozen=True, slots=True)
class AtMarket(Framed):
    """What the reader's market values imply; empty where no table was given (``given``)."""

    given: bool
    priced: int
    left_out: dict[str, str]


def price_war(cases: Sequence[Case], scenario: Scenario, *, draws: int, fall: float) -> PriceWar:
    """Every company in every scenario, on common draws; the headline's scenario first."""
    known = load_scenarios().items()
    others = [entry for name, entry in known if name != "status-quo" or name == scenario.name]
    changes = scenario_changes(cases, others, draws=draws)
    roles = role_table(changes).sort_values(
        "scenario", key=lambda names: names != scenario.name, kind="stable"
    )
    return PriceWar(roles, scenario, change_table(changes, fall=fall), tuple(changes), fall, draws)


def all_scenarios(war: PriceWar) -> AllScenarios:
    """Roles and companies, scenario by scenario."""
    return AllScenarios(war.frame, war)


def by_assumption(war: PriceWar, assumption: str) -> ByAssumption:
    """The headline's scenario, sorted by what one believes about one assumption."""
    return ByAssumption(role_by_assumption(war.war, assumption), war, assumption)


def supplier_break_even(war: PriceWar) -> BreakEven:
    """Which growth of demand would leave chip makers and clouds where they were?"""
    rows = []
    for case in (case for case in war.cases if case.company.role in ("chips", "cloud")):
        found = break_even(case, war.scenario, "demand_growth")
        root = found.roots[0] if found.verdict == "one" else np.nan
        assumed = case.assumptions["demand_growth"].default
        rows.append((case.company.ticker, case.company.name, case.company.role, assumed, root, found.verdict))
    columns = ["ticker", "name", "role", "assumed", "root", "verdict"]
    return BreakEven(pd.DataFrame(rows, columns=columns), war)


def weights(war: PriceWar) -> Weights:
    """The AI business as part of the value of operations, status quo, in percent."""
    rows = []
    for change in war.war:
        worth = change.firm_before > 0
        part = middle(100 * change.ai_before[worth] / change.firm_before[worth], 0.9)
        company, share = change.case.company, change.case.assumptions["ai_revenue_share"]
        rows.append((company.ticker, company.name, *part, share.evidence, int(worth.sum()), worth.mean()))
    columns = ["ticker", "company", "share", "low", "high", "rests on", "n", "used"]
    counted = war.companies.set_index("ticker")[["falls_by", "worthless_before", "worthless_after"]]
    table = pd.DataFrame(rows, columns=columns).join(100 * counted, on="ticker")
    return Weights(table, war)


def what_matters(cases: Sequence[Case], *, base_draws: int) -> RoleDrivers:
    """Assumptions by their part of the variance, median company of each role."""
    return RoleDrivers(role_drivers(cases, base_draws=base_draws))


def at_multiples(cases: Sequence[Case]) -> AtMultiples:
    """The erosion that half, the same and twice the model's own value would assume."""
    worthy = [case for case in cases if case.value().equity[0] > 0]
    parts = [
        implied_table([at_multiple(case, times) for case in worthy], ["price_erosion"]).assign(times=times)
        for times in MULTIPLES
    ]
    return AtMultiples(pd.concat(parts, ignore_index=True), len(cases) - len(worthy))


def at_market(
    cases: Sequence[Case], table: Path | str | None, fundamentals: pd.DataFrame, *, as_of: str | None
) -> AtMarket:
    """What the market values of the reader's own table assume."""
    if table is None:
        return AtMarket(pd.DataFrame(columns=["ticker", "parameter", "implied"]), False, 0, {})
    found = with_market_values(cases, table, fundamentals, source="the reader's table", as_of=as_of)
    return AtMarket(implied_table(found.cases, REVERSED), True, len(found.cases), found.left_out)
