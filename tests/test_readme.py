"""The README's answers are those that the reports computed, and not older than the prices they speak of."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

import undercut as uc
from tests.paths import ROOT
from tools import readme_answers

#: Days that the prices may be ahead of the answers before the table must be made anew.
MOST_DAYS = 31


def kept() -> list[dict[str, str]]:
    return json.loads(readme_answers.KEPT.read_text())


@pytest.mark.parametrize("name", readme_answers.TABLES)
def test_the_table_is_what_the_command_writes(name: str) -> None:
    text = (ROOT / name).read_text()
    assert readme_answers.with_table(name, text, kept()) == text


def test_every_report_that_is_ready_has_its_row_and_question() -> None:
    catalogue = tomllib.loads((ROOT / "reports.toml").read_text())["report"]
    ready = {name: entry["title"] for name, entry in catalogue.items() if not entry.get("draft")}
    assert {one["report"] for one in kept()} == set(ready)


def test_the_answers_are_not_older_than_the_prices() -> None:
    newest = max(date.fromisoformat(one["as_of"]) for one in kept() if one["as_of"])
    prices = uc.load_prices()["last_seen"].max().date()
    assert (prices - newest).days <= MOST_DAYS, "build the reports, then python -m tools.readme_answers"


def test_a_site_that_says_something_else_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in kept():
        folder = tmp_path / "site" / one["report"]
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(one))
    (tmp_path / "notebooks").mkdir()
    for name in (*readme_answers.TABLES, "reports.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    monkeypatch.setattr(readme_answers, "ROOT", tmp_path)
    monkeypatch.setattr(readme_answers, "KEPT", tmp_path / "answers.json")
    site = str(tmp_path / "site")
    assert readme_answers.main([site, "--check"]) == 0
    folder = tmp_path / "site" / "04_deepseek_shock" / "results.json"
    folder.write_text(json.dumps(json.loads(folder.read_text()) | {"answer": "NVIDIA rose by 1% | or 2%."}))
    assert readme_answers.main([site, "--check"]) == 1
    assert readme_answers.main([site]) == 0 and readme_answers.main([site, "--check"]) == 0
    for name in readme_answers.TABLES:
        assert "NVIDIA rose by 1% \\| or 2%." in (tmp_path / name).read_text()
    folder.unlink()
    with pytest.raises(SystemExit, match="04_deepseek_shock"):
        readme_answers.main([site])


def test_the_readme_has_two_commands_one_picture_and_no_dead_link() -> None:
    text = (ROOT / "README.md").read_text()
    assert text.count("![") == 1
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert "://" in target or (ROOT / target).exists(), target
    for command in ("make report", "make test", "undercut explore"):
        assert command in text
