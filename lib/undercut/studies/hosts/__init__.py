"""The report on host competition: what one more seller of the same weights does to their price."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "entries": "CAVEATS answers doubts more_hosts moves sample specifications without_each",
        "course": "coverage jurisdiction other_premiums over_cost rent_agreement sellers since_launch",
        "specifications": "entry_specifications panels_by_choice",
    },
)
