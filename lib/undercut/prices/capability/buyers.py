"""What does a typical and a careful buyer pay for a capability, for one kind of model and for another?

A lowest price against a lowest price is one firm's decision against another's. A typical buyer takes the
median seller of a middling model that is good enough; a careful one the cheapest tenth of all offers.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import TooFewError, check_known
from undercut.inference.arrays import Booleans, Floats
from undercut.inference.resampling import (
    cluster_codes,
    multiplicities,
    percentile_interval,
    weighted_quantile,
)
from undercut.panel.measures import DEFAULT
from undercut.prices.capability.frontier import FrontierRule
from undercut.prices.capability.gap import score_spread
from undercut.prices.capability.gaps import closed_models, open_models
from undercut.prices.capability.price_of_capability import comparable_points
from undercut.result import Axes, Result

#: Kinds of buyers: which quantile of the prices they pay, and of what.
BUYERS: Final = {"typical": (0.5, "models at their median seller"), "careful": (0.1, "offers")}
_SIDES: Final = ("closed", "open")
_COLUMNS: Final = ("host", "model_id", "developer", "price", "eci", "eci_low", "eci_high")
#: Fewer models than this on either side say nothing.
MIN_MODELS: Final = 3


class BuyerPrices(Result):
    """Prices of two kinds of models at one capability, by kind of buyer.

    Attributes
    ----------
    frame : DataFrame
        One row a buyer: ``buyer, closed, open`` (US dollars per million tokens), ``saving`` with ``low`` and
        ``high`` (percent: what the open models save; negative where they cost more), ``n_closed, n_open``
        (models that reach the capability by their own scores).
    offers : DataFrame
        The offers that can reach it, with ``side`` and ``chance``, the share of the draws in which they do.
    level : float
    options : dict
        Capability, measure, width, draws and seed.
    """

    frame: pd.DataFrame
    offers: pd.DataFrame
    level: float
    options: dict[str, Any] = field(default_factory=dict)

    def row(self, buyer: str) -> pd.Series:
        """What one buyer pays.

        Raises
        ------
        UnknownNameError
            No such buyer.
        """
        check_known("buyer", buyer, BUYERS)
        return self.frame.set_index("buyer").loc[buyer]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every offer's price, a row a side, with what each buyer pays, and return the axes."""
        from undercut import plots

        axes = plots.own_axes(ax, 7.6, 3.0)
        inks = {"open": plots.origin_color("CN"), "closed": plots.origin_color("US")}
        for height, side in enumerate(_SIDES):
            prices = self.offers.loc[self.offers["side"].eq(side), "price"]
            axes.plot(prices, [height] * len(prices), "o", color=inks[side], alpha=0.35, markersize=6, mew=0)
            for buyer, paid in self.frame.set_index("buyer")[side].items():
                axes.plot(paid, height, "|", color=plots.INK, markersize=22, markeredgewidth=2)
                axes.annotate(
                    f"{buyer} {plots.dollars(paid)}", (paid, height), xytext=(0, 15),
                    ha="right" if buyer == "careful" else "left", textcoords="offset points", fontsize=9,
                )  # fmt: skip
        axes.set_yticks(range(2), ["US closed", "Chinese open"])
        axes.set_ylim(-0.6, 1.7)
        axes.grid(axis="y", visible=False)
        return plots.price_axis(axes, "x")


def buyer_prices(
    offers: pd.DataFrame,
    capability: float,
    *,
    open_origin: str = "CN",
    closed_origin: str = "US",
    seller_country: str | None = None,
    cluster: str = "developer",
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> BuyerPrices:
    """What open models of one country save buyers who would take closed ones of another.

    Parameters
    ----------
    offers : DataFrame
        From :func:`undercut.prices.cross_section.cross_section`; their measure decides the scores.
    capability : float
        What the work needs. Offers from there to as far above it as :class:`FrontierRule` looks are compared:
        a much better model is another good.
    open_origin, closed_origin : str
        ISO countries of the developers.
    seller_country : str, optional
        Only sellers at home there. By default all but clouds and hosts at home in China.
    cluster, draws, level, seed
        Of the bootstrap. Each draw also takes the scores from their intervals, so that no model decides by
        half a point; without draws of clusters the median over these is the estimate.

    Returns
    -------
    BuyerPrices

    Raises
    ------
    TooFewError
        Fewer than three models of either kind reach the capability.

    Examples
    --------
    >>> import undercut as uc
    >>> offers = uc.prices.cross_section(uc.load_prices(workload="measured"), "2026-10-15")
    >>> found = uc.prices.buyer_prices(offers, uc.prices.landmark_levels()["o1"], draws=200)
    >>> found.frame["buyer"].tolist()
    ['typical', 'careful']
    """
    measure = offers.attrs.get("measure", DEFAULT)
    width = comparable_points(FrontierRule().width, measure)
    chosen = _chosen(offers, open_origin, closed_origin, seller_country, cluster)
    models = chosen.drop_duplicates("model_id").sort_values("model_id", ignore_index=True)
    inside = models["eci"].between(capability, capability + width)
    counts = models.loc[inside, "side"].value_counts()
    if min(counts.get(side, 0) for side in _SIDES) < MIN_MODELS:
        told = " and ".join(f"{counts.get(side, 0)} {side}" for side in _SIDES)
        raise TooFewError(
            f"Only {told} models reach {capability:g} and little more; {MIN_MODELS} are needed."
        )
    noise = np.random.default_rng(seed).standard_normal((draws + 1, len(models))) * score_spread(models)
    scores = models["eci"].to_numpy(float) + noise
    reach = ((scores >= capability) & (scores < capability + width))[1:]
    codes, labels = cluster_codes(models, cluster)
    drawn = multiplicities(len(labels), draws=draws, seed=seed)[1:, codes]
    place = pd.Index(models["model_id"]).get_indexer(chosen["model_id"])
    every = chosen[["side", "price"]].assign(place=place)
    typical = every.groupby(["side", "place"], as_index=False)["price"].median()
    rows = []
    for buyer, (quantile, of) in BUYERS.items():
        priced = typical if of.startswith("models") else every
        # First all clusters, over the draws of the scores; then clusters and scores.
        paid = {side: _paid(priced[priced["side"].eq(side)], reach, drawn, quantile) for side in _SIDES}
        point = {side: float(np.nanmedian(plain)) for side, (plain, _) in paid.items()}
        log_ratio = [paid["open"][kind] - paid["closed"][kind] for kind in (0, 1)]
        low, high = (float(end[0]) for end in percentile_interval(log_ratio[1][:, None], level=level))
        saving = float(np.nanmedian(log_ratio[0]))
        rows.append(
            {"buyer": buyer, **{side: float(np.exp(price)) for side, price in point.items()},
             "saving": -100 * np.expm1(saving), "low": -100 * np.expm1(high), "high": -100 * np.expm1(low),
             "n_closed": int(counts["closed"]), "n_open": int(counts["open"])}
        )  # fmt: skip
    chance = reach.mean(axis=0)[place]
    able = chosen.assign(chance=chance)[chance > 0.5]
    options = {"capability": capability, "measure": measure, "width": width, "cluster": cluster}
    return BuyerPrices(pd.DataFrame(rows), able, level, options | {"draws": draws, "seed": seed})


def _chosen(
    offers: pd.DataFrame, opened: str, closed: str, country: str | None, cluster: str
) -> pd.DataFrame:
    """The offers of both kinds, scored, from sellers in question, with ``side``, cheapest first."""
    home = offers["host_country"]
    near = home.eq(country) if country else ~home.eq("CN") | offers["host_kind"].eq("developer")
    is_open, is_closed = open_models(offers, opened), closed_models(offers, closed)
    kept = (near.fillna(False) | home.isna() & (country is None)) & (is_open | is_closed)
    side = np.where(is_open, "open", "closed")
    columns = dict.fromkeys((*_COLUMNS, cluster))
    found = offers[list(columns)].assign(side=side)[kept & offers["eci"].notna()]
    return found.sort_values(["price", "model_id", "host"], ignore_index=True)


def _paid(priced: pd.DataFrame, reach: Booleans, drawn: Floats, quantile: float) -> tuple[Floats, Floats]:
    """Log price at a quantile of what is within reach: with all clusters, and with clusters drawn."""
    place, price = priced["place"].to_numpy(), priced["price"].to_numpy(float)
    ascending = np.lexsort((place, price))
    log_price, at = np.log(price[ascending]), place[ascending]
    within = reach[:, at].astype(float)
    plain, resampled = (
        weighted_quantile(log_price, weights, quantile, middle=True)
        for weights in (within, within * drawn[:, at])
    )
    return plain, resampled
