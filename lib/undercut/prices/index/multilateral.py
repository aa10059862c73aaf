"""How dear was each period when all periods are compared at once, so that the index cannot drift?

Every method reduces the quotes to small matrices, periods by periods, which add up over products; quotes may
therefore come in chunks of whole products. Symbols as in `bilateral`; product i, periods s and t.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from undercut.errors import NotIdentifiedError
from undercut.inference.arrays import Floats
from undercut.prices.index.data import Quotes
from undercut.prices.index.pairwise import centred_log_price, cross

Spans = Sequence[tuple[int, int]]
System = tuple[Floats, Floats]


def geks(log_index: Floats) -> Floats:
    """GEKS index from all bilateral comparisons of a window.

    Parameters
    ----------
    log_index : numpy.ndarray
        Log index of t against s, rows s, columns t, shape (n_periods, n_periods).

    Returns
    -------
    numpy.ndarray
        Level, 1 in the first period, shape (n_periods,).

    Notes
    -----
    :math:`P_t = \\prod_k (P_{kt} / P_{k0})^{1/T}`. For a bilateral index that satisfies time reversal this is
    the classical :math:`\\prod_k (P_{0k} P_{kt})^{1/T}`; for the others it is the form of Białek (2022),
    transitive in either case. On the Törnqvist index it is called CCDI.

    References
    ----------
    Gini, C. (1931). On the circular test of index numbers. Metron 9(9), 3-24.
    Eltetö, O. and Köves, P. (1964); Szulc, B. (1964), as in Balk (2008), chapter 7.
    Caves, D. W., Christensen, L. R. and Diewert, W. E. (1982). Multilateral comparisons of output, input, and
    productivity using superlative index numbers. Economic Journal 92, 73-86.
    Ivancic, L., Diewert, W. E. and Fox, K. J. (2011). Scanner data, time aggregation and the construction of
    price indexes. Journal of Econometrics 161(1), 24-35.
    Białek, J. (2022). Improving quality of the scanner CPI: proposition of new multilateral methods.
    Quality & Quantity 57, 2893-2921.

    Examples
    --------
    >>> drifting = np.log(np.array([[1, 2, 3], [1 / 2, 1, 2], [1 / 3, 1 / 2, 1]]))
    >>> geks(drifting).round(4).tolist()
    [1.0, 1.8171, 3.3019]
    """
    mean = log_index.mean(axis=0)
    return np.asarray(np.exp(mean - mean[0]))


def geary_khamis(chunks: Iterable[Quotes], spans: Spans) -> list[Floats]:
    """Geary-Khamis index in each window.

    Parameters
    ----------
    chunks : iterable of Quotes
        Quotes with quantities, in chunks of whole products over the same periods.
    spans : sequence of (int, int)
        Start and stop of each window.

    Returns
    -------
    list of numpy.ndarray
        Level in each window, 1 in its first period.

    Raises
    ------
    NotIdentifiedError
        If products do not connect all periods of a window; the groups of periods are named.

    Notes
    -----
    Reference prices :math:`v_i = \\sum_t (q_{it} / q_i) p_{it} / P_t` with :math:`q_i = \\sum_t q_{it}`, and
    :math:`P_t = \\sum_i p_{it} q_{it} / \\sum_i v_i q_{it}`. Put in for :math:`v_i`, the reciprocals
    :math:`x_t = 1/P_t` solve :math:`V_t x_t = \\sum_s C_{ts} x_s` with
    :math:`C_{ts} = \\sum_i q_{it} p_{is} q_{is} / q_i`: exact, no iteration.

    References
    ----------
    Geary, R. C. (1958). A note on the comparison of exchange rates and purchasing power between countries.
    Journal of the Royal Statistical Society A 121(1), 97-99.
    Khamis, S. H. (1972). A new system of index numbers for national and international purposes. Journal of
    the Royal Statistical Society A 135(1), 96-121.
    Diewert, W. E. (1999). Axiomatic and economic approaches to international comparisons, section 5.
    """
    matrices = [np.zeros((stop - start, stop - start)) for start, stop in spans]
    periods = pd.Index([])
    for quotes in chunks:
        periods = quotes.periods
        for matrix, (start, stop) in zip(matrices, spans, strict=True):
            matrix += _geary_khamis_matrix(quotes.between(start, stop))
    levels = []
    for matrix, (start, stop) in zip(matrices, spans, strict=True):
        _check_connected(matrix, periods[start:stop])
        system = np.diag(matrix.sum(axis=0)) - matrix
        reciprocal = np.ones(stop - start)
        reciprocal[1:] = np.linalg.solve(system[1:, 1:], -system[1:, 0])
        levels.append(1 / reciprocal)
    return levels


def _geary_khamis_matrix(quotes: Quotes) -> Floats:
    value = quotes.value
    assert quotes.quantity is not None  # else quotes.value has raised
    quantity_share = quotes.quantity / quotes.per_product(quotes.quantity)[quotes.product]
    return cross(quotes, quantity_share, value)


def time_product_dummy(
    chunks: Iterable[Quotes], spans: Spans, *, period_values: Floats | None
) -> list[Floats]:
    """Time-product-dummy index (country-product-dummy over time) in each window.

    Parameters
    ----------
    chunks : iterable of Quotes
        Quotes in chunks of whole products over the same periods.
    spans : sequence of (int, int)
        Start and stop of each window.
    period_values : numpy.ndarray or None
        Total expenditure of each period over all chunks, shape (n_periods,), to weight by expenditure share;
        None for ordinary least squares.

    Returns
    -------
    list of numpy.ndarray
        Level in each window, 1 in its first period.

    Raises
    ------
    NotIdentifiedError
        If products do not connect all periods of a window; the groups of periods are named.

    Notes
    -----
    Least squares of :math:`\\ln p_{it} = \\alpha_t + \\gamma_i + \\varepsilon_{it}` with weights
    :math:`s_{it}` (or 1); :math:`P_t = \\exp(\\alpha_t - \\alpha_0)`. Product effects are swept out: what is
    solved has as many unknowns as periods.

    References
    ----------
    Summers, R. (1973). International price comparisons based upon incomplete data. Review of Income and
    Wealth 19(1), 1-16.
    Rao, D. S. P. (2005). On the equivalence of weighted country-product-dummy (CPD) method and the Rao-system
    for multilateral price comparisons. Review of Income and Wealth 51(4), 571-580.
    de Haan, J., Hendriks, R. and Scholz, M. (2021). Price measurement using scanner data: time-product dummy
    versus time dummy hedonic indexes. Review of Income and Wealth 67(2), 394-417.
    """
    systems, periods = dummy_systems(chunks, spans, period_values=period_values)
    return [
        dummy_level(system, periods[start:stop]) for system, (start, stop) in zip(systems, spans, strict=True)
    ]


def dummy_systems(
    chunks: Iterable[Quotes], spans: Spans, *, period_values: Floats | None = None
) -> tuple[list[System], pd.Index]:
    """The equations of `time_product_dummy` in each window, sums over products, and the periods."""
    systems = [(np.zeros((stop - start, stop - start)), np.zeros(stop - start)) for start, stop in spans]
    periods = pd.Index([])
    for quotes in chunks:
        periods = quotes.periods
        for (matrix, right), (start, stop) in zip(systems, spans, strict=True):
            totals = None if period_values is None else period_values[start:stop]
            added = _dummy_equations(quotes.between(start, stop), totals)
            matrix += added[0]
            right += added[1]
    return systems, periods


def dummy_level(system: System, periods: pd.Index) -> Floats:
    """Solve the equations of a window: its level, 1 in its first period."""
    matrix, right = system
    _check_connected(matrix, periods)
    laplacian = np.diag(matrix.sum(axis=1)) - matrix
    effect = np.zeros(len(right))
    effect[1:] = np.linalg.solve(laplacian[1:, 1:], right[1:])
    return np.asarray(np.exp(effect))


def _dummy_equations(quotes: Quotes, totals: Floats | None) -> tuple[Floats, Floats]:
    """Off-diagonal weights between periods and right-hand side, after product effects are swept out."""
    log_price = centred_log_price(quotes)
    weight = np.ones(len(log_price)) if totals is None else quotes.value / totals[quotes.period]
    product_weight = quotes.per_product(weight)
    share = weight / product_weight[quotes.product]
    deviation = log_price - quotes.per_product(share * log_price)[quotes.product]
    return cross(quotes, share, weight), quotes.per_period(weight * deviation)


def _check_connected(links: Floats, periods: pd.Index) -> None:
    """An error that names the groups of periods which no product connects."""
    from scipy.sparse.csgraph import connected_components

    n_groups, group = connected_components(links > 0, directed=False)
    if n_groups > 1:
        names = " | ".join(", ".join(map(str, periods[group == g][:4])) for g in range(min(n_groups, 4)))
        raise NotIdentifiedError(
            f"No product connects {n_groups} groups of periods ({names}): "
            "their price levels cannot be compared. Use coarser periods, or only the periods of one group."
        )
