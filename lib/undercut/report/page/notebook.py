"""What of an executed notebook is worth keeping? Drops what differs from run to run and is no result."""

from __future__ import annotations

import copy
import re
from typing import Any

#: Warnings of libraries about their own future, which say nothing about the result.
SILENCED_WARNINGS = ("Pandas4Warning",)

_WARNING = re.compile(r"^\S.*?:\d+: (\w+): .*$")
_RENEWED = re.compile(r"[^\n]*\r(?=[^\n\r])")  # what a terminal writes over, such as a bar of progress
_CELL_FILE = re.compile(r"\S*ipykernel_\d+/\d+\.py:")
_PLACES = re.compile(r"^/\S*/(?:site-packages|lib/python3\.\d+)/", re.MULTILINE)
_PARAMETER_TAGS = {"parameters", "injected-parameters"}
_DATED_TEXT = re.compile(r"^(Date|Time):( +)(\S.*?\d)(?=   |$)", re.MULTILINE)
_DATED_LATEX = re.compile(r"(\\textbf\{(?:Date|Time):\}\s*&)[^&]*&")
_DATED_HTML = re.compile(r"<th>(?:Date|Time):</th>\s*<td>[^<]*</td>")


def published_notebook(executed: dict[str, Any]) -> dict[str, Any]:
    """A copy of an executed notebook without timings, random ids, dates of printing and silenced warnings.

    Two builds from the same inputs give the same copy.
    """
    notebook = copy.deepcopy(executed)
    notebook["metadata"].pop("papermill", None)
    for position, cell in enumerate(notebook["cells"]):
        metadata = cell.get("metadata", {})
        metadata.pop("papermill", None)
        metadata.pop("execution", None)
        if "injected-parameters" in metadata.get("tags", ()) and "id" in cell:
            cell["id"] = f"injected-{position}"
        if cell["cell_type"] == "code":
            kept = (_published_output(output) for output in _joined(cell["outputs"]))
            cell["outputs"] = [output for output in kept if output is not None]
    return notebook


def is_parameters_cell(cell: dict[str, Any]) -> bool:
    """Whether the cell holds the notebook's parameters or those that a build passed."""
    return not _PARAMETER_TAGS.isdisjoint(cell.get("metadata", {}).get("tags", ()))


def text_of(content: str | list[str]) -> str:
    """Text that a notebook stores whole or line by line."""
    return content if isinstance(content, str) else "".join(content)


def without_silenced(stderr: str) -> str:
    """Standard error without the warnings named in SILENCED_WARNINGS; every other one is kept.

    Examples
    --------
    >>> without_silenced("a.py:3: Pandas4Warning: will change\\n  f()\\nb.py:4: UserWarning: look\\n")
    'b.py:4: UserWarning: look\\n'
    """
    kept, inside = [], False
    for line in stderr.splitlines(keepends=True):
        if found := _WARNING.match(line.rstrip("\n")):
            inside = found.group(1) in SILENCED_WARNINGS
        elif not line.startswith("  "):
            inside = False
        if not inside:
            kept.append(line)
    return "".join(kept)


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Outputs with each stream whole; into how many pieces a kernel cuts it is a matter of timing."""
    joined: list[dict[str, Any]] = []
    streams: dict[str, dict[str, Any]] = {}
    for output in outputs:
        if output["output_type"] != "stream":
            streams.clear()
        elif output["name"] in streams:
            streams[output["name"]]["text"] += text_of(output["text"])
            continue
        else:
            output["text"] = text_of(output["text"])
            streams[output["name"]] = output
        joined.append(output)
    return joined


def _published_output(output: dict[str, Any]) -> dict[str, Any] | None:
    if output["output_type"] == "stream":
        text = text_of(output["text"])
        text = _RENEWED.sub("", text)
        if output["name"] == "stderr":
            text = _PLACES.sub("", _CELL_FILE.sub("cell:", without_silenced(text)))
        return output | {"text": text} if text.strip() else None
    if "data" in output:
        output["data"] = {mime: _undated(mime, content) for mime, content in output["data"].items()}
    return output


def _undated(mime: str, content: Any) -> Any:
    """Without the day and time of printing that statsmodels puts into its summary tables."""
    if mime == "text/plain":
        return _DATED_TEXT.sub(lambda found: " " * len(found.group(0)), text_of(content))
    if mime == "text/latex":
        return _DATED_LATEX.sub(r"\1 &", text_of(content))
    if mime == "text/html":
        return _DATED_HTML.sub("<td></td><td></td>", text_of(content))
    return content
