"""What does a reader see first, and can search? Answers, charts, claims; every section, model and seller."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any, Final

from undercut.report.findings import sentences
from undercut.report.page.figures import figure_html

#: Place of the explorer in the site.
EXPLORER = "explore.html"
#: The look of a verdict's badge.
VERDICTS = {
    "supported": "real",
    "contradicted": "failed",
    "not settled": "sample",
    "mixed": "sample",
    "not testable": "simulated",
}


def front_section(
    about: Mapping[str, Any], published: Sequence[Mapping[str, Any]], questions: Mapping[str, str], site: Path
) -> dict[str, Any]:
    """What the front page shows of the report ``about`` and of those that answer its questions.

    Parameters
    ----------
    about : mapping
        What is published of the report: content of results.json, and its ``folder``.
    published : sequence of mapping
        The same of every report; a claim links to their findings.
    questions : mapping
        A word for each question, and the report that answers it.
    site : Path
        Where the drawings lie.
    """
    made = {other["name"]: other for other in published if other.get("figures") is not None}
    labels = {
        (other["folder"], finding["key"]): finding["label"]
        for other in published
        for finding in other["findings"]
    }
    claims = [_claim(claim, labels, made) for claim in about.get("claims", [])]
    counts = Counter(claim["verdict"] for claim in claims)
    news = next((finding for finding in about["findings"] if finding["key"] == "news"), None)
    return {
        "questions": [_question(word, made[name], site) for word, name in questions.items() if name in made],
        "claims": claims,
        "counts": ", ".join(f"{count} {verdict}" for verdict, count in counts.items()),
        "news": None if news is None else sentences.number(news["value"], "", decimals=0),
    }


def _question(word: str, made: Mapping[str, Any], site: Path) -> dict[str, Any]:
    """The answer of a report, and the drawing of its first figure that fits a column."""
    about = {"word": word, "folder": made["folder"], "title": made["title"], "answer": made["answer"]}
    figures = sorted(made["figures"], key=lambda figure: not figure.get("leads"))
    if not figures:
        return about | {"figure": "", "link": f"{made['folder']}/index.html"}
    lead = figures[0]
    if lead.get("narrow"):
        lead = lead | {"image": lead["narrow"], "narrow": "", "crop": (0, 0)}
    folder = site / made["folder"]
    # Names of figures repeat between reports, ids in one page must not.
    drawn = figure_html(lead, lambda path: (folder / path).read_text("utf-8"), base=f"{made['folder']}/")
    drawn = drawn.replace(f'id="fig-{lead["name"]}"', f'id="fig-{word.lower().strip(".")}"', 1)
    return about | {"figure": drawn, "link": f"{made['folder']}/index.html#fig-{lead['name']}"}


def _claim(
    claim: Mapping[str, Any], labels: Mapping[tuple[str, str], str], made: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """A claim with links to the findings that decide it; one that is not published has no link."""
    findings = []
    for part in claim["findings"]:
        label = labels.get((part["report"], part["key"]))
        link = f"{part['report']}/index.html#finding-{part['key']}" if label else ""
        findings.append({"link": link, "label": label or f"{part['report']}: {part['key']} (not published)"})
    first = next((made[part["report"]] for part in claim["findings"] if part["report"] in made), None)
    figures = sorted(first["figures"], key=lambda one: not one.get("leads")) if first else []
    figure = f"{first['folder']}/index.html#fig-{figures[0]['name']}" if first and figures else ""
    kind = VERDICTS.get(claim["verdict"], "")
    # The badge says the verdict already.
    said = claim.get("sentence", "").removeprefix(f"{claim['verdict'].capitalize()}: ")
    return {
        **claim,
        "sentence": said[:1].upper() + said[1:],
        "kind": kind,
        "findings": findings,
        "figure": figure,
    }


_UNSAID: Final = re.compile(r"<(script|style|svg|pre|button|nav)\b.*?</\1>", re.DOTALL)
_SECTION: Final = re.compile(r'<h2[^>]*\bid="([^"]+)"[^>]*>(.*?)</h2>', re.DOTALL)
_DATA: Final = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def search_data(site: Path, published: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the front page's search looks through.

    Parameters
    ----------
    site : Path
        Folder of the published reports and of the explorer.
    published : iterable of mapping
        ``folder`` and ``title`` of the reports to search.

    Returns
    -------
    dict
        ``reports`` (folder, title), ``sections`` (number of the report, anchor, heading, text), ``models``
        (id, name, developer), the newest first, and ``sellers`` (id, name).
    """
    reports = [(about["folder"], about["title"]) for about in published]
    sections = [
        [number, *section]
        for number, (folder, _) in enumerate(reports)
        if (site / folder / "index.html").is_file()
        for section in sections_of((site / folder / "index.html").read_text("utf-8"))
    ]
    held = _DATA.search((site / EXPLORER).read_text("utf-8")) if (site / EXPLORER).is_file() else None
    data = json.loads(held.group(1)) if held else {"models": [], "hosts": [], "developers": []}
    newest = sorted(data["models"], key=lambda row: -row[4])
    return {
        "reports": reports,
        "sections": sections,
        "models": [[row[0], row[1] or row[0], data["developers"][row[2]]] for row in newest],
        "sellers": [row[:2] for row in data["hosts"]],
    }


def sections_of(page: str) -> list[tuple[str, str, str]]:
    """Anchor, heading and text of each section of a page; what stands before the first has no anchor.

    Examples
    --------
    >>> sections_of('<main><p>Short.</p><h2 id="a">One</h2><p>Kimi &amp; GLM</p></main>')
    [('', '', 'Short.'), ('a', 'One', 'Kimi & GLM')]
    """
    body = page.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    first, *rest = _SECTION.split(_UNSAID.sub(" ", body))
    found = [("", "", _text(first))]
    found += [
        (anchor, _text(title), _text(text)) for anchor, title, text in zip(*[iter(rest)] * 3, strict=True)
    ]
    return [section for section in found if section[2]]


def _text(fragment: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", fragment)).split())
