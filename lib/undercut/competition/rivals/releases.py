"""When was each open model first on offer?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from undercut.competition.rivals.exposure import RivalRule
from undercut.prices.cross_section import SELLER_KINDS, model_facts
from undercut.sources.reference import load_reference

#: An offer first seen later than this after the release tells of the sources' coverage, not of an entry.
MAX_LAG_DAYS: Final = 45
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


def release_months(releases: pd.DataFrame) -> list[str]:
    """The months whose observation, on the 15th, is the first that can show each release."""
    days = releases.loc[releases["is_entry"], "day"]
    months = (days - pd.Timedelta(days=15)).dt.to_period("M") + 1
    return sorted(months.astype(str).unique())
