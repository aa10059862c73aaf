"""How much cheaper are Chinese open models than US closed ones of the same capability?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from undercut.errors import DataError
from undercut.prices.cross_section import cross_section, model_prices

#: Fewer models than this on either side say nothing.
MIN_MODELS = 5


@dataclass(frozen=True, slots=True)
class CapabilityGap:
    """Price of one group relative to another at equal capability.

    Attributes
    ----------
    gap : float
        Relative difference: -0.9 means ninety percent cheaper.
    low, high : float
        Ends of the bootstrap percentile interval.
    level : float
    slope : float
        Rise of the log price per point of the capability index.
    n_group, n_reference, clusters : int
        Models on either side, and clusters drawn by the bootstrap.
    support : tuple of float
        Range of capability where both groups have models; the comparison is confined to it.
    models : DataFrame
        The models compared, with ``log_price`` and ``is_group``.
    """

    gap: float
    low: float
    high: float
    level: float
    slope: float
    n_group: int
    n_reference: int
    clusters: int
    support: tuple[float, float]
    models: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """The estimate as one row."""
        return pd.DataFrame(
            [
                {
                    "gap": self.gap,
                    "low": self.low,
                    "high": self.high,
                    "models": self.n_group + self.n_reference,
                    "clusters": self.clusters,
                    "from capability": self.support[0],
                    "to capability": self.support[1],
                }
            ]
        )


def gap_at_equal_capability(
    prices: pd.DataFrame,
    *,
    is_group: pd.Series,
    is_reference: pd.Series,
    cluster: str = "family",
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> CapabilityGap:
    """Difference of log prices between two groups of models, capability held fixed.

    Parameters
    ----------
    prices : DataFrame
        One row a model: ``price`` (USD per million tokens), ``eci`` and the column ``cluster``.
    is_group, is_reference : Series of bool
        Which models to compare, aligned with ``prices``.
    cluster : str
        Column that the bootstrap draws by; rows of one developer's family share decisions about price.
    draws, level, seed
        Of the bootstrap.

    Returns
    -------
    CapabilityGap

    Raises
    ------
    DataError
        Fewer than five models of either side in the common range of capability.

    Notes
    -----
    Ordinary least squares of ``log price = a + b eci + c group`` over models within the common support of
    capability; the gap is ``exp(c) - 1``. The interval is the percentile interval of a pairs bootstrap over
    clusters (Cameron, Gelbach and Miller 2008, section III); a median of a percentile needs no correction
    for retransformation, as ``exp`` is monotone.
    """
    both = prices[(is_group | is_reference) & prices["eci"].notna() & prices["price"].gt(0)]
    both = both.assign(is_group=is_group[both.index].astype(float), log_price=np.log(both["price"]))
    sides = [both.loc[both["is_group"] == side, "eci"] for side in (0.0, 1.0)]
    if min(len(side) for side in sides) == 0:
        raise DataError("One of the two groups has no model with a price and a capability score on this day.")
    support = (max(s.min() for s in sides), min(s.max() for s in sides))
    both = both[both["eci"].between(*support)]
    counts = both["is_group"].value_counts()
    if min(counts.get(1.0, 0), counts.get(0.0, 0)) < MIN_MODELS:
        raise DataError(
            f"Only {int(counts.get(1.0, 0))} and {int(counts.get(0.0, 0))} models share a range of "
            f"capability; {MIN_MODELS} of each are needed. Choose a later day or a lower min_capability."
        )
    design = np.column_stack([np.ones(len(both)), both["eci"] - both["eci"].mean(), both["is_group"]])
    outcome = both["log_price"].to_numpy()
    _, slope, effect = _ols(design, outcome)
    codes, clusters = pd.factorize(both[cluster].fillna(both["model_id"]))
    drawn = _bootstrap(design, outcome, codes, len(clusters), draws, seed)
    tail = (1 - level) / 2
    low, high = np.exp(np.quantile(drawn, [tail, 1 - tail])) - 1
    return CapabilityGap(
        gap=float(np.exp(effect) - 1),
        low=float(low),
        high=float(high),
        level=level,
        slope=float(slope),
        n_group=int(counts[1.0]),
        n_reference=int(counts[0.0]),
        clusters=len(clusters),
        support=(float(support[0]), float(support[1])),
        models=both,
    )


def _ols(design: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(design, outcome, rcond=None)[0]


def _bootstrap(
    design: np.ndarray, outcome: np.ndarray, codes: np.ndarray, clusters: int, draws: int, seed: int
) -> np.ndarray:
    """The group effect in resamples of whole clusters; one that lacks a group is drawn again."""
    generator = np.random.default_rng(seed)
    # Sums over a resample are weighted sums over clusters, so each draw is one small solve.
    products = np.zeros((clusters, 3, 3))
    moments = np.zeros((clusters, 3))
    np.add.at(products, codes, design[:, :, None] * design[:, None, :])
    np.add.at(moments, codes, design * outcome[:, None])
    effects: list[float] = []
    while len(effects) < draws:
        weights = np.bincount(generator.integers(clusters, size=clusters), minlength=clusters)
        gram = np.tensordot(weights, products, axes=1)
        if np.linalg.cond(gram) < 1e10:
            effects.append(float(np.linalg.solve(gram, weights @ moments)[2]))
    return np.array(effects)


def open_models(prices: pd.DataFrame, origin: str) -> pd.Series:
    """Models of developers of a country whose weights can be had."""
    return prices["origin"].eq(origin) & prices["access"].str.startswith("open").fillna(False)


def closed_models(prices: pd.DataFrame, origin: str) -> pd.Series:
    """Models of developers of a country whose weights cannot be had."""
    return prices["origin"].eq(origin) & prices["access"].eq("closed")


def open_closed_gap(
    panel: pd.DataFrame,
    day: str | date | pd.Timestamp,
    *,
    closed_origin: str = "US",
    open_origin: str = "CN",
    at: str = "lowest",
    min_capability: float | None = None,
    max_age_days: int | None = None,
    cluster: str = "family",
    draws: int = 2000,
    seed: int = 0,
) -> CapabilityGap:
    """The gap between one country's open and another's closed models on one day.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    day : date
    closed_origin, open_origin : str
        ISO countries of the developers.
    at : {"lowest", "median", "developer"}
        Whose price counts; see :func:`undercut.prices.cross_section.model_prices`.
    min_capability : float, optional
        Leave out models below this capability.
    max_age_days : int, optional
        Leave out models released longer ago.
    cluster, draws, seed
        As in :func:`gap_at_equal_capability`.

    Raises
    ------
    DataError
        Too few models on either side.
    """
    prices = model_prices(cross_section(panel, day), at=at)
    if min_capability is not None:
        prices = prices[prices["eci"].ge(min_capability)]
    if max_age_days is not None:
        prices = prices[prices["release_date"].ge(pd.Timestamp(day) - pd.Timedelta(days=max_age_days))]
    return gap_at_equal_capability(
        prices,
        is_group=open_models(prices, open_origin),
        is_reference=closed_models(prices, closed_origin),
        cluster=cluster,
        draws=draws,
        seed=seed,
    )


def gap_over_time(
    panel: pd.DataFrame, days: Iterable[str | date | pd.Timestamp], **options: Any
) -> pd.DataFrame:
    """The gap on each of several days; ``options`` as in :func:`open_closed_gap`.

    Returns
    -------
    DataFrame
        ``day, gap, low, high, n_group, n_reference, why_not``; a day on which the gap cannot be estimated
        has missing values and the reason.
    """
    rows = []
    for day in days:
        row: dict[str, object] = {"day": pd.Timestamp(day), "why_not": ""}
        try:
            found = open_closed_gap(panel, day, **options)
        except DataError as reason:
            row["why_not"] = str(reason)
        else:
            row |= {"gap": found.gap, "low": found.low, "high": found.high}
            row |= {"n_group": found.n_group, "n_reference": found.n_reference}
        rows.append(row)
    columns = ["day", "gap", "low", "high", "n_group", "n_reference", "why_not"]
    return pd.DataFrame(rows, columns=columns).astype({"gap": float, "low": float, "high": float})


def sensitivity(
    panels: Mapping[str, pd.DataFrame], day: str | date | pd.Timestamp, **options: Any
) -> pd.DataFrame:
    """The gap under other choices: workload, whose price, which models, how to cluster.

    Parameters
    ----------
    panels : mapping of str to DataFrame
        The panel priced for each workload.
    day : date
    options
        Common to all, as in :func:`open_closed_gap`.

    Returns
    -------
    DataFrame
        ``choice, gap, low, high, n_group, n_reference``.
    """
    base = next(iter(panels.values()))
    variants: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
        f"workload {name}": (panel, {}) for name, panel in panels.items()
    }
    variants |= {
        "median seller": (base, {"at": "median"}),
        "developer's own price": (base, {"at": "developer"}),
        "released within a year": (base, {"max_age_days": 365}),
        "clustered by developer": (base, {"cluster": "developer"}),
    }
    rows = []
    for choice, (panel, changes) in variants.items():
        found = gap_over_time(panel, [day], **(options | changes)).iloc[0]
        rows.append({"choice": choice, **found.drop(["day", "why_not"]).to_dict()})
    return pd.DataFrame(rows)
