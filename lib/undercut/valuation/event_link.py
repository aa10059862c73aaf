"""What change of expected cash flows would explain an abnormal return? Read off, never used to calibrate.

A valuation whose assumptions were inferred from a market value after the event already contains the return:
explaining the return with it would be circular, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from undercut.errors import InputError
from undercut.valuation.company import MarketValue
from undercut.valuation.valuation import Valuation


@dataclass(frozen=True, slots=True)
class CashFlowNews:
    """Change of expected cash flows that explains an abnormal return at an unchanged discount rate.

    Attributes
    ----------
    ticker, day : str
        Whose return, on which day.
    abnormal_return, low, high : float
        Decimals, with their interval.
    equity_change : tuple of float
        Million: abnormal return (and ends of its interval) times equity before the event.
    all_flows : tuple of float
        Relative change of all cash flows of the firm, for ever, that has this value.
    ai_flows : tuple of float
        The same if the AI business alone is concerned.
    """

    ticker: str
    day: str
    abnormal_return: float
    low: float
    high: float
    equity_change: tuple[float, float, float]
    all_flows: tuple[float, float, float]
    ai_flows: tuple[float, float, float]

    def table(self) -> pd.DataFrame:
        """Estimate and interval of each reading."""
        rows = {
            "abnormal return": (self.abnormal_return, self.low, self.high),
            "equity, million": self.equity_change,
            "all cash flows, relative": self.all_flows,
            "cash flows of the AI business, relative": self.ai_flows,
        }
        frame = pd.DataFrame(rows.values(), columns=["estimate", "low", "high"])
        frame.insert(0, "reading", list(rows))
        return frame


def cash_flow_news(
    valuation: Valuation,
    *,
    day: str,
    abnormal_return: float,
    interval: tuple[float, float],
    market_value_before: MarketValue | None = None,
) -> CashFlowNews:
    """Read an abnormal return as news about cash flows.

    Parameters
    ----------
    valuation : Valuation
        Under assumptions that were not inferred from a market value of the event day or later.
    day : str
        Event day, YYYY-MM-DD.
    abnormal_return : float
        Decimals, from an event study.
    interval : tuple of float
        Its ends.
    market_value_before : MarketValue, optional
        Of the day before; the model's own equity by default.

    Raises
    ------
    InputError
        The valuation is calibrated to a market value that already contains the return (circular), or the
        model's
        equity is not above zero.

    Notes
    -----
    At an unchanged discount rate the value of equity plus net debt is proportional to the path of cash
    flows, so
    ``dV / V = AR E / V``. Campbell (1991) splits returns into news about cash flows and about discount
    rates; here
    all of it is taken as the first, which is an upper bound where rates moved the same way.
    """
    market = valuation.calibrated_to
    if market is not None and market.day >= day:
        raise InputError(
            f"This valuation was inferred from the market value of {market.day}, which already contains the "
            f"return of {day}: explaining the return with it would be circular. Use assumptions from before "
            f"{day}."
        )
    if market_value_before is not None and market_value_before.day >= day:
        raise InputError(f"The market value is of {market_value_before.day}; give one from before {day}.")
    model = float(valuation.equity[0])
    if not model > 0:
        raise InputError(f"{valuation.company.ticker}: the model's equity is {model:,.0f} million; no base.")
    equity = model if market_value_before is None else market_value_before.value
    returns = (abnormal_return, *interval)
    # On the model's own equity: a model that is worth less than the market keeps its proportions.
    scale = model / float(valuation.enterprise[0])
    part = float(valuation.ai_share[0])
    moved = tuple(r * scale for r in returns)
    alone = tuple(m / part if part > 0 else float("nan") for m in moved)
    return CashFlowNews(
        valuation.company.ticker, day, *returns, _three([r * equity for r in returns]), _three(moved),
        _three(alone)
    )  # fmt: skip


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    first, second, third = values
    return float(first), float(second), float(third)
