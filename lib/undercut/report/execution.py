"""Did the notebook run? Starts the worker process, limits its time, and keeps the truth about its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from undercut.report.catalogue import Report
from undercut.report.contract import write_atomically
from undercut.report.results import OUTPUT_VARIABLE
from undercut.report.worker import KERNEL_NAME

# Linux counts kibibytes, macOS bytes.
_MAXRSS_PER_MIB = 1024**2 if sys.platform == "darwin" else 1024
_POLL_SECONDS = 0.05
_EXCERPT_LINES = 12


@dataclass(frozen=True, slots=True)
class Run:
    """How the run of a notebook ended, as seen from outside.

    Attributes
    ----------
    failure : str
        What went wrong, with the cell and its source; empty where the notebook ran to its end.
    exit_status : int
        Of the worker process; negative for a signal.
    duration_seconds : float
    peak_memory_mb : float
        Of the largest process, in mebibytes.
    """

    failure: str
    exit_status: int
    duration_seconds: float
    peak_memory_mb: float


def run_notebook(
    report: Report, values: dict[str, Any], *, staging: Path, page: Path, timeout_seconds: float
) -> Run:
    """Execute the report's notebook with ``values`` into ``staging``/executed.ipynb.

    Parameters
    ----------
    report, values
        The report and a value for each of its parameters.
    staging : Path
        Existing folder for the executed notebook and the worker's files.
    page : Path
        Folder where the notebook puts its results (UNDERCUT_OUTPUT).
    timeout_seconds : float
        The worker and its kernel are killed after that.
    """
    job = {
        "notebook": str(report.notebook),
        "output": str(staging / "executed.ipynb"),
        "folder": str(report.notebook.parent),
        "outcome": str(staging / "outcome.json"),
        "parameters": values,
    }
    write_atomically(staging / "job.json", json.dumps(job))
    started = time.monotonic()
    with (staging / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "undercut.report.worker", str(staging / "job.json")],
            stdin=subprocess.PIPE,  # never written to: the worker ends when it closes
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(staging, page),
        )
        try:
            timed_out, peak = _wait(worker, started + timeout_seconds)
        finally:
            _kill_tree(worker)
    if worker.returncode < 0:
        _kill_orphans(page)
    seconds = time.monotonic() - started
    failure = _failure(report, staging, worker.returncode, timeout_seconds if timed_out else None)
    return Run(failure, worker.returncode, round(seconds, 2), round(peak, 1))


def _environment(staging: Path, page: Path) -> dict[str, str]:
    """The environment with the output folder and a kernel that is this very interpreter."""
    kernel = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    jupyter = staging / "jupyter"
    write_atomically(jupyter / "kernels" / KERNEL_NAME / "kernel.json", json.dumps(kernel))
    inherited = os.environ.get("JUPYTER_PATH")
    path = os.pathsep.join([str(jupyter), *([inherited] if inherited else [])])
    fixed = {"JUPYTER_PATH": path, OUTPUT_VARIABLE: str(page), "PYTHONHASHSEED": "0"}
    # Without the inline backend named here, figures of notebooks that do not name one go missing.
    return os.environ | fixed | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}


def _wait(worker: subprocess.Popen[bytes], deadline: float) -> tuple[bool, float]:
    """Wait for the worker; (whether its time ran out, peak memory of its largest process in MiB)."""
    timed_out = False
    while True:
        pid, status, usage = os.wait4(worker.pid, os.WNOHANG)
        if pid:
            worker.returncode = os.waitstatus_to_exitcode(status)
            return timed_out, usage.ru_maxrss / _MAXRSS_PER_MIB
        if not timed_out and time.monotonic() > deadline:
            timed_out = True
            _kill_tree(worker)
        time.sleep(_POLL_SECONDS)


def _kill_tree(worker: subprocess.Popen[bytes]) -> None:
    """Kill the worker and its kernel, which runs in a session of its own, where they still live."""
    import psutil

    if worker.returncode is not None:
        return
    try:
        family = psutil.Process(worker.pid)
        processes = [*family.children(recursive=True), family]
    except psutil.NoSuchProcess:
        return
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _kill_orphans(page: Path) -> None:
    """Kill kernels whose worker was killed before it could end them; they know their output folder."""
    import psutil

    for process in psutil.process_iter():
        try:
            if process.environ().get(OUTPUT_VARIABLE) == str(page):
                process.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def _failure(report: Report, staging: Path, exit_status: int, timeout_seconds: float | None) -> str:
    """What to tell the user; empty where the notebook ran to its end."""
    try:
        outcome = json.loads((staging / "outcome.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        outcome = {"status": "not started"}
    if exit_status == 0 and outcome["status"] == "finished":
        return ""
    if timeout_seconds is not None:
        reason = f"it ran longer than {timeout_seconds:g} s and was stopped"
    elif "error" in outcome:
        reason = outcome["error"]
    elif exit_status < 0:
        reason = f"the process that ran it was killed by {signal.Signals(-exit_status).name}"
    else:
        log = (staging / "worker.log").read_text(encoding="utf-8", errors="replace")
        reason = f"the process that ran it ended with status {exit_status}: {log.strip()[-2000:]}"
    if "Kernel died" in reason:
        reason = f"{reason} (killed, out of memory, or crashed)"
    where = _place(report, staging, outcome)
    return f"Report {report.name} was not built{where or ': '}{reason}"


def _place(report: Report, staging: Path, outcome: dict[str, Any]) -> str:
    """The cell that was running, numbered as in the user's notebook, and the beginning of its source."""
    index = outcome.get("cell")
    if index is None:
        return ""
    lines = outcome["source"].strip().splitlines()
    shown = "\n".join(f"    {line}" for line in lines[:_EXCERPT_LINES])
    more = f"\n    ... ({len(lines) - _EXCERPT_LINES} more lines)" if len(lines) > _EXCERPT_LINES else ""
    number = _number_in_source(staging, index)
    place = "the parameters passed" if number is None else f"cell {number} of {report.notebook.name}"
    return f"; it failed in {place}:\n{shown}{more}\n"


def _number_in_source(staging: Path, index: int) -> int | None:
    """One-based number of an executed cell in the user's notebook; None for papermill's own cell."""
    executed = staging / "executed.ipynb"
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"] if executed.is_file() else []
    tags = [cell.get("metadata", {}).get("tags", []) for cell in cells]
    injected = [position for position, tag in enumerate(tags) if "injected-parameters" in tag]
    if index in injected:
        return None
    return index + 1 - sum(position < index for position in injected)
