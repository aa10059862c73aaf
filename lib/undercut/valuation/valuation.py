"""What does a valuation say? Its result, as table, yearly cash flows, sentence and figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from undercut.inference.arrays import Floats
from undercut.result import Axes, Result
from undercut.valuation import charts
from undercut.valuation.capital_cost import CapitalCost
from undercut.valuation.company import Company, MarketValue


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a firm over years 1 to T, shape (years, draws), million.

    Attributes
    ----------
    revenue, income, investment : ndarray
        Revenue, operating income after share-based pay, and net investment.
    """

    revenue: Floats
    income: Floats
    investment: Floats

    @staticmethod
    def sum(first: Segment, second: Segment) -> Segment:
        """Both together."""
        return Segment(
            first.revenue + second.revenue, first.income + second.income, first.investment + second.investment
        )


class Valuation(Result):
    """Value of a firm for every draw of its assumptions; million of the firm's currency, shape (draws,).

    Attributes
    ----------
    company, values : Company, mapping
        What was valued, under which assumptions.
    capital_cost : CapitalCost
        The discount rate and its parts.
    ai, other : Segment
        The two businesses, year by year.
    enterprise, ai_value, terminal, equity : ndarray
        Value of operations; what the AI business adds to it; the part of it that lies after the horizon;
        value of
        the shares (may be negative: then the lenders bear the rest).
    calibrated_to : MarketValue, optional
        The market value from which an assumption was inferred, if one was.
    """

    company: Company
    values: Mapping[str, Floats]
    capital_cost: CapitalCost
    ai: Segment
    other: Segment
    enterprise: Floats
    ai_value: Floats
    terminal: Floats
    equity: Floats
    calibrated_to: MarketValue | None = None

    @property
    def terminal_share(self) -> Floats:
        """Part of the value of operations that lies after the horizon."""
        return self.terminal / self.enterprise

    @property
    def ai_share(self) -> Floats:
        """Part of the value of operations that the AI business adds: what this exercise can speak about."""
        return self.ai_value / self.enterprise

    @property
    def per_share(self) -> Floats:
        """Value of equity a share; not a number where the number of shares is not published."""
        return self.equity / self.company.shares

    def calibrated(self, market_value: MarketValue) -> Valuation:
        """The same valuation, marked as inferred from a market value."""
        return replace(self, calibrated_to=market_value)

    def table(self, draw: int = 0) -> pd.DataFrame:
        """From operations to a share, one draw: item, value, unit."""
        unit = f"million {self.company.currency}"
        bridge = (
            ("AI business", self.ai_value, unit), ("other business", self.enterprise - self.ai_value, unit),
            ("operations", self.enterprise, unit),
            ("of which after the horizon", self.terminal_share, "share"),
            ("of which AI business", self.ai_share, "share"), ("debt", self.company.debt, unit),
            ("cash", self.company.cash, unit),
            ("stakes and other assets", self.values["non_operating_assets"] * self.company.revenue, unit),
            ("equity", self.equity, unit), ("diluted shares", self.company.shares, "million"),
            ("equity a share", self.per_share, self.company.currency),
            ("cost of capital", self.capital_cost.rate, "a year"),
        )  # fmt: skip
        rows = [(item, _one(value, draw), label) for item, value, label in bridge]
        return pd.DataFrame(rows, columns=["item", "value", "unit"])

    def cash_flows(self, draw: int = 0) -> pd.DataFrame:
        """Year by year, one draw: revenue, income and net investment of both businesses, million."""
        columns: dict[str, Floats] = {}
        for name, segment in (("ai", self.ai), ("other", self.other)):
            for part in ("revenue", "income", "investment"):
                columns[f"{name}_{part}"] = getattr(segment, part)[:, draw]
        years = np.arange(1, len(self.ai.revenue) + 1)
        return pd.DataFrame({"year": years, **columns})

    def summary(self, draw: int = 0) -> str:
        """What the model says, in two sentences."""
        company = self.company
        return (
            f"Under these assumptions the operations of {company.name} are worth "
            f"{_one(self.enterprise, draw) / 1000:,.0f} billion {company.currency}, "
            f"{_one(self.terminal_share, draw):.0%} of it after the horizon; the AI business adds "
            f"{_one(self.ai_share, draw):.0%} of it, the part that this exercise can speak about. Discount "
            f"rate {_one(self.capital_cost.rate, draw):.1%}. Not a target price, not advice."
        )

    def to_frame(self) -> pd.DataFrame:
        """The cash flows of the first draw."""
        return self.cash_flows()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Cash flow before tax of both businesses by year, with the band of the draws."""
        return charts.cash_flows(self.cash_flow_ranges(), currency=self.company.currency, ax=ax)

    def cash_flow_ranges(self, *, level: float = 0.90) -> pd.DataFrame:
        """Cash flow before tax of both businesses by year: business, year, median, low, high; billion."""
        rows = []
        for name, segment in (("AI business", self.ai), ("other business", self.other)):
            flows = (segment.income - segment.investment) / 1000
            rows += [(name, year + 1, *middle(flow, level)) for year, flow in enumerate(flows)]
        return pd.DataFrame(rows, columns=["business", "year", "median", "low", "high"])


def middle(values: Floats, level: float) -> tuple[float, float, float]:
    """Median and central interval of the values that are numbers; not a number where there is none.

    Examples
    --------
    >>> middle(np.array([1.0, 2.0, 3.0, np.nan]), 1.0)
    (2.0, 1.0, 3.0)
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return (float("nan"),) * 3
    low, median, high = np.quantile(known, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return float(median), float(low), float(high)


def _one(value: Floats | float, draw: int) -> float:
    values = np.ravel(value)
    return float(values[draw if values.size > 1 else 0])
