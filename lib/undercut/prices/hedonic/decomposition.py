"""Where does a change of prices come from: offers that stay, offers that come, offers that go, and whose?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import factorial
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from undercut.errors import DuplicateRowsError, InputError, OutsideDataError, TooFewError
from undercut.inference.arrays import Booleans, Codes, Floats
from undercut.inference.levels import check_level
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval
from undercut.prices.capability.frontier import checked_quotes
from undercut.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COMPONENTS: Final = ("continuing", "entry", "exit", "replacement")


@dataclass(frozen=True, slots=True)
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
        from undercut.plots import INK, mark, own_axes, zero_line

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
            ax.plot(at, rows["log_change"], label=group, **look)
        ax.set_xticks(range(len(names)), names)
        ax.set_ylabel("Change of log price")
        ax.legend(fontsize=9, labelcolor=INK)
        return zero_line(ax)


def decompose_average(
    quotes: pd.DataFrame,
    *,
    by: str = "group",
    chained: bool = True,
    capability_slope: float = 0.0,
    cluster: str = "developer",
    draws: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
) -> Decomposition:
    """Change of the average log price, into continuing offers, entry and exit of each group.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes with ``period, product, price``, the column ``by`` and the column ``cluster``.
    by : str
        Whose contributions; a product keeps its group.
    chained : bool
        Decompose each month against the one before and add up (default), or the last against the first.
    capability_slope : float
        Rise of the log price per point of capability that is taken out of every price first: the coefficient
        ``eci`` of a hedonic regression, taken as known. Offers without a score then have no part.
    cluster, draws, confidence, seed
        Of the bootstrap.

    Returns
    -------
    Decomposition

    Raises
    ------
    DataError
        The quotes break their contract, or a product changes its group.

    Notes
    -----
    The dynamic Olley-Pakes decomposition of Melitz and Polanec (2015) for an unweighted mean. With mean log
    price :math:`P_S` of the offers in both months, :math:`P_E` of entrants (share :math:`s_E` of the new
    month), :math:`P_X` of those that leave (share :math:`s_X` of the old):

    .. math:: \\Delta P = (P_{S1} - P_{S0}) + s_E (P_E - P_{S1}) + s_X (P_{S0} - P_X)

    Entrants are compared with survivors *of the same month*. The older decompositions (Griliches and Regev
    1995; Foster, Haltiwanger and Krizan 2001) compare them with a mean over both months, so that every
    entrant seems to lower prices as long as all prices fall. A group's part is the sum over its own offers;
    all parts add up to the total exactly.

    Without ``capability_slope`` the average is not held to a fixed quality: entrants that are dear because
    they are good count as rises.

    References
    ----------
    Melitz, M. J. and Polanec, S. (2015). Dynamic Olley-Pakes productivity decomposition with entry and
    exit. RAND Journal of Economics 46(2), 362-375.

    Examples
    --------
    >>> quotes = pd.DataFrame({
    ...     "period": ["2024-01", "2024-01", "2024-02", "2024-02"], "product": ["a", "b", "a", "c"],
    ...     "price": [1.0, 4.0, 1.0, 2.0], "group": "US closed", "developer": list("xyxz"),
    ...     "host": "h", "model_id": list("abac"), "eci": 100.0})
    >>> parts = decompose_average(quotes, draws=10).contributions.loc["US closed"]
    >>> [round(float(part), 4) for part in parts]
    [0.0, 0.3466, -0.6931, 0.0]
    """
    measure = "Average log price"
    if capability_slope:
        quotes = quotes[quotes["eci"].notna()]
        away = np.exp(capability_slope * (quotes["eci"] - quotes["eci"].mean()))
        quotes = quotes.assign(price=quotes["price"] / away)
        measure += f" at fixed capability (slope {capability_slope:g})"
    sample = _Sample.of(quotes, by=by, cluster=cluster, draws=draws, confidence=confidence, seed=seed)
    parts = sum(_average_step(sample, old, new) for old, new in sample.steps(chained))
    return sample.result(np.asarray(parts), measure)


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
    by, chained, cluster, draws, confidence, seed
        As in :func:`decompose_average`.

    Returns
    -------
    Decomposition

    Raises
    ------
    TooFewError, OutsideDataError
        The level is on sale in fewer than two months, or not without a gap.

    Notes
    -----
    As in Melitz and Polanec, entry is measured among the prices of the new month and exit among those of
    the old one, now for a minimum: first the offers that leave go, then the others change their prices, then
    the entrants come. Within each of the three stages a group's part is its Shapley value: the average of
    what its offers do to the minimum, over all orders in which the groups could act (Shorrocks 2013). Parts
    add up to the change of the log price exactly. Where no offer continues, stages cannot be told apart; the
    change is then ``replacement``, shared between the holder of the old minimum and that of the new.

    In a resample without any offer at the level in some month, nothing is decomposed; it is left out.

    References
    ----------
    Melitz and Polanec (2015), as above. Shorrocks, A. F. (2013). Decomposition procedures for
    distributional analysis: a unified framework based on the Shapley value. Journal of Economic Inequality
    11, 99-126.
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


def _average_step(sample: _Sample, old: _Month, new: _Month) -> Floats:
    """Melitz-Polanec parts between two months, shape (draws + 1, groups, components)."""
    stays, survives = np.isin(old.product, new.product), np.isin(new.product, old.product)

    def totals(month: _Month, keep: Booleans) -> tuple[Floats, Floats]:
        """Number of offers kept and sum of their log prices, by draw and group."""
        number, total = (np.zeros((sample.weights.shape[1], len(sample.groups))) for _ in range(2))
        np.add.at(number, (month.cluster[keep], month.group[keep]), 1.0)
        np.add.at(total, (month.cluster[keep], month.group[keep]), month.price[keep])
        return sample.weights @ number, sample.weights @ total

    (n_stay, sum_old), (_, sum_new) = totals(old, stays), totals(new, survives)
    (n_exit, sum_exit), (n_entry, sum_entry) = totals(old, ~stays), totals(new, ~survives)
    size = [n.sum(axis=1, keepdims=True) for n in (n_stay, n_stay + n_exit, n_stay + n_entry)]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_old, mean_new = (s.sum(axis=1, keepdims=True) / size[0] for s in (sum_old, sum_new))
        continuing = (sum_new - sum_old) / size[0]
        entry = (sum_entry - n_entry * mean_new) / size[2]
        leaving = (n_exit * mean_old - sum_exit) / size[1]
        replaced = sum_entry / size[2] - sum_exit / size[1]
    nobody = size[0] == 0
    parts = [np.where(nobody, 0.0, part) for part in (continuing, entry, leaving)]
    return np.stack([*parts, np.where(nobody, replaced, 0.0)], axis=2)


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
