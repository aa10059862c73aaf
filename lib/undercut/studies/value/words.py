"""What do both reports on value say in the same words?"""

from __future__ import annotations

from typing import Final

CAVEATS: Final = (
    "No target price and no advice: every value is conditional on named assumptions, most of which cannot "
    "be measured.",
    "Intervals are those of the stated assumptions (90% of draws), not confidence intervals; what the model "
    "leaves out is in none of them.",
)


_SOURCES: Final = {
    "fundamentals.csv": "table of fundamentals",
    "data/reference/gpu_rental.csv": "table of GPU rents",
    "gpu_rental.csv": "table of GPU rents",
    "MACRO us_treasury_10y": "ten-year US Treasury",
    "MACRO damodaran_implied_erp": "Damodaran's implied equity premium",
    "LLM_API row": "row on model APIs",
}


def named(source: object) -> str:
    """A source without names of files and columns."""
    text = str(source)
    for name, plain in _SOURCES.items():
        text = text.replace(name, plain)
    return words(text)


_PARAMETERS: Final = {
    "price_erosion": "yearly fall of token prices",
    "frontier_erosion": "yearly fall of the newest models' prices",
    "price_erosion_long_run": "fall of token prices in the long run",
    "erosion_half_life": "years until the fall of prices halves",
    "demand_growth": "growth of use at unchanged prices",
    "demand_half_life": "years until the growth of use halves",
    "elasticity": "elasticity of use",
    "share_loss": "share lost to rivals each year",
    "least_markup": "least markup on computing",
    "efficiency_follows": "part of price falls that is efficiency",
    "capacity_growth": "fastest growth of computing capacity",
    "rent_response": "response of rents to shortage",
    "rental_decline": "yearly fall of computing rents",
    "efficiency_gain": "yearly saving of computing per token",
    "ai_margin": "AI margin today",
    "ai_margin_long_run": "AI margin in the long run",
    "ai_revenue_share": "AI's part of revenue",
    "asset_beta": "market risk (beta)",
}  # fmt: skip


def words(name: object) -> str:
    """A parameter's name as a sentence writes it.

    Examples
    --------
    >>> words("demand_half_life"), words("tax_rate")
    ('years until the growth of use halves', 'tax rate')
    """
    return _PARAMETERS.get(str(name), str(name).replace("_", " "))
