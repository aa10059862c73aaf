"""What is published of data that may not be shipped: within the contract, statistics only, no places."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path

import pytest

from tests.paths import ROOT
from tools.publish_results import LARGEST_BYTES, differences, faults, page_of_differences, price_columns
from undercut.report.findings.contract import read_results

PUBLISHED = ROOT / "reports" / "published"
PAGES = sorted(PUBLISHED.glob("*.html"))
EMBEDDED = re.compile(r'href="data:([\w/+.-]+);base64,([A-Za-z0-9+/=]+)" download="([^"]+)"')


def test_every_page_has_its_results_and_every_result_its_page() -> None:
    names = {path.stem for path in PAGES}
    assert names and names == {
        path.name.removesuffix(".results.json") for path in PUBLISHED.glob("*.results.json")
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_published_results_keep_the_contract_and_come_from_real_returns(page: Path) -> None:
    results = read_results(page.with_suffix(".results.json"))
    assert results["report"] == page.stem and results["real_data"]
    assert any(entry["source"].startswith("user's file returns.") for entry in results["data"])


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_published_pages_hold_statistics_only_and_name_no_place(page: Path, tmp_path: Path) -> None:
    html = page.read_text(encoding="utf-8")
    (tmp_path / "index.html").write_text(EMBEDDED.sub("", html), encoding="utf-8")
    (tmp_path / "results.json").write_text(page.with_suffix(".results.json").read_text(encoding="utf-8"))
    names = []
    for _, content, name in EMBEDDED.findall(html):
        (tmp_path / name).write_bytes(b64decode(content))
        names.append(name)
    assert "results.json" in names and any(name.endswith(".csv") for name in names)
    assert faults(tmp_path, ["daily_prices", "factors_daily"]) == []
    assert page.stat().st_size < LARGEST_BYTES


def test_the_page_of_differences_has_every_published_finding() -> None:
    told = (PUBLISHED / "differences.md").read_text(encoding="utf-8")
    for page in PAGES:
        results = read_results(page.with_suffix(".results.json"))
        assert results["answer"] in told
        assert all(f"`{finding['key']}`" in told for finding in results["findings"])


def test_a_place_a_file_name_or_a_price_is_found_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>from /home/ann/stocks</p>")
    (tmp_path / "notebook.ipynb").write_text(json.dumps({"returns": "my_prices.csv"}))
    (tmp_path / "table.csv").write_text("date,ticker,Adj_Close\n2025-01-27,NVDA,118.4\n")
    (tmp_path / "build.json").write_text('"/home/ann/stocks"')
    told = " ".join(faults(tmp_path, ["my_prices.csv"]))
    assert "page.html names the place /home/ann" in told and "names the file my_prices.csv" in told
    assert "table.csv has the columns Adj_Close" in told and "build.json" not in told


def test_addresses_and_closing_tags_are_no_places(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('</p><a href="https://epoch.ai/work/data">x</a> w/home')
    assert faults(tmp_path) == []
    assert price_columns("event,car,price\nR1,-0.1,2\n") == []
    assert price_columns("rank,estimate,low,high\n1,-0.1,-0.2,0\n") == []
    assert price_columns("day,low,high\n2026-01-02,1,2\n") == ["high", "low"]


def finding(value: float, low: float, high: float) -> dict[str, object]:
    return {
        "key": "fall",
        "label": "Fall",
        "value": value,
        "unit": "%",
        "ci_low": low,
        "ci_high": high,
        "level": 0.95,
    }


def test_differences_put_both_builds_side_by_side_and_judge_by_the_samples_interval() -> None:
    sample, own = (
        {"findings": [finding(*v)], "answer": "a", "data": []} for v in ((-5, -9, -1), (-12, -14, -10))
    )
    [row] = differences(sample, own)
    assert (row["sample"], row["own"]) == ("−5.0% (−9.0% to −1.0%)", "−12% (−14% to −10%)")
    assert row["moved"] == "moved out of the sample's interval"
    assert "1 of 1 findings left the interval" in page_of_differences({"04": (sample, own)})
    assert differences(sample, sample)[0]["moved"] == "unchanged"
