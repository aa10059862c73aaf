"""Did open models make closed ones cheaper? What report 07 computes, says and draws.

`dose` (the answer), `Headline`, `estimators`, `fake_entries` (a yes or no after an entry),
`launch_samples`, `launch_prices`, `launch_checks`,
`launch_specifications` (prices of new models), `cuts`, `hazard_specifications` (who cuts when), `market`
(exposure and openness), `jump` (the whole market), `Bearing` (how much each number can bear).
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "Headline estimators fake_entries",
        "dose": "dose",
        "market_estimates": "Bearing LaunchPage cuts jump launch_checks launch_prices launch_samples market",
        "specifications": "hazard_specifications launch_specifications",
    },
)
