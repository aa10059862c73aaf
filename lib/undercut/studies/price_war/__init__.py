"""Who loses in a price war, and who gains? What the report computes, says and shows."""

from undercut.studies.price_war.estimates import (
    all_scenarios,
    at_market,
    at_multiples,
    by_assumption,
    price_war,
    supplier_break_even,
    weights,
    what_matters,
)

__all__ = [
    "all_scenarios",
    "at_market",
    "at_multiples",
    "by_assumption",
    "price_war",
    "supplier_break_even",
    "weights",
    "what_matters",
]
