"""How sure can one be? Bootstraps, staggered adoption, placebos, power, specification curves.

`staggered_adoption` and what asks how far it can be trusted (`honest_bounds`, `randomise_adoption`,
`redrawn_dates`), `stacked_dose`, `wild_cluster_bootstrap`, `score_bootstrap`, `local_projections` and
`permute_shocks`, `detectable_effect`, `benjamini_hochberg`, `romano_wolf`, `run_specifications` and
`specification_curve`, `leave_one_out` and `Robustness`, `cumulative_incidence`.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "did.model": "staggered_adoption",
        "did.stacked_dose": "stacked_dose",
        "did.honest_bounds": "honest_bounds",
        "did.randomisation": "randomise_adoption redrawn_dates",
        "wild_bootstrap": "score_bootstrap wild_cluster_bootstrap",
        "local_projections": "local_projections permute_shocks",
        "detectable": "PlaceboResult detectable_effect detectable_from_placebos placebo_p_value",
        "multiple_testing": "benjamini_hochberg romano_wolf",
        "specifications": "run_specifications specification_curve",
        "robustness": "Robustness leave_one_out",
        "incidence": "cumulative_incidence",
    },
    modules=("did",),
)
