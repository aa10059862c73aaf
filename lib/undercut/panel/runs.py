"""How are thousands of published tables kept small without losing a quote?

Consecutive tables repeat almost everything. A run is one quote that stood unchanged in every main-line
table of a source from ``first_seen`` to ``last_seen``. Runs can be cut at any day exactly, which is what
makes an as-of panel possible without the raw tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import pandas as pd

from undercut.panel.schema import PRICE_COLUMNS
from undercut.sources.quotes import Quote, Table

RUN_COLUMNS: Final = ("source", *Quote._fields, "first_seen", "last_seen", "is_backport")
_RUN_ORDER: Final = ["source", "raw_id", "raw_host", "first_seen", "effective_from", "is_backport"]


class Snapshot(NamedTuple):
    """One published table: who, which version, when, and what was read from it."""

    source: str
    version: str
    published: dt.datetime
    is_backport: bool
    quotes: int
    out_of_scope: int
    unreadable: str
    sha256: str


class Run(NamedTuple):
    """A quote and the publications between which it stood unchanged."""

    quote: Quote
    first_seen: dt.datetime
    last_seen: dt.datetime
    is_backport: bool


@dataclass
class RunEncoder:
    """Collapses the tables of one source, fed oldest first, into runs.

    A backport's table is an older line's table: it neither starts nor ends a main-line run. Those of its
    quotes that contradict the main line of that moment become runs of their own.
    """

    source: str
    closed: list[Run] = field(default_factory=list)
    _open: dict[tuple[str, str | None], Run] = field(default_factory=dict)
    _previous: dt.datetime | None = None

    def add(self, published: dt.datetime, table: Table, *, is_backport: bool) -> None:
        """Take in the next table of the source."""
        quotes = {(quote.raw_id, quote.effective_from): quote for quote in table.quotes}
        if is_backport:
            self.closed += [
                Run(quote, published, published, True)
                for key, quote in quotes.items()
                if not self._is_priced_alike(key, quote)
            ]
            return
        for key, quote in quotes.items():
            if self._is_current(key, quote):
                self._open[key] = self._open[key]._replace(last_seen=published)
            else:
                if key in self._open:
                    self.closed.append(self._open[key])
                self._open[key] = Run(quote, published, published, False)
        self._previous = published

    def _is_current(self, key: tuple[str, str | None], quote: Quote) -> bool:
        run = self._open.get(key)
        return run is not None and run.last_seen == self._previous and run.quote == quote

    def _is_priced_alike(self, key: tuple[str, str | None], quote: Quote) -> bool:
        """Whether the main line has the same prices now; what else differs is the older line's age."""
        run = self._open.get(key)
        if run is None or run.last_seen != self._previous:
            return False
        return all(getattr(run.quote, name) == getattr(quote, name) for name in PRICE_COLUMNS)

    def is_known(self, published: dt.datetime) -> bool:
        """Whether a table of this moment or a later one was taken in already."""
        return self._previous is not None and published <= self._previous

    def last_size(self) -> int:
        """Number of quotes in the last main-line table; zero before the first."""
        return sum(run.last_seen == self._previous for run in self._open.values())

    def runs(self) -> Iterator[Run]:
        """All runs so far."""
        yield from self.closed
        yield from self._open.values()

    @classmethod
    def resume(cls, source: str, frame: pd.DataFrame, snapshots: pd.DataFrame) -> RunEncoder:
        """The encoder as it stood after the last table in ``frame`` and ``snapshots``."""
        encoder = cls(source)
        main_line = snapshots.loc[(snapshots["source"] == source) & ~snapshots["is_backport"], "published"]
        encoder._previous = main_line.max().to_pydatetime() if len(main_line) else None
        for run in from_frame(frame[frame["source"] == source]):
            key = (run.quote.raw_id, run.quote.effective_from)
            if run.is_backport or run.last_seen != encoder._previous:
                encoder.closed.append(run)
            else:
                encoder._open[key] = run
        return encoder


def to_frame(encoders: Iterable[RunEncoder]) -> pd.DataFrame:
    """Runs of all sources as one frame in a fixed order: same runs, same bytes."""
    rows = [
        (encoder.source, *run.quote, run.first_seen, run.last_seen, run.is_backport)
        for encoder in encoders
        for run in encoder.runs()
    ]
    frame = pd.DataFrame(rows, columns=list(RUN_COLUMNS))
    text = ["source", "raw_host", "raw_id", "mode", "conditions", "effective_from", "withdrawn_on", "unit"]
    frame[text] = frame[text].astype("str")
    numbers = ["input", "output", "cache_read", "cache_write", "batch_input", "batch_output"]
    frame[numbers] = frame[numbers].astype("float64")
    frame["context_tokens"] = frame["context_tokens"].astype("Int64")
    frame["is_backport"] = frame["is_backport"].astype("bool")
    for column in ("first_seen", "last_seen"):
        frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[us, UTC]")
    return frame.sort_values(_RUN_ORDER, ignore_index=True, kind="stable", na_position="first")


def from_frame(frame: pd.DataFrame) -> Iterator[Run]:
    """The runs that a frame holds; the inverse of :func:`to_frame` for one source."""
    plain = frame[list(RUN_COLUMNS)].astype(object).where(frame.notna(), None)
    for row in plain.itertuples(index=False, name=None):
        _, *quote, first_seen, last_seen, is_backport = row
        yield Run(Quote(*quote), first_seen.to_pydatetime(), last_seen.to_pydatetime(), bool(is_backport))


def snapshots_frame(snapshots: Iterable[Snapshot]) -> pd.DataFrame:
    """Snapshots as a frame, in order of source and publication."""
    frame = pd.DataFrame(list(snapshots), columns=list(Snapshot._fields))
    frame["published"] = pd.to_datetime(frame["published"], utc=True).astype("datetime64[us, UTC]")
    for column in ("source", "version", "unreadable", "sha256"):
        frame[column] = frame[column].astype("str")
    frame["is_backport"] = frame["is_backport"].astype("bool")
    frame[["quotes", "out_of_scope"]] = frame[["quotes", "out_of_scope"]].astype("int64")
    return frame.sort_values(["source", "published", "version"], ignore_index=True, kind="stable")


def cut(runs: pd.DataFrame, snapshots: pd.DataFrame, day: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Runs and snapshots as they would be had nothing been published after the end of ``day`` (UTC).

    Parameters
    ----------
    runs, snapshots : DataFrame
        As stored.
    day : Timestamp
        Time zone naive; the whole day counts.
    """
    end = day.normalize().tz_localize("UTC") + pd.Timedelta(days=1)
    known = snapshots[snapshots["published"] < end]
    last = known[~known["is_backport"]].groupby("source")["published"].max()
    held = runs[runs["first_seen"] < end].copy()
    # A main-line run stands in every main-line table between its ends, so clipping is exact.
    ceiling = last.reindex(held["source"]).set_axis(held.index)
    ceiling = ceiling.where(~held["is_backport"], held["last_seen"])
    held["last_seen"] = held["last_seen"].where(held["last_seen"] < end, ceiling)
    return held.reset_index(drop=True), known.reset_index(drop=True)
