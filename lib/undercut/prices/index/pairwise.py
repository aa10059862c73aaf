"""How dear is every period against every other? All bilateral comparisons at once.

A formula whose numbers are sums over shared products of (something of period s) times (something of
period t) needs only products of two sparse matrices, products by periods. The result is a small matrix,
periods by periods, and adds up over products: quotes can come in chunks, so that their number is not
limited by memory. Other formulas go pair by pair. SciPy's sparse product runs in one thread and adds in the
order of products, so results do not depend on the number of threads, as those of BLAS do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd

from undercut.inference.arrays import Floats
from undercut.prices.index.bilateral import Formula
from undercut.prices.index.chain import Matcher, no_match
from undercut.prices.index.data import Quotes

Sums = dict[tuple[str, str], Floats]
LogIndex = Callable[[Sums], Floats]

#: What a cell contributes. Logs are relative to the product's mean log price.
_FACTORS: dict[str, Callable[[Quotes], Floats]] = {
    "1": lambda quotes: np.ones(len(quotes.price)),
    "p": lambda quotes: quotes.price,
    "1/p": lambda quotes: 1 / quotes.price,
    "log p": lambda quotes: centred_log_price(quotes),
    "q": lambda quotes: _quantity(quotes),
    "root q": lambda quotes: np.sqrt(_quantity(quotes)),
    "v": lambda quotes: quotes.value,
}


def _quantity(quotes: Quotes) -> Floats:
    return quotes.value if quotes.quantity is None else quotes.quantity  # .value explains what is missing


def centred_log_price(quotes: Quotes) -> Floats:
    """Log price less the product's mean log price, (n_cells,): small numbers lose fewer digits in sums."""
    log_price = np.log(quotes.price)
    count = np.maximum(np.bincount(quotes.product, minlength=quotes.n_products), 1)
    return np.asarray(log_price - (quotes.per_product(log_price) / count)[quotes.product])


_DENSE_LIMIT = 8  # products times periods, per cell, up to which one factor is written out with its zeros


def cross(quotes: Quotes, left: Floats, right: Floats) -> Floats:
    """Sum over products of ``left`` in period s times ``right`` in period t, where both are sold.

    Parameters
    ----------
    quotes : Quotes
        Gives product and period of each cell.
    left, right : numpy.ndarray
        Numbers, shape (n_cells,).

    Returns
    -------
    numpy.ndarray
        Shape (n_periods, n_periods), rows s, columns t.
    """
    from scipy.sparse import csc_array, csr_array

    bounds = np.searchsorted(quotes.product, np.arange(quotes.n_products + 1))
    period = quotes.period
    n_products, n_periods = quotes.n_products, quotes.n_periods
    by_period = csc_array((left, period, bounds), shape=(n_periods, n_products))
    if n_products * n_periods > _DENSE_LIMIT * len(period):
        by_product = csr_array((right, period, bounds), shape=(n_products, n_periods))
        return np.asarray((by_period.tocsr() @ by_product).toarray())
    filled = np.zeros((n_products, n_periods))  # well filled: twice as fast as a sparse right side
    filled[quotes.product, period] = right
    return np.asarray(by_period.tocsr() @ filled)


@dataclass(frozen=True, slots=True)
class PairFormula:
    """A bilateral formula as sums over shared products.

    Attributes
    ----------
    needs : tuple of (str, str)
        Which sums: what period s contributes, what period t contributes.
    log_index : callable
        From the sums to the log index of t against s, shape (n_periods, n_periods).
    """

    needs: tuple[tuple[str, str], ...]
    log_index: LogIndex


def _log_jevons(sums: Sums) -> Floats:
    total = sums["1", "log p"]
    return (total - total.T) / sums["1", "1"]


def _log_dutot(sums: Sums) -> Floats:
    total = sums["p", "1"]
    return np.log(total.T / total)


def _log_carli(sums: Sums) -> Floats:
    return np.log(sums["1/p", "p"] / sums["1", "1"])


def _log_laspeyres(sums: Sums) -> Floats:
    return np.log(sums["q", "p"] / sums["v", "1"])


def _log_marshall_edgeworth(sums: Sums) -> Floats:
    crossed, own = sums["q", "p"], sums["v", "1"]
    return np.log((crossed + own.T) / (own + crossed.T))


def _log_walsh(sums: Sums) -> Floats:
    total = sums["root q", "p * root q"]
    return np.log(total / total.T)


def _log_geometric_laspeyres(sums: Sums) -> Floats:
    return (sums["v", "log p"] - sums["v * log p", "1"]) / sums["v", "1"]


def _reversed(log_index: LogIndex) -> LogIndex:
    """The formula with base and current period exchanged (its time antithesis)."""
    return lambda sums: -log_index(sums).T


def _crossed(log_index: LogIndex) -> LogIndex:
    """The geometric mean of a formula and its time antithesis."""
    return lambda sums: (log_index(sums) - log_index(sums).T) / 2


_COUNT, _VALUE = ("1", "1"), ("v", "1")
_VALUE_LOGS = (("v", "log p"), ("v * log p", "1"), _VALUE)

#: The formulas that are sums over shared products, by method name.
PAIR_FORMULAS: dict[str, PairFormula] = {
    "jevons": PairFormula((("1", "log p"), _COUNT), _log_jevons),
    "dutot": PairFormula((("p", "1"),), _log_dutot),
    "carli": PairFormula((("1/p", "p"), _COUNT), _log_carli),
    "harmonic": PairFormula((("1/p", "p"), _COUNT), _reversed(_log_carli)),
    "cswd": PairFormula((("1/p", "p"), _COUNT), _crossed(_log_carli)),
    "laspeyres": PairFormula((("q", "p"), _VALUE), _log_laspeyres),
    "paasche": PairFormula((("q", "p"), _VALUE), _reversed(_log_laspeyres)),
    "fisher": PairFormula((("q", "p"), _VALUE), _crossed(_log_laspeyres)),
    "marshall-edgeworth": PairFormula((("q", "p"), _VALUE), _log_marshall_edgeworth),
    "walsh": PairFormula((("root q", "p * root q"),), _log_walsh),
    "geometric-laspeyres": PairFormula(_VALUE_LOGS, _log_geometric_laspeyres),
    "geometric-paasche": PairFormula(_VALUE_LOGS, _reversed(_log_geometric_laspeyres)),
    "tornqvist": PairFormula(_VALUE_LOGS, _crossed(_log_geometric_laspeyres)),
}


def pair_sums(chunks: Iterable[Quotes], needs: Iterable[tuple[str, str]]) -> Sums:
    """The sums ``needs`` over all products, of quotes that come in chunks of whole products."""
    wanted = tuple(dict.fromkeys(needs))
    sums: Sums = {}
    for quotes in chunks:
        cell = _cell_numbers(quotes, dict.fromkeys(sum(wanted, ())))
        for left, right in wanted:
            total = cross(quotes, cell[left], cell[right])
            sums[left, right] = sums[left, right] + total if (left, right) in sums else total
    return sums


def _cell_numbers(quotes: Quotes, names: Iterable[str]) -> dict[str, Floats]:
    """The numbers of each name, a factor or a product of factors, shape (n_cells,) each."""
    factors: dict[str, Floats] = {}
    numbers = {}
    for name in names:
        parts = name.split(" * ")
        for part in parts:
            if part not in factors:
                factors[part] = _FACTORS[part](quotes)
        numbers[name] = reduce(np.multiply, (factors[part] for part in parts))
    return numbers


def log_index_by_pairs(quotes: Quotes, formula: Formula, *, window: int, elasticity: float | None) -> Floats:
    """Log index of t against s for any formula, one pair of periods after the other.

    Parameters
    ----------
    quotes : Quotes
        Checked quotes.
    formula : callable
        From a `Matched` pair to an index number.
    window : int
        Only pairs less than this many periods apart; the others stay NaN.
    elasticity : float or None
        Handed to the formula.

    Returns
    -------
    numpy.ndarray
        Shape (n_periods, n_periods), rows s (base), columns t (current).

    Raises
    ------
    NotIdentifiedError
        If two periods within the window share no product.
    """
    matcher = Matcher(quotes, elasticity=elasticity)
    logs = np.full((quotes.n_periods, quotes.n_periods), np.nan)
    np.fill_diagonal(logs, 0.0)
    for base in range(quotes.n_periods):
        for current in range(max(0, base - window + 1), min(quotes.n_periods, base + window)):
            if base != current:
                logs[base, current] = np.log(formula(matcher.pair(base, current)))
    return logs


def check_pairs(matched: Floats, periods: pd.Index, window: int) -> None:
    """An error that names the pairs of periods within ``window`` that share no product."""
    base, current = np.nonzero(np.triu(matched == 0))
    near = current - base < window
    if near.any():
        pairs = list(zip(base[near].tolist(), current[near].tolist(), strict=True))
        raise no_match(pairs, periods)
