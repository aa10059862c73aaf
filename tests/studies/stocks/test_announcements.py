"""Announcements are sorted by what they say; what else happened beside them is found, not forgotten."""

from __future__ import annotations

import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.sources.events import load_events
from undercut.studies.stocks import announcements
from undercut.studies.stocks.announced import GAP, Announced
from undercut.studies.stocks.universe import Market

FIRST, LAST = pd.Timestamp("2024-06-03"), pd.Timestamp("2026-07-31")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("E004", "export controls tightened"),  # chip rule of October 2023
        ("E080", "export controls tightened"),  # licence for H20
        ("E085", "export controls relaxed"),  # diffusion rule rescinded
        ("E100", "export controls relaxed"),  # 15% revenue share
        ("E126", "export controls relaxed"),  # case by case
        ("E153", "rules on models"),  # order on Anthropic
        ("E167", "rules on models"),
        ("E060", "bans and accusations"),
        ("E112", "adoption"),
    ],
)
def test_an_event_is_of_the_class_that_its_text_says(event: str, expected: str) -> None:
    events = load_events()
    found = announcements.classes_of(events)
    assert found[events["event_id"] == event].item() == expected


def test_every_regulation_ban_and_adoption_has_a_class_and_nothing_else_has() -> None:
    events = load_events()
    found = announcements.classes_of(events)
    assert found.notna().equals(events["type"].isin(["regulation", "security_or_ban", "adoption"]))


def test_two_events_of_one_class_and_session_are_one_announcement() -> None:
    events = load_events()
    found = announcements.announcements(events, first=FIRST, last=LAST)
    assert not found.duplicated(["group", "date"]).any()
    merged = found[found["event"] == "E062+E064"].iloc[0]
    assert merged["n_events"] == 2 and merged["date"] == pd.Timestamp("2025-02-03")
    inside = announcements.classes_of(events).notna() & events["us_trading_day"].between(FIRST, LAST)
    assert found["n_events"].sum() == inside.sum()


def test_a_span_without_announcements_is_refused() -> None:
    with pytest.raises(DataError, match="2019-01-01"):
        announcements.announcements(
            load_events(), first=pd.Timestamp("2019-01-01"), last=pd.Timestamp("2019-02-01")
        )


def test_companies_are_named_by_whole_words() -> None:
    rows = {
        "event_id": ["E1", "E2"], "us_trading_day": pd.to_datetime(["2025-01-02", "2025-01-03"]), "date": "x",
        "type": "adoption", "actor": ["Apple", "Metadata Inc"], "title": "t",
        "description": ["uses Nvidia's chips", "pineapple, AMDahl"],
    }  # fmt: skip
    found = announcements.named_companies(pd.DataFrame(rows), ["AAPL", "NVDA", "META", "AMD"])
    assert found[["event", "firm"]].to_numpy().tolist() == [["E1", "AAPL"], ["E1", "NVDA"]]


def test_the_known_namings_are_found_and_absent_companies_are_said() -> None:
    events = load_events()
    found = announcements.named_companies(events, ["NVDA", "AAPL", "ABNB"])
    pairs = set(zip(found["event"], found["firm"], strict=True))
    assert {("E080", "NVDA"), ("E069", "AAPL"), ("E112", "ABNB")} <= pairs
    known = announcements.COMPANIES
    absent = set(known) - set(announcements.named_companies(events, list(known))["firm"])
    assert "TSLA" in absent and not {"NVDA", "AAPL", "ABNB"} & set(absent)


def test_other_events_inside_the_window_are_found_and_its_own_are_not() -> None:
    days = pd.DatetimeIndex(["2025-01-02", "2025-01-03", "2025-01-06", "2025-01-07"])
    rows = {"event_id": ["A", "B", "C", "D"], "us_trading_day": days, "title": ["a", "b", "c", "d"]}
    events = pd.DataFrame(rows)
    found = pd.DataFrame({"event": ["B+C", "D"], "date": [days[1], days[3]]})
    inside = announcements.beside(found, events, days, window=(-1, 1))
    assert inside.tolist() == ["a", "c"]
    assert announcements.beside(found, events, days, window=(0, 0)).tolist() == ["", ""]


@pytest.fixture
def case() -> Announced:
    """Two announcements of different kinds, and two groups."""
    days = pd.to_datetime(["2025-01-02", "2025-01-03"])
    kinds = ["adoption", "bans and accusations"]
    rows = pd.DataFrame({"event": ["A", "B"], "date": days, "group": kinds})
    members = {GAP: ["CRM", "minus MSFT"], "Chinese platforms": ["BABA"]}
    data = Market(pd.DataFrame(), pd.DataFrame(), "real", {})
    return Announced(rows, data, pd.DataFrame(), members, pd.DataFrame(), (0, 1), {})


def test_every_announcement_meets_every_group_once(case: Announced) -> None:
    expected = [f"{kind} | {group}" for kind in case.rows["group"] for group in case.groups]
    assert sorted(case.pairs()["group"]) == sorted(expected)


def test_only_the_group_named_for_its_kind_is_tested_and_the_others_stay_in(case: Announced) -> None:
    rows = case.focused(pd.Series(["first", ""]))
    assert len(rows) == len(case.pairs())
    tested = rows.loc[rows["group"] != "", ["event", "firm", "group"]]
    assert tested.to_numpy().tolist() == [["A", GAP, "first"]]
    alone = case.focused()
    assert alone.loc[alone["group"] != "", "firm"].tolist() == [GAP, "Chinese platforms"]
