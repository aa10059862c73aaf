"""Do verdicts follow from the one finding that was named, and from nothing else?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import undercut
from undercut.errors import DataError
from undercut.report.findings.contract import write_results
from undercut.studies.briefing.claims import judge, verdict_history
from undercut.studies.presentation import Report

CLAIM = {
    "id": "C01", "claim": "Prices fell.", "report": "02_price_index", "finding": "fall",
    "reading": "change of prices", "supports": "below", "threshold": 0.0, "unit": "%", "least": -100.0,
    "most": None, "below": "cheaper", "above": "dearer", "reason": "why", "would_change": "A rise",
    "limit": None,
}  # fmt: skip
CHECK = {
    "claim": "C01", "report": "02_price_index", "finding": "top", "reading": "change at the top",
    "where": "at the very top", "supports": "below", "threshold": 0.0, "unit": "%",
}  # fmt: skip


def finding(
    value: float | None, low: float | None = None, high: float | None = None, **more: Any
) -> dict[str, Any]:
    found = {"key": "fall", "label": "Change a year", "value": value, "unit": "%", "ci_low": low,
             "ci_high": high, "level": None if low is None else 0.95, "n": 50, "as_of": "2026-11-01",
             "role": "headline"}  # fmt: skip
    return found | more


def ledger_of(*found: dict[str, Any], kind: str = "real", **claim: Any) -> Any:
    results = {"02_price_index": {"findings": list(found), "data_kind": kind}}
    return judge(results, claims=pd.DataFrame([CLAIM | claim]), tests=pd.DataFrame([CHECK]))


@pytest.mark.parametrize(
    ("found", "verdict", "sentence"),
    [
        (finding(-30, -35, -25), "supported", "Supported: 30% cheaper (25 to 35)."),
        (finding(30, 25, 35), "contradicted", "Contradicted: 30% dearer (25 to 35)."),
        (
            finding(-30, -65, 5),
            "not settled",
            "Not settled: 30% cheaper; anything from 65% cheaper to 5% dearer fits.",
        ),
        (finding(-30), "supported", "Supported: 30% cheaper."),
        (finding(0.0), "not settled", "Not settled: neither cheaper nor dearer."),
        (
            finding(0.0, 0.0, 0.0),
            "not settled",
            "Not settled: neither cheaper nor dearer (0 to 0, the threshold itself).",
        ),
        (finding(None), "not settled", "Not settled: there is no number for the change of prices."),
        (
            finding(1.0, key="other"),
            "not settled",
            "Not settled: there is no number for the change of prices.",
        ),
    ],
)
def test_the_verdict_and_its_size_follow_the_interval(
    found: dict[str, Any], verdict: str, sentence: str
) -> None:
    judged = ledger_of(found).claims[0]
    assert (judged.verdict, judged.sentence) == (verdict, sentence)


@given(st.floats(-90, 90), st.floats(0.1, 50))
def test_mirrored_data_give_the_mirrored_verdict_and_sentence(value: float, half: float) -> None:
    plain = ledger_of(finding(value, value - half, value + half), least=None).claims[0]
    turned = ledger_of(finding(-value, -value - half, -value + half), least=None).claims[0]
    mirror = {"supported": "contradicted", "contradicted": "supported", "not settled": "not settled"}
    assert turned.verdict == mirror[plain.verdict]
    if plain.verdict != "not settled":
        swapped = plain.sentence.replace("cheaper", "x").replace("dearer", "cheaper").replace("x", "dearer")
        assert turned.sentence.split(": ")[1] == swapped.split(": ")[1]
    assert turned.primary.place == pytest.approx(-plain.primary.place)


def test_robustness_is_named_where_it_turns_and_never_counts() -> None:
    top = finding(20, 10, 30, key="top")
    judged = ledger_of(finding(-69, -80, -50), top).claims[0]
    assert judged.verdict == "supported"
    assert judged.sentence == "Supported: 69% cheaper (50 to 80); not at the very top."
    same = ledger_of(finding(-69, -80, -50), finding(-20, -30, -10, key="top")).claims[0]
    assert same.sentence == "Supported: 69% cheaper (50 to 80)."
    many = [finding(20, 10, 30, key="top")] * 5
    assert ledger_of(finding(-69, -80, -50), *many).claims[0].verdict == "supported"


def test_an_assumption_never_decides() -> None:
    judged = ledger_of(finding(-30, -35, -25, role="assumption")).claims[0]
    assert judged.verdict == "not settled" and "rests on assumptions" in judged.sentence


@pytest.mark.parametrize(
    ("row", "match"),
    [({"threshold": 1.0, "least": 1.0}, "could not fail"),
     ({"threshold": 5.0, "most": 4.0}, "could not fail"),
     ({"least": -10.0, "threshold": 0.0}, "cannot be")],
)  # fmt: skip
def test_a_test_that_cannot_fail_is_refused(row: dict[str, float], match: str) -> None:
    with pytest.raises(DataError, match=match):
        ledger_of(finding(-30, -35, -25), **row)


def test_the_other_side_of_the_threshold_reads_the_other_way() -> None:
    assert ledger_of(finding(-30, -35, -25), supports="above").claims[0].verdict == "contradicted"


def test_a_dot_stands_beyond_the_band_only_where_the_interval_excludes_the_threshold() -> None:
    for low, beyond in ((-35, True), (-65, False)):
        part = ledger_of(finding(-30, low, -30 + (-30 - low))).claims[0].primary
        assert (part.place > 1) == beyond


def test_a_verdict_on_sample_data_says_so() -> None:
    assert "on sample data" in ledger_of(finding(-30, -35, -25), kind="sample").claims[0].sentence


def test_a_threshold_in_another_unit_is_refused() -> None:
    with pytest.raises(DataError, match="unlike things"):
        ledger_of(finding(-0.3, -0.35, -0.25, unit="log points"))


def test_a_test_without_a_claim_is_refused() -> None:
    claims, tests = undercut.load_reference("claims"), undercut.load_reference("claim_tests")
    with pytest.raises(DataError, match=r"C01, which claims\.csv does not hold"):
        judge({}, claims=claims[claims["id"] != "C01"], tests=tests)


def test_the_shipped_ledger_holds_ten_claims_that_can_fail_and_nothing_is_decided_without_results() -> None:
    ledger = judge({})
    assert [judged.id for judged in ledger.claims] == [f"C{number:02d}" for number in range(1, 11)]
    assert ledger.counts() == {"supported": 0, "contradicted": 0, "not settled": 10}
    assert all(judged.reason for judged in ledger.claims)


def test_verdicts_of_every_build_that_is_kept_can_be_compared(tmp_path: Path) -> None:
    told = {
        "history/00_briefing/20261101T000000Z": finding(-30, -35, -25),
        "00_briefing": finding(30, 25, 35),
    }
    for place, (folder, found) in enumerate(told.items()):
        report = Report("00_briefing", title="Claims")
        report.claims(ledger_of(found).records())
        made = json.loads(json.dumps(report.to_dict()))
        made["built_at"] = f"2026-11-0{place + 1}T00:00:00Z"
        (tmp_path / folder).mkdir(parents=True)
        write_results(tmp_path / folder / "results.json", made)
    history = verdict_history(tmp_path)
    assert history["verdict"].tolist() == ["supported", "contradicted"]
    assert history["sentence"].iloc[1] == "Contradicted: 30% dearer (25 to 35)."
    assert verdict_history(tmp_path / "nothing").empty
