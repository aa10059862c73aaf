"""What would a level of capability cost if some offers were not there, all others unchanged?

An accounting exercise: it takes away the offers of a group and keeps everybody else's prices as they were.
Rivals who would have charged more without that competition make the true effect larger, rivals who would
have filled the gap make it smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import check_known, unknown
from undercut.inference.levels import check_level
from undercut.inference.resampling import percentile_interval
from undercut.panel.access import has_open_weights
from undercut.panel.measures import DEFAULT
from undercut.prices.capability.frontier import FrontierPaths, FrontierRule, frontier_paths, long_frame
from undercut.prices.capability.price_of_capability import labelled_levels
from undercut.result import Axes, Result

#: The year over which the recent ratio is averaged.
RECENT_MONTHS: Final = 12

#: What can be taken away, by name.
WITHOUT: Final[Mapping[str, Callable[[pd.DataFrame], pd.Series]]] = {
    "Chinese open": lambda quotes: WITHOUT["open"](quotes) & WITHOUT["Chinese"](quotes),
    "open": lambda quotes: has_open_weights(quotes["access"]),
    "Chinese": lambda quotes: quotes["origin"].eq("CN").fillna(False),
}


class Counterfactual(Result):
    """Price of capability with and without a group of offers.

    Attributes
    ----------
    without : str
        The group that was taken away.
    paths : DataFrame
        ``level, capability, version, period``; ``price`` with all offers, ``price_without``; ``ratio`` of
        the second to the first with ``low`` and ``high``; ``reachable``: whether the level can be bought
        without the group at all. Months in which nobody offers the level are left out.
    recent : DataFrame
        One row a level and version: prices and ratio of the last month, and the geometric mean of the ratio
        over the last twelve months (those of them in which both prices exist), each with its interval.
    confidence : float
    clusters : int
    options : dict
        Cluster, draws, seed and workload.
    """

    without: str
    paths: pd.DataFrame
    recent: pd.DataFrame
    confidence: float
    clusters: int
    options: dict[str, Any] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """For each level and version, the ratio in the last month and on average over the last twelve."""
        return self.recent.copy()

    def summary(self) -> str:
        """The ratios as text."""
        return "\n".join(
            [
                f"Price of capability without {self.without} models, relative to that with them",
                "Other sellers' prices are held as they were: arithmetic, not a forecast of their response.",
                f"{self.confidence:.0%} intervals by bootstrap over {self.clusters} clusters.",
                "",
                self.table().to_string(index=False, float_format="{:.3g}".format),
            ]
        )

    def plot(self, ax: Axes | None = None, *, level: str | None = None, version: str = "lowest") -> Axes:
        """Draw the two paths of one level, by default the first, and return the axes.

        Raises
        ------
        UnknownNameError
            No such level.
        """
        from undercut.plots import INK, MUTED, label_line_ends, own_axes, price_axis

        level = level or str(self.paths["level"].iloc[0])
        if level not in set(self.paths["level"]):
            raise unknown("level", level, self.paths["level"].unique())
        ax = own_axes(ax)
        path = self.paths[(self.paths["level"] == level) & (self.paths["version"] == version)]
        moments = pd.PeriodIndex(path["period"], freq="M").to_timestamp()
        lines = {"all offers": ("price", INK), f"without {self.without}": ("price_without", MUTED)}
        ends = {}
        for label, (column, color) in lines.items():
            ax.plot(moments, path[column], color=color, drawstyle="steps-post")
            known = path[column].notna().to_numpy()
            if known.any():
                ends[label] = (moments[known][-1], float(path[column][known].iloc[-1]))
        price_axis(ax)
        return label_line_ends(ax, ends, {label: color for label, (_, color) in lines.items()})


def without_offers(
    quotes: pd.DataFrame,
    levels: Mapping[str, float] | Sequence[float] | None = None,
    *,
    without: str = "Chinese open",
    rule: FrontierRule | None = None,
    cluster: str = "developer",
    draws: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
) -> Counterfactual:
    """Price of capability levels if a group of offers were not there.

    Parameters
    ----------
    quotes, levels, rule, cluster, draws, confidence, seed
        As in :func:`undercut.prices.capability.price_of_capability.price_of_capability`.
    without : {"Chinese open", "open", "Chinese"}
        The models whose offers are taken away, at every seller.

    Returns
    -------
    Counterfactual

    Raises
    ------
    UnknownNameError
        No such group.

    Notes
    -----
    The same resamples of clusters are used with and without the group, so that the interval is that of the
    ratio. For the lowest price the ratio is never below one; a lower end of one says that in some resamples
    the group does not matter.

    Examples
    --------
    >>> import undercut
    >>> from undercut.prices.monthly_quotes import monthly_quotes
    >>> quotes = monthly_quotes(undercut.load_prices(), start="2025-01", end="2025-03")
    >>> found = without_offers(quotes, {"GPT-4": 125.7}, without="open", draws=20)
    >>> bool((found.paths.query("version == 'lowest'")["ratio"] >= 1).all())
    True
    """
    check_level(confidence)
    check_known("group", without, WITHOUT)
    rule = rule or FrontierRule()
    named = labelled_levels(levels, quotes.attrs.get("measure", DEFAULT))
    keep = ~WITHOUT[without](quotes)
    fact, other = (
        frontier_paths(
            quotes, list(named.values()), rule=rule, cluster=cluster, draws=draws, seed=seed,
            capability_error=False, keep=kept,
        )
        for kept in (None, keep)
    )  # fmt: skip
    paths = _paths(fact, other, named, confidence)
    recent = _recent(fact, other, named, confidence)
    options = {"cluster": cluster, "draws": draws, "seed": seed, "workload": quotes.attrs.get("workload")}
    return Counterfactual(without, paths, recent, confidence, fact.clusters, options)


def _paths(
    fact: FrontierPaths, other: FrontierPaths, levels: Mapping[str, float], confidence: float
) -> pd.DataFrame:
    difference = other.log_price - fact.log_price
    low, high = percentile_interval(difference[1:], level=confidence)
    logs = {
        "price": fact.log_price[0], "price_without": other.log_price[0], "ratio": difference[0],
        "low": low, "high": high,
    }  # fmt: skip
    paths = long_frame(levels, fact.periods, {name: np.exp(log) for name, log in logs.items()})
    paths["reachable"] = paths["price_without"].notna()
    return paths[paths["price"].notna()].reset_index(drop=True)


def _recent(
    fact: FrontierPaths, other: FrontierPaths, levels: Mapping[str, float], confidence: float
) -> pd.DataFrame:
    """The last month and the last year of the ratios, with intervals."""
    difference = (other.log_price - fact.log_price)[:, -RECENT_MONTHS:]
    known = np.isfinite(difference)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, difference, 0.0).sum(axis=1) / known.sum(axis=1)
    logs = {"price": fact.log_price[0, -1], "price_without": other.log_price[0, -1]}
    for name, drawn in (("ratio", difference[:, -1]), ("year", mean)):
        low, high = percentile_interval(drawn[1:], level=confidence)
        logs |= {name: drawn[0], f"{name}_low": low, f"{name}_high": high}
    columns = {name: np.exp(log)[None] for name, log in logs.items()}
    return long_frame(levels, fact.periods[-1:], columns).drop(columns="capability")
