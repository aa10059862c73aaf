"""How does a new report begin? A notebook that builds, and its entry in the catalogue."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

from undercut.errors import InputError
from undercut.report.catalogue.catalogue import RESERVED, load_catalogue
from undercut.report.catalogue.project import CATALOGUE_FILE
from undercut.report.findings.contract import write_atomically
from undercut.strict_json import dumps

_ENTRY = """
[report.{name}]
notebook = "notebooks/{name}.ipynb"
title = {title}
draft = true  # not on the front page; take this line away when the report is ready

[report.{name}.parameters]
csv = {{ type = "str", help = "the table: CSV, Parquet or Excel, relative to the project" }}
value = {{ type = "str", help = "its column of numbers" }}
group = {{ type = "str", help = "its column that names each row's group" }}
"""
#: Stands in for a table of one's own until there is one.
_EXAMPLE = "team,dollars_a_task\n" + "\n".join(
    f"{team},{start + 0.03 * ((7 * row) % 11):.2f}"
    for team, start in (("new model", 0.9), ("old model", 1.3))
    for row in range(12)
)


def new_report(
    project: Path, name: str, title: str | None = None, *, table: tuple[Path, str, str] | None = None
) -> Path:
    """Write notebooks/<name>.ipynb and add the report to reports.toml, as a draft.

    Parameters
    ----------
    project : Path
        Folder of reports.toml.
    name : str
        Lower-case letters, digits, ``_`` and ``-``.
    title : str, optional
        The question; by default made from the name.
    table : (Path, str, str), optional
        A table of one's own, its column of numbers and that of groups; by default an example is written to
        data/local, to be replaced.

    Returns
    -------
    Path
        The notebook.

    Raises
    ------
    InputError
        Where the name is malformed or taken.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or name in RESERVED:
        raise InputError(f"{name!r} cannot name a report: use lower-case letters, digits, '_' and '-'.")
    catalogue, notebook = project / CATALOGUE_FILE, project / "notebooks" / f"{name}.ipynb"
    if notebook.exists() or name in load_catalogue(catalogue):
        raise InputError(f"A report or notebook {name!r} exists already.")
    title = title or re.sub(r"^[\d_-]+", "", name).replace("_", " ").replace("-", " ").capitalize() + "?"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    csv, value, group = table or (_example(project, name), "dollars_a_task", "team")
    csv, root = csv.resolve(), project.resolve()
    place = csv.relative_to(root) if csv.is_relative_to(root) else csv
    told = {
        "TITLE": title, "NAME": name, "CSV": str(place), "VALUE": value, "GROUP": group,
        "KIND": "real" if table else "sample",
    }  # fmt: skip
    content = {"cells": _cells(name, told), **about}
    write_atomically(notebook, dumps(content, indent=1, ensure_ascii=False) + "\n")
    entry = _ENTRY.format(name=name, title=dumps(title, ensure_ascii=False))
    write_atomically(catalogue, catalogue.read_text(encoding="utf-8").rstrip("\n") + "\n" + entry)
    return notebook


def _example(project: Path, name: str) -> Path:
    """Write the example's table, unless one of that name is there."""
    path = project.resolve() / "data" / "local" / f"{name}.csv"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _EXAMPLE + "\n")
    return path


def _cells(name: str, told: dict[str, str]) -> list[dict[str, Any]]:
    """The cells of new_report.txt, in which each begins with a line that says its kind."""
    text = (resources.files(__package__) / "new_report.txt").read_text("utf-8")
    for mark, value in told.items():
        text = text.replace(f"@{mark}@", value.replace('"', "'"))
    parts = re.split(r"^# %% (\w+)\n", text, flags=re.M)[1:]
    cells = []
    for number, (kind, source) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
        metadata = {"tags": ["parameters"]} if kind == "parameters" else {}
        cell = {"id": f"{name}-{number}"[:64], "metadata": metadata, "source": source.strip("\n")}
        is_code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(cell | ({"cell_type": "markdown"} if kind == "markdown" else is_code))
    return cells
