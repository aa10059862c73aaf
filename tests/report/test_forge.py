"""Forked kernels give what plain papermill gives, are isolated, and are not used where forking is unsafe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.report.projects import code, demo_cells, prose, write_project
from undercut.report.build import Options, build_reports
from undercut.report.page.notebook import published_notebook
from undercut.report.run import forge
from undercut.report.run.execution import THREAD_VARIABLES

pytestmark = pytest.mark.xdist_group("forge")
LIBRARIES = """
    import os, sys, warnings
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd
    import seaborn as sns
    import statsmodels.formula.api as smf
    from undercut import plots
"""
WORK = """
    frame = pd.DataFrame({"x": np.arange(40) % 7, "group": list("ab") * 20})
    frame["y"] = np.sqrt(frame["x"]) + np.sin(np.arange(40))
    print(frame.groupby("group")["y"].mean())
    print("to standard error", file=sys.stderr)
    warnings.warn("look here", UserWarning)
    np.linalg.inv(np.random.default_rng(1).normal(size=(150, 150))).sum()
"""
FIT = 'smf.ols("y ~ x + group", frame).fit(cov_type="HC1").summary()'
INLINE = 'sns.lineplot(frame, x="x", y="y", hue="group", errorbar=None)\nplt.gca().set_title("inline")'
STATE = """
    [pd.get_option("display.max_rows"), plt.rcParams["backend"], sorted(plt.rcParams["figure.figsize"]),
     sys.argv[0], len(sys.argv), sys.path, os.getcwd() == sys.path[0], __name__,
     "undercut.report.build" in sys.modules]
"""


def outputs(notebook: dict[str, Any]) -> list[Any]:
    """Everything that a reader sees of a notebook's code cells."""
    cells = nbformat.reads(json.dumps(published_notebook(notebook)), 4).cells
    return [(cell["source"], cell["execution_count"], cell["outputs"]) for cell in cells if "outputs" in cell]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = [code(LIBRARIES), code(WORK), code(FIT), prose("## A figure"), code(INLINE), code(STATE)]
    return write_project(tmp_path_factory.mktemp("project"), demo_cells(*cells))


@pytest.fixture(scope="module")
def of_papermill(project: Path) -> list[Any]:
    """Outputs of plain papermill on the same notebook with the same values."""
    environment = os.environ | {"UNDERCUT_OUTPUT": str(project / "papermill"), "PYTHONHASHSEED": "0"}
    environment.pop("MPLBACKEND", None)
    # The last digit of linear algebra depends on the number of threads.
    environment |= dict.fromkeys(THREAD_VARIABLES, "1")
    papermill = Path(sys.executable).with_name("papermill")
    command = [str(papermill), "demo.ipynb", "../plain.ipynb", "-p", "limit", "5", "--no-progress-bar"]
    subprocess.run(command, cwd=project / "notebooks", check=True, capture_output=True, env=environment)
    return outputs(json.loads((project / "plain.ipynb").read_text()))


@pytest.mark.parametrize("plain", [False, True], ids=["forked", "fresh"])
def test_results_are_those_of_plain_papermill(
    project: Path, of_papermill: list[Any], plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)
    build_reports(root=project, options=Options(plain=plain, force=True))
    built = json.loads((project / "reports" / "site" / "demo" / "notebook.ipynb").read_text())
    ours = outputs(built)
    assert [len(cell[2]) for cell in ours] == [len(cell[2]) for cell in of_papermill]
    assert ours == of_papermill


def test_kernels_share_nothing_and_draw_their_own_random_numbers(tmp_path: Path) -> None:
    draw = """
        import random, pickle, numpy as np, pandas as pd
        seen = pd.get_option("display.max_rows")
        pd.set_option("display.max_rows", 7)
        np.leaked = getattr(np, "leaked", 0) + 1
        open(f"../drawn-{limit}", "w").write(f"{seen} {np.leaked} {random.random()} {np.random.random()}")
    """
    project = write_project(tmp_path, demo_cells(code(draw)))
    build_reports(root=project, grid={"limit": ["5", "6", "7"]}, options=Options(jobs=1))
    drawn = [(project / f"drawn-{limit}").read_text().split() for limit in (5, 6, 7)]
    assert {(seen, leaked) for seen, leaked, *_ in drawn} == {("60", "1")}
    assert len({number for _, _, *numbers in drawn for number in numbers}) == 6


@pytest.mark.parametrize("plain", [False, True], ids=["forked", "fresh"])
@pytest.mark.parametrize("given", [None, "3"], ids=["by default", "as the user says"])
def test_linear_algebra_takes_one_core_a_notebook_unless_the_user_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, plain: bool
) -> None:
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        if given:
            monkeypatch.setenv(name, given)
    note = """
        import os, numpy as np
        open("../threads", "w").write(os.environ["OPENBLAS_NUM_THREADS"])
    """
    project = write_project(tmp_path, demo_cells(code(note)))
    build_reports(root=project, options=Options(plain=plain))
    assert (project / "threads").read_text() == (given or "1")


def test_two_reports_run_at_the_same_time(tmp_path: Path) -> None:
    meet = """
        import time
        from pathlib import Path
        Path(f"../here-{limit}").touch()
        deadline = time.monotonic() + 60
        while not all(Path(f"../here-{other}").exists() for other in (5, 6)):
            assert time.monotonic() < deadline, "the other never came"
            time.sleep(0.05)
    """
    project = write_project(tmp_path, demo_cells(code(meet)))
    outcomes = build_reports(root=project, grid={"limit": ["5", "6"]}, options=Options(jobs=2))
    assert [outcome.status for outcome in outcomes] == ["built", "built"]


def test_what_a_notebook_leaves_running_is_ended(tmp_path: Path) -> None:
    import psutil

    leave = """
        import subprocess
        left = subprocess.Popen(["sleep", "300"], start_new_session=True)
        open("../left", "w").write(str(left.pid))
    """
    for options in (Options(), Options(plain=True)):
        project = write_project(tmp_path / str(options.plain), demo_cells(code(leave)))
        build_reports(root=project, options=options)
        pid = int((project / "left").read_text())
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_library_that_starts_threads_means_fresh_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", forge)
    assert forge.unsafe_to_fork().endswith("polars may start threads of its own")


def test_threads_that_run_already_mean_fresh_processes() -> None:
    script = (
        "import threading, time; from undercut.report.run.forge import unsafe_to_fork;"
        "before = unsafe_to_fork();"
        "threading.Thread(target=time.sleep, args=(30,), daemon=True).start();"
        "print(repr(before), unsafe_to_fork())"
    )
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "'' the libraries started 1 threads"


def test_elsewhere_than_on_linux_nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "only known to be safe on Linux" in forge.unsafe_to_fork()


def test_where_forking_is_refused_the_report_is_built_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "seaborn.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"), prepend=os.pathsep)
    project = write_project(tmp_path, demo_cells(code("import seaborn")))
    with pytest.warns(UserWarning, match="not forked here: the libraries started 1 threads"):
        [outcome] = build_reports(root=project)
    assert outcome.status == "built"


def test_libraries_are_loaded_ahead_where_a_notebook_names_them_or_opens_the_door(tmp_path: Path) -> None:
    def loaded(source: str) -> set[str]:
        project = write_project(tmp_path, [code(source)])
        modules = forge.modules_for([project / "notebooks" / "demo.ipynb"])
        assert modules[: len(forge.MACHINERY)] == list(forge.MACHINERY)
        return {name.partition(".")[0] for name in modules[len(forge.MACHINERY) :]}

    assert loaded("import json") == set()
    assert loaded("from undercut.report.findings.results import Results\nimport scipy.stats") == {
        "pandas",
        "scipy",
    }
    own = loaded("x = 1\nimport undercut as uc")
    assert {"pandas", "matplotlib", "scipy", "pandera"} <= own and not own & {"seaborn", "statsmodels"}
    assert loaded("import undercut as uc\nimport seaborn as sns") == own | {"seaborn"}
