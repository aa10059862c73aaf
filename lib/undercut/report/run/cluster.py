"""How do reports run on many machines? Each goes to a Dask worker with what it needs; its page comes back.

A worker needs this package, as it is here, and nothing else: the notebook's text, the catalogue's entry, the
results of other reports and the project's data travel with the task. The worker runs the notebook in a fresh
process under the report's limits, as a build here does, so the results are those of a build here.
"""

from __future__ import annotations

import io
import os
import socket
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from undercut import paths
from undercut.errors import BuildError, StoreError
from undercut.extras import require
from undercut.report.catalogue.project import CATALOGUE_FILE
from undercut.report.catalogue.staleness import PYTHON, versions
from undercut.report.findings.contract import digest_of, write_atomically
from undercut.report.run.execution import environment, ready, run_tasks
from undercut.report.run.forge import Workers
from undercut.report.run.masking import Mask
from undercut.report.run.processes import end_tree, workplace
from undercut.report.run.task import Failure, Run, Task

PACKAGE = Path(__file__).resolve().parents[2]
#: A larger project than this is not sent over a network without being asked about.
LARGEST_MB = 500
#: What every task is sent.
GOODS = "the project's data/ without data/local/cache, and what lies beside its notebooks"
_WAIT_SECONDS = 0.2
#: How long a build waits for a worker to appear, first or again.
PATIENCE_SECONDS = 60.0
#: How long a scheduler may take to answer.
CONNECT_SECONDS = 15.0
_LOOK_SECONDS = 1.0
_PROJECT, _TABLES = "project", "tables"
_DAY_OF_ALL_FILES = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Returned:
    """What a worker sends back.

    Attributes
    ----------
    run : Run
        Its paths are those of the worker.
    files : dict of str to bytes
        The page and the executed notebook, by their path in the task's staging folder.
    home, tables, package : str
        Where the project, the tables that ship with the package and the package itself were on the worker.
    code : dict of str to str
        Digests of the modules of this package that the report used.
    packages : dict of str to str
        Versions of the libraries that the notebook loaded.
    python, worker : str
    """

    run: Run
    files: dict[str, bytes]
    home: str
    tables: str
    package: str
    code: dict[str, str]
    packages: dict[str, str]
    python: str
    worker: str


def packed(project: Path) -> bytes:
    """An archive of the project's goods as they are now; packed again only where a file changed.

    Raises
    ------
    BuildError
        Where they are too large to be sent.
    """
    files = _files_to_send(project)
    stats = {name: path.stat() for name, path in sorted(files.items())}
    listed = tuple((name, files[name], one.st_mtime_ns, one.st_size) for name, one in stats.items())
    size = sum(one.st_size for one in stats.values()) / 1024**2
    if size > LARGEST_MB:
        text = f"A cluster's workers are sent {GOODS}: {size:.0f} MB here, more than {LARGEST_MB} MB."
        raise BuildError(f"{text} Move what no report reads to data/local/cache.")
    return _pack(listed)


def run_shipped(task: Task, notebook: bytes, others: str, archive: bytes) -> Returned:
    """Run a task on the machine where this is called, in a copy of the project that is deleted afterwards."""
    with workplace() as root:
        with zipfile.ZipFile(io.BytesIO(archive)) as content:
            content.extractall(root)
        home, tables = root / _PROJECT, root / _TABLES
        tables = tables if tables.is_dir() else home
        place = home / task.notebook_path
        write_atomically(place, notebook)
        task = replace(task, report=replace(task.report, notebook=place), staging=root / "0")
        if others:
            write_atomically(task.others, others)
        run = _run(task, {"UNDERCUT_HOME": str(tables)})
        return Returned(
            run, _files(task, run), str(home), str(tables), str(PACKAGE), code=_code(run.trace, str(PACKAGE)),
            packages=versions(run.trace.get("roots", [])), python=PYTHON, worker=_worker(),
        )  # fmt: skip


def unlike(returned: Returned) -> str:
    """How the worker's code differs from what is here, in words; empty where it does not."""
    ours = _code(returned.run.trace, returned.package)
    if other := sorted(name for name, digest in returned.code.items() if ours.get(name) != digest):
        return f"{returned.worker} has another undercut than this machine: {', '.join(other)}. Update it."
    ours = versions(returned.run.trace.get("roots", []))
    here, there = {"Python": PYTHON} | ours, {"Python": returned.python} | returned.packages
    found = [
        f"{name} {there.get(name, 'missing')} there, {here.get(name, 'missing')} here"
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    ]
    return f"{returned.worker} has other versions: {'; '.join(found)}" if found else ""


def _code(trace: Mapping[str, list[str]], package: str) -> dict[str, str]:
    """Digests of the modules of this package that a report used, by their place in it."""
    loaded = trace.get("modules", [])
    inside = [name.removeprefix(package) for name in loaded if name.startswith(f"{package}/")]
    files = {name[1:]: PACKAGE / name[1:] for name in inside}
    return {name: digest_of(file.read_bytes()) for name, file in files.items() if file.is_file()}


def _run(task: Task, variables: dict[str, str]) -> Run:
    """The end of the only task; stopped where the cluster no longer wants it."""
    workers = Workers(environment(task.staging) | variables, task.staging / "forge.log")
    over = threading.Event()
    threading.Thread(target=_stop_when_unwanted, args=(workers, over, *_own_state()), daemon=True).start()
    try:
        ends = [run for _, run in run_tasks([task], workers, jobs=1) if run is not None]
    finally:
        over.set()
    return ends[0]


def _own_state() -> tuple[object | None, str]:
    """The Dask worker and the key of the task that runs in this thread; None outside of a cluster."""
    from distributed import get_worker

    try:
        worker = get_worker()
    except ValueError:
        return None, ""
    return worker, str(worker.get_current_task())


def _stop_when_unwanted(workers: Workers, over: threading.Event, worker: object, key: str) -> None:
    """End the notebook when its builder has gone or cancelled it: Dask itself never interrupts a task."""
    while worker is not None and not over.wait(_LOOK_SECONDS):
        known = worker.state.tasks.get(key)  # type: ignore[attr-defined]
        if known is None or known.state in ("cancelled", "released", "forgotten"):
            for pid in list(workers.pids.values()):
                end_tree(pid)


def _worker() -> str:
    worker, _ = _own_state()
    return f"the worker {getattr(worker, 'address', os.uname().nodename)}"


def _files(task: Task, run: Run) -> dict[str, bytes]:
    """The finished page, and the notebook as far as it ran."""
    found = [] if run.failure else [path for path in task.page.rglob("*") if path.is_file()]
    files = {path.relative_to(task.staging).as_posix(): path.read_bytes() for path in found}
    if task.executed.is_file():  # the page was masked by the process that made it
        text = Mask(os.environ).text(task.executed.read_text(encoding="utf-8"))
        files[task.executed.name] = text.encode()
    return files


def tables_of(project: Path) -> Path:
    """The folder around ``data/`` with the tables that ship with this package; mostly the project itself."""
    try:
        return paths.project_root()
    except StoreError:
        return project


def _files_to_send(project: Path) -> dict[str, Path]:
    """Files that go along, by their name in the archive."""
    files = {f"{_PROJECT}/{CATALOGUE_FILE}": project / CATALOGUE_FILE}
    files |= {f"{_PROJECT}/{name}": project / name for name in _names(project, ("data", "notebooks"))}
    tables = tables_of(project)
    if tables != project.resolve():
        files |= {f"{_TABLES}/{name}": tables / name for name in _names(tables, ("data",))}
    return files


def _names(project: Path, tops: tuple[str, ...]) -> Iterator[str]:
    """Files in folders of the project, relative to it, without caches, hidden files and notebooks."""
    for top in tops:
        for folder, inside, names in os.walk(project / top):
            place = Path(folder).relative_to(project)
            inside[:] = [name for name in inside if name[0] != "." and name != "__pycache__"]
            if place == Path("data/local"):
                inside[:] = [name for name in inside if name != "cache"]
            for name in names:
                if name[0] != "." and not (top == "notebooks" and name.endswith(".ipynb")):
                    yield (place / name).as_posix()


@lru_cache(maxsize=1)
def _pack(listed: tuple[tuple[str, Path, int, int], ...]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path, *_ in listed:
            entry = zipfile.ZipInfo(name, date_time=_DAY_OF_ALL_FILES)
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


@dataclass(slots=True)
class _Cluster:
    """The tasks under way on a cluster, by the key of their future."""

    client: Any
    project: Path
    running: dict[str, tuple[Task, Any, float]]
    last_seen: float

    def threads(self) -> int:
        """How many notebooks the workers that are there can run at once."""
        count = sum(self.client.nthreads().values())
        if count:
            self.last_seen = time.monotonic()
        elif time.monotonic() - self.last_seen > PATIENCE_SECONDS:
            address = self.client.scheduler.address
            raise BuildError(f"The scheduler at {address} has had no worker for {PATIENCE_SECONDS:g} s.")
        return count

    def start(self, task: Task) -> None:
        """Send the task with its goods."""
        archive = packed(self.project)
        # The data are the result of a task, so that the scheduler can make them again where a worker is lost.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sending large graph")
            data = self.client.submit(bytes, archive, key=f"undercut-data-{digest_of(archive)}")
        others = task.others.read_text(encoding="utf-8") if task.report.after else ""
        notebook = task.report.notebook.read_bytes()
        future = self.client.submit(run_shipped, task, notebook, others, data, pure=False)
        self.running[future.key] = task, future, time.monotonic()

    def ended(self) -> Iterator[tuple[Task, Run]]:
        """Tasks that have ended since the last call, their pages in place."""
        for key, (task, future, started) in list(self.running.items()):
            if future.status in ("finished", "error", "cancelled"):
                del self.running[key]
                seconds = round(time.monotonic() - started, 2)
                yield task, _run_of(task, future, self.project, seconds)
                future.release()


def run_on_cluster(
    tasks: Sequence[Task],
    project: Path,
    *,
    address: str,
    jobs: int,
    pulse: Callable[[Iterable[Task]], None] = lambda _: None,
) -> Generator[tuple[Task, Run | None]]:
    """Run the tasks on the Dask cluster at ``address``; yields as `run_tasks` does.

    Parameters
    ----------
    tasks : sequence of Task
    project : Path
        Its ``data`` (without caches) and what lies beside its notebooks go along.
    address : str
        Of the scheduler (``tcp://host:8786``), or ``local`` to start one here with its workers.
    jobs : int
        Reports at once; 0 for as many as the workers have threads. Started here, as many workers.

    Raises
    ------
    BuildError
        Where the scheduler cannot be reached, or has no workers for a minute.
    """
    waiting = list(tasks)
    with _client(address, jobs) as client:
        cluster = _Cluster(client, project, {}, time.monotonic())
        try:
            while waiting or cluster.running:
                room = min(jobs or 10**6, cluster.threads()) - len(cluster.running)
                busy = [task for task, _, _ in cluster.running.values()]
                while room > 0 and (task := ready(waiting, busy)):
                    waiting.remove(task)
                    busy.append(task)
                    room -= 1
                    yield task, None
                    cluster.start(task)
                yield from cluster.ended()
                pulse([task for task, _, _ in cluster.running.values()])
                time.sleep(_WAIT_SECONDS if cluster.running else 0)
        finally:
            client.cancel([future for _, future, _ in cluster.running.values()])


@contextmanager
def _client(address: str, jobs: int) -> Iterator[Any]:
    """A client of the cluster; ends the cluster where it was started here."""
    distributed = require("distributed", extra="cluster")
    connect: Any = distributed.Client
    if address != "local":
        try:
            host = address.rpartition("://")[2].rpartition(":")[0].strip("[]")
            if not address.startswith("inproc:"):
                socket.getaddrinfo(host, None)  # a name that nobody knows is looked up again and again else
            client = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            text = f"No Dask scheduler answers at {address}: {error}. Start one with: dask scheduler."
            raise BuildError(text) from None
        with client:
            yield client
        return
    workers = jobs or os.cpu_count() or 1
    start: Any = distributed.LocalCluster
    local = start(
        n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", memory_limit=0,
        dashboard_address="127.0.0.1:0",
    )  # fmt: skip
    with local, connect(local, set_as_default=False) as client:
        yield client


def _run_of(task: Task, future: Any, project: Path, seconds: float) -> Run:
    """How the run on the worker ended; its page is put where a run here would have left it."""
    if future.status != "finished":
        return Run(Failure(_lost(future)), 70, seconds, 0.0)
    returned: Returned = future.result()
    if different := unlike(returned):
        return Run(Failure(different), 70, seconds, 0.0)
    for name, content in returned.files.items():
        place = (task.staging / name).resolve()
        if not place.is_relative_to(task.staging.resolve()):
            outside = f"the worker sent a file outside of the report's folder: {name}"
            return Run(Failure(outside), 70, seconds, 0.0)
        write_atomically(place, content)
    run = returned.run
    trace = {kind: [_here(name, returned, project) for name in names] for kind, names in run.trace.items()}
    if run.failure is None:
        return replace(run, trace=trace)
    reason = run.failure.reason.replace(returned.home, str(project))
    if "No such file" in reason or "FileNotFoundError" in reason:
        reason += f"\n(Workers are sent {GOODS}; any other file must be on {returned.worker} itself.)"
    return replace(run, trace=trace, failure=replace(run.failure, reason=reason))


def _lost(future: Any) -> str:
    """Why a task has no result: what the worker, or the scheduler on its behalf, says."""
    if future.status == "cancelled":
        return "the cluster cancelled it"
    error = future.exception()
    kind = type(error).__name__
    if kind == "KilledWorker":
        return f"every worker that ran it was lost: {error}"
    if isinstance(error, ModuleNotFoundError):
        return f"the worker lacks what it needs: {error}. Install there what is installed here."
    return f"the worker could not run it: {kind}: {error}"


def _here(name: str, returned: Returned, project: Path) -> str:
    """The place here of a file that the worker read there."""
    places = {returned.home: project, returned.tables: tables_of(project), returned.package: PACKAGE}
    for there, here in places.items():
        if name == there or name.startswith(there + "/"):
            return str(here) + name.removeprefix(there)
    return name
