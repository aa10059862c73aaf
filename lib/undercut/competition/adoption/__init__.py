"""Who uses which models, how easily can they be had, and what does it cost?

``token_shares``, ``mean_share`` and ``share_trend`` (tokens on one router), ``adoption_curves`` and
``half_life`` (after release), ``documented_cases`` (companies on record),
``change_around`` (a series before and after dates). Access to models: ``sellers_of``, ``mean_by_model``,
``wait_for_seller``, ``reworked_variants``. Bills of several ways to the same capability: ``monthly_bills``,
``cheapest_by_rule``, ``cheapest_by_workload``.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "adopters": "documented_cases",
        "availability": "mean_by_model reworked_variants sellers_of wait_for_seller",
        "before_after": "change_around",
        "data_rules": "RULES cheapest_by_rule cheapest_by_workload one_row_each",
        "deployment": "CHINESE_API CLOSED SELF_HOSTED US_SELLER WAYS DeploymentAssumptions monthly_bills",
        "curves": "adoption_curves half_life",
        "token_shares": "mean_share monthly_share share_trend token_shares",
    },
)
