"""How near do open models come to closed ones, and what do closed ones then charge?

`exposure` (who is exposed to whom), `entry_panel` and `settled_quotes` (list prices with the month in which a
rival came), `first_offers` (releases), `dose_panel` and `price_response` (the dose), `launches` and
`launch_price_effect`, `offers_at_risk`, `with_doses` and `event_hazard` (who cuts when), `openness` (of the
market), and placebos: `placebo_test`, `exchanged_scores`, `closed_as_rivals`.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "exposure": "RivalRule closed_rivals exposure exposure_sensitivity open_rivals own_closed_offers",
        "entry_panel": "dose_panel entry_panel price_response prices_after_entry settled_quotes",
        "releases": "first_offers release_months",
        "launch_prices": "launch_price_effect launches launches_apart",
        "price_cuts": "CutRule offers_at_risk real_changes with_doses",
        "hazard": "cut_sizes event_hazard",
        "openness": "openness",
        "placebos": "closed_as_rivals exchanged_scores placebo_test",
    },
    modules=("charts",),
)
