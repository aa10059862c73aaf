"""How large was one day's move, against which benchmark, and how unusual was it? One event in depth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.eventstudy import groups as _groups
from undercut.eventstudy.data import returns_panel
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, label

#: Donors below which no counterfactual is built from unexposed firms.
FEWEST_DONORS: Final = 10


@dataclass(frozen=True, slots=True)
class Ladder:
    """One event under one benchmark after another.

    Attributes
    ----------
    studies : dict of str to EventStudy
        The rungs that could be built, in order.
    missing : dict of str to str
        The rungs that could not, and why.
    """

    studies: dict[str, EventStudy]
    missing: dict[str, str]

    def table(self, window: Window | None = None, *, level: float = 0.95) -> pd.DataFrame:
        """Every rung and unit side by side.

        Columns rung, firm, window, expected (summed normal return), benchmark (summed return of the
        benchmark, where it is one series), beta, car, se, ci_low, ci_high, p_value, detectable, n_estimation.
        """
        parts = [_rung(name, study, window, level) for name, study in self.studies.items()]
        return pd.concat(parts, ignore_index=True)


def shock_ladder(
    returns: pd.DataFrame,
    targets: Sequence[str],
    day: str | pd.Timestamp,
    *,
    markets: Mapping[str, str],
    donors: Sequence[str] = (),
    factors: pd.DataFrame | None = None,
    event: str = "event",
    **options: Any,
) -> Ladder:
    """The move of some units on one day under every benchmark that the data allow.

    Parameters
    ----------
    returns : pandas.DataFrame
        Wide, by date: targets, markets and donors are columns.
    targets : sequence of str
        Firms or portfolios to be looked at.
    day : date-like
        The event's session.
    markets : mapping of str to str
        Name of the rung and its column, in order.
    donors : sequence of str
        Unexposed firms, for the rungs built from them (`undercut.studies.stocks.universe.unexposed_firms`).
    factors : pandas.DataFrame, optional
        As `undercut.sources.factors.load_factors`; with ``rf`` among them returns are in excess of it.
    event : str
        Name of the event.
    **options
        Passed to `undercut.eventstudy.model.event_study`: estimation, window, min_days.

    Raises
    ------
    InputError
        If a donor is a target.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> returns = pd.DataFrame(rng.normal(0, 0.01, (200, 2)), columns=["A", "SPY"])
    >>> returns.index = pd.bdate_range("2024-01-01", periods=200).rename("date")
    >>> ladder = shock_ladder(returns, ["A"], returns.index[180], markets={"S&P 500": "SPY"}, window=(0, 0),
    ...                       estimation=(-150, -11))
    >>> list(ladder.studies), list(ladder.missing)[0]
    (['no benchmark', 'S&P 500'], 'factors')
    """
    both = sorted(set(targets) & set(donors))
    if both:
        raise InputError(f"{', '.join(both[:8])}: a target cannot be a donor; leave it out of donors.")
    events = pd.DataFrame({"event": event, "date": pd.Timestamp(day), "firm": list(targets)})
    rungs: dict[str, dict[str, Any]] = {"no benchmark": {"model": "constant-mean"}}
    missing: dict[str, str] = {}
    for name, column in markets.items():
        if column in returns.columns:
            rungs[name] = {"model": "market", "market": column}
        else:
            missing[name] = f"no returns of {column}"
    _factor_rung(rungs, missing, factors)
    _donor_rungs(rungs, missing, returns, list(donors))
    kept = list(dict.fromkeys([*targets, *(c for c in markets.values() if c in returns.columns), *donors]))
    panel = returns_panel(returns[kept])
    studies = {name: event_study(panel, events, **{**options, **rung}) for name, rung in rungs.items()}
    return Ladder(studies, missing)


def _factor_rung(
    rungs: dict[str, dict[str, Any]], missing: dict[str, str], factors: pd.DataFrame | None
) -> None:
    if factors is None:
        missing["factors"] = "no table of factors was given"
        return
    dated = factors.set_index("date") if "date" in factors.columns else factors
    names = [name for name in dated.columns if name != "rf"]
    rungs["factors"] = {"model": "factors", "factors": dated[names]}
    if "rf" in dated.columns:
        rungs["factors"]["risk_free"] = dated["rf"]


def _donor_rungs(
    rungs: dict[str, dict[str, Any]], missing: dict[str, str], returns: pd.DataFrame, donors: list[str]
) -> None:
    names = ("market of unexposed firms", "factors of unexposed firms", "synthetic control")
    if len(donors) < FEWEST_DONORS:
        reason = f"{len(donors)} unexposed firms in the returns, {FEWEST_DONORS} needed"
        missing.update(dict.fromkeys(names, reason))
        return
    rungs[names[0]] = {"model": "market", "market": returns[donors].mean(axis=1)}
    rungs[names[1]] = {"model": "unexposed-factors", "donors": donors}
    rungs[names[2]] = {"model": "synthetic-control", "donors": donors}


def _rung(name: str, study: EventStudy, window: Window | None, level: float) -> pd.DataFrame:
    abnormal = study.abnormal
    days = abnormal.columns(window)
    found = study.car(window, level=level)
    is_one_series = study.setup.model.name == "market"
    position = abnormal.rows.day[0] + abnormal.windows.event[0]
    market = study.setup.design[position + days.start : position + days.stop, -1].sum()
    return found.assign(
        rung=name,
        expected=abnormal.expected[:, days].sum(axis=1),
        benchmark=market if is_one_series else np.nan,
        beta=abnormal.coefficients[:, 1] if is_one_series else np.nan,
    )[
        ["rung", "firm", "window", "expected", "benchmark", "beta", "car", "se", "ci_low", "ci_high",
         "p_value", "detectable", "n_estimation"]
    ]  # fmt: skip


def key_of(text: str) -> str:
    """A name as part of a finding's key.

    Examples
    --------
    >>> key_of("S&P 500, SPY")
    's_p_500_spy'
    """
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def p_text(p_value: float) -> str:
    """A p-value as tables and figures write it.

    Examples
    --------
    >>> p_text(0.0123), p_text(0.00002), p_text(float("nan"))
    ('0.012', '<0.001', '–')
    """
    if np.isnan(p_value):
        return "\N{EN DASH}"
    return "<0.001" if p_value < 0.0005 else f"{p_value:.3f}"


def specifications(
    returns: pd.DataFrame,
    target: str,
    day: str | pd.Timestamp,
    *,
    windows: Sequence[Window],
    markets: Mapping[str, str],
    models: Sequence[str],
    estimations: Sequence[Window],
    min_days: int = 100,
    level: float = 0.95,
) -> pd.DataFrame:
    """One unit's cumulative abnormal return under every combination of reasonable choices.

    Parameters
    ----------
    returns : pandas.DataFrame
        Wide, by date.
    target : str
        Column of the unit.
    day : date-like
        The event's session.
    windows, estimations : sequence of tuple of int
        Event and estimation windows.
    markets : mapping of str to str
        Name of a benchmark and its column; those without returns are left out.
    models : sequence of str
        Models of normal returns that need a market, and ``constant-mean``, which is fitted once a window.

    Returns
    -------
    pandas.DataFrame
        Columns window, benchmark, model, estimation (all text), car, se, ci_low, ci_high, p_value.
    """
    events = pd.DataFrame({"event": "event", "date": [pd.Timestamp(day)], "firm": [target]})
    held = {name: column for name, column in markets.items() if column in returns.columns}
    panel = returns_panel(returns[[target, *held.values()]])
    parts = []
    for window, estimation, model in product(windows, estimations, models):
        for name, column in held.items() if model != "constant-mean" else [("none", None)]:
            study = event_study(
                panel,
                events,
                model=model,
                market=column,
                window=window,
                estimation=estimation,
                min_days=min_days,
            )
            choices = {"benchmark": name, "model": model, "estimation": label(estimation)}
            parts.append(study.car(level=level).assign(**choices))
    columns = ["window", "benchmark", "model", "estimation", "car", "se", "ci_low", "ci_high", "p_value"]
    return pd.concat(parts, ignore_index=True)[columns]


def market_values(closes: pd.DataFrame, fundamentals: pd.DataFrame, day: str | pd.Timestamp) -> pd.DataFrame:
    """Market values at the close before an event: price times diluted shares of the nearest fiscal year.

    Parameters
    ----------
    closes : pandas.DataFrame
        Columns ticker, date and close: prices as they were, not adjusted for later dividends.
    fundamentals : pandas.DataFrame
        ``load_reference("fundamentals")``.
    day : date-like
        The event's session.

    Returns
    -------
    pandas.DataFrame
        Columns firm, value (billions of US dollars), shares_of (end of the fiscal year), close_of. Firms
        without a close, or without shares, or quoted as receipts of an unknown number of shares are absent.

    Notes
    -----
    Diluted weighted shares are a little more than shares outstanding. A split between the two dates would be
    a gross error; fiscal years further than a year from the event are not used.
    """
    moment = pd.Timestamp(day)
    before = closes[pd.to_datetime(closes["date"]) < moment].dropna(subset=["close"])
    last = before.sort_values("date").groupby("ticker", as_index=False).last()
    shares = fundamentals[fundamentals["item"] == "diluted_weighted_shares"].copy()
    shares["distance"] = (pd.to_datetime(shares["period_end"]) - moment).abs()
    shares = shares[shares["distance"] <= pd.Timedelta(days=366)]
    shares = shares.sort_values("distance").groupby("ticker", as_index=False).first()
    is_ratio = fundamentals["item"] == "adr_ratio"
    ratio = fundamentals[is_ratio].set_index("ticker")["value"]
    foreign = fundamentals.loc[fundamentals["currency"].isin(["TWD", "CNY"]), "ticker"].unique()
    merged = last.merge(shares, on="ticker")
    merged = merged[~merged["ticker"].isin(set(foreign) - set(ratio.index))]
    receipts = merged["ticker"].map(ratio).fillna(1.0)
    return pd.DataFrame(
        {
            "firm": merged["ticker"],
            "value": merged["close"] * merged["value"] / receipts / 1e3,
            "shares_of": merged["period_end"],
            "close_of": pd.to_datetime(merged["date"]),
        }
    ).reset_index(drop=True)


def group_tests(study: EventStudy, **options: Any) -> pd.DataFrame:
    """`undercut.eventstudy.groups.group_tests` as a table."""
    found = _groups.group_tests(study, **options)
    found.rows.attrs["placebo_days"] = found.placebo_days
    return found.rows


def only(study: EventStudy, firms: Sequence[str]) -> EventStudy:
    """The rows of some firms."""
    return study.of(firms)


def with_interval(study: EventStudy, window: Window | None = None) -> pd.DataFrame:
    """`EventStudy.car`."""
    return study.car(window)


def battery_table(study: EventStudy) -> pd.DataFrame:
    """`undercut.eventstudy.groups.battery_table`."""
    return _groups.battery_table(study)
