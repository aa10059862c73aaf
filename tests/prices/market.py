"""A market whose quality-constant price path is known, for tests of price measures.

Each month models of a family enter with capability q and price

    log p = -fall * entry month / 12 + slope * (q - 130) + family effect + noise,

at several sellers that differ a little. List prices are sticky: a model keeps its price until it leaves, so
quality-constant prices fall only because newcomers are cheaper. The market has run for years before the
first month, so that the ages of the models on sale do not drift; the true slope of log price at fixed
quality is then -fall a year. Capability improves and the number of models grows. A matched-model index sees
no change at all; the plain minimum falls faster than the truth.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Months of trade before the first that is observed.
BURN_IN = 60


def market(
    seed: int = 0,
    *,
    months: int = 24,
    fall: float = 0.8,
    slope: float = 0.06,
    growth: float = 0.5,
    gain: float = 4.0,
    families: int = 40,
    entrants: float = 4.0,
    family_spread: float = 0.3,
    noise: float = 0.3,
    life: float = 8.0,
    sticky: bool = True,
) -> pd.DataFrame:
    """Monthly quotes of a simulated market.

    Parameters
    ----------
    fall : float
        Fall of the quality-constant log price a year.
    slope : float
        Rise of the log price per point of capability.
    growth : float
        Growth of the log number of entrants a year; 0 keeps the number of offers steady.
    gain : float
        Points of capability that newcomers gain a year.
    entrants, life : float
        Mean number of models that enter in the first observed month; mean life in months.
    sticky : bool
        Whether a model keeps its price; otherwise all prices fall together.
    """
    rng = np.random.default_rng(seed)
    span = np.arange(-BURN_IN, months)
    arrivals = rng.poisson(entrants * np.exp(growth * span / 12))
    entry = np.repeat(span, arrivals)
    models = len(entry)
    family = rng.integers(families, size=models)
    effect = rng.normal(0, family_spread, families)
    capability = 130 + gain * entry / 12 + rng.normal(0, 4, models)
    launch = slope * (capability - 130) + effect[family] + rng.normal(0, noise, models)
    leave = entry + 1 + rng.geometric(1 / life, models)
    sellers = 1 + rng.poisson(1.0, models)
    model = np.repeat(np.arange(models), sellers)
    markup = rng.normal(0, 0.1, len(model))
    parts = []
    for month in range(months):
        on_sale = np.flatnonzero((entry[model] <= month) & (leave[model] > month))
        which = model[on_sale]
        since = entry[which] if sticky else np.full(len(which), month)
        parts.append(
            pd.DataFrame(
                {
                    "period": str(pd.Period("2024-01", "M") + month),
                    "model_id": [f"model-{m}" for m in which],
                    "host": [f"host-{s}" for s in on_sale],
                    "price": np.exp(launch[which] - fall * since / 12 + markup[on_sale]),
                    "eci": capability[which],
                    "age_years": (month - entry[which]) / 12,
                    "family": [f"family-{f:02d}" for f in family[which]],
                    "developer": [f"developer-{f % 20:02d}" for f in family[which]],
                }
            )
        )
    quotes = pd.concat(parts, ignore_index=True)
    width = {"eci_low": quotes["eci"] - 1.0, "eci_high": quotes["eci"] + 1.0}
    facts = {"origin": "US", "access": "closed", "group": "US closed", "host_kind": "developer"}
    return quotes.assign(
        product=quotes["host"] + "/" + quotes["model_id"], log_context=0.0, is_reasoning=0.0, **width, **facts
    )
