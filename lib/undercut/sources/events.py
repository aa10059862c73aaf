"""Which events can a study use: the reviewed list, and open releases found by a rule blind to the market?

Dates picked because prices moved are picked on the outcome. The rule below looks at capability alone, so its
events include those on which nothing happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.provenance import Provenance, attach, provenance_of
from undercut.sources.reference import load_reference
from undercut.sources.sessions import NEW_YORK, reacting_session, sessions

#: Points of the capability index; its frontier gained about 16 a year, so this is half a year behind.
WITHIN: Final = 8.0
#: Weights that came later than this were not part of the announcement: the event is their day.
PROMISED_DAYS: Final = 60
#: An event of the reviewed list this near, by the same developer, is the same release.
SAME_RELEASE_DAYS: Final = 3
_WEIGHTS: Final = r"weights (?:about )?(\d{4}-\d{2}-\d{2})"
_SCHEDULED: Final = {"fomc": "Federal Reserve", "cpi": "consumer prices", "jobs": "jobs report"}
#: Finds news of the whole economy in what `calendar_inside` tells.
MACRO: Final = "|".join(_SCHEDULED.values())
#: Developers as the reviewed events and the table of models write them, where they differ.
_SAME_DEVELOPER: Final = {"Zhipu AI": "Z.ai"}


def load_events(*, exchange: str = NEW_YORK) -> pd.DataFrame:
    """The reviewed events, each with what its trading day rests on.

    Returns
    -------
    DataFrame
        As ``load_reference("events")``, plus ``moved`` (``no``: the session of the day itself; ``closed``:
        the exchange did not trade that day; ``after_close``: the news came too late for it) and
        ``same_session`` (ids of other events of that session, separated by blanks: its confounders).

    Raises
    ------
    DataError
        The table breaks its contract.

    Examples
    --------
    >>> events = load_events().set_index("event_id")
    >>> events.loc["E050", "us_trading_day"].date().isoformat(), events.loc["E050", "moved"]
    ('2025-01-21', 'closed')
    """
    events = load_reference("events")
    days = events["date"]
    open_days = sessions(days.min(), days.max() + pd.Timedelta(days=14), exchange=exchange)
    first = pd.Series(open_days[open_days.searchsorted(days)], index=events.index)
    traded = first.eq(events["date"])
    after = events["us_trading_day"] > first
    events["moved"] = np.select([after, ~traded], ["after_close", "closed"], "no")
    together = events.groupby("us_trading_day")["event_id"].agg(" ".join)
    others = [
        " ".join(name for name in together[day].split() if name != event)
        for event, day in zip(events["event_id"], events["us_trading_day"], strict=True)
    ]
    return events.assign(same_session=pd.Series(others, index=events.index, dtype="str"))


def check_events(events: pd.DataFrame, *, exchange: str = NEW_YORK) -> pd.DataFrame:
    """Events whose trading day the calendar contradicts.

    Parameters
    ----------
    events : DataFrame
        ``event_id``, ``date`` (UTC day), ``us_trading_day``.
    exchange : str

    Returns
    -------
    DataFrame
        ``event_id``, ``check`` (``not_a_session``, ``too_early``, ``too_late``), ``found``, ``first`` (the
        first session on or after the day); empty if all agree. Too late is later than the session after
        ``first``: news after a close waits for one session.

    Examples
    --------
    >>> day = pd.to_datetime(["2025-01-20"])
    >>> holiday = pd.DataFrame({"event_id": ["E1"], "date": day, "us_trading_day": day})
    >>> check_events(holiday)["check"].tolist()
    ['not_a_session', 'too_early']
    """
    rows = []
    for event in events.itertuples():
        day, found = event.date, event.us_trading_day
        open_days = sessions(day, max(day, found) + pd.Timedelta(days=14), exchange=exchange)
        wrong = {
            "not_a_session": found not in open_days,
            "too_early": found < open_days[0],
            "too_late": found > open_days[1],
        }
        rows += [
            (event.event_id, check, found, open_days[0]) for check, is_wrong in wrong.items() if is_wrong
        ]
    return pd.DataFrame(rows, columns=["event_id", "check", "found", "first"])


def events_inside(
    events: pd.DataFrame, day: Any, open_days: pd.DatetimeIndex, window: tuple[int, int]
) -> pd.DataFrame:
    """Events whose session lies within some trading days of a day.

    Parameters
    ----------
    events : DataFrame
        ``us_trading_day`` and whatever else; all columns are kept.
    day : date-like
        A session.
    open_days : DatetimeIndex
        Trading days, ascending; events after the last one are not found.
    window : tuple of int
        First and last offset in trading days.

    Examples
    --------
    >>> days = pd.bdate_range("2025-01-20", "2025-01-31")
    >>> rows = pd.DataFrame({"us_trading_day": days[[1, 5]], "title": ["release", "fall"]})
    >>> events_inside(rows, days[5], days, (-1, 1))["title"].tolist()
    ['fall']
    """
    return events.iloc[rows_inside(events, pd.Series([pd.Timestamp(day)]), open_days, window)[0]]


def rows_inside(
    events: pd.DataFrame, days: pd.Series, open_days: pd.DatetimeIndex, window: tuple[int, int]
) -> list[np.ndarray]:
    """Positions of the events inside the window of each of several days; see `events_inside`."""
    place = open_days.searchsorted(events["us_trading_day"])
    offset = place - open_days.searchsorted(days)[:, None]
    inside = (offset >= window[0]) & (offset <= window[1]) & (place < len(open_days))
    return [np.flatnonzero(row) for row in inside]


def calendar_inside(
    days: pd.Series, open_days: pd.DatetimeIndex, window: tuple[int, int], *, tickers: Iterable[str] = ()
) -> list[str]:
    """Scheduled news inside the window of each day: the central bank, prices, jobs, earnings of ``tickers``.

    Parameters
    ----------
    days : Series
        Sessions.
    open_days : DatetimeIndex
        Trading days, ascending.
    window : tuple of int
        First and last offset in trading days.
    tickers : iterable of str
        Companies whose earnings count; none by default.

    Returns
    -------
    list of str
        What happened, joined by semicolons; empty where nothing scheduled is known. Earnings end in August
        2026.

    Examples
    --------
    >>> open_days = pd.bdate_range("2025-01-20", "2025-02-10")
    >>> calendar_inside(pd.Series(pd.to_datetime(["2025-01-27"])), open_days, (0, 3), tickers=["MSFT"])
    ['Federal Reserve; MSFT earnings']
    """
    dates = load_reference("calendar_dates")
    dates = dates[dates["kind"].ne("earnings") | dates["ticker"].isin(list(tickers))]
    dates = dates[dates["session"].notna()].rename(columns={"session": "us_trading_day"})
    names = dates["kind"].map(_SCHEDULED).fillna(dates["ticker"] + " earnings")
    dates = dates.assign(title=names).sort_values(["us_trading_day", "title"])
    titles = dates["title"].to_numpy(object)
    found = rows_inside(dates, days, open_days, window)
    return ["; ".join(dict.fromkeys(titles[rows].tolist())) for rows in found]


def open_releases(
    *,
    within: float | None = WITHIN,
    at_least: float | None = None,
    start: Any = None,
    end: Any = None,
    exchange: str = NEW_YORK,
) -> pd.DataFrame:
    """Every release of an open model above a capability threshold, whatever the market did.

    Parameters
    ----------
    within : float, optional
        At most so many points of the capability index behind the best closed model released by that day.
    at_least : float, optional
        At least this score. With both, both must hold.
    start, end : date-like, optional
        First and last session.
    exchange : str

    Returns
    -------
    DataFrame
        One row a model, by session: ``event_id`` (``R-`` and the model), ``date``, ``us_trading_day``,
        ``model_id``, ``name``, ``developer``, ``country``, ``access``, ``eci``, ``eci_low`` and ``eci_high``
        (90%), ``frontier_model``, ``frontier_eci``, ``gap`` (frontier minus model, points), ``weights_date``
        (where the weights followed later), ``reviewed_event`` (its id in the reviewed list, if it is there),
        ``leads_session`` (the most capable of its session: one event a session).

        The session is that of the reviewed event where there is one, which knows the hour; else the first
        session on or after the day.

    Raises
    ------
    InputError
        No threshold.

    Notes
    -----
    Releases after the edition of the capability index have no score and cannot be found; the provenance says
    which day that is. Release days of models marked ``first offer`` are upper bounds.

    Examples
    --------
    >>> releases = open_releases(start="2025-01-01", end="2025-02-28")
    >>> releases[["model_id", "reviewed_event", "gap"]].round(2).values.tolist()
    [['deepseek-r1', 'E050', 2.94]]
    """
    if within is None and at_least is None:
        raise InputError("Open releases need a threshold: within=, at_least= or both.")
    models, capability = load_reference("models"), load_reference("capability")
    scored = _scored(models, capability)
    releases = _with_frontier(_open(scored), scored[scored["access"] == "closed"])
    if within is not None:
        releases = releases[releases["gap"] <= within]
    if at_least is not None:
        releases = releases[releases["eci"] >= at_least]
    releases = _with_sessions(releases, exchange)
    day = releases["us_trading_day"]
    inside = day.ge(pd.Timestamp(start or day.min())) & day.le(pd.Timestamp(end or day.max()))
    releases = releases[inside].sort_values(
        ["us_trading_day", "eci"], ascending=[True, False], ignore_index=True
    )
    releases["leads_session"] = ~releases["us_trading_day"].duplicated()
    last = capability["release_date"].max().date()
    thresholds = {"within {:g} points of the best closed model": within, "scoring at least {:g}": at_least}
    rule = " and ".join(words.format(value) for words, value in thresholds.items() if value is not None)
    note = f"Scored releases end on {last}: later ones cannot be found."
    entries = [Provenance(**entry) for entry in provenance_of(models, capability)]
    return attach(releases, replace(entries[0], source=f"rule: open releases {rule}", note=note), *entries)


def _scored(models: pd.DataFrame, capability: pd.DataFrame) -> pd.DataFrame:
    """Models with a score and a release date."""
    scores = capability[["model", "eci", "eci_low", "eci_high"]].rename(columns={"model": "capability_model"})
    known = models.dropna(subset=["capability_model", "release_date", "access"])
    return known.merge(scores, on="capability_model", validate="many_to_one")


def _open(scored: pd.DataFrame) -> pd.DataFrame:
    """Open models, dated by their weights where these were not part of the announcement."""
    models = scored[scored["access"] != "closed"].copy()
    models["weights_date"] = pd.to_datetime(models["licence"].str.extract(_WEIGHTS, expand=False))
    late = models["weights_date"] - models["release_date"] > pd.Timedelta(days=PROMISED_DAYS)
    models["date"] = models["release_date"].mask(late, models["weights_date"])
    return models


def _with_frontier(models: pd.DataFrame, closed: pd.DataFrame) -> pd.DataFrame:
    """The best closed model released by each day."""
    names = {"release_date": "frontier_day", "name": "frontier_model", "eci": "frontier_eci"}
    order = closed.sort_values(["release_date", "eci"])
    best = order.loc[order["eci"] == order["eci"].cummax(), list(names)].rename(columns=names)
    joined = pd.merge_asof(models.sort_values("date"), best, left_on="date", right_on="frontier_day")
    return joined.assign(gap=joined["frontier_eci"] - joined["eci"])


def _with_sessions(releases: pd.DataFrame, exchange: str) -> pd.DataFrame:
    reviewed = load_reference("events")
    reviewed = reviewed[reviewed["type"] == "open_model_release"]
    reviewed = reviewed.assign(developer=reviewed["actor"].replace(_SAME_DEVELOPER))
    ids, days = [], []
    for release in releases.itertuples():
        event = _reviewed_event(release, reviewed[reviewed["developer"] == release.developer])
        ids.append(None if event is None else event["event_id"])
        own = reacting_session(release.date, exchange=exchange)
        days.append(own if event is None else event["us_trading_day"])
    frame = releases.assign(
        event_id="R-" + releases["model_id"],
        us_trading_day=pd.Series(days, index=releases.index, dtype="datetime64[us]"),
        reviewed_event=pd.Series(ids, index=releases.index, dtype="str"),
        country=releases["origin"],
    )
    return frame[
        ["event_id", "date", "us_trading_day", "model_id", "name", "developer", "country", "access", "eci",
         "eci_low", "eci_high", "frontier_model", "frontier_eci", "gap", "weights_date", "reviewed_event"]
    ]  # fmt: skip


def _reviewed_event(release: Any, candidates: pd.DataFrame) -> pd.Series | None:
    """The reviewed event of a release: of that day, or near it and named by words of the model's name."""
    distance = (candidates["date"] - release.date).abs().sort_values()
    for index in distance.index[distance <= pd.Timedelta(days=SAME_RELEASE_DAYS)]:
        title = re.split(r"[(/]", candidates.loc[index, "title"])[0]
        if distance[index] == pd.Timedelta(0) or _words(title) <= _words(release.name):
            return candidates.loc[index]
    return None


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", name.lower()))
