"""One call from returns and events to an event study, whatever the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.eventstudy.abnormal import Setup
from undercut.eventstudy.data import (
    UNIT_NAMES,
    ReturnsPanel,
    dated_column,
    differs_between_units,
    doubts,
    returns_panel,
)
from undercut.eventstudy.events import Events, align_events, events_table, is_yardstick
from undercut.eventstudy.market_models import Convention
from undercut.eventstudy.normal import benchmarks_of, design_of, named_benchmarks, normal_model
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, Windows, parse_window
from undercut.sources.sessions import NEW_YORK


def event_study(
    returns: pd.DataFrame | ReturnsPanel,
    events: Events,
    *,
    model: str = "market",
    market: str | pd.Series | pd.DataFrame | None = None,
    factors: pd.DataFrame | Sequence[str] | None = None,
    risk_free: str | pd.Series | pd.DataFrame | None = None,
    donors: Sequence[str] = (),
    estimation: Window | str = (-250, -31),
    window: Window | str = (-1, 1),
    min_days: int = 100,
    skip_events: bool = True,
    convention: Convention = "textbook",
    n_factors: int = 3,
    exchange: str = NEW_YORK,
    calendar: Literal["file", "firm"] = "file",
) -> EventStudy:
    r"""Abnormal returns of firms around events, with everything that tests need.

    Parameters
    ----------
    returns : pandas.DataFrame
        Long (unit, date, return) or wide (date and one column a unit), decimals by day.
    events : str, date, list of days or pandas.DataFrame
        One day or several, for every firm of the returns; or a table with the column ``date``, and optionally
        ``event``, ``firm`` (blank: every firm) and ``group``. An event on a day without trading moves to the
        next session. Every firm means every unit but benchmarks, factors, donors, and funds and indices that
        are known as such (`undercut.eventstudy.events`); warnings say which were left out.
    model : str
        A key of `undercut.eventstudy.normal.MODELS`.
    market : str, pandas.Series or pandas.DataFrame, optional
        The market: a column of the returns or a series by date (`equal_weight` makes one). A column of a long
        table that differs between units, or a table by date and unit, gives each firm its own benchmark.
    factors : pandas.DataFrame or sequence of str, optional
        For ``factors``: a table by date or columns of the returns.
    risk_free : str, pandas.Series or pandas.DataFrame, optional
        By day and in decimals, given as the market is; subtracted from returns and market.
    donors : sequence of str
        For models of counterfactuals: units that the events do not touch. Default: units without an event.
    estimation, window : tuple of int or str
        First and last offset in trading days of the returns file.
    min_days : int
        Fewest usable estimation days of a row.
    skip_events : bool
        Leave the event windows of a firm's other events out of its estimation window.
    convention : {"textbook", "estudy2"}
        Divisors of the variance; the second reproduces the R package estudy2 0.10.
    n_factors : int
        For ``unexposed-factors``: number of principal components.
    exchange : str
        Whose trading days tell missing and surplus days (`undercut.check_returns`, whose doubts about the
        returns that are used come as warnings).
    calendar : {"file", "firm"}
        Offsets count the days of the table, or each firm's own sessions: days on which it has a return.

    Returns
    -------
    EventStudy
        With ``.summary()``, ``.table()``, ``.plot()``, ``.to_frame()``, ``.car()``, ``.tests()``.

    Raises
    ------
    DataError
        If the tables cannot be read as returns and events, or no event can be studied.
    InputError
        If an option is not usable or a benchmark is missing.

    References
    ----------
    MacKinlay (1997), Event studies in economics and finance, J. Economic Literature 35.

    Examples
    --------
    >>> import undercut as uc
    >>> returns = uc.load_returns(["NVDA", "AMD", "RSP", "SPY"], source="sample")
    >>> study = event_study(returns, "2025-09-10", market="RSP")
    >>> study.car()["firm"].tolist(), study.warnings[0][:57]
    (['AMD', 'NVDA'], 'left out of all firms as funds, indices or factors: SPY; ')
    """
    if calendar not in ("file", "firm"):
        raise InputError(f"calendar must be file or firm; got {calendar!r}.")
    windows = Windows(parse_window(estimation, "estimation window"), parse_window(window), min_days)
    chosen = normal_model(model, convention=convention, n_factors=n_factors)
    market, factors, risk_free = _beside_returns(returns, market, factors, risk_free)
    raw, table = returns_panel(returns), events_table(events)
    named = named_benchmarks(market, factors, risk_free)
    if chosen.need == "donors" and not donors:
        donors = _untouched(raw, table, named)
    panel, benchmarks = benchmarks_of(raw, market=market, factors=factors, risk_free=risk_free, donors=donors)
    if chosen.need == "donors" and (both := sorted(_firms(table) & set(donors))):
        raise InputError(
            f"{', '.join(both[:8])}: a firm with an event cannot be a donor; leave it out of donors."
        )
    rows = align_events(table, panel, not_firms=[*named, *donors], benchmarks=named)
    span = (int(rows.day.min()) + windows.estimation[0], int(rows.day.max()) + windows.event[1])
    used = sorted({*rows.unit.tolist(), *benchmarks.donors.tolist(), *(raw.units.index(n) for n in named)})
    setup = Setup(
        panel, chosen, np.full((len(panel.days), 1), np.nan), benchmarks, windows, convention, skip_events,
        calendar == "firm",
    )  # fmt: skip
    if not setup.apart:
        setup = replace(setup, design=design_of(chosen, benchmarks, len(panel.days)))
    elif chosen.need == "donors":
        raise InputError(
            f"The model {chosen.name!r} compares firms day by day: use the calendar of the file."
        )
    checked = partial(doubts, raw, used, span, exchange)
    return EventStudy(setup, setup.fit(rows), market if isinstance(market, str) else "", checked)


def _beside_returns(
    returns: pd.DataFrame | ReturnsPanel, market: Any, factors: Any, risk_free: Any
) -> tuple[Any, Any, Any]:
    """Benchmarks that are columns beside ``return`` in a long table, as series by date.

    A market or a rate that differs between units is a table by date and unit.
    """
    if isinstance(returns, ReturnsPanel) or not {"date", "return"} <= set(returns.columns):
        return market, factors, risk_free
    unit = next((name for name in UNIT_NAMES if name in returns.columns), None)

    def found(name: Any) -> Any:
        if not (isinstance(name, str) and name in returns.columns):
            return name
        if unit is None or not differs_between_units(returns, name):
            return dated_column(returns, name)
        return returns.set_index(["date", unit])[name].unstack().rename(columns=str)  # noqa: PD010

    if factors is not None and not isinstance(factors, pd.DataFrame):
        names = [factors] if isinstance(factors, str) else list(factors)
        if all(name in returns.columns for name in names):
            factors = pd.DataFrame({name: dated_column(returns, name) for name in names})
    return found(market), factors, found(risk_free)


def _untouched(panel: ReturnsPanel, events: pd.DataFrame, benchmarks: Sequence[str]) -> list[str]:
    """Firms without an event; none where an event concerns every firm."""
    touched = _firms(events)
    if "" in touched:
        return []
    out = touched | set(benchmarks)
    return [unit for unit in panel.units if unit not in out and not is_yardstick(unit)]


def _firms(events: pd.DataFrame) -> set[str]:
    if "firm" not in events.columns:
        return {""}
    return {"" if pd.isna(name) else str(name).strip() for name in events["firm"]}
