"""Did groups and companies move when rules, bans or adoption were announced?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import pandas as pd

from undercut import plots
from undercut.eventstudy.groups import group_tests
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, parse_window
from undercut.result import Axes, Result
from undercut.sources.events import calendar_inside
from undercut.studies.framed import Shown
from undercut.studies.presentation import Answer, Part, Sentence
from undercut.studies.stocks.announcements import (
    COMPANIES,
    announcements,
    beside,
    by_kind,
    named_companies,
    short_labels,
)
from undercut.studies.stocks.charts import InPercent, intervals
from undercut.studies.stocks.universe import GROUPS, Market, group_portfolios
from undercut.studies.stocks.words import (
    count,
    count_of,
    ends_of,
    head,
    key_of,
    move,
    moved,
    named,
    p_text,
    points,
    sides,
    span,
    table,
    told,
    when,
)

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
#: The kind that the report leads with, named before looking.
LEADS = "export controls tightened"
BENJAMINI = "Benjamini-Hochberg at 5%"


class Announced(Result):
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

    rows: pd.DataFrame
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

    @property
    def source(self) -> str:
        """The line below figures."""
        return f"Returns: {self.data.described}"

    @property
    def method(self) -> str:
        """How normal returns are told."""
        return f"{self.options['model']} model on {self.options['market']}"

    def measure(self, what: str) -> str:
        """What figures show."""
        return f"{what}, {when(self.window)}, against {named(self.options['market'])}; 95% intervals"

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

    def parts(self) -> Iterator[Part]:
        """Which companies, which days."""
        first, last = (day.date() for day in self.returns.index[[0, -1]])
        groups = "; ".join(
            f"{named(name)}: {', '.join(map(named, m))}" for name, m in self.members.items() if name != GAP
        )
        yield Sentence(
            f"{len(self.rows)} announcements from {first} to {last}; daily returns of {len(self.data.firms)} "
            f"companies from {self.data.described}. {groups}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """How many announcements are of each kind."""
        return self.rows["group"].value_counts(sort=False).plot.barh(ax=plots.own_axes(ax))


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


def split_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of pairs with their parts, ``kind`` and ``portfolio``."""
    parts = rows["group"].str.split(" | ", regex=False, expand=True)
    return by_kind(rows.assign(kind=parts[0], portfolio=parts[1]), "kind", "portfolio")


def pair_moves(case: Announced, study: EventStudy, *, draws: int = 9_999) -> Shown:
    """Every kind with every group, from an event study of `Announced.pairs`.

    As `GroupTests`, with ``kind`` and ``portfolio``.
    """
    page = partial(_pairs, case=case, studied=len(set(study.abnormal.rows.event)))
    return InPercent(split_pairs(group_tests(study, draws=draws).rows), page)


def _pairs(rows: pd.DataFrame, case: Announced, studied: int) -> Iterator[Part]:
    """Every kind with every group, and how many of them moved."""
    for row in rows.to_dict("records"):
        yield move(
            f"class.{key_of(row['kind'])}.{key_of(row['portfolio'])}",
            f"{head(row['portfolio'])}, {row['kind']}: mean abnormal return, {when(case.window)}", row,
            n=row["n_dates"], method=f"portfolio, {case.method}",
            role="headline" if (row["kind"], row["portfolio"]) == (LEADS, FOCUS[LEADS]) else "primary",
            note=_chances(row),
        )  # fmt: skip
    clear = rows[rows["q_value"] < 0.05]
    yield count(
        "pairs.beyond_chance", "Pairs of class and group that moved beyond chance after correction",
        len(clear), "pairs", n=len(rows), method=f"{BENJAMINI} on the permutation's p-values",
    )  # fmt: skip
    yield from _answer(rows, clear)
    yield Sentence(f"{studied} announcements have enough history before them to be studied.")
    drawn = rows.assign(part=rows["kind"] + " (" + rows["n_dates"].astype(str) + ")")
    yield intervals(
        "classes", drawn, drawn, f"Intervals by kind and group. {points(drawn, 'part', 'portfolio')}",
        label="portfolio", section="part",
        source=f"{case.source}; number of announcements in brackets",
        finding=f"{count_of(len(clear))} of {len(rows)} pairs of announcement and group moved beyond chance"
        + sides(clear["car"]),
        measure=f"{case.measure('Mean abnormal return')}; {case.data.kind} data",
    )  # fmt: skip
    columns = ["kind", "portfolio", "n_dates", "car", "ci_low", "ci_high", "detectable", "p_permutation"]
    yield table(
        rows, [*columns, "q_value", "p_adjusted"], "Every kind, every group",
        f"Mean abnormal return, {when(case.window)}, percent; detectable: smallest mean found four "
        "times in five; p by permutation of dates, q by Benjamini-Hochberg, last by Romano-Wolf",
        labels={"car": "mean"},
    )  # fmt: skip
    yield from _gap_and_doubts(rows)


def around(rows: pd.DataFrame) -> list[str]:
    """Pairs in words."""
    return [f"{named(row.portfolio)} around {row.kind}" for row in rows.itertuples()]


def _answer(rows: pd.DataFrame, clear: pd.DataFrame) -> Iterator[Part]:
    lead = rows[rows["kind"].eq(LEADS) & rows["portfolio"].eq(FOCUS[LEADS])]
    names = "; ".join(around(clear))
    for _, row in lead.iterrows():
        yield Answer(
            f"Around {row['n_dates']} tightenings of export controls chip makers' shares {moved(row)}."
        )
    if lead.empty:
        yield Answer(
            "No tightening of export controls lies within these returns: chip makers' move is unknown."
        )
    least, most = ends_of(rows["detectable"])
    yield Sentence(
        f"Of {len(rows)} pairs of a kind of announcement and a group {len(clear) or 'none'} moved beyond "
        f"chance, corrected for their number{f' ({names})' if names else ''}. Mean moves below {least} to "
        f"{most}, by pair, could have gone unseen."
    )


def _gap_and_doubts(rows: pd.DataFrame) -> Iterator[Part]:
    spread = told(rows[rows["portfolio"] == GAP], "kind", chance="p_permutation")
    yield Sentence(f"Buyers against sellers of models: {spread}.")
    apart = rows[(rows["p_portfolio"] < 0.05) & (rows["p_permutation"] >= 0.05)]
    names = "; ".join(around(apart)) or "none"
    yield Sentence(
        f"Pairs whose interval excludes zero while the permutation does not reject at 5%: {names}. The two "
        "ask different things: the interval measures the mean against the portfolio's usual noise, the "
        "permutation asks whether the dates agree with each other more than other dates do. The permutation "
        "leads."
    )


def each_announcement(case: Announced, study: EventStudy, *, draws: int = 9_999) -> Shown:
    """Every announcement with the group named for its kind, from an event study of `Announced.focused`.

    As `GroupTests`, with the announcement's columns, ``label`` and ``mixed`` (another event stands inside the
    window).
    """
    about = case.rows.assign(kind=case.rows["group"], group=case.keys(), firm=case.rows["group"].map(FOCUS))
    return InPercent(by_kind(_told(study, about, draws), "kind", "date"), partial(_each, case=case), "label")


def _each(rows: pd.DataFrame, case: Announced) -> Iterator[Part]:
    """Every announcement with the group named for its kind."""
    beyond, usual = rows[rows["q_value"] < 0.05], rows[rows["p_permutation"] >= 0.05]
    drawn = rows.assign(
        said="p " + rows["p_permutation"].map(p_text), part=rows["kind"] + ": " + rows["firm"].map(named)
    )
    yield intervals(
        "announcements", drawn, rows, f"One interval an announcement. {points(rows, 'label')}",
        label="label", section="part", note="said", square="mixed", source=case.source,
        finding=f"{count_of(len(beyond))} of {len(rows)} announcements moved its group beyond chance "
        "after correction",
        measure=f"{case.measure('Abnormal return of the group')}; p: permutation of dates; squares: "
        f"another event inside the window; {case.data.kind} data",
    )  # fmt: skip
    yield count(
        "announcements.beyond_chance",
        "Announcements that moved their group beyond chance after correction", len(beyond), "announcements",
        n=len(rows), method=BENJAMINI,
    )  # fmt: skip
    listed = told(beyond, "label", least="")
    yield Sentence(
        f"{len(usual)} of {len(rows)} announcements cannot be told from other days even before correction (p "
        f"of at least 5%); {len(rows) - len(usual)} stand out before it, {len(beyond)} after "
        f"it{': ' * bool(listed)}{listed}. By chance alone {0.05 * len(rows):.1f} would have stood out "
        "before correction."
    )
    shown = rows.assign(
        moved=[span(row) for row in rows.to_dict("records")],
        beside=(rows["beside"] + "; " + rows["calendar"]).str.strip("; ").replace("", "none known"),
        confidence=rows["confidence"].str.replace("_", " "),
    )
    yield table(
        shown, ["label", "moved", "detectable", "q_value", "confidence", "beside"],
        "Announcements and what else happened",
        "Abnormal return of the group named for the kind with its 95% interval, "
        f"{when(case.window)}; event: how far it was checked",
        labels={
            "label": "announcement", "moved": "abnormal (95%)", "confidence": "event",
            "beside": "other events inside",
        },
    )  # fmt: skip


def named_moves(case: Announced, study: EventStudy, *, draws: int = 9_999) -> Shown:
    """Every company on the days that name it, from an event study of `Announced.named`.

    Columns as in `each_announcement`.
    """
    rows = _told(study, case.named(), draws).sort_values(["firm", "date"], ignore_index=True)
    return InPercent(rows, partial(_named, case=case), "label")


def _told(study: EventStudy, about: pd.DataFrame, draws: int) -> pd.DataFrame:
    rows = group_tests(study, draws=draws).rows.merge(about, on="group")
    return rows.assign(label=short_labels(rows), mixed=rows["beside"].ne(""))


def _named(rows: pd.DataFrame, case: Announced) -> Iterator[Part]:
    """The companies that are named."""
    sure = rows[rows["q_value"] < 0.05]
    drawn = rows.assign(said="p " + rows["p_permutation"].map(p_text) + ", q " + rows["q_value"].map(p_text))
    yield intervals(
        "named", drawn, rows, f"One interval a company and announcement. {points(rows, 'firm', 'label')}",
        label="label", section="firm", note="said", square="mixed", source=case.source,
        finding=f"Named companies: {len(sure) or 'none'} of {len(rows)} moves beyond chance after "
        "correction",
        measure=f"{case.measure('Abnormal return')}; p: permutation of dates, q: corrected for "
        f"{len(rows)}; squares: another event inside; {case.data.kind} data",
    )  # fmt: skip
    for row in rows.to_dict("records"):
        yield move(
            f"named.{key_of(row['event'])}.{key_of(row['firm'])}",
            f"{named(row['firm'])}, {row['date'].date()} {row['title']}", row, n=1, role="descriptive",
            method=f"{case.method}, {when(case.window)}",
            note=f"{_chances(row)}; beside it: {row['beside'] or 'nothing known'}",
        )  # fmt: skip
    listed = told(sure.assign(who=sure["firm"].map(named) + ", " + sure["label"]), "who")
    somewhere = set(named_companies(case.events, list(COMPANIES))["firm"])
    lacking = ", ".join(map(named, sorted(somewhere - set(case.data.firms))))
    never = ", ".join(named(ticker) for ticker in COMPANIES if ticker not in somewhere)
    yield Sentence(
        f"Moves of named companies beyond chance after correction: {listed}. Named, but not among the "
        f"returns: {lacking or 'none'}. Looked for and named by no announcement: {never or 'none'}."
    )


def _chances(row: Any) -> str:
    """P-values of a move, and what would have been found."""
    chances = f"permutation p = {p_text(row['p_permutation'])}, q = {p_text(row['q_value'])}"
    return f"{chances}; detectable {100 * row['detectable']:.1f}%"
