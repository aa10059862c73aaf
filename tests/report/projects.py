"""Small projects for the tests: a reports.toml and notebooks written as lists of cells."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

START = """
    from undercut.report.findings.results import Results

    report = Results("demo", title="Did the price fall?", data_kind="simulated", parameters={"limit": limit})
    report.finding("fall", "Fall of the price", -36.2, "%", ci=(-41.3, -30.1), n=212, as_of="2026-11-01")
"""


def code(source: str, *tags: str) -> dict[str, Any]:
    """A code cell that has not run."""
    return {
        "cell_type": "code", "id": "", "execution_count": None, "outputs": [],
        "metadata": {"tags": list(tags)} if tags else {}, "source": dedent(source).strip(),
    }  # fmt: skip


def prose(source: str) -> dict[str, Any]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "id": "", "metadata": {}, "source": dedent(source).strip()}


def notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """A notebook of the given cells for the kernel that notebooks name by default."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    numbered = [cell | {"id": f"cell-{number}"} for number, cell in enumerate(cells, start=1)]
    return {"cells": numbered, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def write_project(
    root: Path,
    cells: list[dict[str, Any]],
    *,
    name: str = "demo",
    parameters: str = 'limit = { type = "int" }',
) -> Path:
    """A project of one report; returns its folder."""
    (root / "notebooks").mkdir(parents=True, exist_ok=True)
    path = root / "notebooks" / f"{name}.ipynb"
    path.write_text(json.dumps(notebook(cells)), encoding="utf-8")
    entry = f'[report.{name}]\nnotebook = "notebooks/{name}.ipynb"\ntitle = "Did the price fall?"\n'
    entry += f"[report.{name}.parameters]\n{parameters}\n"
    (root / "reports.toml").write_text(entry, encoding="utf-8")
    return root


def demo_cells(*middle: dict[str, Any]) -> list[dict[str, Any]]:
    """Parameters, results with one finding, the given cells, save."""
    return [
        prose("# Did the price fall?"),
        code("limit = 5", "parameters"),
        code(START),
        *middle,
        code("report.save()"),
    ]
