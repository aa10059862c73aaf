"""How sure is an index? Whole clusters of products are drawn again, as many times as one likes.

Every method here is a function of sums over products. Sums are taken once for each cluster; a resample
weighs them by how often the cluster was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import field
from typing import Any

import numpy as np
import pandas as pd

from undercut.errors import InputError, NotIdentifiedError
from undercut.inference.arrays import Codes, Floats
from undercut.inference.levels import check_level
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval
from undercut.prices.changes import Counted, count_changes
from undercut.prices.index.compute import checked_method, level_from_sums, sums_needed
from undercut.prices.index.data import Quotes, prepare
from undercut.prices.index.methods import Method
from undercut.prices.index.multilateral import Spans, dummy_level, dummy_systems
from undercut.prices.index.pairwise import PAIR_FORMULAS, pair_sums
from undercut.prices.index.result import draw_index
from undercut.prices.index.splice import splice_windows, windows
from undercut.prices.monthly_quotes import trend_weights, years
from undercut.result import Axes, Result


class ResampledIndex(Result):
    """An index with the uncertainty that comes from its products being those of few firms.

    Attributes
    ----------
    method : str
    index : DataFrame
        Indexed by period: ``index`` (1 in the first), ``low``, ``high``.
    annual : tuple of float
        Factor by which the price changes a year, low and high end: the slope of the log index on time.
    quotes, clusters : int
    confidence : float
    options : dict
    """

    method: str
    index: pd.DataFrame
    annual: tuple[float, float, float]
    quotes: int
    clusters: int
    confidence: float
    options: dict[str, Any] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """One row a period."""
        return self.index.reset_index()

    def summary(self) -> str:
        """Annual change and index as text."""
        value, low, high = (100 * (factor - 1) for factor in self.annual)
        told = ", ".join(f"{name} {value}" for name, value in self.options.items())
        return (
            f"Price index: {self.method} ({told})\n{value:+.1f} percent a year [{low:+.1f}, {high:+.1f}], "
            f"{self.confidence:.0%} interval; {self.quotes:,} prices, {self.clusters} clusters.\n\n"
            + self.index.to_string(float_format="{:.4g}".format)
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the index with its interval on a logarithmic axis and return the axes."""
        return draw_index(self.index, ax, "Price index")


def resampled_index(
    quotes: pd.DataFrame,
    *,
    method: str,
    chained: bool = False,
    window: int | None = None,
    splice: str | None = None,
    cluster: str = "developer",
    draws: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
    changes: Counted | None = None,
) -> ResampledIndex:
    """An unweighted price index of monthly quotes with bootstrap intervals.

    Parameters
    ----------
    quotes : DataFrame
        Columns ``period`` (months), ``product``, ``price``, ``model_id`` and the column ``cluster``.
    method, chained, window, splice
        As in :func:`undercut.prices.index.price_index`. Bilateral and GEKS methods that are sums over
        products and use no quantities, and the time-product dummy.
    cluster, draws, confidence, seed
        Of the bootstrap over whole clusters; a cluster drawn twice counts as two sets of products.
    changes
        As in :func:`undercut.prices.index.price_index`.

    Returns
    -------
    ResampledIndex

    Raises
    ------
    InputError
        The method cannot be resampled, or options do not go together.
    NotIdentifiedError
        Periods that are compared share no product. A resample of which that holds is left out.

    Examples
    --------
    >>> quotes = pd.DataFrame({
    ...     "period": ["2024-01", "2024-02"] * 3, "product": list("aabbcc"), "model_id": list("aabbcc"),
    ...     "developer": list("xxyyzz"), "price": [4.0, 2.0, 1.0, 1.0, 8.0, 2.0]})
    >>> resampled_index(quotes, method="jevons", draws=99).index["index"].tolist()
    [1.0, 0.5]
    """
    check_level(confidence, name="confidence")
    quotes = quotes if changes is None else count_changes(quotes, changes)
    chosen, given = checked_method(method, chained=chained, window=window, splice=splice)
    cells = prepare(quotes[["period", "product", "price"]], quantities="ignored")
    codes, labels = cluster_codes(quotes, cluster)
    of_product = pd.Series(codes, index=quotes["product"].to_numpy())
    own = of_product[~of_product.index.duplicated()].loc[cells.products].to_numpy()
    drawn = multiplicities(len(labels), draws=draws, seed=seed)
    parts = list(_clusters(cells, own, len(labels)))
    compute = _from_pairs if chosen.formula else _from_dummies
    paths = np.log(compute(chosen, parts, drawn, cells.periods, given))
    slopes = (paths @ trend_weights(years(pd.Index(cells.periods.astype(str))).to_numpy()))[:, None]
    ends = [np.exp(end) for end in percentile_interval(paths[1:], level=confidence)]
    low, high = (float(np.exp(end[0])) for end in percentile_interval(slopes[1:], level=confidence))
    index = pd.DataFrame(
        {"index": np.exp(paths[0]), "low": ends[0], "high": ends[1]},
        index=pd.Index(cells.periods, name="period"),
    )
    given |= {"cluster": cluster, "draws": draws, "seed": seed}
    given |= {} if changes is None else {"changes": changes}
    annual = (float(np.exp(slopes[0, 0])), low, high)
    return ResampledIndex(method, index, annual, len(cells.price), len(labels), confidence, given)


def _clusters(cells: Quotes, own: Codes, n_clusters: int) -> Iterator[Quotes]:
    """The quotes of each cluster, whole products over the same periods."""
    of_cell = own[cells.product]
    for cluster in range(n_clusters):
        inside = of_cell == cluster
        present, product = np.unique(cells.product[inside], return_inverse=True)
        yield Quotes(
            cells.periods, cells.products[present], product, cells.period[inside], cells.price[inside], None
        )


def _from_pairs(
    method: Method, parts: list[Quotes], drawn: Floats, periods: pd.Index, options: dict[str, Any]
) -> Floats:
    """Level in every draw, (draws + 1, n_periods), from sums over the products of each two periods."""
    if method.formula_name not in PAIR_FORMULAS or method.quantities == "needed":
        raise InputError(f"{method.name} is no sum over products, or needs quantities: it has no resamples.")
    needs = [("1", "1"), *sums_needed(method, variety=False)]
    by_cluster = [pair_sums([part], needs) for part in parts]
    stacked = {need: np.stack([sums[need] for sums in by_cluster]) for need in by_cluster[0]}
    sums_drawn = {need: np.tensordot(drawn, sums, axes=1) for need, sums in stacked.items()}

    def level(draw: int) -> Floats:
        return level_from_sums(
            method, {need: sums[draw] for need, sums in sums_drawn.items()}, periods, options
        )

    return _every_draw(level, len(drawn), len(periods))


def _from_dummies(
    method: Method, parts: list[Quotes], drawn: Floats, periods: pd.Index, options: dict[str, Any]
) -> Floats:
    """Level in every draw, (draws + 1, n_periods), from the equations of each window."""
    if method.family != "time-product-dummy":
        raise InputError(f"{method.name} needs quantities: it has no resamples.")
    spans: Spans = windows(len(periods), options.get("window"), options.get("splice"))
    by_cluster = [dummy_systems([part], spans)[0] for part in parts]
    systems = [
        tuple(np.tensordot(drawn, np.stack(sides), axes=1) for sides in zip(*window, strict=True))
        for window in zip(*by_cluster, strict=True)
    ]

    def level(draw: int) -> Floats:
        levels = [
            dummy_level((matrix[draw], right[draw]), periods[start:stop])
            for (matrix, right), (start, stop) in zip(systems, spans, strict=True)
        ]
        return splice_windows(levels, spans, options.get("splice"))

    return _every_draw(level, len(drawn), len(periods))


def _every_draw(level: Callable[[int], Floats], draws: int, n_periods: int) -> Floats:
    """Levels of the sample and of all resamples; NaN for a resample that connects too few periods."""
    found = np.full((draws, n_periods), np.nan)
    found[0] = level(0)
    for draw in range(1, draws):
        with suppress(NotIdentifiedError):
            found[draw] = level(draw)
    return found
