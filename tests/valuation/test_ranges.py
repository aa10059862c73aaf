"""What the reports on value compute, against plain second computations and known cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError
from undercut.valuation.event_reading import event_case, read_event
from undercut.valuation.market import priced_case
from undercut.valuation.montecarlo import (
    ScenarioChange,
    change_table,
    scenario_changes,
    value_draws,
    value_ranges,
)
from undercut.valuation.scenarios import Scenario, scenario
from undercut.valuation.vendors import Case, sample_returns, vendor_case


@pytest.fixture(scope="module")
def nvidia(fundamentals: pd.DataFrame) -> Case:
    return vendor_case("NVDA", fundamentals)


def change(case: Case, before: list[float], after: list[float]) -> ScenarioChange:
    ends = np.array(before), np.array(after)
    return ScenarioChange(case, Scenario("s", "S", "a story", {}, {}, {}), *ends, *ends, {})


def test_a_scenario_that_changes_nothing_changes_no_value(nvidia: Case) -> None:
    (same,) = scenario_changes([nvidia], [scenario("status-quo")], draws=512)
    row = change_table([same]).iloc[0]
    assert (same.ai == 0).all() and row["ai_falls"] == 0 and row["median"] == row["high"] == 0


def test_common_draws_leave_only_the_scenario_between_two_values(nvidia: Case) -> None:
    """A lower premium: with the same draws every value rises, with other draws some would fall."""
    entry = Scenario("s", "S", "lower premium", {"equity_premium": 0.035}, {}, {})
    (found,) = scenario_changes([nvidia], [entry], draws=512)
    assert (found.firm > 0).all()
    other = value_draws(entry.apply(nvidia), draws=512, seed=1).enterprise
    assert (other < found.firm_before).any()


def test_the_table_counts_draws(nvidia: Case) -> None:
    before, after = [100.0, 100.0, 100.0, -1.0], [70.0, 80.0, 120.0, -5.0]
    row = change_table([change(nvidia, before, after)], fall=0.25).iloc[0]
    assert row["median"] == pytest.approx(-0.2) and row["ai_falls"] == 0.75
    assert row["falls_by"] == pytest.approx(1 / 3) and row["worthless_before"] == 0.25
    assert change_table([change(nvidia, before, after)], fall=0.31)["falls_by"].item() == 0
    with pytest.raises(InputError, match="fall by 1"):
        change_table([change(nvidia, before, after)], fall=1.0)


def test_ranges_agree_with_the_valuation_and_with_quantiles(nvidia: Case) -> None:
    drawn = value_draws(nvidia, draws=2048)
    table = value_ranges(nvidia, drawn).set_index("key")
    central = nvidia.value()
    assert table.loc["value.equity", "central"] == pytest.approx(float(central.equity[0]) / 1000)
    assert table.loc["value.operations", "low"] == pytest.approx(np.quantile(drawn.enterprise, 0.05) / 1000)
    assert table.loc["cost_of_capital", "median"] == pytest.approx(100 * np.median(drawn.capital_cost.rate))
    flows = drawn.cash_flow_ranges()
    first = (drawn.ai.income[0] - drawn.ai.investment[0]) / 1000
    row = flows[(flows["business"] == "AI business") & (flows["year"] == 1)].iloc[0]
    assert row["median"] == pytest.approx(np.median(first)) and len(flows) == 2 * 15


def test_parts_of_a_value_exist_only_where_there_is_one(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("SNOW", fundamentals)
    drawn = value_draws(case, draws=1024)
    worth = drawn.enterprise > 0
    assert 0.1 < worth.mean() < 0.95
    row = value_ranges(case, drawn).set_index("key").loc["terminal_share"]
    assert row["used"] == pytest.approx(worth.mean())
    assert row["median"] == pytest.approx(100 * np.median(drawn.terminal_share[worth]))


def test_the_reader_gives_one_market_value_in_dollars(fundamentals: pd.DataFrame, nvidia: Case) -> None:
    assert priced_case(nvidia, fundamentals) is nvidia
    found = priced_case(nvidia, fundamentals, market_value=4000.0, as_of="2026-11-20").market_value
    assert found is not None and (found.value, found.day) == (4_000_000.0, "2026-11-20")
    taiwan = priced_case(vendor_case("TSM", fundamentals), fundamentals, market_value=1000.0).market_value
    assert taiwan is not None and taiwan.currency == "TWD" and taiwan.value > 20e6
    table = pd.DataFrame({"ticker": ["AMD"], "date": ["2026-11-20"], "close": [100.0]})
    with pytest.raises(InputError, match="NVDA: no row"):
        priced_case(nvidia, fundamentals, table=table)
    with pytest.raises(InputError, match="not both"):
        priced_case(nvidia, fundamentals, table=table, market_value=1.0)


def test_the_event_study_is_the_regression_on_the_benchmark(fundamentals: pd.DataFrame) -> None:
    returns = sample_returns()
    found = read_event("NVDA", fundamentals, returns, day="2025-01-27")
    wide = returns.pivot_table(index="date", columns="ticker", values="return")
    place = int(wide.index.get_loc("2025-01-27"))
    past = wide.iloc[place - 150 : place - 20]
    slope, intercept = np.polyfit(past["RSP"], past["NVDA"], 1)
    expected = wide["NVDA"].iloc[place] - intercept - slope * wide["RSP"].iloc[place]
    assert found.news.abnormal_return == pytest.approx(expected) and found.estimation_days == 130
    assert found.case.market_value is None
    with pytest.raises(DataError, match="No returns of OPENAI"):
        read_event("OPENAI", fundamentals, returns, day="2025-01-27")


def test_the_event_gets_the_first_complete_accounts(fundamentals: pd.DataFrame) -> None:
    assert event_case("NVDA", fundamentals, "2025-01-27").company.period_end == "2025-01-26"
    newest = vendor_case("CRM", fundamentals).company.period_end
    assert event_case("CRM", fundamentals, "2025-01-27").company.period_end <= newest
