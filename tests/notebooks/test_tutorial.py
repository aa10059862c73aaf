"""Does the tutorial run from its first cell to the report that it promises?"""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.paths import ROOT

pytestmark = pytest.mark.xdist_group("notebooks")

TUTORIAL = ROOT / "docs" / "tutorial.ipynb"


def test_the_tutorial_ends_with_a_report_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERCUT_OUTPUT", str(tmp_path))
    notebook = nbformat.read(TUTORIAL, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute(cwd=str(TUTORIAL.parent))
    results = json.loads((tmp_path / "results.json").read_text())
    (gap,) = results["findings"]
    assert gap["ci_low"] < gap["value"] < gap["ci_high"] < 0
    assert f"{abs(gap['value']):.0f}%" in results["answer"]
    assert (tmp_path / "figures" / "models.csv").exists()
