"""From when to when did each quote hold, in so far as its source can know?

A table says what held on the day of its publication. Between two tables nothing is known, so a quote is
taken to hold until a later table shows otherwise, unless the source fell silent for too long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

#: A source silent for longer than this says nothing any more about the days since its last table. The
#: longest pause of a live source is 87 days (tokencost, winter 2024-25); litellm's wheels carried no
#: table for 350 days, which must not count as 350 days of unchanged prices.
MAX_SILENCE: Final = pd.Timedelta(days=120)
#: For so long does the last table before such a silence speak: list prices stand for months, but offers come
#: and go, and the next source to take over (tokencost, on 31 January 2024) comes within this time.
SPEAKS_FOR: Final = pd.Timedelta(days=45)


def add_validity(runs: pd.DataFrame, snapshots: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Runs with ``valid_from`` and ``valid_to`` (exclusive; NaT = still on offer).

    Parameters
    ----------
    runs, snapshots : DataFrame
        As of ``today``.
    today : Timestamp
        The day from which one looks back, naive, UTC.

    Returns
    -------
    DataFrame
        The runs; one that stood on both sides of a silence of its source becomes two rows. Validity is in
        whole UTC days: of several quotes within one day the last holds that day, the others get an empty
        period. A backport is never in force.
    """
    dated = _split_at_silences(runs, snapshots)
    dated["valid_from"] = _day(dated["first_seen"])
    dated["valid_to"] = _day(_end_of_knowledge(dated, snapshots, today))
    dated.loc[dated["is_backport"], "valid_to"] = dated["valid_from"]
    keys = pd.MultiIndex.from_frame(dated[["source", "raw_id"]])
    has_history = keys.isin(keys[dated["effective_from"].notna()]) & ~dated["is_backport"].to_numpy()
    for _, history in dated[has_history].groupby(["source", "raw_id"], sort=False):
        for row, start, end in _stated_history(history):
            dated.at[row, "valid_from"] = start
            dated.at[row, "valid_to"] = end
    return dated


def _split_at_silences(runs: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    """Two rows for each run that bridges a silence: up to the last table before, from the first after."""
    split = runs.copy()
    main_line = snapshots[~snapshots["is_backport"]].sort_values("published")
    before = main_line.groupby("source")["published"].shift()
    for table in main_line[main_line["published"] - before > MAX_SILENCE].itertuples():
        bridges = split["source"].eq(table.source) & split["first_seen"].lt(table.published)
        bridges &= split["last_seen"].ge(table.published)
        tail = split[bridges].assign(first_seen=table.published)
        split.loc[bridges, "last_seen"] = before[table.Index]
        split = pd.concat([split, tail], ignore_index=True)
    return split


def _day(moments: pd.Series) -> pd.Series:
    return moments.dt.tz_convert(None).dt.normalize()


def _end_of_knowledge(runs: pd.DataFrame, snapshots: pd.DataFrame, today: pd.Timestamp) -> pd.Series:
    """The moment of the first table that no longer shows the quote, or where the source fell silent."""
    ends = pd.Series(pd.NaT, index=runs.index, dtype="datetime64[us, UTC]")
    main_line = snapshots[~snapshots["is_backport"]]
    now = today.tz_localize("UTC") + pd.Timedelta(days=1)
    for source, published in main_line.groupby("source")["published"]:
        moments = pd.DatetimeIndex(published.sort_values())
        rows = runs.index[runs["source"] == source]
        last_seen = pd.DatetimeIndex(runs.loc[rows, "last_seen"])
        position = moments.searchsorted(last_seen, side="right")
        following = pd.Series(moments.append(pd.DatetimeIndex([pd.NaT], tz="UTC"))[position], index=rows)
        silent = (following.fillna(now) - runs.loc[rows, "last_seen"]) > MAX_SILENCE
        ends.loc[rows] = following.mask(silent, runs.loc[rows, "last_seen"] + SPEAKS_FOR)
    return ends


def _stated_history(
    history: pd.DataFrame,
) -> Iterator[tuple[int, pd.Timestamp, pd.Timestamp]]:
    """Periods of one raw id in a source that states effective days.

    What the last table states overrides what earlier tables said about the same days; what earlier tables
    said about the days before is kept. A price without a day beside dated ones is what held before the
    first of them, from the moment the source knew the offer. A price announced and taken back before its day
    came was never in force and ends nothing.
    """
    stated = pd.to_datetime(history["effective_from"])
    is_last = history["last_seen"].eq(history["last_seen"].max())
    starts = stated.fillna(history["valid_from"])
    for row in history.index[stated.isna()]:
        beside = _in_same_table(history, row) & stated.notna()
        if beside.any():
            starts[row] = min(history["valid_from"].min(), stated[beside].min())
    first_current = starts[is_last].min()
    taken_back = starts >= history["valid_to"]
    for row, start in starts[taken_back].items():
        yield row, start, start
    for group, limit in ((~is_last & ~taken_back, first_current), (is_last & ~taken_back, pd.NaT)):
        by_day = pd.DataFrame({"start": starts[group], "is_dated": stated[group].notna()})
        ordered = by_day.sort_values(["start", "is_dated"], kind="stable")["start"]
        following = ordered.shift(-1)
        for row, start in ordered.items():
            end = _earliest(following[row], history.at[row, "valid_to"], limit)
            yield row, start, end if pd.isna(end) else max(start, end)


def _in_same_table(history: pd.DataFrame, row: int) -> pd.Series:
    """Which quotes of the history stood in one table with this one at some time."""
    this = history.loc[row]
    return (history["first_seen"] <= this["last_seen"]) & (history["last_seen"] >= this["first_seen"])


def _earliest(*moments: pd.Timestamp) -> pd.Timestamp:
    known = [moment for moment in moments if not pd.isna(moment)]
    return min(known) if known else pd.NaT
