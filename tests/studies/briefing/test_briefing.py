"""Does the briefing say what the reports found, what changed, and what is not known?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.studies.briefing.test_claims import CLAIM
from undercut.studies.briefing import pages
from undercut.studies.briefing.claims import Ledger, judge
from undercut.studies.presentation import Caveat, Number, Sentence, Table, parts_of


def finding(value: float | None, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    about = {"key": "fall", "label": "Change a year", "unit": "%", "n": 50, "as_of": "2026-11-01"}
    ends = {"value": value, "ci_low": low, "ci_high": high, "level": None if low is None else 0.95}
    return about | ends | {"method": "a test", "note": "" if low is not None else "no interval here"}


def made(found: dict[str, Any], *, kind: str = "real", state: str = "current") -> dict[str, dict[str, Any]]:
    published = {"state": state, "reason": "its data changed", "built_at": None}
    about = {"title": "Prices", "findings": [found], "data_kind": kind, "published": published}
    return {"02_price_index": about}


CHOSEN = pd.DataFrame(
    [("02_price_index", "fall", "Prices a year"), ("02_price_index", "gone", "Something gone")],
    columns=["report", "key", "label"],
)


def ledger_of(results: dict[str, dict[str, Any]]) -> Ledger:
    none = pd.DataFrame(columns=["claim", "report", "finding", "where"])
    return judge(results, claims=pd.DataFrame([CLAIM | {"limit": "List prices only"}]), tests=none)


def top_of(results: dict[str, dict[str, Any]], count: int = 2) -> pages.Headlines:
    return pages.headlines(results, ledger_of(results), chosen=CHOSEN[:count])


def test_headlines_carry_the_numbers_and_say_what_is_not_published() -> None:
    top = top_of(made(finding(-30, -35, -25)))
    assert top.frame[["value", "ci_low", "ci_high"]].iloc[0].tolist() == [-30, -35, -25]
    assert top.frame["note"].iloc[1] == "02_price_index has not published gone"
    first, second = [part for part in parts_of(top) if isinstance(part, Number)]
    assert (first.label, second.label) == ("Prices a year", "Something gone")
    assert (first.key, first.value, first.ci) == ("headline.02_price_index.fall", -30, (-35, -25))
    assert (first.as_of, first.n, first.role) == ("2026-11-01", 50, "headline")
    assert second.value is None and second.note


def test_a_headline_on_sample_data_or_from_a_stale_report_says_so() -> None:
    notes = [
        top_of(results, 1).frame["note"].iloc[0]
        for results in (
            made(finding(-30, -35, -25), kind="sample"),
            made(finding(-30, -35, -25), state="stale"),
        )
    ]
    assert notes == ["on sample data", "the report is not up to date"]


def test_only_what_left_its_interval_is_news_and_verdicts_come_first() -> None:
    before, after = made(finding(-30, -35, -25)), made(finding(30, 25, 35))
    earlier = before | {"00_briefing": {"claims": ledger_of(before).records()}}
    news = pages.changes(after, earlier.get, ledger_of(after)).frame
    assert news["what"].tolist() == ["verdict", "beyond"]
    assert news["news"].iloc[0] == "Claim “Prices fell.”: supported became contradicted"
    assert pages.changes(made(finding(-29, -34, -24)), before.get).frame.empty
    assert pages.changes(after, {}.get, ledger_of(after)).frame.empty


def test_what_is_not_known_names_limits_missing_numbers_and_reports_that_are_not_current() -> None:
    stale = made(finding(None), state="stale", kind="sample")
    unknown = pages.unknowns(stale, ledger_of(stale))
    assert unknown.frame["unknown"].tolist() == ["List prices only No number for: change of prices."]
    warned = [part.text for part in parts_of(unknown) if isinstance(part, Caveat)]
    assert len(warned) == 2 and all(text.endswith(": Prices.") for text in warned)
    good = made(finding(-30, -35, -25))
    assert not [part for part in parts_of(pages.unknowns(good, ledger_of(good))) if isinstance(part, Caveat)]


def told(found: dict[str, Any]) -> tuple[str, str]:
    results = made(found)
    found = top_of(results, 1)
    return f"{pages.answer(found)} {pages.rest(found)}", pages.verdicts(ledger_of(results)).loc[0, "verdict"]


def test_the_answer_and_the_verdicts_turn_around_with_the_data() -> None:
    answer, verdict = told(finding(-30, -35, -25))
    assert "cost 30% less than" in answer
    assert "of 1 common claims 1 holds, none do not" in answer and "“Prices fell” is supported" in answer
    assert verdict.startswith("Supported: 30% cheaper (25 to 35).")
    answer, verdict = told(finding(30, 25, 35))
    assert "cost 30% more than" in answer
    assert "of 1 common claims none hold, 1 does not" in answer
    assert "“Prices fell” is contradicted" in answer
    assert "Contradicted: 30% dearer (25 to 35)." in verdict
    assert verdict.endswith("As of 2026-11-01. Would change it: A rise.")
    answer, verdict = told(finding(-3, -9, 4))
    assert "“Prices fell” is not settled" in answer
    assert "anything from 9.0% cheaper to 4.0% dearer fits" in verdict
    assert "is not published; of 1 common claims" in told(finding(None))[0]


def test_news_that_cannot_be_compared_is_counted_not_listed() -> None:
    kinds = ["verdict", "beyond", "new", "new", "gone"]
    news = pd.DataFrame([{"report": "r", "what": kind, "news": "n"} for kind in kinds])
    parts = list(pages._changes(news, "2026-11-01"))
    count, [rest], [table] = (
        parts[0],
        [p for p in parts if isinstance(p, Sentence)],
        [p for p in parts if isinstance(p, Table)],
    )
    assert isinstance(count, Number) and count.value == 5
    assert len(table.frame) == 2
    assert rest.text == (
        "Verdicts that turned: 1; findings that left their earlier interval: 1; of the findings that "
        "cannot be compared 2 came, 1 went."
    )
    assert pages.news(news.iloc[:0]).startswith("Nothing: no verdict turned")


def test_every_headline_is_chosen_once() -> None:
    chosen = pages.headlines({}, ledger_of({})).frame
    assert len(chosen) == 14 and not chosen.duplicated(["report", "key"]).any()


def test_the_verdicts_are_drawn_one_row_a_claim_and_one_mark_a_finding() -> None:
    ledger = judge(made(finding(-30, -35, -25)))
    ax = ledger.plot()
    assert len(ax.get_yticks()) == len(ledger.claims) == 10
    assert len(ax.lines) - 1 == ledger.to_frame()["place"].notna().sum()
    assert [text.get_text() for text in ax.texts] == ledger.table()["verdict"].tolist()
    assert len(repr(ledger)) < 2_000
