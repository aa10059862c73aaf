"""A report is built again when something that it was made from changed, and the reason is named."""

from __future__ import annotations

import json
import os
from importlib import metadata
from pathlib import Path

import pytest

from tests.report.projects import code, demo_cells, write_project
from undercut.errors import BuildError
from undercut.report.build import Options, build_reports, plan_build
from undercut.report.catalogue import staleness

pytestmark = pytest.mark.xdist_group("staleness")
READS = """
    import sys
    sys.path.insert(0, ".")
    import helper
    import pandas as pd
    rows = len(pd.read_csv("../data/mine.csv")) + len(open("../data/raw.txt").read())
"""


@pytest.fixture(scope="module", params=["forked", "plain"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose report reads two files and a module of its own."""
    project = write_project(tmp_path_factory.mktemp("project"), demo_cells(code(READS)))
    (project / "data").mkdir()
    (project / "data" / "mine.csv").write_text("a\n1\n")
    (project / "data" / "raw.txt").write_text("x")
    (project / "data" / "unread.csv").write_text("a\n1\n")
    (project / "notebooks" / "helper.py").write_text("ANSWER = 42\n")
    for path in project.rglob("*"):
        os.utime(path, (0, 0))
    build_reports(root=project, options=Options(plain=request.param == "plain"))
    return project


def why(project: Path) -> list[str]:
    [(_, reasons)] = plan_build(root=project).tasks
    return reasons


def test_with_nothing_changed_nothing_is_built(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert why(built) == []
    monkeypatch.setattr("undercut.report.run.forge.Workers", lambda *_, **__: pytest.fail("it started"))
    [outcome] = build_reports(root=built)
    assert outcome.status == "unchanged"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("data/mine.csv", "file data/mine.csv changed"),
        ("data/raw.txt", "file data/raw.txt changed"),
        ("notebooks/helper.py", "code notebooks/helper.py changed"),
    ],
)
def test_a_changed_input_is_named(built: Path, path: str, reason: str) -> None:
    before = (built / path).read_bytes()
    try:
        (built / path).write_bytes(before + b"\n# 2\n")
        assert why(built) == [reason]
        (built / path).unlink()
        assert why(built) == [reason.replace("changed", "is gone")]
    finally:
        (built / path).write_bytes(before)
    assert why(built) == []


def test_a_file_that_the_notebook_does_not_read_does_not_matter(built: Path) -> None:
    (built / "data" / "unread.csv").write_text("a\n2\n")
    assert why(built) == []


def test_a_changed_notebook_or_default_is_named(built: Path) -> None:
    path = built / "notebooks" / "demo.ipynb"
    before = path.read_text()
    try:
        path.write_text(before.replace("limit = 5", "limit = 6"))
        assert why(built) == [
            "the notebook notebooks/demo.ipynb changed", "parameter limit: 5 became 6",
        ]  # fmt: skip
    finally:
        path.write_text(before)


def test_a_changed_version_or_interpreter_is_named(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.loads((built / "reports" / "site" / "demo" / "build.json").read_text())["inputs"]
    assert record["packages"]["pandas"] and "undercut" not in record["packages"]
    version = record["packages"]["pandas"]
    monkeypatch.setattr(
        staleness, "_installed", lambda name: "0.1" if name == "pandas" else record["packages"][name]
    )
    monkeypatch.setattr(staleness, "PYTHON", "3.99.0")
    assert why(built) == [f"package pandas: {version} became 0.1", f"Python {record['python']} became 3.99.0"]


def test_only_code_that_the_report_uses_counts(built: Path) -> None:
    files = json.loads((built / "reports" / "site" / "demo" / "build.json").read_text())["inputs"]["files"]
    assert "lib:undercut/report/findings/results.py" in files
    assert "lib:undercut/report/page/templates/page.html.j2" in files
    assert not [name for name in files if name.startswith(("lib:undercut/panel", "lib:undercut/prices"))]
    assert not [name for name in files if name.startswith("/") or "site-packages" in name]


def test_a_file_that_changes_during_the_build_makes_the_report_stale(tmp_path: Path) -> None:
    project = write_project(
        tmp_path, demo_cells(code("open('../late.txt').read(); open('../late.txt', 'w').close()"))
    )
    (project / "late.txt").write_text("early")
    build_reports(root=project)
    assert why(project) == ["file late.txt changed while the report was built"]


def test_a_failure_is_tried_again(tmp_path: Path) -> None:
    project = write_project(tmp_path, demo_cells(code("1 / 0")))
    with pytest.raises(BuildError):
        build_reports(root=project)
    [reason] = why(project)
    assert reason.startswith("the last build, at ") and reason.endswith(" failed")


def test_the_owners_of_modules_are_those_that_importlib_names() -> None:
    known = metadata.packages_distributions()
    roots = {name for name in known if name.isidentifier()}
    expected = {owner: metadata.version(owner) for name in roots for owner in known[name]}
    expected.pop("undercut", None)
    assert len(expected) > 50 and staleness.versions(roots) == expected
