"""What is the least one pays for a given capability, by three definitions, in the sample and in resamples?

The arithmetic behind `price_of_capability`, on arrays. One month at a time, offers sorted by
price; a resample is a row of multiplicities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import CellError, DuplicateRowsError, InputError, TooFewError, need_columns
from undercut.inference.arrays import Floats
from undercut.inference.resampling import cluster_codes, multiplicities, weighted_quantile
from undercut.panel.measures import NINETY

VERSIONS: Final = ("lowest", "low quantile", "fixed number")
_NEEDED: Final = ("period", "product", "host", "model_id", "price", "eci")


@dataclass(frozen=True, slots=True)
class FrontierRule:
    """How the price of a capability level is read off a month's offers.

    Attributes
    ----------
    quantile : float
        Which quantile the low-quantile version takes.
    number : int
        How many offers the fixed-number version compares.
    width : float
        The last two versions look at offers from the level to this many points of capability above it.
    """

    quantile: float = 0.1
    number: int = 5
    width: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1:
            raise InputError(f"quantile must lie between 0 and 1; got {self.quantile}.")
        if self.number < 1 or self.width <= 0:
            raise InputError(f"number and width must be positive; got {self.number} and {self.width}.")


@dataclass(frozen=True, slots=True)
class FrontierPaths:
    """Log prices of capability levels.

    Attributes
    ----------
    log_price : numpy.ndarray
        Shape (draws + 1, periods, levels, versions); row 0 is the sample. NaN where a level cannot be
        bought, or has too few offers for the version.
    offers : numpy.ndarray
        Offers that reach each level, shape (periods, levels).
    periods : list of str
    clusters : int
    """

    log_price: Floats
    offers: Floats
    periods: list[str]
    clusters: int


def frontier_paths(
    quotes: pd.DataFrame,
    levels: Sequence[float],
    *,
    rule: FrontierRule,
    cluster: str,
    draws: int,
    seed: int,
    capability_error: bool,
    keep: pd.Series | None = None,
) -> FrontierPaths:
    """Log price of each level, month and version, in the sample and in resamples of clusters.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes; those without a capability score are not used.
    levels : sequence of float
    rule : FrontierRule
    cluster, draws, seed
        Of the bootstrap. The draws depend on the clusters of ``quotes``, not on ``keep``, so that a
        counterfactual can be compared with the fact draw by draw.
    capability_error : bool
        Draw each model's capability from its interval as well, once a draw.
    keep : Series of bool, optional
        Offers that remain in a counterfactual.
    """
    checked_quotes(quotes)
    # Row order must not matter, not even for which of two equal prices comes first.
    used = quotes[quotes["eci"].notna()].sort_values(["period", "price", "product"])
    codes, clusters = cluster_codes(used, cluster)
    weights = multiplicities(len(clusters), draws=draws, seed=seed)
    errors = _capability_errors(used, draws, seed) if capability_error else None
    remains = np.ones(len(used), dtype=bool) if keep is None else keep.loc[used.index].to_numpy(dtype=bool)
    periods = [str(p) for p in sorted(quotes["period"].unique())]
    found = np.full((draws + 1, len(periods), len(levels), len(VERSIONS)), np.nan)
    counts = np.zeros((len(periods), len(levels)))
    price, score = np.log(used["price"].to_numpy(float)), used["eci"].to_numpy(float)
    where = used["period"].to_numpy()
    for t, period in enumerate(periods):
        month = np.flatnonzero((where == period) & remains)
        if not len(month):
            continue
        month_scores = score[month] if errors is None else score[month] + errors[:, month]
        for j, level in enumerate(levels):
            rows = month
            reached = month_scores >= level - 1e-9
            counts[t, j] = np.sum(score[rows] >= level - 1e-9)
            if not reached.any():
                continue
            near = month_scores < level + rule.width
            if errors is None:  # the same offers in every draw: leave out the others
                rows, reached, near = rows[reached], np.ones(reached.sum(), dtype=bool), near[reached]
            found[:, t, j] = _one_level(price[rows], weights[:, codes[rows]], reached, near, rule)
    return FrontierPaths(found, counts, periods, len(clusters))


def long_frame(
    levels: Mapping[str, float], periods: Sequence[str], columns: Mapping[str, Floats]
) -> pd.DataFrame:
    """One row a level, version and period, from numbers of shape (periods, levels, versions)."""
    names = ["level", "version", "period"]
    cells = pd.MultiIndex.from_product([list(levels), VERSIONS, list(periods)], names=names)
    numbers = {name: values.transpose(1, 2, 0).ravel() for name, values in columns.items()}
    frame = pd.DataFrame(numbers, index=cells).reset_index()
    frame.insert(1, "capability", frame["level"].map(levels))
    return frame


def checked_quotes(quotes: pd.DataFrame) -> None:
    """Raise a DataError unless ``quotes`` can be used: columns there, prices positive, products unique."""
    need_columns(quotes, _NEEDED, "The quotes lack", "make them with monthly_quotes()")
    if not np.isfinite(quotes["price"].to_numpy(float)).all() or (quotes["price"] <= 0).any():
        raise CellError(
            "The quotes have prices that are missing, infinite, zero or negative; leave them out."
        )
    if quotes.duplicated(["period", "product"]).any():
        raise DuplicateRowsError("The quotes repeat a product within a month; keep one price each.")
    if quotes["eci"].notna().sum() == 0:
        raise TooFewError("No quote has a capability score (column eci).")


def _capability_errors(used: pd.DataFrame, draws: int, seed: int) -> Floats:
    """Error of each row's capability score in each draw, one a model; none in the sample itself."""
    models, names = pd.factorize(used["model_id"], sort=True)
    spread = ((used["eci_high"] - used["eci_low"]) / (2 * NINETY)).fillna(0.0).to_numpy(float)
    # A stream of its own: the same clusters are drawn with and without errors.
    noise = np.random.default_rng([seed, 1]).standard_normal((draws, len(names)))
    return np.vstack([np.zeros(len(used)), noise[:, models] * spread])


def _one_level(
    log_price: Floats, counts: Floats, reached: Floats, near: Floats, rule: FrontierRule
) -> Floats:
    """The three versions for one month and level, shape (draws + 1, 3); offers ascend in price."""
    lowest = weighted_quantile(log_price, counts * reached, 0)
    if near.ndim == 1:
        log_price, band = log_price[near], (counts * reached)[:, near]
    else:
        band = counts * reached * near
    if not len(log_price):
        return np.column_stack([lowest, *(np.full(len(counts), np.nan) for _ in range(2))])
    return np.column_stack(
        [lowest, low_quantile(log_price, band, rule.quantile), minimum_of(log_price, band, rule.number)]
    )


def low_quantile(log_price: Floats, counts: Floats, quantile: float) -> Floats:
    """A low quantile of log prices in each draw (inverse distribution function).

    Parameters
    ----------
    log_price : numpy.ndarray
        Ascending, shape (offers,).
    counts : numpy.ndarray
        How often each offer counts, shape (draws, offers).
    quantile : float

    Returns
    -------
    numpy.ndarray
        Shape (draws,); NaN where there are fewer than ``1 / quantile`` offers, whose quantile would be the
        minimum under another name.
    """
    found = weighted_quantile(log_price, counts, quantile)
    return np.where(counts.sum(axis=1) >= 1 / quantile - 1e-9, found, np.nan)


def minimum_of(log_price: Floats, counts: Floats, number: int) -> Floats:
    """Expected log of the lowest of ``number`` offers drawn without replacement, in each draw.

    Parameters
    ----------
    log_price : numpy.ndarray
        Ascending, shape (offers,).
    counts : numpy.ndarray
        How often each offer counts, shape (draws, offers).
    number : int

    Returns
    -------
    numpy.ndarray
        Shape (draws,); NaN where there are fewer offers than ``number``.

    Notes
    -----
    A U-statistic: its expectation under independent offers does not depend on how many there are, which is
    what the plain minimum lacks. With n offers of which r cost more than the i-th, the lowest of m is
    above it with probability C(r, m) / C(n, m). Rarefaction in ecology counts species the same way
    (Hurlbert 1971); a buyer who asks m sellers is Stigler's (1961).

    Examples
    --------
    The lowest of 2 out of 1, 2, 4 dollars is 1 in two cases of three, else 2:

    >>> import numpy as np
    >>> prices = np.log(np.array([1.0, 2.0, 4.0]))
    >>> float(np.exp(minimum_of(prices, np.ones((1, 3)), 2))[0].round(4))
    1.2599
    """
    cumulated = counts.cumsum(axis=1)
    total = cumulated[:, -1:]
    dearer = total - cumulated
    survival = np.ones_like(dearer)
    with np.errstate(divide="ignore", invalid="ignore"):
        for taken in range(number):
            survival *= np.clip(dearer - taken, 0, None) / (total - taken)
    before = np.column_stack([np.ones(len(counts)), survival[:, :-1]])
    enough = total[:, 0] >= number
    expected = np.where(enough[:, None], (before - survival) * log_price, 0.0).sum(axis=1)
    return np.where(enough, expected, np.nan)
