"""How responsive must use be to price for a price war not to lower what a layer or a company is worth?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.result import Axes, Result
from undercut.valuation import charts
from undercut.valuation.assumptions import ROLES, Assumptions, load_assumptions
from undercut.valuation.chain import LAYERS, Values, value_chain
from undercut.valuation.montecarlo import drawn_for
from undercut.valuation.scenarios import Scenario
from undercut.valuation.valuation import cost_of_capital
from undercut.valuation.vendors import Case

#: From the most to the least elastic demand that anybody defends.
ELASTICITIES: Final = tuple(np.linspace(-1.6, 0.0, 17).round(3).tolist())
_YEARS: Final = 15


class BreakEvens(Result):
    """Break-even elasticities, and the change of value over the whole range of elasticities.

    Attributes
    ----------
    scenario : Scenario
        What happens, against the default assumptions at the same elasticity.
    frame : DataFrame
        name (layer or ticker), median, low, high (within the range), gains, loses (parts of the draws in
        which value rises, or falls, over the whole range), side (where the median draw has no break-even:
        gains or loses, else empty).
    curves : DataFrame
        name, elasticity, median, low, high (change of value as part of what it is without the scenario).
    drivers : DataFrame
        name, parameter, correlation: rank correlation of the break-even with each assumption over draws.
    draws : int
    level : float
        Of the intervals: over draws of the stated assumptions, no confidence intervals.
    """

    scenario: Scenario
    frame: pd.DataFrame
    curves: pd.DataFrame
    drivers: pd.DataFrame
    draws: int
    level: float

    def told(self, name: str) -> str:
        """The break-even in words; where there is none, what happens over the whole range."""
        row = self.frame.set_index("name").loc[name]
        if not row["side"]:
            return f"{row['median']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        return f"{row['side']} at every elasticity from {ELASTICITIES[0]:g} to {ELASTICITIES[-1]:g}"

    def summary(self) -> str:
        """One line a layer or company."""
        lines = [f"  {name}: {self.told(name)}" for name in self.frame["name"]]
        head = f"Break-even elasticity in the scenario {self.scenario.title}, {self.level:.0%} of draws"
        return "\n".join([f"{head}:", *lines])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Change of value by elasticity, one line a layer or company, break-evens marked."""
        return charts.by_elasticity(self.curves, self.frame, ax=ax)


def layer_break_evens(
    scenario: Scenario,
    *,
    assumptions: Assumptions | None = None,
    draws: int = 2_048,
    seed: int = 0,
    level: float = 0.90,
    held: Sequence[str] = (),
) -> BreakEvens:
    """Break-even elasticity of each layer of the chain.

    Parameters
    ----------
    scenario : Scenario
        A price war, or any other change of assumptions.
    assumptions : Assumptions, optional
        Instead of the project's.
    draws, seed : int
        Of all assumptions but the elasticity.
    held : sequence of str
        Assumptions that stay at their default.

    Examples
    --------
    >>> from undercut.valuation.scenarios import scenario
    >>> found = layer_break_evens(scenario("price-war"), draws=64)
    >>> list(found.frame["name"])
    ['applications', 'model_sellers', 'clouds', 'chips', 'power']
    """
    before = load_assumptions() if assumptions is None else assumptions
    moved = {name: value for role in scenario.by_role.values() for name, value in role.items()}
    after = before.with_values({**moved, **scenario.changes}, source=scenario.title)
    drawn = [_drawn(given, ROLES, draws, seed, held) for given in (before, after)]

    def worth(elasticity: float) -> list[dict[str, Floats]]:
        return [layer_values({**values, "elasticity": np.array([elasticity])}) for values in drawn]

    inputs = dict.fromkeys(LAYERS, drawn[0])
    return _break_evens(scenario, inputs, worth, draws, level)


def company_break_evens(
    cases: Sequence[Case], scenario: Scenario, *, draws: int = 512, seed: int = 0, level: float = 0.90
) -> BreakEvens:
    """Break-even elasticity of the AI business of each company."""
    drawn = {
        case.company.ticker: [
            (held, _drawn(held.assumptions, [case.company.role], draws, seed))
            for held in (case, scenario.apply(case))
        ]
        for case in cases
    }

    def worth(elasticity: float) -> list[dict[str, Floats]]:
        at = {"elasticity": np.array([elasticity])}
        return [
            {ticker: pair[side][0].value({**pair[side][1], **at}).ai_value for ticker, pair in drawn.items()}
            for side in (0, 1)
        ]

    inputs = {ticker: sides[0][1] for ticker, sides in drawn.items()}
    return _break_evens(scenario, inputs, worth, draws, level)


def _drawn(
    assumptions: Assumptions, roles: Sequence[str], draws: int, seed: int, held: Sequence[str] = ()
) -> dict[str, Floats]:
    """Draws of all that is uncertain but the elasticity and what is held; the rest at its default."""
    found = drawn_for(assumptions, roles, draws, seed, without=("elasticity", *held))
    return {**assumptions.values(), **found}


def layer_values(values: Values) -> dict[str, Floats]:
    """Present value of what each layer of the chain earns, in years of sellers' revenue of today."""
    draws = max(np.size(value) for value in values.values())
    values = {name: np.broadcast_to(np.atleast_1d(value), (draws,)) for name, value in values.items()}
    rate, growth = cost_of_capital(values).rate, values["terminal_growth"]
    chain = value_chain(values, _YEARS)
    factor = (1 + rate[None, :]) ** -(np.arange(1, _YEARS + 1)[:, None] - 0.5)
    later = (1 + growth) / (rate - growth) * factor[-1]
    return {
        layer: (profit[1:] * factor).sum(axis=0) + profit[-1] * later
        for layer, profit in chain.profit.items()
    }


def _break_evens(
    scenario: Scenario,
    inputs: Mapping[str, Mapping[str, Floats]],
    worth: Callable[[float], list[dict[str, Floats]]],
    draws: int,
    level: float,
) -> BreakEvens:
    pairs = [worth(elasticity) for elasticity in ELASTICITIES]
    rows, curves, drivers = [], [], []
    for name, drawn in inputs.items():
        before, after = (np.stack([pair[side][name] for pair in pairs]) for side in (0, 1))
        root = break_even_of(after - before)
        tails = np.quantile(root, [0.5, (1 - level) / 2, (1 + level) / 2], method="nearest")
        middle, low, high = np.clip(tails, ELASTICITIES[0], ELASTICITIES[-1])
        side = "" if np.isfinite(tails[0]) else "gains" if tails[0] > 0 else "loses"
        parts = (float(np.isposinf(root).mean()), float(np.isneginf(root).mean()))
        rows.append((name, np.nan if side else middle, low, high, *parts, side))
        change = (after - before) / np.abs(before)
        ends = np.quantile(change, [0.5, (1 - level) / 2, (1 + level) / 2], axis=1)
        told = dict(zip(("median", "low", "high"), ends, strict=True))
        curves.append(pd.DataFrame({"name": name, "elasticity": ELASTICITIES, **told}))
        ranked = rankdata(root)
        drivers += [
            (name, parameter, float(np.corrcoef(rankdata(values), ranked)[0, 1]))
            for parameter, values in drawn.items()
            if np.ptp(values) > 0 and np.ptp(ranked) > 0
        ]
    columns = ["name", "median", "low", "high", "gains", "loses", "side"]
    return BreakEvens(
        scenario, pd.DataFrame(rows, columns=columns), pd.concat(curves, ignore_index=True),
        pd.DataFrame(drivers, columns=["name", "parameter", "correlation"]), draws, level,
    )  # fmt: skip


def break_even_of(change: Floats, grid: Sequence[float] = ELASTICITIES) -> Floats:
    """Elasticity at which a change of value turns from gain (more elastic) to loss (less elastic), by draw.

    Parameters
    ----------
    change : ndarray
        Change of value, shape (elasticities, draws), at ``grid``, which rises.

    Returns
    -------
    ndarray
        The least elastic turn; infinity where value rises over the whole range, minus infinity where it
        falls.

    Raises
    ------
    InputError
        The grid does not rise.

    Examples
    --------
    >>> break_even_of(np.array([[3.0, 1.0, -2.0], [1.0, 2.0, -1.0], [-1.0, 1.0, -1.0]]), (-1.0, -0.5, 0.0))
    array([-0.25,   inf,  -inf])
    """
    steps = np.asarray(grid, dtype=float)
    if (np.diff(steps) <= 0).any():
        raise InputError("The elasticities must rise, from the most elastic to the least.")
    found = np.where(change[-1] >= 0, np.inf, -np.inf)
    for i in range(len(steps) - 1):
        turned = (change[i] >= 0) & (change[i + 1] < 0)
        weight = change[i, turned] / (change[i, turned] - change[i + 1, turned])
        found[turned] = steps[i] + weight * (steps[i + 1] - steps[i])
    return np.asarray(found)
