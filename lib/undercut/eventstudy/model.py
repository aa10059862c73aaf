"""One call from returns and events to an event study, whatever the model; and the ladder of benchmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.eventstudy.abnormal import AbnormalReturns, abnormal_returns
from undercut.eventstudy.data import (
    EventRows,
    ReturnsPanel,
    align_events,
    dated_column,
    equal_weight,
    returns_panel,
)
from undercut.eventstudy.linear import Convention
from undercut.eventstudy.normal import Benchmarks, NormalModel, benchmarks_of, design_of, normal_model
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, Windows, parse_window, usable_days
from undercut.inference.arrays import Floats


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that a fit needs but the events: what placebo dates are run with.

    Attributes
    ----------
    panel : ReturnsPanel
        Returns, in excess of the risk-free rate where one was given.
    model : NormalModel
        Model of normal returns.
    design : numpy.ndarray
        Its regressors, shape (n_days, n_regressors).
    benchmarks : Benchmarks
        Market, factors and donors.
    windows : Windows
        Estimation and event window.
    convention : str
        ``textbook`` or ``estudy2``.
    skip_events : bool
        Whether estimation windows leave out other events of the firm.
    """

    panel: ReturnsPanel
    model: NormalModel
    design: Floats
    benchmarks: Benchmarks
    windows: Windows
    convention: Convention
    skip_events: bool

    def fit(self, rows: EventRows) -> AbnormalReturns:
        """Abnormal returns of ``rows``."""
        usable = usable_days(self.panel, self.design, rows, self.windows, skip_events=self.skip_events)
        donors = self.benchmarks.donors
        return abnormal_returns(
            self.panel, usable, self.model, self.design, self.windows, donors, self.convention
        )

    def fit_on(self, rows: EventRows, day: int) -> AbnormalReturns:
        """Abnormal returns of the same firms with every event on another day (a position in the panel)."""
        moved = np.full(len(rows), day, dtype=np.int64)
        return self.fit(EventRows(rows.event, rows.firm, rows.group, rows.unit, moved))


def event_study(
    returns: pd.DataFrame | ReturnsPanel,
    events: pd.DataFrame,
    *,
    model: str = "market",
    market: str | pd.Series | None = None,
    factors: pd.DataFrame | Sequence[str] | None = None,
    risk_free: str | pd.Series | None = None,
    donors: Sequence[str] = (),
    estimation: Window | str = (-250, -31),
    window: Window | str = (-1, 1),
    min_days: int = 100,
    skip_events: bool = True,
    convention: Convention = "textbook",
    n_factors: int = 3,
) -> EventStudy:
    r"""Abnormal returns of firms around events, with everything that tests need.

    Parameters
    ----------
    returns : pandas.DataFrame
        Long (unit, date, return) or wide (date and one column a unit), decimals by day.
    events : pandas.DataFrame
        Columns ``date``, and optionally ``event``, ``firm`` (blank: every unit) and ``group``. An event on a
        day without trading moves to the next session.
    model : str
        A key of `undercut.eventstudy.normal.MODELS`.
    market : str or pandas.Series, optional
        The market: a column of the returns or a series by date (`equal_weight` makes one).
    factors : pandas.DataFrame or sequence of str, optional
        For ``factors``: a table by date or columns of the returns.
    risk_free : str or pandas.Series, optional
        Subtracted from returns and market.
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
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> returns = pd.DataFrame(rng.normal(0, 0.01, (300, 3)), columns=["A", "B", "market"])
    >>> returns["date"] = pd.bdate_range("2023-01-02", periods=300)
    >>> returns.loc[280, "A"] -= 0.17
    >>> events = pd.DataFrame({"event": ["shock"], "date": [returns["date"][280]], "firm": ["A"]})
    >>> study = event_study(returns, events, market="market", window=(0, 0))
    >>> bool(study.car()["car"].iloc[0] < -0.15)
    True
    """
    windows = Windows(parse_window(estimation, "estimation window"), parse_window(window), min_days)
    chosen = normal_model(model, convention=convention, n_factors=n_factors)
    market, factors, risk_free = _beside_returns(returns, market, factors, risk_free)
    raw = returns_panel(returns)
    if chosen.need == "donors" and not donors:
        donors = _untouched(raw, events, [n for n in (market, risk_free) if isinstance(n, str)])
    panel, benchmarks, not_firms = benchmarks_of(
        raw, market=market, factors=factors, risk_free=risk_free, donors=donors
    )
    if chosen.need == "donors":
        _refuse_touched(events, donors)
        not_firms = (*not_firms, *donors)
    rows = align_events(events, panel, not_firms=not_firms)
    design = design_of(chosen, benchmarks, len(panel.days))
    setup = Setup(panel, chosen, design, benchmarks, windows, convention, skip_events)
    return EventStudy(setup, setup.fit(rows))


def _beside_returns(
    returns: pd.DataFrame | ReturnsPanel,
    market: str | pd.Series | None,
    factors: pd.DataFrame | Sequence[str] | None,
    risk_free: str | pd.Series | None,
) -> tuple[str | pd.Series | None, pd.DataFrame | Sequence[str] | None, str | pd.Series | None]:
    """Benchmarks that are columns beside ``return`` in a long table, as series by date."""
    if isinstance(returns, ReturnsPanel) or not {"date", "return"} <= set(returns.columns):
        return market, factors, risk_free

    def found(name: Any) -> Any:
        is_column = isinstance(name, str) and name in returns.columns
        return dated_column(returns, name) if is_column else name

    if factors is not None and not isinstance(factors, pd.DataFrame):
        names = [factors] if isinstance(factors, str) else list(factors)
        if all(name in returns.columns for name in names):
            factors = pd.DataFrame({name: found(name) for name in names})
    return found(market), factors, found(risk_free)


def _untouched(panel: ReturnsPanel, events: pd.DataFrame, benchmarks: Sequence[str]) -> list[str]:
    """Units without an event; none where an event concerns every unit."""
    touched = _firms(events)
    if "" in touched:
        return []
    return [unit for unit in panel.units if unit not in touched and unit not in benchmarks]


def _refuse_touched(events: pd.DataFrame, donors: Sequence[str]) -> None:
    both = sorted(_firms(events) & set(donors))
    if both:
        raise InputError(
            f"{', '.join(both[:8])}: a firm with an event cannot be a donor; leave it out of donors."
        )


def _firms(events: pd.DataFrame) -> set[str]:
    if "firm" not in events.columns:
        return {""}
    return {"" if pd.isna(name) else str(name).strip() for name in events["firm"]}


def benchmark_ladder(
    returns: pd.DataFrame | ReturnsPanel,
    events: pd.DataFrame,
    *,
    market: str | pd.Series | None = None,
    factors: pd.DataFrame | Sequence[str] | None = None,
    risk_free: str | pd.Series | None = None,
    exposed: Sequence[str] = (),
    benchmarks: Sequence[str] = (),
    rungs: Mapping[str, Mapping[str, Any]] | None = None,
    **options: Any,
) -> dict[str, EventStudy]:
    """The same events under one benchmark after another, so that a reader sees what each one takes away.

    Parameters
    ----------
    returns, events : pandas.DataFrame
        As `event_study`.
    market, factors, risk_free
        The usual benchmarks; rungs that need one that is not given are left out.
    exposed : sequence of str
        Units that the events may touch beside those named in them. All others are donors.
    benchmarks : sequence of str
        Columns of the returns that are indices rather than firms (the market is known to be one).
    rungs : mapping of str to mapping, optional
        Rungs of your own, name to options of `event_study`, after the standard ones.
    **options
        Passed to `event_study` for every rung: estimation, window, min_days and so on.

    Returns
    -------
    dict of str to EventStudy
        ``constant-mean``, ``market``, ``equal-weight``, ``equal-weight-unexposed``, ``factors``,
        ``unexposed-factors``, ``difference-in-differences``, ``synthetic-control``, then ``rungs``.
    """
    panel = returns_panel(returns)
    indices = {n for n in (market, risk_free, *benchmarks) if isinstance(n, str)}
    if factors is not None and not isinstance(factors, pd.DataFrame):
        indices |= set(factors)
    touched = (_firms(events) - {""}) | set(exposed)
    donors = [unit for unit in panel.units if unit not in touched | indices]
    plain = {"risk_free": risk_free, **options}
    named = events if "" not in _firms(events) else _name_firms(events, sorted(touched))
    shared: dict[str, dict[str, Any]] = {"constant-mean": {"model": "constant-mean"}}
    if market is not None:
        shared["market"] = {"model": "market", "market": market}
    shared["equal-weight"] = {"market": equal_weight(panel, exclude=sorted(indices))}
    if donors and touched:
        unexposed = equal_weight(panel, exclude=sorted(indices | (touched & set(panel.units))))
        shared["equal-weight-unexposed"] = {"market": unexposed}
    if factors is not None:
        shared["factors"] = {"model": "factors", "factors": factors}
    if len(donors) > int(options.get("n_factors", 3)) and touched:
        for name in ("unexposed-factors", "difference-in-differences", "synthetic-control"):
            shared[name] = {"model": name, "donors": donors}
    every = {**shared, **(rungs or {})}
    return {name: event_study(panel, named, **{**plain, **rung}) for name, rung in every.items()}


def _name_firms(events: pd.DataFrame, firms: Sequence[str]) -> pd.DataFrame:
    """Events that concern every firm, written out for the exposed firms: only these have a counterfactual."""
    if not firms:
        return events
    blank = events["firm"].fillna("").astype(str).str.strip() == "" if "firm" in events.columns else None
    every = events if blank is None else events[blank]
    expanded = every.drop(columns=["firm"], errors="ignore").merge(pd.DataFrame({"firm": firms}), how="cross")
    return expanded if blank is None else pd.concat([events[~blank], expanded], ignore_index=True)


def ladder_table(ladder: Mapping[str, EventStudy], window: Window | None = None) -> pd.DataFrame:
    """The rungs side by side: rung, event, firm, car, se, p_value, n_estimation."""
    parts = [study.car(window).assign(rung=name) for name, study in ladder.items()]
    columns = ["rung", "event", "firm", "window", "car", "se", "p_value", "n_estimation"]
    return pd.concat(parts, ignore_index=True)[columns]
