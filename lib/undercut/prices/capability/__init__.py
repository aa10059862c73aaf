"""What does a given capability cost, who sells it cheapest, and how far behind is the next?

`price_of_capability` follows the price of a level, `without_offers` takes a group of offers away,
`price_gap` compares two groups of models at equal capability, `gap_history` does so day by day, and
`capability_lag` says how many months one group is behind another.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "price_of_capability": "price_of_capability landmark_levels comparable_points frontier_holders "
        "CapabilityPrices",
        "frontier": "FrontierRule",
        "counterfactual": "without_offers Counterfactual",
        "gap": "price_gap PriceGap",
        "gaps": "open_closed_gap comparable_models gap_history gap_choices GapHistory",
        "buyers": "buyer_prices BUYERS",
        "lag": "arena_gaps capability_lag CapabilityLag",
    },
)
