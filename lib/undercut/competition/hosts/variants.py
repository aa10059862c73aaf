"""What do quantised, faster and regional editions of the same weights cost?"""

from __future__ import annotations

import pandas as pd

from undercut.competition.hosts.first_party import Premium, summarise_cells
from undercut.competition.hosts.panel import host_panel


def variant_premium(
    prices: pd.DataFrame,
    panel: pd.DataFrame,
    variant: str,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Premium:
    """Price of an edition over the plain offer of the same model.

    Parameters
    ----------
    prices : DataFrame
        From :func:`undercut.load_prices`.
    panel : DataFrame
        Plain offers, from :func:`undercut.competition.hosts.panel.host_panel`.
    variant : {"quantised", "fast", "regional", "other"}
        As :func:`undercut.competition.hosts.panel.variant_class` tells them apart.
    draws, level, seed
        Of the bootstrap over models.

    Returns
    -------
    Premium
        Mean log difference to the same host's plain offer where it has one, else to the median plain offer of
        the model, in the same month.

    Raises
    ------
    OutsideDataError
        No such offer.
    """
    editions = host_panel(prices, variant=variant)
    same_host = panel.set_index(["model_id", "period", "host"])["log_price"].rename("plain")
    any_host = panel.groupby(["model_id", "period"])["log_price"].median().rename("typical")
    joined = editions.join(same_host, on=["model_id", "period", "host"]).join(
        any_host, on=["model_id", "period"]
    )
    reference = joined["plain"].fillna(joined["typical"])
    known = joined.assign(difference=joined["log_price"] - reference)[reference.notna()]
    cells = known.groupby(["model_id", "period"], as_index=False).agg(
        developer=("developer", "first"), difference=("difference", "mean"), offers=("host", "size")
    )
    return summarise_cells(cells, "model_id", draws, level, seed)
