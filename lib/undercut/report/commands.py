"""What do the commands list, check and build say? Text in, text and exit status out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from undercut.errors import BuildError, InputError
from undercut.report import catalogue
from undercut.report.project import CATALOGUE_FILE, project_root


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
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def check_catalogue() -> str:
    """Every mistake in reports.toml and the notebooks it names, one in a line; empty where there is none."""
    return "\n".join(map(str, catalogue.check_catalogue(project_root() / CATALOGUE_FILE)))


def build_command(names: Sequence[str], parameters: Sequence[str], out: str | None) -> int:
    """Build reports, say how it went, and return the exit status: 1 where a report failed.

    Parameters
    ----------
    names : sequence of str
        Reports; all where empty.
    parameters : sequence of str
        ``key=value``.
    out : str or None
        Folder of the site.

    Raises
    ------
    InputError
        Where a report or a parameter is not usable; nothing was started.
    """
    from undercut.report.build import Outcome, build_reports

    def say(outcome: Outcome) -> None:
        run, word = outcome.run, "failed" if outcome.failure else "built"
        cost = f"{run.duration_seconds:.1f} s, {run.peak_memory_mb:.0f} MB"
        print(f"{word} {outcome.report} ({cost}): {outcome.folder / 'index.html'}", flush=True)

    given = dict_of(parameters)
    try:
        build_reports(names, given, Path(out).resolve() if out else None, on_done=say)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def dict_of(parameters: Sequence[str]) -> dict[str, str]:
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
            raise InputError(f"-p {text!r}: write key=value.")
        if key in given:
            raise InputError(f"-p {key} is given twice.")
        given[key] = value
    return given
