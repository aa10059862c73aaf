"""A build publishes a whole, checked report, or it changes nothing and says in which cell it failed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.report.projects import code, demo_cells, notebook, prose, write_project
from undercut.errors import BuildError, InputError
from undercut.report.build import build_reports
from undercut.report.publish import only_builder

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


def orphans() -> list[str]:
    """Kernels of tests that still live."""
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if "ipykernel_launcher" in line and "demo" in line]


def test_a_report_is_published_whole(built: Path) -> None:
    page = built / "reports" / "site" / "demo"
    assert set(contents(page)) == {
        "index.html", "results.json", "notebook.ipynb", "build.json", "figures/fall.csv", "figures/fall.svg",
    }  # fmt: skip
    record = json.loads((page / "build.json").read_text())
    assert record["status"] == "built"
    assert record["exit_status"] == 0
    assert record["parameters"] == {"limit": 5}
    assert 50 < record["peak_memory_mb"] < 2000
    assert record["packages"]["papermill"]
    assert "demo/index.html" in (built / "reports" / "site" / "index.html").read_text()
    assert not (built / "reports" / "site" / ".staging").exists()


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
    build_reports(root=project)
    after = contents(page)
    before.pop("build.json")
    after.pop("build.json")
    assert before == after


def test_a_failing_cell_leaves_the_previous_report_and_is_named(project: Path) -> None:
    site = project / "reports" / "site"
    before = contents(site)
    replace_cells(project, prose("## Prose counts as a cell"), code("x = 1\nraise KeyError('no such host')"))
    with pytest.raises(BuildError) as failure:
        build_reports(root=project)
    message = str(failure.value)
    assert "cell 5 of demo.ipynb" in message
    assert "raise KeyError('no such host')" in message
    assert "KeyError: 'no such host'" in message
    assert "previous version stays" in message
    after = contents(site)
    assert {key: before[key] for key in before if key.startswith("demo/")} == {
        key: after[key] for key in after if key.startswith("demo/")
    }


def test_a_kernel_that_is_killed_is_a_failure(project: Path) -> None:
    before = contents(project / "reports" / "site" / "demo")
    replace_cells(project, code("import os\nos.kill(os.getpid(), 9)"))
    with pytest.raises(BuildError, match=r"cell 4 of demo.ipynb[\s\S]*Kernel died"):
        build_reports(root=project)
    assert contents(project / "reports" / "site" / "demo") == before


def test_a_worker_that_is_killed_is_a_failure_and_leaves_no_kernel(project: Path) -> None:
    replace_cells(project, code("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)"))
    with pytest.raises(BuildError, match="killed by SIGKILL"):
        build_reports(root=project)
    assert orphans() == []


def test_a_notebook_that_runs_too_long_is_stopped(project: Path) -> None:
    replace_cells(project, code("while True: pass"))
    with pytest.raises(BuildError, match="longer than 4 s and was stopped"):
        build_reports(root=project, timeout_seconds=4)
    assert orphans() == []


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
    monkeypatch.setattr("undercut.report.build.run_notebook", lambda *_, **__: pytest.fail("it started"))
    with pytest.raises(InputError, match="Did you mean: limit"):
        build_reports(parameters={"limt": "3"}, root=project)
    with pytest.raises(InputError, match="'abc' is not a whole number"):
        build_reports(parameters={"limit": "abc"}, root=project)


def test_text_parameters_arrive_as_they_were_given(tmp_path: Path) -> None:
    cells = [
        code('ticker = "A"\ncountry = "US"', "parameters"),
        code("""
            from undercut.report.results import Results
            given = {"ticker": ticker, "country": country}
            Results("demo", title="<i>T</i>", data_kind="sample", parameters=given).save()
        """),
    ]
    project = write_project(
        tmp_path / "{braces}", cells, parameters='ticker = {type="str"}\ncountry = {type="str"}'
    )
    given = {"ticker": "007", "country": "NO"}
    build_reports(parameters=given, root=project, out_dir=tmp_path / "out")
    page = tmp_path / "out" / "demo"
    assert json.loads((page / "results.json").read_text())["parameters"] == given
    html = (page / "index.html").read_text()
    assert "undercut build demo -p ticker=007 -p country=NO" in html
    assert "&lt;i&gt;T&lt;/i&gt;" in html


def test_a_second_build_at_once_is_refused(project: Path) -> None:
    with only_builder(project / "reports" / "site"), pytest.raises(BuildError, match="Another build"):
        build_reports(root=project)


def test_a_builder_that_is_killed_takes_its_kernel_along(project: Path) -> None:
    before = contents(project / "reports" / "site" / "demo")
    marker = project / "running"
    replace_cells(project, code(f"import time\nopen({str(marker)!r}, 'w').close()\ntime.sleep(60)"))
    script = "from undercut.report.build import build_reports; build_reports()"
    builder = subprocess.Popen([sys.executable, "-c", script], cwd=project)
    deadline = time.monotonic() + 30
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    family = psutil.Process(builder.pid).children(recursive=True)
    builder.kill()
    builder.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert len(family) >= 2
    assert alive == []
    assert contents(project / "reports" / "site" / "demo") == before


def test_plain_papermill_works_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNDERCUT_OUTPUT", raising=False)
    papermill = Path(sys.executable).with_name("papermill")
    arguments = ["notebooks/demo.ipynb", "out.ipynb", "-p", "limit", "7", "--no-progress-bar"]
    subprocess.run([str(papermill), *arguments], cwd=project, check=True, capture_output=True)
    by_hand = json.loads((project / "reports" / "local" / "demo" / "results.json").read_text())
    assert by_hand["parameters"] == {"limit": 7}
