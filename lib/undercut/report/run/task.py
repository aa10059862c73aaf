"""What is there to run, how did its run end, and what became of the report?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from undercut.report.catalogue.entries import Report

_LONGEST_REASON = 4000
Status = Literal["started", "built", "failed", "unchanged", "not tried"]


class _Inside:
    """A file or folder of a task, in its staging folder."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, task: Task, _: type[Task]) -> Path:
        return task.staging / self.name


@dataclass(frozen=True, slots=True)
class Task:
    """One notebook to run with one set of values.

    Attributes
    ----------
    report : Report
    values : dict
        A value for each of its parameters.
    folder : str
        Where it is published, relative to the site.
    command, notebook_path : str
        What the page says about how to reproduce it.
    timeout_seconds : float
        The worker and its kernel are killed after that.
    commit : str
        Of this package, for results.json; empty where git does not know.
    staging : Path
        Folder outside the site for the worker's files: the paths below lie there.
    """

    report: Report
    values: dict[str, Any]
    folder: str
    command: str
    notebook_path: str
    timeout_seconds: float
    commit: str = ""
    staging: Path = Path()

    page = _Inside("page")  # where the notebook puts its results (UNDERCUT_OUTPUT)
    job = _Inside("task.pickle")  # this task, as the worker reads it
    executed = _Inside("executed.ipynb")  # the notebook with its outputs, as far as it ran
    outcome = _Inside("outcome.json")  # how far the worker is, or how it ended
    trace = _Inside("trace.json")  # what the notebook opened and loaded
    log = _Inside("worker.log")  # what the worker's processes print
    others = _Inside("others.json")  # what the reports that it is made from have published


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a report was not built.

    Attributes
    ----------
    reason : str
        The error, the limit, or the signal.
    cell : int or None
        One-based number in the user's notebook of the cell that was running.
    source : str
        Its beginning.
    """

    reason: str
    cell: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """How the run of a notebook ended, as seen from outside.

    Attributes
    ----------
    failure : Failure or None
        None where the notebook ran to its end and its page is ready.
    exit_status : int
        Of the worker process; negative for a signal.
    duration_seconds : float
    peak_memory_mb : float
        Of the largest process, in mebibytes.
    trace : dict
        What the notebook opened and loaded: ``opened``, ``modules``, ``roots``.
    """

    failure: Failure | None
    exit_status: int
    duration_seconds: float
    peak_memory_mb: float
    trace: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one report.

    Attributes
    ----------
    report : str
        Its name, with its values where they are not the default.
    folder : Path
        Where it is published.
    status : {"started", "built", "failed", "unchanged", "not tried"}
    failure : str
        Why it was not built; empty where it was.
    reasons : tuple of str
        Why it had to be built.
    run : Run or None
        How the notebook's process ended; None where it did not run.
    """

    report: str
    folder: Path
    status: Status
    failure: str = ""
    reasons: tuple[str, ...] = ()
    run: Run | None = None


def told(error: BaseException, name: str = "", text: str | None = None) -> str:
    """An error in words, its kind first; never empty, and no longer than a reader can use."""
    name, text = name or type(error).__name__, str(error) if text is None else text
    said = f"{name}: {text.strip()}" if text.strip() else name
    return said if len(said) <= _LONGEST_REASON else f"{said[:_LONGEST_REASON]} ..."
