"""How many sellers offer the same open weights, and how far apart are their prices?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from undercut.errors import DataError


def host_spread(offers: pd.DataFrame, *, min_sellers: int = 2) -> pd.DataFrame:
    """Sellers and prices of each open model on one day.

    Parameters
    ----------
    offers : DataFrame
        From :func:`undercut.prices.cross_section.cross_section`.
    min_sellers : int
        Models with fewer sellers are left out.

    Returns
    -------
    DataFrame
        ``model_id, name, developer, origin, sellers, countries, lowest, median, highest, ratio`` where
        ``ratio`` is the highest price over the lowest; most sellers first.
    """
    open_offers = offers[offers["access"].str.startswith("open").fillna(False)]
    by_model = open_offers.groupby("model_id")
    table = by_model.agg(
        name=("name", "first"),
        developer=("developer", "first"),
        origin=("origin", "first"),
        access=("access", "first"),
        sellers=("host", "nunique"),
        countries=("host_country", "nunique"),
        lowest=("price", "min"),
        median=("price", "median"),
        highest=("price", "max"),
    )
    table["ratio"] = table["highest"] / table["lowest"]
    table = table[table["sellers"] >= min_sellers]
    return table.sort_values(["sellers", "ratio"], ascending=False).reset_index()


@dataclass(frozen=True, slots=True)
class Typical:
    """A median over models with an interval from a bootstrap over developers."""

    value: float
    low: float
    high: float
    n: int
    clusters: int


def typical(
    values: pd.Series, clusters: pd.Series, *, draws: int = 2000, level: float = 0.95, seed: int = 0
) -> Typical:
    """Median of ``values`` with a percentile interval from resampling whole ``clusters``.

    Raises
    ------
    DataError
        There is nothing to take a median of.
    """
    kept = values.notna() & clusters.notna()
    if not kept.any():
        raise DataError("No open model has several sellers on this day; choose a later one.")
    groups = [group.to_numpy() for _, group in values[kept].groupby(clusters[kept])]
    generator = np.random.default_rng(seed)
    medians = [
        np.median(np.concatenate([groups[i] for i in generator.integers(len(groups), size=len(groups))]))
        for _ in range(draws)
    ]
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return Typical(float(values[kept].median()), float(low), float(high), int(kept.sum()), len(groups))
