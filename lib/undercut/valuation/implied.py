"""What does today's market value already assume? The pairs of erosion and elasticity that give it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.result import Axes, Result
from undercut.valuation import charts
from undercut.valuation.break_even import ELASTICITIES
from undercut.valuation.company import MarketValue
from undercut.valuation.montecarlo import drawn_for
from undercut.valuation.vendors import Case

#: Falls of token prices in the first year that are tried, of new and mature models alike.
EROSIONS: Final = tuple(np.linspace(-0.5, 0.9, 57).round(4).tolist())
_TOGETHER: Final = ("price_erosion", "frontier_erosion")
#: In fewer of the draws a root is chance: no number.
_FEWEST: Final = 0.25


class ImpliedPair(Result):
    """Which fall of token prices a market value assumes, for every elasticity of use.

    Attributes
    ----------
    case : Case
        The firm, its market value and the other assumptions.
    frame : DataFrame
        elasticity; median, low, high: fall of token prices in the first year at which the model gives the
        market value, where a draw has exactly one (not a number where fewer than a quarter have); one,
        several, above, below: parts of the draws with one such fall, several, or none because the value is
        above or below all that any fall gives.
    draws : int
        Of all other assumptions.
    level : float
        Of the intervals: over draws, no confidence intervals.
    """

    case: Case
    frame: pd.DataFrame
    draws: int
    level: float

    def summary(self) -> str:
        """What the market value implies at three elasticities."""
        market = self.market
        rows = self.frame.iloc[[0, len(self.frame) // 2, -1]]
        told = "; ".join(f"at {row['elasticity']:.2f} {told_erosion(row)}" for _, row in rows.iterrows())
        return (
            f"{self.case.company.ticker}: a market value of {market.value / 1000:,.0f} billion "
            f"{market.currency} ({market.source}) assumes, by the elasticity of use, {told} "
            f"({self.level:.0%} of {self.draws} draws)."
        )

    @property
    def market(self) -> MarketValue:
        """The market value."""
        return _market(self.case)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The implied fall of prices over the elasticity, with its band."""
        return charts.implied_pair(self.frame, ax=ax)


def told_erosion(row: pd.Series) -> str:
    """One point of the curve in words."""
    median, low, high = (100 * row[name] for name in ("median", "low", "high"))
    if np.isfinite(median):
        return f"prices that fall by {median:.0f}% in the first year ({low:.0f} to {high:.0f})"
    above, below, several = (row[name] for name in ("above", "below", "several"))
    if several > max(above, below):
        return "several falls of prices at once"
    return f"no fall of prices: the market pays {'more' if above > below else 'less'} than any gives"


def implied_pair(
    case: Case,
    *,
    elasticities: Sequence[float] = ELASTICITIES,
    draws: int = 128,
    seed: int = 0,
    level: float = 0.90,
) -> ImpliedPair:
    """The curve of falls of token prices and elasticities at which the model gives the market value.

    Parameters
    ----------
    case : Case
        With a market value (`undercut.valuation.market.priced_case`).
    elasticities : sequence of float
        At which the fall is looked for, between -50% and 90% in the first year, of new and mature models.
    draws, seed : int
        Of all other assumptions, whose range is that of the answer.

    Raises
    ------
    InputError
        The case has no market value.

    Notes
    -----
    The whole gap between model and market is put on the pair: where the AI business is a small part of a
    firm, the curve says mostly what the model misses about the rest.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.vendors import vendor_case
    >>> case = vendor_case("NVDA", undercut.load_reference("fundamentals"))
    >>> worth = float(case.value().equity[0])
    >>> priced = case.with_market_value(MarketValue(worth, "USD", "2026-07-26", "the model itself"))
    >>> implied_pair(priced, elasticities=[-1.0], draws=8).frame["elasticity"].tolist()
    [-1.0]
    """
    market = _market(case).value
    left_out = ("elasticity", *_TOGETHER)
    fixed = drawn_for(case.assumptions, [case.company.role], draws, seed, without=left_out)
    # All falls of prices at once: every draw (a power of two of them) stands there once a fall.
    drawn = len(next(iter(fixed.values())))
    repeated = {name: np.tile(values, len(EROSIONS)) for name, values in fixed.items()}
    repeated |= dict.fromkeys(_TOGETHER, np.repeat(EROSIONS, drawn))
    rows = []
    for elasticity in elasticities:
        worth = case.value({**repeated, "elasticity": np.array([elasticity])}).equity
        rows.append((elasticity, *_summed(worth.reshape(len(EROSIONS), drawn) - market, level)))
    columns = ["elasticity", "median", "low", "high", "one", "several", "above", "below"]
    return ImpliedPair(case, pd.DataFrame(rows, columns=columns), draws, level)


def _summed(gap: Floats, level: float) -> tuple[float, ...]:
    """Median and ends of the root over draws with just one, and parts of the draws by what they have."""
    count, root = np.zeros(gap.shape[1]), np.full(gap.shape[1], np.nan)
    for i in range(len(gap) - 1):
        crossed = (gap[i] < 0) != (gap[i + 1] < 0)
        weight = gap[i, crossed] / (gap[i, crossed] - gap[i + 1, crossed])
        root[crossed] = EROSIONS[i] + weight * (EROSIONS[i + 1] - EROSIONS[i])
        count += crossed
    parts = [float(part.mean()) for part in (count == 1, count > 1, gap.max(axis=0) < 0, gap.min(axis=0) > 0)]
    if parts[0] < _FEWEST:
        return (np.nan, np.nan, np.nan, *parts)
    ends = np.quantile(root[count == 1], [0.5, (1 - level) / 2, (1 + level) / 2])
    return (*(float(end) for end in ends), *parts)


def _market(case: Case) -> MarketValue:
    if case.market_value is None:
        raise InputError(
            f"{case.company.ticker}: what a market value implies needs one. Give it (market_value= or "
            "share_price=, a table of your own, or source 'yahoo')."
        )
    return case.market_value
