"""How does a new report begin? A notebook that builds, and its entry in the catalogue."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from undercut.errors import InputError
from undercut.report.catalogue.catalogue import load_catalogue
from undercut.report.catalogue.project import CATALOGUE_FILE
from undercut.report.catalogue.reader import RESERVED
from undercut.report.findings.contract import write_atomically

_CELLS = (
    ("markdown", "# {title}\n\nSay here, in a few sentences, what is asked and why it matters."),
    ("parameters", 'workload = "chat"  # mix of tokens behind one price'),
    (
        "code",
        "import undercut\nfrom undercut import plots\nfrom undercut.report.findings.results import Results",
    ),
    (
        "code",
        "plots.set_house_style()\n"
        "panel = undercut.load_prices(workload=workload)\n"
        'report = Results("{name}", title={title!r}, data_kind="real", parameters={{"workload": workload}},\n'
        '                 frames=[panel], as_of=panel["last_seen"].max().tz_convert(None))',
    ),
    ("markdown", "## What the data say\n\nProse before each piece of code: what is done, and why."),
    (
        "code",
        'count = panel["model_id"].nunique()\n'
        'models = report.finding("models", "Models with a usable price", count, "models", n=len(panel),\n'
        '                        note="a count, not an estimate: it has no sampling error")\n'
        'report.answer(f"The panel knows {{models.short}}.")\n'
        'report.say(f"The panel knows {{models}}.")',
    ),
    ("markdown", "## What could be wrong\n\nName the weakest points before a reader finds them."),
    ("code", "report.save()"),
)
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
    cells = [_cell(number, kind, text, name, title) for number, (kind, text) in enumerate(_CELLS, start=1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    write_atomically(notebook, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    entry = _ENTRY.format(name=name, title=json.dumps(title, ensure_ascii=False))
    write_atomically(catalogue, catalogue.read_text(encoding="utf-8").rstrip("\n") + "\n" + entry)
    return notebook


def _cell(number: int, kind: str, text: str, name: str, title: str) -> dict[str, Any]:
    source = text.format(name=name, title=title)
    cell: dict[str, Any] = {"id": f"{name}-{number}"[:64], "metadata": {}, "source": source}
    if kind == "markdown":
        return {"cell_type": "markdown", **cell}
    if kind == "parameters":
        cell["metadata"] = {"tags": ["parameters"]}
    return {"cell_type": "code", "execution_count": None, "outputs": [], **cell}
