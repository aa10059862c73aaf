"""What does the report on one firm's value compute? Each result is a frame and what it was made with."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from undercut.studies.framed import Framed
from undercut.valuation.break_even import BreakEvens, company_break_evens
from undercut.valuation.company import MarketValue
from undercut.valuation.event_reading import EventReading, read_event
from undercut.valuation.implied import ImpliedPair, implied_pair
from undercut.valuation.montecarlo import change_table, scenario_changes, value_ranges
from undercut.valuation.scenarios import Scenario, load_scenarios
from undercut.valuation.sensitivity import Tornado
from undercut.valuation.valuation import Valuation
from undercut.valuation.vendors import Case


class OfCase(Framed):
    """A frame about one firm in one scenario."""

    case: Case
    scenario: Scenario


class Value(OfCase):
    """Quantities of `value_ranges`, with the draws and what moves equity most."""

    drawn: Valuation
    tornado: Tornado


class Accounts(OfCase):
    """The published figures behind the value."""


class CashFlows(OfCase):
    """Cash flow of both businesses by year."""

    value: Value


class Drivers(OfCase):
    """Sobol indices, beside the tornado."""

    tornado: Tornado


class OtherScenarios(OfCase):
    """Change of value in every other scenario against the status quo, highest first."""

    draws: int


class BreakEven(OfCase):
    """Break-even elasticity of the firm's AI business in a price war."""

    found: BreakEvens


class Implied(OfCase):
    """Pairs of erosion and elasticity behind a market value: rows of `ImpliedPair` with ``asked``.

    ``asked``: the market value given, or, where none was, half of, equal to and twice the model's own value.
    """

    pairs: dict[str, ImpliedPair]


class Event(OfCase):
    """One day's abnormal return and its readings; no reading where the returns do not have the firm."""

    day: str
    reading: EventReading | None


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


def break_even(case: Case, told: Scenario, war: Scenario, *, draws: int = 1_024) -> BreakEven:
    """How responsive must use be for the firm not to lose in a price war?"""
    found = company_break_evens([case], war, draws=draws)
    return BreakEven(found.frame, case, told, found)


def implied(case: Case, told: Scenario, *, draws: int = 128) -> Implied:
    """What the market value implies; without one, what half, the same and twice the model's own would."""
    asked = {"market": case}
    if case.market_value is None:
        own = abs(float(case.value().equity[0]))
        day = case.company.period_end
        asked = {
            name: replace(case, market_value=MarketValue(times * own, case.company.currency, day,
                                                         f"{name} of the model's own value"))
            for name, times in {"half": 0.5, "the same": 1.0, "twice": 2.0}.items()
        }  # fmt: skip
    pairs = {name: implied_pair(each, draws=draws) for name, each in asked.items()}
    table = pd.concat([pair.to_frame().assign(asked=name) for name, pair in pairs.items()])
    return Implied(table.reset_index(drop=True), case, told, pairs)


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
