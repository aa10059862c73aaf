"""At which price did a share close? From the user's own table; the project ships no prices."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from undercut.provenance import Provenance, attach, sha256_of
from undercut.sources.files import read_table

COLUMNS = ("date", "ticker", "close")


def load_closes(path: str | Path) -> pd.DataFrame:
    """Closing prices as they were, for market values.

    Parameters
    ----------
    path : path-like
        CSV, Parquet or Excel with the columns date, ticker and close (not adjusted for later dividends).

    Returns
    -------
    DataFrame
        ``date``, ``ticker``, ``close`` (US dollars a share), with provenance.

    Raises
    ------
    SourceError
        The file cannot be read.
    DataError
        A column is missing, or a cell cannot be read or is not positive: the message says where.
    """
    file = Path(path)
    table = read_table(file)
    date, ticker, close = (table.require(name) for name in COLUMNS)
    prices = table.numbers(close)
    if (prices <= 0).any():
        raise table.error(int((prices <= 0).to_numpy().argmax()), close, "is not a positive price")
    frame = pd.DataFrame({"date": table.days(date), "ticker": table.names(ticker)[0], "close": prices})
    frame = frame.dropna(subset=["close"]).reset_index(drop=True)
    moment = dt.datetime.fromtimestamp(file.stat().st_mtime, tz=dt.UTC).replace(microsecond=0)
    note = "Closing prices, used for market values only; firms without a close are left out."
    entry = Provenance(
        f"user's file {file.name}", moment.date().isoformat(), moment.isoformat(),
        "the user's own; not redistributed", sha256_of(file.read_bytes()), note,
    )  # fmt: skip
    return attach(frame, entry)
