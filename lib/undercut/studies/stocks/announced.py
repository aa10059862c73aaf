"""Did groups and companies move when rules, bans or adoption were announced?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from undercut.eventstudy.groups import group_tests
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, label, parse_window
from undercut.sources.events import MACRO, calendar_inside
from undercut.studies.stocks.announcements import (
    CLASSES,
    COMPANIES,
    announcements,
    beside,
    named_companies,
    short_labels,
)
from undercut.studies.stocks.shown import Shown
from undercut.studies.stocks.universe import GROUPS, Market, group_portfolios
from undercut.studies.stocks.unsigned import unsigned_moves

BUYERS: Final = "software"
SELLERS: Final = "model sellers"
GAP: Final = f"{BUYERS} minus {SELLERS}"
PLATFORMS: Final = "Chinese platforms"
#: The one group of each kind that was named before looking.
FOCUS: Final[Mapping[str, str]] = {
    "export controls relaxed": "chips",
    "export controls tightened": "chips",
    "rules on models": SELLERS,
    "bans and accusations": PLATFORMS,
    "adoption": GAP,
}
_ORDER: Final = {name: place for place, (name, _, _) in enumerate(CLASSES)}


class Announced(Shown, page="pages_announcements:scope"):
    """Announcements by kind, and the companies and groups around them.

    Attributes
    ----------
    rows : pandas.DataFrame
        As `announcements`, with ``beside`` (titles of other events inside the window) and ``calendar``
        (scheduled news inside it).
    data : Market
        Where the returns are from.
    returns : pandas.DataFrame
        By day: every company, fund and group is a column.
    members : dict of str to list of str
        Companies of each group.
    events : pandas.DataFrame
        Everything dated.
    window : tuple of int
        Days that are summed.
    options : dict
        Of every event study: market, model, estimation.
    """

    data: Market
    returns: pd.DataFrame
    members: dict[str, list[str]]
    events: pd.DataFrame
    window: Window
    options: dict[str, Any]

    @property
    def groups(self) -> list[str]:
        """Groups looked at, the difference of buyers and sellers among them."""
        return list(self.members)

    def pairs(self) -> pd.DataFrame:
        """Every announcement with every group as a table of events; groups are ``kind | group``."""
        rows = self._crossed(self.rows["group"])
        return rows.assign(group=rows["kind"] + " | " + rows["firm"]).drop(columns="kind")

    def focused(self, groups: pd.Series | None = None) -> pd.DataFrame:
        """Every announcement with every group, in a group only where it is the one named for its kind.

        The other rows stay in, without a group, so that estimation windows leave out the same days as those
        of `pairs`, and the same announcement has the same abnormal return wherever it is shown.

        Parameters
        ----------
        groups : pandas.Series, optional
            Group of each announcement, aligned with ``rows``; an empty text leaves it out of the tests.
            Default: each announcement alone.
        """
        rows = self._crossed(self.keys() if groups is None else groups)
        return rows.assign(group=rows["group"].where(rows["firm"] == rows["kind"].map(FOCUS), ""))

    def keys(self) -> pd.Series:
        """A name of its own for each announcement."""
        return self.rows["event"] + " " + self.rows["group"]

    def _crossed(self, groups: pd.Series) -> pd.DataFrame:
        rows = self.rows[["event", "date"]].assign(kind=self.rows["group"], group=groups)
        return rows.merge(pd.DataFrame({"firm": self.groups}), how="cross")

    def named(self) -> pd.DataFrame:
        """Every company that an announcement names, as a table of events, each row a group of its own."""
        found = named_companies(self.events, list(self.data.firms))
        days = self.returns.index
        found = found[found["date"].between(days[0], days[-1])].rename(columns={"group": "kind"})
        others = beside(found, self.events, self.data.returns.index, window=self.window)
        return found.assign(group=found["event"] + " " + found["firm"], beside=others)

    @property
    def not_held(self) -> list[str]:
        """Companies that announcements name and the returns lack."""
        named = set(named_companies(self.events, list(COMPANIES))["firm"])
        return sorted(named - set(self.data.firms))


def announced(
    data: Market,
    events: pd.DataFrame,
    *,
    benchmark: str = "RSP",
    model: str = "market",
    estimation: str | Window = (-250, -31),
    window: str | Window = (0, 1),
) -> Announced:
    """Announcements within the returns, by kind, with the companies and groups around them.

    Parameters
    ----------
    data : Market
        Returns, from `undercut.studies.stocks.universe.load_market`.
    events : pandas.DataFrame
        As ``load_events()``.
    benchmark, model, estimation, window
        Of the event studies; see `undercut.eventstudy.model.event_study`.

    Raises
    ------
    OutsideDataError
        No announcement lies within the returns.
    """
    days, span = data.returns.index, parse_window(window)
    found = announcements(events, first=days[0], last=days[-1])
    found["beside"] = beside(found, events, days, window=span)
    found["calendar"] = calendar_inside(found["date"], days, span, tickers=data.firms)
    chosen = {name: GROUPS[name] for name in ("chips", SELLERS, BUYERS, PLATFORMS)}
    portfolios = group_portfolios(data.returns, chosen, differences={GAP: (BUYERS, SELLERS)})
    options = {"market": benchmark, "model": model, "estimation": parse_window(estimation)}
    returns, members = data.returns.join(portfolios), portfolios.attrs["members"]
    return Announced(found, data, returns, members, events, span, options)


def _by_kind(rows: pd.DataFrame, kind: str, *then: str) -> pd.DataFrame:
    """Rows in the order of kinds, then of other columns."""
    return rows.sort_values(
        [kind, *then], key=lambda c: c.map(_ORDER) if c.name == kind else c, ignore_index=True
    )


def _split(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of pairs with their parts, ``kind`` and ``portfolio``."""
    parts = rows["group"].str.split(" | ", regex=False, expand=True)
    return _by_kind(rows.assign(kind=parts[0], portfolio=parts[1]), "kind", "portfolio")


class PairMoves(Shown, page="pages_announcements:pairs"):
    """Mean move of every group around every kind: as `GroupTests`, with ``kind`` and ``portfolio``."""

    case: Announced
    studied: int


def pair_moves(case: Announced, study: EventStudy, *, draws: int = 9_999) -> PairMoves:
    """Every kind with every group, from an event study of `Announced.pairs`."""
    return PairMoves(_split(group_tests(study, draws=draws).rows), case, len(set(study.abnormal.rows.event)))


class EachMove(Shown, page="pages_announcements:each", label="label"):
    """Move of the named group around each announcement: as `GroupTests`, with the announcement's columns,
    ``label`` and ``mixed`` (another event stands inside the window)."""

    case: Announced


class NamedMoves(EachMove, page="pages_announcements:named"):
    """Move of each company around each announcement that names it."""


def each_announcement(case: Announced, study: EventStudy, *, draws: int = 9_999) -> EachMove:
    """Every announcement with the group named for its kind, from an event study of `Announced.focused`."""
    about = case.rows.rename(columns={"group": "kind"}).assign(
        group=case.keys(), firm=case.rows["group"].map(FOCUS)
    )
    return EachMove(_by_kind(_told(study, about, draws), "kind", "date"), case)


def named_moves(case: Announced, study: EventStudy, *, draws: int = 9_999) -> NamedMoves:
    """Every company on the days that name it, from an event study of `Announced.named`."""
    rows = _told(study, case.named(), draws).sort_values(["firm", "date"], ignore_index=True)
    return NamedMoves(rows, case)


def _told(study: EventStudy, about: pd.DataFrame, draws: int) -> pd.DataFrame:
    rows = group_tests(study, draws=draws).rows.merge(about, on="group")
    return rows.assign(label=short_labels(rows), mixed=rows["beside"].ne(""))


class Sizes(Shown, page="pages_announcements:sizes", value="ratio"):
    """Size of moves around every kind against days nearby.

    ``rows`` as `unsigned_moves`; empty where the model of normal returns is not fitted by least squares.
    """

    case: Announced


def sizes(case: Announced, study: EventStudy, *, draws: int = 9_999) -> Sizes:
    """Do such days move prices at all? From an event study of `Announced.pairs`."""
    if not study.setup.model.is_linear:
        return Sizes(pd.DataFrame(), case)
    return Sizes(_split(unsigned_moves(study, draws=draws)), case)


class Variants(Shown, page="pages_announcements:variants"):
    """Mean moves of the named groups under other choices: as `GroupTests`, with ``cut``."""

    case: Announced


def variants(
    case: Announced,
    *,
    market: str,
    windows: Sequence[Window] = ((0, 0), (-1, 1), (0, 5)),
    draws: int = 9_999,
) -> Variants:
    """The same means with and without other news, unread sources, other windows, another benchmark."""
    kinds, rows = case.rows["group"], case.rows
    cuts = {
        "all": kinds,
        "nothing else inside": kinds.where(rows["beside"].eq(""), ""),
        "no central bank, prices or jobs day": kinds.where(~rows["calendar"].str.contains(MACRO), ""),
        "no earnings inside": kinds.where(~rows["calendar"].str.contains("earnings"), ""),
        "nothing else and nothing scheduled": kinds.where(
            rows["beside"].eq("") & rows["calendar"].eq(""), ""
        ),
        "source read": kinds.where(rows["confidence"].eq("source_read"), ""),
    }
    tries: list[tuple[str, pd.Series, dict[str, Any]]] = [(name, part, {}) for name, part in cuts.items()]
    tries += [(f"days {label(window)}", kinds, {"window": window}) for window in windows]
    tries += [(f"against {market}", kinds, {"market": market})]
    parts = []
    for name, part, changes in tries:
        options = {"window": case.window, **case.options, **changes}
        study = event_study(case.returns, case.focused(part), **options)
        parts.append(group_tests(study, draws=draws).rows.assign(cut=name))
    return Variants(pd.concat(parts, ignore_index=True), case)


class Paths(Shown, page="pages_announcements:paths", value="caar"):
    """Cumulative mean abnormal return of the named groups by day: as `EventStudy.caar`, with ``kind``."""

    case: Announced


def mean_paths(case: Announced) -> Paths:
    """From five sessions before an announcement to ten after it; estimation with all days."""
    events = case.focused(case.rows["group"])
    study = event_study(case.returns, events, window=(-5, 10), skip_events=False, **case.options)
    path = study.caar()
    path = _by_kind(path[path["group"] != "all"].assign(kind=lambda frame: frame["group"]), "kind", "day")
    return Paths(path.assign(group=path["kind"] + ": " + path["kind"].map(FOCUS)), case)


class Omissions(Shown, page="pages_announcements:omissions"):
    """What the study left out, as ``note``, and what a reader must be warned of."""


def omissions(study: EventStudy) -> Omissions:
    """Warnings of an event study, for the page."""
    return Omissions(pd.DataFrame({"note": list(study.warnings)}))
