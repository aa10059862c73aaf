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
from undercut.report.findings.sentences import number
from undercut.valuation.scenarios import scenario
from undercut.valuation.vendors import Case, sample_returns, vendor_case, vendor_names

pytestmark = pytest.mark.xdist_group("notebooks")

FEW = {"10_vendor_value": {"draws": "1024", "base_draws": "32"}, "11_price_war": {"draws": "128"}}
CLOSES = "ticker,date,market_value\nNVDA,2026-11-20,5000000\nBABA,2026-11-20,300000\nADBE,2026-11-20,40000\n"


def build(name: str, out: Path, parameters: dict[str, str]) -> Path:
    build_reports([name], {**FEW[name], **parameters}, out)
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
    assert number(float(central.enterprise[0]) / 1000, "billion USD") in operations["note"]
    assert operations["ci_low"] < float(central.enterprise[0]) / 1000 < operations["ci_high"]


def test_the_market_value_gets_a_curve_of_pairs(one: Path) -> None:
    _, findings = read(one)
    curve = pd.read_csv(one / "figures" / "implied_pair.csv").set_index("elasticity")
    shown = findings["implied_erosion.middle"]
    if shown["value"] is not None:
        assert shown["value"] == pytest.approx(100 * curve.loc[-0.8, "median"])
    assert "root in" in shown["note"]


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


def test_the_break_even_on_the_page_is_a_root_of_two_valuations(
    all_vendors: Path, cases: dict[str, Case]
) -> None:
    _, findings = read(all_vendors)
    war = scenario("price-war")
    for ticker in ("NVDA", "MSFT"):
        found = findings[f"break_even_elasticity.{ticker}"]

        def change(elasticity: float, case: Case = cases[ticker]) -> float:
            at = {"elasticity": np.array([elasticity])}
            return float((war.apply(case).value(at).ai_value - case.value(at).ai_value)[0])

        assert change(found["ci_low"]) > 0 > change(found["ci_high"])


def test_layers_and_listed_companies_have_their_break_even(all_vendors: Path, cases: dict[str, Case]) -> None:
    results, findings = read(all_vendors)
    names = {"chips", "clouds", "applications", "model_sellers", "power", *cases}
    assert {f"break_even_elasticity.{name}" for name in names} <= set(findings)
    chips = findings["break_even_elasticity.chips"]
    assert chips["role"] == "headline" and f"{abs(chips['value']):.2f}" in results["answer"]
    assert len(results["answer"].split()) <= 30


def test_market_values_of_the_reader_are_read_and_what_cannot_be_used_is_named(all_vendors: Path) -> None:
    page = (all_vendors / "index.html").read_text()
    assert "BABA (No published rate of CNY" in page and "MSFT (no row in the table)" in page
