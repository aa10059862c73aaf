"""What must be built, why, and in which order? Compares the catalogue with what is published."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from undercut.errors import InputError
from undercut.report.catalogue.catalogue import load_all, pick
from undercut.report.catalogue.entries import Report, Settings
from undercut.report.catalogue.project import CATALOGUE_FILE, project_root, utc_now
from undercut.report.catalogue.staleness import fault_of_stamp, is_due, never_comes, reasons
from undercut.report.run.task import Task
from undercut.report.site.publish import damage, fingerprint, last_attempt, read_record

_ADDRESS: Final = re.compile(r"(?:\w+://)?(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d+/?|inproc://\S+")


@dataclass(frozen=True, slots=True)
class Options:
    """How to build.

    Attributes
    ----------
    jobs : int
        Notebooks at the same time; 0 for as many as there are cores.
    force : bool
        Also what is up to date.
    fail_fast : bool
        Stop at the first failure.
    plain : bool
        A fresh process for every notebook and kernel instead of forked ones.
    due : bool
        Only reports whose schedule says so, whether or not their inputs changed.
    timeout_seconds : float or None
        Instead of each report's own limit.
    cluster : str
        Address of a Dask scheduler that runs the notebooks, ``local`` to start one here; empty for none.
    """

    jobs: int = 0
    force: bool = False
    fail_fast: bool = False
    plain: bool = False
    due: bool = False
    timeout_seconds: float | None = None
    cluster: str = ""

    def __post_init__(self) -> None:
        limit = self.timeout_seconds
        if limit is not None and not 0 < limit < float("inf"):
            raise InputError(f"--timeout must be a positive number of seconds; got {limit:g}.")
        if self.cluster not in ("", "local") and not _ADDRESS.fullmatch(self.cluster):
            raise InputError(
                f"--cluster must be local or the address of a Dask scheduler, such as tcp://host:8786; got "
                f"{self.cluster!r}."
            )


@dataclass(frozen=True, slots=True)
class Plan:
    """Every task that was asked for, and why each must run (or need not: no reasons)."""

    site: Path
    project: Path
    settings: Settings
    reports: dict[str, Report]
    tasks: list[tuple[Task, list[str]]] = field(default_factory=list)


def plan_build(
    names: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    out_dir: Path | None = None,
    *,
    grid: Mapping[str, Sequence[Any]] | None = None,
    root: Path | None = None,
    options: Options | None = None,
) -> Plan:
    """What `build_reports` would do with the same arguments; changes nothing."""
    chosen = options or Options()
    project = root or project_root()
    reports, settings = load_all(project / CATALOGUE_FILE)
    site = (out_dir or project / "reports" / "site").resolve()
    points = list(_points(pick(reports, list(names)), parameters or {}, grid or {}))
    points.sort(key=lambda point: depth(point[0], reports))
    tasks = [_task(report, values, project, chosen.timeout_seconds) for report, values in points]
    if chosen.due:
        return Plan(site, project, settings, reports, due_tasks(tasks, site))
    why = why_of(reports, site, project)
    planned: list[tuple[Task, list[str]]] = []
    for task in tasks:
        again = {earlier.folder for earlier, reasons in planned if reasons}
        forced = ["it was asked for with --force"] if chosen.force else []
        planned.append((task, forced or _why(task, site, project, why, again)))
    return Plan(site, project, settings, reports, planned)


def due_tasks(tasks: Sequence[Task], site: Path) -> list[tuple[Task, list[str]]]:
    """The tasks that are due and why, in the order given.

    A report without a schedule that is made from others is due when one of those is.
    """
    due: dict[str, tuple[Task, list[str]]] = {}
    for task in tasks:
        schedule, last, now = task.report.schedule, last_attempt(site / task.folder), utc_now()
        if schedule and never_comes(schedule):
            warnings.warn(f"{task.folder} is never due: no day fits its schedule {schedule!r}.", stacklevel=2)
        elif schedule and (fault := fault_of_stamp(last, now)):
            due[task.folder] = task, [fault]
        elif is_due(schedule, last, now):
            due[task.folder] = task, [f"its schedule {schedule!r} says so"]
        elif not schedule and (reasons := _made_from(task, set(due))):
            due[task.folder] = task, reasons
    return list(due.values())


def why_of(reports: Mapping[str, Report], site: Path, project: Path) -> Callable[[str], list[str]]:
    """A function that says why the published page of a report, with its defaults, is out of date.

    It looks at each report once; a build that went on since needs a new one.
    """

    @cache
    def why(name: str) -> list[str]:
        report = reports[name]
        return _why(_task(report, report.values({}), project), site, project, why)

    return why


def depth(report: Report, reports: Mapping[str, Report]) -> int:
    """How many reports must be built one after the other before this one."""
    return max((1 + depth(reports[name], reports) for name in report.after if name in reports), default=0)


def _made_from(task: Task, again: Set[str]) -> list[str]:
    return [f"it is made from {name}, which is built again" for name in task.report.after if name in again]


def _task(
    report: Report, values: dict[str, Any], project: Path, timeout_seconds: float | None = None
) -> Task:
    folder = report.folder(values)
    return Task(
        report=report,
        values=values,
        folder=folder,
        command=report.command(values),
        notebook_path=report.notebook.relative_to(project.resolve()).as_posix(),
        timeout_seconds=timeout_seconds or report.limits.timeout_seconds,
    )


def grid_points(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values; one empty point without a grid.

    Examples
    --------
    >>> grid_points({"a": [1, 2], "b": ["x"]})
    [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'x'}]
    """
    return [dict(zip(grid, point, strict=True)) for point in itertools.product(*grid.values())]


def _points(
    reports: list[Report], given: Mapping[str, Any], grid: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[Report, dict[str, Any]]]:
    """Each report with every set of values to build; every refusal of every report at once."""
    found: dict[str, tuple[Report, dict[str, Any]]] = {}
    problems: dict[str, None] = {}
    for report in reports:
        points = grid_points(grid)
        if not given and not grid and report.grid:
            points += grid_points(report.grid)
        for point in points:
            try:
                values = report.values({**given, **point})
                found.setdefault(report.folder(values), (report, values))
            except InputError as error:
                problems[str(error)] = None
    if problems:
        raise InputError("\n".join(problems))
    yield from found.values()


def _why(
    task: Task, site: Path, project: Path, why: Callable[[str], list[str]], again: Set[str] = frozenset()
) -> list[str]:
    """Why the task must run, where the reports ``again`` are built before; empty where it need not."""
    record = read_record(site / task.folder)
    if record is None:
        return ["it was never built"]
    if record["status"] == "failed":
        return [f"the last build, at {record['failed_at']}, failed"]
    if record["status"] == "damaged":
        return [record["reason"]]
    try:
        found = damage(site / task.folder, record) + reasons(record["inputs"], task, project)
        found += filter(None, [fault_of_stamp(str(record["started_at"]), utc_now())])
        seen = dict(record["inputs"].get("others", {}))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return [f"the record of its last build is damaged: {error!r}"]
    found += _made_from(task, again)
    for name in task.report.after:
        if name not in seen:
            found.append(f"it is made from {name} now")
        elif name not in again and seen[name] != fingerprint(site, name, why(name)):
            found.append(f"the results of {name} changed, or whether they are up to date")
    return found + [f"it is no longer made from {name}" for name in seen if name not in task.report.after]
