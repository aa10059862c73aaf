"""Can these returns be trusted? Every doubt about a series, told and never repaired.

A finding is a doubt, not a verdict: stocks do halve in a day. ``advice`` says what to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import need_columns
from undercut.sources.returns_shape import COLUMNS
from undercut.sources.sessions import NEW_YORK, sessions

#: What each check says to look at.
ADVICE: Final = {
    "missing_day": "Halted, not yet or no longer listed, or lost by the source: compare with another source.",
    "extra_day": "The exchange was closed: shifted or filled dates?",
    "duplicate_row": "Keep one row a day, and find out which is right.",
    "stale": "Repeated values: no trades, a filled gap or a stuck feed?",
    "impossible": "Not a return: leave it out.",
    "extreme": "Look for news or a corporate action that day.",
    "reversal": "Taken back the next session: a wrong price that day?",
    "unadjusted_split": "As a split leaves it: are these prices adjusted?",
    "source_seam": "Two sources meet here: where they adjust prices differently this return is not one.",
    "survivors_only": "No firm ever left: delisted losers are missing, so average returns are too high.",
}
_SHIFTED: Final = "Dates look shifted by a day, as time-zone conversion does: check the day of a known event."
_APART: Final = "Moves with the other tickers a session apart: are its dates shifted?"
FINDING: Final = ("ticker", "check", "date", "value", "advice")

EXTREME: Final = 0.5
SPLIT_RATIOS: Final = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)
#: A split day carries the day's own return as well.
SPLIT_TOLERANCE: Final = 0.05
STALE_RUN: Final = 3
REVERSAL: Final = 0.3
#: Sessions and tickers below which lead, lag and survival say nothing.
ENOUGH_DAYS: Final = 120
#: One wrong return must not decide with whom a series moves.
CLIP: Final = 0.2
ENOUGH_TICKERS: Final = 5


def check_returns(frame: pd.DataFrame, *, exchange: str = NEW_YORK) -> pd.DataFrame:
    """Doubts about daily returns, one row each; nothing in ``frame`` is changed.

    ======================= ==============================================================================
    check                   what it finds; what ``value`` is
    ======================= ==============================================================================
    ``missing_day``         a stretch of sessions without a return, from ``date`` on; sessions in it. The
                            window asked for (``attrs["asked"]``) counts, where there is one
    ``extra_day``           a return on a day without a session; the return
    ``duplicate_row``       several rows of one day; their number
    ``stale``               the same return on three sessions or more, zeros included; sessions
    ``impossible``          -100% or less, or not a number; the return
    ``extreme``             more than half up or down in a day; the return
    ``reversal``            a jump of 30% that the next session takes back (a wrong price between two right
                            ones); the first return
    ``unadjusted_split``    within 5% of the change that a split of 2 to 100 for 1, or its reverse, makes; the
                            ratio
    ``time_zone_shift``     trades on Sundays or Saturdays, or returns that follow the other tickers a session
                            early or late; days by which the dates are off, where known
    ``source_seam``         the row's source is not that of the day before; the return
    ``survivors_only``      no ticker of the panel ends before the panel does (``ticker`` is ``*``); tickers
    ======================= ==============================================================================

    Parameters
    ----------
    frame : DataFrame
        As :func:`undercut.load_returns` gives; ``source`` may be missing.
    exchange : str
        Whose trading days.

    Returns
    -------
    DataFrame
        ``ticker``, ``check``, ``date``, ``value``, ``advice``, by ticker, check and day; empty if nothing is
        in doubt.

    Raises
    ------
    DataError
        A column is missing.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-23", "2025-01-24", "2025-01-28"])
    >>> doubts = check_returns(pd.DataFrame({"date": days, "ticker": "X", "return": [0.01, -0.503, 0.02]}))
    >>> doubts[["check", "value"]].values.tolist()
    [['extreme', -0.503], ['missing_day', 1.0], ['unadjusted_split', 2.0]]
    """
    need_columns(frame, COLUMNS[:3], "Returns lack the column", f"expected {', '.join(COLUMNS)}")
    if frame.empty:
        return pd.DataFrame(columns=list(FINDING))
    rows = frame.sort_values(["ticker", "date"], ignore_index=True)
    open_days = sessions(*_span(frame), exchange=exchange)
    found = [
        _missing(rows, open_days, frame.attrs.get("asked", {})),
        _duplicates(rows),
        *_single_days(rows, open_days),
        _splits(rows),
        *_shifted_weekdays(rows),
        *_shifted_sessions(rows),
        *_survivors(rows, open_days),
    ]
    doubts = pd.concat([part for part in found if len(part)] or [pd.DataFrame(columns=list(FINDING))])
    return doubts[list(FINDING)].sort_values(["ticker", "check", "date"], ignore_index=True)


def _span(frame: pd.DataFrame) -> tuple[Any, Any]:
    asked = frame.attrs.get("asked", {})
    first, last = frame["date"].min(), frame["date"].max()
    return min(first, pd.Timestamp(asked.get("start", first))), max(
        last, pd.Timestamp(asked.get("end", last))
    )


def _finding(rows: pd.DataFrame, check: str, value: Any, advice: str | None = None) -> pd.DataFrame:
    told = rows[["ticker", "date"]].copy()
    told["check"], told["value"], told["advice"] = check, value, advice or ADVICE[check]
    return told.astype({"value": "float64"})


def _missing(rows: pd.DataFrame, open_days: pd.DatetimeIndex, asked: dict[str, str]) -> pd.DataFrame:
    """Stretches of sessions without a return, per ticker, inside its own life and inside the window asked."""
    first, last = asked.get("start"), asked.get("end")
    known = rows[rows["return"].notna()]
    codes, tickers = pd.factorize(known["ticker"])
    held = np.zeros((len(tickers), len(open_days)), dtype=bool)
    place = open_days.get_indexer(pd.DatetimeIndex(known["date"]))
    held[codes[place >= 0], place[place >= 0]] = True
    lives = known.groupby("ticker", sort=False)["date"].agg(["first", "last"])
    starts = open_days.searchsorted([pd.Timestamp(first)] * len(lives) if first else lives["first"])
    ends = open_days.searchsorted([pd.Timestamp(last)] * len(lives) if last else lives["last"], side="right")
    day = np.arange(len(open_days))
    gap = ~held & (day >= np.asarray(starts)[:, None]) & (day < np.asarray(ends)[:, None])
    edges = np.diff(np.pad(gap, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    who, begin = np.nonzero(edges == 1)
    found = pd.DataFrame({"ticker": np.asarray(tickers)[who], "date": open_days[begin]})
    return _finding(found, "missing_day", np.nonzero(edges == -1)[1] - begin)


def _duplicates(rows: pd.DataFrame) -> pd.DataFrame:
    counts = rows.groupby(["ticker", "date"], sort=False).size().rename("count").reset_index()
    twice = counts[counts["count"] > 1]
    return _finding(twice, "duplicate_row", twice["count"])


def _single_days(rows: pd.DataFrame, open_days: pd.DatetimeIndex) -> Iterator[pd.DataFrame]:
    """What one row, beside the one before or after it, gives away."""
    returns, ticker = rows["return"], rows["ticker"]
    follows, goes_on = ticker.eq(ticker.shift()), ticker.eq(ticker.shift(-1))
    source = rows["source"] if "source" in rows else pd.Series("", index=rows.index)
    new_run = returns.ne(returns.shift()) | ~follows
    length = returns.groupby(new_run.cumsum()).transform("size")
    impossible = ~np.isfinite(returns) | (returns <= -1)
    back = ((1 + returns) * (1 + returns.shift(-1)) - 1).abs() < REVERSAL / 6
    checks = (
        ("extra_day", ~rows["date"].isin(open_days), returns),
        ("stale", new_run & (length >= STALE_RUN) & returns.notna(), length),
        ("impossible", impossible, returns),
        ("extreme", ~impossible & (returns.abs() > EXTREME), returns),
        ("reversal", goes_on & ~impossible & (returns.abs() > REVERSAL) & back, returns),
        ("source_seam", follows & source.ne(source.shift()), returns),
    )
    for check, where, value in checks:
        yield _finding(rows[where], check, value[where])


def _splits(rows: pd.DataFrame) -> pd.DataFrame:
    """Changes as a split for or against leaves them."""
    large = rows[np.isfinite(rows["return"]) & (rows["return"] > -1) & (rows["return"].abs() > 0.4)]
    gross = 1 + large["return"].to_numpy("float64")
    change = np.maximum(gross, 1 / gross)
    ratios = np.array(SPLIT_RATIOS, dtype="float64")
    nearest = ratios[np.abs(np.log(change[:, None] / ratios)).argmin(axis=1)]
    split = np.abs(change / nearest - 1) < SPLIT_TOLERANCE
    return _finding(large[split], "unadjusted_split", nearest[split])


def _shifted_weekdays(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Trades on Sundays mean dates a day early (Monday's), on Saturdays a day late (Friday's)."""
    weekday = rows["date"].dt.day_of_week
    for day, offset in ((6, -1), (5, 1)):
        share = weekday.eq(day).groupby(rows["ticker"]).transform("mean")
        first = rows[weekday.eq(day) & (share > 0.1)].drop_duplicates("ticker")
        yield _finding(first, "time_zone_shift", offset, _SHIFTED)


def _shifted_sessions(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Series that move with the other tickers of a day before or after, but not of the same day."""
    unique = rows.drop_duplicates(["ticker", "date"])
    wide = unique.set_index(["date", "ticker"])["return"].unstack()  # noqa: PD010 (nothing to aggregate)
    wide = wide.clip(-CLIP, CLIP)
    if wide.shape[1] < ENOUGH_TICKERS or len(wide) < ENOUGH_DAYS:
        return
    # Each series against the mean of the others: with itself among them it would always agree.
    values = wide.to_numpy("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        total, count = np.nansum(values, axis=1), np.isfinite(values).sum(axis=1)
        others = (total[:, None] - values) / (count[:, None] - 1)
        correlation = {lag: _correlations(values, others, lag) for lag in (-1, 0, 1)}
    starts = rows.drop_duplicates("ticker").set_index("ticker", drop=False).rename_axis(None)
    enough = np.isfinite(values).sum(axis=0) >= ENOUGH_DAYS
    for lag in (-1, 1):
        off = (correlation[lag] > 0.3) & (correlation[0] < 0.1) & enough
        yield _finding(starts.loc[wide.columns[off]], "time_zone_shift", lag, _APART)


def _correlations(values: np.ndarray, others: np.ndarray, lag: int) -> np.ndarray:
    """Correlation of each column with the same column of ``others``, ``lag`` sessions earlier."""
    end = len(values) + min(lag, 0)
    left = values[max(lag, 0) : end]
    right = others[max(-lag, 0) : len(values) - max(lag, 0)]
    both = np.isfinite(left) & np.isfinite(right)
    n = both.sum(axis=0)
    left, right = (np.where(both, x, 0.0) for x in (left, right))
    left, right = (np.where(both, x - x.sum(axis=0) / n, 0.0) for x in (left, right))
    return (left * right).sum(axis=0) / np.sqrt((left**2).sum(axis=0) * (right**2).sum(axis=0))


def _survivors(rows: pd.DataFrame, open_days: pd.DatetimeIndex) -> Iterator[pd.DataFrame]:
    last = rows.groupby("ticker")["date"].max()
    enough = len(last) >= ENOUGH_TICKERS and len(open_days) >= ENOUGH_DAYS
    if enough and (last >= last.max() - pd.Timedelta(days=45)).all():
        whole = pd.DataFrame({"ticker": ["*"], "date": [rows["date"].max()]})
        yield _finding(whole, "survivors_only", len(last))
