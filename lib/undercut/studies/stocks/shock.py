"""How large was one day's move, against which benchmark, and how unusual was it? One event in depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, ClassVar, Final, cast

import numpy as np
import pandas as pd

from undercut.errors import OutsideDataError
from undercut.eventstudy.data import returns_panel
from undercut.eventstudy.effects import rebounds
from undercut.eventstudy.groups import GroupTests, battery_table, group_tests
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, label, parse_window
from undercut.inference.arrays import Booleans
from undercut.inference.specifications import SpecificationCurve, specification_curve
from undercut.sources.events import calendar_inside, events_inside
from undercut.sources.reference import load_reference
from undercut.studies.stocks.shown import Shown
from undercut.studies.stocks.universe import Market, group_portfolios

#: The company that the report is about, and how it is called.
TARGET: Final = "NVDA"
NAME: Final = "NVIDIA"


class Shock(Shown, page="pages_shock:scope"):
    """One dated event, and the companies and groups around it.

    Attributes
    ----------
    rows : pandas.DataFrame
        Returns by day: every company, fund and group is a column.
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

    data: Market
    members: dict[str, list[str]]
    events: pd.DataFrame
    event: str
    day: pd.Timestamp
    release: pd.Timestamp
    window: Window
    options: dict[str, Any]

    @property
    def returns(self) -> pd.DataFrame:
        """Returns by day: every company, fund and group is a column."""
        return self.rows

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

    def alone(self, names: Sequence[str], day: pd.Timestamp | None = None) -> pd.DataFrame:
        """The event as a table for event studies: each company or group a group of its own."""
        when = self.day if day is None else day
        return pd.DataFrame({"event": self.event, "date": when, "firm": list(names), "group": list(names)})

    def by_kind(self) -> pd.DataFrame:
        """The event as a table for event studies: every company in the first group that it stands in."""
        firms = self.data.firms
        return self.alone(list(firms)).assign(group=list(firms.values()))


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
    wide = data.returns.join(portfolios)
    members = portfolios.attrs["members"]
    return Shock(
        wide, data, members, events, event, days[event], days[release], parse_window(window), options
    )


class Moves(Shown):
    """Moves of companies or groups on the day, smallest first, with their corrections.

    Attributes
    ----------
    rows : pandas.DataFrame
        As `undercut.eventstudy.groups.GroupTests`, sorted.
    shock : Shock
        The event.
    tests : GroupTests
        What was tested.
    """

    shock: Shock
    tests: GroupTests


class Companies(Moves, page="pages_shock:companies"):
    """Moves of every company."""


class Groups(Moves, page="pages_shock:groups"):
    """Moves of every group, as a portfolio."""


def _moves(kind: type[Moves], shock: Shock, study: EventStudy) -> Moves:
    tests = group_tests(study)
    return kind(tests.rows.sort_values("car", ignore_index=True), shock, tests)


def company_moves(shock: Shock, study: EventStudy) -> Companies:
    """Every company of an event study in which each is alone, tested and corrected for their number."""
    return cast("Companies", _moves(Companies, shock, study))


def group_moves(shock: Shock, study: EventStudy) -> Groups:
    """Every group of an event study of portfolios, tested and corrected for their number."""
    return cast("Groups", _moves(Groups, shock, study))


class Sessions(Shown, page="pages_shock:sessions"):
    """Moves of the groups on the release, the eve and the day itself: as `Moves`, with ``session``."""

    shock: Shock


def three_sessions(shock: Shock) -> Sessions:
    """The same event study of the groups, one session long, on the release, the eve and the day."""
    eve = shock.returns.index[shock.returns.index < shock.day][-1]
    names = {"first session after the release": shock.release, "the eve": eve, "the day": shock.day}
    parts = []
    for name, when in names.items():
        study = event_study(shock.returns, shock.alone(shock.groups, when), window=(0, 0), **shock.options)
        parts.append(group_tests(study).rows.assign(session=f"{when.date()}, {name}"))
    return Sessions(pd.concat(parts, ignore_index=True), shock)


class Tests(Shown, page="pages_shock:tests"):
    """P-values of every test of the companies' mean, as `undercut.eventstudy.groups.battery_table`."""

    __test__: ClassVar[bool] = False

    shock: Shock


def every_test(shock: Shock, study: EventStudy) -> Tests:
    """Every test of an event study whose groups are kinds of companies."""
    return Tests(battery_table(study), shock)


class Rebound(Shown, page="pages_shock:rebound", label="firm", value="share_recovered"):
    """Shares of the move that came back on the next session and within two weeks.

    ``rows`` as `undercut.eventstudy.effects.rebounds`, with ``after``; only those with a bounded interval.
    """

    shock: Shock
    study: EventStudy


def rebound(shock: Shock, study: EventStudy) -> Rebound:
    """What came back, from an event study that reaches ten sessions past the day."""
    parts = [rebounds(study, after=after).assign(after=label(after)) for after in ((1, 1), (1, 10))]
    rows = pd.concat(parts, ignore_index=True)
    bounded = np.isfinite(rows[["ci_low", "ci_high"]]).all(axis=1)
    return Rebound(rows[bounded].reset_index(drop=True), shock, study)


class Spans(Shown, page="pages_shock:spans", label="window"):
    """The move over longer windows, with the other dated events inside: car's columns, and ``inside``."""

    shock: Shock


def longer_windows(
    shock: Shock,
    study: EventStudy,
    windows: Sequence[Window] = ((0, 0), (-1, 0), (0, 1), (-1, 1), (0, 5), (-5, 5)),
) -> Spans:
    """The target and the chip group over one window after another."""
    firms = [name for name in (TARGET, "chips") if name in study.abnormal.rows.firm]
    parts = []
    for window in windows:
        inside = events_inside(shock.events, shock.day, shock.returns.index, window)
        titles = inside.loc[inside["event_id"] != shock.event, "title"].tolist()
        days = pd.Series([shock.day])
        titles += calendar_inside(days, shock.returns.index, window, tickers=shock.data.firms)
        told = "; ".join(filter(None, titles))
        parts.append(study.of(firms).car(window).assign(inside=told or "none known"))
    return Spans(pd.concat(parts, ignore_index=True), shock)


class Choices(Shown, page="pages_checks:choices", label="window"):
    """One unit's abnormal return under every combination of choices.

    ``rows``: window, benchmark, model, estimation, news (all text), car, se, ci_low, ci_high, p_value.
    """

    shock: Shock

    @property
    def curve(self) -> SpecificationCurve:
        """The same in percent, as a curve."""
        ends = {"estimate": "car", "low": "ci_low", "high": "ci_high"}
        percent = self.rows.dropna(subset=["car"]).assign(
            **{name: 100 * self.rows[column] for name, column in ends.items()}
        )
        setup = self.shock.options
        headline = {
            "window": label(self.shock.window), "benchmark": self.shock.benchmark, "model": setup["model"],
            "estimation": label(setup["estimation"]), "news": "all sessions",
        }  # fmt: skip
        # A reader may have chosen another.
        known = (percent[list(headline)] == pd.Series(headline)).all(axis=1).any()
        return specification_curve(percent, list(headline), headline=headline if known else None, unit="%")


def specifications(
    shock: Shock,
    target: str = TARGET,
    *,
    windows: Sequence[Window],
    markets: Mapping[str, str],
    models: Sequence[str],
    estimations: Sequence[str | Window],
    min_days: int = 100,
) -> Choices:
    """One unit's cumulative abnormal return under every combination of reasonable choices.

    Parameters
    ----------
    shock : Shock
        The event.
    target : str
        Column of the unit.
    windows, estimations : sequence of tuple of int
        Event and estimation windows.
    markets : mapping of str to str
        Name of a benchmark and its column; those without returns are left out.
    models : sequence of str
        Models of normal returns that need a market, and ``constant-mean``, which is fitted once a window.

    Notes
    -----
    Contamination is a choice: with all sessions, and without those on which the central bank, prices, jobs
    or the target's own earnings were scheduled. The second leaves such sessions out of the estimation
    windows, for which half of ``min_days`` is then enough (leads and lags
    lose their neighbours too), and has no estimate of a window that holds one.
    """
    held = {name: column for name, column in markets.items() if column in shock.returns.columns}
    returns = shock.returns[[target, *held.values()]]
    calm = returns.mask(np.tile(_scheduled(returns.index, target)[:, None], len(returns.columns)))
    panels = {"all sessions": returns_panel(returns), "none scheduled": returns_panel(calm)}
    pasts = [parse_window(past) for past in estimations]
    studies = {}
    # Windows that start on one day share a fit: what is normal is estimated up to there.
    reach = {first: max(end for start, end in windows if start == first) for first, _ in windows}
    for news, first, past, model in product(panels, reach, pasts, models):
        for name, column in held.items() if model != "constant-mean" else [("none", None)]:
            studies[news, first, past, model, name] = event_study(
                panels[news], shock.alone([target]), model=model, market=column, estimation=past,
                window=(first, reach[first]), min_days=min_days if news == "all sessions" else min_days // 2,
            )  # fmt: skip
    parts = [
        studies[key].car(window).assign(benchmark=key[4], model=key[3], estimation=label(key[2]), news=key[0])
        for news, window, past, model in product(panels, windows, pasts, models)
        for key in studies
        if key[:4] == (news, window[0], past, model)
    ]
    columns = ["window", "benchmark", "model", "estimation", "news", "car", "se", "ci_low", "ci_high"]
    rows = pd.concat(parts, ignore_index=True)[[*columns, "p_value"]]
    return Choices(rows.dropna(subset=["car"]).reset_index(drop=True), shock)


def _scheduled(sessions: pd.DatetimeIndex, target: str) -> Booleans:
    """Sessions with a decision of the central bank, prices, jobs or the target's earnings."""
    dates = load_reference("calendar_dates")
    dates = dates[dates["kind"].ne("earnings") | dates["ticker"].eq(target)]
    return np.asarray(sessions.isin(pd.DatetimeIndex(dates["session"].dropna())))


class Limits(Shown, page="pages_shock:limits"):
    """What a reader must be warned of: warnings of the event study, as ``note``."""


def limits(study: EventStudy) -> Limits:
    """Warnings of an event study, for the page."""
    return Limits(pd.DataFrame({"note": list(study.warnings)}))
