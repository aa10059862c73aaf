"""What does a reader see first, and can search? Answers, charts, claims, every report, section and model."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any, Final

from undercut.errors import DataError
from undercut.report.catalogue.catalogue import PAGES
from undercut.report.catalogue.entries import Settings
from undercut.report.findings import sentences
from undercut.report.findings.contract import RESULTS_FILE, read_results, write_atomically
from undercut.report.page.figures import figure_html
from undercut.report.page.render import BADGES, page_script, page_style, part, script_hash, template
from undercut.report.site.history import write_history
from undercut.report.site.publish import failure_of, published_folders
from undercut.strict_json import dumps

#: Folder of the site with the reference of the library's functions, which `make docs` writes.
REFERENCE = "api"


def write_site(site: Path, order: Sequence[str] = (), settings: Settings | None = None) -> None:
    """Write index.html and reports.json of the folder ``site`` from what is published in it.

    Parameters
    ----------
    site : Path
        Folder of published reports.
    order : sequence of str
        Report names in the order wanted; others follow by name.
    settings : Settings, optional
        Of the site; the report that it calls ``front`` opens the page.

    A published results.json that is damaged is said and left out; the next build builds its report again.
    """
    settings = settings or Settings()
    published = list(filter(None, (_published(path, site) for path in published_folders(site))))
    rank = {name: position for position, name in enumerate(order)}
    published.sort(key=lambda entry: (rank.get(entry["name"], len(rank)), entry["folder"]))
    write_history(site, [about["folder"] for about in published], settings)
    shown = [about for about in published if about["name"] not in settings.drafts]
    front = next((about for about in shown if about["folder"] == settings.front), None)
    section = {} if front is None else front_section(front, shown, settings.questions, site)
    script = f"{page_script()}\n{part('search.js')}"
    places = _places(shown, site)
    ways = {who: [places[name] for name in told if name in places] for who, told in settings.ways.items()}
    split = {question: place.partition("#") for question, place in settings.asked.items()}
    asked = [(text, places[to][1] + mark + at) for text, (to, mark, at) in split.items() if to in places]
    found = dumps(search_data(site, shown) | {"asked": asked}, ensure_ascii=False, separators=(",", ":"))
    page = template("site.html.j2").render(
        front=None if front is None else _entry(front) | section,
        told=[question["folder"] for question in section.get("questions", [])],
        ways=ways,
        asked=asked,
        entries=[_entry(about) for about in shown if about is not front],
        reference=(site / REFERENCE / "index.html").is_file(),
        explorer=EXPLORER if (site / EXPLORER).is_file() else "",
        # A tag inside the data would end the element that holds them.
        search=found.replace("<", "\\u003c"),
        day=sentences.day_text,
        style=page_style(),
        script=script,
        script_hash=script_hash(script),
    )
    write_atomically(site / "index.html", page.strip() + "\n")
    summary = [{key: about[key] for key in _SUMMARY} for about in shown]
    write_atomically(site / "reports.json", dumps(summary, indent=2, ensure_ascii=False) + "\n")


def _places(shown: Sequence[Mapping[str, Any]], site: Path) -> dict[str, tuple[str, str]]:
    """Title and address of each report and page that has been built, by its name in the catalogue."""
    found = {about["name"]: (about["title"], f"{about['folder']}/index.html") for about in reversed(shown)}
    return found | {page: (text, page) for page, text in PAGES.items() if (site / page).is_file()}


_SUMMARY = (
    "folder", "report", "title", "answer", "as_of", "built_at", "data_kind", "parameters", "status",
    "failed_at",
)  # fmt: skip


def _published(folder: Path, site: Path) -> dict[str, Any] | None:
    """What a published folder says about its report; results are those of the last good version.

    None where they, or the news of a failure, are damaged.
    """
    place = folder.relative_to(site).as_posix()
    failure = failure_of(folder)
    results: dict[str, Any] = {"answer": "", "as_of": None, "built_at": None, "data_kind": None}
    results |= {"findings": [], "warnings": []}
    try:
        if not failure or (folder / RESULTS_FILE).is_file():
            results = read_results(folder / RESULTS_FILE)
    except DataError as error:
        warnings.warn(f"{place} is left out of the front page: {error}", stacklevel=3)
        return None
    about = failure | results
    state = {"status": "failed" if failure else "built", "failed_at": failure.get("failed_at")}
    return about | state | {"folder": place, "name": about["report"], "is_variant": "/" in place}


def _entry(about: Mapping[str, Any]) -> dict[str, Any]:
    """What the front page says of one report."""
    kind, built_at = about["data_kind"], about["built_at"]
    values = {name: value for name, value in about["parameters"].items() if about["is_variant"]}
    return {
        "folder": about["folder"],
        "title": about["title"],
        "answer": about["answer"],
        "kind": kind or "failed",
        "badge": BADGES.get(kind, ""),
        "as_of": about["as_of"],
        "built": built_at[:10] if built_at else "",
        "age": data_age(about["as_of"], built_at) if built_at else "",
        "failed": (about["failed_at"] or "")[:10],
        "given": ", ".join(f"{name} = {_shown(value)}" for name, value in values.items()),
    }


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "not set" if value is None else str(value)


def data_age(as_of: str | None, built_at: str) -> str:
    """How old the data were when the report was built.

    Examples
    --------
    >>> data_age("2026-11-01", "2026-11-23T08:00:00Z")
    'data 22 days old when built'
    """
    if as_of is None:
        return ""
    days = (date.fromisoformat(built_at[:10]) - date.fromisoformat(as_of)).days
    if days <= 0:
        return "data of the day it was built"
    return f"data {days:,} day{'s' if days != 1 else ''} old when built"


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
    labels = {(of["folder"], told["key"]): told["label"] for of in published for told in of["findings"]}
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
    for told in claim["findings"]:
        report, key = told["report"], told["key"]
        label = labels.get((report, key))
        link = f"{report}/index.html#finding-{key}" if label else ""
        findings.append({"link": link, "label": label or f"{report}: {key} (not published)"})
    first = next((made[told["report"]] for told in claim["findings"] if told["report"] in made), None)
    figures = sorted(first["figures"], key=lambda one: not one.get("leads")) if first else []
    figure = f"{first['folder']}/index.html#fig-{figures[0]['name']}" if first and figures else ""
    kind = VERDICTS.get(claim["verdict"], "")
    # The badge says the verdict already.
    said = claim.get("sentence", "").removeprefix(f"{claim['verdict'].capitalize()}: ")
    about = {"sentence": said[:1].upper() + said[1:], "kind": kind, "findings": findings, "figure": figure}
    return {**claim, **about}


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
