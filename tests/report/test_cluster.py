"""On a Dask cluster the results are those of a build here; a lost worker's reports run again elsewhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.report.projects import code, demo_cells, write_project
from undercut.errors import BuildError
from undercut.provenance import sha256_of
from undercut.report.build import Options, Outcome, build_reports, plan_build
from undercut.report.run import cluster

pytestmark = pytest.mark.xdist_group("cluster")
READS = """
    import sys
    sys.path.insert(0, ".")
    import helper
    import matplotlib.pyplot as plt
    import pandas as pd
    from pathlib import Path
    from undercut.report.catalogue.project import project_root

    mine = pd.read_csv(project_root() / "data" / "mine.csv")
    report.finding("sum", "Sum", float(mine["a"].sum()) + helper.ANSWER + limit, "x", note="made up")
    figure, ax = plt.subplots()
    ax.plot(mine["a"])
    report.figure(figure, "line", alt="A line", data=mine)
"""


class Machines:
    """A scheduler and workers of Dask, processes of their own on loopback."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.file = folder, folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--port", "0", "--scheduler-file", str(self.file))
        self._wait(self.file.exists)
        self.address = json.loads(self.file.read_text())["address"]
        self.workers = [self.add() for _ in range(count)]

    def add(self) -> subprocess.Popen[bytes]:
        """A worker that has joined; without a nanny, which would start it again where it is killed."""
        name = f"worker-{time.monotonic_ns()}"
        log = self.folder / f"{name}.log"
        given = ["--scheduler-file", str(self.file), "--no-nanny", "--nthreads", "1", "--name", name]
        worker = self._start("dask_worker", *given, log=log)
        self._wait(lambda: log.exists() and "Registered to" in log.read_text())
        return worker

    def _start(self, module: str, *arguments: str, log: Path | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", "--no-dashboard"]
        with (log or self.folder / "scheduler.log").open("wb") as out:
            return subprocess.Popen([*command, *arguments], stdout=out, stderr=out, cwd=self.folder)

    @staticmethod
    def _wait(condition: Any) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "the cluster did not start"
            time.sleep(0.1)

    def close(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    found = Machines(tmp_path_factory.mktemp("cluster"), 2)
    yield found
    found.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = write_project(tmp_path / "project", demo_cells(code(READS)))
    (project / "data" / "local" / "cache").mkdir(parents=True)
    (project / "data" / "mine.csv").write_text("a\n1\n2\n")
    (project / "data" / "local" / "cache" / "large").write_bytes(bytes(1000))
    (project / "notebooks" / "helper.py").write_text("ANSWER = 42\n")
    for path in project.rglob("*"):
        os.utime(path, (0, 0))
    return project


def substance(site: Path) -> dict[str, Any]:
    """Findings and figures' data of every report in a site; commits may be made while the tests run."""
    found: dict[str, Any] = {}
    for path in sorted(site.rglob("results.json")):
        results = json.loads(path.read_text())
        place = path.parent.relative_to(site).as_posix()
        found[place] = [
            {key: value for key, value in results.items() if key not in ("built_at", "git_commit")}
        ]
        found[place] += [(one.name, one.read_bytes()) for one in sorted(path.parent.glob("figures/*"))]
    return found


def test_results_are_those_of_a_build_here_and_so_is_what_they_were_made_from(
    project: Path, machines: Machines, tmp_path: Path
) -> None:
    grid = {"limit": ["5", "6"]}
    build_reports(root=project, out_dir=tmp_path / "here", grid=grid, options=Options(plain=True))
    there = Options(cluster=machines.address)
    outcomes = build_reports(root=project, out_dir=tmp_path / "there", grid=grid, options=there)
    assert [outcome.status for outcome in outcomes] == ["built", "built"]
    assert substance(tmp_path / "there") == substance(tmp_path / "here")
    records = [
        json.loads((tmp_path / place / "demo" / "build.json").read_text()) for place in ("here", "there")
    ]
    assert records[0]["inputs"] == records[1]["inputs"]
    assert "data/mine.csv" in records[1]["inputs"]["files"]
    assert plan_build(["demo"], root=project, out_dir=tmp_path / "there").tasks[0][1] == []


def test_a_lost_workers_report_runs_again_elsewhere(
    project: Path, machines: Machines, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    # The first run says which worker it is below and waits to be killed with it; the second goes through.
    kill = f"""
        import os, psutil, time
        from pathlib import Path
        marks = Path({str(marks)!r})
        first = not list(marks.iterdir())
        (marks / str(os.getpid())).touch()
        if first:
            [worker] = [one for one in psutil.Process().parents() if "dask_worker" in " ".join(one.cmdline())]
            worker.kill()
            time.sleep(600)
    """
    write_project(project, demo_cells(code(kill)))
    seen: list[Outcome] = []
    options = Options(cluster=machines.address)
    build_reports(root=project, options=options, watch=seen.append)
    assert [one.status for one in seen] == ["started", "built"]
    kernels = [int(mark.name) for mark in marks.iterdir()]
    assert len(kernels) == 2
    deadline = time.monotonic() + 20
    while any(psutil.pid_exists(pid) for pid in kernels) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(psutil.pid_exists(pid) for pid in kernels)
    lost = [worker for worker in machines.workers if worker.poll() is not None]
    assert [worker.returncode for worker in lost] == [-signal.SIGKILL]
    machines.workers = [worker for worker in machines.workers if worker not in lost] + [machines.add()]


def test_a_failure_there_is_told_as_one_here(project: Path, machines: Machines) -> None:
    reads = f"open({str(project / 'data' / 'local' / 'cache' / 'large')!r} + '.csv')"
    write_project(project, demo_cells(code(reads)))
    with pytest.raises(BuildError, match=r"cell 4 of demo.ipynb[\s\S]*Workers are sent the project's data/"):
        build_reports(root=project, options=Options(cluster=machines.address))
    write_project(project, demo_cells(code("import time\ntime.sleep(60)")))
    limit = Options(cluster=machines.address, timeout_seconds=3)
    with pytest.raises(BuildError, match="longer than 3 s and was stopped"):
        build_reports(root=project, options=limit)


def test_a_scheduler_that_does_not_answer_or_has_no_worker_is_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 1.0)
    (tmp_path / "empty").mkdir()
    empty = Machines(tmp_path / "empty", 0)
    try:
        with pytest.raises(BuildError, match="has had no worker for 1 s"):
            build_reports(root=project, options=Options(cluster=empty.address))
    finally:
        empty.close()
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1.0)
    with pytest.raises(BuildError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        build_reports(root=project, options=Options(cluster="tcp://127.0.0.1:9"))


@pytest.mark.slow
def test_a_cluster_is_started_here_and_ended(project: Path) -> None:
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    build_reports(root=project, grid={"limit": ["1", "2", "3"]}, options=Options(cluster="local", jobs=2))
    assert len(list((project / "reports" / "site" / "variants" / "demo").iterdir())) == 3
    left = [one for one in psutil.Process().children(recursive=True) if one.pid not in before]
    assert [one.cmdline() for one in left if "resource_tracker" not in str(one.cmdline())] == []


@pytest.mark.slow
def test_an_interrupted_build_ends_its_reports_on_the_workers(project: Path, machines: Machines) -> None:
    marker = project / "running"
    source = f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    write_project(project, demo_cells(code(source)))
    command = [sys.executable, "-c", "from undercut.cli import main; main()", "build"]
    builder = subprocess.Popen([*command, "--cluster", machines.address], cwd=project)
    deadline = time.monotonic() + 60
    while not (marker.exists() and marker.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    builder.send_signal(signal.SIGINT)
    assert builder.wait(30) != 0
    kernel = int(marker.read_text())
    while psutil.pid_exists(kernel) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(kernel)


def test_a_worker_with_other_code_or_versions_is_refused() -> None:
    run = cluster.Run(None, 0, 1.0, 1.0, {"roots": ["pandas"], "modules": ["/there/errors.py"]})
    same = {"errors.py": sha256_of((cluster.PACKAGE / "errors.py").read_bytes())}
    versions = {"pandas": metadata.version("pandas")}
    python = sys.version.split()[0]
    returned = cluster.Returned(run, {}, "/h", "/h", "/there", same, versions, python, "w")
    assert cluster.unlike(returned) == ""
    assert "another undercut than this machine: errors.py" in cluster.unlike(
        replace(returned, code={"errors.py": "x"})
    )
    assert "other versions: pandas 0.1 there" in cluster.unlike(replace(returned, packages={"pandas": "0.1"}))
    assert "Python 3.1 there" in cluster.unlike(replace(returned, python="3.1"))


def test_what_is_sent_has_no_caches_and_a_limit(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = set(cluster._files_to_send(project))
    assert {"project/data/mine.csv", "project/notebooks/helper.py", "project/reports.toml"} <= names
    assert not [name for name in names if "cache" in name or name.endswith(".ipynb")]
    before = cluster.packed(project)
    assert cluster.packed(project) is before
    (project / "data" / "mine.csv").write_text("a\n3\n")
    assert cluster.packed(project) != before
    monkeypatch.setattr(cluster, "LARGEST_MB", 0.0001)
    with pytest.raises(BuildError, match=r"MB here, more than 0\.0001 MB"):
        cluster.packed(project)
