"""How do buyers of AI respond to price, and what would happen without some of the models?

From weekly tokens and dated changes of price: ``measured_elasticity``, ``price_response``,
``response_sample``.

Data: ``market_data``, ``estimation_sample``, ``with_instruments``. Estimates: ``nested_logit``,
``random_coefficients`` (needs the extra ``demand``), ``placebo_prices``. What follows, under an estimate or
under assumptions: ``parameter_basis``, ``assumed_market``, ``market_model``, ``scenario_outcome``,
``counterfactual``, ``draw_outcomes``, ``by_elasticity``, ``by_month``, ``vendor_outcomes``,
``placebo_removals``.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "markets": "market_data estimation_sample",
        "instruments": "with_instruments",
        "nested": "nested_logit parameter_draws",
        "random_coefficients": "random_coefficients",
        "assumptions": "assumed_market by_elasticity by_month draw_outcomes intervals parameter_basis "
        "placebo_prices placebo_removals vendor_outcomes",
        "counterfactual": "counterfactual market_model scenario_outcome slope_for_elasticity",
        "pricing": "equilibrium marginal_costs",
        "response_sample": "response_sample",
        "responses": "measured_elasticity price_response",
    },
)
