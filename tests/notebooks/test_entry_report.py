"""The report on open entry, run for real, against second computations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.prices.monthly_quotes import monthly_quotes
from undercut.report.build import build_reports

pytestmark = [pytest.mark.xdist_group("notebooks"), pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    build_reports(["07_open_model_entry"], {"draws": "99", "placebos": "20"}, out)
    return next(path.parent for path in sorted(out.rglob("results.json")))


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results.json").read_text())


@pytest.fixture(scope="module")
def found(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["key"]: finding for finding in results["findings"]}


def test_every_number_has_an_interval_or_says_why_not(found: dict[str, dict[str, Any]]) -> None:
    assert len(found) > 40
    for finding in found.values():
        assert finding["ci_low"] is not None or finding["note"], finding["key"]


def test_the_answer_says_what_the_interval_says(
    results: dict[str, Any], found: dict[str, dict[str, Any]]
) -> None:
    effect = found["headline_effect"]
    word = "fell" if effect["ci_high"] < 0 else "rose" if effect["ci_low"] > 0 else "cannot be told"
    assert word in results["answer"] and len(results["answer"].split()) <= 30
    tested = effect["note"].rpartition("p ")[2].replace("< ", "").replace("= ", "")
    rejected = "cannot be tested" not in effect["note"] and float(tested) < 0.05
    assert ("headline_detectable" in found) != rejected


def test_the_share_of_exposed_models_is_what_a_loop_over_offers_gives(
    found: dict[str, dict[str, Any]],
) -> None:
    quotes = monthly_quotes(undercut.load_prices())
    now = quotes[quotes["period"].eq(quotes["period"].max()) & quotes["eci"].notna()]
    own = now[now["access"].eq("closed") & now["host_kind"].eq("developer")]
    rivals = now[now["access"].isin(["open", "open-restricted"])]
    for key, some in (
        ("exposed_share", rivals),
        ("exposed_share_chinese", rivals[rivals["origin"].eq("CN")]),
    ):
        near = [
            (some["eci"].ge(offer.eci - 4.0 - 1e-9) & some["developer"].ne(offer.developer)).any()
            for offer in own.itertuples()
        ]
        assert found[key]["value"] == pytest.approx(100 * np.mean(near))


def test_titles_count_what_the_figures_data_hold(results: dict[str, Any], folder: Path) -> None:
    curve = pd.read_csv(folder / "figures" / "specification_curve.csv")
    title = next(each["title"] for each in results["figures"] if each["name"] == "specification_curve")
    assert f"Of {len(curve)} specifications {(curve['high'] < 0).sum()} show a fall" in title
    assert title.endswith(f"{(curve['low'] > 0).sum()} a rise")
    marked = curve[curve["is_headline"].astype(bool)]["estimate"].item()
    assert marked == pytest.approx(
        next(f for f in results["findings"] if f["key"] == "headline_effect")["value"]
    )
