"""Which steps of a price series are changes of price? Quotes that move only where an offer's price did.

A published table steps for other reasons too: a wrong number is mended, an error comes in, another source
takes over. The verdicts of `undercut.load_changes` tell them apart; here they decide what an index sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
import pandas as pd

from undercut.errors import InputError, one_of
from undercut.panel.changes import load_changes
from undercut.prices.workloads import Workload, find_workload

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
