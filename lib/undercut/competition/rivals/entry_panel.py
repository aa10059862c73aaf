"""When did an open rival first come close to each closed model, and what did the model cost before and
after?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.competition.rivals.exposure import RivalRule, exposure, open_rivals, own_closed_offers
from undercut.errors import DataError


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
        :func:`undercut.inference.did.model.staggered`: ``outcome`` (log price in dollars per million
        tokens), ``first_treated`` (missing: no rival so far), ``cluster`` (developer), ``capability``. Of
        several tariffs of a developer for one model the cheapest counts. Models without a capability score
        and free offers are left out; ``attrs["left_out"]`` says how many rows.

    Raises
    ------
    DataError
        No closed model with a score and a price.
    InputError
        An unknown group.

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
    offers = every[every["eci"].notna() & every["price"].gt(0)]
    if offers.empty:
        raise DataError("No closed model has both a capability score and a price; check the quotes.")
    exposed = exposure(offers, open_rivals(quotes), rule=RivalRule(reach=reach), groups=[group])
    entry = exposed[exposed["is_exposed"].eq(True)].groupby("model_id")["period"].min()
    cheapest = offers.sort_values(["price", "host"]).drop_duplicates(["model_id", "period"])
    panel = pd.DataFrame(
        {
            "unit": cheapest["model_id"],
            "period": cheapest["period"],
            "outcome": np.log(cheapest["price"]),
            "first_treated": cheapest["model_id"].map(entry),
            "cluster": cheapest["developer"],
            "capability": cheapest["eci"],
        }
    ).sort_values(["unit", "period"], ignore_index=True)
    panel.attrs = dict(quotes.attrs) | {"left_out": len(every) - len(offers)}
    return panel
