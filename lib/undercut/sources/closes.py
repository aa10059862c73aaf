"""What was a company worth? Closes of the user's own table times shares; the project ships no prices."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd

from undercut.paths import data_dir
from undercut.provenance import attach
from undercut.sources.files import read_table
from undercut.sources.own_files import own_provenance, read_folder, together
from undercut.sources.reference import load_reference
from undercut.sources.returns_files import closes_in

COLUMNS = ("date", "ticker", "close")
_NOTE = "Closing prices, used for market values only, taken as not adjusted; firms without one are left out."


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
    return attach(frame, own_provenance(file, _NOTE))


def closing_prices(source: str | Path) -> pd.DataFrame:
    """Closes of a user's file of prices, or of those in ``data/local``; empty where there are none.

    Parameters
    ----------
    source : path or str
        As for :func:`undercut.sources.returns.load_returns`: a path; ``local`` or ``auto`` for the user's
        folder. Columns of adjusted prices are not taken: they are no prices that anybody paid. Of a table
        whose columns are tickers nobody says so; its prices are taken as they stand.

    Returns
    -------
    DataFrame
        ``date``, ``ticker``, ``close``, with provenance. A file of the folder that cannot be read is said in
        a warning.

    Raises
    ------
    CellError
        A cell of the file cannot be read.
    InputError
        Two files of the folder hold the same ticker.
    """
    if source in ("auto", "local"):
        tables, unread = read_folder(data_dir() / "local", _closes_of)
        for told in unread:
            warnings.warn(told, stacklevel=2)
    else:
        tables = [_closes_of(Path(source))] if Path(source).is_file() else []
    return together(tables, COLUMNS)


def _closes_of(path: Path) -> pd.DataFrame:
    return attach(closes_in(path), own_provenance(path, _NOTE))


def market_values(
    closes: pd.DataFrame,
    fundamentals: pd.DataFrame,
    day: str | pd.Timestamp,
    *,
    outstanding: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Market values at the close before an event: price times shares outstanding, or diluted shares.

    Parameters
    ----------
    closes : pandas.DataFrame
        Columns ticker, date and close: prices as they were, not adjusted for later dividends.
    fundamentals : pandas.DataFrame
        ``load_reference("fundamentals")``.
    day : date-like
        The event's session.
    outstanding : pandas.DataFrame, optional
        ``load_reference("shares_outstanding")``.

    Returns
    -------
    pandas.DataFrame
        Columns firm, value (billions of US dollars), shares_of (day of the number of shares), close_of, note.
        Firms without a close, or without shares, or quoted as receipts of an unknown number of shares are
        absent.

    Notes
    -----
    Shares outstanding within 100 days of the event are taken first; else diluted weighted shares of the
    nearest fiscal year, a little more, if it ended within a year. A split between would be a gross error.
    """
    moment = pd.Timestamp(day)
    before = closes[pd.to_datetime(closes["date"]) < moment].dropna(subset=["close"])
    last = before.sort_values("date").groupby("ticker", as_index=False).last()
    diluted = fundamentals[fundamentals["item"] == "diluted_weighted_shares"]
    diluted = _nearest(diluted.rename(columns={"period_end": "of", "value": "shares"}), moment, days=366)
    ratio = fundamentals[fundamentals["item"] == "adr_ratio"].set_index("ticker")["value"]
    foreign = set(fundamentals.loc[fundamentals["currency"].isin(["TWD", "CNY"]), "ticker"]) - set(
        ratio.index
    )
    diluted = diluted[~diluted["ticker"].isin(foreign)].assign(note="close times diluted shares")
    diluted["shares"] = diluted["shares"] / diluted["ticker"].map(ratio).astype(float).fillna(1.0)
    table = load_reference("shares_outstanding") if outstanding is None else outstanding
    counted = _nearest(table.rename(columns={"date": "of", "shares_million": "shares"}), moment, days=100)
    counted = counted.assign(note="close times shares outstanding")
    shares = pd.concat([counted, diluted[~diluted["ticker"].isin(counted["ticker"])]])
    merged = last.merge(shares[["ticker", "of", "shares", "note"]], on="ticker")
    return pd.DataFrame(
        {
            "firm": merged["ticker"],
            "value": merged["close"] * merged["shares"] / 1e3,
            "shares_of": merged["of"],
            "close_of": pd.to_datetime(merged["date"]),
            "note": merged["note"],
        }
    ).reset_index(drop=True)


def _nearest(rows: pd.DataFrame, moment: pd.Timestamp, *, days: int) -> pd.DataFrame:
    """The row of each company nearest to a day, within some days of it."""
    away = (pd.to_datetime(rows["of"]) - moment).abs()
    near = rows.assign(away=away)[away <= pd.Timedelta(days=days)]
    return near.sort_values("away").groupby("ticker", as_index=False).first()
