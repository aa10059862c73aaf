"""What is one firm worth, and what does its price assume? What the report computes, says and shows."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "worth": "title value accounts cash_flows drivers assumed",
        "expectations": "break_even other_scenarios implied event",
    },
)
