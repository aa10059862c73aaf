"""What becomes of a price with age: how many offers had been cut, and how many withdrawn, by each month?

A cut and a withdrawal compete: an offer that is gone cannot be cut. Cumulative incidence counts each cause
among all offers, where one minus a Kaplan-Meier curve of cuts alone would count cuts that could never come.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.arrays import Floats
from undercut.inference.levels import check_level
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval, sums_by_cluster

CAUSES: Final = ("cut", "withdrawn")


def cumulative_incidence(
    rows: pd.DataFrame,
    *,
    horizon: int = 24,
    cluster: str = "developer",
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Share of offers first cut, and of offers withdrawn uncut, by months since release.

    Parameters
    ----------
    rows : DataFrame
        From `offers_at_risk`; of one group of offers. For the exposed
        and the others, call it on each part: an offer then counts in a part while it belongs there.
    horizon : int
        Last month.
    cluster, draws, level, seed
        Of the bootstrap over clusters.

    Returns
    -------
    DataFrame
        One row a month and cause: ``month, cause, incidence, low, high, at_risk`` (offers at risk in that
        month). Missing from the first month in which nothing is at risk.

    Raises
    ------
    TooFewError
        No row with a known age.

    Notes
    -----
    With :math:`d_{ka}` events of cause k among :math:`n_a` offers at risk at age a,
    :math:`I_k(a) = \sum_{b \le a} S(b - 1) d_{kb} / n_b` and :math:`S(a) = \prod_{b \le a} (1 - \sum_k d_{kb}
    / n_b)`. Offers enter at the age at which they are first seen and leave after their first cut.

    References
    ----------
    Aalen, O. O. and Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains
    based on censored observations. Scandinavian Journal of Statistics 5, 141-150.

    Examples
    --------
    >>> rows = pd.DataFrame({"product": ["a", "a", "b"], "model_id": ["a", "a", "b"],
    ...     "period": ["2025-01", "2025-02", "2025-01"], "age_months": [0.0, 1.0, 0.0],
    ...     "outcome": ["none", "cut", "withdrawn"], "developer": ["A", "A", "B"]})
    >>> found = cumulative_incidence(rows, horizon=1, draws=50)
    >>> found["incidence"].tolist()
    [0.0, 0.5, 0.5, 0.5]
    """
    check_level(level)
    spells = _until_first_event(rows, horizon)
    if spells.empty:
        raise TooFewError("No offer at risk has a known age below the horizon; check release_date.")
    codes, labels = cluster_codes(spells, cluster)
    counts = np.zeros((len(spells), 1 + len(CAUSES), horizon + 1))
    month = spells["month"].to_numpy(int)
    counts[np.arange(len(spells)), 0, month] = 1
    for place, cause in enumerate(CAUSES, start=1):
        counts[np.arange(len(spells)), place, month] = spells["outcome"].eq(cause)
    sums = sums_by_cluster(codes, counts, len(labels))
    weights = multiplicities(len(labels), draws=draws, seed=seed)
    drawn = np.tensordot(weights, sums, axes=1)  # (draws + 1, at risk and causes, months)
    incidence = _aalen_johansen(drawn[:, 0], drawn[:, 1:])
    low, high = percentile_interval(incidence[1:], level=level)
    parts = [
        pd.DataFrame(
            {"month": np.arange(horizon + 1), "cause": cause, "incidence": incidence[0, place],
             "low": low[place], "high": high[place], "at_risk": drawn[0, 0].astype(int)}
        )
        for place, cause in enumerate(CAUSES)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _until_first_event(rows: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Months at risk of each offer up to its first cut or its withdrawal."""
    used = rows[rows["outcome"].ne("censored") & rows["age_months"].notna()].sort_values(
        ["product", "period"]
    )
    is_cut = used["outcome"].eq("cut")
    cut_before = is_cut.groupby(used["product"]).cumsum() - is_cut.astype(int)
    used = used.assign(month=np.floor(used["age_months"]))
    return used[cut_before.eq(0) & used["month"].le(horizon)]


def _aalen_johansen(at_risk: Floats, events: Floats) -> Floats:
    """Cumulative incidence, shape (draws, causes, months); missing once nothing is at risk."""
    with np.errstate(invalid="ignore", divide="ignore"):
        hazard = events / at_risk[:, None]  # (draws, causes, months)
    survival = np.cumprod(1 - hazard.sum(axis=1), axis=1)
    before = np.concatenate([np.ones((len(at_risk), 1)), survival[:, :-1]], axis=1)
    return np.cumsum(before[:, None] * hazard, axis=2)
