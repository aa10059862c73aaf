"""What is it worth? Values of AI firms under named assumptions, and what a market value assumes.

`value_firm` does everything for one ticker. Step by step: ``vendor_names``, ``vendor_case`` (accounts and
assumptions), ``case.value()``, ``simulate`` and ``value_draws`` (ranges), ``tornado`` and ``sobol_indices``
(what matters), ``scenario`` and ``scenario_changes``; ``value_chain`` (who receives what end users spend),
``layer_break_evens`` and ``company_break_evens`` (how responsive use must be for a price war not to lower
value), ``implied_pair`` (what a market value assumes), ``read_event`` (one day's return as news).
``live_fundamentals`` and ``live_market_value`` ask Yahoo Finance. No target prices, no advice.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "firm": "value_firm",
        "vendors": "vendor_case vendor_names sample_returns",
        "assumptions": "load_assumptions",
        "scenarios": "scenario load_scenarios",
        "montecarlo": "simulate draw_assumptions value_draws value_ranges scenario_changes change_table",
        "chain": "value_chain",
        "break_even": "layer_break_evens company_break_evens",
        "sensitivity": "tornado sobol_indices",
        "implied": "implied_pair",
        "market": "with_market_values priced_case",
        "event_reading": "read_event cash_flow_news",
        "live": "live_fundamentals live_market_value",
    },
)
