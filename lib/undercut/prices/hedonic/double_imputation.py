"""How did prices move if every product that is missing in a month is given its predicted price?

Double imputation: for a product that enters or leaves, the hedonic regressions of both months predict its
price, so that what the regression leaves unexplained does not pass for a price change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import pandas as pd

from undercut.errors import TooFewError, one_of
from undercut.inference.arrays import Codes, Floats
from undercut.inference.levels import check_level
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval, sums_by_cluster
from undercut.prices.hedonic.characteristics import OF_NEW_MODELS, hedonic_sample
from undercut.prices.hedonic.results import HedonicIndex, index_by_month
from undercut.prices.monthly_quotes import trend_weights, years

Matched = Literal["observed", "predicted"]


def double_imputation(
    quotes: pd.DataFrame,
    *,
    characteristics: Sequence[str] = OF_NEW_MODELS,
    value: str | None = None,
    matched: Matched = "observed",
    cluster: str = "family",
    draws: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
) -> HedonicIndex:
    """Chained double imputation index: Jevons without values, Törnqvist with them.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes.
    characteristics : sequence of str
        Columns of the monthly regressions. One that does not vary within a month is left out of it.
    value : str, optional
        Column with expenditure; gives the Törnqvist index and weights the regressions. Offers without are
        left out.
    matched : {"observed", "predicted"}
        Whether a product of both months counts with its own price change, or, like the others, with the
        predicted one (full imputation, the characteristics-prices index). See Notes before choosing.
    cluster, draws, confidence, seed
        Of the bootstrap.

    Returns
    -------
    HedonicIndex
        ``coefficients`` are means over months; their interval is that of the mean.

    Raises
    ------
    InputError
        ``matched`` is neither of the two.
    MissingColumnError, TooFewError
        Columns missing, or a month with too few offers for its regression.

    Notes
    -----
    Between months 0 and 1, with shares :math:`s_{i0}, s_{i1}` (of the month's offers, or of its
    expenditure), matched products M, leaving D and new N:

    .. math:: \\ln P = \\sum_{M} \\tfrac{s_{i0} + s_{i1}}{2} \\ln \\frac{p_{i1}}{p_{i0}}
       + \\sum_{D} \\tfrac{s_{i0}}{2} \\ln \\frac{\\hat p_{i1}}{\\hat p_{i0}}
       + \\sum_{N} \\tfrac{s_{i1}}{2} \\ln \\frac{\\hat p_{i1}}{\\hat p_{i0}}

    with :math:`\\ln \\hat p_{it} = \\hat\\beta_t' z_i` from the month's own regression, in which no developer
    effect can be had: months are too small for it. With ``matched="predicted"`` the sum over M has predicted
    prices as well.

    **Sticky list prices.** Where a model keeps its price for life and only newcomers are cheaper, matched
    products say every month that nothing moved, and the observed version shows little more than the
    matched-model index: the fall happens between products, in the residuals that double imputation takes
    out. The predicted version follows the whole price surface, as the time dummy does. tests/prices show both
    on a market whose path is known.

    Models with an imputed capability score take no part: a link is a mean over all products, which leaves
    no weight to take from them. The published index is the exponential of the log index
    less half its bootstrap variance. The interval is a percentile interval.

    References
    ----------
    de Haan, J. (2010). Hedonic price indexes: a comparison of imputation, time dummy and re-pricing
    methods. Jahrbücher für Nationalökonomie und Statistik 230(6), 772-791. Silver, M. and Heravi, S.
    (2007). The difference between hedonic imputation indexes and time dummy hedonic indexes. Journal of
    Business and Economic Statistics 25(2), 239-246.
    """
    check_level(confidence)
    one_of("matched", matched, get_args(Matched))
    sample, notes = hedonic_sample(quotes, characteristics, imputed=False, value=value)
    codes, labels = cluster_codes(sample, cluster)
    drawn = multiplicities(len(labels), draws=draws, seed=seed)
    periods = sorted(sample["period"].unique())
    months = [_month(sample, codes, period, characteristics, drawn) for period in periods]
    links = [_link(old, new, drawn, matched) for old, new in pairwise(months)]
    paths = np.column_stack([np.zeros(len(drawn)), *links]).cumsum(axis=1)
    name = "double imputation " + ("Jevons" if value is None else "Törnqvist")
    settings = {
        "characteristics": " + ".join(characteristics), "matched": matched, "cluster": cluster,
        "draws": draws, "seed": seed,
    }  # fmt: skip
    index, annual = _summarised(paths, sample, confidence)
    return HedonicIndex(
        name, index, _mean_coefficients(months, characteristics, confidence), annual,
        len(sample), sample["model_id"].nunique(), len(labels), confidence, notes, settings,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Month:
    """Offers of a month, sorted by product, and its regression in each draw.

    product, cluster (offers,); log_price, weight (offers,); design (offers, k); slopes (draws + 1, k).
    """

    product: Codes
    cluster: Codes
    log_price: Floats
    weight: Floats
    design: Floats
    slopes: Floats


def _month(
    sample: pd.DataFrame, codes: Codes, period: str, characteristics: Sequence[str], drawn: Floats
) -> _Month:
    rows = np.flatnonzero(sample["period"].to_numpy() == period)
    design = np.column_stack([np.ones(len(rows)), sample[list(characteristics)].to_numpy(float)[rows]])
    if len(rows) < 2 * design.shape[1]:
        raise TooFewError(
            f"{period} has {len(rows)} prices, too few for {design.shape[1]} coefficients; start later."
        )
    product = pd.factorize(sample["product"], sort=True)[0][rows]
    log_price, weight = (sample[c].to_numpy(float)[rows] for c in ("log_price", "weight"))
    weighted, clusters = design * weight[:, None], drawn.shape[1]
    gram = sums_by_cluster(codes[rows], weighted[:, :, None] * design[:, None, :], clusters)
    moment = sums_by_cluster(codes[rows], weighted * log_price[:, None], clusters)
    # The pseudo-inverse: a characteristic that does not vary (no reasoning model yet) gets no slope of its
    # own, and predictions do not depend on how the rest is shared out.
    inverse = np.linalg.pinv(np.einsum("dc,cjk->djk", drawn, gram), rcond=1e-10, hermitian=True)
    slopes = np.einsum("djk,dk->dj", inverse, drawn @ moment)
    return _Month(product, codes[rows], log_price, weight, design, slopes)


def _link(old: _Month, new: _Month, drawn: Floats, matched: Matched) -> Floats:
    """Log change between two months in each draw, shape (draws + 1,)."""
    clusters = drawn.shape[1]
    stays, survives = np.isin(old.product, new.product), np.isin(new.product, old.product)
    change = new.log_price[survives] - old.log_price[stays]  # both sorted by product
    if matched == "predicted":
        stays, survives, change = np.zeros_like(stays), np.zeros_like(survives), change[:0]
    moved = new.slopes - old.slopes
    halves = []
    for month, own in ((old, stays), (new, survives)):
        value = drawn @ sums_by_cluster(month.cluster, month.weight, clusters)
        kept = drawn @ sums_by_cluster(month.cluster[own], month.weight[own] * change, clusters)
        other = month.weight[~own, None] * month.design[~own]
        predicted = (drawn @ sums_by_cluster(month.cluster[~own], other, clusters) * moved).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            halves.append((kept + predicted) / value)
    return np.asarray((halves[0] + halves[1]) / 2)


def _summarised(
    paths: Floats, sample: pd.DataFrame, confidence: float
) -> tuple[pd.DataFrame, tuple[float, float, float]]:
    """The index by month and the annual factor, from log paths (draws + 1, months)."""
    low, high = percentile_interval(paths[1:], level=confidence)
    index = index_by_month(sample, paths[0] - np.nanvar(paths[1:], axis=0) / 2, low, high)
    slopes = paths @ trend_weights(years(index.index).to_numpy())
    ends = percentile_interval(slopes[1:, None], level=confidence)
    middle = slopes[0] - np.nanvar(slopes[1:]) / 2
    return index, (float(np.exp(middle)), float(np.exp(ends[0][0])), float(np.exp(ends[1][0])))


def _mean_coefficients(
    months: Sequence[_Month], characteristics: Sequence[str], confidence: float
) -> pd.DataFrame:
    mean = np.mean([month.slopes[:, 1:] for month in months], axis=0)
    low, high = percentile_interval(mean[1:], level=confidence)
    columns = {"estimate": mean[0], "std_error": mean[1:].std(axis=0, ddof=1), "low": low, "high": high}
    return pd.DataFrame(columns, index=pd.Index(list(characteristics), name="characteristic"))
