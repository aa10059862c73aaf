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


def words(name: object) -> str:
    """A parameter's name as a sentence writes it."""
    return str(name).replace("_", " ")
