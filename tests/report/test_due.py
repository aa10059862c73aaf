"""What is due is built once, however often or late the clock calls; hooks are told how it went."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.projects import code, demo_cells, write_project
from undercut.errors import BuildError, UnknownNameError
from undercut.report.build import Options, build_reports, plan_build
from undercut.report.catalogue.catalogue import check_catalogue
from undercut.report.catalogue.staleness import is_due, is_schedule
from undercut.report.commands import build_command
from undercut.report.commands import check_catalogue as check_catalogue_text
from undercut.report.site.publish import only_builder

pytestmark = pytest.mark.xdist_group("due")
DAY = 86_400


def scheduled(folder: Path, *lines: str, cells: list[dict] | None = None) -> Path:
    project = write_project(folder, cells or demo_cells())
    catalogue = project / "reports.toml"
    text = catalogue.read_text().replace("[report.demo]\n", '[report.demo]\nschedule = "0 6 * * *"\n')
    catalogue.write_text("\n".join(lines) + "\n" + text)
    return project


def moment(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@given(last=st.integers(0, 40 * DAY), wait=st.integers(0, 40 * DAY))
def test_due_means_that_six_in_the_morning_has_passed_since(last: int, wait: int) -> None:
    sixes = range(6 * 3600, 100 * DAY, DAY)
    expected = any(last < six <= last + wait for six in sixes)
    assert is_due("0 6 * * *", moment(last), moment(last + wait)) == expected


def test_only_schedules_of_cron_are_accepted(tmp_path: Path) -> None:
    assert all(map(is_schedule, ["*/10 * * * *", "0 6 * * 1-5", "@weekly", "0 0 1 jan,jul *"]))
    assert not any(map(is_schedule, ["", "daily", "61 * * * *", "* * * *", "* * * * * *", 5, None]))
    project = scheduled(tmp_path)
    catalogue = project / "reports.toml"
    catalogue.write_text(catalogue.read_text().replace("0 6 * * *", "0 25 * * *"))
    [mistake] = check_catalogue(catalogue)
    assert "'0 25 * * *' is not in cron's syntax" in mistake.text
    assert catalogue.read_text().splitlines()[mistake.line - 1].startswith("schedule")


def test_a_due_report_is_built_once_and_again_after_its_next_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = scheduled(tmp_path)
    built = []
    for text in (
        "2026-11-01T07:00",
        "2026-11-01T07:10",
        "2026-11-02T05:50",
        "2026-11-09T11:00",
        "2026-11-09T11:10",
    ):
        moment = datetime.fromisoformat(f"{text}:00Z").timestamp()
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(moment)))
        built += [text for _ in build_reports(root=project, options=Options(due=True))]
    assert built == ["2026-11-01T07:00", "2026-11-09T11:00"]


def test_a_report_that_failed_waits_for_its_next_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = scheduled(tmp_path, cells=demo_cells(code("1 / 0")))
    moment = datetime.fromisoformat("2026-11-01T07:00:00Z").timestamp()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(moment)))
    with pytest.raises(BuildError):
        build_reports(root=project, options=Options(due=True))
    assert plan_build(root=project, options=Options(due=True)).tasks == []


def test_a_second_call_while_one_builds_is_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = scheduled(tmp_path)
    monkeypatch.chdir(project)
    with only_builder(project / "reports" / "site"):
        assert build_command([], [], None, options=Options(due=True)) == 0
        assert "Another build is writing" in capsys.readouterr().out
        assert build_command([], [], None, options=Options()) == 1


def test_a_wrong_name_is_not_reported_as_nothing_to_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(scheduled(tmp_path))
    with pytest.raises(UnknownNameError, match="dmo"):
        build_command(["dmo"], [], None, options=Options())
    assert capsys.readouterr().out == ""


def test_hooks_are_told_what_was_built_and_what_failed(tmp_path: Path) -> None:
    tell = "(echo $UNDERCUT_STATUS; echo $UNDERCUT_BUILT/$UNDERCUT_FAILED; cat) > told-{}"
    hooks = [f'on_{word} = "{tell.format(word)}"' for word in ("success", "failure")]
    project = scheduled(tmp_path, "[site]", *hooks, cells=demo_cells(code("1 / (limit - 6)")))
    build_reports(root=project)
    status, reports, content = (project / "told-success").read_text().splitlines()
    assert (status, reports, json.loads(content)[0]["status"]) == ("success", "demo/", "built")
    with pytest.raises(BuildError):
        build_reports(["demo"], {"limit": 6}, root=project)
    status, reports, content = (project / "told-failure").read_text().splitlines()
    assert (status, reports) == ("failure", "/demo limit=6")
    assert "ZeroDivisionError" in json.loads(content)[0]["failure"]


def test_a_hook_that_fails_does_not_undo_the_build(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    project = scheduled(tmp_path, "[site]", 'on_success = "exit 3"')
    [outcome] = build_reports(root=project)
    assert outcome.status == "built"
    assert "ended with status 3" in capfd.readouterr().err


def test_a_schedule_that_never_comes_is_refused_by_check_and_said_by_due_and_the_others_are_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = scheduled(tmp_path)
    write_project(tmp_path, demo_cells(), name="never")
    entry = (project / "reports.toml").read_text()
    other = entry.replace("never", "demo").replace("[report.demo]", '[report.demo]\nschedule = "@daily"')
    never = entry.replace("[report.never]", '[report.never]\nschedule = "0 0 30 2 *"')
    (project / "reports.toml").write_text(other + never)
    monkeypatch.chdir(project)
    assert "no day fits the schedule '0 0 30 2 *'" in check_catalogue_text()
    with pytest.warns(UserWarning, match="never is never due"):
        [outcome] = build_reports(root=project, options=Options(due=True))
    assert (outcome.report, outcome.status) == ("demo", "built")


@pytest.mark.parametrize("stamp", ["2099-01-01T00:00:00Z", "yesterday", "", 7, None, ["2026"]])
def test_a_stamp_that_cannot_be_is_refused_by_check_and_built_again_by_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamp: object
) -> None:
    project = scheduled(tmp_path)
    folder = project / "reports" / "site" / "demo"
    folder.mkdir(parents=True)
    record = {"status": "built", "inputs": {}, "started_at": stamp}
    (folder / "build.json").write_text(json.dumps(record))
    monkeypatch.chdir(project)
    assert "the moment of its last build" in check_catalogue_text()
    [(_, [reason])] = plan_build(root=project, options=Options(due=True)).tasks
    assert reason.startswith("the moment of its last build")
