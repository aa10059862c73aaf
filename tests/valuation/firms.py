"""Firms and assumptions so plain that their value has a closed form."""

from __future__ import annotations

import math

import numpy as np

from undercut.valuation.assumptions import load_assumptions
from undercut.valuation.company import Company

#: No erosion, no change of cost, no tax, no investment, no beta: only what a test sets matters.
STILL = {
    "price_erosion": 0.0, "frontier_erosion": 0.0, "price_erosion_long_run": 0.0, "efficiency_gain": 0.0,
    "rental_decline": 0.0, "share_loss": 0.0, "energy_gain": 0.0, "tax_rate": 0.0, "asset_beta": 0.0,
    "debt_weight": 0.0, "sales_to_capital_ai": math.inf, "sales_to_capital_other": math.inf,
    "return_on_new_capital": math.inf, "accelerator_intensity": 0.0, "demand_half_life": math.inf,
    "other_half_life": math.inf, "erosion_half_life": math.inf, "margin_half_life": math.inf,
    "least_markup": -1.0, "spending_growth": 99.0,
    "capacity_growth": 99.0, "efficiency_follows": 0.0, "rent_response": 0.0,
}  # fmt: skip


def values(**changes: float) -> dict[str, np.ndarray]:
    """Arrays of one draw: defaults, still, then ``changes``; unchecked, so that limits can be reached."""
    defaults = {name: p.default for name, p in load_assumptions().parameters.items()}
    return {name: np.array([value]) for name, value in {**defaults, **STILL, **changes}.items()}


def firm(role: str = "seller", **changes: object) -> Company:
    """A firm with a revenue of 1,000 and a margin of 10%."""
    plain: dict[str, object] = {
        "ticker": "X", "name": "X", "role": role, "currency": "USD", "period_end": "2026-06-30",
        "revenue": 1000.0, "operating_income": 100.0,
    }  # fmt: skip
    return Company(**{**plain, **changes})  # type: ignore[arg-type]
