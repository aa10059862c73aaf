"""Which files of prices and returns has a user, who holds which ticker, and where do they come from?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from undercut.errors import DataError, InputError, SourceError
from undercut.provenance import Provenance, attach, provenance_of, sha256_of

#: How names of files end that may hold returns; a file given by its path may be called anything.
SUFFIXES: Final = (".csv", ".parquet", ".pq", ".xlsx", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zip")


def own_provenance(path: Path, note: str = "") -> Provenance:
    """Where a user's own file comes from: its day is that of its last change."""
    moment = dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC).replace(microsecond=0)
    return Provenance(
        source=f"user's file {path.name}",
        version=moment.date().isoformat(),
        retrieved_at=moment.isoformat(),
        licence="the user's own; not redistributed",
        sha256=sha256_of(path.read_bytes()),
        note=note,
    )


def own_files(folder: Path) -> list[Path]:
    """The user's files of returns, in order of their names."""
    found = folder.glob("*")
    return sorted(p for p in found if p.name.lower().endswith(SUFFIXES) and not p.name.startswith("factors"))


def read_folder(folder: Path, read: Callable[[Path], pd.DataFrame]) -> tuple[list[pd.DataFrame], list[str]]:
    """What ``read`` finds of each ``ticker`` in the files of a folder, and which were not used and why.

    Raises
    ------
    InputError
        Two files hold the same ticker.
    """
    found: list[pd.DataFrame] = []
    unread: list[str] = []
    holder: dict[str, str] = {}
    for path in own_files(folder):
        try:
            rows = read(path)
        except (DataError, SourceError) as error:
            unread.append(f"{path.name} was not used: {error}")
            continue
        tickers = rows["ticker"].unique()
        if twice := [ticker for ticker in tickers if ticker in holder]:
            raise InputError(
                f"{', '.join(twice[:5])} in both {holder[twice[0]]} and {path.name} in {folder}; "
                "say which file with source=<path>."
            )
        holder |= dict.fromkeys(tickers, path.name)
        found.append(rows)
    return found, unread


def together(parts: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Rows of several files with the provenance of each that has some; ``columns`` where none has."""
    held = [rows for rows in parts if len(rows)]
    frame = pd.concat(held, ignore_index=True) if held else pd.DataFrame(columns=list(columns))
    return attach(frame, *(Provenance(**entry) for entry in provenance_of(*held)))
