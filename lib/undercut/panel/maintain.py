"""How is the panel rebuilt, brought up to date and described?"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from undercut import paths
from undercut.panel import status, store
from undercut.panel.changes import save_changes
from undercut.panel.collect import Progress, collect
from undercut.panel.identity import Identity, coverage
from undercut.panel.measures import measure_coverage
from undercut.sources.live import LIVE_SOURCES, fetch
from undercut.sources.reference import load_reference


def rebuild(*, cadence: str, progress: Progress) -> str:
    """Read every release from the registry and put a new panel in place; return a sentence about it."""
    paths.own_data_dir()
    runs, snapshots = collect(cache_dir=paths.cache_dir("wheels"), cadence=cadence, progress=progress)
    panel = store.save(runs, snapshots, built_at=_now())
    save_changes(panel)
    return f"Panel rebuilt: {_describe(panel, snapshots)}"


def update(*, live: bool, progress: Progress) -> str:
    """Read what was published since, keep what is held; return a sentence about it."""
    paths.own_data_dir()
    held = (store.read_table("quotes"), store.read_table("snapshots"))
    tables = []
    if live:
        for source in LIVE_SOURCES:
            content, moment = fetch(source, cache_dir=paths.cache_dir("live"))
            tables.append((source, content, moment))
    runs, snapshots = collect(cache_dir=paths.cache_dir("wheels"), held=held, live=tables, progress=progress)
    fresh = len(snapshots) - len(held[1])
    if not fresh:
        return "Nothing new has been published since the last build; the panel is unchanged."
    panel = store.save(runs, snapshots, built_at=_now())
    save_changes(panel)
    return f"{fresh} new tables read: {_describe(panel, snapshots)}"


def describe() -> dict[str, pd.DataFrame]:
    """Tables for ``undercut panel status``."""
    panel = store.load_panel(status="all")
    text = panel[panel["status"] != "other_mode"]
    snapshots = store.read_table("snapshots")
    today = pd.Timestamp(dt.datetime.now(tz=dt.UTC).replace(tzinfo=None))
    return {
        "sources": status.spans(panel, snapshots).merge(status.freshness(snapshots, today), on="source"),
        "statuses": status.status_counts(panel),
        "set aside": status.set_aside(panel),
        "names": status.names(panel, load_reference("models")),
        "coverage": coverage(text, Identity.load()).rename_axis("source").reset_index(),
        "capability": measure_coverage(text),
        "agreement": status.agreement(panel),
    }


def _describe(panel: pd.DataFrame, snapshots: pd.DataFrame) -> str:
    return (
        f"{len(panel):,} rows from {len(snapshots):,} tables of {snapshots['source'].nunique()} sources, "
        f"{snapshots['published'].min():%Y-%m-%d} to {snapshots['published'].max():%Y-%m-%d}."
    )


def _now() -> str:
    return dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")
