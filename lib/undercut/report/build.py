"""How does a notebook become a published report? Runs, checks, renders and publishes, or changes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from undercut.errors import BuildError, DataError, InputError
from undercut.provenance import sha256_of
from undercut.report.catalogue import Report, load_catalogue, pick
from undercut.report.contract import RESULTS_FILE, read_results, write_atomically
from undercut.report.execution import Run, run_notebook
from undercut.report.notebook import published_notebook
from undercut.report.project import CATALOGUE_FILE, git_commit, project_root, utc_now
from undercut.report.publish import STAGING, only_builder, swap_in
from undercut.report.render import render_report
from undercut.report.site import write_site

BUILD_FILE = "build.json"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one report.

    Attributes
    ----------
    report : str
    folder : Path
        Where it is published (or where the previous version still is).
    failure : str
        Why it was not built; empty where it was.
    run : Run
        How the notebook's process ended.
    """

    report: str
    folder: Path
    failure: str
    run: Run


def build_reports(
    names: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    out_dir: Path | None = None,
    *,
    root: Path | None = None,
    timeout_seconds: float | None = None,
    on_done: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Build the named reports (default: all) and the site's index page.

    Every value is checked before the first notebook starts. A report that fails leaves its previous
    version in place; the others are built all the same.

    Parameters
    ----------
    names : sequence of str
        Reports of the catalogue.
    parameters : mapping
        Values for parameters, as text or as JSON has them; each must belong to every named report.
    out_dir : Path, optional
        The site; default reports/site of the project.
    root : Path, optional
        The project; default: the one around the working directory.
    timeout_seconds : float, optional
        Instead of each report's own limit.
    on_done : callable, optional
        Called with each outcome as it is known.

    Raises
    ------
    InputError
        For an unknown report, or a parameter that is not allowed; nothing has been started then.
    BuildError
        After all were tried, where any failed; the message has each failure with its cell.
    """
    project = root or project_root()
    chosen = pick(load_catalogue(project / CATALOGUE_FILE), list(names))
    plan = _planned(chosen, parameters or {})
    site = out_dir or project / "reports" / "site"
    outcomes: list[Outcome] = []
    with only_builder(site):
        for report, values in plan:
            limit = timeout_seconds or report.timeout_seconds
            outcomes.append(_build_one(report, values, site, project=project, timeout_seconds=limit))
            if on_done:
                on_done(outcomes[-1])
        write_site(site, [report.name for report in load_catalogue(project / CATALOGUE_FILE).values()])
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    if failures:
        raise BuildError("\n\n".join(failures))
    return outcomes


def _planned(reports: list[Report], given: Mapping[str, Any]) -> list[tuple[Report, dict[str, Any]]]:
    """Each report with all its values; every refusal of every report at once."""
    plan, problems = [], []
    for report in reports:
        try:
            plan.append((report, report.values(given)))
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return plan


def _build_one(
    report: Report, values: dict[str, Any], site: Path, *, project: Path, timeout_seconds: float
) -> Outcome:
    staging, target = site / STAGING / report.name, site / report.name
    page = staging / "page"
    page.mkdir(parents=True)
    started_at = utc_now()
    run = run_notebook(report, values, staging=staging, page=page, timeout_seconds=timeout_seconds)
    failure = run.failure
    if not failure:
        try:
            _complete_page(report, values, staging, project)
        except DataError as error:
            failure = f"Report {report.name} was not built: {error}"
    if not failure:
        record = _record(report, values, run, started_at, project)
        write_atomically(page / BUILD_FILE, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
        swap_in(page, target)
    if failure and target.exists():
        failure += f"\nThe previous version stays in {target}."
    return Outcome(report.name, target, failure, run)


def _complete_page(report: Report, values: dict[str, Any], staging: Path, project: Path) -> None:
    """Check what the notebook left in the page's folder and add the notebook and the HTML."""
    page = staging / "page"
    results = read_results(page / RESULTS_FILE)
    _check_results(report, values, results, page)
    executed = json.loads((staging / "executed.ipynb").read_text(encoding="utf-8"))
    notebook = published_notebook(executed)
    write_atomically(page / "notebook.ipynb", json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    where = report.notebook.relative_to(project)
    html = render_report(notebook, results, command=_command(report, values), notebook_path=str(where))
    write_atomically(page / "index.html", html)


def _check_results(report: Report, values: dict[str, Any], results: dict[str, Any], page: Path) -> None:
    """The results must be of this report and these parameters, and their files must exist."""
    if results["report"] != report.name:
        raise DataError(f"its results.json says report {results['report']!r}.")
    for name, value in values.items():
        recorded = results["parameters"].get(name, _MISSING)
        if recorded != value:
            said = "not at all" if recorded is _MISSING else f"as {recorded!r}"
            raise DataError(f"parameter {name} was {value!r} but results.json records it {said}.")
    for figure in results["figures"]:
        for file in (figure["image"], figure["data"]):
            if file is not None and not (page / file).is_file():
                raise DataError(f"results.json names {file}, which the notebook did not write.")


_MISSING = object()


def _command(report: Report, values: Mapping[str, Any]) -> str:
    """The command that builds the report with the same values."""
    from shlex import quote

    words = ["undercut", "build", report.name]
    for name, value in values.items():
        if value != report.parameters[name].default:
            text = (
                "" if value is None else json.dumps(value) if isinstance(value, list | bool) else str(value)
            )
            words += ["-p", quote(f"{name}={text}")]
    return " ".join(words)


def _record(
    report: Report, values: dict[str, Any], run: Run, started_at: str, project: Path
) -> dict[str, Any]:
    """What build.json says: how this build went and with what; never the environment's variables."""
    installed = {found.metadata["Name"]: found.version for found in distributions()}
    return {
        "report": report.name,
        "status": "built",
        "started_at": started_at,
        **{key: value for key, value in asdict(run).items() if key != "failure"},
        "git_commit": git_commit(project),
        "notebook_sha256": sha256_of(report.notebook.read_bytes()),
        "parameters": values,
        "python": sys.version.split()[0],
        "packages": dict(sorted(installed.items(), key=lambda item: item[0].lower())),
    }
