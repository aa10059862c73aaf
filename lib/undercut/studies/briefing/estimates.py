"""What opens the briefing, what moved since the build before, and what do the reports not know?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

import pandas as pd

from undercut.report.findings import sentences
from undercut.report.findings.results import previous_results, read_results
from undercut.report.site.history import NEWS, moves, turns
from undercut.studies.briefing.claims import Ledger
from undercut.studies.framed import Framed

__all__ = ["changes", "evidence", "headlines", "previous_results", "read_results", "unknowns"]

Made = Mapping[str, Mapping[str, Any]]


class Headlines(Framed, row="label", value="value"):
    """The findings that open the briefing, and the claims judged from the same results."""

    ledger: Ledger


class Changes(Framed, row="news"):
    """What is news since the build before, and the day up to which the reports speak."""

    as_of: str | None


class Evidence(Framed, row="reading"):
    """Every finding held against a claim."""


class Unknowns(Framed, row="unknown"):
    """Limits of claims; reports that are not up to date, and those on a sample of shares."""

    waiting: tuple[str, ...]
    samples: tuple[str, ...]


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
    missing: dict[str, Any] = {
        "key": key,
        "unit": "none",
        "method": "",
        "note": f"{report} has not published {key}",
    }
    missing |= dict.fromkeys(("value", "ci_low", "ci_high", "level", "n", "as_of"))
    found = next((finding for finding in made.get("findings", []) if finding["key"] == key), None)
    text = "not published" if found is None else sentences.sentence(dict(found))
    notes = [f"on {kind} data"] if found and kind != "real" else []
    notes += ["the report is not up to date"] if found and state == "stale" else []
    about = {"report": report, "title": made.get("title", report), "state": state, "data_kind": kind or ""}
    shown = dict(found or missing)
    note = "; ".join(filter(None, [*notes, shown["note"]]))
    return about | shown | {"label": label, "text": text, "note": note}


def changes(
    results: Made, previous: Callable[[str], Mapping[str, Any] | None], ledger: Ledger | None = None
) -> Changes:
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
    Changes
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
    return Changes(pd.DataFrame(rows, columns=["report", "what", "news"]), max(days, default=None))


def evidence(ledger: Ledger) -> Evidence:
    """Every finding held against a claim: ``claim, reading, text, outcome``."""
    return Evidence(ledger.to_frame()[["claim", "reading", "text", "outcome"]])


def unknowns(results: Made, ledger: Ledger) -> Unknowns:
    """What the reports cannot say: limits of claims, and numbers that could not be measured.

    Returns
    -------
    Unknowns
        ``about`` (the claim's number), ``unknown``; one row a claim that has either.
    """
    rows = []
    for number, judged in enumerate(ledger.claims, start=1):
        missing = [part.reading for part in judged.evidence if part.outcome == "missing"]
        told = [judged.limit] if judged.limit else []
        told += [f"No number for: {'; '.join(missing)}."] if missing else []
        if told:
            rows.append((str(number), " ".join(told)))
    return Unknowns(
        pd.DataFrame(rows, columns=["about", "unknown"]),
        waiting=_titles(results, lambda made: made.get("published", {}).get("state", "current") != "current"),
        samples=_titles(results, lambda made: made.get("data_kind") == "sample"),
    )


def _titles(results: Made, wanted: Callable[[Mapping[str, Any]], bool]) -> tuple[str, ...]:
    return tuple(str(made.get("title", name)) for name, made in results.items() if wanted(made))
