"""What did each release of an open model change in the exposure of the closed models on offer that day?"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.rivals.exposure import (
    RivalRule,
    exposure,
    open_rivals,
    own_closed_offers,
    quotes_on_days,
)
from undercut.errors import DataError
from undercut.prices.cross_section import SELLER_KINDS, model_facts
from undercut.sources.reference import load_reference

#: An offer first seen later than this after the release tells of the sources' coverage, not of an entry.
MAX_LAG_DAYS: Final = 45
FIRST_DAY: Final = "2023-12-15"
#: Releases nearer to another than this cannot be told apart from it.
CLUSTER_DAYS: Final = 14


def first_offers(panel: pd.DataFrame, *, rule: RivalRule | None = None) -> pd.DataFrame:
    """The day on which each open model with a score was first on offer, by a seller that counts.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`, status ``ok``.
    rule : RivalRule, optional
        Which licence classes count.

    Returns
    -------
    DataFrame
        ``model_id, developer, origin, eci, release_date, day``, ``lag_days`` from release to first offer and
        ``is_entry``: first seen within :data:`MAX_LAG_DAYS` of the release.
    """
    rule = rule or RivalRule()
    kinds = load_reference("hosts").set_index("host")["kind"]
    usable = panel["access"].isin(rule.accesses) & panel["variant"].fillna("").eq("") & panel["price"].gt(0)
    # Routers pass on others' offers and are left out of cross-sections.
    usable &= panel["host"].map(kinds).isin(SELLER_KINDS)
    by_model = panel[usable & panel["model_id"].notna()].groupby("model_id")
    found = by_model.agg(developer=("developer", "first"), origin=("origin", "first"))
    found["day"] = by_model["valid_from"].min()
    found = found.join(model_facts()[["eci", "release_date"]])
    found = found[found["eci"].notna()].reset_index()
    found["lag_days"] = (found["day"] - found["release_date"]).dt.days
    # A source that states effective days may give the announcement's own day, or the eve of it.
    found["is_entry"] = found["lag_days"].between(-2, MAX_LAG_DAYS)
    return found.sort_values(["day", "model_id"], ignore_index=True)


def release_shocks(
    panel: pd.DataFrame, *, rule: RivalRule | None = None, group: str = "any", start: str = FIRST_DAY
) -> pd.DataFrame:
    """Change of exposure from the day before to the day of each first offer of an open model.

    Parameters
    ----------
    panel : DataFrame
    rule : RivalRule, optional
    group : {"any", "CN", "other"}
        Whose models count as releases and as rivals.
    start : str
        First day; the panel knows of too few offers before December 2023.

    Returns
    -------
    DataFrame
        One row a day (models of one day are one event): ``day, models, developers, best_eci``; closed
        ``offers`` with a score on sale on both days; ``closer`` (closeness rose), ``newly_exposed`` and
        ``undercut_further`` (the cheapest rival within reach became cheaper by more than 1%), as counts;
        ``closeness_change``, the mean over the offers; ``days_to_nearest`` other release and ``is_isolated``:
        none within :data:`CLUSTER_DAYS`. About 0.2 s a release.

    Raises
    ------
    DataError
        No first offer within the period.
    """
    rule = rule or RivalRule()
    entries = first_offers(panel, rule=rule)
    entries = entries[entries["is_entry"]]
    if group != "any":
        entries = entries[entries["origin"].eq("CN") == (group == "CN")]
    entries = entries[entries["day"].ge(pd.Timestamp(start))]
    if entries.empty:
        raise DataError(f"No open model of group {group!r} was first offered in this period.")
    told = [_one_event(panel, day, models, rule, group) for day, models in entries.groupby("day")]
    found = pd.DataFrame(told)
    gaps = found["day"].diff().dt.days
    found["days_to_nearest"] = np.fmin(gaps, gaps.shift(-1))
    found["is_isolated"] = ~(found["days_to_nearest"] < CLUSTER_DAYS)
    return found


def _one_event(
    panel: pd.DataFrame, day: pd.Timestamp, models: pd.DataFrame, rule: RivalRule, group: str
) -> dict[str, Any]:
    quotes = quotes_on_days(panel, [day - pd.Timedelta(days=1), day])
    found = exposure(own_closed_offers(quotes), open_rivals(quotes), rule=rule, groups=[group])
    found = found[found["why_not"].eq("")].sort_values("observed_on")
    both = found[found["product"].duplicated(keep=False)].set_index("product")
    before, after = both[both["observed_on"].lt(day)], both[both["observed_on"].eq(day)]
    before = before.loc[after.index]
    step = after["closeness"] - before["closeness"]
    cheaper = np.log(after["reach_price"] / before["reach_price"]) < -np.log1p(0.01)
    return {
        "day": day,
        "models": ", ".join(models["model_id"]),
        "developers": ", ".join(sorted(set(models["developer"]))),
        "best_eci": float(models["eci"].max()),
        "offers": len(after),
        "closer": int((step > 1e-9).sum()),
        "newly_exposed": int((after["is_exposed"] & ~before["is_exposed"]).sum()),
        "undercut_further": int(cheaper.sum()),
        "closeness_change": float(step.mean()) if len(step) else float("nan"),
    }
