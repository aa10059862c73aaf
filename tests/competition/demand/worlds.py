"""Does the estimator find a demand that is known? Markets with sellers who price for profit.

Used by the tests and by docs/simulations-demand.md.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.competition.demand.pricing import equilibrium
from undercut.competition.demand.system import DemandSystem, Form


def simulate_markets(
    markets: int,
    products: int,
    *,
    seed: int,
    slope: float = -1.0,
    correlation: float = 0.0,
    form: Form = "expenditure",
    cost_strength: float = 1.0,
    taste: float = 0.7,
    kept: int | None = None,
) -> pd.DataFrame:
    """Markets in Bertrand-Nash equilibrium with unobserved quality that sellers know.

    Parameters
    ----------
    markets, products : int
    seed : int
    slope, correlation, form
        Of demand; nests are the groups.
    cost_strength : float
        Effect of the observed cost shifter ``z_cost`` on log cost: 0 makes the instrument irrelevant.
    taste : float
        Standard deviation of unobserved quality, half of which also raises cost: the reason for which a
        regression without instruments is biased towards inelastic demand.
    kept : int, optional
        Only this many best-selling products of each market are seen, as in a ranking.

    Returns
    -------
    DataFrame
        Columns as in :func:`undercut.competition.demand.markets.market_data`, with ``z_cost``,
        ``size_stated``, the true ``cost`` and ``true_elasticity``.

    Notes
    -----
    Utility: 0.1 (eci - 140) + xi + slope * x. Log cost: 0.05 (eci - 140) + cost_strength * z_cost + xi / 2.
    """
    demand = (slope, correlation, form)
    parts = [
        _one_market(np.random.default_rng([seed, t]), products, *demand, cost_strength, taste)
        .assign(period=f"{2000 + t // 12}-{t % 12 + 1:02d}")
        for t in range(markets)
    ]  # fmt: skip
    drawn = pd.concat(parts, ignore_index=True)
    if kept is None:
        return drawn
    rank = drawn.groupby("period")["tokens"].rank(ascending=False)
    return drawn[rank <= kept].reset_index(drop=True)


def _one_market(
    rng: np.random.Generator, count: int, slope: float, correlation: float, form: Form, strength: float,
    taste: float,
) -> pd.DataFrame:  # fmt: skip
    eci, shifter = rng.normal(140, 6, count), rng.normal(0, 0.7, count)
    xi = rng.normal(0, taste, count)
    costs = np.exp(0.05 * (eci - 140) + strength * shifter + xi / 2)
    nests = np.arange(count) % 3
    firms = pd.Series([f"maker {k}" for k in rng.integers(0, max(count // 2, 1), count)])
    values = (0.1 * (eci - 140) + xi - 1.0)[:, None]
    system = DemandSystem(values, np.array([slope]), np.ones(1), nests, correlation, 1e6, form)
    prices = equilibrium(system, costs, firms).prices
    groups = np.array(["closed", "Chinese open", "other open"])[nests]
    return pd.DataFrame(
        {
            "model_id": [f"model {j}" for j in range(count)],
            "developer": firms,
            "group": groups,
            "price": prices,
            "tokens": system.quantities(prices),
            "eci": eci,
            "z_cost": shifter,
            "size_stated": 1.0,
            "cost": costs,
            "outside": 1 - system.shares(prices).sum(),
            "true_elasticity": np.diag(system.elasticities(prices)),
        }
    )
