"""How does a bilateral formula become a series: each period against the first, or link by link?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from undercut.errors import InputError, NotIdentifiedError, unknown
from undercut.inference.arrays import Codes, Floats
from undercut.prices.index.bilateral import Formula, Matched, feenstra
from undercut.prices.index.data import Quotes


@dataclass(frozen=True, slots=True)
class Basket:
    """Weights of a weight period, over all products: quantities and values, shape (n_products,)."""

    quantity: Floats
    value: Floats


def basket_of(quotes: Quotes, weight_period: object) -> Basket:
    """Quantities and values of one period, or of a list of periods summed, by product.

    Raises
    ------
    InputError
        If no weight period is named.
    UnknownNameError
        If it is not among the periods of the quotes.
    """
    if weight_period is None:
        raise InputError("This method needs weight_period=..., the period(s) whose basket is priced.")
    wanted = list(weight_period) if isinstance(weight_period, list | tuple) else [weight_period]
    known = {str(label): position for position, label in enumerate(quotes.periods)}
    inside = np.zeros(quotes.n_periods, dtype=bool)
    for label in wanted:
        if str(label) not in known:
            raise unknown("weight period", str(label), known)
        inside[known[str(label)]] = True
    chosen = inside[quotes.period]
    value = quotes.per_product(np.where(chosen, quotes.value, 0.0))
    assert quotes.quantity is not None  # else quotes.value has raised
    return Basket(quotes.per_product(np.where(chosen, quotes.quantity, 0.0)), value)


class Matcher:
    """Finds the products that two periods share. Holds each period's cells, in the order of products."""

    def __init__(
        self, quotes: Quotes, *, basket: Basket | None = None, elasticity: float | None = None
    ) -> None:
        self.periods = quotes.periods
        by_period = np.argsort(quotes.period, kind="stable")  # products stay sorted within a period
        bounds = np.searchsorted(quotes.period[by_period], np.arange(quotes.n_periods + 1))
        self._cells = [by_period[start:stop] for start, stop in pairwise(bounds)]
        self._quotes = quotes
        self._basket = basket
        self._elasticity = np.nan if elasticity is None else elasticity
        self._row_of = np.full(quotes.n_products, -1)

    def cells(self, base: int, current: int) -> tuple[Codes, Codes]:
        """Positions of the shared products' cells in the two periods, in the order of products."""
        quotes = self._quotes
        base_cells, current_cells = self._cells[base], self._cells[current]
        self._row_of[quotes.product[base_cells]] = base_cells
        row = self._row_of[quotes.product[current_cells]]
        self._row_of[quotes.product[base_cells]] = -1
        shared = row >= 0
        if self._basket is not None:
            shared &= self._basket.quantity[quotes.product[current_cells]] > 0
        return row[shared], current_cells[shared]

    def pair(self, base: int, current: int) -> Matched:
        """Prices, quantities and weights of the shared products.

        Raises
        ------
        NotIdentifiedError
            If the two periods share no product.
        """
        quotes, basket, none = self._quotes, self._basket, np.empty(0)
        at_base, at_current = self.cells(base, current)
        if not len(at_base):
            raise no_match([(base, current)], self.periods, in_basket=basket is not None)
        product = quotes.product[at_base]
        return Matched(
            price_base=quotes.price[at_base],
            price_current=quotes.price[at_current],
            quantity_base=none if quotes.quantity is None else quotes.quantity[at_base],
            quantity_current=none if quotes.quantity is None else quotes.quantity[at_current],
            basket_quantity=none if basket is None else basket.quantity[product],
            basket_value=none if basket is None else basket.value[product],
            elasticity=self._elasticity,
        )


def no_match(
    pairs: list[tuple[int, int]], periods: pd.Index, *, in_basket: bool = False
) -> NotIdentifiedError:
    """The error for pairs of periods that share no product; it names the periods."""
    names = "; ".join(f"{periods[base]} and {periods[current]}" for base, current in pairs[:5])
    where = " that is also in the basket of the weight period" if in_basket else ""
    more = f" and {len(pairs) - 5} more pairs" if len(pairs) > 5 else ""
    return NotIdentifiedError(
        f"No product{where} is sold in both periods of: {names}{more}. A price change between them is not "
        "defined. Use coarser periods, chain over shorter steps (chained=True), take a window (window=..., "
        "splice=...), or start later."
    )


def bilateral_series(
    quotes: Quotes, matcher: Matcher, formula: Formula, *, chained: bool, elasticity: float | None
) -> tuple[Floats, dict[str, Any]]:
    """Fixed-base or chained series of ``formula``, 1 in the first period, and what a reader must know of it.

    Parameters
    ----------
    quotes : Quotes
        Checked quotes.
    matcher : Matcher
        Made from the same quotes.
    formula : callable
        From a `Matched` pair to an index number.
    chained : bool
        Compare each period with the one before and multiply, instead of with the first.
    elasticity : float or None
        If given, each comparison carries Feenstra's correction with this elasticity.

    Returns
    -------
    numpy.ndarray
        The index, shape (n_periods,).
    dict
        By period: ``base``, the label of the period with which it was compared; ``n_matched``, products that
        both share; with quantities ``matched_share`` and ``matched_share_base``, the share of its own and of
        the base's expenditure on them.

    Notes
    -----
    A product that disappears and returns is compared when both periods of a comparison have it: with a
    fixed base whenever it is there, in a chain only between neighbouring periods.
    """
    n_periods = quotes.n_periods
    base = np.maximum(np.arange(n_periods) - 1, 0) if chained else np.zeros(n_periods, dtype=np.int64)
    totals = quotes.per_period(quotes.value) if quotes.quantity is not None else None
    link, n_matched = np.ones(n_periods), np.zeros(n_periods, dtype=np.int64)
    share_base, share_current = np.full(n_periods, np.nan), np.full(n_periods, np.nan)
    for current in range(n_periods):
        pair = matcher.pair(int(base[current]), current)
        n_matched[current] = len(pair.price_base)
        if current > 0:
            link[current] = formula(pair)
        if totals is not None:
            share_base[current] = pair.value_base.sum() / totals[base[current]]
            share_current[current] = pair.value_current.sum() / totals[current]
    if elasticity is not None:
        link[1:] *= feenstra(share_base[1:], share_current[1:], elasticity=elasticity)
    told: dict[str, Any] = {"base": quotes.periods[base], "n_matched": n_matched}
    if totals is not None:
        told |= {"matched_share": share_current, "matched_share_base": share_base}
    return np.asarray(np.cumprod(link) if chained else link, dtype=float), told
