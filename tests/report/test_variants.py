"""Other values give a page of their own, under a name that says which, and leave the default alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.projects import code, demo_cells, write_project
from undercut.errors import BuildError, InputError
from undercut.report.build import Options, build_reports
from undercut.report.catalogue.entries import Report
from undercut.report.catalogue.parameters import Parameter
from undercut.report.commands import why_command
from undercut.report.new import new_report
from undercut.report.site.export import export_report

pytestmark = pytest.mark.xdist_group("variants")
KINDS = {"word": Parameter("word", "str", default="a"), "names": Parameter("names", "list[str]", default=[])}
REPORT = Report("demo", Path("demo.ipynb"), "T", KINDS)


@given(st.text(max_size=80), st.lists(st.text(max_size=30), max_size=4))
def test_any_value_gives_a_harmless_folder_of_its_own(word: str, names: list[str]) -> None:
    folder = REPORT.folder({"word": word, "names": names})
    if (word, names) == ("a", []):
        assert folder == "demo"
        return
    top, name, leaf = folder.split("/")
    assert (top, name) == ("variants", "demo")
    assert leaf.isascii() and len(leaf) < 70 and not set(leaf) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert REPORT.folder({"word": word + "x", "names": names}) != folder


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
def test_the_command_on_the_page_gives_the_same_value(word: str) -> None:
    import shlex

    _, _, _, *words = shlex.split(REPORT.command({"word": word, "names": []}))
    assert words == ([] if word == "a" else ["-p", f"word={word}"])


def limits(site: Path) -> dict[str, int]:
    """Value of ``limit`` in every published report."""
    found = sorted(site.glob("demo/results.json")) + sorted(site.glob("variants/*/*/results.json"))
    return {
        str(path.parent.relative_to(site)): json.loads(path.read_text())["parameters"]["limit"]
        for path in found
    }


def test_a_grid_builds_every_point_beside_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = write_project(tmp_path, demo_cells())
    site = project / "reports" / "site"
    catalogue = project / "reports.toml"
    catalogue.write_text(catalogue.read_text() + "[report.demo.grid]\nlimit = [6, 5]\n")
    outcomes = build_reports(root=project)
    assert [outcome.report for outcome in outcomes] == ["demo", "demo limit=6"]
    build_reports(grid={"limit": ["7", "8"]}, root=project, options=Options(jobs=2))
    assert sorted(limits(site).values()) == [5, 6, 7, 8]
    assert limits(site)["demo"] == 5
    monkeypatch.chdir(project)
    said = why_command([], [], None, grid=["limit=7,9"])
    assert said.splitlines()[0].endswith(": up to date") and said.count("out of date") == 1
    assert said.splitlines()[-1].strip() == "it was never built"
    assert {outcome.status for outcome in build_reports(grid={"limit": ["7", "8"]}, root=project)} == {
        "unchanged"
    }
    front = (site / "index.html").read_text()
    assert all(f"With limit = {value}" in front for value in (6, 7, 8))
    page = next(site.glob("variants/demo/limit-7-*/index.html"))
    links = [part.split('"')[0].partition("#")[0] for part in page.read_text().split('href="../')[1:]]
    assert links
    assert all((page.parent / ".." / link.partition("#")[0]).is_file() for link in links)


def test_fail_fast_stops_and_keep_going_does_not(tmp_path: Path) -> None:
    project = write_project(tmp_path, demo_cells(code("assert limit != 6, limit")))
    seen: list[str] = []
    arguments = {"grid": {"limit": ["6", "7"]}, "root": project, "watch": lambda one: seen.append(one.status)}
    with pytest.raises(BuildError, match="AssertionError: 6"):
        build_reports(**arguments, options=Options(jobs=1, fail_fast=True))
    assert seen == ["started", "failed", "not tried"]
    seen.clear()
    with pytest.raises(BuildError):
        build_reports(**arguments, options=Options(jobs=1))
    assert sorted(seen) == ["built", "failed", "started", "started"]


def test_an_exported_report_is_one_file_with_its_downloads(tmp_path: Path) -> None:
    from base64 import b64decode

    project = write_project(tmp_path, demo_cells())
    build_reports(root=project)
    page = project / "reports" / "site" / "demo"
    (tmp_path / "mail").mkdir()
    size = export_report(page, tmp_path / "mail" / "demo.html")
    text = (tmp_path / "mail" / "demo.html").read_text()
    assert len(text.encode()) == size
    assert 'href="../' not in text and "All reports" not in text
    carried = text.split('href="data:application/json;base64,')[1].split('"')[0]
    assert b64decode(carried) == (page / "results.json").read_bytes()
    with pytest.raises(InputError, match="undercut build"):
        export_report(tmp_path / "nothing", tmp_path / "x.html")


def test_a_new_report_is_in_the_catalogue_and_builds(tmp_path: Path) -> None:
    from undercut.report.catalogue.catalogue import check_catalogue

    project = write_project(tmp_path, demo_cells())
    notebook = new_report(project, "02_who_pays")
    assert check_catalogue(project / "reports.toml") == []
    assert json.loads(notebook.read_text())["cells"][0]["source"].startswith("# Who pays?")
    [outcome] = build_reports(["02_who_pays"], root=project)
    assert outcome.status == "built"
    results = json.loads((outcome.folder / "results.json").read_text())
    [gap] = results["findings"]
    assert gap["ci_low"] < gap["value"] < gap["ci_high"] < 0 and "lower" in results["answer"]
    assert results["data_kind"] == "sample" and (project / "data" / "local" / "02_who_pays.csv").is_file()
    for name in ("02_who_pays", "variants", "../x", "Über"):
        with pytest.raises(InputError):
            new_report(project, name)


def test_an_export_replaces_nothing_but_an_earlier_export(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "results.json").write_text("{}")
    (page / "index.html").write_text("<!DOCTYPE html>\n<html><head></head><body>1</body></html>")
    new, own, link = tmp_path / "new.html", tmp_path / "own.txt", tmp_path / "link.html"
    own.write_text("my own notes")
    link.symlink_to(own)
    os.mkfifo(tmp_path / "fifo")
    for target, reason in (
        (own, "no earlier export"), (link, "no plain file"), (page, "no plain file"),
        (tmp_path / "fifo", "no plain file"), (tmp_path / "none" / "x.html", "no folder that exists"),
        (own / "x.html", "no folder that exists"), (tmp_path / ("x" * 300), "cannot be written"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=reason):
            export_report(page, target)
    assert own.read_text() == "my own notes" and link.is_symlink() and not (tmp_path / "none").exists()
    export_report(page, new)
    (page / "index.html").write_text("<!DOCTYPE html>\n<html><head></head><body>2</body></html>")
    export_report(page, new)
    assert "<body>2" in new.read_text()
