"""A market whose answer is known: units of few developers, adoption at different times, sticky prices or
not."""

from __future__ import annotations

import numpy as np
import pandas as pd


def adopters(
    seed: int,
    *,
    units: int = 48,
    periods: int = 24,
    clusters: int = 12,
    effect: float = -0.3,
    growth: float = 0.0,
    never: float = 0.25,
    trend: float = 0.0,
    noise: float = 0.1,
    shared: float = 0.0,
) -> pd.DataFrame:
    """Outcome = unit + period + effect + noise; ``growth`` is added to the effect each period after adoption,
    ``trend`` a period to treated units throughout, ``shared`` is a shock of a developer and period."""
    rng = np.random.default_rng(seed)
    cohorts = rng.choice(np.arange(8, periods - 4, 3), size=units)
    first = np.where(rng.random(units) < never, np.nan, cohorts)
    rows = pd.MultiIndex.from_product([range(units), range(periods)], names=["unit", "period"]).to_frame(
        index=False
    )
    rows["cluster"] = rows["unit"] % clusters
    rows["first_treated"] = first[rows["unit"]]
    since = rows["period"] - rows["first_treated"]
    rows["true"] = np.where(since >= 0, effect + growth * since, 0.0)
    walk = rng.normal(size=(clusters, periods)).cumsum(axis=1) * shared
    rows["outcome"] = (
        rng.normal(size=units)[rows["unit"]]
        - 0.05 * rows["period"]
        + rows["true"]
        + trend * since.fillna(0.0)
        + walk[rows["cluster"], rows["period"]]
        + noise * rng.normal(size=len(rows))
    )
    return rows
