"""Which reports are there to read? The site's front page, made from what is published."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from undercut.errors import DataError
from undercut.report.catalogue.catalogue import PAGES
from undercut.report.catalogue.entries import Settings
from undercut.report.findings.contract import RESULTS_FILE, read_results, write_atomically
from undercut.report.findings.sentences import day_text
from undercut.report.page.render import BADGES, page_script, page_style, part, script_hash, template
from undercut.report.site.front import EXPLORER, front_section, search_data
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
    asked = _asked(settings.asked, shown, site)
    found = dumps(search_data(site, shown) | {"asked": asked}, ensure_ascii=False, separators=(",", ":"))
    page = template("site.html.j2").render(
        front=None if front is None else _entry(front) | section,
        told=[question["folder"] for question in section.get("questions", [])],
        ways=_ways(settings.ways, shown, site),
        asked=asked,
        entries=[_entry(about) for about in shown if about is not front],
        reference=(site / REFERENCE / "index.html").is_file(),
        explorer=EXPLORER if (site / EXPLORER).is_file() else "",
        # A tag inside the data would end the element that holds them.
        search=found.replace("<", "\\u003c"),
        day=day_text,
        style=page_style(),
        script=script,
        script_hash=script_hash(script),
    )
    write_atomically(site / "index.html", page.strip() + "\n")
    summary = [{key: about[key] for key in _SUMMARY} for about in shown]
    write_atomically(site / "reports.json", dumps(summary, indent=2, ensure_ascii=False) + "\n")


def _ways(
    ways: Mapping[str, Sequence[str]], shown: Sequence[Mapping[str, Any]], site: Path
) -> dict[str, list[tuple[str, str]]]:
    """For each kind of reader text and address of what is for it, as far as it has been built."""
    titles = {about["name"]: (about["title"], f"{about['folder']}/index.html") for about in reversed(shown)}
    titles |= {page: (text, page) for page, text in PAGES.items() if (site / page).is_file()}
    return {reader: [titles[name] for name in names if name in titles] for reader, names in ways.items()}


def _asked(asked: Mapping[str, str], shown: Sequence[Mapping[str, Any]], site: Path) -> list[tuple[str, str]]:
    """Question and address of each answer that has been built."""
    pages = {about["name"]: f"{about['folder']}/index.html" for about in reversed(shown)}
    pages |= {page: page for page in PAGES if (site / page).is_file()}
    split = {question: place.partition("#") for question, place in asked.items()}
    return [
        (question, pages[name] + mark + at) for question, (name, mark, at) in split.items() if name in pages
    ]


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
