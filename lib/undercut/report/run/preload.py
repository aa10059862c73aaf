"""Which libraries will the notebooks need? Read from their text, so that they can be loaded ahead, once."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]
_STATEMENT = re.compile(
    r"^\s*(?:from\s+([\w.]+)\s+import\s+\(?\s*([\w ,]*)|import\s+([\w., ]+))", re.MULTILINE
)


def libraries_of(notebooks: Iterable[Path]) -> list[str]:
    """Modules that the notebooks import, themselves or through this package (whose own are left out).

    A guess: a name that is no module, such as ``pandas.DataFrame``, is among them.
    """
    waiting = [source for notebook in notebooks for source in _sources(notebook)]
    wanted: set[str] = set()
    read: set[Path] = set()
    while waiting:
        for name in _imported(waiting.pop()):
            wanted.add(name)
            for file in _files_of(name):
                if file not in read:
                    read.add(file)
                    waiting.append(file.read_text(encoding="utf-8"))
    return sorted(name for name in wanted if name.partition(".")[0] != _PACKAGE.name)


def _sources(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def _imported(source: str) -> Iterator[str]:
    for start, members, whole in _STATEMENT.findall(source):
        names = [name.split(" as ")[0].strip() for name in (members or whole).split(",")]
        yield from (name for name in names if name and not start)
        if start:
            yield start
            yield from (f"{start}.{name}" for name in names if name)


def _files_of(name: str) -> list[Path]:
    """Source files of a module of this package; none for any other."""
    if name.partition(".")[0] != _PACKAGE.name:
        return []
    place = _PACKAGE.parent / name.replace(".", os.sep)
    return [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]
