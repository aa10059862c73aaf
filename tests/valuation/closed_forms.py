"""What textbook formulas say a stream of cash is worth: second computations for the cash-flow model."""

from __future__ import annotations


def gordon(flow: float, *, rate: float, growth: float) -> float:
    """A flow that comes in a year and grows for ever (Gordon 1959)."""
    return flow / (rate - growth)


def two_stage(flow: float, *, growth: float, years: int, rate: float, terminal_growth: float) -> float:
    """Today's flow grows at one rate for some years, then at another for ever: a geometric sum and Gordon.

    Plain figures: 100 growing by 12% for ten years and 2.5% after, at 9%, is 3,233.424894249.
    """
    ratio = (1 + growth) / (1 + rate)
    early = flow * (years if ratio == 1 else ratio * (1 - ratio**years) / (1 - ratio))
    return early + gordon(flow * ratio**years * (1 + terminal_growth), rate=rate, growth=terminal_growth)


def value_driver(profit: float, *, growth: float, return_on_capital: float, rate: float) -> float:
    """Next year's profit that grows for ever and pays for its growth (Koller, Goedhart and Wessels 2020)."""
    return gordon(profit * (1 - growth / return_on_capital), rate=rate, growth=growth)
