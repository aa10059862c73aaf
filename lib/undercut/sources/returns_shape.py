"""What is a tidy frame of returns, and which returns do prices imply?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.sources.sessions import NEW_YORK, sessions

#: ``date`` (midnight), ``ticker``, ``return`` (decimal: 0.01 is one percent), ``source`` (of the row).
COLUMNS: Final = ("date", "ticker", "return", "source")


@dataclass(frozen=True, slots=True)
class Window:
    """Days asked for, both included; None is open."""

    start: pd.Timestamp | None
    end: pd.Timestamp | None

    @classmethod
    def of(cls, start: Any, end: Any) -> Window:
        """From what a user writes.

        Raises
        ------
        InputError
            Not a day, or the end before the start.
        """
        days = []
        for name, value in (("start", start), ("end", end)):
            try:
                day = None if value is None else pd.Timestamp(value)
            except (ValueError, TypeError) as error:
                raise InputError(f"{name}={value!r} is not a day; write it as 2025-01-27.") from error
            days.append(None if day is None else day.tz_localize(None).normalize())
        if days[0] is not None and days[1] is not None and days[0] > days[1]:
            raise InputError(f"start={start!r} is after end={end!r}.")
        return cls(*days)

    def cut(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows of ``frame`` whose ``date`` lies in the window."""
        inside = pd.Series(True, index=frame.index)
        if self.start is not None:
            inside &= frame["date"] >= self.start
        if self.end is not None:
            inside &= frame["date"] <= self.end
        return frame[inside]

    def __str__(self) -> str:
        first, last = (day.date().isoformat() if day is not None else "…" for day in (self.start, self.end))
        return f"{first} to {last}"


def returns_from_prices(prices: pd.DataFrame, *, exchange: str = NEW_YORK) -> tuple[pd.DataFrame, int]:
    """Simple daily returns of each ticker.

    A price after missing sessions gives a return over several days, which is no daily return: it is left
    out and counted. On days on which the exchange was closed nothing is left out, so that
    :func:`undercut.sources.returns_checks.check_returns` can tell shifted dates.

    Parameters
    ----------
    prices : DataFrame
        ``date``, ``ticker``, ``price`` and any other columns, which are kept.
    exchange : str
        Whose trading days.

    Returns
    -------
    frame : DataFrame
        ``return`` in place of ``price``; without each ticker's first day, which has no return.
    spans : int
        Returns left out because they span missing sessions.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-24", "2025-01-27", "2025-01-29"])
    >>> prices = pd.DataFrame({"date": days, "ticker": "X", "price": [100, 83, 84]})
    >>> frame, spans = returns_from_prices(prices)
    >>> frame["return"].round(4).tolist(), spans
    ([-0.17], 1)
    """
    known = prices.dropna(subset=["price"]).sort_values(["ticker", "date"], ignore_index=True)
    before = known.groupby("ticker", sort=False)[["date", "price"]].shift()
    later = known[before["date"].notna()]
    if later.empty:
        return later.rename(columns={"price": "return"}).astype({"return": "float64"}), 0
    open_days = sessions(known["date"].min(), known["date"].max(), exchange=exchange).to_numpy()
    at = later["date"].to_numpy()
    previous = before.loc[later.index, "date"].to_numpy()
    between = np.searchsorted(open_days, at, "left") - np.searchsorted(open_days, previous, "right")
    spanning = (between > 0) & np.isin(at, open_days)
    change = later["price"].astype("float64") / before.loc[later.index, "price"] - 1
    frame = later.drop(columns="price").assign(**{"return": change})[~spanning]
    return frame.reset_index(drop=True), int(spanning.sum())
