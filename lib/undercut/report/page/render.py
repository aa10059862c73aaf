"""How does an executed notebook become one HTML file that needs nothing else to be read?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from itertools import groupby
from operator import itemgetter
from typing import Any

from undercut.report.findings import sentences
from undercut.report.page import html
from undercut.report.page.notebook import is_parameters_cell, text_of
from undercut.report.page.outputs import Outputs

BADGES = {"real": "Real data", "sample": "Sample data", "simulated": "Simulated data"}
BANNERS = {
    "sample": "These numbers come from a small sample that shipped with the project.",
    "simulated": "These numbers come from simulated data and say nothing about the world.",
}
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
#: Findings above the notebook's text; the others stand below it.
LEADING_FINDINGS = 8
#: Around detail that a reader may ask for.
_FOLD = '<details class="fold"><summary>How we know</summary>'
_OWN_SECTIONS = (
    ("findings", "Findings"),
    ("further-findings", "Further findings"),
    ("reproduce", "How to reproduce"),
    ("data", "Data and provenance"),
)


def render_report(
    notebook: Mapping[str, Any],
    results: Mapping[str, Any],
    *,
    command: str,
    notebook_path: str,
    folder: str = "report",
) -> str:
    """The page of a report.

    Parameters
    ----------
    notebook : mapping
        Executed notebook, as `published_notebook` returns it.
    results : mapping
        Content of results.json.
    command : str
        What to type to build this page again.
    notebook_path : str
        The notebook's place in the project.
    folder : str
        The page's folder, relative to the site.

    Returns
    -------
    str
        One HTML file; the same for the same arguments.
    """
    warnings = list(results["warnings"])

    def warn(text: str) -> None:
        if text not in warnings:
            warnings.append(text)

    body, headings = _body(notebook, results, warn)
    return (
        template("page.html.j2")
        .render(
            results=results,
            findings=[_finding_row(finding) for finding in results["findings"]],
            leading=LEADING_FINDINGS,
            body=body,
            headings=headings,
            warnings=warnings,
            badge=BADGES[results["data_kind"]],
            banner=BANNERS.get(results["data_kind"], ""),
            command=command,
            notebook_path=notebook_path,
            style=page_style(),
            up=_way_up(folder),
            history=f"{_way_up(folder)}history/{folder}/index.html",
        )
        .strip()
        + "\n"
    )


def render_failure(failure: Mapping[str, Any], *, command: str, folder: str) -> str:
    """The page of a report that failed: when, in which cell, and the way to the last good version.

    Parameters
    ----------
    failure : mapping
        Content of failure.json.
    command, folder : str
        As for `render_report`.
    """
    page = template("failed.html.j2").render(
        failure=failure,
        reason=re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", failure["reason"]),
        command=command,
        style=page_style(),
        up=_way_up(folder),
    )
    return str(page).strip() + "\n"


def _way_up(folder: str) -> str:
    """From a page in ``folder`` to the site's own folder."""
    return "../" * (folder.count("/") + 1)


def page_style() -> str:
    """The style sheet that all pages share."""
    return (resources.files(__package__) / "templates" / "style.css").read_text("utf-8").strip()


def _body(
    notebook: Mapping[str, Any], results: Mapping[str, Any], warn: Callable[[str], None]
) -> tuple[str, list[tuple[str, str]]]:
    """HTML of the notebook's cells, and (id, title) of its sections."""
    outputs = Outputs({figure["name"]: figure for figure in results["figures"]}, warn)
    outline = _Outline()
    parts: list[tuple[str, bool]] = []  # HTML, and whether it folds away
    for cell in notebook["cells"]:
        source = text_of(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append((outline.number(html.markdown(source)), False))
        elif cell["cell_type"] == "code":
            shown = list(outputs.of(cell))
            folds = bool(shown) and all(fold for _, fold in shown)
            parts += [(_code(source, is_parameters=is_parameters_cell(cell)), folds), *shown]
    return _numbered_regions(_folded(parts)), outline.sections


def _folded(parts: list[tuple[str, bool]]) -> str:
    """The parts one below the other; neighbours that fold share one fold."""
    runs = []
    for folds, run in groupby((part for part in parts if part[0]), key=itemgetter(1)):
        inside = "\n".join(part for part, _ in run)
        runs.append(f"{_FOLD}\n{inside}\n</details>" if folds else inside)
    return "\n".join(runs)


def _numbered_regions(body: str) -> str:
    """Tables and figures that scroll get names of their own, as screen readers list them."""
    counts: Counter[str] = Counter()

    def named(found: re.Match[str]) -> str:
        counts[found.group(1)] += 1
        return f'aria-label="{found.group(1)} {counts[found.group(1)]}"'

    return re.sub(r'aria-label="(Table|Figure)"', named, body)


class _Outline:
    """Gives headings ids and levels without gaps, and collects the sections for the contents list."""

    def __init__(self) -> None:
        self.sections: list[tuple[str, str]] = []
        self._taken = {name for name, _ in _OWN_SECTIONS} | {"main", "warnings", "downloads", "parameters"}
        self._level = 1
        self._title_seen = False

    def number(self, fragment: str) -> str:
        """``fragment`` with its headings numbered; the notebook's own title is the page's already."""
        return _HEADING.sub(self._heading, fragment)

    def _heading(self, found: re.Match[str]) -> str:
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


def _code(source: str, *, is_parameters: bool) -> str:
    if not source.strip():
        return ""
    label = "Parameters" if is_parameters else "Code"
    lines = f"{source.strip().count(chr(10)) + 1} lines" if "\n" in source.strip() else "1 line"
    shown = html.highlighted(source.strip())
    return (
        f'<details class="code"><summary>{label} <span>({lines})</span></summary>'
        f'<pre tabindex="0"><code>{shown.rstrip()}</code></pre></details>'
    )


def _finding_row(finding: Mapping[str, Any]) -> dict[str, Any]:
    """A finding as the table shows it."""
    content = dict(finding)
    decimals = sentences.decimals_of(content)
    shown, words = sentences.split(content["value"], content["unit"], decimals=decimals)
    return content | {
        "shown": shown,
        "words": words,
        "interval": sentences.interval(content),
        "percent": "" if content["level"] is None else f"{content['level'] * 100:.3g}%",
    }


@cache
def template(name: str) -> Any:
    """A page's template; everything put into it is escaped unless marked safe there."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("undercut.report.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
