"""What does the briefing say and show? All of it computed from the other reports' results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from undercut import plots
from undercut.report.findings import sentences
from undercut.studies.briefing.charts import draw_verdicts
from undercut.studies.briefing.claims import Judged, Ledger
from undercut.studies.briefing.estimates import Changes, Evidence, Headlines, Unknowns
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table

#: How a verdict continues "the claim ...".
_SAYS: Final = {
    "supported": "is supported",
    "contradicted": "is contradicted",
    "not settled": "is not settled",
}


def headlines(found: Headlines) -> Iterator[Part]:
    """The headlines as the briefing's own findings, under ``headline.<report>.<key>``, and the answer."""
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


def evidence(found: Evidence) -> Iterator[Part]:
    """Every finding held against a claim."""
    labels = {"text": "found", "outcome": "speaks"}
    subtitle = "Every finding held against a claim; the first of each decides"
    yield Table(
        found.frame, "What decides them, and what is shown beside it", subtitle, labels, row_label="claim"
    )


def changes(found: Changes) -> Iterator[Part]:
    """How many findings and verdicts are news; those that turned or left their interval, one by one."""
    yield Number(
        "news", "Findings and verdicts that moved beyond their earlier interval, came or went",
        len(found.frame), "findings", method="comparison with the build before", as_of=found.as_of,
        note="a count: no interval", role="descriptive",
    )  # fmt: skip
    yield Sentence(news(found.frame))
    shown = found.frame[found.frame["what"].isin(["verdict", "beyond"])]
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


def unknowns(found: Unknowns) -> Iterator[Part]:
    """What must not be trusted yet, and what the reports cannot say."""
    if found.waiting:
        yield Caveat(f"Not up to date, or not built yet: {'; '.join(found.waiting)}.")
    if found.samples:
        whole = "On the sample of shares that ships with the project, not on the whole market"
        yield Caveat(f"{whole}: {'; '.join(found.samples)}.")
    subtitle = "Limits of each claim, and numbers that could not be had"
    yield Table(found.frame, "Not known", subtitle, {"about": "claim"}, row_label="about")
