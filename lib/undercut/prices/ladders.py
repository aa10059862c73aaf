"""Which prices has each vendor asked for its own models, rung by rung, over time?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

import pandas as pd

from undercut.errors import TooFewError
from undercut.prices.cross_section import cross_sections
from undercut.result import Axes, Result

_COLUMNS = ["vendor", "origin", "access", "day", "model_id", "price", "eci", "is_best"]


class PriceLadder(Result):
    """Prices of vendors' own models, sold by themselves.

    Attributes
    ----------
    rungs : DataFrame
        ``vendor, origin, access, day, model_id, price, eci, is_best``; one row a model and day, vendors in
        the order asked for. ``is_best`` marks the most capable model that the vendor then sold.
    options : dict
    """

    rungs: pd.DataFrame
    options: dict[str, Any] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """For each vendor on the last day: own models, lowest and highest price, price of the best."""
        last = self.rungs[self.rungs["day"] == self.rungs["day"].max()]
        best = last[last["is_best"]].drop_duplicates("vendor").set_index("vendor")
        by_vendor = last.groupby("vendor").agg(
            origin=("origin", "first"),
            models=("model_id", "nunique"),
            lowest=("price", "min"),
            highest=("price", "max"),
        )
        table = by_vendor.assign(best_model=best["model_id"], best_price=best["price"])
        return table.sort_values("best_price", ascending=False).reset_index()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the price of each vendor's most capable model over time, and return the axes."""
        from undercut.plots import label_line_ends, origin_color, own_axes, price_axis

        axes, ends, colors = own_axes(ax), {}, {}
        for vendor, own in self.rungs[self.rungs["is_best"]].groupby("vendor"):
            best = own.groupby("day")["price"].min()
            colors[str(vendor)] = origin_color(own["origin"].iloc[0])
            axes.step(best.index, best, where="post", color=colors[str(vendor)])
            ends[str(vendor)] = (best.index[-1], float(best.iloc[-1]))
        return label_line_ends(price_axis(axes), ends, colors)


def price_ladder(
    panel: pd.DataFrame, days: Iterable[pd.Timestamp], *, vendors: Sequence[str], scored_only: bool = False
) -> PriceLadder:
    """Prices of vendors' own models, sold by themselves, on each of several days.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    days : iterable of Timestamp
    vendors : sequence of str
        Developers, as in ``data/reference/models.csv``.
    scored_only : bool
        Leave out models without a capability score.

    Returns
    -------
    PriceLadder

    Raises
    ------
    TooFewError
        None of the vendors sold a model of its own on any of the days.

    Examples
    --------
    >>> import undercut
    >>> prices = undercut.load_prices()
    >>> found = price_ladder(prices, [pd.Timestamp("2025-06-15")], vendors=["OpenAI", "DeepSeek"])
    >>> found.table()["vendor"].tolist()
    ['OpenAI', 'DeepSeek']
    """
    wanted = list(days)
    offers = cross_sections(panel, wanted) if wanted else panel.assign(day=pd.NaT, eci=None, host_kind="")
    own = offers[offers["developer"].isin(vendors) & offers["host_kind"].eq("developer")]
    # A developer that has two sites (China, abroad) is one vendor at its lower price.
    own = own.sort_values(["day", "price"]).drop_duplicates(["day", "developer", "model_id"])
    best = own.groupby(["day", "developer"])["eci"].transform("max")
    rungs = own.rename(columns={"developer": "vendor"}).assign(
        is_best=own["eci"].notna() & own["eci"].eq(best)
    )
    if scored_only:
        rungs = rungs[rungs["eci"].notna()]
    if rungs.empty:
        raise TooFewError(f"None of {', '.join(vendors)} sold a model of its own on these days.")
    order = {vendor: place for place, vendor in enumerate(vendors)}
    ordered = rungs[_COLUMNS].sort_values("vendor", key=lambda names: names.map(order), kind="stable")
    return PriceLadder(ordered.reset_index(drop=True), {"workload": panel.attrs.get("workload")})
