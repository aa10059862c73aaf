"""Does the briefing say what the reports found, what changed, and what is not known?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from undercut.report import briefing
from undercut.report.claims import Ledger, judge
from undercut.report.results import Results


def finding(value: float | None, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    about = {"key": "fall", "label": "Change a year", "unit": "%", "n": 50, "as_of": "2026-11-01"}
    ends = {"value": value, "ci_low": low, "ci_high": high, "level": None if low is None else 0.95}
    return about | ends | {"method": "a test", "note": "" if low is not None else "no interval here"}


def made(found: dict[str, Any], *, kind: str = "real", state: str = "current") -> dict[str, dict[str, Any]]:
    published = {"state": state, "reason": "its data changed", "built_at": None}
    about = {"title": "Prices", "findings": [found], "data_kind": kind, "published": published}
    return {"02_price_index": about}


CHOSEN = [("02_price_index", "fall"), ("02_price_index", "gone")]


def ledger_of(results: dict[str, dict[str, Any]]) -> Ledger:
    claim = {"id": "C01", "claim": "Prices fell.", "would_change": "A rise", "limit": "List prices only"}
    test = {"claim": "C01", "report": "02_price_index", "finding": "fall", "reading": "prices fall"}
    tests = pd.DataFrame([test | {"supports": "below", "threshold": 0.0, "unit": "%"}])
    return judge(results, claims=pd.DataFrame([claim]), tests=tests)


def test_headlines_carry_the_numbers_and_say_what_is_not_published() -> None:
    top = briefing.headlines(made(finding(-30, -35, -25)), chosen=CHOSEN)
    assert top[["value", "ci_low", "ci_high"]].iloc[0].tolist() == [-30, -35, -25]
    assert top["note"].iloc[1] == "02_price_index has not published gone"
    report = Results("briefing", title="t", data_kind="real")
    briefing.record(report, top)
    first, second = report.to_dict()["findings"]
    assert (first["key"], first["value"], first["ci_low"]) == ("headline.02_price_index.fall", -30, -35)
    assert second["value"] is None


def test_a_headline_on_sample_data_or_from_a_stale_report_says_so() -> None:
    notes = [
        briefing.headlines(results, chosen=CHOSEN[:1])["note"].iloc[0]
        for results in (
            made(finding(-30, -35, -25), kind="sample"),
            made(finding(-30, -35, -25), state="stale"),
        )
    ]
    assert notes == ["on sample data", "stale: its data changed"]


def test_only_what_left_its_interval_is_news_and_verdicts_come_first() -> None:
    before, after = made(finding(-30, -35, -25)), made(finding(30, 25, 35))
    news = briefing.changes(
        after,
        lambda name: before.get(name),
        ledger=ledger_of(after),
        verdicts_before={"claims": ledger_of(before).records()},
    )
    assert news["what"].tolist() == ["verdict", "beyond"]
    assert news["news"].iloc[0] == "Claim “Prices fell.”: supported became contradicted"
    steady = briefing.changes(made(finding(-29, -34, -24)), lambda name: before.get(name))
    assert steady.empty
    assert briefing.changes(after, lambda _: None).empty


def test_what_is_not_known_names_limits_missing_numbers_and_reports_that_are_not_current() -> None:
    stale = made(finding(None), state="stale")
    unknown = briefing.unknowns(stale, ledger_of(stale))["unknown"].tolist()
    assert unknown == [
        "List prices only",
        "No number for: prices fall",
        "The report is stale: its data changed",
    ]


def test_every_headline_is_chosen_once() -> None:
    assert len(set(briefing.HEADLINES)) == len(briefing.HEADLINES)
