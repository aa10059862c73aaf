"""What did the market say? Event studies of anyone's returns.

`event_study` takes daily returns and events and hands back an `EventStudy`: abnormal returns with every
test. `group_tests` says which groups moved beyond chance, `rebounds` how much came back, `dollar_effects`
how much money that was, and `calendar_time_portfolio` what followed over weeks.

>>> import undercut.eventstudy as es
>>> "event_study" in dir(es), len(es.MODELS)
(True, 11)
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "model": "event_study",
        "results": "EventStudy",
        "normal": "MODELS",
        "battery": "TESTS",
        "groups": "group_tests battery_table GroupTests",
        "permutation": "permute_dates",
        "effects": "rebounds dollar_effects calendar_time_portfolio",
        "data": "equal_weight",
        "events": "is_yardstick",
    },
)
