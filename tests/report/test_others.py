"""A report made from others is built after them, again when they change, and hears what cannot be trusted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.report.projects import code, demo_cells, notebook, write_project
from undercut.errors import BuildError, InputError
from undercut.report.build import Options, Outcome, build_reports, plan_build
from undercut.report.catalogue.catalogue import check_catalogue, load_catalogue
from undercut.report.catalogue.plan import due_tasks
from undercut.report.findings.results import previous_results, read_results
from undercut.report.run.execution import ready

pytestmark = pytest.mark.xdist_group("others")
BRIEFING = """
    import json
    from undercut.report.findings.results import Results, previous_results, read_results

    others = read_results()
    shown = {name: [one["published"]["state"], [finding["value"] for finding in one["findings"]]]
             for name, one in others.items()}
    before = {name: (previous_results(name) or {}).get("answer") for name in [*others, "briefing"]}
    report = Results("briefing", title="In short", data_kind="simulated", parameters={"limit": limit})
    report.answer(json.dumps([shown, before]))
    report.claims([{"id": "falls", "claim": "It falls.", "verdict": "mixed", "reason": "One of two.",
                    "findings": [{"report": "fall", "key": "fall"}, {"report": "fall", "key": "gone"}],
                    "interval": "", "as_of": None, "would_change": "a further fall"}])
    report.save()
"""


def entry(name: str, rest: str = "") -> str:
    return (
        f'[report.{name}]\nnotebook = "notebooks/{name}.ipynb"\ntitle = "T of {name}"\n{rest}\n'
        f'[report.{name}.parameters]\nlimit = {{ type = "int" }}\n'
    )


def finding_cells(name: str, value: float) -> list[dict[str, Any]]:
    cells = demo_cells(code(f"report.answer('{name} is {value}')"))
    source = cells[2]["source"].replace('"demo"', f'"{name}"').replace("-36.2", str(value))
    return [*cells[:2], cells[2] | {"source": source}, *cells[3:]]


def write_notebook(project: Path, name: str, cells: list[dict[str, Any]]) -> None:
    (project / "notebooks").mkdir(parents=True, exist_ok=True)
    (project / "notebooks" / f"{name}.ipynb").write_text(json.dumps(notebook(cells)))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A briefing, named first in the catalogue, and the two reports that it is made from."""
    project = tmp_path_factory.mktemp("project")
    write_notebook(project, "briefing", [code("limit = 5", "parameters"), code(BRIEFING)])
    for name in ("fall", "rise"):
        write_notebook(project, name, finding_cells(name, -36.0))
    # While this one still runs there is room for the briefing, which must wait all the same.
    slow = finding_cells("fall", -36.0)
    write_notebook(project, "fall", [*slow[:-1], code("import time; time.sleep(2)"), slow[-1]])
    site = '[site]\nfront = "briefing"\n'
    entries = [entry("briefing", 'after = "all"'), entry("fall", 'schedule = "@daily"'), entry("rise")]
    (project / "reports.toml").write_text("\n".join([site, *entries]))
    build_reports(root=project, options=Options(jobs=3))
    return project


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "project")


def answer(project: Path, site: str = "reports/site") -> Any:
    return json.loads(json.loads((project / site / "briefing" / "results.json").read_text())["answer"])


def rebuilt(outcomes: list[Outcome]) -> set[str]:
    return {one.report for one in outcomes if one.status == "built"}


def test_a_first_build_sees_the_others_of_the_same_run(built: Path) -> None:
    shown, before = answer(built)
    assert shown == {"fall": ["current", [-36.0]], "rise": ["current", [-36.0]]}
    assert before == {"fall": None, "rise": None, "briefing": None}
    assert {why == [] for _, why in plan_build(root=built).tasks} == {True}


@pytest.mark.parametrize("plain", [False, True], ids=["forked", "fresh"])
def test_in_another_folder_it_reads_what_that_folder_holds(
    project: Path, plain: bool, tmp_path: Path
) -> None:
    build_reports(["fall", "briefing"], out_dir=tmp_path / "out", root=project, options=Options(plain=plain))
    shown, _ = answer(tmp_path, "out")
    assert shown == {"fall": ["current", [-36.0]], "rise": ["missing", []]}


def test_it_is_ready_when_none_of_the_others_waits_or_runs(built: Path) -> None:
    tasks = {task.folder: task for task, _ in plan_build(root=built).tasks}
    briefing, fall, rise = tasks["briefing"], tasks["fall"], tasks["rise"]
    assert ready([briefing, fall], [rise]) is fall
    assert ready([briefing], [rise]) is None
    assert ready([briefing], []) is briefing


def test_when_one_changes_the_briefing_is_built_again_and_knows_the_build_before(project: Path) -> None:
    write_notebook(project, "fall", finding_cells("fall", -38.0))
    reasons = {task.folder: why for task, why in plan_build(root=project).tasks}
    assert reasons["briefing"] == ["it is made from fall, which is built again"]
    assert rebuilt(build_reports(root=project)) == {"fall", "briefing"}
    shown, before = answer(project)
    assert shown["fall"] == ["current", [-38.0]]
    assert before["fall"] == "fall is -36.0"
    assert json.loads(before["briefing"])[0]["fall"] == ["current", [-36.0]]


def test_built_without_the_other_the_briefing_is_stale(project: Path) -> None:
    write_notebook(project, "fall", finding_cells("fall", -38.0))
    build_reports(["fall"], root=project)
    [(_, reasons)] = plan_build(["briefing"], root=project).tasks
    assert reasons == ["the results of fall changed, or whether they are up to date"]
    assert rebuilt(build_reports(root=project)) == {"briefing"}
    assert build_reports(root=project)[0].status == "unchanged"


def test_an_other_that_is_out_of_date_is_stale_to_the_briefing_until_it_is_built(project: Path) -> None:
    write_notebook(project, "fall", finding_cells("fall", -38.0))
    build_reports(["briefing"], root=project)
    assert answer(project)[0]["fall"] == ["stale", [-36.0]]
    build_reports(root=project)
    assert answer(project)[0]["fall"] == ["current", [-38.0]]


def test_a_failure_makes_the_other_stale_or_missing_and_the_briefing_is_built(project: Path) -> None:
    write_notebook(project, "fall", [code("limit = 5", "parameters"), code("1 / 0")])
    with pytest.raises(BuildError, match="ZeroDivisionError"):
        build_reports(root=project)
    assert answer(project)[0]["fall"] == ["stale", [-36.0]]
    shutil.rmtree(project / "reports" / "site")
    with pytest.raises(BuildError, match="ZeroDivisionError"):
        build_reports(root=project)
    assert answer(project)[0]["fall"] == ["missing", []]


def test_by_hand_the_same_calls_read_the_site(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNDERCUT_OTHERS", raising=False)
    monkeypatch.chdir(project / "notebooks")
    write_notebook(project, "fall", finding_cells("fall", -38.0))
    others = read_results()
    assert [one["published"]["state"] for one in others.values()] == ["stale", "current"]
    assert others["fall"]["published"]["reason"] == "the notebook notebooks/fall.ipynb changed"
    assert others["fall"]["published"]["built_at"] == others["fall"]["built_at"]
    own = previous_results("briefing")
    assert own is not None and own["title"] == "In short"
    with pytest.raises(InputError, match="Did you mean: fall"):
        read_results(["fal"])
    papermill = Path(sys.executable).with_name("papermill")
    given = [str(papermill), "briefing.ipynb", "out.ipynb", "--no-progress-bar"]
    environment = {key: value for key, value in os.environ.items() if key != "UNDERCUT_OUTPUT"}
    subprocess.run(given, check=True, capture_output=True, env=environment)
    assert answer(project, "reports/local")[0]["rise"] == ["current", [-36.0]]


def test_a_report_that_names_no_other_is_refused_their_results(tmp_path: Path) -> None:
    reads = code("from undercut.report.findings.results import read_results\nread_results()")
    project = write_project(tmp_path, demo_cells(reads))
    with pytest.raises(BuildError, match=r"names none: give it after ="):
        build_reports(root=project)


def test_without_a_schedule_it_is_due_when_another_is(project: Path) -> None:
    site = project / "reports" / "site"
    tasks = [task for task, _ in plan_build(root=project).tasks]
    assert due_tasks(tasks, site) == []
    record = site / "fall" / "build.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"started_at": "2020-01-01T00:00:00Z"}))
    assert [(task.folder, why) for task, why in due_tasks(tasks, site)] == [
        ("fall", ["its schedule '@daily' says so"]),
        ("briefing", ["it is made from fall, which is built again"]),
    ]


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ('after = ["fal"]', "after: no report 'fal'; did you mean 'fall'?"),
        ('after = "fall"', 'after must be a list of reports, or "all"'),
        ('after = ["briefing"]', "report 'rise' is made from itself, directly or through others"),
    ],
)
def test_a_list_that_cannot_be_followed_is_a_mistake(project: Path, keys: str, complaint: str) -> None:
    catalogue = project / "reports.toml"
    text = catalogue.read_text().replace('title = "T of rise"\n', f'title = "T of rise"\n{keys}\n')
    catalogue.write_text(text.replace('after = "all"', 'after = ["fall", "rise"]'))
    assert complaint in "\n".join(map(str, check_catalogue(catalogue)))


def test_all_means_the_reports_that_are_made_from_none(built: Path, tmp_path: Path) -> None:
    project = shutil.copytree(built, tmp_path / "project")
    catalogue = project / "reports.toml"
    text = catalogue.read_text().replace('title = "T of rise"\n', 'title = "T of rise"\nafter = "all"\n')
    catalogue.write_text(text)
    reports = load_catalogue(catalogue)
    assert (reports["briefing"].after, reports["rise"].after) == (("fall",), ("fall",))


def test_the_front_page_opens_with_the_briefing_and_its_claims(built: Path) -> None:
    page = (built / "reports" / "site" / "index.html").read_text()
    front, rest = page.split('<h2 id="reports">')
    assert '<a href="briefing/index.html">The briefing</a>' in front
    assert "1 claim, and what the numbers say" in front and "1 mixed." in front
    assert '<a href="fall/index.html#finding-fall">Fall of the price</a>' in front
    assert "fall: gone (not published)" in front
    assert "briefing/index.html" not in rest and "rise/index.html" in rest
    assert (built / "reports" / "site" / "fall" / "index.html").read_text().count('id="finding-fall"') == 1


def test_a_front_page_that_is_no_report_is_a_mistake(project: Path) -> None:
    catalogue = project / "reports.toml"
    catalogue.write_text(catalogue.read_text().replace('front = "briefing"', 'front = "brief"'))
    [mistake] = check_catalogue(catalogue)
    assert str(mistake) == "reports.toml:2: front: no report 'brief'; did you mean 'briefing'?"
