"""What did the market say? Event studies of anyone's returns.

`event_study` takes daily returns and events and hands back an `EventStudy`: abnormal returns with every
test. `group_tests` says which groups moved beyond chance, `rebounds` how much came back, `dollar_effects`
how much money that was, and `calendar_time_portfolio` what followed over weeks.

>>> import undercut.eventstudy as es
>>> "event_study" in dir(es), len(es.MODELS)
(True, 11)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "event_study": "model",
    "EventStudy": "results",
    "MODELS": "normal",
    "TESTS": "battery",
    "group_tests": "groups",
    "battery_table": "groups",
    "GroupTests": "groups",
    "permute_dates": "permutation",
    "rebounds": "effects",
    "dollar_effects": "effects",
    "calendar_time_portfolio": "calendar_time",
    "exposure_regression": "exposure_regression",
    "equal_weight": "data",
    "is_yardstick": "yardsticks",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    """Import the module that holds ``name`` on first use."""
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
