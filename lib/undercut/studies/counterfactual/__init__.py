"""What if Chinese open models did not exist? What the report computes, says and shows."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "central effect_curve effects elasticity_curve",
        "pages": "curve diversion monthly over_elasticities price_paid random_removals vendors",
        "record": "compare_estimates identification standing",
        "responses": "measured_responses",
    },
)
