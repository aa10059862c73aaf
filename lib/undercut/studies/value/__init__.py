"""What is one firm worth, and what does its price assume? What the report computes, says and shows."""

from undercut.studies.value.estimates import (
    accounts,
    assumed,
    cash_flows,
    curves,
    drivers,
    event,
    implied,
    other_scenarios,
    value,
)
from undercut.studies.value.pages import title

__all__ = [
    "accounts",
    "assumed",
    "cash_flows",
    "curves",
    "drivers",
    "event",
    "implied",
    "other_scenarios",
    "title",
    "value",
]
