"""What do textbook formulas say a stream of cash is worth? Closed forms that check the cash-flow model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from undercut.errors import InputError

_DAYS_A_YEAR: Final = 365.0


def present_value(rate: float, flows: Sequence[float], *, first: float = 1.0) -> float:
    """Value today of yearly flows.

    Parameters
    ----------
    rate : float
        Discount rate a year, above -1.
    flows : sequence of float
        One a year.
    first : float
        Years until the first one: 1 at year's end, 0.5 at mid-year, 0 now.

    Raises
    ------
    InputError
        A rate of -100% or less.

    Examples
    --------
    >>> round(present_value(0.10, [-10_000, 3_000, 4_200, 6_800]), 2)
    1188.44
    """
    _check_rate(rate)
    values = np.asarray(flows, dtype=np.float64)
    return float(np.sum(values * (1 + rate) ** -(first + np.arange(values.size))))


def dated_present_value(rate: float, flows: Sequence[float], days: Sequence[str]) -> float:
    """Value on the first day of flows on given days, years of 365 days.

    Raises
    ------
    InputError
        A rate of -100% or less, or not one day for each flow.

    Examples
    --------
    >>> round(dated_present_value(0.10, [-100, 121], ["2025-01-01", "2026-01-01"]), 9)
    10.0
    """
    _check_rate(rate)
    ages = _ages(flows, days)
    return float(np.sum(np.asarray(flows, dtype=np.float64) * (1 + rate) ** -ages))


def internal_rate(flows: Sequence[float], days: Sequence[str] | None = None) -> float:
    """Discount rate at which flows are worth nothing.

    Parameters
    ----------
    flows : sequence of float
        The first one now.
    days : sequence of str, optional
        Day of each flow; years apart by default.

    Raises
    ------
    InputError
        The flows have one sign (no rate), or their sign changes more than once and more than one rate fits.

    Examples
    --------
    >>> round(internal_rate([-70_000, 12_000, 15_000, 18_000, 21_000, 26_000]), 4)
    0.0866
    """
    values = np.asarray(flows, dtype=np.float64)
    ages = np.arange(values.size, dtype=np.float64) if days is None else _ages(flows, days)

    def worth(log_rate: float) -> float:
        return float(np.sum(values * np.exp(-log_rate * ages)))

    grid = np.linspace(np.log(0.01), np.log(100.0), 4001)
    levels = np.array([worth(rate) for rate in grid])
    changes = np.flatnonzero(np.sign(levels[:-1]) * np.sign(levels[1:]) < 0)
    roots = [brentq(worth, grid[i], grid[i + 1], xtol=1e-15) for i in changes]
    roots += list(grid[levels == 0])
    if not roots:
        raise InputError(
            "These flows have no internal rate between -99% and 9,900% a year: do they change sign?"
        )
    if len(roots) > 1:
        told = ", ".join(f"{np.expm1(root):.4%}" for root in sorted(roots))
        raise InputError(
            f"These flows have {len(roots)} internal rates ({told}); use a present value instead."
        )
    return float(np.expm1(roots[0]))


def gordon(flow: float, *, rate: float, growth: float) -> float:
    """Value of a flow that comes in a year and grows for ever (Gordon 1959).

    Raises
    ------
    InputError
        Growth at or above the discount rate.

    Examples
    --------
    >>> round(gordon(5.0, rate=0.08, growth=0.03), 9)
    100.0
    """
    _check_growth(growth, rate)
    return flow / (rate - growth)


def two_stage(flow: float, *, growth: float, years: int, rate: float, terminal_growth: float) -> float:
    """Value where today's flow grows at one rate for some years, then at another for ever.

    The geometric sum ``F a (1 - a^N) / (1 - a)`` with ``a = (1 + g) / (1 + r)``, and a Gordon value after it.

    Raises
    ------
    InputError
        Terminal growth at or above the discount rate.

    Examples
    --------
    >>> round(two_stage(100, growth=0.12, years=10, rate=0.09, terminal_growth=0.025), 9)
    3233.424894249
    """
    _check_growth(terminal_growth, rate)
    ratio = (1 + growth) / (1 + rate)
    early = flow * (years if ratio == 1 else ratio * (1 - ratio**years) / (1 - ratio))
    return early + flow * ratio**years * (1 + terminal_growth) / (rate - terminal_growth)


def h_model(flow: float, *, growth: float, half_life: float, rate: float, terminal_growth: float) -> float:
    """Value where growth falls in a straight line to its terminal rate (Fuller and Hsia 1984).

    Parameters
    ----------
    flow : float
        Of today.
    growth, terminal_growth, rate : float
        A year.
    half_life : float
        H: half of the years that the fall takes.

    Raises
    ------
    InputError
        Terminal growth at or above the discount rate.

    Examples
    --------
    >>> round(h_model(1.0, growth=0.10, half_life=5, rate=0.12, terminal_growth=0.04), 6)
    16.75
    """
    _check_growth(terminal_growth, rate)
    return flow * ((1 + terminal_growth) + half_life * (growth - terminal_growth)) / (rate - terminal_growth)


def value_driver(profit: float, *, growth: float, return_on_capital: float, rate: float) -> float:
    """Value of next year's after-tax profit that grows for ever, paying for its growth.

    ``NOPAT (1 - g / RONIC) / (r - g)`` (Koller, Goedhart and Wessels 2020, Valuation, 7th edition).

    Raises
    ------
    InputError
        Growth at or above the discount rate, or growth that costs more than the profit.

    Examples
    --------
    >>> round(value_driver(100, growth=0.03, return_on_capital=0.12, rate=0.09), 9)
    1250.0
    """
    _check_growth(growth, rate)
    if growth > 0 and return_on_capital <= growth:
        raise InputError(
            f"Growth of {growth:.2%} at a return of {return_on_capital:.2%} on new capital takes more than "
            f"the "
            "whole profit every year: nothing would ever be paid out. Lower growth or raise the return."
        )
    return profit * (1 - growth / return_on_capital) / (rate - growth)


def _check_growth(growth: float, rate: float) -> None:
    if growth >= rate:
        raise InputError(
            f"Growth of {growth:.2%} for ever at a discount rate of {rate:.2%} has no finite value: what "
            f"grows "
            "faster than it is discounted would outgrow the whole economy. Let growth end below the rate."
        )


def _check_rate(rate: float) -> None:
    if rate <= -1:
        raise InputError(f"A discount rate of {rate:.2%} loses everything each year; it must exceed -100%.")


def _ages(flows: Sequence[float], days: Sequence[str]) -> np.ndarray:
    if len(flows) != len(days):
        raise InputError(f"{len(flows)} flows and {len(days)} days: give one day for each flow.")
    dates = pd.to_datetime(pd.Series(list(days)))
    return ((dates - dates.iloc[0]).dt.days / _DAYS_A_YEAR).to_numpy(dtype=np.float64)
