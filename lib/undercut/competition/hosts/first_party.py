"""Do other hosts sell a developer's open weights for more or for less than the developer itself?

The weights are the same and the month is the same, so what differs is the seller: its costs, its
jurisdiction, and what buyers pay for either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.hosts.panel import MAINLAND_SITES, host_panel
from undercut.errors import InputError, OutsideDataError
from undercut.inference.levels import check_level
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval, sums_by_cluster
from undercut.result import Axes, Result

if TYPE_CHECKING:
    from undercut.inference.wild_bootstrap import WildBootstrap

Seller = Literal["mean", "median", "lowest"]
#: Fewer clusters than this give no bootstrap interval worth drawing.
MIN_CLUSTERS: Final = 5


class Premium(Result):
    """Log price difference of other hosts over the developer's own site, within model and month.

    Attributes
    ----------
    value, low, high, level : float
        Mean over models and months with its cluster-bootstrap interval, log points.
    by_month : DataFrame
        ``period, premium, low, high, models, developers, offers``; no interval where fewer than five clusters
        stand behind a month.
    cells : DataFrame
        One row a model and month: ``model_id, developer, period, difference, offers``.
    clusters : int
    cluster : str
    """

    value: float
    low: float
    high: float
    level: float
    by_month: pd.DataFrame
    cells: pd.DataFrame
    clusters: int
    cluster: str

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the ratio of prices month by month."""
        from undercut.competition.hosts.charts import premium_over_time

        return premium_over_time(self.by_month, ax=ax)

    def percent(self) -> tuple[float, float, float]:
        """The overall premium and its interval in percent."""
        value, low, high = (100 * float(np.expm1(end)) for end in (self.value, self.low, self.high))
        return value, low, high

    def summary(self) -> str:
        """One line."""
        value, low, high = self.percent()
        return (
            f"{value:+.1f}% ({self.level:.0%} interval {low:+.1f}% to {high:+.1f}%), "
            f"{self.cells['model_id'].nunique()} models, {len(self.cells)} model-months, {self.clusters} "
            f"clusters ({self.cluster})."
        )

    def wild_test(self, cluster: str = "developer", *, draws: int = 9_999, seed: int = 0) -> WildBootstrap:
        """The mean premium with a wild cluster bootstrap, for few developers."""
        from undercut.inference.wild_bootstrap import wild_cluster_bootstrap

        design = pd.DataFrame({"premium": np.ones(len(self.cells))})
        outcome = self.cells["difference"].reset_index(drop=True)
        labels = self.cells[cluster].reset_index(drop=True)
        kind: Any = "webb" if labels.nunique() < 10 else "rademacher"
        return wild_cluster_bootstrap(
            outcome, design, labels, coefficient="premium", draws=draws, weights=kind, seed=seed
        )


def first_party_premium(
    panel: pd.DataFrame,
    *,
    host_countries: Sequence[str] | None = None,
    developer_origins: Sequence[str] | None = None,
    seller: Seller = "mean",
    mainland: bool = False,
    cluster: str = "model_id",
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Premium:
    """Prices of other hosts relative to the developer's own price of the same weights.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.competition.hosts.panel.host_panel`.
    host_countries, developer_origins : sequence of str, optional
        ISO countries of the other hosts' firms and of the developers; default: all.
    seller : {"mean", "median", "lowest"}
        Mean of the log prices of the other hosts, their median, or the cheapest of them. The cheapest of
        several is lower than one price even if none competes.
    mainland : bool
        Compare with the developer's mainland China site instead of its international one.
    cluster : {"model_id", "developer"}
        What the bootstrap draws. Models of one developer share its price policy; few developers make
        wide intervals, see also :meth:`Premium.wild_test`.
    draws, level, seed
        Of the bootstrap.

    Returns
    -------
    Premium

    Raises
    ------
    InputError
        An option is not usable.
    OutsideDataError
        No model is sold by its developer and by such a host in the same month.

    Notes
    -----
    The difference of a model and month is the ``seller`` log price of the other hosts less the developer's
    own (its cheapest site if several). All model-months count alike. Percentile intervals of a bootstrap over
    whole clusters (Cameron, Gelbach and Miller 2008, Review of Economics and Statistics 90).
    """
    if seller not in get_args(Seller) or cluster not in ("model_id", "developer"):
        raise InputError(
            f"seller must be one of {', '.join(get_args(Seller))} and cluster model_id or developer; got "
            f"{seller!r} and {cluster!r}."
        )
    check_level(level)
    cells = premium_cells(panel, host_countries, developer_origins, seller, mainland)
    return summarise_cells(cells, cluster, draws, level, seed)


def jurisdiction_premium(
    panel: pd.DataFrame,
    *,
    seller_country: str = "US",
    developer_origin: str = "CN",
    seller: Seller = "mean",
    mainland: bool = False,
    cluster: str = "model_id",
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Premium:
    """Price of one country's weights at another country's hosts over the developer's own price.

    By default US-hosted prices of Chinese weights over the Chinese developers' own API. Hosts also differ in
    speed, reliability and cost, so this is not by itself what buyers pay to keep data out of a jurisdiction.
    Options as in :func:`first_party_premium`.

    Returns
    -------
    Premium
        ``value`` and ``by_month`` in log points.

    Examples
    --------
    >>> import undercut
    >>> from undercut.competition.hosts.panel import host_panel
    >>> panel = host_panel(undercut.load_prices(), start="2026-06", end="2026-08")
    >>> found = jurisdiction_premium(panel, draws=50)
    >>> list(found.by_month.columns)
    ['period', 'premium', 'low', 'high', 'models', 'developers', 'offers']
    """
    return first_party_premium(
        panel, host_countries=[seller_country], developer_origins=[developer_origin], seller=seller,
        mainland=mainland, cluster=cluster, draws=draws, level=level, seed=seed,
    )  # fmt: skip


def premium_cells(
    panel: pd.DataFrame,
    host_countries: Sequence[str] | None,
    developer_origins: Sequence[str] | None,
    seller: str,
    mainland: bool,
) -> pd.DataFrame:
    """Log price difference of each model and month: ``model_id, period, developer, difference, offers``."""
    rows = panel if developer_origins is None else panel[panel["origin"].isin(list(developer_origins))]
    is_site = rows["is_own"] & rows["host"].isin(MAINLAND_SITES).eq(mainland)
    keys = ["model_id", "period"]
    own = rows[is_site].groupby(keys)["log_price"].min().rename("own")
    others = rows[~rows["is_own"]]
    if host_countries is not None:
        others = others[others["host_country"].isin(list(host_countries))]
    how = {"lowest": "min"}.get(seller, seller)
    theirs = others.groupby(keys).agg(
        other=("log_price", how), offers=("host", "size"), developer=("developer", "first")
    )
    cells = theirs.join(own, how="inner").reset_index()
    if cells.empty:
        raise OutsideDataError("No model is sold by its developer and by such a host in the same month.")
    return cells.assign(difference=cells["other"] - cells["own"])[
        [*keys, "developer", "difference", "offers"]
    ]


def summarise_cells(cells: pd.DataFrame, cluster: str, draws: int, level: float, seed: int) -> Premium:
    """Mean of log price differences, overall and by month, with a bootstrap over whole clusters.

    Parameters
    ----------
    cells : DataFrame
        ``model_id, developer, period, difference, offers``.
    cluster : {"model_id", "developer"}
    draws, level, seed
        Of the bootstrap.
    """
    codes, labels = cluster_codes(cells, cluster)
    months, periods = pd.factorize(cells["period"], sort=True)
    in_month = np.eye(len(periods))[months]  # (cells, months)
    difference = cells["difference"].to_numpy()[:, None]
    counts = multiplicities(len(labels), draws=draws, seed=seed)  # (draws + 1, clusters)
    total = counts @ sums_by_cluster(codes, difference * in_month, len(labels))
    number = counts @ sums_by_cluster(codes, in_month, len(labels))
    with np.errstate(invalid="ignore", divide="ignore"):
        monthly, overall = total / number, total.sum(axis=1) / number.sum(axis=1)
    low, high = percentile_interval(monthly[1:], level=level)
    whole_low, whole_high = percentile_interval(overall[1:, None], level=level)
    by_month = cells.groupby("period").agg(
        models=("model_id", "nunique"), developers=("developer", "nunique"), offers=("offers", "sum"),
        clusters=(cluster, "nunique"),
    )  # fmt: skip
    few = by_month["clusters"].to_numpy() < MIN_CLUSTERS
    by_month = by_month.assign(
        premium=monthly[0], low=np.where(few, np.nan, low), high=np.where(few, np.nan, high)
    ).reset_index()
    is_known = len(labels) >= MIN_CLUSTERS
    ends = (float(whole_low[0]), float(whole_high[0])) if is_known else (np.nan, np.nan)
    columns = ["period", "premium", "low", "high", "models", "developers", "offers"]
    return Premium(float(overall[0]), *ends, level, by_month[columns], cells, len(labels), cluster)


def variant_premium(
    prices: pd.DataFrame,
    panel: pd.DataFrame,
    variant: str,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Premium:
    """Price of an edition over the plain offer of the same model.

    Parameters
    ----------
    prices : DataFrame
        From :func:`undercut.load_prices`.
    panel : DataFrame
        Plain offers, from :func:`undercut.competition.hosts.panel.host_panel`.
    variant : {"quantised", "fast", "regional", "other"}
        As :func:`undercut.competition.hosts.panel.variant_class` tells them apart.
    draws, level, seed
        Of the bootstrap over models.

    Returns
    -------
    Premium
        Mean log difference to the same host's plain offer where it has one, else to the median plain offer of
        the model, in the same month.

    Raises
    ------
    OutsideDataError
        No such offer.
    """
    editions = host_panel(prices, variant=variant)
    same_host = panel.set_index(["model_id", "period", "host"])["log_price"].rename("plain")
    any_host = panel.groupby(["model_id", "period"])["log_price"].median().rename("typical")
    joined = editions.join(same_host, on=["model_id", "period", "host"]).join(
        any_host, on=["model_id", "period"]
    )
    reference = joined["plain"].fillna(joined["typical"])
    known = joined.assign(difference=joined["log_price"] - reference)[reference.notna()]
    cells = known.groupby(["model_id", "period"], as_index=False).agg(
        developer=("developer", "first"), difference=("difference", "mean"), offers=("host", "size")
    )
    return summarise_cells(cells, "model_id", draws, level, seed)
