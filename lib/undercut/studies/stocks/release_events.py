"""Which releases of open models does a study look at, how strong was each dose, and what else happened then?

One row a trading session: releases that share one are merged, and the most capable of them leads. The rule
that finds them looks at capability alone, so the table holds the releases on which nothing happened as well.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import DataError
from undercut.eventstudy.windows import Window, parse_window
from undercut.prices.cross_section import Sellable, model_prices
from undercut.provenance import Provenance, attach, provenance_of
from undercut.sources.events import (
    WITHIN,
    calendar_inside,
    events_inside,
    load_events,
    open_releases,
    rows_inside,
)
from undercut.sources.sessions import NEW_YORK, sessions
from undercut.studies.stocks.universe import GROUPS

#: Tables learn of a model days to weeks late, and a first seller may take as long: a price up to here counts.
PRICE_DAYS: Final = 60
#: A market shock of the reviewed list belongs to a release of the same developer at most so long before.
SHOCK_DAYS: Final = 10
#: Releases this near to another are left out in a check.
NEAR_DAYS: Final = 14
#: News that could move the shares in its own right: not releases, and not the market's own reaction.
_REACTION: Final = ("open_model_release", "market_shock")
#: Sessions are counted from here, before any open release.
_FIRST: Final = "2020-01-02"


def release_events(
    prices: pd.DataFrame | None = None, *, within: float = WITHIN, window: Window | str = (-1, 1)
) -> pd.DataFrame:
    """Every session with an open release near the closed frontier, with its dose and its confounders.

    Parameters
    ----------
    prices : DataFrame, optional
        The price panel (:func:`undercut.load_prices`); without it the price columns are empty.
    within : float
        Points of the capability index behind the best closed model of the day.
    window : tuple of int
        Trading days around the session in which other news counts as a confounder.

    Returns
    -------
    DataFrame
        By session: ``event`` (name of the leading model), ``date`` (session), ``models`` (merged into the
        row), ``developer``, ``country``, ``eci``, ``frontier_model``, ``gap`` (points behind it),
        ``proximity`` (minus the gap), ``price``, ``rival``, ``rival_price`` (USD per million tokens),
        ``halvings`` (log2 of rival price over price), ``price_note``, ``listed`` (in the reviewed list of
        events), ``shock`` and ``shock_date`` (the market shock that the list gives to the same developer soon
        after, or empty), ``confounders`` (titles of other
        news inside the window), ``calendar`` (scheduled news inside it: central bank, prices, jobs, earnings
        of companies of the groups), ``near_days`` (calendar days to the nearest other row).

    Raises
    ------
    DataError
        No release passes the rule.

    Examples
    --------
    >>> events = release_events(within=8.0).set_index("event")
    >>> events.loc["DeepSeek R1", "shock"]
    'DeepSeek equity shock'
    >>> events.loc["Kimi K3", "confounders"]
    'TSMC Q2 2026 results'
    """
    releases = open_releases(within=within)
    if releases.empty:
        raise DataError(f"No open release lies within {within:g} points of the best closed model; raise it.")
    reviewed = load_events()
    rows = _merged(releases)
    rows = _annotated(rows, reviewed, parse_window(window))
    priced = price_gaps(rows, prices) if prices is not None else _no_prices(len(rows))
    rows = pd.concat([rows, priced], axis=1)
    sources = provenance_of(releases, reviewed, *([prices] if prices is not None else []))
    rows.attrs["within"] = within
    return attach(rows, *(Provenance(**entry) for entry in sources))


def listed_releases(*, window: Window | str = (-1, 1)) -> pd.DataFrame:
    """Every open release of the reviewed list, one row a session: the releases that someone wrote down.

    Many are far behind the frontier or have no score. Columns as :func:`release_events` without the doses.

    Examples
    --------
    >>> int(listed_releases()["date"].duplicated().sum())
    0
    """
    reviewed = load_events()
    chosen = reviewed[reviewed["type"] == "open_model_release"].sort_values(["us_trading_day", "event_id"])
    chosen = chosen.assign(name=chosen["title"], developer=chosen["actor"], reviewed_event=chosen["event_id"])
    rows = _merged(chosen.assign(eci=np.nan, gap=np.nan, frontier_model="", access=""))
    rows = _annotated(rows, reviewed, parse_window(window))
    return attach(rows, *(Provenance(**entry) for entry in provenance_of(reviewed)))


def market_shocks(*, window: Window | str = (-1, 1)) -> pd.DataFrame:
    """Days of the reviewed list that became known because the market moved: a contrast, never a test.

    Shocks that share a session with an open release are left to :func:`release_events`; a shock on the
    session after another belongs to it.

    Returns
    -------
    DataFrame
        ``event`` (title), ``date``, ``developer``, ``description``, ``release`` (open releases of the
        reviewed list inside the window, or empty: then the shock is no reaction to one of those days),
        ``days_since_release`` (trading days since the last open release near the frontier).

    Examples
    --------
    >>> shocks = market_shocks().set_index("event")
    >>> shocks.loc['"SaaSpocalypse" software sell-off', "release"]
    ''
    """
    reviewed = load_events()
    found = open_releases()
    chosen = reviewed[reviewed["type"] == "market_shock"].sort_values("us_trading_day")
    chosen = chosen[~chosen["us_trading_day"].isin(found["us_trading_day"])]
    open_days = _open_days(reviewed)
    chosen = chosen[np.r_[True, np.diff(open_days.searchsorted(chosen["us_trading_day"])) > 1]]
    releases = reviewed[reviewed["type"] == "open_model_release"]
    days, span = chosen["us_trading_day"], parse_window(window)
    inside = [events_inside(releases, day, open_days, span) for day in days]
    known = np.sort(open_days.searchsorted(found["us_trading_day"]))
    rows = pd.DataFrame(
        {
            "event": chosen["title"],
            "date": chosen["us_trading_day"],
            "developer": chosen["actor"],
            "description": chosen["description"],
            "release": ["; ".join(near["title"]) for near in inside],
            "days_since_release": [int(at - known[known <= at].max()) for at in open_days.searchsorted(days)],
        }
    ).reset_index(drop=True)
    return attach(rows, *(Provenance(**entry) for entry in provenance_of(reviewed)))


def price_gaps(releases: pd.DataFrame, panel: pd.DataFrame, *, days: int = PRICE_DAYS) -> pd.DataFrame:
    """How much cheaper was each released model than the cheapest closed model at least as capable?

    Parameters
    ----------
    releases : DataFrame
        ``model_id``, ``date`` and ``eci``.
    panel : DataFrame
        The price panel: prices in force on a day, as known when it was loaded.
    days : int
        A model without an offer so long after its release has no price.

    Returns
    -------
    DataFrame
        ``price``, ``rival``, ``rival_price``, ``halvings`` and ``price_note`` (the reason where a price is
        missing, else empty), aligned with ``releases``. The model's price is the lowest on the first day
        on which the tables show it, the rival's that of the day of the release: list prices rarely move, and
        tables learn late.
    """
    sellable = Sellable(panel)
    rows = [_price_gap(row, sellable, panel, days) for row in releases.itertuples()]
    return pd.DataFrame(rows, index=releases.index, columns=list(_no_prices(0)))


def _price_gap(release: Any, sellable: Sellable, panel: pd.DataFrame, days: int) -> dict[str, Any]:
    price = _first_price(release, sellable, panel, days)
    if price is None:
        return {"price_note": f"no offer by the token within {days} days of the release"}
    models = model_prices(sellable.offers([sellable.on(release.date)]))
    rivals = models[models["access"].eq("closed") & models["eci"].ge(release.eci)].sort_values("price")
    if rivals.empty:
        return {"price": price, "price_note": "no closed model of that capability had a price on that day"}
    rival, rival_price = rivals["name"].iloc[0], float(rivals["price"].iloc[0])
    halvings = float(np.log2(rival_price / price))
    found = {"price": price, "rival": rival, "rival_price": rival_price, "halvings": halvings}
    return {**found, "price_note": ""}


def _first_price(release: Any, sellable: Sellable, panel: pd.DataFrame, days: int) -> float | None:
    """Lowest price of a model on the first day on which the tables show a seller by the token."""
    offers = panel[panel["model_id"] == release.model_id]
    last = release.date + pd.Timedelta(days=days)
    live = offers["valid_to"].isna() | (offers["valid_to"] > release.date)
    starts = offers.loc[live & (offers["valid_from"] <= last), "valid_from"]
    for day in starts.clip(lower=release.date).sort_values().unique():
        sold = sellable.offers([sellable.on(day)])
        own = sold.loc[sold["model_id"] == release.model_id, "price"]
        if len(own):  # else a router or a flat fee only: look at the next day with a new offer
            return float(own.min())
    return None


def _no_prices(count: int) -> pd.DataFrame:
    missing = {"price": np.nan, "rival": "", "rival_price": np.nan, "halvings": np.nan}
    return pd.DataFrame({**missing, "price_note": "no price panel was given"}, index=range(count))


def _merged(releases: pd.DataFrame) -> pd.DataFrame:
    """One row a session, in the order of the sessions; the first release of each leads."""
    ordered = releases.sort_values(["us_trading_day", "eci"], ascending=[True, False], kind="stable")
    by_session = ordered.groupby("us_trading_day", sort=True)
    lead = by_session.first().reset_index()
    listed = by_session["reviewed_event"].apply(lambda ids: bool(ids.notna().any()))
    names = lead["name"].mask(
        lead["name"].duplicated(keep=False), lead["name"] + " (" + lead["developer"] + ")"
    )
    return pd.DataFrame(
        {
            "event": names, "date": lead["us_trading_day"],
            "models": by_session["name"].apply("; ".join).to_numpy(),
            "model_id": lead["model_id"] if "model_id" in lead.columns else "",
            "developer": lead["developer"], "country": lead["country"], "eci": lead["eci"],
            "frontier_model": lead["frontier_model"], "gap": lead["gap"], "proximity": -lead["gap"],
            "listed": listed.to_numpy(),
        }
    )  # fmt: skip


def _annotated(rows: pd.DataFrame, reviewed: pd.DataFrame, window: Window) -> pd.DataFrame:
    shocks = [_shock(row.developer, row.date, reviewed) for row in rows.itertuples()]
    titles, days = zip(*shocks, strict=True)
    dated = pd.Series(days, index=rows.index, dtype="datetime64[us]")
    news = _confounders(rows, reviewed, window)
    tickers = sorted({name for members in GROUPS.values() for name in members})
    scheduled = calendar_inside(rows["date"], _open_days(reviewed), window, tickers=tickers)
    return rows.assign(
        shock=titles, shock_date=dated, confounders=news, calendar=scheduled,
        near_days=_near_days(rows["date"]),
    )  # fmt: skip


def _shock(developer: str, day: pd.Timestamp, reviewed: pd.DataFrame) -> tuple[str, pd.Timestamp]:
    """The market shock that the reviewed list gives to the same developer soon after: title and session."""
    shocks = reviewed[(reviewed["type"] == "market_shock") & (reviewed["actor"] == developer)]
    soon = shocks[shocks["us_trading_day"].between(day, day + pd.Timedelta(days=SHOCK_DAYS))]
    return "; ".join(soon["title"]), soon["us_trading_day"].min()


def _confounders(rows: pd.DataFrame, reviewed: pd.DataFrame, window: Window) -> list[str]:
    """Titles of other developers' news inside the window of each row."""
    news = reviewed[~reviewed["type"].isin(_REACTION)]
    titles, actors = (news[name].to_numpy(object) for name in ("title", "actor"))
    inside = rows_inside(news, rows["date"], _open_days(reviewed), window)
    return [
        "; ".join(titles[near[actors[near] != developer]])
        for near, developer in zip(inside, rows["developer"], strict=True)
    ]


def _open_days(reviewed: pd.DataFrame) -> pd.DatetimeIndex:
    """Sessions that reach beyond every event of the list."""
    last = reviewed["us_trading_day"].max() + pd.Timedelta(days=60)
    return sessions(_FIRST, last, exchange=NEW_YORK)


def _near_days(days: pd.Series) -> pd.Series:
    """Calendar days to the nearest other row; rows come in order of days."""
    before, after = days.diff().dt.days, -days.diff(-1).dt.days
    return pd.concat([before, after], axis=1).min(axis=1)
