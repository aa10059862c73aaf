"""Under which name is a report with other parameters published, and which points has a grid?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

from undercut.report.catalogue.entries import Report
from undercut.report.findings.contract import digest_of
from undercut.strict_json import dumps

VARIANTS = "variants"
_LONGEST = 48


def folder_of(report: Report, values: Mapping[str, Any]) -> str:
    """Where the report with these values is published, relative to the site.

    The report with its default values is in ``NAME``; any other is in ``variants/NAME/KEY-VALUE-...-DIGEST``.
    """
    changed = changed_values(report, values)
    if not changed:
        return report.name
    words = "-".join(f"{name}-{_word(value)}" for name, value in changed.items())
    readable = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:_LONGEST].strip("-")
    digest = digest_of(dumps(changed, sort_keys=True).encode())[:8]
    return f"{VARIANTS}/{report.name}/{readable}-{digest}"


def changed_values(report: Report, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are not the parameter's default."""
    return {name: value for name, value in values.items() if value != report.parameters[name].default}


def grid_points(grid: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values; one empty point without a grid.

    Examples
    --------
    >>> grid_points({"a": [1, 2], "b": ["x"]})
    [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'x'}]
    """
    return [dict(zip(grid, point, strict=True)) for point in itertools.product(*grid.values())]


def command_of(report: Report, values: Mapping[str, Any]) -> str:
    """The command that builds the report with the same values."""
    from shlex import quote

    words = ["undercut", "build", report.name]
    for name, value in changed_values(report, values).items():
        plain = "" if value is None else value if isinstance(value, str) else dumps(value)
        words += ["-p", quote(f"{name}={plain}")]
    return " ".join(words)


def _word(value: Any) -> str:
    if isinstance(value, list):
        return "-".join(map(str, value))
    return "none" if value is None else str(value)
