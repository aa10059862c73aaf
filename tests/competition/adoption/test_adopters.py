"""Do only checked cases count, and only of companies that do something with a model?"""

from __future__ import annotations

import pandas as pd
import pytest

from undercut.competition.adoption.adopters import documented_cases
from undercut.errors import DataError


def test_talk_and_unchecked_reports_are_listed_but_do_not_count() -> None:
    adopters = pd.DataFrame(
        [("A", None, "M", "uses", "E1"), ("B", "B", "M", "speaks for", "E1"), ("C", "C", "M", "sells", "E2")],
        columns=["company", "ticker", "model", "role", "event_id"],
    )
    events = pd.DataFrame(
        [("E1", "2026-02-01", "t", "source_read"), ("E2", "2026-01-01", "t", "unverified")],
        columns=["event_id", "date", "title", "confidence"],
    )
    found = documented_cases(adopters, events).set_index("company")
    assert found["counts"].to_dict() == {"C": False, "A": True, "B": False}
    assert found["listed"].to_dict() == {"C": True, "A": False, "B": True}
    with pytest.raises(DataError, match="E2"):
        documented_cases(adopters, events.iloc[:1])


def test_every_shipped_case_rests_on_an_event_of_the_table() -> None:
    assert documented_cases()["date"].notna().all()
