"""What changed from build to build? A page for each report, and a feed for all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from undercut.report.catalogue.entries import Settings
from undercut.report.findings.contract import write_atomically
from undercut.report.findings.sentences import interval, number
from undercut.report.page.render import page_style, template
from undercut.report.site.compare import NEWS, WORDS, moves, turns
from undercut.report.site.record import HISTORY, builds_of, failure_of, results_in, stamp_of

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
        builds = _builds(site, folder)
        failure = failure_of(site / folder)
        page = template("history.html.j2").render(
            title=builds[-1]["results"]["title"] if builds else failure.get("title", folder),
            builds=builds[::-1],
            failure=failure,
            folder=folder,
            up="../" * (folder.count("/") + 2),
            style=page_style(),
            number=number,
            interval=interval,
            words=WORDS,
            news=NEWS,
        )
        write_atomically(site / HISTORY / folder / "index.html", page.strip() + "\n")
        is_whole = len(builds) <= settings.keep_builds  # else the earliest kept build is not the first
        entries += _news(folder, builds if is_whole else builds[1:], failure)
    write_atomically(site / "feed.xml", feed(entries, settings.address))


def _builds(site: Path, folder: str) -> list[dict[str, Any]]:
    """The kept builds, oldest first, with what moved in each, most remarkable first; None for the first."""
    builds: list[dict[str, Any]] = []
    for path in builds_of(site, folder):
        results = results_in(path)
        build: dict[str, Any] = {
            "results": results, "stamp": stamp_of(path), "moved": None, "turns": [],
        }  # fmt: skip
        if builds:
            before = builds[-1]["results"]
            moved = [move for move in moves(before, results) if move.verdict != "unchanged"]
            build["moved"] = sorted(moved, key=lambda move: move.verdict not in NEWS)
            build["turns"] = [turn.sentence for turn in turns(before, results)]
        builds.append(build | {"place": path.relative_to(site).as_posix()})
    return builds


def _news(folder: str, builds: Sequence[dict[str, Any]], failure: dict[str, Any]) -> list[dict[str, str]]:
    """What of a report's history belongs into the feed."""
    entries = []
    for build in builds:
        results, turned = build["results"], build["turns"]
        if build["moved"] is None:
            heading, lines = "first build", [results["answer"]]
        else:
            moved = [move.sentence for move in build["moved"] if move.verdict in NEWS]
            heading = f"{len(moved)} finding{'s' if len(moved) != 1 else ''} moved"
            if turned:
                heading += f", {len(turned)} verdict{'s' if len(turned) != 1 else ''} changed"
            lines = [*turned, *moved]
        if lines:
            entries.append(_entry(folder, results["title"], heading, results["built_at"], lines))
    if failure:
        cell = f" in cell {failure['cell']}" if failure.get("cell") else ""
        lines = [str(failure["reason"])[:500]]
        entries.append(_entry(folder, failure["title"], f"build failed{cell}", failure["failed_at"], lines))
    return entries


def _entry(folder: str, title: str, heading: str, moment: str, lines: Sequence[str]) -> dict[str, str]:
    return {
        "id": uuid.uuid5(uuid.NAMESPACE_URL, f"undercut:{folder}:{moment}:{heading}").urn,
        "title": f"{title} {heading}",
        "updated": moment,
        "link": f"{HISTORY}/{folder}/index.html",
        "content": "\n".join(filter(None, lines)) or heading,
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
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"undercut:{address}").urn
    return str(template("feed.xml.j2").render(entries=newest, start=start, identity=identity)).strip() + "\n"
