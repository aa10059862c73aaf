"""The report on the counterfactual, run for real, against second computations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.prices.token_weights import token_weights
from undercut.report.build import build_reports

pytestmark = [pytest.mark.xdist_group("notebooks"), pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    build_reports(["09_counterfactual"], {"draws": "20"}, out)
    return next(path.parent for path in sorted(out.rglob("results.json")))


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results.json").read_text())


def test_every_number_has_an_interval_or_says_why_not(results: dict[str, Any]) -> None:
    for finding in results["findings"]:
        assert finding["ci_low"] is not None or finding["note"], finding["key"]


def test_what_is_assumed_is_called_assumed_wherever_it_stands(results: dict[str, Any]) -> None:
    """The rule a second time: an unbounded robust interval, and every interval is named assumed."""
    by_key = {finding["key"]: finding for finding in results["findings"]}
    robust = by_key["elasticity.logit_cost_sellers_rivals"]["note"]
    if "unbounded" in robust:
        assert "not a confidence interval" in by_key["no_chinese_open_models.closed_price"]["note"]
        assert any("not identified" in warning for warning in results["warnings"])


def test_coverage_is_the_share_of_ranked_tokens(results: dict[str, Any], folder: Path) -> None:
    months = pd.read_csv(folder / "figures" / "effect_by_month.csv")["period"]
    ranked = token_weights(undercut.load_reference("token_usage_weekly"))
    assert set(months) == set(ranked["period"]) - {"2026-10"}
    ranked = ranked[ranked["period"].isin(months)]
    covered = next(f["value"] for f in results["findings"] if f["key"] == "covered")
    unnamed = ranked[ranked["model_id"].isna()]["tokens"].sum() / ranked["tokens"].sum()
    assert 80 < covered <= 100 * (1 - unnamed)


def test_titles_state_what_the_figures_data_say(results: dict[str, Any], folder: Path) -> None:
    grid = pd.read_csv(folder / "figures" / "effect_by_elasticity.csv")
    line = grid[grid["scenario"].eq("no Chinese open models") & grid["measure"].eq("closed_price")]["value"]
    title = next(f["title"] for f in results["figures"] if f["name"] == "effect_by_elasticity")
    assert (f"{line.max():.2f}"[:4] in title) == bool(line.min() > 0)
    months = pd.read_csv(folder / "figures" / "effect_by_month.csv")["effect"]
    other = next(f["title"] for f in results["figures"] if f["name"] == "effect_by_month")
    assert ("grew" in other) == bool(np.mean(months[-6:]) > np.mean(months[:6]))
