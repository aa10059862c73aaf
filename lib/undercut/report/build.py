"""How do notebooks become published reports? Plans, runs what is out of date, publishes, tells of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from undercut.errors import BuildError
from undercut.report.catalogue.plan import Options, Plan, due_tasks, plan_build, why_of
from undercut.report.catalogue.project import git_commit, utc_now
from undercut.report.findings.contract import write_atomically
from undercut.report.findings.others import snapshot
from undercut.report.run.masking import Mask, missing_library
from undercut.report.run.processes import workplace
from undercut.report.run.progress import Watch, label_of
from undercut.report.run.task import Outcome, Run, Status, Task, told
from undercut.report.site.publish import is_current, only_builder, publish_failure, publish_page, read_record
from undercut.strict_json import dumps

__all__ = ["Options", "Outcome", "Plan", "build_reports", "plan_build"]


def build_reports(
    names: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    out_dir: Path | None = None,
    *,
    grid: Mapping[str, Sequence[Any]] | None = None,
    root: Path | None = None,
    options: Options | None = None,
    watch: Watch | Callable[[Outcome], None] | None = None,
    pages: Callable[[Path], None] | None = None,
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
    watch : Watch or callable, optional
        Called with an outcome when a report starts and when it ends; a `Watch` hears what is running, too.
    pages : callable, optional
        Puts pages that come from no notebook into the site, before its front page is written.

    Raises
    ------
    InputError
        For an unknown report, or a parameter that is not allowed; nothing has been started then.
    BuildError
        After all were tried, where any failed; the message has each failure with its cell.
    """
    chosen = options or Options()
    watch = watch if isinstance(watch, Watch) else Watch(watch)
    plan = plan_build(names, parameters, out_dir, grid=grid, root=root, options=chosen)
    stale = [(task, why) for task, why in plan.tasks if why]
    outcomes = [_outcome(task, plan, "unchanged") for task, why in plan.tasks if not why]
    for outcome in outcomes:
        watch.say(outcome)
    if stale or not is_current(plan.site):
        from undercut.report.site.site import write_site  # a build with nothing to do need not wait for it

        try:
            with only_builder(plan.site), workplace() as place:
                if chosen.due:  # another build may have ended between the plan and the lock
                    stale = due_tasks([task for task, _ in stale], plan.site)
                outcomes += _build(stale, plan, chosen, watch, place)
                if pages:
                    pages(plan.site)
                write_site(plan.site, tuple(plan.reports), plan.settings)
        except OSError as error:
            failed = "\n\n".join(outcome.failure for outcome in outcomes if outcome.failure)
            text = f"{plan.site} could not be written: {error}. Each report is as its last build left it."
            raise BuildError(f"{failed}\n\n{text}".strip()) from error
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    hook = plan.settings.on_failure if failures else plan.settings.on_success
    if stale and hook:
        run_hook(hook, outcomes, plan.site, plan.project)
    if failures:
        raise BuildError("\n\n".join(failures))
    return outcomes


def _build(
    stale: list[tuple[Task, list[str]]], plan: Plan, options: Options, watch: Watch, place: Path
) -> list[Outcome]:
    if not stale:
        return []
    commit = git_commit(Path(__file__).parent) or ""
    placed = [replace(t, commit=commit, staging=place / str(at)) for at, (t, _) in enumerate(stale)]
    tasks = {task.folder: (task, tuple(why)) for task, (_, why) in zip(placed, stale, strict=True)}
    outcomes: dict[str, Outcome] = {}
    started: dict[str, tuple[float, str]] = {}
    watch.expect(placed, {task.folder: _lasted(plan.site / task.folder) for task in placed}, _jobs(options))
    with closing(_steps(placed, plan, options, watch, place)) as steps:
        for task, run in steps:
            if run is None:
                started[task.folder] = time.time(), utc_now()
                _show_others(task, plan)
                watch.say(_outcome(task, plan, "started", reasons=tasks[task.folder][1]))
                continue
            outcome = _publish(task, run, plan, started[task.folder], tasks[task.folder][1])
            outcomes[task.folder] = outcome
            watch.ended(task)
            watch.say(outcome)
            if outcome.failure and options.fail_fast:
                break
    for folder, (task, why) in tasks.items():
        if folder not in outcomes:
            outcomes[folder] = _outcome(task, plan, "not tried", reasons=why)
            watch.say(outcomes[folder])
    return [outcomes[folder] for folder in tasks]


def _show_others(task: Task, plan: Plan) -> None:
    """Write down for a report that is made from others what those have published by now."""
    if task.report.after:
        why = why_of(plan.reports, plan.site, plan.project)
        seen = snapshot(task.report.after, plan.reports, plan.site, why, own=[task.report.name])
        write_atomically(task.others, dumps(seen))


def _jobs(options: Options) -> int:
    return options.jobs or os.cpu_count() or 1


def _lasted(published: Path) -> float | None:
    """How long the last good build of a report took; None where that is not known."""
    seconds = (read_record(published) or {}).get("duration_seconds")
    return float(seconds) if isinstance(seconds, int | float) else None


def _steps(
    tasks: Sequence[Task], plan: Plan, options: Options, watch: Watch, place: Path
) -> Generator[tuple[Task, Run | None]]:
    """Run the tasks here or on a cluster; see `undercut.report.run.execution.run_tasks`."""
    if options.cluster:
        from undercut.report.run.cluster import run_on_cluster

        project, address = plan.project.resolve(), options.cluster
        return run_on_cluster(tasks, project, address=address, jobs=options.jobs, pulse=watch.pulse)
    from undercut.report.run.execution import environment, run_tasks
    from undercut.report.run.forge import Workers, modules_for

    modules = [] if options.plain else modules_for({task.report.notebook for task in tasks})
    workers = Workers(environment(place), place / "forge.log", modules)
    if missing := missing_library():
        warnings.warn(missing, stacklevel=2)
    if workers.refusal:
        warnings.warn(f"Processes are not forked here: {workers.refusal}.", stacklevel=2)
    return run_tasks(tasks, workers, jobs=_jobs(options), pulse=watch.pulse)


def _publish(task: Task, run: Run, plan: Plan, started: tuple[float, str], why: tuple[str, ...]) -> Outcome:
    """Put the finished page, or the news of the failure, in its place."""
    from undercut.report.run.execution import failure_text

    target = plan.site / task.folder
    text = ""
    if run.failure:
        text = Mask(os.environ).text(failure_text(task.report, run.failure))
    try:
        if run.failure:
            kept = publish_failure(task, run.failure, plan.site, started_at=started[1])
            text += f"\nThe last good version is {target / kept}." if kept else ""
        else:
            publish_page(task, run, plan.project, plan.site, started=started, keep=plan.settings.keep_builds)
    # Whatever a notebook left behind that cannot be published is its own failure.
    except Exception as error:
        place = f"\n{target} is as it was: it could not be written ({told(error)})."
        text = (text or f"Report {task.report.name} was not published.") + place
    return _outcome(task, plan, "failed" if text else "built", failure=text, reasons=why, run=run)


def _outcome(task: Task, plan: Plan, status: Status, **more: Any) -> Outcome:
    return Outcome(Mask(os.environ).text(label_of(task)), plan.site / task.folder, status, **more)


_LONGEST_SECONDS = 120


def run_hook(command: str, outcomes: Sequence[Outcome], site: Path, project: Path) -> bool:
    """Run ``command`` in a shell; it finds what happened in its environment and on standard input.

    Parameters
    ----------
    command : str
        From the catalogue. UNDERCUT_STATUS is ``success`` or ``failure``, UNDERCUT_BUILT and
        UNDERCUT_FAILED list reports, UNDERCUT_SITE is the site's folder; standard input is JSON.
    outcomes : sequence of Outcome
    site, project : Path
        The command runs in the project's folder.

    Returns
    -------
    bool
        Whether it ended well. What it says is passed on; a hook that fails does not undo the build.
    """
    by_status = {
        status: [one.report for one in outcomes if one.status == status] for status in ("built", "failed")
    }
    told = {
        "UNDERCUT_STATUS": "failure" if by_status["failed"] else "success",
        "UNDERCUT_BUILT": ", ".join(by_status["built"]),
        "UNDERCUT_FAILED": ", ".join(by_status["failed"]),
        "UNDERCUT_SITE": str(site),
    }
    content = dumps(
        [{"report": one.report, "status": one.status, "failure": one.failure} for one in outcomes]
    )
    try:
        done = subprocess.run(
            command, shell=True, cwd=project, env=os.environ | told, input=content.encode(),
            timeout=_LONGEST_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        print(f"The hook {command!r} ran longer than {_LONGEST_SECONDS} s and was stopped.", file=sys.stderr)
        return False
    if done.returncode:
        print(f"The hook {command!r} ended with status {done.returncode}.", file=sys.stderr)
    return done.returncode == 0
