"""Which list prices really moved, up or down, whose, and when?

A change is a change of one product's own price: the same model, sold by its own developer, from one
month's observation day to the next. New models at other prices are not changes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval, sums_by_cluster

#: Smaller moves are rounding between sources.
MIN_CHANGE = 0.01


def own_price_changes(quotes: pd.DataFrame) -> pd.DataFrame:
    """Month-to-month changes of developers' own prices.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes.

    Returns
    -------
    DataFrame
        One row a change of more than one percent: ``period, developer, origin, group, model_id, host,
        before, after, log_change``.
    """
    own = _own_with_previous(quotes)
    changed = own[own["log_change"].abs() > np.log1p(MIN_CHANGE)]
    columns = ["period", "developer", "origin", "group", "model_id", "host", "before", "price", "log_change"]
    return changed[columns].rename(columns={"price": "after"}).reset_index(drop=True)


def changes_by_year(
    quotes: pd.DataFrame, *, draws: int = 1000, seed: int = 0, confidence: float = 0.95
) -> pd.DataFrame:
    """Rises and cuts of developers' own prices by year and country of the developer.

    Returns
    -------
    DataFrame
        ``year, origin`` (US, CN, other), ``offer_months`` at risk, ``rises, cuts, developers`` that changed a
        price, and ``drift``: the mean log change per offer and year (0 where nothing moves), with ``low`` and
        ``high`` from a bootstrap over developers.
    """
    own = _own_with_previous(quotes)
    own["year"] = own["period"].str[:4]
    own["origin"] = own["origin"].where(own["origin"].isin(["US", "CN"]), "other")
    rows = []
    for (year, origin), group in own.groupby(["year", "origin"]):
        moved = group["log_change"].abs() > np.log1p(MIN_CHANGE)
        step = group["log_change"].where(moved, 0.0).to_numpy()
        codes, labels = cluster_codes(group, "developer")
        counts = multiplicities(len(labels), draws=draws, seed=seed)
        sums = sums_by_cluster(codes, np.column_stack([step, np.ones(len(step))]), len(labels))
        drawn = counts @ sums
        with np.errstate(invalid="ignore", divide="ignore"):
            drift = 12 * drawn[:, 0] / drawn[:, 1]
        low, high = percentile_interval(drift[1:, None], level=confidence)
        rows.append(
            {
                "year": year, "origin": origin, "offer_months": len(group),
                "rises": int((moved & (group["log_change"] > 0)).sum()),
                "cuts": int((moved & (group["log_change"] < 0)).sum()),
                "developers": int(group.loc[moved, "developer"].nunique()),
                "drift": float(drift[0]), "low": float(low[0]), "high": float(high[0]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def own_price_index(quotes: pd.DataFrame, group: str) -> pd.Series:
    """Log of the chained Jevons index of developers' own prices of models already on sale.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes.
    group : str
        As in the column ``group``: ``"US closed"``, ``"CN open"``, ...

    Returns
    -------
    Series
        By month, 0 before the first change that could be seen; moves under one percent count as none.

    Raises
    ------
    TooFewError
        No offer of the group is seen in two consecutive months.
    """
    own = _own_with_previous(quotes[quotes["group"] == group])
    if own.empty:
        raise TooFewError(f"No own offer of the group {group!r} is seen in two consecutive months.")
    step = own["log_change"].where(own["log_change"].abs() > np.log1p(MIN_CHANGE), 0.0)
    return step.groupby(own["period"]).mean().cumsum().rename("log_index")


def with_previous(quotes: pd.DataFrame) -> pd.DataFrame:
    """Offers that were on sale in the month before too, with that month's price ``before``."""
    ordered = quotes.assign(month=pd.PeriodIndex(quotes["period"], freq="M").asi8)
    ordered = ordered.sort_values(["product", "month"])
    product = ordered.groupby("product")
    ordered["before"] = product["price"].shift().where(product["month"].diff().eq(1))
    ordered = ordered[ordered["before"].notna()]
    return ordered.assign(log_change=np.log(ordered["price"] / ordered["before"]))


def _own_with_previous(quotes: pd.DataFrame) -> pd.DataFrame:
    return with_previous(quotes[quotes["host_kind"].eq("developer") & quotes["developer"].notna()])
