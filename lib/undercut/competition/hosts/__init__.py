"""Sellers of the same open weights: what does one more of them do to prices?

``host_panel`` makes the panel, one row a model, host and month; all others take it. Effects of an entry:
``entry_effect``, ``placebo_effects``, ``wild_test``. Prices and the number of hosts: ``host_elasticity``,
``dispersion_over_time``. Course since launch: ``decay``, ``price_over_cost``, ``serving_cost``. Other sellers
against the developer: ``first_party_premium``, ``jurisdiction_premium``, ``variant_premium``.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "panel": "host_panel largest_hosts model_months price_steps source_coverage step_frequency",
        "entry": "entry_effect wild_test",
        "entry_design": "count_entries",
        "placebos": "placebo_dates placebo_effects placebo_models",
        "dispersion": "dispersion_over_time expected_lowest host_elasticity launch_residuals",
        "first_party": "first_party_premium jurisdiction_premium variant_premium",
        "markups": "aligned decay price_over_cost",
        "serving_cost": "Assumption ServingAssumptions cost_factor rent_per_speed serving_cost",
    },
)
