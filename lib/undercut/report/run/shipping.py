"""What does a report need on another machine, and what comes back? Packs the data, runs the task there."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from undercut import paths
from undercut.errors import BuildError, StoreError
from undercut.report.catalogue.project import CATALOGUE_FILE
from undercut.report.catalogue.staleness import PYTHON, versions
from undercut.report.findings.contract import digest_of, write_atomically
from undercut.report.run.execution import environment, run_tasks
from undercut.report.run.masking import Mask
from undercut.report.run.places import workplace
from undercut.report.run.processes import end_tree
from undercut.report.run.task import Run, Task
from undercut.report.run.workers import Workers

PACKAGE = Path(__file__).resolve().parents[2]
#: A larger project than this is not sent over a network without being asked about.
LARGEST_MB = 500
#: What every task is sent.
GOODS = "the project's data/ without data/local/cache, and what lies beside its notebooks"
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
    listed = tuple((name, path, *_stamp(path)) for name, path in sorted(files.items()))
    size = sum(size for *_, size in listed) / 1024**2
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


def _stamp(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_mtime_ns, about.st_size


@lru_cache(maxsize=1)
def _pack(listed: tuple[tuple[str, Path, int, int], ...]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path, *_ in listed:
            entry = zipfile.ZipInfo(name, date_time=_DAY_OF_ALL_FILES)
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()
