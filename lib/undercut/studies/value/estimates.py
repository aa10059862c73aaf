"""What does the report on one firm's value compute? Each result is a frame and what it was made with."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from undercut.studies.framed import Framed
from undercut.valuation.event_reading import EventReading, read_event
from undercut.valuation.implied_ranges import implied_curves, implied_ranges, reversed_parameters
from undercut.valuation.ranges import change_table, scenario_changes, value_ranges
from undercut.valuation.scenarios import Scenario, load_scenarios
from undercut.valuation.sensitivity import Tornado
from undercut.valuation.valuation import Valuation
from undercut.valuation.vendors import Case


@dataclass(frozen=True, slots=True)
class OfCase(Framed):
    """A frame about one firm in one scenario."""

    case: Case
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Value(OfCase):
    """Quantities of `value_ranges`, with the draws and what moves equity most."""

    drawn: Valuation
    tornado: Tornado


@dataclass(frozen=True, slots=True)
class Accounts(OfCase):
    """The published figures behind the value."""


@dataclass(frozen=True, slots=True)
class CashFlows(OfCase):
    """Cash flow of both businesses by year."""

    value: Value


@dataclass(frozen=True, slots=True)
class Drivers(OfCase):
    """Sobol indices, beside the tornado."""

    tornado: Tornado


@dataclass(frozen=True, slots=True)
class OtherScenarios(OfCase):
    """Change of value in every other scenario against the status quo, highest first."""

    draws: int


@dataclass(frozen=True, slots=True)
class ImpliedCurves(OfCase):
    """Equity over each assumption: ``parameter, value, equity, multiple``.

    ``case`` is the one asked about: the status quo where the scenario leaves no value of equity to multiply.
    """

    in_scenario: bool

    @property
    def market(self) -> float | None:
        """What the market pays, million; none where it was not given."""
        return None if self.case.market_value is None else self.case.market_value.value


@dataclass(frozen=True, slots=True)
class Implied(OfCase):
    """What market values imply over draws of all else: ``parameter, asked`` and `implied_ranges`."""

    curves: ImpliedCurves
    draws: int


@dataclass(frozen=True, slots=True)
class Event(OfCase):
    """One day's abnormal return and its readings; no reading where the returns do not have the firm."""

    day: str
    reading: EventReading | None


@dataclass(frozen=True, slots=True)
class Assumed(OfCase):
    """Every assumption that is varied."""


def value(case: Case, scenario: Scenario, drawn: Valuation, tornado: Tornado) -> Value:
    """The value over draws, and at the default assumptions."""
    return Value(value_ranges(case, drawn), case, scenario, drawn, tornado)


def accounts(found: Value) -> Accounts:
    """The published figures."""
    return Accounts(found.case.figures, found.case, found.scenario)


def cash_flows(found: Value) -> CashFlows:
    """Cash flows over the draws."""
    return CashFlows(found.drawn.cash_flow_ranges(), found.case, found.scenario, found)


def drivers(found: Value, indices: pd.DataFrame) -> Drivers:
    """What matters, by variance and one at a time."""
    return Drivers(indices, found.case, found.scenario, found.tornado)


def other_scenarios(case: Case, told: Scenario, *, draws: int) -> OtherScenarios:
    """Every scenario but the status quo, on common draws."""
    others = [entry for name, entry in load_scenarios().items() if name != "status-quo"]
    table = change_table(scenario_changes([case], others, draws=draws))
    return OtherScenarios(
        table.sort_values("firm_median", ascending=False, ignore_index=True), case, told, draws
    )


def curves(case: Case, plain: Case, told: Scenario) -> ImpliedCurves:
    """Every market value that one assumption alone can reach.

    A market value cannot be a multiple of less than nothing: then the status quo is asked about.
    """
    worth = bool(case.value().equity[0] > 0)
    asked = case if worth else plain
    return ImpliedCurves(implied_curves(asked, reversed_parameters(plain)), asked, told, worth)


def implied(found: ImpliedCurves, *, draws: int = 1_024) -> Implied:
    """What half, the same and twice the model's own value imply, and the market value if one is given."""
    base = float(found.case.value().equity[0])
    asked = {"half": base / 2, "same": base, "twice": 2 * base}
    if found.market is not None:
        asked["market"] = found.market
    parts = {
        name: implied_ranges(found.case, name, list(asked.values()), draws=draws).assign(asked=list(asked))
        for name in found.frame["parameter"].unique()
    }
    table = pd.concat(parts, names=["parameter"]).reset_index("parameter").reset_index(drop=True)
    return Implied(table, found.case, found.scenario, found, draws)


def event(found: Value, fundamentals: pd.DataFrame, returns: pd.DataFrame, *, day: str) -> Event:
    """Reading of one day's return, from the event study alone."""
    ticker = found.case.company.ticker
    if ticker not in set(returns["ticker"]):
        empty = pd.DataFrame(columns=["reading", "estimate", "low", "high"])
        return Event(empty, found.case, found.scenario, day, None)
    reading = read_event(ticker, fundamentals, returns, day=day)
    return Event(reading.to_frame(), found.case, found.scenario, day, reading)


def assumed(found: Value) -> Assumed:
    """The assumptions that are drawn."""
    assumptions, role = found.case.assumptions, found.case.company.role
    table = assumptions.table()
    return Assumed(table[table["name"].isin(assumptions.uncertain(role))], found.case, found.scenario)
