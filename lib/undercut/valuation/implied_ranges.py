"""What do market values imply when nothing else is certain either? The reverse question over ranges.

`undercut.valuation.reverse.implied` answers for one market value with all other assumptions at their
defaults; here the market value, or the other assumptions, vary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.valuation.company import MarketValue
from undercut.valuation.ranges import flat_draws
from undercut.valuation.reverse import Implied, implied
from undercut.valuation.scenarios import Scenario
from undercut.valuation.valuation import middle
from undercut.valuation.vendors import Case

#: What a firm is asked to assume, by name; which of them matter depends on its role.
REVERSED = ("price_erosion", "demand_growth", "ai_margin_long_run", "overhead_long_run")
_FEWEST = 0.1


def at_multiple(case: Case, multiple: float) -> Case:
    """The case as if the market paid a multiple of the model's own central value of equity.

    Nothing else changes, so that a multiple of one implies every assumption itself.

    Raises
    ------
    InputError
        The central value of equity is not above zero.
    """
    central = float(case.value().equity[0])
    if not central > 0:
        raise InputError(f"{case.company.ticker}: the central value of equity is {central:,.0f} million.")
    source = f"{multiple:g} times the model's own central value"
    stated = MarketValue(multiple * central, case.company.currency, case.company.period_end, source)
    return replace(case, market_value=stated)


def reversed_parameters(case: Case) -> list[str]:
    """Those of `REVERSED` that matter for the firm's role."""
    return [name for name in REVERSED if case.company.role in case.assumptions[name].roles]


def implied_curves(case: Case, parameters: Sequence[str], *, every: int = 10) -> pd.DataFrame:
    """Every market value that one assumption alone can reach: parameter, value, equity (million), multiple.

    ``multiple`` is equity over the central value. Where a curve bends back, one market value has several
    roots.
    """
    central = at_multiple(case, 1.0)
    base = float(case.value().equity[0])
    parts = []
    for name in parameters:
        found = implied(central, name)
        parts.append(pd.DataFrame({"parameter": name, "value": found.grid, "equity": found.equity})[::every])
    curves = pd.concat(parts, ignore_index=True)
    return curves.assign(multiple=curves["equity"] / base)


def direction(case: Case, curves: pd.DataFrame, parameter: str) -> str:
    """One sentence: does the vendor's value rise or fall with an assumption?

    Parameters
    ----------
    case : Case
        The vendor.
    curves : DataFrame
        Of `implied_curves`.
    parameter : str
        One of the curves.
    """
    equity = curves.loc[curves["parameter"] == parameter, "equity"].to_numpy()
    steps = np.diff(equity)[np.abs(np.diff(equity)) > 1e-9 * np.abs(equity).max()]
    moves = "does not depend on" if not steps.size else "rises with" if (steps > 0).all() else "falls with"
    if steps.size and (steps > 0).any() and (steps < 0).any():
        moves = "rises and falls by turns with"
    name = parameter.replace("_", " ")
    return f"All else left alone, the value of {case.company.name} {moves} {name} in this model."


def implied_ranges(
    case: Case,
    parameter: str,
    market_values: Sequence[float],
    *,
    draws: int = 1_024,
    points: int = 121,
    seed: int = 0,
    level: float = 0.90,
) -> pd.DataFrame:
    """What market values imply for one assumption while all others are uncertain.

    Parameters
    ----------
    case : Case
        The vendor.
    parameter : str
        The assumption solved for.
    market_values : sequence of float
        Million of the accounts' currency.
    draws, points, seed : int
        Draws of the other assumptions; values tried of this one, between which equity is read in a straight
        line; of the draws.

    Returns
    -------
    DataFrame
        market_value, one, several, none (parts of the draws); median, low, high of the root where there is
        just one, not a number where fewer than a tenth of the draws have one: what so few say is chance.
    """
    span = implied(at_multiple(case, 1.0), parameter).searched
    grid = np.linspace(*span, points)
    names = [name for name in case.assumptions.uncertain(case.company.role) if name != parameter]
    inputs = flat_draws(case, names, draws=draws, seed=seed)
    equity = np.stack(
        [case.value({**inputs, parameter: np.array([x])}).equity for x in grid]
    )  # (points, draws)
    rows = []
    for market in market_values:
        count, root = _crossings(grid, equity - market)
        enough = (count == 1).mean() >= _FEWEST
        found = middle(np.where((count == 1) & enough, root, np.nan), level)
        rows.append((market, *(float(part.mean()) for part in (count == 1, count > 1, count == 0)), *found))
    return pd.DataFrame(rows, columns=["market_value", "one", "several", "none", "median", "low", "high"])


def break_even(case: Case, scenario: Scenario, parameter: str) -> Implied:
    """Value of one assumption at which a scenario leaves a vendor's value where it was.

    All others are at their defaults or the scenario's. No root: that assumption cannot undo the scenario.

    Raises
    ------
    InputError
        The central value of equity is not above zero.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.scenarios import scenario
    >>> from undercut.valuation.vendors import vendor_case
    >>> case = vendor_case("NVDA", undercut.load_reference("fundamentals"))
    >>> found = break_even(case, scenario("status-quo"), "demand_growth")
    >>> abs(found.value - case.assumptions["demand_growth"].default) < 1e-9
    True
    """
    before = at_multiple(case, 1.0).market_value
    return implied(replace(scenario.apply(case), market_value=before), parameter)


def _crossings(grid: Floats, gap: Floats) -> tuple[Floats, Floats]:
    """Number of changes of sign of each column, and where the last one is, read in a straight line."""
    count, root = np.zeros(gap.shape[1]), np.full(gap.shape[1], np.nan)
    for i in range(len(grid) - 1):
        crossed = (gap[i] < 0) != (gap[i + 1] < 0)
        weight = gap[i, crossed] / (gap[i, crossed] - gap[i + 1, crossed])
        root[crossed] = grid[i] + weight * (grid[i + 1] - grid[i])
        count += crossed
    return count, root
