"""Which assumptions matter? One at a time (tornado), and by their share of the variance (Sobol indices)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import qmc

from undercut.errors import InputError, NoVariationError
from undercut.inference.arrays import Floats
from undercut.result import Axes, Result
from undercut.valuation import charts
from undercut.valuation.assumptions import Assumptions
from undercut.valuation.vendors import Case

#: Probabilities stay this far inside 0 and 1.
_INSIDE: Final = 1e-9
_RESAMPLES: Final = 100


class Tornado(Result):
    """Value at both ends of each assumption, the others at their defaults.

    Attributes
    ----------
    name, unit : str
        Whose value, in what.
    base : float
        Value with all at their defaults.
    rows : DataFrame
        parameter, meaning, unit, low, high, value_low, value_high, swing; the widest first.
    """

    name: str
    unit: str
    base: float
    rows: pd.DataFrame

    def summary(self) -> str:
        """Which assumption moves the value most."""
        first = self.rows.iloc[0]
        return (
            f"{self.name}: of {len(self.rows)} assumptions {first['parameter']} matters most: from "
            f"{first['low']:.3g} to {first['high']:.3g} it moves the value from {first['value_low']:,.0f} to "
            f"{first['value_high']:,.0f} {self.unit}."
        )

    def plot(self, ax: Axes | None = None, *, most: int = 12, names: Mapping[str, str] | None = None) -> Axes:
        """Bars from low to high, widest on top; ``names``: what parameters are called."""
        return charts.tornado(self.rows, base=self.base, unit=self.unit, most=most, names=names, ax=ax)


def tornado(case: Case, *, level: float = 0.90) -> Tornado:
    """One-at-a-time sensitivity of equity over the central interval of each assumption.

    Parameters
    ----------
    case : Case
        The vendor.
    level : float
        Each assumption moves between its (1 - level) / 2 and (1 + level) / 2 quantile.

    Raises
    ------
    NoVariationError
        No assumption has a range.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.vendors import vendor_case
    >>> found = tornado(vendor_case("NVDA", undercut.load_reference("fundamentals")))
    >>> bool(found.rows["swing"].is_monotonic_decreasing)
    True
    """
    names = case.assumptions.uncertain(case.company.role)
    if not names:
        raise NoVariationError(f"{case.company.ticker}: every assumption is fixed; there is nothing to vary.")
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    ends = np.stack([case.assumptions[name].quantile(tails) for name in names])  # (parameters, 2)
    # Two draws a parameter, all in one call; shape (2 * parameters,).
    draws = {name: np.full(2 * len(names), case.assumptions[name].default) for name in names}
    for place, name in enumerate(names):
        draws[name][2 * place : 2 * place + 2] = ends[place]
    equity = case.value(draws).equity.reshape(len(names), 2)
    frame = pd.DataFrame(
        {
            "parameter": names, "meaning": [case.assumptions[name].meaning for name in names],
            "unit": [case.assumptions[name].unit for name in names], "low": ends[:, 0], "high": ends[:, 1],
            "value_low": equity[:, 0], "value_high": equity[:, 1],
            "swing": np.abs(equity[:, 1] - equity[:, 0]),
        }
    )  # fmt: skip
    rows = frame.sort_values(["swing", "parameter"], ascending=[False, True], ignore_index=True)
    unit = f"million {case.company.currency}"
    return Tornado(case.company.ticker, unit, float(case.value().equity[0]), rows)


def sobol_indices(case: Case, *, base_draws: int = 1024, seed: int = 0) -> pd.DataFrame:
    """Share of the variance of equity that each assumption explains, alone and with interactions.

    See `sobol_of_function`; assumptions are drawn independently here: with correlated inputs the variance
    has no such decomposition.
    """
    names = case.assumptions.uncertain(case.company.role)
    return sobol_of_function(
        lambda inputs: case.value(inputs).equity, case.assumptions, names, base_draws=base_draws, seed=seed
    )


def sobol_of_function(
    function: Callable[[Mapping[str, Floats]], Floats],
    assumptions: Assumptions,
    names: Sequence[str],
    *,
    base_draws: int = 1024,
    seed: int = 0,
) -> pd.DataFrame:
    """First-order and total Sobol indices of a function that is vectorised over draws.

    Parameters
    ----------
    function : callable
        From arrays by name to outcomes.
    assumptions : Assumptions
        Distributions of the names.
    names : sequence of str
        What varies.
    base_draws : int
        A power of two; the function is evaluated ``base_draws * (names + 2)`` times.
    seed : int
        Of the scrambled sequence and of the bootstrap.

    Returns
    -------
    DataFrame
        parameter, first_order, first_order_error, total, total_error (half widths of 95% intervals over
        resampled draws), the largest total first.

    Raises
    ------
    InputError
        ``base_draws`` is not a power of two, or there is nothing to vary.

    Notes
    -----
    With outcomes f of two independent samples A and B, and of A with column j from B (AB_j):
    ``S_j = mean(f_B (f_ABj - f_A)) / V`` (Saltelli et al. 2010) and
    ``T_j = mean((f_A - f_ABj)^2) / 2 V`` (Jansen 1999), V the variance over A and B together.

    References
    ----------
    Sobol (2001), Mathematics and Computers in Simulation 55; Saltelli et al. (2010), Computer Physics
    Communications 181.
    """
    if base_draws < 2 or base_draws & (base_draws - 1) or not names:
        raise InputError(f"base_draws must be a power of two (got {base_draws}) and some assumption vary.")
    count = len(names)
    points = qmc.Sobol(2 * count, seed=seed).random(base_draws)
    points = _INSIDE + points * (1 - 2 * _INSIDE)
    first, second = points[:, :count], points[:, count:]
    mixed = np.broadcast_to(first, (count, base_draws, count)).copy()
    mixed[range(count), :, range(count)] = second.T
    stacked = np.concatenate([first[None], second[None], mixed])  # (count + 2, base_draws, count)
    inputs = {name: assumptions[name].quantile(stacked[..., j].ravel()) for j, name in enumerate(names)}
    outcome = np.broadcast_to(function(inputs), stacked.shape[0] * base_draws).reshape(count + 2, base_draws)
    scaled = (outcome - outcome.mean()) / (outcome.std() or 1.0)
    alone, whole = _indices(scaled)
    again = np.random.default_rng(seed).integers(base_draws, size=(_RESAMPLES, base_draws))
    resampled = np.stack([_indices(scaled[:, rows]) for rows in again])  # (resamples, 2, count)
    half = 1.959963984540054 * resampled.std(axis=0, ddof=1)
    frame = pd.DataFrame(
        {
            "parameter": list(names), "first_order": alone, "first_order_error": half[0],
            "total": whole, "total_error": half[1],
        }
    )  # fmt: skip
    return frame.sort_values(["total", "parameter"], ascending=[False, True], ignore_index=True)


def _indices(outcome: Floats) -> Floats:
    """First-order and total indices, shape (2, count), of outcomes of A, B and every AB_j."""
    a, b, mixed = outcome[0], outcome[1], outcome[2:]
    variance = np.var(outcome[:2])
    if variance <= np.finfo(float).eps:
        return np.zeros((2, len(mixed)))
    return np.stack([(b * (mixed - a)).mean(axis=1), ((a - mixed) ** 2).mean(axis=1) / 2]) / variance
