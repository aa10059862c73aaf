"""What may users pass in as quotes, and what does the engine make of it? Decided once, here.

A quote is one price of one product in one period, with the quantity sold at it where that is known.
Estimators see only `Quotes`: one cell a product and period, sorted, checked. Because the order of the
cells does not depend on the order of the rows, neither does any result, to the last bit.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from undercut.errors import CellError, DuplicateRowsError, MissingColumnError, TooFewError, one_of
from undercut.inference.arrays import Booleans, Codes, Floats
from undercut.inference.periods import order_periods

BadRows = Literal["error", "drop"]
Duplicates = Literal["error", "unit-value", "geometric-mean"]
Quantities = Literal["needed", "if-given", "ignored"]


@dataclass(frozen=True, slots=True)
class Quotes:
    """Checked quotes: one cell for each product and period, sorted by product, then period.

    Attributes
    ----------
    periods : pandas.Index
        Labels in the order of time, length n_periods.
    products : pandas.Index
        Sorted product ids, length n_products.
    product, period : numpy.ndarray
        Codes into ``products`` and ``periods``, shape (n_cells,).
    price : numpy.ndarray
        Positive and finite, shape (n_cells,).
    quantity : numpy.ndarray or None
        Positive and finite, shape (n_cells,); None when not given or not used.
    notes : tuple of str
        What a reader of a result must know about the data: rows dropped, duplicates merged, gaps.
    """

    periods: pd.Index
    products: pd.Index
    product: Codes
    period: Codes
    price: Floats
    quantity: Floats | None
    notes: tuple[str, ...] = ()

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return len(self.periods)

    @property
    def n_products(self) -> int:
        """Number of distinct products."""
        return len(self.products)

    @property
    def value(self) -> Floats:
        """Price times quantity, shape (n_cells,); an error without quantities."""
        if self.quantity is None:
            raise MissingColumnError("This needs quantities: give the quotes a column 'quantity'.")
        return self.price * self.quantity

    def per_product(self, numbers: Floats) -> Floats:
        """Sum of ``numbers`` (n_cells,) by product, shape (n_products,)."""
        total = np.bincount(self.product, weights=numbers, minlength=self.n_products)
        return np.asarray(total, dtype=float)

    def per_period(self, numbers: Floats) -> Floats:
        """Sum of ``numbers`` (n_cells,) by period, shape (n_periods,)."""
        total = np.bincount(self.period, weights=numbers, minlength=self.n_periods)
        return np.asarray(total, dtype=float)

    def between(self, start: int, stop: int) -> Quotes:
        """The cells of periods ``start`` to ``stop - 1``, with period codes counted from ``start``."""
        if start == 0 and stop == self.n_periods:
            return self
        inside = (self.period >= start) & (self.period < stop)
        within = self.take(inside)
        return replace(within, periods=self.periods[start:stop], period=within.period - start)

    def take(self, rows: Codes | Booleans) -> Quotes:
        """These cells, over the same periods and products."""
        return replace(
            self,
            product=self.product[rows],
            period=self.period[rows],
            price=self.price[rows],
            quantity=None if self.quantity is None else self.quantity[rows],
        )


def prepare(
    quotes: pd.DataFrame,
    *,
    quantities: Quantities = "if-given",
    bad_rows: BadRows = "error",
    duplicates: Duplicates = "error",
) -> Quotes:
    """Check and sort quotes once, so that many indices can be computed from them.

    Parameters
    ----------
    quotes : pandas.DataFrame
        Columns ``period``, ``product``, ``price`` and, where needed, ``quantity``; others are ignored.
        Not changed.
    quantities : {"if-given", "needed", "ignored"}
        ``"needed"`` makes their absence an error; ``"ignored"`` does not even look at them.
    bad_rows : {"error", "drop"}
        What to do with a price (or a used quantity) that is missing, infinite, zero or negative. Dropping
        is noted in the result. A period that loses all its quotes is an error in either case.
    duplicates : {"error", "unit-value", "geometric-mean"}
        What to do with several quotes of one product in one period. See Notes.

    Returns
    -------
    Quotes

    Raises
    ------
    DataError
        Columns missing, ids or periods missing, values impossible, order of periods ambiguous.
    InputError
        An option is not one of those allowed.

    Notes
    -----
    Several transactions of one product in one period have a standard price, the unit value
    :math:`\\sum p q / \\sum q` (Balk 1998; Consumer Price Index Manual 2020, chapter 10). But a row that was
    loaded twice looks the same and would double the weight of its product, so merging is never done
    unless asked for. Without quantities the geometric mean keeps the Jevons and time-product-dummy
    indices independent of units, as they should be.

    References
    ----------
    Balk, B. M. (1998). On the use of unit value indices as consumer price subindices. Ottawa Group.

    Examples
    --------
    >>> rows = pd.DataFrame({"period": [2, 1, 1], "product": ["a", "a", "b"], "price": [3.0, 2.0, 5.0]})
    >>> prepare(rows).price.tolist()
    [2.0, 3.0, 5.0]
    """
    one_of("bad_rows", bad_rows, get_args(BadRows))
    one_of("duplicates", duplicates, get_args(Duplicates))
    uses_quantity = _check_columns(quotes, quantities, duplicates)
    price = _numbers(quotes, "price")
    quantity = _numbers(quotes, "quantity") if uses_quantity else None
    period, periods, gap = _period_codes(quotes["period"])
    product, products = _product_codes(quotes["product"])
    raw = Quotes(periods, products, product, period, price, quantity)
    cells = _checked(raw, bad_rows, duplicates)
    if gap:
        cells = replace(
            cells, notes=(*cells.notes, f"{gap}; links and windows count the periods that are present")
        )
        warnings.warn(cells.notes[-1], UserWarning, stacklevel=3)
    _check_periods_survive(cells.period, periods)
    return replace(cells, quantity=None) if quantities == "ignored" else cells


def prepare_chunk(
    quotes: pd.DataFrame, periods: pd.Index, *, uses_quantity: bool, duplicates: Duplicates
) -> Quotes:
    """Like `prepare`, for whole products out of a larger table whose ``periods`` are known.

    Column ``period`` holds positions in ``periods``; the chunk need not have all of them.
    """
    product, products = _product_codes(quotes["product"])
    period = quotes["period"].to_numpy(dtype=np.int64)
    quantity = _numbers(quotes, "quantity") if uses_quantity else None
    price = _numbers(quotes, "price")
    return _checked(Quotes(periods, products, product, period, price, quantity), "error", duplicates)


def _checked(raw: Quotes, bad_rows: BadRows, duplicates: Duplicates) -> Quotes:
    """Sorted cells of the usable rows, with notes on what was dropped or merged."""
    keep, notes = _usable(raw.price, raw.quantity, bad_rows)
    cells = _sorted(raw if keep is None else raw.take(keep), duplicates)
    return replace(cells, notes=(*notes, *cells.notes))


def _check_columns(quotes: pd.DataFrame, quantities: Quantities, duplicates: Duplicates) -> bool:
    """Whether quantities are to be read; an error if a column is missing or there are no rows."""
    needed = ["period", "product", "price"]
    if quantities == "needed" or duplicates == "unit-value":
        needed.append("quantity")
    missing = [column for column in needed if column not in quotes.columns]
    if missing:
        have = ", ".join(map(str, quotes.columns))
        raise MissingColumnError(f"Quotes lack the column(s) {', '.join(missing)}; they have: {have}.")
    repeated = [column for column in (*needed, "quantity") if (quotes.columns == column).sum() > 1]
    if repeated:
        raise DuplicateRowsError(f"Quotes have more than one column {repeated[0]!r}.")
    if quotes.empty:
        raise TooFewError("There are no quotes: the table has no rows.")
    return "quantity" in needed or (quantities == "if-given" and "quantity" in quotes.columns)


def _numbers(quotes: pd.DataFrame, column: str) -> Floats:
    values = quotes[column]
    if pd.api.types.is_bool_dtype(values.dtype) or not pd.api.types.is_numeric_dtype(values.dtype):
        numbers = pd.to_numeric(values.astype("object"), errors="coerce")
        wrong = values[numbers.isna() & values.notna()]
        if len(wrong) or pd.api.types.is_bool_dtype(values.dtype):
            shown = ", ".join(repr(value) for value in (wrong if len(wrong) else values).head(3))
            raise CellError(f"Column {column!r} must hold numbers; found {shown}.")
        values = numbers
    return values.to_numpy(dtype=float, na_value=np.nan)


def _period_codes(column: pd.Series) -> tuple[Codes, pd.Index, str | None]:
    """Codes in the order of time, the labels in that order, and a note on gaps."""
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered:
        codes = column.cat.codes.to_numpy()
        _refuse_missing(codes, "period")
        present = np.unique(codes)
        return np.searchsorted(present, codes), pd.Index(column.cat.categories[present]), None
    codes, labels = _coded(column, "period")
    order, gap = order_periods(labels)
    return _ranks(order)[codes], labels[order], gap


def _product_codes(column: pd.Series) -> tuple[Codes, pd.Index]:
    """Codes in the sorted order of product ids, and the ids: the same for every order of rows."""
    codes, products = _coded(column, "product")
    if products.is_monotonic_increasing:
        return codes, products
    try:
        order = products.argsort()
    except TypeError as error:
        raise CellError(f"Product ids mix kinds ({error}); make them all text or all numbers.") from error
    return _ranks(order)[codes], products[order]


def _coded(column: pd.Series, name: str) -> tuple[Codes, pd.Index]:
    found_codes, labels = pd.factorize(column)
    codes: Codes = np.asarray(found_codes, dtype=np.int64)
    _refuse_missing(codes, name)
    found = pd.Index(labels)
    if isinstance(found, pd.CategoricalIndex):  # its order is that of the categories, not of the labels
        found = found.astype(found.categories.dtype)
    return codes, found


def _refuse_missing(codes: Codes, column: str) -> None:
    missing = np.flatnonzero(codes < 0)
    if len(missing):
        raise CellError(f"{len(missing):,} quotes have no {column}; the first is row {missing[0]}.")


def _ranks(order: Codes) -> Codes:
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def _usable(price: Floats, quantity: Floats | None, bad_rows: BadRows) -> tuple[Booleans | None, list[str]]:
    """Which rows can be used (None: all of them), and a note on those that cannot."""
    keep = np.ones(len(price), dtype=bool)
    complaints = []
    for name, values in (("price", price), ("quantity", quantity)):
        if values is None:
            continue
        good = (values > 0) & (values < np.inf)
        if not good.all():
            complaints.append(_complaint(name, values, good))
            keep &= good
    if not complaints:
        return None, []
    if bad_rows == "error":
        advice = "Correct them, or drop them with bad_rows='drop'."
        raise CellError(" ".join([*complaints, advice]))
    return keep, [f"{int((~keep).sum()):,} of {len(keep):,} quotes dropped. " + " ".join(complaints)]


def _complaint(name: str, values: Floats, good: Booleans) -> str:
    kinds = {
        "missing": np.isnan(values),
        "zero": values == 0,
        "negative": values < 0,
        "infinite": np.isposinf(values),
    }
    counts = ", ".join(f"{int(found.sum()):,} {kind}" for kind, found in kinds.items() if found.any())
    rows = ", ".join(map(str, np.flatnonzero(~good)[:5]))
    return f"{int((~good).sum()):,} quotes have no positive {name} ({counts}; first rows: {rows})."


def _check_periods_survive(period: Codes, periods: pd.Index) -> None:
    empty = periods[np.bincount(period, minlength=len(periods)) == 0]
    if len(empty):
        names = ", ".join(map(str, empty[:5]))
        raise TooFewError(f"No usable quote is left in {len(empty)} period(s): {names}.")


def _sorted(cells: Quotes, duplicates: Duplicates) -> Quotes:
    """By product, then period; several quotes of one cell merged."""
    key = cells.product * cells.n_periods + cells.period
    order = _order_of_distinct(key, size=cells.n_products * cells.n_periods)
    if order is not None:
        return cells.take(order)
    # Ties are ordered by their numbers, or rounding would depend on the order of the rows.
    by = (cells.price, key) if cells.quantity is None else (cells.quantity, cells.price, key)
    order = np.lexsort(by)
    key = key[order]
    return _merged(cells.take(order), np.flatnonzero(np.append(True, key[1:] != key[:-1])), duplicates)


def _order_of_distinct(key: Codes, *, size: int) -> Codes | None:
    """Positions that sort ``key``, or None if a key is repeated; ``size`` is above the largest key."""
    if size <= 4 * len(key):  # well filled: put each row in its place instead of sorting
        row = np.full(size, -1)
        row[key] = np.arange(len(key))
        order = row[row >= 0]
        return order if len(order) == len(key) else None
    order = np.argsort(key)
    ordered = key[order]
    return None if (ordered[1:] == ordered[:-1]).any() else order


def _merged(cells: Quotes, first: Codes, duplicates: Duplicates) -> Quotes:
    """One cell for each run of sorted quotes that starts at ``first``."""
    merged = len(cells.price) - len(first)
    if duplicates == "error":
        again = int(np.flatnonzero(np.diff(np.append(first, len(cells.price))) > 1)[0])
        product, period = (
            cells.products[cells.product[first[again]]],
            cells.periods[cells.period[first[again]]],
        )
        raise DuplicateRowsError(
            f"{merged:,} quotes repeat a product within a period, the first {str(product)[:60]!r} in "
            f"{str(period)[:40]!r}. If they are separate transactions, "
            "ask for duplicates='unit-value' (needs quantities) or duplicates='geometric-mean'; "
            "if rows were loaded twice, remove them."
        )
    counts = np.diff(np.append(first, len(cells.price)))
    quantity = None if cells.quantity is None else np.add.reduceat(cells.quantity, first)
    if duplicates == "unit-value":
        assert cells.quantity is not None and quantity is not None  # _check_columns saw to it
        price = np.add.reduceat(cells.price * cells.quantity, first) / quantity
    else:
        price = np.exp(np.add.reduceat(np.log(cells.price), first) / counts)
    # A cell of one quote keeps its price to the last bit.
    price = np.where(counts == 1, cells.price[first], price)
    told = (f"{merged:,} duplicate quotes merged by {duplicates}",)
    return replace(cells.take(first), price=price, quantity=quantity, notes=told)
