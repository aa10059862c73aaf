"""How does each output of a cell become HTML? Text, tables, formulas, and figures in their frame."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from undercut.errors import DataError
from undercut.report.findings.contract import ANSWER_KEY, FIGURE_KEY, FOLD_KEY
from undercut.report.page import html
from undercut.report.page.figures import figure_html
from undercut.report.page.notebook import text_of
from undercut.report.page.pictures import checked_base64, clean_svg

_PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif")
NO_ALT = "Figure without alternative text"


@dataclass(frozen=True, slots=True)
class Outputs:
    """Makes HTML of the outputs of a page's cells.

    Attributes
    ----------
    figures : mapping of str to dict
        The figures of results.json, by name.
    warn : callable
        Called with a sentence where something is missing that a reader needs.
    read : callable
        Gives the content of a file of the report.
    """

    figures: Mapping[str, dict[str, Any]]
    warn: Callable[[str], None]
    read: Callable[[str], str]

    def of(self, cell: dict[str, Any]) -> Iterator[tuple[str, bool, str]]:
        """HTML of each output of a code cell, whether it folds away, and the name of the figure that it is.

        The answer is left out: the page says it at its top.
        """
        for output in cell["outputs"]:
            about = output.get("metadata", {})
            if not about.get(ANSWER_KEY) and (shown := self._output(output)):
                yield shown, bool(about.get(FOLD_KEY)), about.get(FIGURE_KEY, {}).get("name", "")

    def _output(self, output: dict[str, Any]) -> str:
        kind = output["output_type"]
        if kind == "stream":
            return _text(text_of(output["text"]), "messages" if output["name"] == "stderr" else "printed")
        if kind == "error":
            return _text("\n".join(output["traceback"]), "messages")
        return self._rich(output["data"], output.get("metadata", {}))

    def _rich(self, data: dict[str, Any], metadata: dict[str, Any]) -> str:
        """The richest form that a page without scripts can show."""
        for mime in _PICTURES:
            if mime in data:
                return self._figure(mime, text_of(data[mime]), metadata)
        if "text/html" in data:
            return f'<div class="output">{html.sanitise(text_of(data["text/html"]))}</div>'
        if "text/markdown" in data:
            return html.markdown(text_of(data["text/markdown"]))
        if "text/latex" in data:
            source = re.sub(r"^\$+(\\displaystyle)?|\$+$", "", text_of(data["text/latex"]).strip())
            return html.formula(source, display=True)
        return _text(text_of(data.get("text/plain", "")), "printed")

    def _figure(self, mime: str, content: str, metadata: dict[str, Any]) -> str:
        """A figure of `report.figure` as part of the page; any other as a picture on white paper."""
        name = metadata.get(FIGURE_KEY, {}).get("name", "")
        entry = self.figures.get(name)
        if entry is not None and mime == "image/svg+xml":
            return figure_html(entry, lambda path: content if path == entry["image"] else self.read(path))
        alt = metadata.get(mime, {}).get("alt") or metadata.get("alt") or ""
        if not alt:
            self.warn("A figure has no alternative text: show figures with report.figure(..., alt=...).")
        try:
            if mime == "image/svg+xml":
                content = b64encode(clean_svg(content).encode()).decode()
            else:
                content = checked_base64(mime, content)
        except DataError as error:
            self.warn(f"A picture cannot be shown: {error}.")
            return _text(f"A picture that cannot be shown: {error}.", "messages")
        source = f"data:{mime};base64,{content}"
        return f'<figure class="paper"><img src="{source}" alt="{escape(alt or NO_ALT)}"></figure>'


def _text(text: str, role: str) -> str:
    return f'<pre class="{role}" tabindex="0">{html.plain(text)}</pre>' if text.strip() else ""
