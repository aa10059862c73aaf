"""Which tables have been published, and what have we read of them?

Downloads run in parallel and are cached; encoding runs in the order of publication. Interrupted, it
resumes from the cache.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from undercut.errors import SourceError
from undercut.panel.runs import RunEncoder, Snapshot, snapshots_frame, to_frame
from undercut.provenance import sha256_of
from undercut.sources import genai_prices, litellm, models_dev, openrouter_archive, registry
from undercut.sources.download import one_source
from undercut.sources.live import LiveSource
from undercut.sources.quotes import Table
from undercut.sources.registry import Member, Release

WORKERS: Final = 12
#: A table that loses more than this share of its offers at once is damaged, not news.
MAX_SHRINKAGE: Final = 0.5

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A price source that travels inside a package."""

    name: str
    project: str
    member: str
    parse: Callable[..., Table]


PACKAGES: Final = (
    PackageSource("litellm", "litellm", litellm.MEMBER, litellm.parse),
    PackageSource("tokencost", "tokencost", litellm.TOKENCOST_MEMBER, litellm.parse),
    PackageSource("genai-prices", "genai-prices", genai_prices.MEMBER, genai_prices.parse),
    PackageSource("models-dev", "models-dev", models_dev.MEMBER, models_dev.parse),
)
ARCHIVE_NAME: Final = "openrouter-archive"


def _quiet(_label: str, _done: int, _total: int) -> None:
    return None


def collect(
    *,
    cache_dir: Path | None,
    cadence: str = "all",
    held: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    live: Iterable[tuple[LiveSource, bytes, dt.datetime]] = (),
    progress: Progress = _quiet,
    index_url: str | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read every release of every package source that is not held yet.

    Parameters
    ----------
    cache_dir : Path or None
        Where raw members are kept.
    cadence : {"weekly", "daily", "all"}
        Which releases to take. Backports are read only with ``"all"``.
    held : (runs, snapshots), optional
        What was read before; only later releases are added to it.
    live : iterable of (LiveSource, content, moment), optional
        Answers of live sources, to be kept as tables of their own.
    progress : callable
        Called with a label, the number done and the number to do.
    index_url : str, optional
        Another registry, for tests.

    Returns
    -------
    runs, snapshots : DataFrame

    Raises
    ------
    SourceError
        A source failed; nothing is returned half-read.
    """
    old_runs, old_snapshots = held if held is not None else (to_frame([]), snapshots_frame([]))
    snapshots = [Snapshot(*row) for row in old_snapshots.itertuples(index=False, name=None)]
    encoders: dict[str, RunEncoder] = {}
    for name in {source.name for source in PACKAGES} | set(old_snapshots["source"]):
        encoders[name] = RunEncoder.resume(name, old_runs, old_snapshots)
    for source in PACKAGES:
        last = old_snapshots.loc[old_snapshots["source"] == source.name, "published"].max()
        with one_source():
            listed = registry.list_releases(source.project, index_url=index_url)
            wanted = [r for r in registry.thin(listed, cadence) if pd.isna(last) or r.published > last]
            snapshots += _encode(source, wanted, encoders[source.name], cache_dir, progress)
    for live_source, content, moment in live:
        encoder = encoders.setdefault(live_source.name, RunEncoder(live_source.name))
        snapshots += _encode_live(live_source, content, moment, encoder)
    with one_source():
        encoders[ARCHIVE_NAME], archived = _collect_archive(cache_dir, index_url)
    snapshots = [s for s in snapshots if s.source != ARCHIVE_NAME] + archived
    return to_frame(encoders.values()), snapshots_frame(snapshots)


def _encode_live(
    source: LiveSource, content: bytes, moment: dt.datetime, encoder: RunEncoder
) -> Iterator[Snapshot]:
    """The answer of a live source as one more table; an answer already held (from the cache) adds nothing."""
    # The time of a cached answer is that of its file, a fraction of a second apart from the answer's own.
    moment = moment.replace(microsecond=0)
    if encoder.is_known(moment):
        return
    table = source.parse(content, what=source.name)
    _refuse_damaged(table, source.name, encoder)
    yield _snapshot(encoder, moment, table, moment.isoformat(), sha256_of(content))


def _encode(
    source: PackageSource,
    releases: list[Release],
    encoder: RunEncoder,
    cache_dir: Path | None,
    progress: Progress,
) -> Iterator[Snapshot]:
    for done, (release, member) in enumerate(_members(source, releases, cache_dir), start=1):
        progress(source.name, done, len(releases))
        if member is None:
            continue
        what = f"{source.name} {release.version}"
        table = source.parse(member.content, what=what)
        if not release.is_backport:
            _refuse_damaged(table, what, encoder)
        yield _snapshot(
            encoder, release.published, table, release.version, member.sha256, is_backport=release.is_backport
        )


def _snapshot(
    encoder: RunEncoder,
    published: dt.datetime,
    table: Table,
    version: str,
    sha256: str,
    *,
    is_backport: bool = False,
) -> Snapshot:
    """Take in the next table of a source, and say what was read."""
    encoder.add(published, table, is_backport=is_backport)
    counts = (len(table.quotes), table.out_of_scope, " ".join(table.unreadable))
    return Snapshot(encoder.source, version, published, is_backport, *counts, sha256)


def _refuse_damaged(table: Table, what: str, encoder: RunEncoder) -> None:
    previous = encoder.last_size()
    if len(table.quotes) < previous * (1 - MAX_SHRINKAGE):
        raise SourceError(
            f"{what} holds {len(table.quotes)} offers after {previous} in the table before. "
            "It looks damaged; if it is not, raise MAX_SHRINKAGE in undercut/panel/collect.py."
        )


def _members(
    source: PackageSource, releases: list[Release], cache_dir: Path | None
) -> Iterable[tuple[Release, Member | None]]:
    """Members in order of publication, read ahead by a few threads."""
    pool, context = ThreadPoolExecutor(WORKERS), copy_context()

    def member(release: Release) -> Member | None:
        return context.copy().run(registry.read_member, release, source.member, cache_dir=cache_dir)

    try:
        read = pool.map(member, releases)
        yield from zip(releases, read, strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def _collect_archive(cache_dir: Path | None, index_url: str | None) -> tuple[RunEncoder, list[Snapshot]]:
    """The newest edition of the OpenRouter archive; each of its lists is a snapshot of its own day."""
    encoder = RunEncoder(ARCHIVE_NAME)
    editions = registry.list_releases(openrouter_archive.PROJECT, index_url=index_url)
    if not editions:
        raise SourceError(f"{openrouter_archive.PROJECT} has no release that can be used.")
    release = [edition for edition in editions if not edition.is_backport][-1]
    member = registry.read_member(release, openrouter_archive.MEMBER, cache_dir=cache_dir)
    if member is None:
        raise SourceError(f"{release.project} {release.version} no longer ships its archive.")
    snapshots = []
    for day, table in openrouter_archive.parse(member.content):
        published = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
        version = f"{release.version}@{day.isoformat()}"
        digest = sha256_of(member.content + day.isoformat().encode())
        snapshots.append(_snapshot(encoder, published, table, version, digest))
    return encoder, snapshots
