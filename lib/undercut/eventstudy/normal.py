"""Which models of normal returns are there? One registry: a name, a line, the regressors and the fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import InputError, UnitError, check_known
from undercut.eventstudy import synthetic
from undercut.eventstudy.data import ReturnsPanel, aligned_series, doubt_of_unit, parse_days
from undercut.eventstudy.market_models import (
    BlockFit,
    Convention,
    dimson,
    garch,
    imposed,
    lead_lag_design,
    least_squares,
    scholes_williams,
)
from undercut.eventstudy.windows import Block
from undercut.inference.arrays import Floats

Fit = Callable[[Block], BlockFit]
Need = Literal["nothing", "market", "factors", "donors"]


@dataclass(frozen=True, slots=True)
class Benchmarks:
    """What normal returns are judged by, on the panel's calendar.

    Attributes
    ----------
    market : numpy.ndarray or None
        Shape (n_days,), or (n_units, n_days) where each unit has its own; in excess of the risk-free rate
        where one is given.
    factors : numpy.ndarray or None
        Shape (n_days, n_factors).
    donors : numpy.ndarray
        Positions of the unexposed units.
    """

    market: Floats | None
    factors: Floats | None
    donors: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NormalModel:
    """A model of normal returns.

    Attributes
    ----------
    name, explanation : str
        What users call it, and the model in a line.
    need : str
        What it is estimated from beside the firm's own returns.
    fit : callable
        From a `Block` to a `BlockFit`.
    is_linear : bool
        Least squares on the regressors of `design`: what `undercut.eventstudy.rolling` can repeat for every
        day, and what the convention of estudy2 is defined for.
    """

    name: str
    explanation: str
    need: Need
    fit: Fit
    is_linear: bool = False


MODELS: Final[Mapping[str, NormalModel]] = {
    model.name: model
    for model in (
        NormalModel("constant-mean", "the firm's own mean return", "nothing", least_squares, True),
        NormalModel("market-adjusted", "the market's return, nothing estimated", "market", imposed),
        NormalModel("market", "market model by least squares", "market", least_squares, True),
        NormalModel("factors", "factor model by least squares", "factors", least_squares, True),
        NormalModel("scholes-williams", "market model, Scholes-Williams beta", "market", scholes_williams),
        NormalModel("dimson", "market model, Dimson beta", "market", dimson),
        NormalModel("garch", "market model, GARCH(1, 1) variance", "market", garch),
        NormalModel(
            "synthetic-control", "convex mix of unexposed firms", "donors", synthetic.synthetic_control
        ),
        NormalModel(
            "ridge-augmented", "synthetic control corrected by ridge", "donors", synthetic.ridge_augmented
        ),
        NormalModel(
            "difference-in-differences", "mean of the unexposed firms plus a constant", "donors",
            synthetic.difference_in_differences,
        ),
        NormalModel(
            "unexposed-factors", "principal components of the unexposed firms", "donors",
            synthetic.unexposed_factors,
        ),
    )
}  # fmt: skip


def normal_model(name: str, *, convention: Convention = "textbook", n_factors: int = 3) -> NormalModel:
    """The model of this name with its options bound.

    Raises
    ------
    UnknownNameError
        If there is no such model.
    InputError
        If the convention does not apply to the model.
    """
    check_known("model of normal returns", name, MODELS)
    model = MODELS[name]
    if convention not in ("textbook", "estudy2"):
        raise InputError(f"convention must be textbook or estudy2; got {convention!r}.")
    if convention == "estudy2":
        if not model.is_linear:
            raise InputError(f"The convention estudy2 is defined for least squares, not for {name!r}.")
        return replace(model, fit=partial(least_squares, convention="estudy2"))
    if name == "unexposed-factors":
        return replace(model, fit=partial(synthetic.unexposed_factors, n_factors=n_factors))
    return model


def design_of(model: NormalModel, benchmarks: Benchmarks, n_days: int) -> Floats:
    """Regressors of a model on every day of the panel, shape (n_days, n_regressors).

    Raises
    ------
    InputError
        If the model needs a benchmark that was not given.
    """
    ones = np.ones(n_days)
    if model.need in ("nothing", "donors"):
        if model.need == "donors" and len(benchmarks.donors) == 0:
            raise InputError(
                f"The model {model.name!r} needs donors: firms of the returns that the events do not touch."
            )
        return ones[:, None]
    if model.need == "factors":
        if benchmarks.factors is None:
            raise InputError("The model 'factors' needs factors: a table by date or columns of the returns.")
        return np.column_stack([ones, benchmarks.factors])
    if benchmarks.market is None:
        raise InputError(f"The model {model.name!r} needs a market: a column of the returns, or a series.")
    if model.name in ("scholes-williams", "dimson"):
        return lead_lag_design(benchmarks.market)
    if model.name == "market-adjusted":
        return benchmarks.market[:, None]
    return np.column_stack([ones, benchmarks.market])


def named_benchmarks(
    market: str | pd.Series | pd.DataFrame | None,
    factors: pd.DataFrame | Sequence[str] | None,
    risk_free: str | pd.Series | pd.DataFrame | None,
) -> list[str]:
    """Columns of the returns that the call names as benchmarks."""
    single = [name for name in (market, risk_free) if isinstance(name, str)]
    several = [factors] if isinstance(factors, str) else factors
    return single if several is None or isinstance(several, pd.DataFrame) else [*single, *several]


def benchmarks_of(
    panel: ReturnsPanel,
    *,
    market: str | pd.Series | pd.DataFrame | None = None,
    factors: pd.DataFrame | Sequence[str] | None = None,
    risk_free: str | pd.Series | pd.DataFrame | None = None,
    donors: Sequence[str] = (),
) -> tuple[ReturnsPanel, Benchmarks]:
    """Put benchmarks on the panel's calendar.

    Returns
    -------
    panel : ReturnsPanel
        Returns in excess of the risk-free rate, where one is given.
    benchmarks : Benchmarks
        Market, factors, donors.

    Raises
    ------
    UnitError
        The market or the risk-free rate is not in decimals by day.
    """
    free = np.zeros(len(panel.days))
    if risk_free is not None:
        free = _series(panel, risk_free, "risk-free rate")
    market_return = None if market is None else _series(panel, market, "market") - free
    loadings, names = _factors(panel, factors), named_benchmarks(market, factors, risk_free)
    index = {unit: position for position, unit in enumerate(panel.units)}
    for donor in donors:
        panel.series(donor)
    positions = np.array([index[d] for d in sorted(set(donors) - set(names))], dtype=np.int64)
    # The unit of a regressor changes no abnormal return, and not every factor is a return: said, not refused.
    doubts = [doubt_of_unit(column, panel, "factor") for column in ([] if loadings is None else loadings.T)]
    notes = (*panel.warnings, *filter(None, doubts))
    excess = ReturnsPanel(panel.days, panel.units, panel.returns - free, notes)
    return excess, Benchmarks(market_return, loadings, positions)


def _series(panel: ReturnsPanel, given: str | pd.Series | pd.DataFrame, name: str) -> Floats:
    if isinstance(given, pd.DataFrame):  # each unit has its own
        given = given.set_axis(pd.DatetimeIndex(parse_days(given.index, name)))
        found = given.reindex(index=pd.DatetimeIndex(panel.days), columns=panel.units).to_numpy("float64").T
    else:
        found = panel.series(given) if isinstance(given, str) else aligned_series(given, panel.days, name)
    doubt = "" if name.startswith("factor") else doubt_of_unit(found, panel, name)
    if doubt:
        raise UnitError(doubt)
    return found


def _factors(panel: ReturnsPanel, factors: pd.DataFrame | Sequence[str] | None) -> Floats | None:
    if factors is None:
        return None
    if isinstance(factors, pd.DataFrame):
        dated = factors.set_index("date") if "date" in factors.columns else factors
        return np.column_stack([_series(panel, dated[name], f"factor {name}") for name in dated.columns])
    names = [factors] if isinstance(factors, str) else list(factors)
    return np.column_stack([_series(panel, name, f"factor {name}") for name in names])
