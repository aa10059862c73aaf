"""Did the notebooks run? Keeps workers busy, holds each to its limits, keeps the truth about its end."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Final

from undercut.report.catalogue.entries import Report
from undercut.report.catalogue.project import COMMIT_VARIABLE, OTHERS_VARIABLE, OUTPUT_VARIABLE
from undercut.report.findings.contract import write_atomically
from undercut.report.run.forge import End, Workers
from undercut.report.run.kernel import TRACE_VARIABLE
from undercut.report.run.processes import end_by_environment, end_tree, memory_mb, remove
from undercut.report.run.task import Failure, Run, Task, told
from undercut.strict_json import dumps

KERNEL_NAME = "python3"
_WATCH_SECONDS = 0.1
_EXCERPT_LINES = 12
_LEAST_FREE_BYTES = 1_000_000


#: How many threads libraries of linear algebra start.
THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(slots=True)
class _Running:
    task: Task
    started: float
    stopped: str = ""


def environment(place: Path) -> dict[str, str]:
    """The environment of all workers: a kernel that is this very interpreter, and inline figures."""
    kernel = {
        "argv": [sys.executable, "-m", "undercut.report.run.kernel", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    jupyter = place / "jupyter"
    write_atomically(jupyter / "kernels" / KERNEL_NAME / "kernel.json", dumps(kernel))
    inherited = os.environ.get("JUPYTER_PATH")
    path = os.pathsep.join([str(jupyter), *([inherited] if inherited else [])])
    fixed = {"JUPYTER_PATH": path, "PYTHONHASHSEED": "0"}
    # Notebooks run side by side, one a core: libraries that each take all cores get in each other's way (a
    # report took 196 s beside another instead of 46 s). What the user has set stays.
    threads = {name: os.environ.get(name, "1") for name in THREAD_VARIABLES}
    # Without the inline backend named here, figures of notebooks that do not name one go missing.
    return os.environ | threads | fixed | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}


def run_tasks(
    tasks: Sequence[Task],
    workers: Workers,
    *,
    jobs: int,
    pulse: Callable[[Iterable[Task]], None] = lambda _: None,
) -> Generator[tuple[Task, Run | None]]:
    """Run the tasks, ``jobs`` at a time; yields (task, None) before one starts and (task, run) when it ended.

    A report that is made from others starts when what was yielded of those has been dealt with. Tasks that
    were lost because one of them killed the process that starts workers run once more, each by itself.
    ``pulse`` is called with the running ones while they run. Closing the iterator ends the workers.
    """
    waiting = list(tasks)
    running: dict[str, _Running] = {}
    alone: set[str] = set()
    try:
        while waiting or running:
            while len(running) < jobs and (task := _next(waiting, running.values(), alone)):
                waiting.remove(task)
                yield task, None
                _describe(task)
                workers.start(task.job, variables_of(task))
                running[str(task.job)] = _Running(task, time.monotonic())
            ends = workers.ended(_WATCH_SECONDS)
            several_lost = sum(end.is_lost for end in ends) > 1  # which of them is to blame shows alone
            for end in ends:
                one = running.pop(end.job)
                if end.is_lost and several_lost:
                    end_by_environment(OUTPUT_VARIABLE, str(one.task.page))
                    alone.add(one.task.folder)
                    waiting.append(one.task)
                else:
                    yield one.task, _run_of(one, end)
            for job, one in running.items():
                _hold_to_limits(one, workers.pids.get(job))
            pulse([one.task for one in running.values()])
    finally:
        workers.close()
        for one in running.values():
            end_by_environment(OUTPUT_VARIABLE, str(one.task.page))


def _next(waiting: Sequence[Task], running: Iterable[_Running], alone: Set[str]) -> Task | None:
    """The task to start now; one that must run alone waits for the end of all others, and they for its."""
    busy = [one.task for one in running]
    if any(task.folder in alone for task in busy):
        return None
    return ready(waiting, busy, alone) or (None if busy else ready(waiting, busy))


def ready(waiting: Sequence[Task], running: Sequence[Task], later: Set[str] = frozenset()) -> Task | None:
    """The first task, but for those in ``later``, that need not wait for another; None where all must."""
    busy = {task.folder for task in [*waiting, *running]}
    return next(
        (one for one in waiting if one.folder not in later and busy.isdisjoint(one.report.after)), None
    )


def variables_of(task: Task) -> dict[str, str]:
    """What the environment of its worker has beside that of all workers."""
    return {
        OUTPUT_VARIABLE: str(task.page),
        TRACE_VARIABLE: str(task.trace),
        COMMIT_VARIABLE: task.commit,
        OTHERS_VARIABLE: str(task.others) if task.report.after else "",
        "TMPDIR": str(task.staging / "tmp"),  # so that what a notebook forgets there goes with the build
    }


def _describe(task: Task) -> None:
    """Write down for the worker what to do, in a folder that holds nothing of an earlier attempt."""
    for folder in (task.page, task.staging / "tmp"):
        remove(folder)
        folder.mkdir(parents=True)
    for file in (task.outcome, task.trace, task.executed, task.log):
        file.unlink(missing_ok=True)
    task.job.write_bytes(pickle.dumps(task))


def _hold_to_limits(one: _Running, pid: int | None) -> None:
    """End a worker whose time or memory is used up, or whose files are too large."""
    if one.stopped or not pid:
        return
    limits = one.task.report.limits
    if time.monotonic() - one.started > one.task.timeout_seconds:
        one.stopped = f"it ran longer than {one.task.timeout_seconds:g} s and was stopped"
    elif memory_mb(pid) > limits.memory_mb:
        one.stopped = f"it used more than {limits.memory_mb:g} MB of memory and was stopped"
    elif (size := _folder_mb(one.task.page)) > limits.output_mb:
        deep = (
            "folders deeper than can be read"
            if size == inf
            else f"more than {limits.output_mb:g} MB of files"
        )
        one.stopped = f"it wrote {deep} and was stopped"
    if one.stopped:
        end_tree(pid)


def _folder_mb(folder: Path) -> float:
    """Size of the files in a folder that may change while it is looked at; endless where it has no end."""
    total = 0
    try:
        for place, _, names in os.walk(folder):
            for name in names:
                with suppress(OSError):
                    total += Path(place, name).lstat().st_size
    except RecursionError:
        return inf
    return total / 1024**2


def _run_of(one: _Running, end: End) -> Run:
    """How a run ended; whatever the notebook did to the files that say so, it is this run's failure alone."""
    task = one.task
    if end.exit_status < 0:
        end_by_environment(OUTPUT_VARIABLE, str(task.page))
    trace: dict[str, list[str]] = {}
    try:
        outcome = _read_json(task.outcome) or {"status": "not started"}
        trace = {name: _texts(found) for name, found in _read_json(task.trace).items()}
        trace["modules"] = sorted({*trace.get("modules", []), *_texts(outcome.get("loaded", []))})
        failure = _failure(one, end, outcome)
        if failure is None and (size := _folder_mb(task.page)) > task.report.limits.output_mb:
            failure = Failure(f"its files have {size:.0f} MB, more than {task.report.limits.output_mb:g} MB")
    except Exception as error:
        failure = Failure(one.stopped or f"what its run left behind cannot be read: {told(error)}")
    seconds = round(time.monotonic() - one.started, 2)
    return Run(failure, end.exit_status, seconds, round(end.peak_memory_mb, 1), trace)


def _read_json(path: Path) -> dict[str, Any]:
    """The content of a file of the worker's; empty where there is none."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TypeError(f"{path.name} holds no object")
    return content


def _texts(found: Any) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise TypeError("its trace holds no list of texts")
    return found


def _failure(one: _Running, end: End, outcome: dict[str, Any]) -> Failure | None:
    """What went wrong; None where the notebook ran to its end and its page is ready."""
    status = end.exit_status
    if status == 0 and outcome["status"] == "finished":
        return None
    if one.stopped:
        reason = one.stopped
    elif end.is_lost:
        reason = "the process that starts workers was killed while it ran"
    elif "error" in outcome:
        reason = str(outcome["error"])
    elif status < 0:
        known = {number.value: number.name for number in signal.Signals}
        reason = f"the process that ran it was killed by {known.get(-status, f'signal {-status}')}"
    else:
        said = one.task.log.read_text(encoding="utf-8", errors="replace") if one.task.log.is_file() else ""
        full = shutil.disk_usage(one.task.staging).free < _LEAST_FREE_BYTES
        said = said.strip() or ("No space left on the disk" if full else "it said nothing")
        reason = f"the process that ran it ended with status {status}: {said[-2000:]}"
    if "Kernel died" in reason:
        reason = f"{reason} (killed, out of memory, or crashed)"
    if outcome.get("cell") is None:
        return Failure(reason)
    lines = str(outcome["source"]).strip().splitlines()
    more = [f"... ({len(lines) - _EXCERPT_LINES} more lines)"] if len(lines) > _EXCERPT_LINES else []
    return Failure(reason, outcome["number"], "\n".join(lines[:_EXCERPT_LINES] + more))


def failure_text(report: Report, failure: Failure) -> str:
    """The failure as the command line tells it."""
    if not failure.source:
        return f"Report {report.name} was not built: {failure.reason}"
    shown = "\n".join(f"    {line}" for line in failure.source.splitlines())
    notebook = report.notebook.name
    place = "the parameters passed" if failure.cell is None else f"cell {failure.cell} of {notebook}"
    return f"Report {report.name} was not built; it failed in {place}:\n{shown}\n{failure.reason}"
