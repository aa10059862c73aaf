"""What opens the briefing, what moved since the build before, and what do the reports not know?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import resources
from typing import Any, Final

import pandas as pd

from undercut import plots
from undercut.report.findings import sentences
from undercut.report.findings.results import previous_results, read_results
from undercut.report.site.history import NEWS, moves, turns
from undercut.studies.briefing.charts import draw_verdicts
from undercut.studies.briefing.claims import Judged, Ledger
from undercut.studies.framed import Framed, Shown
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table

__all__ = ["changes", "evidence", "headlines", "previous_results", "read_results", "unknowns"]

Made = Mapping[str, Mapping[str, Any]]
#: How a verdict continues "the claim ...".
_SAYS: Final = {
    "supported": "is supported",
    "contradicted": "is contradicted",
    "not settled": "is not settled",
}


class Headlines(Framed, row="label", value="value"):
    """The findings that open the briefing, and the claims judged from the same results."""

    ledger: Ledger

    def parts(self) -> Iterator[Part]:
        """The headlines as the briefing's own findings, under ``headline.<report>.<key>``, and the answer."""
        yield from _headlines(self)


def headlines(results: Made, ledger: Ledger, *, chosen: pd.DataFrame | None = None) -> Headlines:
    """The findings that open the briefing.

    Parameters
    ----------
    results : mapping of str to mapping
        As :func:`undercut.report.findings.results.read_results`.
    ledger : Ledger
        The claims, judged from the same results.
    chosen : DataFrame, optional
        ``report, key, label``; by default headlines.csv beside this module.

    Returns
    -------
    Headlines
        One row a finding: those of a finding, ``text`` (value with interval), the report's ``title``, its
        ``state`` (current, stale, missing) and ``data_kind``. A finding that is not published has no value
        and says so in ``note``.
    """
    chosen = _chosen() if chosen is None else chosen
    rows = [
        _headline(results.get(report, {}), report, key, label) for report, key, label in chosen.to_numpy()
    ]
    return Headlines(pd.DataFrame(rows, dtype=object), ledger)


def _chosen() -> pd.DataFrame:
    with (resources.files(__package__) / "headlines.csv").open("rb") as file:
        return pd.read_csv(file)


def _headline(made: Mapping[str, Any], report: str, key: str, label: str) -> dict[str, Any]:
    state = made.get("published", {}).get("state", "current" if made else "missing")
    kind = made.get("data_kind")
    none = f"{report} has not published {key}"
    missing: dict[str, Any] = {"key": key, "unit": "none", "method": "", "note": none}
    missing |= dict.fromkeys(("value", "ci_low", "ci_high", "level", "n", "as_of"))
    found = next((finding for finding in made.get("findings", []) if finding["key"] == key), None)
    text = "not published" if found is None else sentences.sentence(dict(found))
    notes = [f"on {kind} data"] if found and kind != "real" else []
    notes += ["the report is not up to date"] if found and state == "stale" else []
    about = {"report": report, "title": made.get("title", report), "state": state, "data_kind": kind or ""}
    shown = dict(found or missing)
    note = "; ".join(filter(None, [*notes, shown["note"]]))
    return about | shown | {"label": label, "text": text, "note": note}


def _headlines(found: Headlines) -> Iterator[Part]:
    for row in found.frame.to_dict("records"):
        whole = row["ci_low"] is not None
        yield Number(
            f"headline.{row['report']}.{row['key']}", row["label"], row["value"], row["unit"],
            ci=(row["ci_low"], row["ci_high"]) if whole else None, level=row["level"] or 0.95, n=row["n"],
            method=row["method"], as_of=row["as_of"], role="headline",
            note=row["note"] or ("" if whole else "the report says why it has no interval"),
        )  # fmt: skip
    yield Answer(answer(found))
    yield Sentence(rest(found))


def answer(found: Headlines) -> str:
    """The briefing in one sentence: the first headline, and the count of verdicts."""
    first, ledger = found.frame.iloc[0], found.ledger
    if first["value"] is None:
        opening = "What Chinese open models cost against US closed ones of equal capability is not published"
    else:
        size = sentences.number(abs(first["value"]), first["unit"], decimals=0)
        word = "less" if first["value"] < 0 else "more"
        ends = sentences.interval(dict(first), with_level=True)
        opening = f"Chinese open models cost {size} {word} than US closed ones of equal capability ({ends})"
    held, broken, unsettled = ledger.counts().values()
    return (
        f"{opening}; of {len(ledger.claims)} common claims {held or 'none'} "
        f"{'hold' if held != 1 else 'holds'}, {broken or 'none'} "
        f"{'do' if broken != 1 else 'does'} not, {unsettled or 'none'} cannot be settled."
    )


def rest(found: Headlines) -> str:
    """What became of the last claim."""
    last = found.ledger.claims[-1]
    return f"The claim “{last.claim.rstrip('.')}” {_SAYS[last.verdict]}."


def ledger(found: Ledger) -> Iterator[Part]:
    """The verdicts drawn, and the table that says what speaks for and against."""
    told = ", ".join(f"{number} {verdict}" for verdict, number in found.counts().items() if number)
    says = " ".join(f"{judged.claim} {judged.sentence}" for judged in found.claims)

    def draw() -> Any:
        title = f"{len(found.claims)} claims: {told}"
        measure = (
            "The large dot decides, small ones are checks; beyond the band the threshold is out of reach"
        )
        ax = draw_verdicts(found.table(), found.to_frame())
        return plots.headline(ax, title, measure, source="Results of the other reports")

    yield Figure("verdicts", draw, f"Rows of marks, one row a claim. {says}", found.to_frame())
    subtitle = "By one finding a claim, named beforehand; as of when, and what would change it"
    yield Table(verdicts(found), "Claims and verdicts", subtitle, row_label="claim")


def verdicts(found: Ledger) -> pd.DataFrame:
    """``claim`` (numbered) and ``verdict`` in words: two columns, which a phone can show."""
    rows = [(f"{place}. {one.claim}", _verdict(one)) for place, one in enumerate(found.claims, start=1)]
    return pd.DataFrame(rows, columns=["claim", "verdict"])


def _verdict(judged: Judged) -> str:
    """The verdict with its size, the day, and what to watch."""
    words = [judged.sentence]
    words += [f"As of {judged.as_of}."] if judged.as_of else []
    words += [f"Would change it: {judged.would_change.rstrip('.')}."] if judged.would_change else []
    return " ".join(words)


def evidence(ledger: Ledger) -> Shown:
    """Every finding held against a claim: ``claim, reading, text, outcome``."""
    return Shown(ledger.to_frame()[["claim", "reading", "text", "outcome"]], _evidence, "reading")


def _evidence(frame: pd.DataFrame) -> Iterator[Part]:
    """Every finding held against a claim."""
    labels = {"text": "found", "outcome": "speaks"}
    subtitle = "Every finding held against a claim; the first of each decides"
    yield Table(frame, "What decides them, and what is shown beside it", subtitle, labels, row_label="claim")


def changes(
    results: Made, previous: Callable[[str], Mapping[str, Any] | None], ledger: Ledger | None = None
) -> Shown:
    """What moved out of its earlier interval, came, went, or turned since the build before.

    Parameters
    ----------
    results : mapping of str to mapping
        As :func:`undercut.report.findings.results.read_results`.
    previous : callable
        Gives the results of the build before for the name of a report, or None; those of ``00_briefing``
        have the earlier verdicts.
    ledger : Ledger, optional
        The claims as judged now.

    Returns
    -------
    Shown
        ``report, what, news`` (the sentence), verdicts first. Empty where nothing is news.
    """
    own = previous("00_briefing") if ledger else None
    turned = turns(own, {"claims": ledger.records()}) if own and ledger else []
    rows = [("claims", "verdict", turn.sentence) for turn in turned]
    for name, made in results.items():
        before = previous(name) if made.get("findings") else None
        moved = moves(before, made) if before else []
        title = made.get("title", name)
        rows += [(title, move.verdict, move.sentence) for move in moved if move.verdict in NEWS]
    days = [made["as_of"] for made in results.values() if made.get("as_of")]
    page = partial(_changes, as_of=max(days, default=None))
    return Shown(pd.DataFrame(rows, columns=["report", "what", "news"]), page, "news")


def _changes(frame: pd.DataFrame, as_of: str | None) -> Iterator[Part]:
    """How many findings and verdicts are news; those that turned or left their interval, one by one."""
    yield Number(
        "news", "Findings and verdicts that moved beyond their earlier interval, came or went",
        len(frame), "findings", method="comparison with the build before", as_of=as_of,
        note="a count: no interval", role="descriptive",
    )  # fmt: skip
    yield Sentence(news(frame))
    shown = frame[frame["what"].isin(["verdict", "beyond"])]
    if len(shown):
        yield Table(shown[["report", "news"]], "What turned or moved", row_label="report")


def news(frame: pd.DataFrame) -> str:
    """How many verdicts turned and findings left their interval, and how many cannot be compared."""
    if frame.empty:
        return "Nothing: no verdict turned, and no finding left its earlier interval, came or went."
    count = frame["what"].value_counts()
    named = {"new": "came", "gone": "went", "other unit": "changed their unit"}
    told = [f"{count[what]} {words}" for what, words in named.items() if what in count]
    tail = f"; of the findings that cannot be compared {', '.join(told)}" if told else ""
    turned, left = count.get("verdict", 0), count.get("beyond", 0)
    return f"Verdicts that turned: {turned}; findings that left their earlier interval: {left}{tail}."


def unknowns(results: Made, ledger: Ledger) -> Shown:
    """What the reports cannot say: limits of claims, and numbers that could not be measured.

    Returns
    -------
    Shown
        ``about`` (the claim's number), ``unknown``; one row a claim that has either.
    """
    rows = []
    for number, judged in enumerate(ledger.claims, start=1):
        missing = [part.reading for part in judged.evidence if part.outcome == "missing"]
        told = [judged.limit] if judged.limit else []
        told += [f"No number for: {'; '.join(missing)}."] if missing else []
        if told:
            rows.append((str(number), " ".join(told)))
    states = {name: made.get("published", {}).get("state", "current") for name, made in results.items()}
    titles = {name: str(made.get("title", name)) for name, made in results.items()}
    page = partial(
        _unknowns, waiting=[titles[name] for name, state in states.items() if state != "current"],
        samples=[titles[name] for name, made in results.items() if made.get("data_kind") == "sample"],
    )  # fmt: skip
    return Shown(pd.DataFrame(rows, columns=["about", "unknown"]), page, "unknown")


def _unknowns(frame: pd.DataFrame, waiting: list[str], samples: list[str]) -> Iterator[Part]:
    """What must not be trusted yet, and what the reports cannot say."""
    if waiting:
        yield Caveat(f"Not up to date, or not built yet: {'; '.join(waiting)}.")
    if samples:
        whole = "On the sample of shares that ships with the project, not on the whole market"
        yield Caveat(f"{whole}: {'; '.join(samples)}.")
    subtitle = "Limits of each claim, and numbers that could not be had"
    yield Table(frame, "Not known", subtitle, {"about": "claim"}, row_label="about")
