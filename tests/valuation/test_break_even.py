"""Break-even elasticities against values worked out again, and what happens where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from undercut.errors import InputError
from undercut.valuation.assumptions import load_assumptions
from undercut.valuation.break_even import (
    ELASTICITIES,
    break_even_of,
    company_break_evens,
    layer_break_evens,
    layer_values,
)
from undercut.valuation.company import MarketValue
from undercut.valuation.implied import implied_pair, told_erosion
from undercut.valuation.scenarios import scenario
from undercut.valuation.vendors import Case, vendor_case

WAR = scenario("price-war")


@pytest.fixture(scope="module")
def nvidia(fundamentals: pd.DataFrame) -> Case:
    return vendor_case("NVDA", fundamentals)


def fixed(**changes: float) -> object:
    """The project's assumptions without any range."""
    known = load_assumptions().with_values(changes, source="test")
    parts = [p.ranged(p.default, p.default, p.default, source="test", evidence="assumption")
             for p in known.parameters.values() if p.name != "rental_decline"]  # fmt: skip
    return known.with_parameters(*parts)


def test_the_break_even_of_a_layer_is_the_root_of_its_change_of_value() -> None:
    found = layer_break_evens(WAR, assumptions=fixed(), draws=8)  # type: ignore[arg-type]
    before = load_assumptions().values()
    after = {**before, **{n: np.array([v]) for n, v in WAR.changes.items()}}
    assert set(found.frame.loc[found.frame["side"] == "", "name"]) >= {"chips", "clouds", "power"}
    row = found.frame.set_index("name").loc["chips"]

    def change(elasticity: float) -> float:
        at = {"elasticity": np.array([elasticity])}
        return float((layer_values({**after, **at})["chips"] - layer_values({**before, **at})["chips"])[0])

    assert row["low"] - 0.02 <= brentq(change, -1.2, 0.0) <= row["high"] + 0.02
    assert change(row["low"] - 0.1) > 0 > change(row["high"] + 0.1), "more elastic: the war raises the value"


def test_the_break_even_of_a_company_leaves_its_business_where_it_was(nvidia: Case) -> None:
    found = company_break_evens([nvidia], WAR, draws=64)
    row = found.frame.iloc[0]

    def change(elasticity: float) -> float:
        at = {"elasticity": np.array([elasticity])}
        return float((WAR.apply(nvidia).value(at).ai_value - nvidia.value(at).ai_value)[0])

    assert row["low"] <= brentq(change, -1.3, 0.0) <= row["high"]


def test_nothing_changes_where_the_scenario_changes_nothing(nvidia: Case) -> None:
    same = scenario("status-quo")
    assert (layer_break_evens(same, draws=8).curves["median"] == 0).all()
    assert (company_break_evens([nvidia], same, draws=8).curves["median"] == 0).all()


def test_no_value_ends_in_a_corner_without_width(fundamentals: pd.DataFrame) -> None:
    sellers = [vendor_case(ticker, fundamentals) for ticker in ("OPENAI", "ANTHROPIC")]
    curves = company_break_evens(sellers, WAR, draws=64).curves
    assert (curves["high"] - curves["low"] > 0.05).all() and curves["median"].nunique() == len(curves)


@pytest.mark.parametrize(
    ("values", "root"), [([2.0, -2.0], -0.5), ([1.0, 3.0], np.inf), ([-1.0, -2.0], -np.inf)]
)
def test_where_there_is_no_turn_the_sign_is_told(values: list[float], root: float) -> None:
    assert break_even_of(np.array(values)[:, None], (-1.0, 0.0))[0] == root
    with pytest.raises(InputError, match="must rise"):
        break_even_of(np.array(values)[:, None], (0.0, -1.0))


def test_a_layer_that_loses_throughout_has_no_invented_number() -> None:
    found = layer_break_evens(WAR, draws=128)
    row = found.frame.set_index("name").loc["model_sellers"]
    assert (
        row["side"] == "loses" and np.isnan(row["median"]) and "loses at every" in found.told("model_sellers")
    )
    lines = found.curves[found.curves["name"] == "model_sellers"]
    assert (lines["median"] < 0).all() and len(lines) == len(ELASTICITIES)


def test_the_implied_pair_gives_the_market_value_back(nvidia: Case) -> None:
    """Without other uncertainty the curve passes through the pair that made the value."""
    made = {"elasticity": -1.0, "price_erosion": 0.3, "frontier_erosion": 0.3}
    sure = replace(nvidia, assumptions=fixed(rental_decline=0.0))  # type: ignore[arg-type]
    worth = float(sure.with_values(made).value().equity[0])
    priced = replace(sure, market_value=MarketValue(worth, "USD", "2026-11-20", "test"))
    found = implied_pair(priced, elasticities=[-1.0], draws=8).frame.iloc[0]
    assert found["low"] <= 0.31 and found["high"] >= 0.29


def test_a_value_out_of_reach_is_said_and_not_rounded_into_a_number(nvidia: Case) -> None:
    for worth, word in ((1e12, "more than any"), (1.0, "less than any")):
        priced = replace(nvidia, market_value=MarketValue(worth, "USD", "2026-11-20", "test"))
        row = implied_pair(priced, elasticities=[-0.8], draws=16).frame.iloc[0]
        assert np.isnan(row["median"]) and word in told_erosion(row)
    with pytest.raises(InputError, match="needs one"):
        implied_pair(nvidia)


def test_a_price_is_multiplied_by_the_shares_of_its_day(nvidia: Case) -> None:
    from undercut.valuation.vendors import market_value_of_shares

    new, old = (
        market_value_of_shares(nvidia.company, 100.0, currency="USD", day=day, source="s")
        for day in ("2026-11-20", "1999-01-01")
    )
    assert new.value == 2_410_000.0 and "2026-07-26" in new.source
    assert old.value == pytest.approx(100 * nvidia.company.shares) and "diluted" in old.source
