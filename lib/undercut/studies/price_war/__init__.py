"""Who loses in a price war, and who gains? What the report computes, says and shows."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {"estimates": "all_scenarios at_market break_even weights without_each"},
)
