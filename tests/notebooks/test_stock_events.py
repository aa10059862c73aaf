"""The reports on one shock and on announcements, run for real, against second computations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.report.build import build_reports
from undercut.sources.returns import load_returns

pytestmark = pytest.mark.xdist_group("notebooks")
SHOCK, RULES = "04_deepseek_shock", "06_regulation_and_adoption"


@pytest.fixture(scope="module")
def wide() -> pd.DataFrame:
    long = load_returns(None, source="sample")
    return long.pivot_table(index="date", columns="ticker", values="return")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    build_reports([SHOCK, RULES], {}, out)
    return out


def read(site: Path, name: str) -> tuple[dict, dict[str, dict], Path]:
    folder = next(path.parent for path in sorted(site.rglob("results.json")) if name in str(path))
    results = json.loads((folder / "results.json").read_text())
    return results, {finding["key"]: finding for finding in results["findings"]}, folder


def abnormal(wide: pd.DataFrame, unit: pd.Series, day: pd.Timestamp, span: tuple[int, int]) -> float:
    """Market model on RSP, written a second time."""
    at = wide.index.get_loc(day)
    past = slice(at - 160, at - 30)
    slope, intercept = np.polyfit(wide["RSP"].iloc[past], unit.iloc[past], 1)
    inside = slice(at + span[0], at + span[1] + 1)
    return float((unit.iloc[inside] - intercept - slope * wide["RSP"].iloc[inside]).sum())


def test_the_shock_is_what_a_regression_by_hand_gives(site: Path, wide: pd.DataFrame) -> None:
    _, findings, _ = read(site, SHOCK)
    day = pd.Timestamp("2025-01-27")
    own = abnormal(wide, wide["NVDA"], day, (0, 0))
    assert findings["nvda.abnormal_return"]["value"] == pytest.approx(100 * own)
    chips = wide[["NVDA", "AVGO", "AMD", "TSM"]].mean(axis=1)
    assert findings["group.chips"]["value"] == pytest.approx(100 * abnormal(wide, chips, day, (0, 0)))
    after = abnormal(wide, wide["NVDA"], day, (1, 1))
    assert findings["rebound.nvda.days_1_1"]["value"] == pytest.approx(-100 * after / own)
    assert findings["dollars.nvda"]["value"] == pytest.approx(589.0 / abs(wide.loc[day, "NVDA"]) * own)


def test_rungs_that_the_sample_cannot_build_are_said(site: Path) -> None:
    results, findings, _ = read(site, SHOCK)
    told = " ".join(results["warnings"])
    assert "synthetic control" in told and "0 unexposed firms" in told and "no table of factors" in told
    assert not any("synthetic" in key for key in findings)


def test_a_mean_over_announcements_is_the_mean_of_its_dates(site: Path) -> None:
    _, findings, folder = read(site, RULES)
    table = pd.read_csv(folder / "figures" / "announcements.csv")
    tightened = table[table["kind"] == "export controls tightened"]
    assert findings["class.export_controls_tightened.chips"]["value"] == pytest.approx(
        100 * tightened["car"].mean()
    )
    adopted = table.loc[table["kind"] == "adoption", "car"].mean()
    assert findings["class.adoption.software_minus_model_sellers"]["value"] == pytest.approx(100 * adopted)
    assert findings["announcements.beyond_chance"]["n"] == len(table)


def test_every_regulation_ban_and_adoption_of_the_span_is_on_the_page(site: Path, wide: pd.DataFrame) -> None:
    results, _, folder = read(site, RULES)
    events = undercut.load_events()
    kinds = events["type"].isin(["regulation", "security_or_ban", "adoption"])
    wanted = events[kinds & events["us_trading_day"].between(wide.index[0], wide.index[-1])]
    table = pd.read_csv(folder / "figures" / "announcements.csv")
    shown = {name for names in table["event"] for name in names.split("+")}
    left_out = {note.partition(":")[0] for note in results["warnings"] if "left out" in note}
    assert shown | left_out == set(wanted["event_id"]) and not shown & left_out


@pytest.mark.parametrize("name", [SHOCK, RULES])
def test_it_is_called_a_sample_and_every_number_has_an_interval_or_says_why_not(
    site: Path, name: str
) -> None:
    results, findings, _ = read(site, name)
    assert results["data_kind"] == "sample" and len(findings) > 20
    for finding in findings.values():
        assert finding["ci_low"] is not None or finding["note"], finding["key"]


@pytest.mark.slow
def test_the_page_turns_around_when_the_data_do(tmp_path: Path, wide: pd.DataFrame) -> None:
    """On the famous day every company but Apple is turned upside down, in a file of the reader's own."""
    turned = wide.copy()
    day = pd.Timestamp("2025-01-27")
    firms = [name for name in wide.columns if name not in ("SPY", "RSP", "QQQ", "SMH", "AAPL")]
    turned.loc[day, firms] *= -1
    turned.loc[day, "AAPL"] = -0.3
    own_file = tmp_path / "own.csv"
    turned.reset_index().to_csv(own_file, index=False)
    build_reports([SHOCK], {"returns": str(own_file)}, tmp_path / "site")
    results, findings, _ = read(tmp_path / "site", SHOCK)
    assert results["data_kind"] == "real"
    assert findings["nvda.abnormal_return"]["value"] > 15 and findings["dollars.nvda"]["value"] > 0
    assert findings["companies.gained"]["value"] >= 5 and findings["companies.lost"]["value"] == 1
    assert findings["specifications.below_zero"]["value"] == 0
    assert "rose 17%" in results["answer"]
