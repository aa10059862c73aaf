"""What happens after a treatment that comes at different times? Five estimators, one fit.

`staggered_adoption` (imputation, Callaway-Sant'Anna, Sun-Abraham, stacked, two-way fixed effects, or all),
`stacked_dose` (a treatment in doses), `honest_bounds`, `randomise_adoption` and `redrawn_dates`.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "model": "MethodComparison staggered_adoption",
        "results": "AdoptionFit",
        "stacked_dose": "stacked_dose",
        "honest_bounds": "HonestBounds honest_bounds",
        "randomisation": "RandomisationTest randomise_adoption redraw_dates redrawn_dates",
    },
)
