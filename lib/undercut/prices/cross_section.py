"""One price for each offer on a day: what analyses of a moment start from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from undercut.errors import DataError
from undercut.panel.names import split_raw_id
from undercut.panel.store import offered_on
from undercut.sources.reference import load_reference

#: Sellers from whom a buyer can get a price per token for others' or own weights. Routers resell somebody
#: else's offer, flat-fee plans and local runners have no price per token.
SELLER_KINDS = ("developer", "cloud", "host")


def cross_section(
    panel: pd.DataFrame, day: str | date | pd.Timestamp, *, routers: bool = False
) -> pd.DataFrame:
    """Each model at each seller on one day, at one price.

    Regional premia, faster and quantised editions are left out (``variant`` empty). Of several sources for
    one id the news that came last counts (sources that contradict each other were set aside as disputed
    before); of several names under which a seller offers one model, the cheapest.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`, status ``ok``.
    day : date
    routers : bool
        Keep sellers that pass on other sellers' offers.

    Returns
    -------
    DataFrame
        One row a ``host`` and ``model_id``: the panel's columns, ``price``, ``host_kind``,
        ``host_country`` and, from the table of models, ``family``, ``release_date``, ``eci``.

    Raises
    ------
    DataError
        Nothing was on offer on that day.
    """
    offered = offered_on(panel, day)
    offered = offered[
        offered["variant"].fillna("").eq("") & offered["model_id"].notna() & offered["price"].gt(0)
    ]
    hosts = load_reference("hosts").set_index("host")[["kind", "country"]]
    offered = offered.join(hosts.rename(columns={"kind": "host_kind", "country": "host_country"}), on="host")
    kinds = (*SELLER_KINDS, "router") if routers else SELLER_KINDS
    offered = offered[offered["host_kind"].isin(kinds)]
    if offered.empty:
        raise DataError(
            f"No usable offer on {pd.Timestamp(day):%Y-%m-%d}; the panel starts in November 2023."
        )
    slugs = {raw_id: split_raw_id(raw_id).slug for raw_id in offered["raw_id"].unique()}
    named = offered.assign(slug=offered["raw_id"].map(slugs)).sort_values(["first_seen", "source", "raw_id"])
    latest = named.drop_duplicates(["host", "model_id", "slug"], keep="last")
    cheapest = latest.sort_values(["price", "slug"]).drop_duplicates(["host", "model_id"])
    offers = cheapest.drop(columns="slug").sort_values(["host", "model_id"], ignore_index=True)
    return offers.join(model_facts(), on="model_id")


def model_facts() -> pd.DataFrame:
    """Family, release date and capability of each reviewed model, indexed by ``model_id``."""
    from undercut.panel.identity import Identity

    return Identity.load().models[["name", "family", "release_date", "eci", "eci_low", "eci_high"]]


def model_prices(offers: pd.DataFrame, *, at: str = "lowest") -> pd.DataFrame:
    """One price for each model on a day.

    Parameters
    ----------
    offers : DataFrame
        From :func:`cross_section`.
    at : {"lowest", "median", "developer"}
        The cheapest seller, the median seller, or the developer's own price (models that their developer
        does not sell drop out).

    Returns
    -------
    DataFrame
        One row a model with ``price`` and ``sellers``, its number of sellers.
    """
    if at == "developer":
        offers = offers[offers["host_kind"] == "developer"]
    facts = ["developer", "origin", "access", "family", "name", "release_date", "eci", "eci_low", "eci_high"]
    by_model = offers.groupby("model_id")
    price = by_model["price"].median() if at == "median" else by_model["price"].min()
    return by_model[facts].first().assign(price=price, sellers=by_model["host"].nunique()).reset_index()


def count_offers(panel: pd.DataFrame, days: Iterable[str | date | pd.Timestamp]) -> pd.DataFrame:
    """Usable offers by origin and access on each of several days.

    Returns
    -------
    DataFrame
        ``day, origin_group`` (US, CN, other), ``access_group`` (closed, open), ``offers, models, sellers``.
        Offers whose developer is unknown are left out.
    """
    parts = []
    for day in days:
        offers = cross_section(panel, day)
        offers = offers[offers["origin"].notna() & offers["access"].notna()]
        origin = offers["origin"].where(offers["origin"].isin(["US", "CN"]), "other")
        access = offers["access"].where(offers["access"].eq("closed"), "open")
        counted = offers.assign(origin_group=origin, access_group=access, day=pd.Timestamp(day))
        parts.append(
            counted.groupby(["day", "origin_group", "access_group"], as_index=False).agg(
                offers=("price", "size"), models=("model_id", "nunique"), sellers=("host", "nunique")
            )
        )
    return pd.concat(parts, ignore_index=True)
