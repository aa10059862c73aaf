"""How far apart are the answers of different index methods, on the same quotes and the same months?

Every method gives a factor by which the price changes a year: the slope of the log index on time. They
answer different questions, so the table says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval
from undercut.prices.capability.price_of_capability import log_slopes
from undercut.prices.hedonic.characteristics import OF_ALL_OFFERS, with_characteristics
from undercut.prices.hedonic.double_imputation import double_imputation
from undercut.prices.hedonic.imputation import with_imputed_capability
from undercut.prices.hedonic.results import HedonicIndex
from undercut.prices.hedonic.time_dummy import hedonic_index
from undercut.prices.index import price_index
from undercut.prices.monthly_quotes import years

#: Matched-model methods shown side by side: label, method, options.
MATCHED: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "chained Jevons": ("jevons", {"chained": True}),
    "GEKS-Jevons, 13 months, mean splice": ("geks-jevons", {"window": 13, "splice": "mean"}),
    "time-product dummy, 13 months, mean splice": ("time-product-dummy", {"window": 13, "splice": "mean"}),
    "time-product dummy, all months": ("time-product-dummy", {}),
}
SAME_PRODUCT: Final = "the same model at the same seller"
ALL_OFFERS: Final = "the average offer on sale, capability held fixed"
NEW_MODELS: Final = "newly released models, capability held fixed"
COLUMNS: Final = ("method", "question", "annual", "low", "high", "offers", "clusters")


def matched_model_index(
    quotes: pd.DataFrame, label: str, *, cluster: str = "developer", draws: int = 100, seed: int = 0,
    confidence: float = 0.95,
) -> tuple[pd.Series, dict[str, Any]]:  # fmt: skip
    """A matched-model index of :data:`MATCHED` and its annual factor with a bootstrap interval.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes.
    label : str
        A key of :data:`MATCHED`.
    cluster, draws, seed, confidence
        Of the bootstrap over whole clusters; a cluster drawn twice counts as two sets of products.

    Returns
    -------
    index : Series
        By period, 1 in the first.
    row : dict
        Keys of :data:`COLUMNS`.
    """
    method, options = MATCHED[label]
    codes, labels = cluster_codes(quotes, cluster)
    members = [np.flatnonzero(codes == code) for code in range(len(labels))]
    plain = quotes[["period", "product", "price"]].reset_index(drop=True)
    drawn = multiplicities(len(labels), draws=draws, seed=seed).astype(int)
    months = sorted(plain["period"].unique())
    paths = np.full((len(drawn), len(months)), np.nan)
    for draw, counts in enumerate(drawn):
        found = price_index(_resample(plain, members, counts), method=method, **options).index
        paths[draw] = np.log(found.set_axis(found.index.astype(str)).reindex(months).to_numpy(float))
    slopes = log_slopes(paths, years(pd.Index(months)).to_numpy())
    low, high = percentile_interval(slopes[1:, None], level=confidence)
    annual, ends = float(np.exp(slopes[0])), np.exp([low[0], high[0]])
    row = dict(
        zip(COLUMNS, (label, SAME_PRODUCT, annual, *map(float, ends), len(plain), len(labels)), strict=True)
    )
    return pd.Series(np.exp(paths[0]), index=months, name=label), row


def _resample(quotes: pd.DataFrame, members: Sequence[np.ndarray], counts: np.ndarray) -> pd.DataFrame:
    rows = [np.tile(members[code], count) for code, count in enumerate(counts) if count]
    copies = [np.repeat(np.arange(count), len(members[code])) for code, count in enumerate(counts) if count]
    taken = quotes.iloc[np.concatenate(rows)]
    return taken.assign(
        product=taken["product"] + "#" + pd.Series(np.concatenate(copies), taken.index).astype("str")
    )


def hedonic_indices(
    quotes: pd.DataFrame, *, draws: int = 200, seed: int = 0
) -> dict[str, tuple[str, HedonicIndex]]:
    """Hedonic indices side by side: label -> (question, index)."""
    with_all = with_characteristics(quotes)
    imputed = with_characteristics(with_imputed_capability(quotes))
    return {
        "time dummy, all offers": (ALL_OFFERS, hedonic_index(with_all, characteristics=OF_ALL_OFFERS)),
        "time dummy, new models": (NEW_MODELS, hedonic_index(with_all)),
        "time dummy, new models, no developer effects": (NEW_MODELS, hedonic_index(with_all, effects=())),
        "rolling time dummy, 13 months, new models": (NEW_MODELS, hedonic_index(with_all, window=13)),
        "time dummy, new models, imputed capability down-weighted": (
            NEW_MODELS, hedonic_index(imputed, imputed="down-weighted"),
        ),
        "double imputation Jevons, full, new models": (
            NEW_MODELS, double_imputation(with_all, matched="predicted", draws=draws, seed=seed),
        ),
        "double imputation Jevons, observed for matched": (
            SAME_PRODUCT + ", entry and exit imputed", double_imputation(with_all, draws=draws, seed=seed),
        ),
    }  # fmt: skip


def compare_methods(
    quotes: pd.DataFrame, *, draws: int = 100, seed: int = 0
) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Annual rates of every method on the same quotes, and the indices themselves.

    Returns
    -------
    table : DataFrame
        Columns of :data:`COLUMNS`; ``annual`` is a factor (0.5 = the price halves every year) with a 95%
        interval: bootstrap over developers for matched-model indices, clustered by model family for
        hedonic ones.
    paths : dict of str to Series
        Each index by period.
    """
    rows, paths = [], {}
    for label in MATCHED:
        paths[label], row = matched_model_index(quotes, label, draws=draws, seed=seed)
        rows.append(row)
    for label, (question, found) in hedonic_indices(quotes, draws=draws, seed=seed).items():
        paths[label] = found.index["index"].rename(label)
        rows.append(
            dict(zip(COLUMNS, (label, question, *found.annual, found.offers, found.clusters), strict=True))
        )
    return pd.DataFrame(rows, columns=list(COLUMNS)), paths
