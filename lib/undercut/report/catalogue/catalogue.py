"""Which reports are there, and with which parameters? Reads reports.toml and finds its mistakes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from undercut.errors import check_known
from undercut.report.catalogue.entries import CatalogueError, Limits, Mistake, Report, Settings
from undercut.report.catalogue.reader import Reader

__all__ = [
    "CatalogueError", "Limits", "Mistake", "Report", "Settings", "check_catalogue", "load_all",
    "load_catalogue", "pick",
]  # fmt: skip


def load_catalogue(path: Path) -> dict[str, Report]:
    """Reports of the catalogue at ``path``, by name, in its order.

    Raises
    ------
    CatalogueError
        Where anything is wrong; lists everything.
    """
    return load_all(path)[0]


def load_all(path: Path) -> tuple[dict[str, Report], Settings]:
    """Reports and settings of the catalogue; raises as `load_catalogue` does."""
    reports, settings, mistakes = _read(path)
    if any(mistake.blocks for mistake in mistakes):
        raise CatalogueError("\n".join(map(str, mistakes)))
    return reports, settings


def check_catalogue(path: Path) -> list[Mistake]:
    """Every mistake in the catalogue and in its notebooks' parameters cells; empty where all is well."""
    return _read(path)[2]


def pick(reports: Mapping[str, Report], names: list[str]) -> list[Report]:
    """The named reports, all of them where ``names`` is empty.

    Raises
    ------
    UnknownNameError
        Where a name is not in the catalogue.
    """
    for name in names:
        check_known("report", name, reports)
    return [reports[name] for name in dict.fromkeys(names or reports)]


def _read(path: Path) -> tuple[dict[str, Report], Settings, list[Mistake]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        advice = f"is not in {path.parent} or above it; `undercut init DIR` makes a project"
        return {}, Settings(), [Mistake(path.name, 1, advice)]
    except OSError as error:
        return {}, Settings(), [Mistake(path.name, 1, f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        return {}, Settings(), [Mistake(path.name, 1, f"is not UTF-8: {error.reason}")]
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else 1
        return {}, Settings(), [Mistake(path.name, line, str(error))]
    reader = Reader(path, text)
    reports = {name: entry for name, entry in reader.reports(content) if entry is not None}
    settings = reader.settings(content.get("site", {}))
    return reports, settings, sorted(reader.mistakes, key=lambda mistake: (mistake.file, mistake.line))
