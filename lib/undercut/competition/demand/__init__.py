"""How do buyers of AI respond to price, and what would happen without some of the models?

Data: ``market_data``, ``estimation_sample``, ``with_instruments``. Estimates: ``nested_logit``,
``random_coefficients`` (needs the extra ``demand``), ``placebo_prices``. What follows, under an estimate or
under assumptions: ``parameter_basis``, ``assumed_market``, ``market_model``, ``scenario_outcome``,
``counterfactual``, ``draw_outcomes``, ``by_elasticity``, ``by_month``, ``vendor_outcomes``,
``placebo_removals``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    "markets": ("market_data", "estimation_sample"),
    "instruments": ("with_instruments",),
    "nested": ("nested_logit", "parameter_draws"),
    "random_coefficients": ("random_coefficients",),
    "assumptions": (
        "assumed_market", "by_elasticity", "by_month", "draw_outcomes", "intervals", "parameter_basis",
        "placebo_prices", "placebo_removals", "vendor_outcomes",
    ),
    "counterfactual": ("counterfactual", "market_model", "scenario_outcome", "slope_for_elasticity"),
    "pricing": ("equilibrium", "marginal_costs"),
    "simulation": ("simulate_markets",),
}  # fmt: skip
_WHERE = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    """Import the module that holds ``name`` on first use."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = found  # a function may have the name of its module, which the import has put here
    return found


def __dir__() -> list[str]:
    return __all__
