"""How are regressions with effects of units and periods solved exactly, and in milliseconds?

Effects of units are swept out in closed form; what is left is a small system, solved by a pivoted Cholesky
factor that also tells which coefficients the data determine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from undercut.inference.arrays import Booleans, Codes, Floats
from undercut.inference.did.data import CLUSTER, OUTCOME, PERIOD, UNIT, WEIGHT

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

#: Share of its variance that a column must keep, net of others, to count as no combination of them.
_LEFT = 1e-8
#: A coefficient is not determined if a combination of columns that vanishes gives it this much weight.
_FREE = 1e-6


@dataclass(frozen=True, slots=True)
class Inverse:
    """Generalised inverse of a matrix of cross products, shape (k, k).

    Attributes
    ----------
    kept : ndarray, shape (r,)
        Columns that are no combination of one another.
    factor : ndarray, shape (r, r)
        Upper triangular, of their cross products.
    null : ndarray, shape (k, k - r)
        Combinations of columns that vanish.
    determined : ndarray, shape (k,)
        Whether the data determine each coefficient.
    """

    kept: Codes
    factor: Floats
    null: Floats
    determined: Booleans

    @classmethod
    def of(cls, products: Floats, sizes: Floats) -> Inverse:
        """Invert ``products``; ``sizes``, shape (k,), are the columns' sums of squares before any sweep."""
        from scipy.linalg import solve_triangular
        from scipy.linalg.lapack import dpstrf

        scale = np.sqrt(np.where(sizes > 0, sizes, 1.0))
        upper, order, rank, _ = dpstrf(products / np.outer(scale, scale), tol=_LEFT)
        order = order.astype(np.int64) - 1
        kept, others = order[:rank], order[rank:]
        upper = np.triu(upper)[:rank]
        null = np.zeros((len(scale), len(others)))
        if rank:
            null[kept] = -solve_triangular(upper[:, :rank], upper[:, rank:])
        null[others, np.arange(len(others))] = 1.0
        determined = np.abs(null).max(axis=1, initial=0.0) < _FREE
        return cls(kept, upper[:, :rank] * scale[kept], null / scale[:, None], determined)

    def solve(self, right: Floats) -> Floats:
        """A solution of the normal equations, shape (k, ...), zero for the columns not kept."""
        from scipy.linalg import cho_solve

        found = np.zeros_like(right, dtype=float)
        if len(self.kept):
            found[self.kept] = cho_solve((self.factor, False), right[self.kept])
        return found


@dataclass(frozen=True, slots=True)
class UnitSweep:
    """Columns with effects of units swept out, by weight; rows of weight zero do not count.

    Attributes
    ----------
    columns : sparse matrix, shape (n, k)
    unit : ndarray, shape (n,)
        Codes.
    weight : ndarray, shape (n,)
    by_unit : ndarray, shape (n_units, k)
        Weighted means of the columns.
    total : ndarray, shape (n_units,)
        Weight of each unit.
    inverse : Inverse
        Of the swept columns.
    """

    columns: csr_matrix
    unit: Codes
    weight: Floats
    by_unit: Floats
    total: Floats
    inverse: Inverse

    @classmethod
    def of(cls, columns: csr_matrix, unit: Codes, weight: Floats) -> UnitSweep:
        """Sweep the columns."""
        total = np.asarray(np.bincount(unit, weight), dtype=np.float64)
        weighted = columns.multiply(weight[:, None]).tocsr()
        sums = (indicators(unit).T @ weighted).toarray()
        means = sums / np.where(total > 0, total, 1.0)[:, None]
        raw = (columns.T @ weighted).toarray()
        inverse = Inverse.of(raw - sums.T @ means, np.diag(raw))
        return cls(columns, unit, weight, means, total, inverse)

    def coefficients(self, outcome: Floats) -> Floats:
        """Coefficients of the columns, shape (k,)."""
        return self.inverse.solve(self.columns.T @ (self.weight * self.centred(outcome)))

    def centred(self, values: Floats) -> Floats:
        """Values, shape (n,), less their unit's weighted mean."""
        sums = np.bincount(self.unit, self.weight * values, minlength=len(self.total))
        return np.asarray(values - (sums / np.where(self.total > 0, self.total, 1.0))[self.unit])

    def residuals(self, outcome: Floats) -> Floats:
        """Outcome less the columns' and units' effects, shape (n,); also for rows of weight zero."""
        return self.centred(outcome - self.columns @ self.coefficients(outcome))

    def predicts(self, rows: csr_matrix, unit: Codes) -> Booleans:
        """Whether the weighted rows determine the level of other rows."""
        if not self.inverse.null.shape[1]:
            return np.asarray(self.total[unit] > 0)
        off = rows @ self.inverse.null - (self.by_unit @ self.inverse.null)[unit]
        return np.asarray((self.total[unit] > 0) & (np.abs(off).max(axis=1) < _FREE))

    def prediction(self, wanted: Floats) -> Floats:
        """Weights on outcomes, shape (m, n), that predict the means of rows with weights ``wanted``, of the
        same shape."""
        of_units = np.array([np.bincount(self.unit, row, minlength=len(self.total)) for row in wanted])
        part = self.inverse.solve((wanted @ self.columns - of_units @ self.by_unit).T)  # (k, m)
        safe = np.where(self.total > 0, self.total, 1.0)
        level = (of_units / safe).T - self.by_unit @ part  # (n_units, m)
        return np.asarray(((level[self.unit] + self.columns @ part) * self.weight[:, None]).T)


def indicators(codes: Codes, values: Floats | None = None, count: int | None = None) -> csr_matrix:
    """One column a code, holding ``values`` (1) in its rows; rows of code -1 are empty."""
    from scipy.sparse import csr_matrix

    rows = np.flatnonzero(codes >= 0)
    data = np.ones(len(rows)) if values is None else np.asarray(values, dtype=float)[rows]
    width = count if count is not None else int(codes.max(initial=-1)) + 1
    return csr_matrix((data, (rows, codes[rows])), shape=(len(codes), width))


@dataclass(frozen=True, slots=True)
class Regression:
    """One regression of outcomes on terms, with effects of units and periods, errors clustered.

    Attributes
    ----------
    rows : DataFrame
        unit, period, outcome, cluster, weight and covariates.
    term : ndarray, shape (n,)
        The term to which each row belongs, -1 for none.
    value : ndarray, shape (n,)
        The regressor's value there.
    covariates : tuple of str
    event_time : mapping of int to mapping of int to float
        Which combination of terms is the effect at an event time.
    """

    rows: pd.DataFrame
    term: Codes
    value: Floats
    covariates: tuple[str, ...]
    event_time: Mapping[int, Mapping[int, float]]

    @property
    def terms(self) -> int:
        """Number of terms."""
        return int(self.term.max(initial=-1)) + 1

    def sweep(self) -> UnitSweep:
        """Terms, covariates and periods, with units swept out."""
        from scipy.sparse import csr_matrix, hstack

        given = csr_matrix(self.rows[list(self.covariates)].to_numpy(dtype=float))
        unit, period = (pd.factorize(self.rows[name])[0] for name in (UNIT, PERIOD))
        terms = indicators(self.term, self.value)
        columns = hstack([terms, given, indicators(period)], format="csr")
        return UnitSweep.of(columns, unit, self.rows[WEIGHT].to_numpy())

    def solved(self) -> tuple[Booleans, Floats, Floats]:
        r"""Which terms are determined, all terms' coefficients, and their covariance by cluster.

        Notes
        -----
        Scaled by :math:`G / (G - 1) \cdot (N - 1) / (N - k)`, k counting terms, covariates and periods but
        not units, which lie within clusters; units and periods of a single row are not counted in N and G.
        """
        swept = self.sweep()
        outcome = self.rows[OUTCOME].to_numpy()
        error = swept.weight * swept.residuals(outcome)
        kept = np.sort(swept.inverse.kept)
        cluster = pd.factorize(self.rows[CLUSTER])[0]
        scores = (indicators(cluster, error).T @ swept.columns[:, kept]).toarray()  # (n_clusters, r)
        bread = swept.inverse.solve(np.eye(swept.columns.shape[1])[:, : self.terms])[kept]
        influence = scores @ bread  # (n_clusters, n_terms)
        covariance = self._scale(swept) * influence.T @ influence
        return swept.inverse.determined[: self.terms], swept.coefficients(outcome)[: self.terms], covariance

    def _scale(self, swept: UnitSweep) -> float:
        codes = [pd.factorize(self.rows[name])[0] for name in (UNIT, PERIOD, CLUSTER)]
        alive = np.ones(len(self.rows), dtype=bool)
        while True:
            single = [np.bincount(each[alive], minlength=each.max() + 1) == 1 for each in codes[:2]]
            gone = alive & (single[0][codes[0]] | single[1][codes[1]])
            if not gone.any():
                break
            alive &= ~gone
        first = swept.columns.shape[1] - (codes[1].max() + 1)
        periods = UnitSweep.of(swept.columns[:, first:], swept.unit, swept.weight)
        rank = len(swept.inverse.kept) - len(periods.inverse.kept)
        rows, clusters = int(alive.sum()), len(np.unique(codes[2][alive]))
        used = rank + len(np.unique(codes[1][alive]))
        return clusters / (clusters - 1) * (rows - 1) / (rows - used)

    def for_bootstrap(self) -> tuple[Floats, pd.DataFrame, Any]:
        """Outcome, design and clusters with units swept out and rows scaled by the root of their weight.

        Units lie within clusters, so that flipping a cluster's residuals commutes with their sweep; periods
        do not, and stay in the design.
        """
        swept = self.sweep()
        root = np.sqrt(swept.weight)
        kept = np.sort(swept.inverse.kept)
        dense = swept.columns[:, kept].toarray() - swept.by_unit[swept.unit][:, kept]
        design = pd.DataFrame(dense * root[:, None], columns=[str(column) for column in kept])
        outcome = swept.centred(self.rows[OUTCOME].to_numpy()) * root
        return outcome, design, self.rows[CLUSTER].to_numpy()
