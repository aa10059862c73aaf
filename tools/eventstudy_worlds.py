"""Do the tests hold their size, and what do they find? Simulated returns and placebo dates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from undercut.errors import DataError, InputError
from undercut.eventstudy.battery import pools, results_frame, run_tests
from undercut.eventstudy.data import ReturnsPanel
from undercut.eventstudy.model import event_study
from undercut.eventstudy.permutation import permute_dates
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window

_SIGMA = 0.02
_MOST_FIRMS = 0.8


@dataclass(frozen=True, slots=True)
class Design:
    r"""A world of simulated returns.

    Attributes
    ----------
    name : str
        What it is called in tables.
    n_firms, n_days : int
        Firms with an event each, and days of history.
    n_dates : int
        Event dates; firms are dealt out to them evenly, so that 1 means that all share one date.
    correlation : float
        Between the abnormal returns of any two firms on one day.
    event_variance : float
        Factor of the abnormal returns' variance on event days.
    effect : float
        Mean abnormal return on the event day, in residual standard deviations.
    degrees : float
        Degrees of freedom of Student's t for firms' own shocks; infinite for the normal distribution.

    Notes
    -----
    :math:`R_{it} = \beta_i R_{mt} + \sigma (\sqrt{\rho} f_t + \sqrt{1 - \rho} u_{it})`, with the bracket
    scaled by the root of ``event_variance`` on event days. The market model is the true model.
    """

    name: str
    n_firms: int = 30
    n_days: int = 700
    n_dates: int = 1
    correlation: float = 0.0
    event_variance: float = 1.0
    effect: float = 0.0
    degrees: float = np.inf


def simulate(design: Design, seed: int) -> tuple[ReturnsPanel, pd.DataFrame]:
    """Returns and events of one draw of a design; the last unit of the panel is the market, ``~market``."""
    if not 0 <= design.correlation < 1 or design.event_variance <= 0:
        raise InputError("A design needs a correlation from 0 to below 1 and a positive event variance.")
    rng = np.random.default_rng(seed)
    n_firms, n_days = design.n_firms, design.n_days
    market = rng.normal(0.0003, 0.01, n_days)
    shocks = _shocks(rng, (n_firms, n_days), design.degrees)
    common = np.sqrt(design.correlation) * rng.standard_normal(n_days)
    abnormal = _SIGMA * (common + np.sqrt(1 - design.correlation) * shocks)
    dates = np.sort(rng.choice(np.arange(300, n_days - 20, 15), design.n_dates, replace=False))
    own = dates[np.arange(n_firms) % design.n_dates]
    firms = np.arange(n_firms)
    # Whoever has no event on a day keeps its usual variance; the common shock of the day is scaled with it.
    abnormal[firms, own] *= np.sqrt(design.event_variance)
    abnormal[firms, own] += design.effect * _SIGMA
    returns = np.vstack([rng.uniform(0.5, 1.5, (n_firms, 1)) * market + abnormal, market])
    days = pd.bdate_range("2020-01-01", periods=n_days).to_numpy().astype("datetime64[ns]")
    names = [f"firm {i:04d}" for i in range(n_firms)]
    events = pd.DataFrame({"event": "event", "firm": names, "date": days[own]})
    return ReturnsPanel(days, (*names, "~market"), returns), events


def _shocks(rng: np.random.Generator, shape: tuple[int, int], degrees: float) -> np.ndarray:
    if np.isinf(degrees):
        return rng.standard_normal(shape)
    return rng.standard_t(degrees, shape) / np.sqrt(degrees / (degrees - 2))


def simulated_p_values(
    design: Design,
    *,
    replications: int,
    window: Window = (0, 0),
    estimation: Window = (-130, -11),
    seed: int = 0,
    draws: int = 499,
) -> pd.DataFrame:
    """P-values of every test in repeated draws of a design: replication, test, p_value."""
    parts = []
    for replication in range(replications):
        panel, events = simulate(design, seed + replication)
        study = event_study(panel, events, market="~market", estimation=estimation, window=window)
        parts.append(_all_p_values(study, window, draws, replication))
    return pd.concat(parts, ignore_index=True)


def _all_p_values(study: EventStudy, window: Window, draws: int, seed: int) -> pd.DataFrame:
    groups = pools(study.abnormal)[:1]
    permutation = permute_dates(
        study.setup, study.abnormal, windows=[window], groups=groups, draws=draws, seed=seed
    )
    results = results_frame([*permutation.results, *run_tests(groups, [window])])
    return results[["test", "p_value"]].assign(replication=seed)


def placebo_p_values(
    returns: pd.DataFrame | ReturnsPanel,
    events: pd.DataFrame,
    *,
    n_dates: int = 100,
    window: Window = (0, 0),
    seed: int = 0,
    tests: list[str] | None = None,
    permutation: bool = True,
    **options: object,
) -> pd.DataFrame:
    """P-values of tests on days without an event: what is the size of a test on these very returns?

    The firms of ``events`` are studied with all events moved to one random trading day, again and again.

    Parameters
    ----------
    returns, events : pandas.DataFrame
        As `event_study`; the dates of the events are kept free of placebo dates.
    n_dates : int
        Placebo dates.
    window : tuple of int
        Days that are summed.
    seed : int
        Of the choice of dates.
    tests : list of str, optional
        Keys of `undercut.eventstudy.battery.TESTS`; default, all.
    permutation : bool
        Whether to add the permutation of dates.
    **options
        Passed to `event_study`: model, market, estimation and so on.

    Returns
    -------
    pandas.DataFrame
        Columns date, test, p_value; `rejection_rates` makes sizes of them.
    """
    study = event_study(returns, events, window=window, **options)  # type: ignore[arg-type]
    days = _placebo_days(study, n_dates, np.random.default_rng(seed))
    firms = study.abnormal.take(np.unique(study.abnormal.rows.unit, return_index=True)[1]).rows
    parts = []
    for day in days:
        abnormal = study.setup.fit_on(firms, day)
        groups = pools(abnormal)[:1]
        results = run_tests(groups, [window], tests=tests)
        if permutation:
            results += permute_dates(study.setup, abnormal, windows=[window], groups=groups).results
        date = pd.Timestamp(study.setup.panel.days[day])
        parts.append(results_frame(results)[["test", "p_value"]].assign(date=date))
    return pd.concat(parts, ignore_index=True)[["date", "test", "p_value"]]


def _placebo_days(study: EventStudy, count: int, rng: np.random.Generator) -> list[int]:
    """Random days with whole windows, most firms trading, and no event of the study in reach."""
    windows, panel = study.setup.windows, study.setup.panel
    days = np.arange(-windows.estimation[0], len(panel.days) - max(0, windows.event[1]))
    units = np.unique(study.abnormal.rows.unit)
    traded = np.isfinite(panel.returns[units]) & np.isfinite(study.setup.design).all(axis=1)
    spans = days[:, None] + windows.offsets
    present = traded[:, spans].all(axis=2).mean(axis=0) >= _MOST_FIRMS
    distance = np.abs(days[:, None] - np.unique(study.abnormal.rows.day)).min(axis=1)
    free = days[present & (distance >= windows.n_event)]
    if len(free) < count:
        raise DataError(f"The returns have room for {len(free)} placebo dates, fewer than {count}.")
    return [int(day) for day in np.sort(rng.choice(free, count, replace=False))]


def rejection_rates(p_values: pd.DataFrame, *, level: float = 0.05) -> pd.DataFrame:
    """Share of rejections by test, with the simulation's standard error: test, rate, se, n.

    ``p_values`` has columns test and p_value, one row a replication.
    """
    known = p_values.dropna(subset=["p_value"])
    grouped = (known["p_value"] <= level).groupby(known["test"], sort=False)
    rate, count = grouped.mean(), grouped.size()
    error = np.sqrt(rate * (1 - rate) / count)
    return pd.DataFrame({"test": rate.index, "rate": rate.array, "se": error.array, "n": count.array})
