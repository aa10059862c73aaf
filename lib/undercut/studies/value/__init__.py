"""What is one firm worth, and what does its price assume? What the report computes, says and shows."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "accounts assumed cash_flows curves drivers event implied other_scenarios value",
        "pages": "title",
    },
)
