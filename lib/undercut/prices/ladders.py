"""Which prices has each vendor asked for its own models, rung by rung, over time?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from undercut.errors import DataError
from undercut.prices.cross_section import cross_section


def price_ladder(
    panel: pd.DataFrame, days: Iterable[pd.Timestamp], *, vendors: Sequence[str]
) -> pd.DataFrame:
    """Prices of vendors' own models, sold by themselves, on each of several days.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    days : iterable of Timestamp
    vendors : sequence of str
        Developers, as in ``data/reference/models.csv``.

    Returns
    -------
    DataFrame
        ``vendor, origin, access, day, model_id, price, eci, is_best``; one row a model and day. ``is_best``
        marks the model of highest capability that the vendor then sold.

    Raises
    ------
    DataError
        None of the vendors sold a model of its own on any of the days.
    """
    rungs = []
    for day in days:
        offers = cross_section(panel, day)
        own = offers[offers["developer"].isin(vendors) & offers["host_kind"].eq("developer")]
        # A developer that has two sites (China, abroad) is one vendor at its lower price.
        own = own.sort_values("price").drop_duplicates(["developer", "model_id"])
        own = own.rename(columns={"developer": "vendor"}).assign(day=pd.Timestamp(day))
        best = own.groupby("vendor")["eci"].transform("max")
        rungs.append(own.assign(is_best=own["eci"].notna() & own["eci"].eq(best)))
    columns = ["vendor", "origin", "access", "day", "model_id", "price", "eci", "is_best"]
    ladder = pd.concat(rungs, ignore_index=True)[columns] if rungs else pd.DataFrame(columns=columns)
    if ladder.empty:
        raise DataError(f"None of {', '.join(vendors)} sold a model of its own on these days.")
    return ladder


def range_of_own_prices(ladder: pd.DataFrame) -> pd.DataFrame:
    """For each vendor on the last day: number of own models, lowest and highest price, price of the best."""
    last = ladder[ladder["day"] == ladder["day"].max()]
    best = last[last["is_best"]].drop_duplicates("vendor").set_index("vendor")
    table = last.groupby("vendor").agg(
        origin=("origin", "first"),
        models=("model_id", "nunique"),
        lowest=("price", "min"),
        highest=("price", "max"),
    )
    table["best_model"] = best["model_id"]
    table["best_price"] = best["price"]
    return table.sort_values("best_price", ascending=False).reset_index()
