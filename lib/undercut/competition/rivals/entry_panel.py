"""When did an open rival first come close to each closed model, and what did the model cost before and
after?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.competition.rivals.exposure import RivalRule, open_rivals, own_closed_offers, placed
from undercut.competition.rivals.price_cuts import UNSETTLED, real_changes
from undercut.competition.rivals.releases import release_months
from undercut.errors import TooFewError
from undercut.inference.did.data import as_number
from undercut.inference.did.results import AdoptionFit
from undercut.inference.did.stacked_dose import stacked_dose
from undercut.prices.changes import MIN_CHANGE


def entry_panel(quotes: pd.DataFrame, *, reach: float = 5.0, group: str = "any") -> pd.DataFrame:
    """Monthly prices of closed models at their own developers, with the month of an open rival's entry.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`.
    reach : float
        Points of capability by which an open model may lie behind and count as a rival: entry is the first
        month in which one does.
    group : str
        Whose open models count: ``any``, ``CN`` or ``other``.

    Returns
    -------
    DataFrame
        One row a ``unit`` (model) and ``period`` (month), ready for
        :func:`undercut.inference.did.model.staggered_adoption`: ``outcome`` (log price in dollars per million
        tokens), ``first_treated`` (missing: no rival so far), ``cluster`` (developer), ``capability``. Of
        several tariffs of a developer for one model the cheapest counts. Models without a capability score
        and free offers are left out; ``attrs["left_out"]`` says how many rows.

    Raises
    ------
    TooFewError
        No closed model with a score and a price.

    Notes
    -----
    A model that has an open rival from its first month on says nothing about entry; the estimators leave it
    out and say so. Of the capable models most are like that when ``reach`` is large.

    Examples
    --------
    >>> import undercut
    >>> from undercut.prices.monthly_quotes import monthly_quotes
    >>> quotes = monthly_quotes(undercut.load_prices(), start="2024-10", end="2025-03")
    >>> panel = entry_panel(quotes, reach=3.0)
    >>> bool(panel.duplicated(["unit", "period"]).any()), panel["cluster"].nunique() > 2
    (False, True)
    """
    every = own_closed_offers(quotes)
    found = entry_panel_of(every, open_rivals(quotes), reach=reach, group=group)
    left_out = len(every) - int((every["eci"].notna() & every["price"].gt(0)).sum())
    found.attrs = dict(quotes.attrs) | {"left_out": left_out}
    return found


def entry_panel_of(
    offers: pd.DataFrame, rivals: pd.DataFrame, *, reach: float, group: str = "any"
) -> pd.DataFrame:
    """`entry_panel` of offers and rivals that are at hand already."""
    offers = _cheapest(offers)
    at = placed(offers, rivals, RivalRule(reach=reach), group)
    reached = offers.loc[at.in_reach > 0, ["model_id", "period"]].sort_values("period")
    entry = reached.drop_duplicates("model_id").set_index("model_id")["period"]
    panel = _panel(offers).assign(capability=offers["eci"], first_treated=offers["model_id"].map(entry))
    columns = ["unit", "period", "cluster", "capability", "outcome", "first_treated"]
    return panel[columns].sort_values(["unit", "period"], ignore_index=True)


def dose_panel(quotes: pd.DataFrame, *, reach: float = 4.0, group: str = "any") -> pd.DataFrame:
    """Monthly log price and closeness of closed models, for `stacked_dose`.

    Returns
    -------
    DataFrame
        ``unit, period, outcome, dose, cluster``: the cheapest own offer of each scored closed model.
    """
    return dose_panel_of(own_closed_offers(quotes), open_rivals(quotes), reach=reach, group=group)


def dose_panel_of(
    offers: pd.DataFrame, rivals: pd.DataFrame, *, reach: float, group: str = "any"
) -> pd.DataFrame:
    """`dose_panel` of offers and rivals that are at hand already."""
    offers = _cheapest(offers)
    at = placed(offers, rivals, RivalRule(reach=reach, width=2 * reach), group)
    return _panel(offers).assign(dose=at.closeness)


def price_response(
    quotes: pd.DataFrame,
    releases: pd.DataFrame,
    *,
    reach: float = 4.0,
    lags: int = 3,
    min_gap: int = 1,
    level: float = 0.95,
) -> AdoptionFit:
    """The change of log list prices for one unit of closeness that a release brought.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`settled_quotes`.
    releases : DataFrame
        From :func:`undercut.competition.rivals.releases.first_offers`.
    reach : float
        Closeness runs from zero at twice this distance to one.
    lags, min_gap, level
        As in :func:`undercut.inference.did.stacked_dose.stacked_dose`, which this calls.

    Returns
    -------
    AdoptionFit
    """
    frame, months = dose_panel(quotes, reach=reach), release_months(releases)
    return stacked_dose(frame, months, leads=2, lags=lags, min_gap=min_gap, level=level)


def settled_quotes(quotes: pd.DataFrame) -> pd.DataFrame:
    """Quotes in which closed models at their developers change price by real changes only.

    A price listed wrongly at launch becomes the corrected one, one that is undone soon after never was, and a
    change across months without a listing was not observed: the rules of
    :func:`undercut.competition.rivals.price_cuts.real_changes`, which the hazard of cuts follows too.

    Returns
    -------
    DataFrame
        ``quotes`` with other prices; ``attrs["settled"]``: how many prices differ from those listed.
    """
    changes = real_changes(quotes)
    steps = changes[changes["correction"].eq("")].set_index(["product", "period"])["log_change"]
    at_launch = changes[changes["correction"].eq(UNSETTLED)].groupby("product")["log_change"].first()
    own = quotes[quotes["host_kind"].eq("developer") & quotes["access"].eq("closed")].sort_values("period")
    product = own["product"]
    first = np.log(own["price"]).groupby(product).transform("first")
    first += product.map(at_launch).astype(float).fillna(0.0)
    step = pd.MultiIndex.from_frame(own[["product", "period"]]).map(steps)
    moved = pd.Series(step, index=own.index, dtype=float).fillna(0.0).groupby(product).cumsum()
    settled = np.exp(first + moved).reindex(quotes.index).fillna(quotes["price"])
    found = quotes.assign(price=settled)
    differs = np.abs(np.log(settled / quotes["price"])) > np.log1p(MIN_CHANGE)
    found.attrs = dict(quotes.attrs) | {"settled": int(differs.sum())}
    return found


def prices_after_entry(frame: pd.DataFrame, *, lags: int = 6) -> pd.DataFrame:
    """What each model with an entry cost before and how much it changed, no comparison and no estimator.

    Returns
    -------
    DataFrame
        One row a model seen in the month before entry and after: ``unit, cluster, entry`` (month),
        ``change`` (log, from the month before entry to its last observation within ``lags`` months after).
    """
    month, entry = as_number(frame["period"]), as_number(frame["first_treated"])
    rows = frame.assign(since=month - entry)
    before = rows[rows["since"].eq(-1)].set_index("unit")
    later = rows[rows["since"].between(0, lags)].sort_values("since").drop_duplicates("unit", keep="last")
    both = before.join(later.set_index("unit")[["outcome"]], rsuffix="_after", how="inner")
    found = both.assign(change=both["outcome_after"] - both["outcome"], entry=both["first_treated"])
    return found.reset_index()[["unit", "cluster", "entry", "change"]]


def _panel(offers: pd.DataFrame) -> pd.DataFrame:
    """Models and months under the names of the estimators: ``unit, period, cluster, outcome``."""
    columns = {"model_id": "unit", "period": "period", "developer": "cluster"}
    return offers[list(columns)].rename(columns=columns).assign(outcome=np.log(offers["price"].astype(float)))


def _cheapest(every: pd.DataFrame) -> pd.DataFrame:
    """The cheapest tariff of each scored model and month."""
    offers = every[every["eci"].notna() & every["price"].gt(0)]
    if offers.empty:
        raise TooFewError("No closed model has both a capability score and a price; check the quotes.")
    return offers.sort_values(["price", "host"]).drop_duplicates(["model_id", "period"])
