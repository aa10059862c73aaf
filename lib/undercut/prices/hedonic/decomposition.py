"""Where does a fall of the lowest price come from: offers that stay, come or go, and whose?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import factorial
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import DuplicateRowsError, InputError, OutsideDataError, TooFewError
from undercut.inference.arrays import Booleans, Codes, Floats
from undercut.inference.levels import check_level
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval
from undercut.prices.capability.frontier import checked_quotes
from undercut.result import Axes, Result

COMPONENTS: Final = ("continuing", "entry", "exit", "replacement")


class Decomposition(Result):
    """A change of log price, split into components and groups.

    Attributes
    ----------
    contributions : DataFrame
        Indexed by group, columns of :data:`COMPONENTS`: change of the log price; they sum to ``total``.
        ``replacement`` is the change in months between which no offer continued.
    low, high : DataFrame
        Ends of the intervals, same shape.
    total : float
        Change of the log price from the first to the last month.
    total_interval : tuple of float
    measure : str
        What was decomposed.
    first, last : str
    confidence : float
    clusters : int
    """

    contributions: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    total: float
    total_interval: tuple[float, float]
    measure: str
    first: str
    last: str
    confidence: float
    clusters: int

    def to_frame(self) -> pd.DataFrame:
        """One row a group and component: change of log price, its interval, its share of the total."""
        names = {"log_change": self.contributions, "low": self.low, "high": self.high}
        cells = pd.MultiIndex.from_product(
            [self.contributions.index, self.contributions.columns], names=["group", "component"]
        )
        values = {name: frame.to_numpy().ravel() for name, frame in names.items()}
        frame = pd.DataFrame(values, index=cells).reset_index()
        frame["share_of_total"] = frame["log_change"] / self.total if self.total else np.nan
        return frame

    def summary(self) -> str:
        """Contributions in log points, with the total."""
        low, high = self.total_interval
        head = [
            f"{self.measure}, {self.first} to {self.last}",
            f"Total {self.total:+.3f} log points [{low:+.3f}, {high:+.3f}], a factor of "
            f"{np.exp(self.total):.3g}; {self.confidence:.0%} intervals by bootstrap over "
            f"{self.clusters} clusters.",
        ]
        body = self.contributions.assign(all=self.contributions.sum(axis=1))
        body.loc["all"] = body.sum()
        return "\n".join([*head, "", body.to_string(float_format="{:+.3f}".format)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw contributions by group and component with their intervals, and return the axes."""
        from undercut.plots import INK, mark, origin_adjective, own_axes, zero_line

        ax = own_axes(ax)
        shown = self.table()
        shown = shown[shown["component"].ne("replacement") | shown["log_change"].ne(0)]
        names = list(shown["component"].unique())
        groups = list(self.contributions.index)
        for g, group in enumerate(groups):
            rows = shown[shown["group"] == group]
            at = [names.index(c) + (g - (len(groups) - 1) / 2) * 0.8 / len(groups) for c in rows["component"]]
            origin, _, access = group.partition(" ")
            look = mark(origin, access if access in ("open", "closed") else "closed", line=False)
            ax.vlines(at, rows["low"], rows["high"], color=look["color"], linewidth=1.2)
            ax.plot(at, rows["log_change"], label=f"{origin_adjective(origin)} {access}".strip(), **look)
        ax.set_xticks(range(len(names)), names)
        ax.set_ylabel("change of log price")
        ax.legend(fontsize=9, labelcolor=INK)
        return zero_line(ax)


def decompose_frontier(
    quotes: pd.DataFrame,
    capability: float,
    *,
    by: str = "group",
    chained: bool = True,
    cluster: str = "developer",
    draws: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
) -> Decomposition:
    """Change of the lowest price of a capability level, into continuing offers, entry and exit of groups.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes with ``eci``.
    capability : float
        The level; months before it can be bought are left out.
    by : str
        Column that says whose contributions; a product keeps its group.
    chained : bool
        Decompose each month against the one before and add up (default), or the last against the first.
    cluster, draws, confidence, seed
        Of the bootstrap.

    Returns
    -------
    Decomposition

    Raises
    ------
    DataError
        The quotes break their contract, a product changes its group, or the level is on sale in fewer than
        two months or not without a gap.

    Notes
    -----
    As in the dynamic Olley-Pakes decomposition of Melitz and Polanec (2015), entry is measured among the
    prices of the new month and exit among those of the old one, now for a minimum: first the offers that
    leave go, then the others change their prices, then the entrants come. Within each of the three stages a
    group's part is its Shapley value: the average of what its offers do to the minimum, over all orders in
    which the groups could act (Shorrocks 2013). Parts add up to the change of the log price exactly. Where no
    offer continues, stages cannot be told apart; the change is then ``replacement``, shared between the
    holder of the old minimum and that of the new.

    In a resample without any offer at the level in some month, nothing is decomposed; it is left out.

    References
    ----------
    Melitz, M. J. and Polanec, S. (2015). Dynamic Olley-Pakes productivity decomposition with entry and
    exit. RAND Journal of Economics 46(2), 362-375. Shorrocks, A. F. (2013). Decomposition procedures for
    distributional analysis: a unified framework based on the Shapley value. Journal of Economic Inequality
    11, 99-126.

    Examples
    --------
    >>> quotes = pd.DataFrame({
    ...     "period": ["2024-01", "2024-01", "2024-02", "2024-02"], "product": ["a", "b", "a", "c"],
    ...     "price": [2.0, 4.0, 2.0, 1.0], "group": "US closed", "developer": list("xyxz"),
    ...     "host": "h", "model_id": list("abac"), "eci": 100.0})
    >>> parts = decompose_frontier(quotes, 90.0, draws=10).contributions.loc["US closed"]
    >>> [round(float(part), 4) for part in parts]
    [0.0, -0.6931, 0.0, 0.0]
    """
    able = quotes[quotes["eci"].ge(capability - 1e-9).fillna(False)]
    if able["period"].nunique() < 2:
        raise TooFewError(
            f"Capability {capability:g} is on sale in fewer than two months; choose a lower level."
        )
    months = sorted(quotes["period"].unique())
    onwards = months[months.index(min(able["period"])) :]
    if set(onwards) != set(able["period"]):
        raise OutsideDataError(
            f"Capability {capability:g} is not on sale in every month; choose a lower level."
        )
    sample = _Sample.of(able, by=by, cluster=cluster, draws=draws, confidence=confidence, seed=seed)
    parts = sum(_frontier_step(sample, old, new) for old, new in sample.steps(chained))
    return sample.result(np.asarray(parts), f"Lowest log price of capability {capability:g}")


@dataclass(frozen=True, slots=True)
class _Month:
    """Offers of a month: product codes ascending, log prices, group and cluster codes, all (offers,)."""

    product: Codes
    price: Floats
    group: Codes
    cluster: Codes


@dataclass(frozen=True, slots=True)
class _Sample:
    months: list[_Month]
    periods: list[str]
    groups: list[str]
    weights: Floats  # (draws + 1, clusters)
    confidence: float

    @classmethod
    def of(
        cls, quotes: pd.DataFrame, *, by: str, cluster: str, draws: int, confidence: float, seed: int
    ) -> _Sample:
        check_level(confidence)
        checked_quotes(quotes)
        if by not in quotes:
            raise InputError(f"by must be a column of the quotes, such as group or origin; got {by!r}.")
        if quotes[["product", by]].drop_duplicates()["product"].duplicated().any():
            raise DuplicateRowsError(f"A product changes its {by} over time; give it one.")
        ordered = quotes.sort_values(["period", "product"])
        product = pd.factorize(ordered["product"], sort=True)[0]
        group, groups = pd.factorize(ordered[by].fillna("unknown").astype("str"), sort=True)
        codes, clusters = cluster_codes(ordered, cluster)
        price, where = np.log(ordered["price"].to_numpy(float)), ordered["period"].to_numpy()
        periods = sorted(ordered["period"].unique())
        if len(periods) < 2:
            raise TooFewError("A change needs at least two months of quotes.")
        months = []
        for period in periods:
            rows = np.flatnonzero(where == period)
            months.append(_Month(product[rows], price[rows], group[rows], codes[rows]))
        weights = multiplicities(len(clusters), draws=draws, seed=seed)
        return cls(months, [str(p) for p in periods], [str(g) for g in groups], weights, confidence)

    def steps(self, chained: bool) -> list[tuple[_Month, _Month]]:
        return list(pairwise(self.months)) if chained else [(self.months[0], self.months[-1])]

    def result(self, parts: Floats, measure: str) -> Decomposition:
        """From parts of shape (draws + 1, groups, components)."""
        totals = parts.sum(axis=(1, 2))
        # A resample without an offer in some month has no change: none of its parts counts.
        parts = np.where(np.isfinite(totals)[:, None, None], parts, np.nan)
        low, high = percentile_interval(parts[1:], level=self.confidence)
        ends = percentile_interval(totals[1:, None], level=self.confidence)
        value, lows, highs = (
            pd.DataFrame(a, index=self.groups, columns=list(COMPONENTS)) for a in (parts[0], low, high)
        )
        return Decomposition(
            value, lows, highs, float(totals[0]), (float(ends[0][0]), float(ends[1][0])), measure,
            self.periods[0], self.periods[-1], self.confidence, self.weights.shape[1],
        )  # fmt: skip


def _frontier_step(sample: _Sample, old: _Month, new: _Month) -> Floats:
    """Parts of the change of the minimum between two months, shape (draws + 1, groups, components)."""
    stays, survives = np.isin(old.product, new.product), np.isin(new.product, old.product)
    before, after = _minima(sample, old, stays), _minima(sample, new, survives)
    gone, come = _minima(sample, old, ~stays), _minima(sample, new, ~survives)
    # Each stage is a game of the groups: the minimum, once a coalition of them has acted.
    leaving = _shapley(
        lambda acted: np.minimum(before, np.where(acted, np.inf, gone)).min(axis=1), before.shape
    )
    continuing = _shapley(lambda acted: np.where(acted, after, before).min(axis=1), before.shape)
    entry = _shapley(lambda acted: np.minimum(after, np.where(acted, come, np.inf)).min(axis=1), before.shape)
    nobody = ~np.isfinite(before.min(axis=1)) | ~np.isfinite(after.min(axis=1))
    parts = [np.where(nobody[:, None], 0.0, part) for part in (continuing, entry, leaving)]
    replaced = _held(come, 1.0) + _held(gone, -1.0)
    return np.stack([*parts, np.where(nobody[:, None], replaced, 0.0)], axis=2)


def _held(minima: Floats, sign: float) -> Floats:
    """The minimum over groups, credited to its holder; NaN where nobody has an offer."""
    lowest = minima.min(axis=1, keepdims=True)
    holders = minima == lowest
    with np.errstate(invalid="ignore"):
        found = np.where(holders, sign * lowest / holders.sum(axis=1, keepdims=True), 0.0)
    return np.where(np.isfinite(lowest), found, np.nan)


def _minima(sample: _Sample, month: _Month, keep: Booleans) -> Floats:
    """Lowest log price of the kept offers by draw and group, infinite where there is none."""
    by_cluster = np.full((sample.weights.shape[1], len(sample.groups)), np.inf)
    np.minimum.at(by_cluster, (month.cluster[keep], month.group[keep]), month.price[keep])
    drawn = sample.weights > 0
    columns = [np.where(drawn, by_cluster[:, g], np.inf).min(axis=1) for g in range(len(sample.groups))]
    return np.column_stack(columns)


def _shapley(value: Callable[[Booleans], Floats], shape: tuple[int, int]) -> Floats:
    """Shapley value of each group in each draw, shape (draws + 1, groups), by all coalitions.

    ``value`` gives the game's value per draw for a coalition, a row of booleans by group. Infinite values
    (nothing on sale) only arise in draws that the caller sets aside.
    """
    draws, groups = shape
    coalitions = (np.arange(2**groups)[:, None] >> np.arange(groups)) & 1 == 1
    values = np.column_stack([value(np.broadcast_to(c, shape)) for c in coalitions])
    found = np.zeros((draws, groups))
    with np.errstate(invalid="ignore"):
        for code, coalition in enumerate(coalitions):
            size = int(coalition.sum())
            for g in np.flatnonzero(~coalition):
                weight = factorial(size) * factorial(groups - size - 1) / factorial(groups)
                found[:, g] += weight * (values[:, code | (1 << int(g))] - values[:, code])
    return found
