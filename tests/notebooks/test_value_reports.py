"""The reports on value, run for real, against second computations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.report.build import build_reports
from undercut.valuation.scenarios import scenario
from undercut.valuation.vendors import Case, sample_returns, vendor_case, vendor_names

pytestmark = pytest.mark.xdist_group("notebooks")

FEW = {"draws": "1024", "base_draws": "32"}
CLOSES = "ticker,date,market_value\nNVDA,2026-11-20,5000000\nBABA,2026-11-20,300000\nADBE,2026-11-20,40000\n"


def build(name: str, out: Path, parameters: dict[str, str]) -> Path:
    build_reports([name], {**FEW, **parameters}, out)
    return next(path.parent for path in sorted(out.rglob("results.json")))


def read(folder: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    results = json.loads((folder / "results.json").read_text())
    return results, {finding["key"]: finding for finding in results["findings"]}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("10_vendor_value", tmp_path_factory.mktemp("one"), {"market_value": "3000"})


@pytest.fixture(scope="module")
def all_vendors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    closes = tmp_path_factory.mktemp("closes") / "closes.csv"
    closes.write_text(CLOSES)
    return build("11_price_war", tmp_path_factory.mktemp("all"), {"market_values": str(closes)})


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    fundamentals, returns = undercut.load_reference("fundamentals"), sample_returns()
    return {name: vendor_case(name, fundamentals, returns=returns) for name in vendor_names()["ticker"]}


@pytest.mark.parametrize("name", ["one", "all_vendors"])
def test_every_number_has_an_interval_or_says_why_not(name: str, request: pytest.FixtureRequest) -> None:
    results, findings = read(request.getfixturevalue(name))
    assert len(findings) > 20 and results["real_data"] is True
    for finding in findings.values():
        assert finding["ci_low"] is not None or finding["note"], finding["key"]
    assert any("No target price and no advice" in warning for warning in results["warnings"])
    for finding in findings.values():
        if finding["ci_low"] is not None:
            assert finding["ci_low"] <= finding["value"] <= finding["ci_high"], finding["key"]


def test_the_value_on_the_page_is_that_of_one_valuation(one: Path, cases: dict[str, Case]) -> None:
    _, findings = read(one)
    debt = 33_366 / (33_366 + 3_000_000)  # the reader's market value sets the weight of debt
    central = cases["NVDA"].with_values({"debt_weight": debt}).value()
    operations = findings["value.operations"]
    assert f"{float(central.enterprise[0]) / 1000:,.0f} billion USD" in operations["note"]
    assert operations["ci_low"] < float(central.enterprise[0]) / 1000 < operations["ci_high"]


def test_what_the_market_value_implies_gives_it_back(one: Path) -> None:
    """The curve at the default assumptions crosses the market value inside the interval over draws."""
    _, findings = read(one)
    curves = pd.read_csv(one / "figures" / "implied_curves.csv")
    growth = curves[curves["parameter"] == "demand_growth"]
    root = float(np.interp(3e6, growth["equity"], growth["value"]))
    assert (
        findings["implied.demand_growth"]["ci_low"]
        < 100 * root
        < findings["implied.demand_growth"]["ci_high"]
    )
    shares = [findings[f"implied.price_erosion{part}"]["note"] for part in (".half", ".same", ".twice", "")]
    assert all("one root in" in note and "none in" in note for note in shares)


def test_the_event_is_kept_apart_from_every_market_value(one: Path) -> None:
    """The reading of the day uses accounts alone: its ratio is that of the accounts' own value."""
    _, findings = read(one)
    moved = findings["event.all_cash_flows"]["value"] / findings["event.return"]["value"]
    case = vendor_case("NVDA", undercut.load_reference("fundamentals"), as_of="2025-03-31")
    found = case.value()
    grown = (1 + float(found.capital_cost.rate[0])) ** case.elapsed_years
    operations = float(found.enterprise[0]) / grown
    assert moved == pytest.approx((operations - found.company.net_debt) / operations, rel=1e-9)
    assert findings["event.return"]["as_of"] == "2025-01-27"


def test_the_headline_holds_the_change_at_the_default_assumptions(
    all_vendors: Path, cases: dict[str, Case]
) -> None:
    _, findings = read(all_vendors)
    war = scenario("price-war")
    for role in ("chips", "cloud", "seller", "application"):
        changes = []
        for case in cases.values():
            before, after = (float(each.value().ai_value[0]) for each in (case, war.apply(case)))
            changes += [100 * (max(after, 0.0) / before - 1)] if case.company.role == role else []
        headline = findings[f"price_war.{role}"]
        assert headline["ci_low"] - 1e-9 <= np.median(changes) <= headline["ci_high"] + 1e-9, role


def test_the_answer_turns_round_with_the_intervals(all_vendors: Path) -> None:
    results, findings = read(all_vendors)
    names = {
        "seller": "sellers of models",
        "cloud": "clouds",
        "chips": "chip makers",
        "application": "applications",
    }
    told = results["answer"]
    for role, name in names.items():
        found = findings[f"price_war.{role}"]
        verb = "lose" if found["ci_high"] < 0 else "gain" if found["ci_low"] > 0 else "neither"
        after = told[told.index(name) :].split(";")[0]
        assert verb in after, (role, after)


def test_figures_hold_every_company_and_every_scenario(all_vendors: Path, cases: dict[str, Case]) -> None:
    shown = pd.read_csv(all_vendors / "figures" / "price_war.csv")
    assert set(shown["ticker"]) == set(cases)
    grid = pd.read_csv(all_vendors / "figures" / "scenarios.csv")
    assert len(grid) == grid["role"].nunique() * 5


def test_market_values_of_the_reader_are_read_and_what_cannot_be_used_is_named(all_vendors: Path) -> None:
    _, findings = read(all_vendors)
    assert findings["implied.demand_growth.nvda"]["value"] is not None
    assert "verdict: none" in findings["implied.price_erosion.adbe"]["note"]
    page = (all_vendors / "index.html").read_text()
    assert "BABA (No published rate of CNY" in page and "MSFT (no row in the table)" in page
