"""What if Chinese open models did not exist? What the report computes, says and shows."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "Curve central compare_estimates diversion effect_curve effects elasticity_curve "
        "identification monthly over_elasticities price_paid random_removals standing vendors",
        "responses": "measured_responses",
    },
)
