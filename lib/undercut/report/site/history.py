"""What changed from build to build? A page for each report, and a feed for all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from undercut.report.catalogue.entries import Settings
from undercut.report.findings.contract import write_atomically
from undercut.report.findings.sentences import interval, number
from undercut.report.page.render import page_style, template
from undercut.report.site.compare import NEWS, WORDS, Move, moves, read_plain, turns
from undercut.report.site.record import FAILURE_FILE, HISTORY, builds_of, stamp_of

_ATOM = "http://www.w3.org/2005/Atom"
_LONGEST_FEED = 50


def write_history(site: Path, folders: Sequence[str], settings: Settings) -> None:
    """Write history/<folder>/index.html for every published report, and feed.xml.

    Parameters
    ----------
    site : Path
    folders : sequence of str
        Published folders, relative to the site.
    settings : Settings
        Its address makes the feed's links whole.
    """
    entries: list[dict[str, str]] = []
    for folder in folders:
        builds = [_build(path, site) for path in builds_of(site, folder)]
        for older, newer in pairwise(builds):
            newer["moves"] = moves(older["results"], newer["results"])
            newer["turns"] = [turn.sentence for turn in turns(older["results"], newer["results"])]
        failure = _failure(site / folder)
        up = "../" * (folder.count("/") + 2)
        page = template("history.html.j2").render(
            title=builds[-1]["results"]["title"] if builds else failure.get("title", folder),
            builds=[_shown(build, up) for build in reversed(builds)],
            failure=failure,
            current=f"{up}{folder}/index.html",
            up=up,
            style=page_style(),
        )
        write_atomically(site / HISTORY / folder / "index.html", page.strip() + "\n")
        is_whole = len(builds) <= settings.keep_builds  # else the earliest kept build is not the first
        entries += _news(folder, builds if is_whole else builds[1:], failure)
    write_atomically(site / "feed.xml", feed(entries, settings.address))


def _build(path: Path, site: Path) -> dict[str, Any]:
    results = read_plain(path)
    place = path.relative_to(site).as_posix()
    return {"results": results, "stamp": stamp_of(path), "place": place, "moves": None, "turns": []}


def _failure(folder: Path) -> dict[str, Any]:
    path = folder / FAILURE_FILE
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content


def _shown(build: dict[str, Any], up: str) -> dict[str, Any]:
    """A build as the page lists it: what moved, most remarkable first."""
    found: list[Move] | None = build["moves"]
    moved = [move for move in found or [] if move.verdict != "unchanged"]
    moved.sort(key=lambda move: move.verdict not in NEWS)
    results = build["results"]
    return {
        "stamp": build["stamp"],
        "built_at": results["built_at"],
        "as_of": results["as_of"],
        "commit": (results["git_commit"] or "")[:12],
        "link": f"{up}{build['place']}/index.html",
        "is_first": found is None,
        "findings": len(results["findings"]),
        "moved": [_row(move) for move in moved],
        "turns": build["turns"],
    }


def _row(move: Move) -> dict[str, str]:
    unit = move.unit
    claimed = {"unit": unit, "ci_low": move.ci_low, "ci_high": move.ci_high, "level": 0.95}
    change = "" if move.change is None else number(move.change, unit)
    return {
        "label": move.label,
        "before": number(move.before, unit),
        "after": number(move.after, unit),
        "change": f"+{change}" if move.change is not None and move.change > 0 else change,
        "interval": interval(claimed),
        "verdict": WORDS[move.verdict],
        "kind": "news" if move.verdict in NEWS else "quiet",
    }


def _news(folder: str, builds: Sequence[dict[str, Any]], failure: dict[str, Any]) -> list[dict[str, str]]:
    """What of a report's history belongs into the feed."""
    entries = []
    for build in builds:
        results = build["results"]
        if build["moves"] is None:
            heading, lines = "first build", [results["answer"]] if results["answer"] else []
        else:
            moved = [move.sentence for move in build["moves"] if move.verdict in NEWS]
            heading = f"{len(moved)} finding{'s' if len(moved) != 1 else ''} moved"
            if count := len(build["turns"]):
                heading += f", {count} verdict{'s' if count != 1 else ''} changed"
            lines = [*build["turns"], *moved]
        if lines or build["moves"] is None:
            entries.append(_entry(folder, results["title"], heading, results["built_at"], lines))
    if failure:
        cell = f" in cell {failure['cell']}" if failure.get("cell") else ""
        lines = [str(failure["reason"])[:500]]
        entries.append(_entry(folder, failure["title"], f"build failed{cell}", failure["failed_at"], lines))
    return entries


def _entry(folder: str, title: str, heading: str, moment: str, lines: Sequence[str]) -> dict[str, str]:
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"undercut:{folder}:{moment}:{heading}")
    return {
        "id": identity.urn,
        "title": f"{title} {heading}",
        "updated": moment,
        "link": f"{HISTORY}/{folder}/index.html",
        "content": "\n".join(lines) or heading,
    }


def feed(entries: Sequence[dict[str, str]], address: str) -> str:
    """An Atom feed of the newest entries.

    Parameters
    ----------
    entries : sequence of dict
        ``id``, ``title``, ``updated``, ``link`` (relative to the site) and ``content``, all text.
    address : str
        The site's address; links stay relative where it is empty.
    """
    newest = sorted(entries, key=lambda entry: entry["updated"], reverse=True)[:_LONGEST_FEED]
    start = address.rstrip("/") + "/" if address else ""
    ElementTree.register_namespace("", _ATOM)
    root = ElementTree.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", uuid.uuid5(uuid.NAMESPACE_URL, f"undercut:{address}").urn)
    _add(root, "title", "Undercut: what moved")
    _add(root, "updated", newest[0]["updated"] if newest else "1970-01-01T00:00:00Z")
    _add(_add(root, "author"), "name", "Undercut")
    _add(root, "link", rel="self", href=f"{start}feed.xml")
    _add(root, "link", rel="alternate", href=f"{start}index.html")
    for one in newest:
        entry = _add(root, "entry")
        for name in ("id", "title", "updated"):
            _add(entry, name, one[name])
        _add(entry, "link", rel="alternate", href=start + one["link"])
        _add(entry, "content", one["content"], type="text")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    child.text = text or None
    return child
