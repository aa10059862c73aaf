"""How do notebooks become published reports? Plans, runs what is out of date, publishes or says why not."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from undercut.errors import BuildError, InputError
from undercut.report.catalogue import Report, Settings, load_all, pick
from undercut.report.due import is_due
from undercut.report.execution import Run, Task, environment, failure_text, run_tasks
from undercut.report.hooks import run_hook
from undercut.report.masking import Mask
from undercut.report.preload import libraries_of
from undercut.report.project import CATALOGUE_FILE, project_root, utc_now
from undercut.report.publish import STAGING, only_builder
from undercut.report.record import last_attempt, publish_failure, publish_page, read_record
from undercut.report.site import is_current, write_site
from undercut.report.staleness import reasons
from undercut.report.variants import changed_values, command_of, folder_of, grid_points
from undercut.report.workers import ForkedWorkers, FreshWorkers, Workers

Status = Literal["started", "built", "failed", "unchanged", "not tried"]


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
    """

    jobs: int = 0
    force: bool = False
    fail_fast: bool = False
    plain: bool = False
    due: bool = False
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Every task that was asked for, and why each must run (or need not: no reasons)."""

    site: Path
    project: Path
    settings: Settings
    order: tuple[str, ...]
    tasks: list[tuple[Task, list[str]]] = field(default_factory=list)


def build_reports(
    names: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    out_dir: Path | None = None,
    *,
    grid: Mapping[str, Sequence[Any]] | None = None,
    root: Path | None = None,
    options: Options | None = None,
    watch: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Build the named reports (default: all) where they are out of date, and the site around them.

    Every value is checked before the first notebook starts. A report that fails keeps its last good version
    beside a page that says so; the others are built all the same.

    Parameters
    ----------
    names : sequence of str
        Reports of the catalogue.
    parameters : mapping
        Values for parameters, as text or as JSON has them; each must belong to every named report. With
        values that are not the default, a page of its own is built.
    out_dir : Path, optional
        The site; default reports/site of the project.
    grid : mapping of str to sequence
        Values to combine; instead of the grids of the catalogue.
    root : Path, optional
        The project; default: the one around the working directory.
    options : Options, optional
        How to build.
    watch : callable, optional
        Called with an outcome when a report starts and when it ends.

    Raises
    ------
    InputError
        For an unknown report, or a parameter that is not allowed; nothing has been started then.
    BuildError
        After all were tried, where any failed; the message has each failure with its cell.
    """
    chosen = options or Options()
    say = watch or (lambda _: None)
    plan = plan_build(names, parameters, out_dir, grid=grid, root=root, options=chosen)
    stale = [(task, why) for task, why in plan.tasks if why]
    outcomes = [Outcome(_label(t), plan.site / t.folder, "unchanged") for t, why in plan.tasks if not why]
    for outcome in outcomes:
        say(outcome)
    if stale or not is_current(plan.site):
        try:
            with only_builder(plan.site):
                if chosen.due:  # another build may have ended between the plan and the lock
                    stale = [(task, why) for task, why in stale if _is_due(task, plan.site)]
                outcomes += _build(stale, plan, chosen, say)
                write_site(plan.site, plan.order, plan.settings)
        except OSError as error:
            failed = "\n\n".join(outcome.failure for outcome in outcomes if outcome.failure)
            text = (
                f"{plan.site} could not be written: {error}. Each report in it is as its last build left it."
            )
            raise BuildError(f"{failed}\n\n{text}".strip()) from error
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    hook = plan.settings.on_failure if failures else plan.settings.on_success
    if stale and hook:
        run_hook(hook, outcomes, plan.site, plan.project)
    if failures:
        raise BuildError("\n\n".join(failures))
    return outcomes


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
    plan = Plan(site, project, settings, tuple(reports))
    for report, values in _points(pick(reports, list(names)), parameters or {}, grid or {}):
        folder = folder_of(report, values)
        task = Task(
            report=report,
            values=values,
            folder=folder,
            staging=site / STAGING / folder.replace("/", "."),
            command=command_of(report, values),
            notebook_path=report.notebook.relative_to(project.resolve()).as_posix(),
            timeout_seconds=chosen.timeout_seconds or report.limits.timeout_seconds,
        )
        if not chosen.due:
            plan.tasks.append((task, _why(task, site, project, force=chosen.force)))
        elif _is_due(task, site):
            plan.tasks.append((task, [f"its schedule {report.schedule!r} says so"]))
    return plan


def _points(
    reports: list[Report], given: Mapping[str, Any], grid: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[Report, dict[str, Any]]]:
    """Each report with every set of values to build; every refusal of every report at once."""
    found: dict[str, tuple[Report, dict[str, Any]]] = {}
    problems: dict[str, None] = {}
    for report in reports:
        points = grid_points({name: list(values) for name, values in grid.items()})
        if not given and not grid:
            points = [{}, *(grid_points(report.grid) if report.grid else [])]
        for point in points:
            try:
                values = report.values({**given, **point})
                found.setdefault(folder_of(report, values), (report, values))
            except InputError as error:
                problems[str(error)] = None
    if problems:
        raise InputError("\n".join(problems))
    yield from found.values()


def _is_due(task: Task, site: Path) -> bool:
    return is_due(task.report.schedule, last_attempt(site / task.folder), utc_now())


def _why(task: Task, site: Path, project: Path, *, force: bool) -> list[str]:
    """Why the task must run; empty where what is published is up to date."""
    if force:
        return ["it was asked for with --force"]
    record = read_record(site / task.folder)
    if record is None:
        return ["it was never built"]
    if record["status"] == "failed":
        return [f"the last build, at {record['failed_at']}, failed"]
    return reasons(record["inputs"], task, project)


def _build(
    stale: list[tuple[Task, list[str]]], plan: Plan, options: Options, say: Callable[[Outcome], None]
) -> list[Outcome]:
    tasks = {task.folder: (task, tuple(why)) for task, why in stale}
    for task, _ in stale:
        task.page.mkdir(parents=True)
    if not tasks:
        return []
    outcomes: dict[str, Outcome] = {}
    started: dict[str, tuple[float, str]] = {}
    everything = [task for task, _ in stale]
    workers, refusal = start_workers(everything, plan.site / STAGING, plain=options.plain)
    if refusal:
        warnings.warn(refusal, stacklevel=2)
    jobs = options.jobs or os.cpu_count() or 1
    with closing(run_tasks(everything, workers, jobs=jobs)) as steps:
        for task, run in steps:
            if run is None:
                started[task.folder] = time.time(), utc_now()
                say(Outcome(_label(task), plan.site / task.folder, "started", reasons=tasks[task.folder][1]))
                continue
            outcome = _publish(task, run, plan, started[task.folder], tasks[task.folder][1])
            outcomes[task.folder] = outcome
            say(outcome)
            if outcome.failure and options.fail_fast:
                break
    for folder, (task, why) in tasks.items():
        if folder not in outcomes:
            outcomes[folder] = Outcome(_label(task), plan.site / folder, "not tried", reasons=why)
            say(outcomes[folder])
    return [outcomes[folder] for folder in tasks]


def start_workers(tasks: Sequence[Task], staging: Path, *, plain: bool) -> tuple[Workers, str]:
    """Forked workers where that is safe and wanted, else fresh ones and why forking is not safe."""
    around = environment(staging)
    if plain or not hasattr(os, "fork"):
        return FreshWorkers(around), ""
    modules = libraries_of({task.report.notebook for task in tasks})
    forked = ForkedWorkers(modules, around, staging / "forge.log")
    if forked.refusal:
        forked.close()
        return FreshWorkers(around), f"Processes are not forked here: {forked.refusal}."
    return forked, ""


def _publish(task: Task, run: Run, plan: Plan, started: tuple[float, str], why: tuple[str, ...]) -> Outcome:
    """Put the finished page, or the news of the failure, in its place."""
    target = plan.site / task.folder
    text = ""
    if run.failure:
        text = Mask(os.environ).text(failure_text(task.report, run.failure))
    try:
        if run.failure:
            kept = publish_failure(task, run.failure, target, started_at=started[1])
            text += f"\nThe last good version is {target / kept}." if kept else ""
        else:
            publish_page(task, run, plan.project, plan.site, started=started, keep=plan.settings.keep_builds)
    except OSError as error:
        place = f"\n{target} is as it was: it could not be written ({error})."
        text = (text or f"Report {task.report.name} was not published.") + place
    return Outcome(_label(task), target, "failed" if text else "built", text, why, run)


def _label(task: Task) -> str:
    changed = changed_values(task.report, task.values)
    return " ".join([task.report.name, *(f"{name}={value}" for name, value in changed.items())])
