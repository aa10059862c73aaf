"""One event in depth: which groups and companies moved on the day, and how sure can one be?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import pandas as pd

from undercut import plots
from undercut.errors import OutsideDataError
from undercut.eventstudy.groups import GroupTests, battery_table, group_tests
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, parse_window
from undercut.report.findings.sentences import day_text
from undercut.result import Axes, Result
from undercut.sources.events import calendar_inside
from undercut.studies.framed import Shown
from undercut.studies.presentation import Caveat, Part, Sentence, Table
from undercut.studies.stocks.charts import InPercent, intervals
from undercut.studies.stocks.universe import Market, group_portfolios
from undercut.studies.stocks.words import (
    SURVIVORS,
    count,
    ends_of,
    head,
    key_of,
    move,
    named,
    p_text,
    percent,
    points,
    table,
    told,
    when,
)

#: The company that the report is about, and how it is called.
TARGET: Final = "NVDA"
NAME: Final = "NVIDIA"


class Shock(Result):
    """One dated event, and the companies and groups around it.

    Attributes
    ----------
    returns : pandas.DataFrame
        By day: every company, fund and group is a column.
    data : Market
        Where the returns are from.
    members : dict of str to list of str
        Companies of each group.
    events : pandas.DataFrame
        Everything dated, as ``load_events()``.
    event, day, release
        The event's id, its session, and the first session after the release that it is about.
    window : tuple of int
        Days that are summed.
    options : dict
        Of every event study: market, model, estimation.
    """

    returns: pd.DataFrame
    data: Market
    members: dict[str, list[str]]
    events: pd.DataFrame
    event: str
    day: pd.Timestamp
    release: pd.Timestamp
    window: Window
    options: dict[str, Any]

    @property
    def groups(self) -> list[str]:
        """Groups that have a company with returns."""
        return list(self.members)

    @property
    def benchmark(self) -> str:
        """The headline benchmark."""
        return str(self.options["market"])

    @property
    def several(self) -> list[str]:
        """Groups of at least two companies."""
        return [name for name, firms in self.members.items() if len(firms) > 1]

    @property
    def source(self) -> str:
        """The line below figures."""
        return f"Returns: {self.data.described}"

    @property
    def days(self) -> str:
        """The day, or the days around it, in words."""
        day = day_text(self.day)
        return day if self.window == (0, 0) else f"{when(self.window)} ({day})"

    @property
    def method(self) -> str:
        """How normal returns are told."""
        return f"{self.options['model']} model on {self.benchmark}"

    def alone(self, names: Sequence[str], day: pd.Timestamp | None = None) -> pd.DataFrame:
        """The event as a table for event studies: each company or group a group of its own."""
        names, day = list(names), self.day if day is None else day
        return pd.DataFrame({"event": self.event, "date": day, "firm": names, "group": names})

    def by_kind(self) -> pd.DataFrame:
        """The event as a table for event studies: every company in the first group that it stands in."""
        firms = self.data.firms
        return self.alone(list(firms)).assign(group=list(firms.values()))

    def scheduled(self, window: Window) -> str:
        """Scheduled news inside a window: the central bank, prices, jobs, earnings of the companies."""
        days = pd.Series([self.day])
        return calendar_inside(days, self.returns.index, window, tickers=self.data.firms)[0]

    def parts(self) -> Iterator[Part]:
        """Which companies, which days."""
        first, last = (day.date() for day in self.data.returns.index[[0, -1]])
        groups = "; ".join(
            f"{named(name)}: {', '.join(map(named, firms))}" for name, firms in self.members.items()
        )
        yield Sentence(
            f"Daily returns of {len(self.data.firms)} companies in {len(self.members)} groups, {first} to "
            f"{last}, from {self.data.described}. Groups: {groups}. Sellers of models are also clouds; the "
            "two groups overlap."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Returns of all companies on the day, in percent."""
        day = 100 * self.returns.loc[self.day, list(self.data.firms)]
        return day.sort_values().plot.barh(ax=plots.own_axes(ax))


def shock_of(
    data: Market,
    events: pd.DataFrame,
    event: str,
    *,
    release: str,
    benchmark: str = "RSP",
    model: str = "market",
    estimation: str | Window = (-160, -31),
    window: str | Window = (0, 0),
) -> Shock:
    """A dated event with the companies and groups around it.

    Parameters
    ----------
    data : Market
        Returns, from `undercut.studies.stocks.universe.load_market`.
    events : pandas.DataFrame
        As ``load_events()``.
    event, release : str
        Ids of the day that moved prices, and of the release that it is about.
    benchmark, model, estimation, window
        Of the event studies; see `undercut.eventstudy.model.event_study`.

    Raises
    ------
    OutsideDataError
        The event lies outside the returns.
    """
    days = events.set_index("event_id")["us_trading_day"]
    if days[event] not in data.returns.index:
        first, last = data.returns.index[0].date(), data.returns.index[-1].date()
        raise OutsideDataError(f"The returns go from {first} to {last}; {event} is of {days[event].date()}.")
    portfolios = group_portfolios(data.returns)
    options = {"market": benchmark, "model": model, "estimation": parse_window(estimation)}
    return Shock(
        data.returns.join(portfolios), data, portfolios.attrs["members"], events, event, days[event],
        days[release], parse_window(window), options,
    )  # fmt: skip


class Moves(InPercent, kw_only=True):
    """Moves of companies or groups on the day, smallest first, with their corrections.

    ``frame`` as `undercut.eventstudy.groups.GroupTests`, sorted; ``tests`` is what was tested.
    """

    shock: Shock
    tests: GroupTests


def company_moves(shock: Shock, study: EventStudy) -> Moves:
    """Every company of an event study in which each is alone, tested and corrected for their number."""
    tests = group_tests(study)
    rows = tests.rows.sort_values("car", ignore_index=True)
    return Moves(rows, partial(_companies, shock=shock), shock=shock, tests=tests)


def _companies(rows: pd.DataFrame, shock: Shock) -> Iterator[Part]:
    """Who lost, who gained."""
    clear = rows[rows["q_value"] < 0.05]
    lost, gained = clear[clear["car"] < 0], clear[clear["car"] > 0]
    shown = rows.assign(
        said="q " + rows["q_value"].map(p_text),
        name=[f"{named(firm)} ({named(shock.data.firms[firm])})" for firm in rows["group"]],
    )
    yield intervals(
        "companies", shown, shown, f"One interval a company, sorted. {points(rows, 'group')}",
        label="name", note="said", source=shock.source,
        finding=f"Corrected for their number, {len(lost) or 'none'} of {len(rows)} companies lost and "
        f"{len(gained) or 'none'} gained",
        measure=f"Abnormal return against {named(shock.benchmark)}, {shock.days}, 95% intervals; q: p-value "
        f"after the correction; {shock.data.kind} data",
    )  # fmt: skip
    for word, part in (("lost", lost), ("gained", gained)):
        yield count(
            f"companies.{word}", f"Companies that {word} beyond chance after correction", len(part),
            "companies", n=len(rows), method="Benjamini-Hochberg at 5% on the permutation's p-values",
        )  # fmt: skip
    best = rows[rows["car"] > 0].tail(5).iloc[::-1]
    yield Sentence(f"The largest moves upward: {told(best, chance='q_value')}.")


def group_moves(shock: Shock, study: EventStudy) -> Moves:
    """Every group of an event study of portfolios, tested and corrected for their number."""
    tests = group_tests(study)
    rows = tests.rows.sort_values("car", ignore_index=True)
    return Moves(rows, partial(_groups, shock=shock, placebo=tests.placebo_days), shock=shock, tests=tests)


def _groups(rows: pd.DataFrame, shock: Shock, placebo: int) -> Iterator[Part]:
    """Which groups moved, and of which that cannot be said."""
    rows = rows.assign(n_members=rows["group"].map(shock.members).map(len))
    for row in rows.itertuples():
        yield move(
            f"group.{key_of(row.group)}", f"{head(row.group)}, {shock.days}", row._asdict(), n=row.n_members,
            method=f"portfolio, {shock.method}", role="primary",
            note=f"{_by_chance(row)}, q = {p_text(row.q_value)}; detectable {100 * row.detectable:.1f}%",
        )  # fmt: skip
    columns = ["group", "n_members", "car", "ci_low", "ci_high", "detectable", "p_permutation", "q_value"]
    yield table(
        rows, [*columns, "p_adjusted"], f"Groups on {day_text(shock.day)}",
        f"Abnormal return of portfolios against {named(shock.benchmark)}, percent; p, dates: permutation "
        f"over {placebo} sessions",
    )  # fmt: skip
    is_clear, told_ = rows["q_value"] < 0.05, rows["group"].map(named) + " (" + rows["car"].map(percent) + ")"
    clear, still = ", ".join(told_[is_clear]), ", ".join(told_[~is_clear])
    if not still:
        yield Sentence(f"Every group moved beyond chance: {clear}.")
        return
    least, most = ends_of(rows.loc[~is_clear, "detectable"])
    yield Sentence(
        f"Groups that moved beyond chance after correction: {clear or 'none'}. Groups of which that cannot "
        f"be said: {still}; a move of {least} to {most} would have been found four times in five."
    )


def _by_chance(row: Any) -> str:
    return f"permutation p = {p_text(row.p_permutation)}"


def three_sessions(shock: Shock) -> Shown:
    """The same event study of the groups, one session long, on the release, the eve and the day.

    As `Moves`, with ``session``.
    """
    eve = shock.returns.index[shock.returns.index < shock.day][-1]
    names = {"first session after the release": shock.release, "the eve": eve, "the day": shock.day}
    parts = []
    for name, day in names.items():
        study = event_study(shock.returns, shock.alone(shock.groups, day), window=(0, 0), **shock.options)
        parts.append(group_tests(study).rows.assign(session=f"{day.date()}, {name}"))
    return InPercent(pd.concat(parts, ignore_index=True), partial(_sessions, shock=shock))


def _sessions(rows: pd.DataFrame, shock: Shock) -> Iterator[Part]:
    """The groups on the release, the eve and the day."""
    shown = rows.assign(session=rows["session"].map(_session))
    size = rows.assign(found=rows["q_value"] < 0.05).groupby("session", sort=False)["found"].sum()
    listed = ", ".join(f"{n or 'none'} on {_session(name).split(',')[0]}" for name, n in size.items())
    for row in rows[rows["session"] != list(size.index)[-1]].itertuples():
        yield move(
            f"session.{row.session[:10]}.{key_of(row.group)}", f"{head(row.group)}, {row.session}",
            row._asdict(), n=len(shock.members[row.group]), method=f"portfolio, {shock.method}",
            role="descriptive", note=f"{_by_chance(row)}, Romano-Wolf {p_text(row.p_adjusted)}",
        )  # fmt: skip
    yield intervals(
        "sessions", shown, shown, f"Three blocks of intervals. {points(rows, 'session', 'group')}",
        label="group", section="session", source=shock.source,
        finding=f"Of {len(shock.members)} groups moved beyond chance: {listed}",
        measure=f"Abnormal return of each group against {named(shock.benchmark)}, one day, 95% intervals; "
        f"{shock.data.kind} data",
    )  # fmt: skip
    events = shock.events
    same = events["us_trading_day"].eq(shock.release) & events["event_id"].ne(_released(shock))
    beside = "; ".join(events.loc[same, "title"])
    yield Sentence(
        f"Other dated events of {day_text(shock.release)}: {beside or 'none'}."
        + (" What that session shows cannot be given to the model alone." if beside else "")
    )


def _session(name: str) -> str:
    """A session's name with its day in words: ``27 January 2025, the day``."""
    return day_text(name[:10]) + name[10:]


def _released(shock: Shock) -> str:
    """Id of the release: of those on its session the one by the developer of the shock."""
    events = shock.events.set_index("event_id")
    own = events[events["actor"].eq(events.loc[shock.event, "actor"])]
    return str(own.index[own["us_trading_day"].eq(shock.release)][0])


def every_test(shock: Shock, study: EventStudy) -> Shown:
    """Every test of an event study whose groups are kinds of companies: as `battery_table`."""
    return InPercent(battery_table(study), partial(_tests, shock=shock))


def _tests(rows: pd.DataFrame, shock: Shock) -> Iterator[Part]:
    """Every test, side by side."""
    tested = ["all", *(name for name in rows.columns if name in shock.several)]
    both = rows[rows["withstands"] == "both"]
    moved = [named(name) for name in tested if rows[name].iloc[0] < 0.05]
    rest = [named(name) for name in tested if named(name) not in moved]
    yield Sentence(
        f"Of {len(rows)} tests on all companies together, {int((rows['all'] < 0.05).sum())} reject at 5%; of "
        f"the {len(both)} that withstand both troubles, {int((both['all'] < 0.05).sum())} do. By the strict "
        f"permutation these groups moved (5%, uncorrected): {', '.join(moved) or 'none'}; these did not: "
        f"{', '.join(rest) or 'none'}."
    )
    text = rows.assign(test=rows["test"].str.replace("_", " "), **{n: rows[n].map(p_text) for n in tested})
    yield Table(
        text[["test", "withstands", *tested]], "P-values of every test",
        f"Hypothesis: the mean abnormal return of the group's companies is zero, {shock.days}; "
        "groups of at least two, each company in one; \N{EN DASH}: too few for the test", row_label="test",
    )  # fmt: skip


def limits(study: EventStudy) -> list[Part]:
    """What a reader must be warned of: how the day was chosen, and warnings of an event study."""
    chosen = "The event day was chosen because the market moved: no evidence on open releases in general."
    return [Caveat(text) for text in (chosen, SURVIVORS, *study.warnings)]
