"""From when to when did each quote hold, in so far as its source can know?

A table says what held on the day of its publication. Between two tables nothing is known, so a quote is
taken to hold until a later table shows otherwise, unless the source fell silent for too long.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final

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
    stated = dated[has_history].assign(effective_from=pd.to_datetime(dated["effective_from"]))
    columns = ["first_seen", "last_seen", "valid_from", "valid_to", "effective_from"]
    for _, history in stated.groupby(["source", "raw_id"], sort=False)[columns]:
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
    quotes = list(history.itertuples())
    starts = {quote.Index: _stated_start(quote, quotes) for quote in quotes}
    last_table = max(quote.last_seen for quote in quotes)
    first_current = min(starts[quote.Index] for quote in quotes if quote.last_seen == last_table)
    taken_back = {quote.Index for quote in quotes if starts[quote.Index] >= quote.valid_to}
    for row in taken_back:
        yield row, starts[row], starts[row]
    for is_last, limit in ((False, first_current), (True, pd.NaT)):
        group = [quote for quote in quotes if (quote.last_seen == last_table) == is_last]
        group = [quote for quote in group if quote.Index not in taken_back]
        group.sort(key=lambda quote: (starts[quote.Index], not pd.isna(quote.effective_from)))
        following = [starts[quote.Index] for quote in group[1:]]
        for quote, after in zip_longest(group, following, fillvalue=pd.NaT):
            start, end = starts[quote.Index], _earliest(after, quote.valid_to, limit)
            yield quote.Index, start, end if pd.isna(end) else max(start, end)


def _stated_start(quote: Any, quotes: list[Any]) -> pd.Timestamp:
    """The day that a quote states, or from which an undated one held."""
    if not pd.isna(quote.effective_from):
        return quote.effective_from
    together = (q for q in quotes if q.first_seen <= quote.last_seen and q.last_seen >= quote.first_seen)
    beside = [q.effective_from for q in together if not pd.isna(q.effective_from)]
    return min(*beside, *(q.valid_from for q in quotes)) if beside else quote.valid_from


def _earliest(*moments: pd.Timestamp) -> pd.Timestamp:
    known = [moment for moment in moments if not pd.isna(moment)]
    return min(known) if known else pd.NaT
