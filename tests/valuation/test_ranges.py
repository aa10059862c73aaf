"""What the reports on value compute, against plain second computations and known cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError
from undercut.valuation.event_reading import event_case, read_event
from undercut.valuation.implied_ranges import (
    _crossings,
    at_multiple,
    break_even,
    implied_curves,
    implied_ranges,
    reversed_parameters,
)
from undercut.valuation.market import priced_case
from undercut.valuation.ranges import (
    ScenarioChange,
    change_table,
    relative_change,
    role_by_assumption,
    role_drivers,
    role_table,
    scenario_changes,
    value_draws,
    value_ranges,
)
from undercut.valuation.reverse import implied
from undercut.valuation.scenarios import Scenario, scenario
from undercut.valuation.sensitivity import tornado
from undercut.valuation.vendors import Case, sample_returns, vendor_case


@pytest.fixture(scope="module")
def nvidia(fundamentals: pd.DataFrame) -> Case:
    return vendor_case("NVDA", fundamentals)


def change(
    case: Case, before: list[float], after: list[float], *, name: str = "s", drawn: list[float] | None = None
) -> ScenarioChange:
    entry = Scenario(name, name.title(), "a story", {}, {}, {})
    ends = np.array(before), np.array(after)
    return ScenarioChange(case, entry, *ends, *ends, {"elasticity": np.array(drawn or before)})


def test_owners_can_close_what_is_worth_less_than_nothing() -> None:
    found = relative_change(np.array([10.0, 10.0, 0.0, -3.0]), np.array([5.0, -40.0, 7.0, 7.0]))
    assert found[:2].tolist() == [-0.5, -1.0] and np.isnan(found[2:]).all()


def test_a_scenario_that_changes_nothing_changes_no_value(nvidia: Case) -> None:
    (same,) = scenario_changes([nvidia], [scenario("status-quo")], draws=512)
    row = change_table([same]).iloc[0]
    assert (same.ai == 0).all() and row["ai_falls"] == 0 and row["median"] == row["high"] == 0
    assert role_table([same])["verdict"].item() == "open"


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


def test_the_median_vendor_is_taken_draw_by_draw(nvidia: Case) -> None:
    group = [
        change(nvidia, [1.0, 1.0, -1.0], [2.0, 0.5, 5.0]),
        change(nvidia, [1.0, 1.0, -1.0], [3.0, 0.6, 5.0]),
        change(nvidia, [1.0, -1.0, -1.0], [9.0, 9.0, 5.0]),
    ]
    row = role_table(group, level=1.0).iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((-0.45, 2.0))
    assert row["defined"] == pytest.approx(2 / 3) and row["verdict"] == "open" and row["falls"] == 0.5


@pytest.mark.parametrize(("factor", "told"), [(0.5, "loses"), (2.0, "gains")])
def test_the_verdict_turns_round_with_the_data(nvidia: Case, factor: float, told: str) -> None:
    before = [1.0, 2.0, 3.0]
    assert role_table([change(nvidia, before, [factor * x for x in before])])["verdict"].item() == told


def test_sellers_lose_and_chip_makers_gain_what_two_valuations_say(fundamentals: pd.DataFrame) -> None:
    """The central change, from `Case.value` alone, lies inside the interval over draws."""
    cases = [vendor_case(ticker, fundamentals) for ticker in ("NVDA", "ANTHROPIC")]
    table = change_table(scenario_changes(cases, [scenario("price-war")], draws=2048)).set_index("ticker")
    for case in cases:
        ends = [each.value().ai_value[0] for each in (case, scenario("price-war").apply(case))]
        central = max(ends[1], 0) / ends[0] - 1
        row = table.loc[case.company.ticker]
        assert row["low"] - 1e-9 <= central <= row["high"] + 1e-9


def test_change_by_assumption_finds_the_slope_that_was_put_in(nvidia: Case) -> None:
    drawn = np.random.default_rng(0).uniform(-1.5, -0.5, 800)
    found = role_by_assumption(
        [change(nvidia, [1.0] * 800, list(1 - drawn), drawn=list(drawn))], "elasticity", bins=4
    )
    assert found["median"].to_numpy() == pytest.approx(-found["elasticity"].to_numpy(), abs=0.02)
    assert found["elasticity"].is_monotonic_increasing
    with pytest.raises(InputError, match="not drawn"):
        role_by_assumption([change(nvidia, [1.0], [1.0])], "price_floor")
    with pytest.raises(InputError, match="one scenario"):
        role_by_assumption([change(nvidia, [1.0], [1.0], name=name) for name in "ab"], "elasticity")


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


def test_a_market_value_at_the_models_own_value_implies_the_assumption_itself(nvidia: Case) -> None:
    assert implied(at_multiple(nvidia, 1.0), "demand_growth").value == pytest.approx(
        nvidia.assumptions["demand_growth"].default, abs=1e-9
    )
    curve = implied_curves(nvidia, ["demand_growth"])
    value = np.interp(1.0, curve["multiple"], curve["value"])
    assert value == pytest.approx(nvidia.assumptions["demand_growth"].default, abs=0.01)
    indebted = replace(nvidia.company, debt=1e8)
    with pytest.raises(InputError, match="central value"):
        at_multiple(replace(nvidia, company=indebted), 1.0)


def test_without_other_uncertainty_the_implied_range_is_the_implied_value(nvidia: Case) -> None:
    fixed = [
        parameter.ranged(
            parameter.default, parameter.default, parameter.default, source="test", evidence="assumption"
        )
        for name, parameter in nvidia.assumptions.parameters.items()
        if name not in ("demand_growth", "tax_rate")
    ]
    case = replace(nvidia, assumptions=nvidia.assumptions.with_parameters(*fixed))
    market = 1.5 * float(case.value().equity[0])
    row = implied_ranges(case, "demand_growth", [market], draws=256, points=1501).iloc[0]
    root = implied(at_multiple(case, 1.5), "demand_growth").value
    assert row["one"] == 1 and row["low"] < root < row["high"] and row["high"] - row["low"] < 0.2


def test_out_of_reach_and_several_roots_are_counted_not_hidden(nvidia: Case) -> None:
    rows = implied_ranges(nvidia, "price_erosion", [1.0, 1e12], draws=64)
    assert (rows["none"] == 1).all() and rows["median"].isna().all()
    assert (rows[["one", "several", "none"]].sum(axis=1) == 1).all()


def test_a_curve_that_bends_back_has_two_roots_and_is_not_counted_as_one() -> None:
    grid = np.linspace(-2, 2, 401)
    gap = np.column_stack([1 - grid**2, grid - 0.5005, -1 - grid**2])
    count, root = _crossings(grid, gap)
    assert count.tolist() == [2, 1, 0]
    assert root[1] == pytest.approx(0.5005) and np.isnan(root[2])


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
    lower = found.demand_growth[0]
    value = found.case.value({"demand_growth": np.array([lower])}).equity[0]
    assert value / found.case.value().equity[0] - 1 == pytest.approx(expected, abs=1e-9)
    assert found.case.market_value is None and lower < found.case.assumptions["demand_growth"].default
    with pytest.raises(DataError, match="No returns of OPENAI"):
        read_event("OPENAI", fundamentals, returns, day="2025-01-27")


def test_break_even_gives_the_old_value_back(nvidia: Case) -> None:
    war = scenario("price-war")
    found = break_even(nvidia, war, "demand_growth").value
    again = war.apply(nvidia).value({"demand_growth": np.array([found])}).equity[0]
    assert again == pytest.approx(float(nvidia.value().equity[0]), rel=1e-9)


def test_only_what_matters_for_a_role_is_reversed(fundamentals: pd.DataFrame, nvidia: Case) -> None:
    assert "ai_margin_long_run" in reversed_parameters(nvidia)
    assert "overhead_long_run" in reversed_parameters(vendor_case("ANTHROPIC", fundamentals))


def test_the_event_gets_the_first_complete_accounts(fundamentals: pd.DataFrame) -> None:
    assert event_case("NVDA", fundamentals, "2025-01-27").company.period_end == "2025-01-26"
    newest = vendor_case("CRM", fundamentals).company.period_end
    assert event_case("CRM", fundamentals, "2025-01-27").company.period_end <= newest


def test_drivers_are_the_median_of_the_vendors_tornados(fundamentals: pd.DataFrame) -> None:
    cases = [vendor_case(ticker, fundamentals) for ticker in ("NVDA", "AMD", "TSM")]
    table = role_drivers(cases, base_draws=32).set_index("parameter")
    swings = [
        tornado(case).rows.set_index("parameter")["swing"]["elasticity"] / float(case.value().enterprise[0])
        for case in cases
    ]
    assert table.loc["elasticity", "swing"] == pytest.approx(np.median(swings))
    assert table["rank"].min() == 1 and set(table["vendors"]) == {3}
    assert table.sort_values("rank")["total"].is_monotonic_decreasing
