"""The data package: everything is in it, described, and reads back."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from undercut.errors import InputError
from undercut.panel.export import export
from undercut.panel.store import load_panel
from undercut.provenance import sha256_of


def test_a_data_package_describes_what_it_holds(tmp_path: Path) -> None:
    package = json.loads(export(tmp_path, file_format="csv").read_text())
    assert [r["name"] for r in package["resources"]] == ["panel", "changes", "withdrawals", "models"]
    assert package["citation"] and package["licenses"] and len(package["sources"]) >= 5
    for resource in package["resources"]:
        content = (tmp_path / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{sha256_of(content)}"
        columns = pd.read_csv(tmp_path / resource["path"], nrows=3).columns
        assert [field["name"] for field in resource["schema"]["fields"]] == list(columns)
    fields = {f["name"]: f for f in package["resources"][0]["schema"]["fields"]}
    assert fields["input"]["unit"] == "US dollars per million tokens"
    assert "other_mode" in fields["input"]["description"]
    back = pd.read_csv(tmp_path / "panel.csv", low_memory=False)
    assert len(back) == len(load_panel(status="all"))


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="parquet, csv"):
        export(tmp_path, file_format="xlsx")
