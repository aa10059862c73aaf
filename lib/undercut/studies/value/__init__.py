"""What is one firm worth, and what does its price assume? What the report computes, says and shows."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "accounts assumed break_even cash_flows drivers event implied other_scenarios value",
        "pages": "title",
    },
)
