"""Undercut: what open AI models do to AI service prices, and to the companies that sell AI.

Names load when they are first touched, so that ``import undercut as uc`` costs nothing.

Data

- `load_prices`, `price_history`, `load_changes`: who offered what at which price, and what changed.
- `load_returns`, `check_returns`, `load_factors`, `load_events`: stocks, and what happened on which day.
- `load_reference`: models, hosts, capability, companies' accounts, claims, and other reviewed tables.
- `monthly_quotes`, `Workload`: one price for each offer and month.

Estimators

- `price_index`, `price_of_capability`, `price_gap`, `hedonic_index`: how prices moved.
- `staggered_adoption`: what happens after a treatment that comes at different times.
- `event_study`: what the market said.
- `value_firm`: what a firm is worth under named assumptions.

Reports

- `explore` shows the explorer of prices, `chart` a result to point at, `sliders` moves values with widgets.
- `Report` puts results on a notebook's page. `Provenance` says where a table came from, `UndercutError` is
  the base of every failure on purpose.

Rooms

- `sources`, `panel`, `prices`, `inference`, `competition`, `eventstudy`, `valuation`, `studies`, `report`,
  `plots`, `tables`, `errors`: ``dir(undercut.prices)`` lists the public names of one.

>>> import undercut as uc
>>> prices = uc.load_prices(as_of="2025-06-30")
>>> {"host", "model_id", "price"} <= set(prices.columns)
True
"""

from __future__ import annotations

from undercut.lazy import offer

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "sources.returns_checks": "check_returns",
        "sources.events": "load_events",
        "sources.factors": "load_factors",
        "sources.returns": "load_returns",
        "sources.reference": "load_reference",
        "panel.changes": "load_changes",
        "prices.load": "load_prices price_history",
        "prices.monthly_quotes": "monthly_quotes",
        "prices.workloads": "Workload",
        "prices.index.compute": "price_index",
        "prices.capability.price_of_capability": "price_of_capability",
        "prices.capability.gap": "price_gap",
        "prices.hedonic.time_dummy": "hedonic_index",
        "eventstudy.model": "event_study",
        "valuation.firm": "value_firm",
        "studies.own.adoption": "staggered_adoption",
        "studies.presentation": "Report",
        "studies.explorer.page": "explore",
        "studies.lab": "chart sliders",
        "provenance": "Provenance",
        "errors": "UndercutError",
    },
    modules=(
        "sources", "panel", "prices", "inference", "competition", "eventstudy", "valuation", "studies",
        "report", "plots", "tables", "errors",
    ),
)  # fmt: skip
