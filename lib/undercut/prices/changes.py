"""Which steps of a price series are changes of price, which list prices really moved, whose, and when?

A published table steps for other reasons too: a wrong number is mended, an error comes in, another source
takes over. The verdicts of `undercut.load_changes` tell them apart; with `count_changes` they decide what an
index sees. An own change is one of the same model, sold by its own developer, from one month's observation
day to the next. New models at other prices are not changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
import pandas as pd

from undercut.errors import InputError, TooFewError, one_of
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval, sums_by_cluster
from undercut.panel.changes import load_changes
from undercut.prices.workloads import Workload, find_workload

#: Smaller moves are rounding between sources.
MIN_CHANGE = 0.01
Counted = Literal["real", "real_and_unknown"]
#: Verdicts that each way of counting takes for a change of price.
COUNTED: Final[Mapping[Counted, tuple[str, ...]]] = {
    "real": ("real",),
    "real_and_unknown": ("real", "unknown"),
}
_NEEDED: Final = ("product", "host", "model_id", "observed_on", "price", "input", "output")
_SIDES: Final = ("before", "after")


def count_changes(
    quotes: pd.DataFrame, changes: Counted = "real", *, table: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Monthly quotes whose prices move only where the price of the offer changed.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.monthly_quotes`.
    changes : {"real", "real_and_unknown"}
        Which verdicts count as changes of price. Corrections and switches of source never do. The truth lies
        between the two.
    table : DataFrame, optional
        Changes as :func:`undercut.load_changes` gives them; by default those that were known on the day of
        the panel behind the quotes.

    Returns
    -------
    DataFrame
        The quotes with another ``price``: that of a product's last month stays, and earlier ones differ from
        it by the changes in between. A change counts on the day on which it happened, or, where that day is
        not known or the offer was not yet listed, on the day on which the source showed it.

    Raises
    ------
    InputError
        No such way of counting, or quotes that do not come from ``monthly_quotes``.

    Examples
    --------
    >>> import undercut as uc
    >>> quotes = uc.monthly_quotes(uc.load_prices(), start="2025-05", end="2025-08")
    >>> o3 = uc.prices.count_changes(quotes).query("product == 'openai/o3'")
    >>> o3["price"].round(2).tolist()
    [17.5, 3.5, 3.5, 3.5]
    """
    one_of("changes", changes, COUNTED)
    if missing := [name for name in _NEEDED if name not in quotes]:
        raise InputError(
            f"changes={changes!r} needs quotes from undercut.monthly_quotes; these lack {', '.join(missing)}."
        )
    known = load_changes(quotes.attrs.get("as_of")) if table is None else table
    counted = known[known["verdict"].isin(COUNTED[changes]) & known["variant"].fillna("").eq("")]
    ordered = quotes.sort_values(["product", "observed_on"])
    steps = _dated(counted, ordered)
    workload = find_workload(quotes.attrs.get("workload", "chat"))
    priced = {side: _priced(steps, ordered, side, workload) for side in _SIDES}
    steps = steps.assign(log_change=np.log(priced["after"] / priced["before"]))
    # What changed after each quote, up to the product's last one.
    moments = pd.concat(
        [ordered[["product"]].assign(day=ordered["observed_on"], place=ordered.index, log_change=0.0), steps]
    ).sort_values(["product", "day"], kind="stable")
    so_far = moments.groupby("product")["log_change"].cumsum()
    # A change on the day of a quote is in its price.
    so_far = so_far.groupby([moments["product"], moments["day"]]).transform("last")
    at_quote = so_far[moments["place"].notna()].set_axis(moments["place"].dropna().astype(int))
    product = ordered["product"]
    to_last = at_quote.groupby(product).transform("last") - at_quote
    last = ordered.groupby("product")["price"].transform("last")
    return quotes.assign(price=(last * np.exp(-to_last)).reindex(quotes.index))


def _dated(changes: pd.DataFrame, ordered: pd.DataFrame) -> pd.DataFrame:
    """Changes of quoted products within the months in which they are quoted, one row a change and day."""
    days = ordered.groupby("product")["observed_on"].agg(["min", "max"])
    found = changes.assign(product=changes["host"] + "/" + changes["model_id"]).join(
        days, on="product", how="inner"
    )
    happened = found["changed_on"].fillna(found["shown_on"])
    day = happened.where(happened > found["min"], found["shown_on"])
    found = found.assign(day=day)[(day > found["min"]) & (day <= found["max"])]
    # Two sources may show one change months apart.
    return found.drop_duplicates(["product", "day", "input_after", "output_after"])


def _priced(steps: pd.DataFrame, ordered: pd.DataFrame, side: str, workload: Workload) -> pd.Series:
    """The workload's price before or after; parts that no change names move with input and output."""
    last = ordered.drop_duplicates("product", keep="last").set_index("product").reindex(steps["product"])
    last = last.set_axis(steps.index)
    tariff = pd.DataFrame({part: steps[f"{part}_{side}"] for part in ("input", "output")})
    for part in ("cache_read", "batch_input", "batch_output"):
        base = "output" if part.endswith("output") else "input"
        tariff[part] = (last[part] / last[base] * tariff[base]) if part in last else np.nan
    return workload.price(tariff)


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
