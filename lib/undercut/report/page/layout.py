"""How does a page say what a notebook showed? Outputs as HTML; lead figure, sections, folds, code apart."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import count, groupby, zip_longest
from typing import Any, NamedTuple

from undercut.errors import DataError
from undercut.report.findings.contract import ANSWER_KEY, FIGURE_KEY, FOLD_KEY
from undercut.report.page import html
from undercut.report.page.figures import figure_html
from undercut.report.page.files import checked_base64, clean_svg
from undercut.report.page.notebook import is_parameters_cell, text_of

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


_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
_OF_THE_PAGE = ("main", "warnings", "parameters", "data", "citation", "bibtex", "show-code", "tip")
#: A section whose heading begins like this folds away as a whole.
FOLDED_SECTION = "How we know"
#: Tag of a cell of text that folds away, with all of its section where it holds the heading.
FOLD_TAG = "fold"
#: Tag of a cell for those who run the notebook: the page shows its text or outputs with the code.
TRY_TAG = "try"


class Part(NamedTuple):
    """A piece of the page: its HTML, whether it is detail, and the figure that it is."""

    html: str
    folds: bool = False
    figure: str = ""
    is_code: bool = False


class Layout:
    """The notebook's cells as the page shows them.

    Parameters
    ----------
    notebook : mapping
        Executed.
    outputs : Outputs
    lead : str
        Name of the figure that opens the page; it is taken out of its place.
    taken : iterable of str
        Ids that the page itself uses.

    Attributes
    ----------
    lead, body : str
        HTML.
    sections : list of (id, title)
    """

    def __init__(
        self, notebook: Mapping[str, Any], outputs: Outputs, lead: str = "", taken: Iterable[str] = ()
    ) -> None:
        self.sections: list[tuple[str, str]] = []
        self._taken = {*taken, *_OF_THE_PAGE}
        self._level = 1
        self._title_seen = False
        parts = [part for cell in notebook["cells"] for part in self._parts(cell, outputs) if part.html]
        self.lead = next((part.html for part in parts if lead and part.figure == lead), "")
        kept = [part for part in parts if not (lead and part.figure == lead)]
        self.body = _numbered_regions("\n".join(_section(*run) for run in _sections(kept)))

    def _parts(self, cell: Mapping[str, Any], outputs: Outputs) -> Iterable[Part]:
        source, tags = text_of(cell["source"]), cell.get("metadata", {}).get("tags", ())
        if cell["cell_type"] == "markdown":
            shown = [Part(_HEADING.sub(self._heading, html.markdown(source)), FOLD_TAG in tags)]
        elif cell["cell_type"] == "code":
            shown = [Part(*output) for output in outputs.of(dict(cell))]
            yield Part(_code(source, is_parameters=is_parameters_cell(dict(cell))), is_code=True)
        else:
            return
        for part in shown:
            yield part._replace(html=f'<div class="code">{part.html}</div>') if TRY_TAG in tags else part

    def _heading(self, found: re.Match[str]) -> str:
        """Ids and levels without gaps; the notebook's own title is the page's already."""
        wanted, inner = int(found.group(1)), found.group(2)
        if wanted == 1 and not self._title_seen:
            self._title_seen = True
            return ""
        self._level = min(max(2, wanted), self._level + 1)
        text = re.sub(r"<[^>]*>", "", inner)
        name = html.slug(text, self._taken)
        if self._level == 2:
            self.sections.append((name, text))
        return f'<h{self._level} id="{name}">{inner}</h{self._level}>'


def _sections(parts: list[Part]) -> Iterable[tuple[str, list[Part], bool]]:
    """Parts by section, each with its heading's HTML, and whether it folds; the first may have no heading."""
    heading, folds = "", False
    run: list[Part] = []
    for part in parts:
        before, found, after = part.html.partition("<h2 ")
        if not found or part.is_code:
            run.append(part)
            continue
        # A cell of text may hold several headings; each begins a section.
        run += [Part(before, part.folds)] if before.strip() else []
        for piece in after.split("<h2 "):
            yield heading, run, folds
            title, _, rest = piece.partition("</h2>")
            heading, run = f"<h2 {title}</h2>", [Part(rest)] if rest.strip() else []
            folds = part.folds or re.sub(r"<[^>]*>", "", heading).startswith(FOLDED_SECTION)
    yield heading, run, folds


def _section(heading: str, parts: list[Part], folds: bool) -> str:
    if not heading and not parts:
        return ""
    if folds:
        inside = "\n".join(part.html for part in parts)
        fold = f'<details class="fold whole"><summary>{heading}</summary>\n{inside}\n</details>'
        return f"<section>{fold}</section>"
    runs = []
    for folds, run in groupby(_with_code(parts), key=lambda part: part.folds):
        inside = "\n".join(part.html for part in run)
        runs.append(f"{_fold(inside)}\n{inside}\n</details>" if folds else inside)
    return f"<section>\n{heading}\n" + "\n".join(runs) + "\n</section>"


def _with_code(parts: list[Part]) -> Iterable[Part]:
    """Code folds with its outputs where all of them fold."""
    for part, following in zip_longest(parts, parts[1:]):
        yield part._replace(folds=bool(following and following.folds)) if part.is_code else part


def _fold(inside: str) -> str:
    """Around detail that a reader may ask for, with what is in it."""
    titles = re.findall(r'class="(?:undercut-title|figure-title)"[^>]*>(.*?)</', inside)
    about = f": {titles[0]}" if titles else ""
    more = f" <span>and {len(titles) - 1} more</span>" if len(titles) > 1 else ""
    return f'<details class="fold"><summary>{FOLDED_SECTION}{about}{more}</summary>'


def _numbered_regions(body: str) -> str:
    """Tables that scroll get names of their own, as screen readers list them."""
    numbers = count(1)
    return re.sub(r'aria-label="Table"', lambda _: f'aria-label="Table {next(numbers)}"', body)


def _code(source: str, *, is_parameters: bool) -> str:
    """A cell's code, out of sight until the page's switch shows it."""
    if not source.strip():
        return ""
    label = "Parameters" if is_parameters else "Code"
    shown = html.highlighted(source.strip())
    return f'<pre class="code" tabindex="0" aria-label="{label}"><code>{shown.rstrip()}</code></pre>'
