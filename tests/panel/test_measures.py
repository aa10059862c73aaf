"""Are scores those of one edition, matched by the reviewed names, and llmval's only where it is installed?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

import undercut
from undercut.errors import MissingExtraError, SourceError, UnknownNameError
from undercut.panel import measures
from undercut.panel.measures import (
    MEASURES,
    arena_scores,
    capability_scores,
    installed,
    measure_coverage,
)


@pytest.fixture()
def no_llmval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undercut.panel.measures._llmval", lambda: None)


def stub(folder: Path, content: str) -> None:
    (folder / "llmval" / "data").mkdir(parents=True)
    (folder / "llmval" / "__init__.py").write_text("")
    (folder / "llmval" / "data" / "benchmarks.json").write_text(content)


@pytest.mark.parametrize("name", ["eci_2026_10", "eci_2026_08", "livebench"])
def test_a_measure_is_one_edition_and_the_best_of_each_model(name: str) -> None:
    table = undercut.load_reference("capability_scores")
    models = undercut.load_reference("models")
    best: dict[str, float] = {}
    for row in table[table["measure"].eq(MEASURES[name].table)].itertuples():
        ids = list(models.loc[models["capability_model"].eq(row.model).fillna(False), "model_id"])
        if not ids and pd.notna(row.model_id) and row.confidence != "low":
            ids = [row.model_id]
        best |= {model_id: max(row.score, best.get(model_id, row.score)) for model_id in ids}
    found = capability_scores(name).dropna(subset=["model_id"]).set_index("model_id")["eci"]
    assert found.to_dict() == best
    assert found.index.is_unique


def test_errors_of_october_come_from_it_or_else_from_the_same_model_in_august() -> None:
    # A board's name may stand for a hosted model and for its open weights.
    now, then = (
        capability_scores(name).drop_duplicates("model").set_index("model")
        for name in ("eci_2026_10", "eci_2026_08")
    )
    table = undercut.load_reference("capability_scores").query("measure == 'eci_2026_10'").set_index("model")
    stated = table["ci_low"].dropna()
    assert (now.loc[stated.index, "eci_low"] == stated).all()
    silent = now.index.intersection(then.index).difference(stated.index)
    below = (now["eci"] - now["eci_low"])[silent].dropna()
    assert below.to_numpy() == pytest.approx((then["eci"] - then["eci_low"])[below.index].to_numpy())


@pytest.mark.parametrize("name", ["eci_2026_10", "eci_2026_08"])
def test_every_model_that_the_project_finds_on_epochs_board_has_its_score(name: str) -> None:
    models = undercut.load_reference("models").dropna(subset=["capability_model"])
    table = undercut.load_reference("capability_scores")
    on_board = models[models["capability_model"].isin(table.loc[table["measure"].eq(name), "model"])]
    assert len(on_board) > 165 and "llama-3-70b-instruct" in set(on_board["model_id"])
    assert set(on_board["model_id"]) <= set(capability_scores(name)["model_id"].dropna())


def test_unknown_names_are_told() -> None:
    with pytest.raises(UnknownNameError, match="livebench"):
        capability_scores("livebensh")
    with pytest.raises(UnknownNameError, match="kind of work"):
        arena_scores("cooking")


@pytest.mark.usefixtures("no_llmval")
def test_without_the_package_its_measure_is_missing_and_says_how_to_get_it() -> None:
    assert "artificial_analysis" not in installed()
    with pytest.raises(MissingExtraError, match="pip install llmval"):
        capability_scores("artificial_analysis")
    table = measure_coverage(undercut.load_prices(status="all")).set_index("measure")
    assert table.loc["any of them with llmval", "note"] == "needs the package llmval"
    assert pd.isna(table.loc["Artificial Analysis Intelligence Index", "share"])


def test_with_the_package_its_scores_are_matched_by_the_reviewed_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [{"slug": "kimi-k3", "intel": 43.6}, {"slug": "claude-opus-5-high", "intel": 50.0},
              {"slug": "claude-opus-5", "intel": 51.0}, {"slug": "unheard-of", "intel": 9.0},
              {"slug": "glm-5-3", "intel": None}]  # fmt: skip
    stub(tmp_path, json.dumps({"models": models}))
    monkeypatch.syspath_prepend(str(tmp_path))
    # Set before it is taken out, so that what this test imports is forgotten after it.
    monkeypatch.setitem(sys.modules, "llmval", None)
    monkeypatch.delitem(sys.modules, "llmval")
    monkeypatch.setattr(measures, "_scores", measures._scores.__wrapped__)
    found = capability_scores("artificial_analysis").set_index("model")
    assert found["eci"].to_dict() == {"claude-opus-5": 51.0, "kimi-k3": 43.6, "unheard-of": 9.0}
    assert found.loc["kimi-k3", ["model_id", "country"]].tolist() == ["kimi-k3", "CN"]
    assert pd.isna(found.loc["unheard-of", "model_id"]) and found["eci_low"].isna().all()
    assert "artificial_analysis" in installed()


def test_another_form_of_the_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "_llmval", lambda: json.dumps({"rows": []}))
    monkeypatch.setattr(measures, "_scores", measures._scores.__wrapped__)
    with pytest.raises(SourceError, match="another form"):
        capability_scores("artificial_analysis")


@pytest.mark.usefixtures("no_llmval")
def test_coverage_is_counted_over_usable_rows() -> None:
    panel = undercut.load_prices(status="all")
    usable = panel[panel["status"].eq("ok")]
    ids = set(capability_scores("arena")["model_id"].dropna())
    row = measure_coverage(panel).set_index("measure").loc["Arena, text"]
    assert row["rows"] == sum(model in ids for model in usable["model_id"])
    assert row["share"] == pytest.approx(row["rows"] / len(usable))
    either = measure_coverage(panel).set_index("measure").loc["any of them without llmval"]
    assert either["share"] > 0.65 and either["developers"] >= 30
