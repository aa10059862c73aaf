"""Do the sentences of the report on adoption turn with the data?"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from undercut.competition.adoption.before_after import BeforeAfter
from undercut.competition.adoption.token_shares import ShareTrend, share_trend
from undercut.studies.adoption import pages
from undercut.studies.adoption.estimates import AfterRestrictions, Cases, Shares, after_restrictions
from undercut.studies.presentation import Answer, Number, Table
from undercut.studies.report import parts_of


def shares(first: float, last: float) -> Shares:
    """Chinese open models from one share to another over a year; US closed models have the rest."""
    weeks = pd.date_range("2025-01-05", periods=13, freq="28D")
    chinese = pd.Series([first + (last - first) * at / 12 + (at % 2) for at in range(13)])
    parts = [("CN open", chinese), ("US closed", 100 - chinese)]
    frame = pd.concat([pd.DataFrame({"week_ending": weeks, "group": g, "share": s}) for g, s in parts])
    trends: list[ShareTrend] = [share_trend(frame, group) for group in ("CN open", "US closed")]
    return Shares(frame, trends[0], trends[1], trends[0])


def test_a_share_that_falls_is_told_as_falling() -> None:
    assert "Chinese open models grew by" in pages.shares_sentence(shares(20, 60))
    assert "Chinese open models fell by" in pages.shares_sentence(shares(60, 20))
    assert "beyond the interval" in pages.shares_sentence(shares(20, 60))
    assert "within the interval of zero" in pages.shares_sentence(shares(40, 40.1))


def test_the_answer_names_share_and_trend() -> None:
    for ends, sign in (((20, 60), "a trend of 4"), ((60, 20), "a trend of −4")):
        [answer, _] = pages.conclusion(shares(*ends), cases())
        assert isinstance(answer, Answer) and sign in answer.text and len(answer.text.split()) <= 30


def cases(**changes: object) -> Cases:
    rows = {
        "date": pd.to_datetime(["2025-10-01", "2026-01-01"]), "company": ["Airbnb", "NVIDIA"],
        "listed": [True, True], "role": "uses", "model": "Qwen", "title": "t", "confidence": "source_read",
        "counts": [True, False],
    }  # fmt: skip
    return Cases(pd.DataFrame(rows | changes))


def test_companies_without_a_checked_case_are_named_as_absent() -> None:
    assert pages.documented(cases()) == (
        "Checked cases of use name Airbnb; none names NVIDIA or Tesla or private US companies"
    )
    assert pages.documented(cases(counts=[True, True])).startswith(
        "Checked cases of use name Airbnb, NVIDIA;"
    )
    assert pages.documented(cases(counts=[False, False])).startswith("Checked cases of use name no company")
    told = {part.key: part for part in parts_of(cases()) if isinstance(part, Number)}
    assert told["documented.listed"].value == 1 and told["documented.nvidia"].value == 0


def change(effect: float) -> BeforeAfter:
    return BeforeAfter(effect, effect - 2, effect + 2, effect, 0.0, 0.01, 3.0, 0.95, 4, ())


@pytest.mark.parametrize(
    ("effect", "words"),
    [(5.0, "rose beyond"), (-5.0, "fell beyond"), (1.0, "did not move detectably beyond")],
)
def test_a_move_is_told_where_the_interval_leaves_out_zero(effect: float, words: str) -> None:
    rows = pd.DataFrame({"date": pd.to_datetime(["2025-01-01"]), "confidence": ["unverified"]})
    rows = rows.assign(actor="US BIS", title="t")
    changes = {"share_after_restrictions": "too early", "us_prices_after_restrictions": change(effect)}
    found = AfterRestrictions(rows, changes, {1: change(effect), 6: "too long"}, 3)
    assert f"US closed vendors' own list prices {words} the usual" in pages.restrictions_sentence(found)
    told = {part.key: part for part in parts_of(found) if isinstance(part, Number)}
    assert told["share_after_restrictions"].value is None
    assert told["share_after_restrictions"].note == "too early"
    assert told["us_prices_after_restrictions.months_6"].value is None
    assert len([part for part in parts_of(found) if isinstance(part, Table)]) == 2
    silent = replace(found, changes=dict.fromkeys(changes, "too early"))
    assert pages.restrictions_sentence(silent).startswith("No restriction has observations")


def test_changes_are_those_around_the_dates() -> None:
    frame = shares(20, 60).frame
    prices = pd.Series([0.0] * 10 + [-0.1] * 10, index=pd.period_range("2024-06", periods=20, freq="M"))
    events = pd.DataFrame({"date": pd.to_datetime(["2025-04-09"])})
    found = after_restrictions(frame, prices, events, months=3, draws=99)
    moved = found.changes["us_prices_after_restrictions"]
    assert isinstance(moved, BeforeAfter) and moved.raw_change == pytest.approx(-10)
    assert 3 not in found.windows and set(found.windows) == {1, 2, 4, 6}
