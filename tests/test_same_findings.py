"""Does the tool see every difference between the findings of two builds, and nothing else?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import same_findings


def site(folder: Path, **values: Any) -> Path:
    found = [
        {"key": key, "value": value, "ci_low": 0.0, "ci_high": 9.0, "level": 0.95, "n": 3}
        for key, value in values.items()
    ]
    (folder / "01_a").mkdir(parents=True)
    (folder / "01_a" / "results.json").write_text(json.dumps({"findings": found}))
    return folder


def held(before: Path, after: Path, *more: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["same_findings", str(before), str(after), *more])
    return same_findings.main()


def test_every_kind_of_difference_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = site(tmp_path / "a", same=1.0, near=1.0, moved=1.0, gone=1.0, none=None)
    after = site(tmp_path / "b", same=1.0, near=1.0 + 1e-11, moved=1.0 + 1e-6, come=1.0, none=2.0)
    assert held(before, after, monkeypatch=monkeypatch) == 1
    said = capsys.readouterr().out
    assert [line.split()[1] for line in said.splitlines()[:-1]] == ["come", "gone", "moved", "none"]
    assert "5 findings held" in said and "4 differ" in said


def test_a_difference_with_a_reason_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = site(tmp_path / "a", moved_far=1.0), site(tmp_path / "b", moved_far=2.0)
    reasons = tmp_path / "reasons.txt"
    reasons.write_text("# known\n01_a moved_* a mended fault\n")
    assert held(before, after, "--expected", str(reasons), monkeypatch=monkeypatch) == 0
    reasons.write_text("02_b moved_* another report\n")
    assert held(before, after, "--expected", str(reasons), monkeypatch=monkeypatch) == 1


def test_two_empty_sites_prove_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert held(tmp_path, tmp_path, monkeypatch=monkeypatch) == 1
