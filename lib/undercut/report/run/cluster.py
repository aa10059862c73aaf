"""How do reports run on many machines? Each goes to a Dask worker with what it needs; its page comes back.

A worker needs this package, as it is here, and nothing else: the notebook's text, the catalogue's entry, the
results of other reports and the project's data travel with the task. The worker runs the notebook in a fresh
process under the report's limits, as a build here does, so the results are those of a build here.
"""

from __future__ import annotations

import os
import socket
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from undercut.errors import BuildError
from undercut.extras import require
from undercut.report.findings.contract import digest_of, write_atomically
from undercut.report.run.execution import ready
from undercut.report.run.shipping import GOODS, PACKAGE, Returned, packed, run_shipped, tables_of, unlike
from undercut.report.run.task import Failure, Run, Task

_WAIT_SECONDS = 0.2
#: How long a build waits for a worker to appear, first or again.
PATIENCE_SECONDS = 60.0
#: How long a scheduler may take to answer.
CONNECT_SECONDS = 15.0


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
