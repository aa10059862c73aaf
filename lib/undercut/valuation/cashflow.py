"""What is a firm worth under its assumptions? Free cash flows of the AI and the other business, discounted.

One function values one draw or a hundred thousand: `discounted_value`. Forward values, the reverse question,
Monte
Carlo and sensitivity all run through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.valuation.chain import Business, Values, accumulated, ai_business, fading, level
from undercut.valuation.company import Company
from undercut.valuation.valuation import CapitalCost, Segment, Valuation, cost_of_capital


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far is looked, and when cash comes.

    Attributes
    ----------
    explicit_years : int
        Years in which the drivers set growth.
    fade_years : int
        Years in which growth then goes to its terminal rate in a straight line.
    mid_year : bool
        Cash comes in the middle of each year rather than at its end.
    """

    explicit_years: int = 10
    fade_years: int = 5
    mid_year: bool = True

    def __post_init__(self) -> None:
        if self.explicit_years < 1 or self.fade_years < 0:
            raise InputError(
                f"A horizon needs at least one explicit year and no negative fade; got {self.explicit_years} "
                f"and {self.fade_years}."
            )


def discounted_value(
    company: Company,
    values: Mapping[str, Floats],
    *,
    horizon: Horizon | None = None,
    elapsed_years: float = 0.0,
) -> Valuation:
    """Discounted-cash-flow value of a firm for every draw of its assumptions.

    Parameters
    ----------
    company : Company
        Its accounts.
    values : mapping of str to ndarray
        Every parameter, shape (draws,) or (1,).
    horizon : Horizon, optional
        Ten explicit years and five of fade, mid-year, by default.
    elapsed_years : float
        Years between the balance sheet and the day of the value; operations grow at the cost of capital
        meanwhile.

    Returns
    -------
    Valuation
        Values in million of the firm's currency, shape (draws,).

    Raises
    ------
    InputError
        Growth at or above the discount rate for ever, growth that costs more than the profit, a margin above
        100%.

    Notes
    -----
    Free cash flow = operating income - tax - net investment. Losses carry forward against later tax. The
    terminal
    value is ``NOPAT (1 - g / RONIC) / (r - g)``; an AI business that loses money at the horizon is closed
    then.
    What the AI business adds is the value of the firm less that of the other business alone.

    References
    ----------
    Koller, Goedhart and Wessels (2020), Valuation, 7th edition; Damodaran (2012), Investment Valuation.
    """
    horizon = horizon or Horizon()
    values = _aligned(values)
    rate = cost_of_capital(values)
    _check_economics(values, rate)
    business = ai_business(company.role, values, horizon.explicit_years)
    ai = _ai_segment(company, values, horizon, business)
    other = _other_segment(company, values, horizon, business.margin[0])
    total, total_end = _worth(Segment.sum(ai, other), values, rate, horizon, _ends(values, ai, other))
    alone, _ = _worth(other, values, rate, horizon, _ends(values, other))
    grown = (1 + rate.rate) ** elapsed_years
    extra = values["non_operating_assets"] * company.revenue
    return Valuation(
        company=company, values=values, capital_cost=rate, ai=ai, other=other, enterprise=total * grown,
        ai_value=(total - alone) * grown, terminal=total_end * grown,
        equity=total * grown + extra - company.net_debt,
    )  # fmt: skip


def _aligned(values: Mapping[str, Floats]) -> dict[str, Floats]:
    """Every parameter at the same number of draws."""
    arrays = {name: np.atleast_1d(np.asarray(value, dtype=np.float64)) for name, value in values.items()}
    draws = max(array.size for array in arrays.values())
    wrong = [name for name, array in arrays.items() if array.shape not in ((1,), (draws,))]
    if wrong:
        raise InputError(f"Parameters need one value or {draws}, one a draw: {', '.join(wrong)} have others.")
    return {name: np.broadcast_to(array, (draws,)) for name, array in arrays.items()}


def _check_economics(values: Values, rate: CapitalCost) -> None:
    growth, back = values["terminal_growth"], values["return_on_new_capital"]
    too_fast = growth >= rate.rate
    if too_fast.any():
        where = int(np.argmax(growth - rate.rate))
        raise InputError(
            f"Growth of {growth[where]:.2%} for ever at a discount rate of {rate.rate[where]:.2%} has no "
            f"finite value ({_part(too_fast)}): what grows faster than it is discounted would outgrow the "
            "whole economy. Lower terminal_growth, or raise risk_free, equity_premium or asset_beta."
        )
    costly = (growth > 0) & (back <= growth)
    if costly.any():
        where = int(np.argmax(growth - back))
        raise InputError(
            f"Growth of {growth[where]:.2%} at a return of {back[where]:.2%} on new capital takes more than "
            f"the whole profit every year ({_part(costly)}). Lower terminal_growth or raise "
            "return_on_new_capital."
        )


def _part(which: NDArray[np.bool_]) -> str:
    return "the only draw" if which.size == 1 else f"{int(which.sum()):,} of {which.size:,} draws"


def _ai_segment(company: Company, values: Values, horizon: Horizon, business: Business) -> Segment:
    start = values["ai_revenue_share"] * company.revenue
    revenue = start * _faded(business.revenue, values["terminal_growth"], horizon.fade_years)
    margin = _held(business.margin, horizon.fade_years) + _pay_added_back(company, values)
    if company.role in ("seller", "cloud"):
        # Accounts that depreciate machines more slowly than they are replaced overstate profit.
        wear = 1 / values["accelerator_life"] - 1 / values["accounting_life"]
        margin = margin - values["accelerator_intensity"] * wear
    return _segment(revenue, margin, values["sales_to_capital_ai"])


def _other_segment(company: Company, values: Values, horizon: Horizon, ai_margin: Floats) -> Segment:
    years, share = horizon.explicit_years, values["ai_revenue_share"]
    start = (1 - share) * company.revenue
    ai_income = share * company.revenue * ai_margin
    # With today's AI income it adds up to the operating income of the accounts.
    income = np.where(start > 0, company.operating_income - ai_income, 0.0)
    today = np.divide(income, start, out=np.zeros_like(income), where=start > 0)
    growth = fading(values["other_growth"], values["terminal_growth"], values["other_half_life"], years)
    drift = fading(np.zeros(1), values["other_margin_change"], values["margin_half_life"], years + 1)
    margin = _held(today + drift, horizon.fade_years) + _pay_added_back(company, values)
    if (margin > 1).any():
        raise InputError(
            f"{company.ticker}: a margin of {float(margin.max()):.0%} in the other business would mean that "
            "its costs are negative. The AI business is assumed to lose more than the accounts can carry: "
            "check ai_revenue_share, its margin or cost shares, and other_margin_change."
        )
    revenue = start * _faded(level(growth), values["terminal_growth"], horizon.fade_years)
    return _segment(revenue, margin, values["sales_to_capital_other"])


def _pay_added_back(company: Company, values: Values) -> Floats:
    return (1 - values["share_based_pay_counted"]) * company.share_based_pay / company.revenue


def _segment(revenue: Floats, margin: Floats, sales_to_capital: Floats) -> Segment:
    """Years 1 to T from year 0 to T: capital once spent does not come back when revenue falls."""
    investment = np.maximum(np.diff(revenue, axis=0), 0.0) / sales_to_capital
    return Segment(revenue[1:], (revenue * margin)[1:], investment)


def _faded(index: Floats, terminal_growth: Floats, fade_years: int) -> Floats:
    """An index carried on while its growth goes to the terminal rate in a straight line."""
    if fade_years == 0:
        return index
    last = np.divide(index[-1], index[-2], out=np.ones_like(index[-1]), where=index[-2] > 0) - 1
    step = (np.arange(1, fade_years + 1) / fade_years)[:, None]
    path = accumulated(np.multiply, 1 + last + (terminal_growth - last) * step)
    return np.concatenate([index, index[-1] * path])


def _held(margin: Floats, fade_years: int) -> Floats:
    return np.concatenate([margin, np.repeat(margin[-1:], fade_years, axis=0)])


def _ends(values: Values, *segments: Segment) -> Floats:
    """Profit of the first year after the horizon, before tax; what loses money then is closed."""
    profit = np.maximum([segment.income[-1] for segment in segments], 0.0).sum(axis=0)
    return np.asarray(profit * (1 + values["terminal_growth"]))


def _worth(
    segment: Segment, values: Values, rate: CapitalCost, horizon: Horizon, end_profit: Floats
) -> tuple[Floats, Floats]:
    """Present value of a segment's cash flows and of what comes after the horizon."""
    years = np.arange(1, segment.income.shape[0] + 1, dtype=np.float64) - 0.5 * horizon.mid_year
    steps = np.repeat(1 / (1 + rate.rate[None, :]), len(years), axis=0)
    steps[0] = (1 + rate.rate) ** -years[0]
    factor = accumulated(np.multiply, steps)
    flows = segment.income - taxes(segment.income, values["tax_rate"]) - segment.investment
    growth = values["terminal_growth"]
    paid_out = end_profit * (1 - values["tax_rate"]) * (1 - growth / values["return_on_new_capital"])
    end = paid_out / (rate.rate - growth) * factor[-1]
    return (flows * factor).sum(axis=0) + end, end


def taxes(income: Floats, tax_rate: Floats) -> Floats:
    """Tax of each year; losses are carried forward without limit and set against later profit.

    Parameters
    ----------
    income : ndarray
        Operating income, shape (years, draws).
    tax_rate : ndarray
        Shape (draws,).

    Examples
    --------
    >>> taxes(np.array([[-100.0], [60.0], [100.0]]), np.array([0.25]))[:, 0].tolist()
    [0.0, 0.0, 15.0]
    """
    total = accumulated(np.add, income)
    # What has been taxed so far is the highest cumulated profit so far, or nothing.
    taxed = np.maximum(accumulated(np.maximum, total), 0.0)
    return np.diff(taxed, axis=0, prepend=0.0) * tax_rate
