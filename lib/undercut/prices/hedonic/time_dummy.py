"""How did prices move once capability is held fixed? Time-dummy hedonic indices.

Log prices of offers are regressed on what the models can do and on the month; the month's effect is the
index. New and old models enter alike, so nothing needs to be matched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from undercut.errors import InputError, NotIdentifiedError, TooFewError, one_of
from undercut.inference.arrays import Floats
from undercut.inference.levels import check_level
from undercut.inference.resampling import cluster_codes, sums_by_cluster
from undercut.inference.within import Effects, independent, parameters
from undercut.prices.hedonic.characteristics import OF_NEW_MODELS, hedonic_sample
from undercut.prices.hedonic.results import HedonicIndex, index_by_month
from undercut.prices.monthly_quotes import trend_weights, years

Imputed = Literal["left out", "down-weighted"]


def hedonic_index(
    quotes: pd.DataFrame,
    *,
    characteristics: Sequence[str] = OF_NEW_MODELS,
    effects: Sequence[str] = ("developer",),
    window: int | None = None,
    imputed: Imputed = "left out",
    value: str | None = None,
    cluster: str = "family",
    confidence: float = 0.95,
) -> HedonicIndex:
    """Time-dummy hedonic index, over all months at once or in rolling windows.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes; `with_imputed_capability` adds scores where there
        are none.
    characteristics : sequence of str
        Columns with a coefficient each; `with_characteristics` adds
        those of the default.
    effects : sequence of str
        Columns with fixed effects, swept out; empty for none.
    window : int, optional
        Months in a rolling window: coefficients may drift, and no month that is published is revised. Each
        window adds its last movement.
    imputed : {"left out", "down-weighted"}
        What to do with models whose capability score is imputed.
    value : str, optional
        Column with expenditure: each month's offers then weigh by their shares of it. Offers without one
        are left out.
    cluster : str
        Standard errors are clustered by this column.
    confidence : float

    Returns
    -------
    HedonicIndex

    Raises
    ------
    MissingColumnError, CellError, TooFewError, NotIdentifiedError
        Columns missing, prices that are not positive, a month with too few offers or without an effect.
    InputError
        Options that cannot be used.

    Notes
    -----
    .. math:: \\ln p_{it} = \\delta_t + \\beta' z_{it} + \\alpha_{d(i)} + \\varepsilon_{it}, \\qquad
       I_t = \\exp(\\hat\\delta_t - \\hat V(\\hat\\delta_t) / 2)

    The correction takes away the bias of the exponential of an estimate (Kennedy 1981). The ends of the
    interval are :math:`\\exp(\\hat\\delta_t \\pm t_{G-1} s)` and need none. Standard errors are clustered
    (Liang and Zeger 1986), with the small-sample factor of fixest and pyfixest; those of rolling windows
    add up each cluster's influence over windows, so that the windows' dependence is in them.

    Down-weighting: regression-imputed capability has an error of Berkson's kind, uncorrelated with the
    imputed value, which leaves the slope unbiased but adds variance :math:`\\beta^2 s^2`, with s the error
    of prediction. Offers weigh :math:`\\sigma^2 / (\\sigma^2 + \\beta^2 s^2)`, with :math:`\\beta` and
    :math:`\\sigma` from the scored offers.

    **Which price?** List prices are sticky: a model that costs thirty times what its successors cost stays on
    the list for years. Within a month newer models are both more capable and cheaper, so that without the
    age of the model capability seems to cost nothing, and the index is that of the *average offer on sale*
    (``OF_ALL_OFFERS``), dead stock included, which falls more slowly as stock of a given capability ages.
    With age (``OF_NEW_MODELS``) the index is the price of *newly released* models of given capability; on a
    simulated market with sticky prices it is the one that recovers the known path. Age, period and
    vintage effects: Berndt, Griliches and Rappaport (1995). Show both: they answer different questions.

    With developer effects the entry of a developer who is cheap at given capability is its brand, not a
    fall of prices; without them it is a fall. Both are worth showing.

    References
    ----------
    Berndt, E. R., Griliches, Z. and Rappaport, N. J. (1995). Econometric estimates of price indexes for
    personal computers in the 1990s. Journal of Econometrics 68, 243-268.
    de Haan, J. and Krsinich, F. (2014). Scanner data and the treatment of quality change in nonrevisable
    price indexes. Journal of Business and Economic Statistics 32(3), 341-358. Kennedy, P. E. (1981).
    Estimation with correctly interpreted dummy variables in semilogarithmic equations. American Economic
    Review 71, 801. Liang, K.-Y. and Zeger, S. L. (1986). Longitudinal data analysis using generalized
    linear models. Biometrika 73, 13-22.

    Examples
    --------
    >>> import undercut
    >>> from undercut.prices.monthly_quotes import monthly_quotes
    >>> quotes = monthly_quotes(undercut.load_prices(), start="2025-01", end="2025-06")
    >>> bool(hedonic_index(quotes).coefficients.loc["eci", "estimate"] > 0)
    True
    """
    check_level(confidence)
    one_of("imputed", imputed, get_args(Imputed))
    sample, notes = hedonic_sample(quotes, characteristics, imputed=imputed == "down-weighted", value=value)
    months = sorted(sample["period"].unique())
    if window is not None and not 2 <= window <= len(months):
        raise InputError(
            f"window must lie between 2 and the {len(months)} months of the quotes; got {window}."
        )
    if imputed == "down-weighted":
        scored = regression(sample[~sample["eci_is_imputed"]], characteristics, effects, cluster)
        sample["weight"] *= _reliability(sample, scored)
    spans = [months] if window is None else [months[i : i + window] for i in range(len(months) - window + 1)]
    fits = [
        regression(sample[sample["period"].isin(span)], characteristics, effects, cluster) for span in spans
    ]
    labels = cluster_codes(sample, cluster)[1]
    index, annual, reach = _summarised(*_spliced(fits, spans, labels), sample, confidence)
    settings: dict[str, Any] = {
        "characteristics": " + ".join(characteristics), "effects": " + ".join(effects) or "none",
        "cluster": cluster, "imputed": imputed,
    } | ({"window": window} if window else {})  # fmt: skip
    name = "time dummy" if window is None else f"rolling-window time dummy, {window} months"
    return HedonicIndex(
        name, index, _coefficients(fits[-1], reach), annual, len(sample), sample["model_id"].nunique(),
        len(labels), confidence, notes, settings,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fit:
    """One regression.

    names (k,), estimate (k,), influence of each cluster on each coefficient (clusters, k), whose cross
    product is the clustered covariance, cluster labels, and the residual standard deviation of unit weight.
    """

    names: list[str]
    estimate: Floats
    influence: Floats
    labels: pd.Index
    sigma: float


def regression(
    sample: pd.DataFrame, characteristics: Sequence[str], effects: Sequence[str], cluster: str
) -> Fit:
    """Weighted least squares of log price on characteristics and months, fixed effects swept out."""
    codes, labels = cluster_codes(sample, cluster)
    if len(labels) < 2:
        raise TooFewError(f"The quotes have a single {cluster}: no clustered standard error can be had.")
    months, periods = pd.factorize(sample["period"], sort=True)
    # A characteristic that never varies in the window has no effect to estimate.
    varying = [c for c in characteristics if sample[c].min() < sample[c].max()]
    names = [*varying, *(f"period::{period}" for period in periods[1:])]
    # Without fixed effects there is one for all offers: the intercept.
    levels = [pd.factorize(sample[e].fillna("unknown").astype("str"))[0] for e in effects] or [months * 0]
    weight = sample["weight"].to_numpy(float)
    swept = Effects.of(np.column_stack(levels), weight)
    is_month = months[:, None] == np.arange(1, len(periods))
    columns = np.column_stack([sample["log_price"], sample[varying], is_month]).astype(float)
    left = swept.sweep(columns)
    # Whether a column is a combination of others must not hang on its unit.
    kept = independent(left[:, 1:] / (columns[:, 1:].std(axis=0) * np.sqrt(len(sample))))
    outcome, design = left[:, 0], left[:, 1:][:, kept]
    gram = design.T @ (design * weight[:, None])
    estimate = np.linalg.solve(gram, design.T @ (weight * outcome))
    residual = outcome - design @ estimate
    scores = sums_by_cluster(codes, design * (weight * residual)[:, None], len(labels))
    estimated = len(kept) + parameters(swept.codes, codes[:, None])
    factor = len(labels) / (len(labels) - 1) * (len(sample) - 1) / (len(sample) - estimated)
    influence = np.linalg.solve(gram, scores.T).T * np.sqrt(factor)
    sigma = float(np.sqrt(np.sum(weight * residual**2) / np.sum(weight)))
    return Fit([names[i] for i in kept], estimate, influence, labels, sigma)


def _reliability(sample: pd.DataFrame, scored: Fit) -> pd.Series:
    """Weight of each offer: one where capability is measured, less where it is predicted."""
    slope = scored.estimate[scored.names.index("eci")]
    error = sample["eci_error"].where(sample["eci_is_imputed"], 0.0)
    return scored.sigma**2 / (scored.sigma**2 + (slope * error) ** 2)


def _month_effects(fit: Fit, span: Sequence[str], labels: pd.Index) -> tuple[Floats, Floats]:
    """Effects of the months of a window, shape (months,), and clusters' influence, (months, clusters)."""
    position = {name.partition("::")[2]: i for i, name in enumerate(fit.names) if name.startswith("period::")}
    effect, influence = np.zeros(len(span)), np.zeros((len(span), len(labels)))
    into = labels.get_indexer(fit.labels)
    for m, month in enumerate(span[1:], start=1):
        if month not in position:
            raise NotIdentifiedError(f"The effect of {month} cannot be told apart from the other variables.")
        effect[m] = fit.estimate[position[month]]
        influence[m, into] = fit.influence[:, position[month]]
    return effect, influence


def _spliced(fits: Sequence[Fit], spans: Sequence[Sequence[str]], labels: pd.Index) -> tuple[Floats, Floats]:
    """Log index (months,) and influence (months, clusters): first window, then each last movement."""
    path, influence = _month_effects(fits[0], spans[0], labels)
    for fit, span in zip(fits[1:], spans[1:], strict=True):
        effect, moved = _month_effects(fit, span, labels)
        path = np.append(path, path[-1] + effect[-1] - effect[-2])
        influence = np.vstack([influence, influence[-1] + moved[-1] - moved[-2]])
    return path, influence


def _summarised(
    path: Floats, influence: Floats, sample: pd.DataFrame, confidence: float
) -> tuple[pd.DataFrame, tuple[float, float, float], float]:
    """The index by month, the annual factor with its interval, and how many errors wide an interval is."""
    from scipy.stats import t as student

    reach = float(student.ppf((1 + confidence) / 2, influence.shape[1] - 1))
    variance = (influence**2).sum(axis=1)
    error = np.sqrt(variance)
    index = index_by_month(sample, path - variance / 2, path - reach * error, path + reach * error)
    trend = trend_weights(years(index.index).to_numpy())
    slope, spread = float(trend @ path), float(np.sqrt(((trend @ influence) ** 2).sum()))
    middle, low, high = np.exp([slope - spread**2 / 2, slope - reach * spread, slope + reach * spread])
    return index, (float(middle), float(low), float(high)), reach


def _coefficients(fit: Fit, reach: float) -> pd.DataFrame:
    error = np.sqrt((fit.influence**2).sum(axis=0))
    low, high = fit.estimate - reach * error, fit.estimate + reach * error
    columns = {"estimate": fit.estimate, "std_error": error, "low": low, "high": high}
    frame = pd.DataFrame(columns, index=pd.Index(fit.names, name="characteristic"))
    return frame[~frame.index.str.startswith("period::")]
