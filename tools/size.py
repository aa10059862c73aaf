"""How large is the house? Lines of code by room: without docstrings, comments and blank lines.

``python -m tools.size`` prints a table; notebooks count as they stand, formatted at 100 columns.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """Physical lines that hold code."""
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in _NOT_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(lines - _docstring_lines(ast.parse(source)))


def _docstring_lines(tree: ast.Module) -> set[int]:
    """Lines of strings that stand alone: documentation, of an attribute too."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def notebook_lines(path: Path) -> list[int]:
    """Lines of code of each code cell."""
    cells = json.loads(path.read_text())["cells"]
    return [code_lines("".join(c["source"]) + "\n") for c in cells if c["cell_type"] == "code"]


def sizes() -> Counter[str]:
    """Lines of code by room, the notebooks as one."""
    found: Counter[str] = Counter()
    package = ROOT / "lib" / "undercut"
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).parts[:-1]
        found["/".join(parts[:2]) or "undercut"] += code_lines(path.read_text())
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        found["notebooks"] += sum(notebook_lines(path))
    return found


def main() -> None:
    """Print the table."""
    found = sizes()
    for room, lines in sorted(found.items()):
        print(f"{room:30} {lines:7,}")
    print(f"{'in all':30} {sum(found.values()):7,}")


if __name__ == "__main__":
    main()
