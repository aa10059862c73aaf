"""What changed from build to build, and by more than its uncertainty? Moves, a page each, a feed for all."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from undercut.errors import InputError, unknown
from undercut.report.catalogue.entries import Settings
from undercut.report.findings import sentences
from undercut.report.findings.contract import RESULTS_FILE, read_results, write_atomically
from undercut.report.findings.sentences import interval, number
from undercut.report.page.render import page_style, template
from undercut.report.site.publish import HISTORY, builds_of, failure_of, results_in, stamp_of

if TYPE_CHECKING:
    import pandas as pd


Verdict = Literal["unchanged", "within", "beyond", "no interval", "new", "gone", "other unit"]
WORDS: Final[dict[Verdict, str]] = {
    "unchanged": "unchanged",
    "within": "moved within the earlier interval",
    "beyond": "moved out of the earlier interval",
    "no interval": "moved; there was no interval to judge by",
    "new": "new",
    "gone": "gone",
    "other unit": "not comparable: the unit changed",
}
#: Verdicts that a reader should hear of.
NEWS: Final = frozenset({"beyond", "new", "gone", "other unit"})


@dataclass(frozen=True, slots=True)
class Move:
    """One finding in two builds.

    Attributes
    ----------
    key, label, unit : str
        Of the later build where it has the finding.
    before, after : float or None
        Values in ``unit``; None where the build lacks it or could not measure it.
    change : float or None
        ``after`` less ``before``.
    ci_low, ci_high : float or None
        Interval of the earlier build.
    verdict : str
        ``"beyond"`` where ``after`` lies outside the earlier interval. Both builds share most of their data,
        so this says whether the number left the range that was claimed for it; it is no test of a difference.
    """

    key: str
    label: str
    unit: str
    before: float | None
    after: float | None
    change: float | None
    ci_low: float | None
    ci_high: float | None
    verdict: Verdict

    @property
    def sentence(self) -> str:
        """The move in words."""
        before, after = (sentences.number(value, self.unit) for value in (self.before, self.after))
        if self.verdict == "new":
            return f"{self.label}: {after} (new)"
        if self.verdict == "gone":
            return f"{self.label}: was {before}, is gone"
        return f"{self.label}: {before} became {after}; {WORDS[self.verdict]}"


def moves(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Move]:
    """Every finding of two builds (contents of results.json), in the later build's order.

    Examples
    --------
    >>> fall = {"key": "fall", "label": "Fall", "value": -30.0, "unit": "%", "ci_low": -35, "ci_high": -25}
    >>> [move] = moves({"findings": [fall]}, {"findings": [fall | {"value": -41.0}]})
    >>> move.change, move.verdict
    (-11.0, 'beyond')
    """
    return [_move(old, new) for old, new in _pairs("key", before["findings"], after["findings"])]


def _pairs(
    key: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    """Entries of two builds side by side, in the later one's order; None where a build lacks one."""
    old, new = ({entry[key]: entry for entry in entries} for entries in (before, after))
    return [(old.get(name), new.get(name)) for name in {**new, **old}]


def _move(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Move:
    shown = new or old or {}
    was, now = (finding["value"] if finding else None for finding in (old, new))
    verdict = _verdict(old, new)
    change = None if was is None or now is None or verdict == "other unit" else float(now) - float(was)
    low, high = (old["ci_low"], old["ci_high"]) if old else (None, None)
    return Move(shown["key"], shown["label"], shown["unit"], was, now, change, low, high, verdict)


def _verdict(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Verdict:
    if old is None or (old["value"] is None and new and new["value"] is not None):
        return "new"
    if new is None or (new["value"] is None and old["value"] is not None):
        return "gone"
    if old["unit"] != new["unit"]:
        return "other unit"
    if old["value"] == new["value"]:
        return "unchanged"
    if old["ci_low"] is None:
        return "no interval"
    return "within" if old["ci_low"] <= new["value"] <= old["ci_high"] else "beyond"


@dataclass(frozen=True, slots=True)
class Turn:
    """A claim whose verdict differs between two builds; None where a build does not have the claim."""

    id: str
    claim: str
    before: str | None
    after: str | None

    @property
    def sentence(self) -> str:
        """The change in words."""
        if self.before is None:
            return f"Claim “{self.claim}”: {self.after} (new)"
        if self.after is None:
            return f"Claim “{self.claim}”: was {self.before}, is no longer examined"
        return f"Claim “{self.claim}”: {self.before} became {self.after}"


def turns(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Turn]:
    """The claims of two builds (contents of results.json) whose verdicts differ, in the later build's order.

    Examples
    --------
    >>> claim = {"id": "cheaper", "claim": "Open models cost less.", "verdict": "mixed"}
    >>> [turn] = turns({"claims": [claim]}, {"claims": [claim | {"verdict": "supported"}]})
    >>> turn.sentence
    'Claim “Open models cost less.”: mixed became supported'
    """
    found = []
    for old, new in _pairs("id", before.get("claims", []), after.get("claims", [])):
        was, now = (claim["verdict"] if claim else None for claim in (old, new))
        if was != now:
            shown = new or old or {}
            found.append(Turn(shown["id"], shown["claim"], was, now))
    return found


def compare_builds(
    site: Path, name: str, first: str | None = None, second: str | None = None
) -> pd.DataFrame:
    """Two builds of a report as a table, one row for each finding.

    Parameters
    ----------
    site : Path
    name : str
        Folder of the report, relative to the site.
    first, second : str, optional
        Moments of builds (the beginning suffices, ``20261123``), ``current``, ``previous``, or paths to a
        results.json; by default the previous build and the current one.

    Returns
    -------
    DataFrame
        Fields of `Move`; ``attrs["builds"]`` names the two, ``attrs["turns"]`` has the claims whose
        verdicts differ, as dicts.

    Raises
    ------
    InputError
        Where a build does not exist.
    """
    import pandas as pd

    builds = builds_of(site, name)
    paths = [_find(builds, name, text) for text in (first or "previous", second or "current")]
    before, after = (read_results(path) for path in paths)
    rows = [asdict(move) for move in moves(before, after)]
    frame = pd.DataFrame(rows, columns=list(Move.__dataclass_fields__))
    frame.attrs["builds"] = [stamp_of(path.parent) for path in paths]
    frame.attrs["turns"] = [asdict(turn) for turn in turns(before, after)]
    return frame


def _find(builds: list[Path], name: str, text: str) -> Path:
    """The results.json that ``text`` means."""
    given = Path(text)
    if given.suffix == ".json" and given.is_file():
        return given
    if not builds:
        raise InputError(f"Report {name!r} has not been built yet: undercut build {name}.")
    if text == "current":
        return builds[-1] / RESULTS_FILE
    if text == "previous":
        if len(builds) < 2:
            raise InputError(f"Report {name!r} has one build only; nothing to compare it with.")
        return builds[-2] / RESULTS_FILE
    stamps = {stamp_of(build): build for build in builds}
    found = [build for stamp, build in stamps.items() if stamp.startswith(re.sub("[-:]", "", text))]
    if not found:
        raise unknown(f"build of {name}", text, stamps)
    return found[-1] / RESULTS_FILE


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
