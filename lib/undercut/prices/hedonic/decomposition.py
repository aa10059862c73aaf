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
    check_level(confidence)
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
    sample = _Sample.of(able, by=by, cluster=cluster, draws=draws, seed=seed)
    parts = sample.parts(chained)
    totals = parts.sum(axis=(1, 2))
    # A resample without an offer in some month has no change: none of its parts counts.
    parts = np.where(np.isfinite(totals)[:, None, None], parts, np.nan)
    ends = percentile_interval(totals[1:, None], level=confidence)
    value, low, high = (
        pd.DataFrame(numbers, index=sample.groups, columns=list(COMPONENTS))
        for numbers in (parts[0], *percentile_interval(parts[1:], level=confidence))
    )
    return Decomposition(
        value, low, high, float(totals[0]), (float(ends[0][0]), float(ends[1][0])),
        f"Lowest log price of capability {capability:g}", str(onwards[0]), str(onwards[-1]), confidence,
        sample.weights.shape[1],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sample:
    """Offers by month and product: codes of the two, of group and cluster, and log prices, all (offers,)."""

    month: Codes
    product: Codes
    group: Codes
    cluster: Codes
    price: Floats
    groups: list[str]
    weights: Floats  # (draws + 1, clusters)

    @classmethod
    def of(cls, quotes: pd.DataFrame, *, by: str, cluster: str, draws: int, seed: int) -> _Sample:
        checked_quotes(quotes)
        if by not in quotes:
            raise InputError(f"by must be a column of the quotes, such as group or origin; got {by!r}.")
        if quotes[["product", by]].drop_duplicates()["product"].duplicated().any():
            raise DuplicateRowsError(f"A product changes its {by} over time; give it one.")
        month, product = (pd.factorize(quotes[name], sort=True)[0] for name in ("period", "product"))
        group, groups = pd.factorize(quotes[by].fillna("unknown").astype("str"), sort=True)
        codes, clusters = cluster_codes(quotes, cluster)
        weights = multiplicities(len(clusters), draws=draws, seed=seed)
        price = np.log(quotes["price"].to_numpy(float))
        return cls(month, product, group, codes, price, [str(name) for name in groups], weights)

    def parts(self, chained: bool) -> Floats:
        """Parts of the change from the first month to the last, shape (draws + 1, groups, components)."""
        months = [np.flatnonzero(self.month == month) for month in range(self.month.max() + 1)]
        pairs = pairwise(months) if chained else [(months[0], months[-1])]
        return np.sum([self._step(old, new) for old, new in pairs], axis=0)

    def _step(self, old: Codes, new: Codes) -> Floats:
        """Parts of the change of the minimum between the offers of two months."""
        stays = np.isin(self.product[old], self.product[new])
        survives = np.isin(self.product[new], self.product[old])
        before, after = self._minima(old[stays]), self._minima(new[survives])
        gone, come = self._minima(old[~stays]), self._minima(new[~survives])
        # Each stage is a game of the groups: the minimum, once a coalition of them has acted.
        games: tuple[Callable[[Booleans], Floats], ...] = (
            lambda acted: np.where(acted, after, before),
            lambda acted: np.minimum(after, np.where(acted, come, np.inf)),
            lambda acted: np.minimum(before, np.where(acted, np.inf, gone)),
        )
        nobody = (~np.isfinite(before.min(axis=1)) | ~np.isfinite(after.min(axis=1)))[:, None]
        parts = [np.where(nobody, 0.0, _shapley(game, before.shape)) for game in games]
        replaced = _held(come, 1.0) + _held(gone, -1.0)
        return np.stack([*parts, np.where(nobody, replaced, 0.0)], axis=2)

    def _minima(self, rows: Codes) -> Floats:
        """Lowest log price of these offers by draw and group, infinite where there is none."""
        by_cluster = np.full((self.weights.shape[1], len(self.groups)), np.inf)
        np.minimum.at(by_cluster, (self.cluster[rows], self.group[rows]), self.price[rows])
        drawn = self.weights > 0
        return np.column_stack([np.where(drawn, lowest, np.inf).min(axis=1) for lowest in by_cluster.T])


def _held(minima: Floats, sign: float) -> Floats:
    """The minimum over groups, credited to its holder; NaN where nobody has an offer."""
    lowest = minima.min(axis=1, keepdims=True)
    holders = minima == lowest
    with np.errstate(invalid="ignore"):
        found = np.where(holders, sign * lowest / holders.sum(axis=1, keepdims=True), 0.0)
    return np.where(np.isfinite(lowest), found, np.nan)


def _shapley(prices: Callable[[Booleans], Floats], shape: tuple[int, int]) -> Floats:
    """Shapley value of each group in each draw, shape (draws + 1, groups), by all coalitions.

    ``prices`` gives log prices per draw once a coalition, a row of booleans by group, has acted: the game's
    value is their minimum. Infinite values (nothing on sale) only arise in draws that the caller sets aside.
    """
    draws, groups = shape
    coalitions = (np.arange(2**groups)[:, None] >> np.arange(groups)) & 1 == 1
    values = np.column_stack([prices(np.broadcast_to(c, shape)).min(axis=1) for c in coalitions])
    found = np.zeros((draws, groups))
    with np.errstate(invalid="ignore"):
        for code, coalition in enumerate(coalitions):
            size = int(coalition.sum())
            for g in np.flatnonzero(~coalition):
                weight = factorial(size) * factorial(groups - size - 1) / factorial(groups)
                found[:, g] += weight * (values[:, code | (1 << int(g))] - values[:, code])
    return found
