"""How does a new report begin? A notebook that builds, and its entry in the catalogue."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

from undercut.errors import InputError
from undercut.report.catalogue.catalogue import load_catalogue
from undercut.report.catalogue.project import CATALOGUE_FILE
from undercut.report.catalogue.reader import RESERVED
from undercut.report.findings.contract import write_atomically
from undercut.strict_json import dumps

_ENTRY = """
[report.{name}]
notebook = "notebooks/{name}.ipynb"
title = {title}

[report.{name}.parameters]
workload = {{ type = "str", help = "name of a workload: shares of input, cached input and output tokens" }}
"""


def new_report(project: Path, name: str, title: str | None = None) -> Path:
    """Write notebooks/<name>.ipynb and add the report to reports.toml.

    Parameters
    ----------
    project : Path
        Folder of reports.toml.
    name : str
        Lower-case letters, digits, ``_`` and ``-``.
    title : str, optional
        The question; by default made from the name.

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
    content = {"cells": _cells(name, title), **about}
    write_atomically(notebook, dumps(content, indent=1, ensure_ascii=False) + "\n")
    entry = _ENTRY.format(name=name, title=dumps(title, ensure_ascii=False))
    write_atomically(catalogue, catalogue.read_text(encoding="utf-8").rstrip("\n") + "\n" + entry)
    return notebook


def _cells(name: str, title: str) -> list[dict[str, Any]]:
    """The cells of new_report.txt, in which each begins with a line that says its kind."""
    text = (resources.files(__package__) / "new_report.txt").read_text("utf-8")
    parts = re.split(r"^# %% (\w+)\n", text.replace("TITLE", title).replace("NAME", name), flags=re.M)[1:]
    cells = []
    for number, (kind, source) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
        metadata = {"tags": ["parameters"]} if kind == "parameters" else {}
        cell = {"id": f"{name}-{number}"[:64], "metadata": metadata, "source": source.strip("\n")}
        is_code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(cell | ({"cell_type": "markdown"} if kind == "markdown" else is_code))
    return cells
