"""Do verdicts follow from findings, and from nothing else?"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import undercut
from undercut.errors import DataError
from undercut.studies.briefing.claims import judge, verdict_of

OUTCOMES = st.lists(st.sampled_from(["for", "against", "undecided", "missing"]), min_size=1, max_size=7)


def finding(
    value: float | None, low: float | None = None, high: float | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "key": "fall",
        "label": "Change a year",
        "value": value,
        "unit": "%",
        "ci_low": low,
        "ci_high": high,
        "level": None if low is None else 0.95,
        "n": 50,
        "as_of": "2026-11-01",
    } | more


def ledger_of(found: dict[str, Any] | None, *, supports: str = "below", kind: str = "real") -> Any:
    claims = pd.DataFrame([{"id": "C01", "claim": "Prices fell.", "would_change": "A rise", "limit": None}])
    test = {"claim": "C01", "report": "02_price_index", "finding": "fall", "reading": "prices fall"}
    tests = pd.DataFrame([test | {"supports": supports, "threshold": 0.0, "unit": "%"}])
    results = {} if found is None else {"02_price_index": {"findings": [found], "data_kind": kind}}
    return judge(results, claims=claims, tests=tests)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (finding(-30, -35, -25), "supported"),
        (finding(30, 25, 35), "contradicted"),
        (finding(-30, -65, 5), "not testable"),
        (finding(-30), "supported"),
        (finding(0.0), "not testable"),
        (finding(None), "not testable"),
        (None, "not testable"),
    ],
)
def test_the_verdict_follows_the_interval(found: dict[str, Any] | None, verdict: str) -> None:
    assert ledger_of(found).claims[0].verdict == verdict


def test_when_the_data_turn_the_verdict_turns() -> None:
    before, after = ledger_of(finding(-30, -35, -25)), ledger_of(finding(30, 25, 35))
    assert [before.claims[0].verdict, after.claims[0].verdict] == ["supported", "contradicted"]
    assert "no longer below 0%" in before.claims[0].would_change
    assert "no longer above 0%" in after.claims[0].would_change


def test_the_other_side_of_the_threshold_reads_the_other_way() -> None:
    assert ledger_of(finding(-30, -35, -25), supports="above").claims[0].verdict == "contradicted"


def test_a_verdict_on_sample_data_says_so() -> None:
    judged = ledger_of(finding(-30, -35, -25), kind="sample").claims[0]
    assert judged.on_samples
    assert "sample data" in judged.reason


def test_a_threshold_in_another_unit_is_refused() -> None:
    with pytest.raises(DataError, match="unlike things"):
        ledger_of(finding(-0.3, -0.35, -0.25, unit="log points"))


def test_a_claim_without_a_test_and_a_test_without_a_claim_are_refused() -> None:
    claims, tests = undercut.load_reference("claims"), undercut.load_reference("claim_tests")
    with pytest.raises(DataError, match="C01 without a test"):
        judge({}, claims=claims, tests=tests[tests["claim"] != "C01"])
    with pytest.raises(DataError, match=r"C01, which claims\.csv does not hold"):
        judge({}, claims=claims[claims["id"] != "C01"], tests=tests)


def test_the_shipped_ledger_holds_the_ten_claims_and_nothing_is_decided_without_results() -> None:
    ledger = judge({})
    assert [judged.id for judged in ledger.claims] == [f"C{number:02d}" for number in range(1, 11)]
    assert ledger.counts() == {"supported": 0, "contradicted": 0, "mixed": 0, "not testable": 10}


@given(OUTCOMES)
def test_mirrored_evidence_gives_the_mirrored_verdict(outcomes: list[Any]) -> None:
    swap = {"for": "against", "against": "for"}
    mirrored = {"supported": "contradicted", "contradicted": "supported"}
    verdict = verdict_of(outcomes)
    assert verdict_of([swap.get(outcome, outcome) for outcome in outcomes]) == mirrored.get(verdict, verdict)


@given(OUTCOMES)
def test_more_evidence_for_a_claim_never_contradicts_it(outcomes: list[Any]) -> None:
    assert verdict_of([*outcomes, "for"]) != "contradicted"
    if verdict_of(outcomes) == "supported":
        assert verdict_of([*outcomes, "for"]) == "supported"


@given(OUTCOMES)
def test_the_order_of_the_evidence_does_not_matter(outcomes: list[Any]) -> None:
    assert verdict_of(outcomes) == verdict_of(sorted(outcomes))
