"""What does a valuation say, and at which rate was it discounted? Its result as table, yearly cash flows,
sentence and figure, and the cost of capital, built up and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import linregress

from undercut.errors import NoVariationError, OutsideDataError, TooFewError
from undercut.inference.arrays import Floats
from undercut.result import Axes, Result
from undercut.valuation import charts
from undercut.valuation.company import Company, MarketValue

#: Weight of the estimate against one (Blume 1975): betas drift towards the market's.
BLUME_WEIGHT = 2 / 3
_FEWEST_WEEKS = 52


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
        columns = {
            f"{name}_{part}": getattr(segment, part)[:, draw]
            for name, segment in (("ai", self.ai), ("other", self.other))
            for part in ("revenue", "income", "investment")
        }
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


@dataclass(frozen=True, slots=True)
class CapitalCost:
    """Cost of capital and its parts, shape (draws,); shares a year.

    Attributes
    ----------
    risk_free, equity_beta, equity_cost, debt_cost, debt_weight, rate : ndarray
        ``rate`` is the weighted average after tax.
    """

    risk_free: Floats
    equity_beta: Floats
    equity_cost: Floats
    debt_cost: Floats
    debt_weight: Floats
    rate: Floats

    def table(self, draw: int = 0) -> pd.DataFrame:
        """The build-up of one draw: part and value."""
        parts = {
            "risk-free rate": self.risk_free,
            "equity beta (relevered)": self.equity_beta,
            "cost of equity": self.equity_cost,
            "cost of debt before tax": self.debt_cost,
            "weight of debt": self.debt_weight,
            "cost of capital": self.rate,
        }
        rows = [(part, float(np.ravel(value)[draw])) for part, value in parts.items()]
        return pd.DataFrame(rows, columns=["part", "value"])


def cost_of_capital(values: Mapping[str, Floats]) -> CapitalCost:
    """Weighted average cost of capital with a beta levered by Hamada's formula.

    Parameters
    ----------
    values : mapping of str to ndarray
        risk_free, equity_premium, asset_beta, debt_weight, credit_spread, tax_rate; shape (draws,).

    Notes
    -----
    ``beta_E = beta_A (1 + (1 - t) D / E)``, ``k_E = r_f + beta_E ERP``, ``WACC = (1 - w) k_E + w (1 - t)
    k_D``.

    References
    ----------
    Hamada (1972), The effect of the firm's capital structure on the systematic risk of common stocks, J.
    Finance.

    Examples
    --------
    >>> names = ("risk_free", "equity_premium", "asset_beta", "debt_weight", "credit_spread", "tax_rate")
    >>> numbers = (0.05, 0.04, 1.5, 0.0, 0.01, 0.2)
    >>> found = cost_of_capital({name: np.array([x]) for name, x in zip(names, numbers)})
    >>> round(float(found.rate[0]), 6)
    0.11
    """
    weight, keep = values["debt_weight"], 1 - values["tax_rate"]
    beta = values["asset_beta"] * (1 + keep * weight / (1 - weight))
    equity = values["risk_free"] + beta * values["equity_premium"]
    debt = values["risk_free"] + values["credit_spread"]
    rate = (1 - weight) * equity + weight * keep * debt
    parts = np.broadcast_arrays(values["risk_free"], beta, equity, debt, weight, rate)
    return CapitalCost(*parts)


def measured_beta(returns: pd.DataFrame, ticker: str, *, market: str = "SPY") -> tuple[float, float]:
    """Market risk of a stock from weekly returns, drawn towards one, and its standard error.

    Parameters
    ----------
    returns : DataFrame
        Columns date, ticker, return (decimals, daily); both names among the tickers.
    ticker, market : str
        The stock and what stands for the market.

    Returns
    -------
    beta, standard_error : float
        After Blume's adjustment (two thirds of the estimate, one third of one).

    Raises
    ------
    OutsideDataError, TooFewError
        A name is missing; there are fewer than 52 common weeks.

    References
    ----------
    Blume (1975), Betas and their regression tendencies, J. Finance.
    """
    both = returns[returns["ticker"].isin([ticker, market])]
    wide = both.pivot_table(index="date", columns="ticker", values="return")
    absent = [name for name in (ticker, market) if name not in wide.columns]
    if absent:
        raise OutsideDataError(
            f"No returns of {', '.join(absent)}: a beta cannot be measured; set asset_beta instead."
        )
    # Weeks, because daily prices of one stock can lag the market's.
    weekly = np.log1p(wide[[ticker, market]].dropna()).resample("W-FRI").sum()
    if len(weekly) < _FEWEST_WEEKS:
        raise TooFewError(f"{ticker}: {len(weekly)} weeks of returns; a beta needs {_FEWEST_WEEKS}.")
    stock, index = weekly[ticker].to_numpy(float), weekly[market].to_numpy(float)
    if not np.ptp(index):
        raise NoVariationError(f"{market} does not vary: no beta can be measured; set asset_beta instead.")
    fit = linregress(index, stock)
    return BLUME_WEIGHT * float(fit.slope) + 1 - BLUME_WEIGHT, BLUME_WEIGHT * float(fit.stderr)


def unlevered(equity_beta: float, *, debt_weight: float, tax_rate: float) -> float:
    """Beta without debt (Hamada 1972).

    Examples
    --------
    >>> round(unlevered(1.4, debt_weight=0.2, tax_rate=0.2), 6)
    1.166667
    """
    return equity_beta / (1 + (1 - tax_rate) * debt_weight / (1 - debt_weight))
