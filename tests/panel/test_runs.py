"""Runs are the tables, cut anywhere: small sequences with backports and offers that vanish and return."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.panel.runs import RunEncoder, Snapshot, cut, snapshots_frame, to_frame
from undercut.panel.timeline import add_validity
from undercut.sources.quotes import Quote, Table

START = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Published:
    hours: int
    quotes: tuple[Quote, ...]
    is_backport: bool = False

    @property
    def moment(self) -> dt.datetime:
        return START + dt.timedelta(hours=self.hours)


def quote(raw_id: str, price: float, effective_from: str | None = None, context: int | None = None) -> Quote:
    return Quote(
        "seller", raw_id, "chat", price, 2 * price, context_tokens=context, effective_from=effective_from
    )


def encoded(tables: list[Published], encoder: RunEncoder | None = None) -> RunEncoder:
    encoder = encoder or RunEncoder("source")
    for table in tables:
        encoder.add(table.moment, Table(list(table.quotes), 0), is_backport=table.is_backport)
    return encoder


def snapshots_of(tables: list[Published]) -> pd.DataFrame:
    return snapshots_frame(
        Snapshot("source", str(n), table.moment, table.is_backport, len(table.quotes), 0, "", "")
        for n, table in enumerate(tables)
    )


@st.composite
def tables(draw: st.DrawFn) -> list[Published]:
    """Tables at distinct moments, several within some days, of three offers that come, change and go."""
    hours = sorted(draw(st.sets(st.integers(0, 200), min_size=1, max_size=9)))
    sequence = []
    for hour in hours:
        quotes = []
        for raw_id in draw(st.sets(st.sampled_from("abc"))):
            price = draw(st.sampled_from([1.0, 2.0]))
            quotes.append(quote(raw_id, price, context=draw(st.sampled_from([None, 8192]))))
            if draw(st.booleans()):
                quotes.append(quote(raw_id, 3.0, draw(st.sampled_from(["2026-01-03", "2026-01-06"]))))
        sequence.append(Published(hour, tuple(quotes), draw(st.integers(0, 4)) == 0))
    return sequence


@settings(max_examples=40, deadline=None)
@given(tables(), st.data())
def test_an_update_gives_what_a_rebuild_gives(sequence: list[Published], data: st.DataObject) -> None:
    split = data.draw(st.integers(0, len(sequence)))
    whole = to_frame([encoded(sequence)])
    held, snapshots = to_frame([encoded(sequence[:split])]), snapshots_of(sequence[:split])
    resumed = encoded(sequence[split:], RunEncoder.resume("source", held, snapshots))
    pd.testing.assert_frame_equal(to_frame([resumed]), whole)


@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(0, 9))
def test_cutting_at_a_day_gives_what_was_encoded_by_its_end(sequence: list[Published], number: int) -> None:
    day = pd.Timestamp("2026-01-01") + pd.Timedelta(days=number)
    end = (day + pd.Timedelta(days=1)).tz_localize("UTC")
    earlier = [table for table in sequence if table.moment < end]
    runs, snapshots = cut(to_frame([encoded(sequence)]), snapshots_of(sequence), day)
    pd.testing.assert_frame_equal(runs, to_frame([encoded(earlier)]))
    pd.testing.assert_frame_equal(snapshots, snapshots_of(earlier))


@settings(max_examples=40, deadline=None)
@given(tables())
def test_runs_hold_each_main_line_table_and_nothing_else(sequence: list[Published]) -> None:
    runs = to_frame([encoded(sequence)])
    for table in sequence:
        of_line = runs[runs["is_backport"] == table.is_backport]
        standing = of_line[(of_line["first_seen"] <= table.moment) & (of_line["last_seen"] >= table.moment)]
        found = sorted(zip(standing["raw_id"], standing["input"], strict=True))
        said = sorted((q.raw_id, q.input) for q in table.quotes)
        if table.is_backport:
            assert set(found) <= set(said)
        else:
            assert found == said


def test_a_backport_keeps_only_what_contradicts_the_main_line() -> None:
    main = Published(0, (quote("a", 1.0), quote("b", 1.0)))
    patch = Published(1, (quote("a", 1.0, context=8192), quote("b", 2.0), quote("c", 3.0)), is_backport=True)
    runs = to_frame([encoded([main, patch])])
    assert runs.loc[runs["is_backport"], ["raw_id", "input"]].to_numpy().tolist() == [["b", 2.0], ["c", 3.0]]
    assert runs.loc[~runs["is_backport"], "last_seen"].eq(main.moment).all()


def test_an_offer_that_returns_unchanged_was_away_in_between() -> None:
    sequence = [Published(0, (quote("a", 1.0),)), Published(24, ()), Published(48, (quote("a", 1.0),))]
    runs = to_frame([encoded(sequence)])
    assert len(runs) == 2 and runs["first_seen"].equals(runs["last_seen"])


# Validity


def dated(sequence: list[Published], today: str) -> list[tuple[str, float, str, str]]:
    """(raw id, price, first day, end) of what is ever in force."""
    rows = add_validity(to_frame([encoded(sequence)]), snapshots_of(sequence), pd.Timestamp(today))
    rows = rows[~(rows["valid_to"] <= rows["valid_from"])].sort_values(["raw_id", "valid_from"])
    ends = rows["valid_to"].dt.strftime("%m-%d").fillna("")
    return list(
        zip(rows["raw_id"], rows["input"], rows["valid_from"].dt.strftime("%m-%d"), ends, strict=True)
    )


def test_of_several_tables_within_a_day_the_last_holds_the_day() -> None:
    sequence = [Published(n, (quote("a", float(n + 1)),)) for n in range(3)]
    assert dated(sequence, "2026-01-05") == [("a", 3.0, "01-01", "")]


def test_a_table_just_before_midnight_belongs_to_its_own_utc_day() -> None:
    sequence = [Published(11, (quote("a", 1.0),)), Published(12, (quote("a", 2.0),))]
    assert dated(sequence, "2026-01-05") == [("a", 1.0, "01-01", "01-02"), ("a", 2.0, "01-02", "")]


def test_the_last_table_of_a_source_that_falls_silent_speaks_for_45_days() -> None:
    last = Published(0, (quote("a", 1.0),))
    assert dated([last], "2026-04-30") == [("a", 1.0, "01-01", "")]
    assert dated([last], "2026-05-01") == [("a", 1.0, "01-01", "02-15")]


def test_silence_splits_a_price_that_is_the_same_on_both_sides() -> None:
    sequence = [Published(0, (quote("a", 1.0),)), Published(24 * 150, (quote("a", 1.0),))]
    assert dated(sequence, "2026-06-05") == [("a", 1.0, "01-01", "02-15"), ("a", 1.0, "05-31", "")]


def test_a_dated_price_holds_from_its_day_and_the_undated_one_before_it() -> None:
    sequence = [Published(0, (quote("a", 1.0), quote("a", 2.0, "2026-01-10")))]
    assert dated(sequence, "2026-01-20") == [("a", 1.0, "01-01", "01-10"), ("a", 2.0, "01-10", "")]


def test_an_undated_price_does_not_return_after_a_day_before_the_source_knew() -> None:
    sequence = [Published(0, (quote("a", 10.0), quote("a", 2.0, "2025-06-10")))]
    rows = add_validity(
        to_frame([encoded(sequence)]), snapshots_of(sequence), pd.Timestamp("2026-01-20")
    ).sort_values("input")
    in_force = rows[~(rows["valid_to"] <= rows["valid_from"])]
    assert in_force["input"].tolist() == [2.0] and in_force["valid_from"].tolist() == [
        pd.Timestamp("2025-06-10")
    ]


def test_what_the_last_table_states_overrides_earlier_statements_about_the_same_days() -> None:
    first = Published(0, (quote("a", 1.0), quote("a", 2.0, "2026-01-10")))
    corrected = Published(24 * 14, (quote("a", 1.0), quote("a", 2.0, "2026-01-05")))
    assert dated([first, corrected], "2026-01-20") == [("a", 1.0, "01-01", "01-05"), ("a", 2.0, "01-05", "")]
    assert dated([first], "2026-01-12") == [("a", 1.0, "01-01", "01-10"), ("a", 2.0, "01-10", "")]


def test_a_price_announced_and_taken_back_leaves_the_old_one_in_force() -> None:
    announced = Published(0, (quote("a", 1.0), quote("a", 2.0, "2026-01-10")))
    taken_back = Published(48, (quote("a", 1.0),))
    renewed = Published(24 * 30, (quote("a", 1.0, context=8192),))
    told = dated([announced, taken_back, renewed], "2026-02-10")
    assert told == [("a", 1.0, "01-01", "01-31"), ("a", 1.0, "01-31", "")]


@settings(max_examples=40, deadline=None)
@given(tables())
def test_periods_of_one_offer_never_overlap(sequence: list[Published]) -> None:
    rows = add_validity(to_frame([encoded(sequence)]), snapshots_of(sequence), pd.Timestamp("2026-01-20"))
    rows = rows[~(rows["valid_to"] <= rows["valid_from"])].sort_values(["raw_id", "valid_from"])
    end = rows.groupby("raw_id")["valid_to"].shift()
    first = rows.groupby("raw_id").cumcount() == 0
    assert (first | (end <= rows["valid_from"])).all()
