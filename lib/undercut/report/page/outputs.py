"""How does each output of a cell become HTML? Text, tables, formulas, and figures in their frame."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from undercut.report.findings.contract import FIGURE_KEY, FOLD_KEY
from undercut.report.findings.pictures import cropped, follow_page_colors
from undercut.report.page import html
from undercut.report.page.notebook import text_of

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
    """

    figures: Mapping[str, dict[str, Any]]
    warn: Callable[[str], None]

    def of(self, cell: dict[str, Any]) -> Iterator[tuple[str, bool]]:
        """HTML of each output of a code cell of an executed notebook, and whether it folds away."""
        for output in cell["outputs"]:
            if shown := self._output(output):
                yield shown, bool(output.get("metadata", {}).get(FOLD_KEY))

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
        """A figure; where `report.figure` made it, the page writes its headline and source as text."""
        alt = metadata.get(mime, {}).get("alt") or metadata.get("alt") or ""
        if not alt:
            self.warn("A figure has no alternative text: show figures with report.figure(..., alt=...).")
        about = metadata.get(FIGURE_KEY, {})
        entry = self.figures.get(about.get("name", ""), {})
        image, on_page = _image(mime, content, alt or NO_ALT, about)
        notes = [escape(about["source"])] if on_page and about["source"] else []
        if entry:
            files = (
                ("data (CSV)", entry["data"]),
                (f"image ({entry['image'][-3:].upper()})", entry["image"]),
            )
            links = [f'<a href="{escape(path)}" download>{text}</a>' for text, path in files if path]
            notes.append('<span class="screen">Download ' + " · ".join(links) + "</span>")
        above = ""
        if on_page:
            above = f'<p class="figure-title">{escape(about["finding"])}</p>'
            above += f'<p class="figure-measure">{escape(about["measure"])}</p>' if about["measure"] else ""
        below = f"<figcaption>{'<br>'.join(notes)}</figcaption>" if notes else ""
        return f"<figure>{above}{image}{below}</figure>"


def _image(mime: str, content: str, alt: str, about: Mapping[str, Any]) -> tuple[str, bool]:
    """The image itself, and whether its headline was cut off for the page to write."""
    headline_on_page = follows_page = False
    if mime == "image/svg+xml":
        if headline_on_page := bool(about.get("finding")):
            content = cropped(content, about["top"], about["bottom"])
        adapted = follow_page_colors(content)
        follows_page = adapted != content
        content = b64encode(adapted.encode()).decode()
    box = "scroll" if follows_page else "scroll paper"
    source = f"data:{mime};base64," + re.sub(r"\s", "", content)
    image = f'<img src="{source}" alt="{escape(alt)}">'
    return (
        f'<div class="{box}" tabindex="0" role="region" aria-label="Figure">{image}</div>',
        headline_on_page,
    )


def _text(text: str, role: str) -> str:
    return f'<pre class="{role}" tabindex="0">{html.plain(text)}</pre>' if text.strip() else ""
