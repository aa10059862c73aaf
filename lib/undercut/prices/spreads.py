"""How many sellers offer the same open weights, and how far apart are their prices?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

import numpy as np
import pandas as pd

from undercut.inference.levels import check_level
from undercut.panel.access import has_open_weights
from undercut.result import Axes, Result


class HostSpread(Result):
    """Sellers and prices of each open model on one day.

    Attributes
    ----------
    models : DataFrame
        ``model_id, name, developer, origin, sellers, countries, lowest, median, highest, ratio`` where
        ``ratio`` is the highest price over the lowest; most sellers first.
    offers : DataFrame
        ``model_id, host, price`` of each seller of these models.
    typical : DataFrame
        The median over models of ``ratio`` and of ``sellers``: rows by these names, columns ``value, low,
        high``. Empty where no open model has several sellers.
    level : float
    options : dict
    """

    models: pd.DataFrame
    offers: pd.DataFrame
    typical: pd.DataFrame
    level: float
    options: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> str:
        """The median model, and those with most sellers."""
        head = f"{len(self.models)} open models with several sellers"
        typical = self.typical.to_string(float_format="{:.3g}".format) if len(self.typical) else ""
        columns = ["model_id", "sellers", "lowest", "median", "highest", "ratio"]
        shown = self.models[columns].to_string(index=False, max_rows=12, float_format="{:.3g}".format)
        return "\n".join([head, f"Medians with {self.level:.0%} intervals:", typical, "", shown])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every seller's price for the models with most sellers, and return the axes."""
        from undercut.plots import INK, own_axes, price_axis

        axes, shown = own_axes(ax), self.models.head(14)
        for height, model in enumerate(shown["model_id"]):
            prices = self.offers.loc[self.offers["model_id"] == model, "price"]
            axes.plot(prices, [height] * len(prices), marker="o", linestyle="none", color=INK, alpha=0.5)
        axes.set_yticks(range(len(shown)), shown["model_id"])
        axes.invert_yaxis()
        return price_axis(axes, "x")


def host_spread(
    offers: pd.DataFrame,
    *,
    origins: Sequence[str] | None = None,
    min_sellers: int = 2,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> HostSpread:
    """Sellers and prices of each open model on one day, and those of the median model.

    Parameters
    ----------
    offers : DataFrame
        From :func:`undercut.prices.cross_section`.
    origins : sequence of str, optional
        Countries of the developers; by default all.
    min_sellers : int
        Models with fewer sellers are left out.
    draws, level, seed
        Of the bootstrap over developers behind the intervals of the medians.

    Returns
    -------
    HostSpread

    Examples
    --------
    >>> import undercut
    >>> from undercut.prices.cross_section import cross_section
    >>> found = host_spread(cross_section(undercut.load_prices(), "2026-06-15"), draws=99)
    >>> bool(found.typical.loc["ratio", "value"] > 1)
    True
    """
    check_level(level)
    open_offers = offers[has_open_weights(offers["access"])]
    if origins is not None:
        open_offers = open_offers[open_offers["origin"].isin(origins)]
    first = {name: (name, "first") for name in ("name", "developer", "origin", "access")}
    table = open_offers.groupby("model_id").agg(
        **first,
        sellers=("host", "nunique"),
        countries=("host_country", "nunique"),
        lowest=("price", "min"),
        median=("price", "median"),
        highest=("price", "max"),
    )
    table["ratio"] = table["highest"] / table["lowest"]
    shared = table[table["sellers"] >= min_sellers]
    shared = shared.sort_values(["sellers", "ratio"], ascending=False).reset_index()
    medians = {
        name: typical(shared[name].astype(float), shared["developer"], draws=draws, level=level, seed=seed)
        for name in ("ratio", "sellers")
        if len(shared)
    }
    sold = open_offers[open_offers["model_id"].isin(shared["model_id"])]
    return HostSpread(
        shared, sold[["model_id", "host", "price"]].reset_index(drop=True),
        pd.DataFrame(medians, index=["value", "low", "high"]).T, level,
        {"workload": offers.attrs.get("workload"), "min_sellers": min_sellers, "draws": draws, "seed": seed},
    )  # fmt: skip


def typical(
    values: pd.Series, clusters: pd.Series, *, draws: int = 2000, level: float = 0.95, seed: int = 0
) -> tuple[float, float, float]:
    """Median of ``values`` with a percentile interval from resampling whole ``clusters``."""
    groups = [group.to_numpy() for _, group in values.groupby(clusters)]
    generator = np.random.default_rng(seed)
    drawn = generator.integers(len(groups), size=(draws, len(groups)))
    medians = [np.median(np.concatenate([groups[i] for i in chosen])) for chosen in drawn]
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return float(values.median()), float(low), float(high)
