"""What do the commands list, check and build say? Text in, text and exit status out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from undercut.errors import BuildError, InputError
from undercut.report.catalogue import catalogue
from undercut.report.catalogue.project import CATALOGUE_FILE, project_root, utc_now

if TYPE_CHECKING:
    from undercut.report.build import Options


def list_catalogue() -> str:
    """The reports with their parameters, defaults and what may be given."""
    blocks = []
    for report in catalogue.load_catalogue(project_root() / CATALOGUE_FILE).values():
        lines = [f"{report.name}  {report.title}"]
        width = max((len(name) for name in report.parameters), default=0)
        for name, parameter in report.parameters.items():
            default = "nothing" if parameter.default is None else parameter.default
            about = f"  {parameter.help}" if parameter.help else ""
            lines.append(f"    {name:<{width}}  {parameter.expected()}; default {default}{about}")
        lines += [f"    grid: {name} = {', '.join(map(str, values))}" for name, values in report.grid.items()]
        if report.after:
            lines.append(f"    made from the results of {', '.join(report.after)}")
        limits = report.limits
        when = f"at {report.schedule} (UTC)" if report.schedule else "when asked"
        lines.append(
            f"    built {when}; at most {limits.timeout_seconds:g} s, {limits.memory_mb:g} MB of memory, "
            f"{limits.output_mb:g} MB of output"
        )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def check_catalogue() -> str:
    """Every mistake in reports.toml and the notebooks it names, else in stamps of builds; else nothing."""
    root = project_root()
    mistakes = list(map(str, catalogue.check_catalogue(root / CATALOGUE_FILE)))
    return "\n".join(mistakes or _false_stamps(root))


def _false_stamps(root: Path) -> list[str]:
    """Reports whose record says that they were built at no moment, or in the future."""
    from undercut.report.catalogue.staleness import fault_of_stamp
    from undercut.report.site.publish import last_attempt

    found = []
    for name in catalogue.load_catalogue(root / CATALOGUE_FILE):
        if fault := fault_of_stamp(last_attempt(root / "reports" / "site" / name), utc_now()):
            found.append(f"reports/site/{name}: {fault}; undercut build {name} mends it")
    return found


def build_command(
    names: Sequence[str],
    parameters: Sequence[str],
    out: str | None,
    *,
    grid: Sequence[str] = (),
    options: Options | None = None,
    pages: Callable[[Path], None] | None = None,
) -> int:
    """Build reports, say how it went, and return the exit status: 1 where a report failed.

    Parameters
    ----------
    names : sequence of str
        Reports; all where empty.
    parameters, grid : sequence of str
        ``key=value``, ``key=a,b,c``.
    out : str or None
        Folder of the site, or the address of a store that fsspec knows (s3://bucket/folder).
    options : Options, optional
        How to build.
    pages : callable, optional
        Puts further pages into the site.

    Raises
    ------
    InputError
        Where a report or a parameter is not usable; nothing was started.
    """
    from undercut.report.build import build_reports
    from undercut.report.run.progress import watching
    from undercut.report.site import stores
    from undercut.report.site.publish import BusyError

    given, points = _asked(parameters, grid)
    site = _site(out, is_told=True)
    try:
        with watching() as watch:
            try:
                build_reports(names, given, site, grid=points, options=options, watch=watch, pages=pages)
            finally:  # also the news of a failure is published
                if out and stores.is_url(out) and (site / "index.html").is_file():
                    print(f"copied {stores.publish(site, out)} files to {out}", flush=True)
    except BusyError as error:
        # Called by a clock every few minutes, an overlap is nothing to complain about.
        is_harmless = options is not None and options.due
        print(error, file=sys.stdout if is_harmless else sys.stderr)
        return 0 if is_harmless else 1
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _asked(parameters: Sequence[str], grid: Sequence[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Values that were given, and values to combine; no parameter is both."""
    given, points = dict_of(parameters), grid_of(grid)
    if both := sorted(given.keys() & points.keys()):
        raise InputError(f"{', '.join(both)}: given by -p and by --grid; choose one.")
    return given, points


def why_command(
    names: Sequence[str],
    parameters: Sequence[str],
    out: str | None,
    *,
    grid: Sequence[str] = (),
    options: Options | None = None,
) -> str:
    """For each page that `build_command` would look at, why it would be built; builds none."""
    from undercut.report.build import plan_build
    from undercut.report.run.masking import Mask

    given, points = _asked(parameters, grid)
    plan = plan_build(names, given, _site(out), grid=points, options=options)
    lines = [] if plan.tasks else ["nothing is due"]
    for task, reasons in plan.tasks:
        lines.append(f"{task.folder}: " + ("out of date" if reasons else "up to date"))
        lines += [f"    {reason}" for reason in reasons]
    return Mask(os.environ).text("\n".join(lines))


def compare_command(name: str, first: str | None, second: str | None, out: str | None, form: str) -> None:
    """Print which findings moved between two builds of a report, and in the table which verdicts changed."""
    import pandas as pd

    from undercut.printing import emit
    from undercut.report.site.history import compare_builds

    frame = compare_builds(_site(out), _folder(name, out), first, second)
    builds = " and ".join(frame.attrs["builds"])
    columns = ["key", "before", "after", "change", "ci_low", "ci_high", "unit", "verdict"]
    emit(frame, form, title=f"{name}: builds of {builds}", columns=columns)
    if form == "table" and (turned := frame.attrs["turns"]):
        emit(pd.DataFrame(turned), form, title="Claims whose verdicts changed")


def export_command(name: str, target: str | None, out: str | None) -> str:
    """Write a report as one file; says which."""
    from undercut.report.site.export import export_report

    path = Path(target or f"{name.replace('/', '-')}.html")
    size = export_report(_site(out) / _folder(name, out), path)
    return f"{path}: {size / 1e6:.1f} MB"


def new_command(name: str, title: str | None, table: tuple[Path, str, str] | None = None) -> str:
    """Make a notebook and its catalogue entry; says what to do next."""
    from undercut.report.new import new_report

    notebook = new_report(project_root(), name, title, table=table)
    example = "" if table else f"It reads an example, data/local/{name}.csv: put your own table there.\n"
    return f"{notebook}\n{example}Open it with make lab, then: .venv/bin/undercut build {name}"


def _site(out: str | None, *, is_told: bool = False) -> Path:
    """The folder of the site; of a store, the copy that is published there, fetched where there is none."""
    from undercut.report.site import stores

    if out is None or not stores.is_url(out):
        return Path(out).resolve() if out else project_root() / "reports" / "site"
    mirror = stores.mirror_of(out, project_root())
    if (fetched := stores.fetch(out, mirror)) and is_told:
        print(f"fetched {fetched} files from {out}", flush=True)
    return mirror


def _folder(name: str, out: str | None) -> str:
    """The published folder that ``name`` means: a report, or a folder of the site such as variants/NAME/X."""
    if (_site(out) / name).is_dir():
        return name
    known = catalogue.load_catalogue(project_root() / CATALOGUE_FILE)
    catalogue.pick(known, [name])
    return name


def grid_of(texts: Sequence[str]) -> dict[str, list[str]]:
    """Values to combine, from ``key=a,b,c``; a value that holds a comma needs ``;`` between the values.

    Examples
    --------
    >>> grid_of(["workload=chat,agent", "origins=US,CN;US,FR"])
    {'workload': ['chat', 'agent'], 'origins': ['US,CN', 'US,FR']}
    """
    points = {
        key: [value.strip() for value in text.split(";" if ";" in text else ",")]
        for key, text in dict_of(texts, option="--grid").items()
    }
    if empty := [key for key, values in points.items() if not all(values)]:
        raise InputError(f"--grid {', '.join(texts)}: {', '.join(empty)} has an empty value.")
    return points


def dict_of(parameters: Sequence[str], *, option: str = "-p") -> dict[str, str]:
    """Parameters from ``key=value`` texts.

    Examples
    --------
    >>> dict_of(["as_of=2025-06-30", "note=a=b"])
    {'as_of': '2025-06-30', 'note': 'a=b'}
    """
    given: dict[str, str] = {}
    for text in parameters:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise InputError(f"{option} {text!r}: write key=value.")
        if key in given:
            raise InputError(f"{option} {key} is given twice.")
        given[key] = value
    return given
