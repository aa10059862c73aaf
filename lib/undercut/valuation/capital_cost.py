"""At which rate are a firm's cash flows discounted? The cost of capital, built up and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from undercut.errors import OutsideDataError, TooFewError
from undercut.inference.arrays import Floats

#: Weight of the estimate against one (Blume 1975): betas drift towards the market's.
BLUME_WEIGHT = 2 / 3
_FEWEST_WEEKS = 52


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
        return pd.DataFrame(
            {"part": list(parts), "value": [float(np.ravel(v)[draw]) for v in parts.values()]}
        )


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
    spread = index - index.mean()
    slope = float(spread @ stock / (spread @ spread))
    residual = stock - stock.mean() - slope * spread
    error = float(np.sqrt(residual @ residual / (len(weekly) - 2) / (spread @ spread)))
    return BLUME_WEIGHT * slope + 1 - BLUME_WEIGHT, BLUME_WEIGHT * error


def unlevered(equity_beta: float, *, debt_weight: float, tax_rate: float) -> float:
    """Beta without debt (Hamada 1972).

    Examples
    --------
    >>> round(unlevered(1.4, debt_weight=0.2, tax_rate=0.2), 6)
    1.166667
    """
    return equity_beta / (1 + (1 - tax_rate) * debt_weight / (1 - debt_weight))
