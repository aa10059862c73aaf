"""How did prices move? From the panel to one price an offer and month, and on to index numbers.

Loading: `load_prices`, `price_history`. Shape: `cross_section` (the offers of a day), `monthly_quotes`,
`count_changes` (only real changes of price move them), `model_prices`, `Workload`.
Estimates: `price_index` and `resampled_index`, `hedonic_index` and
`double_imputation`, `price_of_capability`, `without_offers`, `price_gap`, `gap_history`, `capability_lag`.
Split: `decompose_frontier`. Description: `price_ladder`, `host_spread`,
`changes_by_year`, `own_price_changes`, `with_token_weights`. `tasks`: what a solved task costs.

>>> import undercut as uc
>>> "price_index" in dir(uc.prices)
True
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "load": "load_prices price_history with_workload with_measure",
        "cross_section": "cross_section cross_sections model_prices count_offers",
        "monthly_quotes": "monthly_quotes market_group cheapest_seller",
        "workloads": "Workload WORKLOADS find_workload measured_workloads effective_prices",
        "token_weights": "token_weights with_token_weights",
        "changes": "count_changes COUNTED own_price_changes changes_by_year own_price_index",
        "ladders": "price_ladder",
        "spreads": "host_spread",
        "reliability": "withdrawals price_changes rate_ratio",
        "index": "price_index resampled_index METHODS",
        "hedonic": "hedonic_index double_imputation with_imputed_capability decompose_frontier",
        "capability": "price_of_capability landmark_levels comparable_points without_offers price_gap "
        "open_closed_gap comparable_models gap_history gap_choices buyer_prices BUYERS arena_gaps "
        "capability_lag",
    },
    modules=("tasks",),
)
