"""What do both reports on value say in the same words?"""

from __future__ import annotations

from typing import Final

CAVEATS: Final = (
    "No target price and no advice: every value is conditional on named assumptions, most of which cannot "
    "be measured.",
    "Intervals are those of the stated assumptions (90% of draws), not confidence intervals; what the model "
    "leaves out is in none of them.",
)


def words(name: object) -> str:
    """A parameter's name as a sentence writes it."""
    return str(name).replace("_", " ")
