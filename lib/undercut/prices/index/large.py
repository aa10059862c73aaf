"""How is an index computed from more quotes than fit in memory?

DuckDB reads Parquet files out of core and hands over buckets of whole products, one after the other. Every
method here reduces a bucket to matrices of periods by periods and adds them up, so memory is bounded by the
size of a bucket, not by the number of quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from undercut.errors import CellError, InputError, MissingColumnError, SourceError, TooFewError
from undercut.extras import require
from undercut.inference.periods import order_periods
from undercut.prices.index.compute import checked_method, level_from_sums, level_of_systems, sums_needed
from undercut.prices.index.data import Duplicates, Quotes, prepare_chunk
from undercut.prices.index.methods import Method
from undercut.prices.index.pairwise import PAIR_FORMULAS, pair_sums
from undercut.prices.index.result import IndexResult

if TYPE_CHECKING:
    import duckdb


def price_index_from_parquet(
    path: str | Path,
    *,
    method: str,
    chained: bool = False,
    window: int | None = None,
    splice: str | None = None,
    variety: Literal["feenstra"] | None = None,
    elasticity: float | None = None,
    duplicates: Duplicates = "error",
    quotes_per_bucket: int = 5_000_000,
    memory_limit: str = "1GB",
) -> IndexResult:
    """Price index of Parquet files of any size.

    Parameters
    ----------
    path : str or Path
        A Parquet file, or a pattern such as ``"sales/*.parquet"``; columns period, product, price and, where
        needed, quantity.
    method, chained, window, splice, variety, elasticity, duplicates
        As for `price_index`. Formulas that are no sums over products (Sato-Vartia, Lloyd-Moulton, Lowe and
        others) are refused.
    quotes_per_bucket : int
        About how many quotes to hold in memory at once.
    memory_limit : str
        For DuckDB's own buffers.

    Returns
    -------
    IndexResult
        Equal to that of `price_index` up to rounding (sums are taken in another order).

    Raises
    ------
    SourceError
        If the files cannot be read.
    InputError, DataError
        As `price_index`.
    """
    chosen, given = checked_method(
        method, chained=chained, window=window, splice=splice, variety=variety, elasticity=elasticity
    )
    if chosen.family in ("bilateral", "geks") and chosen.formula_name not in PAIR_FORMULAS:
        possible = ", ".join(PAIR_FORMULAS)
        raise InputError(
            f"{method} is not a sum over products and needs all quotes in memory. Use: {possible}."
        )
    table = _Table(path, chosen, variety is not None, duplicates, quotes_per_bucket, memory_limit)
    matched = None
    if chosen.formula:
        count = ("1", "1")
        sums = pair_sums(table.buckets(), [count, *sums_needed(chosen, variety=variety is not None)])
        level = level_from_sums(chosen, sums, table.periods, given)
        matched = pd.DataFrame(sums[count].astype(np.int64), table.periods, table.periods)
    else:
        level = level_of_systems(chosen, table.buckets(), given, table.period_values, len(table.periods))
    index = pd.Series(level, index=table.periods, name="index")
    diagnostics = pd.DataFrame({"n_quotes": table.quotes_by_period}, index=table.periods)
    return IndexResult(method, chosen.explanation, index, diagnostics, matched, given, table.notes)


class _Table:
    """Parquet files as buckets of whole products, over periods in the order of time."""

    def __init__(
        self, path: str | Path, method: Method, needs_value: bool, duplicates: Duplicates,
        quotes_per_bucket: int, memory_limit: str,
    ) -> None:  # fmt: skip
        duckdb = require("duckdb", extra="large")
        try:
            self._connection = duckdb.connect(config={"memory_limit": memory_limit})
        except duckdb.Error as error:
            raise InputError(f"memory_limit={memory_limit!r} is not possible: {error}") from error
        self._connection.execute("SET enable_progress_bar = false")  # it would write to standard output
        self._path, self._duplicates = str(path), duplicates
        given = "quantity" in self._columns()
        needed = needs_value or method.quantities == "needed" or duplicates == "unit-value"
        if needed and not given:
            raise MissingColumnError(f"{method.name} needs quantities: {path} lacks the column quantity.")
        self._uses_quantity = needed or (given and method.quantities == "if-given")
        scan = self._scan()
        order, gap = order_periods(pd.Index(scan["period"]))
        scan = scan.iloc[order]
        self.periods = pd.Index(scan["period"])
        self.quotes_by_period = scan["n"].to_numpy()
        self.period_values = scan["value"].to_numpy(dtype=float) if self._uses_quantity else None
        self.notes = () if gap is None else (gap,)
        self._n_buckets = max(1, round(int(scan["n"].sum()) / quotes_per_bucket))

    def _query(self, sql: str) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            return self._connection.execute(sql, {"path": self._path})
        except duckdb.Error as error:
            raise SourceError(f"Cannot read quotes from {self._path}: {error}") from error

    def _columns(self) -> list[str]:
        columns = [row[0] for row in self._query("DESCRIBE SELECT * FROM read_parquet($path)").fetchall()]
        missing = [column for column in ("period", "product", "price") if column not in columns]
        if missing:
            raise MissingColumnError(f"{self._path} lacks the column(s) {', '.join(missing)}.")
        return columns

    def _scan(self) -> pd.DataFrame:
        """One pass over the files: ``period``, number of quotes ``n`` and expenditure ``value``."""
        value = "fsum(price * quantity)" if self._uses_quantity else "NULL"
        frame = self._query(
            f"SELECT period, count(*) AS n, {value} AS value, count(*) - count(product) AS nameless "
            "FROM read_parquet($path) GROUP BY period ORDER BY period"
        ).df()
        if frame.empty:
            raise TooFewError(f"There are no quotes in {self._path}.")
        if frame["period"].isna().any() or frame["nameless"].sum():
            raise CellError(f"Quotes without a period or a product in {self._path}.")
        return frame

    def buckets(self) -> Iterator[Quotes]:
        """The quotes of a part of the products, then of the next part, until all are done."""
        quantity = ", quantity" if self._uses_quantity else ""
        positions = pd.DataFrame({"label": self.periods, "position": np.arange(len(self.periods))})
        self._connection.register("positions", positions)
        for bucket in range(self._n_buckets):
            frame = self._query(
                f"SELECT position AS period, product, price{quantity} FROM read_parquet($path) "
                "JOIN positions ON period = label "
                f"WHERE hash(product) % {self._n_buckets} = {bucket}"
            ).df()
            yield prepare_chunk(
                frame, self.periods, uses_quantity=self._uses_quantity, duplicates=self._duplicates
            )
