"""At which price did a share close? From the user's own table; the project ships no prices."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from undercut.errors import DataError, SourceError
from undercut.provenance import Provenance, attach, sha256_of
from undercut.sources.dates import day_column

COLUMNS = ("date", "ticker", "close")


def load_closes(path: str | Path) -> pd.DataFrame:
    """Closing prices as they were, for market values.

    Parameters
    ----------
    path : path-like
        CSV or Parquet with the columns date, ticker and close (not adjusted for later dividends).

    Returns
    -------
    DataFrame
        ``date``, ``ticker``, ``close`` (US dollars a share), with provenance.

    Raises
    ------
    SourceError
        The file cannot be read.
    DataError
        A column is missing or a close is not positive.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
        table = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} cannot be read as a table of closing prices: {error}.") from error
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise DataError(f"{file.name} lacks {', '.join(missing)}; closing prices need {', '.join(COLUMNS)}.")
    frame = table[list(COLUMNS)].dropna(subset=["close"]).reset_index(drop=True)
    if not (pd.to_numeric(frame["close"], errors="coerce") > 0).all():
        raise DataError(f"{file.name}: a close is not a positive number.")
    frame["date"] = day_column(frame["date"], file.name)
    moment = dt.datetime.fromtimestamp(file.stat().st_mtime, tz=dt.UTC).replace(microsecond=0)
    note = "Closing prices, used for market values only; firms without a close are left out."
    entry = Provenance(
        f"user's file {file.name}", moment.date().isoformat(), moment.isoformat(),
        "the user's own; not redistributed", sha256_of(content), note,
    )  # fmt: skip
    return attach(frame, entry)
