"""What if Chinese open models did not exist? What the report computes (``estimates``), says and shows."""

from undercut.studies.counterfactual.estimates import (
    central,
    compare_estimates,
    diversion,
    effect_curve,
    effects,
    elasticity_curve,
    identification,
    monthly,
    over_elasticities,
    price_paid,
    random_removals,
    standing,
    vendors,
)

__all__ = [
    "central",
    "compare_estimates",
    "diversion",
    "effect_curve",
    "effects",
    "elasticity_curve",
    "identification",
    "monthly",
    "over_elasticities",
    "price_paid",
    "random_removals",
    "standing",
    "vendors",
]
