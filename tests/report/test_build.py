"""A build publishes a whole, checked report, or it changes nothing and says in which cell it failed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.report.projects import code, demo_cells, notebook, prose, write_project
from undercut.errors import BuildError, InputError
from undercut.report.build import Options, build_reports
from undercut.report.run import processes
from undercut.report.site.publish import builds_of, only_builder

pytestmark = pytest.mark.xdist_group("build")

FIGURE = """
    import matplotlib.pyplot as plt
    import pandas as pd
    from undercut import plots

    plots.set_house_style()
    figure, ax = plt.subplots()
    ax.plot([1, 2], [3, 4], **plots.mark("CN", "open"))
    plots.headline(ax, "It fell", "US dollars", source="Source: none")
    report.figure(figure, "fall", alt="A falling line", data=pd.DataFrame({"x": [1, 2], "y": [3, 4]}))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project built once; tests that change it work on a copy."""
    cells = demo_cells(prose("## The fall"), code(FIGURE), code("import sys\nprint(sys.executable)"))
    project = write_project(tmp_path_factory.mktemp("project"), cells)
    decoy = project / "decoy" / "kernels" / "python3"
    decoy.mkdir(parents=True)
    kernel = {"argv": ["false", "{connection_file}"], "display_name": "x", "language": "python"}
    (decoy / "kernel.json").write_text(json.dumps(kernel))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(project / "decoy"))
        patch.setenv("SOURCE_DATE_EPOCH", "1795392000")
        patch.setenv("MY_SECRET_TOKEN", "hunter2-is-secret")
        build_reports(root=project)
    return project


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "project")


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def replace_cells(project: Path, *middle: dict) -> None:
    (project / "notebooks" / "demo.ipynb").write_text(json.dumps(notebook(demo_cells(*middle))))


def orphans(project: Path) -> list[int]:
    """Processes that a build of the project left behind."""
    left = []
    for process in psutil.process_iter():
        try:
            output = process.environ().get("UNDERCUT_OUTPUT", "")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if output.startswith(str(project)) and process.status() != psutil.STATUS_ZOMBIE:
            left.append(process.pid)
    return left


def test_a_report_is_published_whole(built: Path) -> None:
    page = built / "reports" / "site" / "demo"
    assert set(contents(page)) == {
        "index.html", "results.json", "notebook.ipynb", "build.json", "figures/fall.csv", "figures/fall.png",
        "figures/fall.svg",
    }  # fmt: skip
    record = json.loads((page / "build.json").read_text())
    assert record["status"] == "built"
    assert record["exit_status"] == 0
    assert record["parameters"] == {"limit": 5}
    assert 50 < record["peak_memory_mb"] < 2000
    assert record["inputs"]["packages"]["pandas"]
    assert "demo/index.html" in (built / "reports" / "site" / "index.html").read_text()
    assert not (built / "reports" / "site" / ".incoming").exists()


def test_the_kernel_is_the_builders_own_interpreter(built: Path) -> None:
    cells = json.loads((built / "reports" / "site" / "demo" / "notebook.ipynb").read_text())["cells"]
    printed = [
        "".join(output["text"]) for cell in cells for output in cell.get("outputs", []) if "text" in output
    ]
    assert [Path(text.strip()) for text in printed] == [Path(sys.executable)]


def test_the_environment_is_nowhere_in_the_outputs(built: Path) -> None:
    for path in (built / "reports" / "site").rglob("*"):
        assert path.is_dir() or b"hunter2-is-secret" not in path.read_bytes()


def test_the_same_inputs_give_the_same_bytes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = project / "reports" / "site" / "demo"
    before = contents(page)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795392000")
    build_reports(root=project, options=Options(force=True))
    after = contents(page)
    before.pop("build.json")
    after.pop("build.json")
    assert before == after


def test_a_failing_cell_is_named_and_the_last_good_version_stays(project: Path) -> None:
    page = project / "reports" / "site" / "demo"
    before = contents(page)
    replace_cells(project, prose("## Prose counts as a cell"), code("x = 1\nraise KeyError('no such host')"))
    with pytest.raises(BuildError) as failure:
        build_reports(root=project)
    message = str(failure.value)
    assert "cell 5 of demo.ipynb" in message
    assert "raise KeyError('no such host')" in message
    assert "KeyError: 'no such host'" in message
    after = contents(page)
    changed = {key for key in after.keys() | before.keys() if after.get(key) != before.get(key)}
    assert changed == {"index.html", "last-good.html", "failure.json", "failed.ipynb"}
    shown = (page / "index.html").read_text()
    assert "failed in cell 5 of notebooks/demo.ipynb" in shown
    assert "KeyError: &#39;no such host&#39;" in shown
    assert 'href="last-good.html"' in shown
    assert 'href="failed.ipynb"' in shown
    assert "<strong>Stale.</strong>" in (page / "last-good.html").read_text()
    assert "Failed" in (page.parent / "index.html").read_text()


def test_after_a_failure_the_next_success_clears_it(project: Path) -> None:
    page = project / "reports" / "site" / "demo"
    files = set(contents(page))
    replace_cells(project, code("raise KeyError(1)"))
    for _ in range(2):
        with pytest.raises(BuildError):
            build_reports(root=project)
    assert "Stale" in (page / "last-good.html").read_text()
    replace_cells(project, code("x = 1"))
    build_reports(root=project)
    assert set(contents(page)) == files - {f"figures/fall.{kind}" for kind in ("csv", "png", "svg")}
    assert "Stale" not in (page / "index.html").read_text()
    [earlier] = builds_of(page.parent, "demo")[:-1]
    assert "Earlier build." in (earlier / "index.html").read_text()
    assert "Stale" in (earlier / "index.html").read_text()


def test_a_first_build_that_fails_has_a_page_that_says_so(tmp_path: Path) -> None:
    project = write_project(tmp_path, demo_cells(code("1 / 0")))
    with pytest.raises(BuildError):
        build_reports(root=project)
    page = project / "reports" / "site" / "demo"
    assert set(contents(page)) == {"index.html", "failure.json", "failed.ipynb"}
    assert "no earlier version" in (page / "index.html").read_text()
    assert "demo/index.html" in (page.parent / "index.html").read_text()


def test_a_kernel_that_is_killed_is_a_failure(project: Path) -> None:
    replace_cells(project, code("import os\nos.kill(os.getpid(), 9)"))
    for options in (Options(), Options(plain=True)):
        with pytest.raises(BuildError, match=r"cell 4 of demo.ipynb[\s\S]*Kernel died"):
            build_reports(root=project, options=options)


def test_a_worker_that_is_killed_is_a_failure_and_leaves_no_kernel(project: Path) -> None:
    replace_cells(project, code("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)"))
    for options in (Options(), Options(plain=True)):
        with pytest.raises(BuildError, match="killed by SIGKILL"):
            build_reports(root=project, options=options)
        assert orphans(project) == []


def test_when_the_process_that_forks_is_killed_the_other_reports_are_built(tmp_path: Path) -> None:
    kill = """
        import os, psutil, time
        if limit == 5:
            psutil.Process(os.getppid()).parent().kill()
            time.sleep(60)
    """
    project = write_project(tmp_path, demo_cells(code(kill)))
    catalogue = project / "reports.toml"
    catalogue.write_text(catalogue.read_text() + "[report.demo.grid]\nlimit = [6]\n")
    seen = []
    with pytest.raises(BuildError, match=r"cell 4 of demo.ipynb[\s\S]*that starts workers was killed"):
        build_reports(root=project, options=Options(jobs=1), watch=lambda one: seen.append(one.status))
    assert seen == ["started", "failed", "started", "built"]
    assert orphans(project) == []


def test_who_kills_the_process_that_forks_takes_down_nobody_else(tmp_path: Path) -> None:
    kill = """
        import os, psutil, time
        time.sleep(1)
        if limit == 5:
            psutil.Process(os.getppid()).parent().kill()
        time.sleep(2)
    """
    project = write_project(tmp_path, demo_cells(code(kill)))
    catalogue = project / "reports.toml"
    catalogue.write_text(catalogue.read_text() + "[report.demo.grid]\nlimit = [6]\n")
    ended: dict[str, str] = {}
    with pytest.raises(BuildError, match="process that starts workers was killed"):
        build_reports(
            root=project, options=Options(jobs=2), watch=lambda one: ended.update({one.report: one.status})
        )
    assert ended == {"demo": "failed", "demo limit=6": "built"}
    assert orphans(project) == []


def test_an_interrupt_from_the_keyboard_ends_everything(project: Path) -> None:
    marker = project / "running"
    replace_cells(project, code(f"import time\nopen({str(marker)!r}, 'w').close()\ntime.sleep(600)"))
    command = [sys.executable, "-c", "from undercut.cli import main; main()", "build"]
    builder = subprocess.Popen(
        command, cwd=project, start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 300  # on a busy machine libraries alone take a minute to load
    while not marker.exists():
        assert builder.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(builder.pid, signal.SIGINT)
    _, errors = builder.communicate(timeout=120)
    assert builder.returncode != 0
    assert "Traceback" not in errors
    assert orphans(project) == []
    assert not (project / "reports" / "site" / ".incoming").exists()


def test_processes_are_gone_when_their_end_has_been_asked_for(tmp_path: Path) -> None:
    """Also those that are started meanwhile, and those that a busy machine ends late."""
    breeds = "while :; do sleep 300 & sleep 0.002; done"
    marked = os.environ | {"UNDERCUT_OUTPUT": str(tmp_path)}
    for _ in range(3):
        parent = subprocess.Popen(["sh", "-c", breeds], env=marked)
        time.sleep(0.2)
        processes.end_by_environment("UNDERCUT_OUTPUT", str(tmp_path))
        assert orphans(tmp_path) == []
        parent.wait()


def test_a_notebook_that_runs_too_long_is_stopped(project: Path) -> None:
    replace_cells(project, code("while True: pass"))
    with pytest.raises(BuildError, match="longer than 4 s and was stopped"):
        build_reports(root=project, options=Options(timeout_seconds=4))
    assert orphans(project) == []


def test_the_notebook_of_a_failed_run_shows_how_far_it_came_and_no_secret(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET_TOKEN", "hunter2-is-secret")
    failed = project / "reports" / "site" / "demo" / "failed.ipynb"
    secret = code("import os, time\nprint('came', os.environ['MY_SECRET_TOKEN'])\ntime.sleep(2.5)")
    for last in ("1 / 0", "os.kill(os.getppid(), 9)\ntime.sleep(60)"):
        replace_cells(project, secret, code(last))
        with pytest.raises(BuildError):
            build_reports(root=project)
        cells = json.loads(failed.read_text())["cells"]
        assert "came [masked MY_SECRET_TOKEN]" in json.dumps([cell.get("outputs") for cell in cells])
        assert "hunter2" not in failed.read_text()
    assert "ZeroDivisionError" not in failed.read_text()


def test_a_notebook_that_saves_no_results_is_a_failure(project: Path) -> None:
    cells = demo_cells()[:-1]
    (project / "notebooks" / "demo.ipynb").write_text(json.dumps(notebook(cells)))
    with pytest.raises(BuildError, match=r"results.json does not exist.*report\.save"):
        build_reports(root=project)


def test_results_of_other_parameters_are_a_failure(project: Path) -> None:
    replace_cells(project, code("report._parameters['limit'] = 99"))
    with pytest.raises(BuildError, match=r"parameter limit was 5 but results\.json records it as 99"):
        build_reports(root=project)


def test_a_wrong_parameter_is_refused_before_anything_starts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("undercut.report.run.execution.run_tasks", lambda *_, **__: pytest.fail("it started"))
    with pytest.raises(InputError, match="Did you mean: limit"):
        build_reports(parameters={"limt": "3"}, root=project)
    with pytest.raises(InputError, match="'abc' is not a whole number"):
        build_reports(parameters={"limit": "abc"}, root=project)


def test_text_parameters_arrive_as_they_were_given(tmp_path: Path) -> None:
    cells = [
        code('ticker = "A"\ncountry = "US"', "parameters"),
        code("""
            from undercut.report.findings.results import Results
            given = {"ticker": ticker, "country": country}
            Results("demo", title="<i>T</i>", data_kind="sample", parameters=given).save()
        """),
    ]
    project = write_project(
        tmp_path / "{braces}", cells, parameters='ticker = {type="str"}\ncountry = {type="str"}'
    )
    given = {"ticker": "007", "country": "NO"}
    build_reports(parameters=given, root=project, out_dir=tmp_path / "out")
    [page] = (tmp_path / "out" / "variants" / "demo").iterdir()
    assert json.loads((page / "results.json").read_text())["parameters"] == given
    html = (page / "index.html").read_text()
    assert "undercut build demo -p ticker=007 -p country=NO" in html
    assert "&lt;i&gt;T&lt;/i&gt;" in html


def test_a_second_build_at_once_is_refused(project: Path) -> None:
    replace_cells(project, code("x = 2"))
    with only_builder(project / "reports" / "site"), pytest.raises(BuildError, match="Another build"):
        build_reports(root=project)


@pytest.mark.parametrize("options", ["Options()", "Options(plain=True)"])
def test_a_builder_that_is_killed_takes_its_kernel_along(project: Path, options: str) -> None:
    before = contents(project / "reports" / "site" / "demo")
    marker = project / "running"
    sleeper = "import subprocess, time\nsubprocess.Popen(['sleep', '60'])\n"
    replace_cells(project, code(f"{sleeper}open({str(marker)!r}, 'w').close()\ntime.sleep(60)"))
    script = f"from undercut.report.build import *; build_reports(options={options})"
    builder = subprocess.Popen([sys.executable, "-c", script], cwd=project)
    deadline = time.monotonic() + 60
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    family = psutil.Process(builder.pid).children(recursive=True)
    builder.kill()
    builder.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert len(family) >= 3
    assert alive == []
    assert orphans(project) == []
    assert contents(project / "reports" / "site" / "demo") == before


def test_plain_papermill_works_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNDERCUT_OUTPUT", raising=False)
    papermill = Path(sys.executable).with_name("papermill")
    arguments = ["notebooks/demo.ipynb", "out.ipynb", "-p", "limit", "7", "--no-progress-bar"]
    subprocess.run([str(papermill), *arguments], cwd=project, check=True, capture_output=True)
    by_hand = json.loads((project / "reports" / "local" / "demo" / "results.json").read_text())
    assert by_hand["parameters"] == {"limit": 7}
