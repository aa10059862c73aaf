"""The reports on indices and on the price of capability, run for real, against second computations."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import undercut
from tests.prices.test_count_changes import index_by_hand
from undercut.prices.monthly_quotes import monthly_quotes
from undercut.report.build import build_reports

pytestmark = pytest.mark.xdist_group("notebooks")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    build_reports(["02_price_index", "03_price_of_capability"], {"draws": "20"}, out)
    return out


def report(site: Path, name: str) -> tuple[dict, dict[str, dict]]:
    folder = next(path.parent for path in sorted(site.rglob("results.json")) if name in str(path))
    results = json.loads((folder / "results.json").read_text())
    return results, {finding["key"]: finding for finding in results["findings"]}


@pytest.fixture(scope="module")
def quotes() -> pd.DataFrame:
    return monthly_quotes(undercut.load_prices())


def test_the_matched_index_is_what_a_loop_over_changes_gives(site: Path, quotes: pd.DataFrame) -> None:
    results, findings = report(site, "02_price_index")
    for key, verdicts in (("", ("real",)), (".with_unknown", ("real", "unknown"))):
        expected = index_by_hand(quotes, undercut.load_changes(), verdicts)
        assert findings[f"annual.chained_jevons{key}"]["value"] == pytest.approx(expected, abs=1e-6)
    assert len(results["answer"].split()) <= 30


def test_the_lowest_price_is_the_minimum_over_the_quotes(site: Path, quotes: pd.DataFrame) -> None:
    results, _ = report(site, "03_price_of_capability")
    folder = next(path.parent for path in site.rglob("results.json") if "03_price" in str(path))
    paths = pd.read_csv(folder / "figures" / "price_of_capability.csv")
    lowest = paths[(paths["version"] == "lowest") & (paths["level"] == "GPT-4")].set_index("period")["price"]
    capability = paths.loc[paths["level"] == "GPT-4", "capability"].iloc[0]
    expected = quotes[quotes["eci"] >= capability].groupby("period")["price"].min()
    pd.testing.assert_series_equal(lowest.dropna(), expected, check_names=False)
    assert "as capable as GPT-4" in results["answer"]


@pytest.mark.parametrize("name", ["02_price_index", "03_price_of_capability"])
def test_every_number_has_an_interval_or_says_why_not(site: Path, name: str) -> None:
    results, findings = report(site, name)
    assert len(findings) > 10 and results["real_data"] is True
    for finding in findings.values():
        assert finding["ci_low"] is not None or finding["note"], finding["key"]
