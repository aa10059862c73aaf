"""Does the briefing say what the reports found, what changed, and what is not known?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from undercut.report.findings.results import Results
from undercut.studies.briefing import briefing
from undercut.studies.briefing.claims import Ledger, judge


def finding(value: float | None, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    about = {"key": "fall", "label": "Change a year", "unit": "%", "n": 50, "as_of": "2026-11-01"}
    ends = {"value": value, "ci_low": low, "ci_high": high, "level": None if low is None else 0.95}
    return about | ends | {"method": "a test", "note": "" if low is not None else "no interval here"}


def made(found: dict[str, Any], *, kind: str = "real", state: str = "current") -> dict[str, dict[str, Any]]:
    published = {"state": state, "reason": "its data changed", "built_at": None}
    about = {"title": "Prices", "findings": [found], "data_kind": kind, "published": published}
    return {"02_price_index": about}


CHOSEN = [("02_price_index", "fall", "Prices a year"), ("02_price_index", "gone", "Something gone")]


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
    assert (first["label"], second["label"]) == ("Prices a year", "Something gone")
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
    assert notes == ["on sample data", "the report is not up to date"]


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
    unknown = briefing.unknowns(ledger_of(stale))
    assert unknown["unknown"].tolist() == ["List prices only No number for: prices fall."]
    assert briefing.not_current(stale) == ["Prices"]
    assert briefing.not_current(made(finding(-30, -35, -25))) == []


def told(found: dict[str, Any]) -> tuple[str, str]:
    results = made(found)
    ledger = ledger_of(results)
    return briefing.answer(briefing.headlines(results, chosen=CHOSEN[:1]), ledger), briefing.verdicts(
        ledger
    ).loc[0, "verdict"]


def test_the_answer_and_the_verdicts_turn_around_with_the_data() -> None:
    answer, verdict = told(finding(-30, -35, -25))
    assert "cost 30% less than" in answer
    assert "“Prices fell” is supported; of 1 claims 1 supported, none contradicted" in answer
    assert verdict.startswith("Supported: 1 of 1 finding for the claim, none against. For: prices fall, −30%")
    answer, verdict = told(finding(30, 25, 35))
    assert "cost 30% more than" in answer
    assert "“Prices fell” is contradicted; of 1 claims none supported, 1 contradicted" in answer
    assert "Against: prices fall, 30% (95% interval 25% to 35%, n = 50)." in verdict
    assert verdict.endswith("As of 2026-11-01. Would change it: A rise.")
    answer, verdict = told(finding(-3, -9, 4))
    assert "“Prices fell” cannot be tested" in answer
    assert "Undecided: prices fall" in verdict
    assert "is not published; the claim" in told(finding(None))[0]


def test_news_that_cannot_be_compared_is_counted_not_listed() -> None:
    kinds = ["verdict", "beyond", "new", "new", "gone"]
    news = pd.DataFrame([{"report": "r", "what": kind, "news": "n"} for kind in kinds])
    shown, rest = briefing.told_apart(news)
    assert shown["what"].tolist() == ["verdict", "beyond"]
    assert rest == (
        "Verdicts that turned: 1; findings that left their earlier interval: 1; of the findings that "
        "cannot be compared 2 came, 1 went."
    )
    assert briefing.told_apart(news.iloc[:0])[1].startswith("No verdict turned")


def test_every_headline_is_chosen_once() -> None:
    assert len({(report, key) for report, key, _ in briefing.HEADLINES}) == len(briefing.HEADLINES)
