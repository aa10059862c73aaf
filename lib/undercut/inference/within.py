"""What does a regression with fixed effects find? Least squares within units, with clustered errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import ConvergenceError, NotIdentifiedError
from undercut.inference.arrays import Codes, Floats

#: A regressor with less than this sum of squares beside the ones before it is a combination of them.
_COLLINEAR: Final = 1e-9


@dataclass(frozen=True, slots=True)
class WithinFit:
    """Coefficients within units.

    Attributes
    ----------
    names : tuple of str
        Regressors that are no combination of others.
    coefficients : ndarray, shape (k,)
    variance : ndarray, shape (k, k)
    outcome, design : ndarray, shapes (n,) and (n, k)
        What is left of them beside the fixed effects.
    """

    names: tuple[str, ...]
    coefficients: Floats
    variance: Floats
    outcome: Floats
    design: Floats

    def combined(self, names: Sequence[str]) -> tuple[float, float]:
        """Sum of some coefficients and its standard error."""
        weight = np.isin(self.names, list(names)).astype(float)
        return float(weight @ self.coefficients), float(np.sqrt(weight @ self.variance @ weight))


def within_fit(
    outcome: pd.Series, design: pd.DataFrame, effects: pd.DataFrame, clusters: pd.DataFrame
) -> WithinFit:
    """Least squares with fixed effects, errors clustered in one or two ways.

    Parameters
    ----------
    outcome : Series, shape (n,)
    design : DataFrame
        Regressors; one that is a combination of those before it is left out.
    effects, clusters : DataFrame
        A column for each fixed effect, and one or two of clusters.

    Raises
    ------
    NotIdentifiedError
        No regressor varies beside the effects.

    Notes
    -----
    Variance of Cameron, Gelbach and Miller (2011, Journal of Business and Economic Statistics 29), times
    G / (G - 1) for the smaller number of clusters G and (n - 1) / (n - k); effects nested in clusters do not
    count in k. Negative eigenvalues of a two-way variance are set to zero (their section 2.3).

    Examples
    --------
    >>> frame = pd.DataFrame({"unit": list("aabb"), "x": [0.0, 1.0, 0.0, 2.0], "y": [5.0, 8.0, 1.0, 7.0]})
    >>> fit = within_fit(frame["y"], frame[["x"]], frame[["unit"]], frame[["unit"]])
    >>> fit.coefficients.round(9).tolist()
    [3.0]
    """
    codes = _codes(effects)
    left = sweep(outcome, design, codes)
    y, x = left[:, 0], left[:, 1:]
    names = independent(x)
    if not names:
        raise NotIdentifiedError(
            f"Nothing of {', '.join(map(str, design.columns))} varies beside the fixed effects."
        )
    x = x[:, names]
    bread = np.linalg.inv(x.T @ x)
    coefficients = bread @ (x.T @ y)
    ways = _codes(clusters)
    groups = (ways.max(axis=0) + 1).min()
    factor = (len(y) - 1) / (len(y) - len(names) - _parameters(codes, ways)) * groups / (groups - 1)
    variance = factor * bread @ _meat(x * (y - x @ coefficients)[:, None], ways) @ bread
    if ways.shape[1] > 1:
        variance = _without_negative_part(variance)
    return WithinFit(tuple(design.columns[names]), coefficients, variance, y, x)


def sweep(outcome: pd.Series, design: pd.DataFrame, effects: Codes) -> Floats:
    """What fixed effects leave of the outcome and the regressors, shape (n, 1 + k).

    Alternating projections; the order of the effects decides where within the tolerance they end.
    """
    from pyfixest.core.demean import demean

    values = np.column_stack([outcome, design]).astype(float)
    left, is_done = demean(values, effects.astype(np.uintp), np.ones(len(values)))
    if not is_done:
        raise ConvergenceError("The fixed effects could not be taken out: the projections do not settle.")
    return np.asarray(left)


def without_singletons(frame: pd.DataFrame, effects: Sequence[str]) -> pd.DataFrame:
    """Rows that share each effect with another row: one alone says nothing about changes."""
    while True:
        alone = np.any([~frame.duplicated(name, keep=False) for name in effects], axis=0)
        if not alone.any():
            return frame
        frame = frame[~alone]


def independent(columns: Floats) -> list[int]:
    """Positions of the columns that are no combination of those before them."""
    chosen = list(range(columns.shape[1]))
    while chosen:
        left = np.diag(np.linalg.qr(columns[:, chosen], mode="r")) ** 2
        if (left > _COLLINEAR).all():
            break
        del chosen[int(np.argmax(left <= _COLLINEAR))]
    return chosen


def _codes(labels: pd.DataFrame) -> Codes:
    return np.column_stack([pd.factorize(labels[name])[0] for name in labels])


def _parameters(effects: Codes, clusters: Codes) -> int:
    """Levels that count as parameters; an effect nested in clusters counts as one."""
    levels = effects.max(axis=0) + 1
    nested = [any(_is_nested(effect, cluster) for cluster in clusters.T) for effect in effects.T]
    return int(levels[~np.array(nested)].sum()) - (len(levels) - 1) + sum(nested)


def _is_nested(effect: Codes, cluster: Codes) -> bool:
    return len(np.unique(effect * (cluster.max() + 1) + cluster)) == effect.max() + 1


def _meat(scores: Floats, clusters: Codes) -> Floats:
    """Outer products of the clusters' sums: those of each way, less those of the intersections."""
    ways = [*clusters.T]
    if len(ways) == 2:
        ways.append(ways[0] * (ways[1].max() + 1) + ways[1])
    total = np.zeros((scores.shape[1], scores.shape[1]))
    for codes, sign in zip(ways, (1, 1, -1), strict=False):
        sums = np.column_stack([np.bincount(codes, column) for column in scores.T])
        total += sign * sums.T @ sums
    return total


def _without_negative_part(variance: Floats) -> Floats:
    values, vectors = np.linalg.eigh((variance + variance.T) / 2)
    return (vectors * np.maximum(values, 0.0)) @ vectors.T
