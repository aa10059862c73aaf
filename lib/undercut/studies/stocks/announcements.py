"""Which announcements are of one kind, whom do they name, and what else happened beside them?

Classes follow from the type and the title of an event alone, never from what prices did.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Final

import pandas as pd

from undercut.errors import OutsideDataError
from undercut.sources.events import events_inside

#: Class, type of event, and pattern of actor and title; the first that fits. An empty pattern fits all.
CLASSES: Final[tuple[tuple[str, str, str], ...]] = (
    ("export controls relaxed", "regulation", r"rescinded|resume|revenue-share|allowed|case-by-case"),
    ("export controls tightened", "regulation", r"chip|entity|HBM|Diffusion|H20|affiliates"),
    ("rules on models", "regulation", r""),
    ("bans and accusations", "security_or_ban", r""),
    ("adoption", "adoption", r""),
)
#: Listed companies as events write them.
COMPANIES: Final[Mapping[str, str]] = {
    "NVDA": r"nvidia", "AMD": r"amd", "MSFT": r"microsoft", "AMZN": r"amazon", "GOOGL": r"google",
    "META": r"meta", "AAPL": r"apple", "TSLA": r"tesla", "ABNB": r"airbnb", "PINS": r"pinterest",
    "BABA": r"alibaba|qwen-linked", "ORCL": r"oracle", "AVGO": r"broadcom", "TSM": r"tsmc",
}  # fmt: skip


def classes_of(events: pd.DataFrame) -> pd.Series:
    """Class of each event, missing where it is of none.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns type, actor, title, as ``load_events()``.

    Examples
    --------
    >>> rows = {"type": ["regulation"], "actor": ["US BIS"], "title": ["AI Diffusion rule rescinded"]}
    >>> classes_of(pd.DataFrame(rows)).tolist()
    ['export controls relaxed']
    """
    text = events["actor"].str.cat(events["title"], sep=" ")
    found = pd.Series(pd.NA, index=events.index, dtype="object")
    for name, kind, pattern in CLASSES:
        fits = events["type"].eq(kind) & text.str.contains(pattern, case=False, regex=True)
        found = found.mask(fits & found.isna(), name)
    return found


def announcements(events: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Events of the classes by session: those of one class and session are one announcement.

    Parameters
    ----------
    events : pandas.DataFrame
        As ``load_events()``: event_id, us_trading_day, type, actor, title, confidence.
    first, last : Timestamp
        First and last session of the returns.

    Returns
    -------
    pandas.DataFrame
        Columns event (ids, joined by +), date (session), group (class), title, n_events, confidence
        (``source_read`` only if all were read), in order of class and date.

    Raises
    ------
    OutsideDataError
        If no event of a class lies in the span.
    """
    rows = events.assign(group=classes_of(events)).dropna(subset=["group"])
    rows = rows[rows["us_trading_day"].between(first, last)]
    if rows.empty:
        raise OutsideDataError(f"No announcement lies between {first.date()} and {last.date()}.")
    by_session = rows.groupby(["group", "us_trading_day"])
    joined = by_session.agg(
        event=("event_id", "+".join),
        title=("title", "; ".join),
        n_events=("event_id", "size"),
        confidence=("confidence", lambda values: "/".join(sorted(set(values)))),
    ).reset_index()
    joined = by_kind(joined.rename(columns={"us_trading_day": "date"}), "group", "date")
    return joined[["event", "date", "group", "title", "n_events", "confidence"]]


def by_kind(rows: pd.DataFrame, kind: str, *then: str) -> pd.DataFrame:
    """Rows in the order of `CLASSES`, then of other columns."""
    order = {name: place for place, (name, _, _) in enumerate(CLASSES)}
    return rows.sort_values(
        [kind, *then], key=lambda c: c.map(order) if c.name == kind else c, ignore_index=True
    )


def named_companies(events: pd.DataFrame, held: Sequence[str]) -> pd.DataFrame:
    """Events of the classes with the companies that they name in actor, title or description.

    Parameters
    ----------
    events : pandas.DataFrame
        As ``load_events()``.
    held : sequence of str
        Tickers with returns; others are left out.

    Returns
    -------
    pandas.DataFrame
        Columns event, date, firm, group (class), title.
    """
    rows = events.assign(group=classes_of(events)).dropna(subset=["group"])
    text = rows["actor"].str.cat([rows["title"], rows["description"]], sep=" ")
    # A word of its own: "meta" is not part of "metadata", "apple" not of "pineapple".
    whole = {ticker: rf"(?<![A-Za-z])(?:{pattern})(?![A-Za-z])" for ticker, pattern in COMPANIES.items()}
    parts = [
        rows[text.str.contains(word, flags=re.IGNORECASE)].assign(firm=name) for name, word in whole.items()
    ]
    found = pd.concat(parts, ignore_index=True).drop(columns="date")
    found = found.rename(columns={"event_id": "event", "us_trading_day": "date"})
    found = found[found["firm"].isin(held)].sort_values(["date", "event", "firm"], ignore_index=True)
    return found[["event", "date", "firm", "group", "title"]]


def short_labels(found: pd.DataFrame, *, width: int = 44) -> pd.Series:
    """Day and title of each announcement, cut between words where the title is long.

    Examples
    --------
    >>> rows = {"date": pd.to_datetime(["2026-07-21"]), "title": ["Open models under investigation"]}
    >>> short_labels(pd.DataFrame(rows), width=20).tolist()
    ['2026-07-21 Open models under…']
    """
    titles = [shorten(title, width, placeholder="\N{HORIZONTAL ELLIPSIS}") for title in found["title"]]
    return found["date"].dt.strftime("%Y-%m-%d ") + pd.Series(titles, index=found.index)


def company_named_by_none(events: pd.DataFrame) -> list[str]:
    """Tickers of `COMPANIES` that no event of the classes names."""
    named = set(named_companies(events, list(COMPANIES))["firm"])
    return [ticker for ticker in COMPANIES if ticker not in named]


def beside(
    found: pd.DataFrame, events: pd.DataFrame, sessions: pd.DatetimeIndex, *, window: tuple[int, int]
) -> pd.Series:
    """Titles of the other dated events inside the window of each announcement, joined; empty for none.

    Parameters
    ----------
    found : pandas.DataFrame
        As `announcements`.
    events : pandas.DataFrame
        All events, of whatever type, as ``load_events()``.
    sessions : DatetimeIndex
        Trading days, ascending.
    window : tuple of int
        First and last offset in trading days.
    """
    said = []
    for names, day in zip(found["event"].str.split("+"), found["date"], strict=True):
        inside = events_inside(events, day, sessions, window)
        said.append("; ".join(inside.loc[~inside["event_id"].isin(names), "title"]))
    return pd.Series(said, index=found.index, dtype=object)
