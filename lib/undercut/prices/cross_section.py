"""One price for each offer on a day: what analyses of a moment start from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from undercut.errors import OutsideDataError
from undercut.panel.measures import DEFAULT, capability_scores, once_a_measure
from undercut.panel.names import split_raw_id
from undercut.sources.reference import load_reference

#: Sellers from whom a buyer can get a price per token for others' or own weights. Routers resell somebody
#: else's offer, flat-fee plans and local runners have no price per token.
SELLER_KINDS = ("developer", "cloud", "host")
#: What is true of a model at every seller.
MODEL_FACTS = (
    "developer", "origin", "access", "family", "name", "release_date", "eci", "eci_low", "eci_high",
)  # fmt: skip


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
        ``host_country`` and, from the table of models, ``family``, ``release_date``; ``eci``, the score by
        the panel's measure of capability.

    Raises
    ------
    OutsideDataError
        Nothing was on offer on that day.

    Examples
    --------
    >>> import undercut
    >>> offers = cross_section(undercut.load_prices(), "2025-06-15")
    >>> bool(offers.duplicated(["host", "model_id"]).any())
    False
    """
    return cross_sections(panel, [day], routers=routers).drop(columns="day")


def cross_sections(
    panel: pd.DataFrame, days: Iterable[str | date | pd.Timestamp], *, routers: bool = False
) -> pd.DataFrame:
    """`cross_section` of each of several days, one below the other, with the column ``day``.

    Raises
    ------
    OutsideDataError
        Nothing was on offer on one of the days; it is named.
    """
    wanted = [pd.Timestamp(day) for day in days]
    offers = offers_of_days(panel, wanted, routers=routers)
    empty = set(wanted) - set(offers["day"])
    if empty:
        raise OutsideDataError(
            f"No usable offer on {min(empty):%Y-%m-%d}; the panel starts in November 2023."
        )
    return offers


def offers_of_days(
    panel: pd.DataFrame, days: Sequence[pd.Timestamp], *, routers: bool = False
) -> pd.DataFrame:
    """`cross_sections` that leaves out days without an offer."""
    sellable = Sellable(panel, routers=routers)
    rows = [sellable.on(day) for day in days]
    return sellable.offers(rows).assign(day=np.repeat(pd.DatetimeIndex(days), [len(found) for found in rows]))


class Sellable:
    """The offers of a panel that analyses look at, sorted and coded once for any number of days."""

    def __init__(self, panel: pd.DataFrame, *, routers: bool = False) -> None:
        hosts = load_reference("hosts").set_index("host")[["kind", "country"]]
        kinds = (*SELLER_KINDS, "router") if routers else SELLER_KINDS
        usable = (
            panel["variant"].fillna("").eq("")
            & panel["model_id"].notna()
            & panel["price"].gt(0)
            & panel["host"].isin(hosts.index[hosts["kind"].isin(kinds)])
        )
        self._panel, self._attrs = panel.set_axis(panel.columns, axis=1), dict(panel.attrs)
        self._panel.attrs = {}  # provenance would be copied at every step
        self._hosts = hosts.rename(columns={"kind": "host_kind", "country": "host_country"})
        self._facts = model_facts(panel.attrs.get("measure", DEFAULT))
        news = ["first_seen", "source", "raw_id"]
        plain = panel[[*news, "host", "model_id", "price", "valid_from", "valid_to"]].reset_index(drop=True)
        plain.attrs = {}
        frame = plain[usable.to_numpy(bool)].sort_values(news)
        self._row = frame.index.to_numpy()
        host, model = (pd.factorize(frame[column], sort=True)[0] for column in ("host", "model_id"))
        self._slug = pd.factorize(frame["raw_id"].map(slug_of), sort=True)[0]
        self._product = host * (model.max(initial=0) + 1) + model
        self._name = self._product * (self._slug.max(initial=0) + 1) + self._slug
        self._price = frame["price"].to_numpy(float)
        self._from, self._to = frame["valid_from"].to_numpy(), frame["valid_to"].to_numpy()

    def on(self, day: pd.Timestamp) -> npt.NDArray[np.int64]:
        """Positions of the offers of a day, by host and model; none where nothing was on offer."""
        moment = np.datetime64(day.normalize())
        rows = np.flatnonzero((self._from <= moment) & ~(self._to <= moment))
        # The frame is in the order of news: the last row of a name holds.
        latest = rows[::-1][np.unique(self._name[rows[::-1]], return_index=True)[1]]
        ascending = latest[np.lexsort((self._slug[latest], self._price[latest], self._product[latest]))]
        return ascending[np.unique(self._product[ascending], return_index=True)[1]]

    def offers(self, rows: Sequence[npt.NDArray[np.int64]]) -> pd.DataFrame:
        """The offers at these positions."""
        found = self._panel.iloc[self._row[np.concatenate(rows)]].reset_index(drop=True)
        found = found.join(self._hosts, on="host").join(self._facts, on="model_id")
        found.attrs = dict(self._attrs)
        return found


@cache
def slug_of(raw_id: str) -> str:
    """The plain name in a raw id."""
    return split_raw_id(raw_id).slug


@once_a_measure
def model_facts(measure: str = DEFAULT) -> pd.DataFrame:
    """Name, family, release date and capability of each reviewed model, indexed by ``model_id``."""
    scores = capability_scores(measure).dropna(subset=["model_id"]).set_index("model_id")
    models = load_reference("models").set_index("model_id")[["name", "family", "release_date"]]
    return models.join(scores[["eci", "eci_low", "eci_high"]])


def model_prices(
    offers: pd.DataFrame, *, at: str = "lowest", by: Sequence[str] = ("model_id",)
) -> pd.DataFrame:
    """One price for each model on a day.

    Parameters
    ----------
    offers : DataFrame
        From :func:`cross_section`.
    at : {"lowest", "median", "developer"}
        The cheapest seller, the median seller, or the developer's own price (models that their developer
        does not sell drop out).
    by : sequence of str
        Columns of what has one price: the model, or day and model.

    Returns
    -------
    DataFrame
        One row a model with ``price`` and ``sellers``, its number of sellers.
    """
    if at == "developer":
        offers = offers[offers["host_kind"] == "developer"]
    by_model = offers.groupby(list(by))
    price = by_model["price"].median() if at == "median" else by_model["price"].min()
    return (
        by_model[list(MODEL_FACTS)]
        .first()
        .assign(price=price, sellers=by_model["host"].nunique())
        .reset_index()
    )


def count_offers(panel: pd.DataFrame, days: Iterable[str | date | pd.Timestamp]) -> pd.DataFrame:
    """Usable offers by origin and access on each of several days.

    Returns
    -------
    DataFrame
        ``day, origin_group`` (US, CN, other), ``access_group`` (closed, open), ``offers, models, sellers``.
        Offers whose developer is unknown are left out.
    """
    offers = cross_sections(panel, days)
    offers = offers[offers["origin"].notna() & offers["access"].notna()]
    groups = {
        "origin_group": offers["origin"].where(offers["origin"].isin(["US", "CN"]), "other"),
        "access_group": offers["access"].where(offers["access"].eq("closed"), "open"),
    }
    by_group = offers.assign(**groups).groupby(["day", *groups], as_index=False)
    return by_group.agg(offers=("price", "size"), models=("model_id", "nunique"), sellers=("host", "nunique"))
