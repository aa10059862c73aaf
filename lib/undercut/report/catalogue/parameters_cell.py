"""What are the defaults of a notebook? Its own parameters cell is the one source."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from undercut.errors import InputError


def notebook_defaults(notebook: Path) -> dict[str, Any]:
    """Values assigned in the notebook's cell that is tagged ``parameters``; ``{}`` without such a cell.

    Raises
    ------
    InputError
        Where the notebook cannot be read, or the cell holds anything but assignments of literals.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", ())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{notebook.name} is not a notebook: {error}") from None
    if len(tagged) > 1:
        raise InputError(f"{notebook.name} has {len(tagged)} cells tagged 'parameters'; one is allowed.")
    source = "".join(tagged[0]["source"]) if tagged else ""
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise InputError(f"{notebook.name}, parameters cell, line {error.lineno}: {error.msg}.") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{notebook.name}, parameters cell cannot be read: {error}.") from None
    defaults: dict[str, Any] = {}
    for statement in statements:
        name, value = _assignment(notebook, statement)
        if name in defaults:
            raise InputError(f"{notebook.name}, parameters cell: {name!r} is assigned twice.")
        defaults[name] = value
    return defaults


def _assignment(notebook: Path, statement: ast.stmt) -> tuple[str, Any]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=expression):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as expression):
            pass
        case _:
            text = "only assignments like name = value may stand here"
            raise InputError(f"{notebook.name}, parameters cell, line {statement.lineno}: {text}.")
    try:
        return name, ast.literal_eval(expression)
    except ValueError:
        text = f"{name!r} must be a literal, not computed"
        raise InputError(f"{notebook.name}, parameters cell, line {statement.lineno}: {text}.") from None
