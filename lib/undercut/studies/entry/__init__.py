"""Did open models make closed ones cheaper? What report 07 computes, says and draws.

`dose` (the answer), `Headline`, `estimators`, `fake_entries` (a yes or no after an entry),
`launch_samples`, `launch_prices`, `launch_checks`,
`launch_specifications` (prices of new models), `cuts` (who cuts when), `market`
(exposure and openness), `jump` (the whole market), `bearing` (how much each number can bear).
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "entries": "Headline fake_entries",
        "estimators": "estimators",
        "dose": "dose",
        "launches": "launch_checks launch_page launch_prices launch_samples launch_specifications",
        "market": "jump market",
        "cuts": "bearing cuts",
    },
)
