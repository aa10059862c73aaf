"""What does today's market value already assume? One assumption solved for, all others kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.result import Result
from undercut.valuation import charts
from undercut.valuation.valuation import Valuation
from undercut.valuation.vendors import Case

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Where to look for a parameter unless the caller says otherwise.
SEARCH: Final = {
    "price_erosion": (-0.5, 0.95),
    "frontier_erosion": (-0.5, 0.95),
    "demand_growth": (-0.5, 5.0),
    "ai_margin_long_run": (-0.5, 0.95),
    "overhead_long_run": (0.0, 1.5),
    "share_loss": (-0.5, 0.95),
}
_GRID: Final = 4001
Verdict = Literal["one", "several", "none", "no effect"]


@dataclass(frozen=True, slots=True)
class Implied(Result):
    """What a market value implies for one assumption.

    Attributes
    ----------
    case : Case
        The firm, its market value and the other assumptions.
    parameter : str
        The one solved for.
    verdict : str
        one, several, none (the value is out of reach) or no effect.
    roots : tuple of float
        Every value of the parameter at which the model gives the market value.
    searched : tuple of float
        First and last value tried.
    grid, equity : ndarray
        Values tried and equity there, million.
    """

    case: Case
    parameter: str
    verdict: Verdict
    roots: tuple[float, ...]
    searched: tuple[float, float]
    grid: Floats
    equity: Floats

    @property
    def value(self) -> float:
        """The one root.

        Raises
        ------
        InputError
            There is none, or more than one.
        """
        if self.verdict != "one":
            raise InputError(self.summary())
        return self.roots[0]

    def valuation(self) -> Valuation:
        """The valuation at the root, marked as inferred from the market value.

        Raises
        ------
        InputError
            There is not exactly one root.
        """
        found = self.case.value({self.parameter: np.array([self.value])})
        market = self.case.market_value
        return found if market is None else found.calibrated(market)

    def table(self) -> pd.DataFrame:
        """One row: parameter, assumed value and range, roots, verdict, range of values within reach.

        ``ai_share`` is the AI business's part of the value under the assumptions: where it is small, an
        implied assumption about AI says little, for the whole gap to the market value is put on it.
        """
        parameter = self.case.assumptions[self.parameter]
        row = {
            "ticker": self.case.company.ticker, "parameter": self.parameter, "assumed": parameter.default,
            "low": parameter.low, "high": parameter.high,
            "implied": self.roots[0] if self.verdict == "one" else float("nan"),
            "roots": "; ".join(f"{root:.4g}" for root in self.roots), "verdict": self.verdict,
            "market_value": _market(self.case), "least_value": float(self.equity.min()),
            "greatest_value": float(self.equity.max()), "ai_share": float(self.case.value().ai_share[0]),
        }  # fmt: skip
        return pd.DataFrame([row])

    def summary(self) -> str:
        """One sentence: what the value implies, or why it implies nothing."""
        firm, name = self.case.company.ticker, self.parameter
        assumed = self.case.assumptions[name].default
        span = f"{name} from {self.searched[0]:g} to {self.searched[1]:g}"
        reach = f"{self.equity.min() / 1000:,.0f} to {self.equity.max() / 1000:,.0f} billion"
        worth = f"{_market(self.case) / 1000:,.0f} billion {self.case.company.currency}"
        match self.verdict:
            case "one":
                told = f"{name} = {self.roots[0]:.4g} (assumed: {assumed:g})"
                return f"{firm}: a market value of {worth} implies {told}."
            case "several":
                told = ", ".join(f"{root:.4g}" for root in self.roots)
                return f"{firm}: a market value of {worth} is reached at several values of {name}: {told}."
            case "no effect":
                return f"{firm}: {name} has no effect on a firm of role {self.case.company.role}."
            case "none":
                return f"{firm}: no {span} gives a market value of {worth}; the model reaches {reach}."

    def to_frame(self) -> pd.DataFrame:
        """Values tried and equity there, million."""
        return pd.DataFrame({"value": self.grid, "equity": self.equity})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Value over the parameter, with the market value and the roots."""
        return charts.implied_curve(
            self.to_frame(), name=self.parameter, currency=self.case.company.currency,
            market=_market(self.case), roots=self.roots, ax=ax,
        )  # fmt: skip


def implied(case: Case, parameter: str, *, search: tuple[float, float] | None = None) -> Implied:
    """Values of one assumption at which the model gives the market value.

    Parameters
    ----------
    case : Case
        With a market value.
    parameter : str
        price_erosion (the implied path of prices), demand_growth (volume), ai_margin_long_run or
        overhead_long_run
        (margin), or any other.
    search : tuple of float, optional
        Where to look; `SEARCH`, else the parameter's range widened four times, by default.

    Returns
    -------
    Implied
        All roots that 4,001 evenly spaced values tell apart: two roots closer together than that are missed.

    Raises
    ------
    InputError
        The case has no market value, or the search range is empty.

    Notes
    -----
    Value is not always monotone in an assumption: with an elasticity beyond minus one faster erosion sells
    more at
    a thinner margin. So the whole range is looked at before a root is called the root.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.company import MarketValue
    >>> from undercut.valuation.vendors import vendor_case
    >>> case = vendor_case("NVDA", undercut.load_reference("fundamentals"))
    >>> known = MarketValue(float(case.value().equity[0]), "USD", "2026-07-26", "the model itself")
    >>> same_weight = case.with_market_value(known)
    >>> implied(same_weight, "demand_growth").verdict
    'one'
    """
    if case.market_value is None:
        raise InputError(
            f"{case.company.ticker}: what a market value implies needs one. Give it (Case.with_market_value, "
            "or --set market_value=... in million of the currency of the accounts)."
        )
    low, high = _range(case, parameter, search)
    grid = np.linspace(low, high, _GRID)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.broadcast_to(case.value({parameter: grid}).equity, grid.shape).astype(np.float64)
    gap = values - case.market_value.value
    if np.ptp(values) <= 1e-12 * max(abs(float(values[0])), 1.0):
        return Implied(case, parameter, "no effect", (), (low, high), grid, values)
    roots = _roots(case, parameter, grid, gap)
    verdict: Verdict = "none" if not roots else "one" if len(roots) == 1 else "several"
    return Implied(case, parameter, verdict, tuple(roots), (low, high), grid, values)


def implied_table(cases: Sequence[Case], parameters: Sequence[str]) -> pd.DataFrame:
    """`implied` for every case and parameter that matters for its role, one row each."""
    rows = [
        implied(case, name).table()
        for case in cases
        for name in parameters
        if case.company.role in case.assumptions[name].roles
    ]
    if not rows:
        raise InputError("None of these parameters matters for any of these firms.")
    return pd.concat(rows, ignore_index=True)


def _range(case: Case, parameter: str, search: tuple[float, float] | None) -> tuple[float, float]:
    known = case.assumptions[parameter]
    wide = 2 * (known.high - known.low)
    low, high = search or SEARCH.get(parameter, (known.low - wide, known.high + wide))
    low, high = max(low, known.minimum), min(high, known.maximum)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InputError(f"{parameter}: nothing to search between {low:g} and {high:g}; give search=.")
    return float(low), float(high)


def _roots(case: Case, parameter: str, grid: Floats, gap: Floats) -> list[float]:
    market = _market(case)

    def excess(value: float) -> float:
        return float(case.value({parameter: np.array([value])}).equity[0]) / market - 1

    changes = np.flatnonzero(np.sign(gap[:-1]) * np.sign(gap[1:]) < 0)
    found = [brentq(excess, grid[i], grid[i + 1], xtol=1e-15, rtol=1e-15) for i in changes]
    found += list(grid[gap == 0])
    return sorted(map(float, found))


def _market(case: Case) -> float:
    if case.market_value is None:
        raise InputError(f"{case.company.ticker} has no market value.")
    return case.market_value.value
