"""The prose of docs, notebooks, messages and templates: no word that the project's own list says to avoid."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from tools.readme_answers import BEGIN, END

DOCS = [ROOT / name for name in ("README.md", "CHANGELOG.md")]
DOCS += sorted(
    [*(ROOT / "docs").glob("*.md"), *(ROOT / "notebooks").glob("*.md"), *(ROOT / "data").glob("*.md")]
)
NOTEBOOKS = sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "docs").glob("*.ipynb")])
TEMPLATES = sorted(
    path
    for path in (ROOT / "lib" / "undercut" / "report").rglob("*")
    if path.suffix in (".j2", ".txt", ".js")
)
#: Another byte in it makes the stored panel be computed anew.
KEPT = "cleaning.py"
MODULES = sorted(path for path in (ROOT / "lib" / "undercut").rglob("*.py") if path.name != KEPT)
#: What stands in a sentence and is no word: a column, a module, an estimator.
INTERNAL = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")


def avoided() -> list[str]:
    """The words of the list in CONTRIBUTING.md."""
    table = (ROOT / "CONTRIBUTING.md").read_text().split("| not | but |")[1].split("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    return [word.strip() for row in rows for word in row.split(",")]


def found_in(text: str) -> list[str]:
    """Words of the list in a text, as whole words."""
    return [
        word for word in avoided() if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)
    ]


def prose_of(path: Path) -> Iterator[str]:
    """What a reader reads of a file: cells of text, or the strings of a module."""
    if path.suffix == ".ipynb":
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "markdown":
                yield "".join(cell["source"])
    elif path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    else:  # what reports computed is tested where they compute it
        yield re.sub(rf"{BEGIN}.*?{END}", "", path.read_text(), flags=re.DOTALL)


def test_the_list_is_read() -> None:
    assert len(avoided()) > 15 and "dearer" in avoided()
    assert found_in("It is dearer, and utilised.") == ["dearer"]
    assert found_in("Prior to that, whilst") == ["prior to", "whilst"]


@pytest.mark.parametrize("path", [*DOCS, *NOTEBOOKS, *TEMPLATES, *MODULES], ids=lambda path: path.name)
def test_no_word_that_the_list_avoids(path: Path) -> None:
    found = [(word, text[:80]) for text in prose_of(path) for word in found_in(text)]
    assert not found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_speak_of_no_internal_name_outside_code(path: Path) -> None:
    for text in prose_of(path):
        plain = re.sub(
            r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|docs/\S+|data/\S+|reports/\S+|notebooks/\S+|^    .*$",
            "",
            text,
            flags=re.M,
        )
        assert not INTERNAL.findall(plain), plain[:200]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_numbers_in_prose_have_a_true_minus(path: Path) -> None:
    for text in prose_of(path):
        plain = re.sub(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|^    .*$", "", text, flags=re.M)
        assert not re.findall(r"(?<![\w–-])-\d", plain), plain[:200]
