"""What does a reader see first? Three answers, three charts, the claims, what changed, where to go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from undercut.report.findings import sentences
from undercut.report.page.figures import figure_html

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
