"""Did open models do it? Rivals of closed models, sellers of the same weights, adoption, demand.

`rivals` (how near open models come, and what closed ones then charge), `hosts` (who sells the same weights,
and at which price), `adoption` (who uses what), `demand` (how buyers respond; what if models were gone).

Of rivals: `exposure`, `RivalRule`, `settled_quotes`, `entry_panel`, `first_offers`, `price_response` (the
dose), `launches` and `launch_prices`, `offers_at_risk`, `with_doses` and `cut_hazard`, `openness`, and the
placebos `closed_as_rivals`, `exchanged_scores`, `placebo_test`.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "rivals.exposure": "RivalRule exposure",
        "rivals.entry_panel": "entry_panel price_response settled_quotes",
        "rivals.releases": "first_offers",
        "rivals.launch_prices": "launches launch_prices=launch_price_effect",
        "rivals.price_cuts": "offers_at_risk with_doses",
        "rivals.hazard": "cut_hazard=event_hazard",
        "rivals.openness": "openness",
        "rivals.placebos": "closed_as_rivals exchanged_scores placebo_test",
    },
    modules=("adoption", "demand", "hosts", "rivals"),
)
