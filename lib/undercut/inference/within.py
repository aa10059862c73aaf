"""What does a regression with fixed effects find? Least squares within units, with clustered errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import ConvergenceError, NotIdentifiedError
from undercut.inference.arrays import Codes, Floats

#: Steps of the Poisson fit; it is done when no coefficient moves by more than its tolerance.
_STEPS: Final = 100
_SETTLED: Final = 1e-11
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


@dataclass(frozen=True, slots=True)
class Effects:
    """Fixed effects, made ready once to be taken out of any number of columns, exactly.

    Frisch, Waugh and Lovell: means within the effect with most levels go first; what they leave of the
    dummies of all other effects is an orthonormal basis, and columns are projected off it.

    Attributes
    ----------
    codes : ndarray of int, shape (n, effects)
    root : ndarray, shape (n, 1)
        Roots of the weights.
    basis : ndarray, shape (n, others)
    """

    codes: Codes
    root: Floats
    basis: Floats

    @classmethod
    def of(cls, labels: pd.DataFrame | Codes, weights: Floats | None = None) -> Effects:
        """Of a column of labels for each effect, for least squares with weights of rows."""
        codes = _codes(labels)
        codes = codes[:, np.argsort(-codes.max(axis=0), kind="stable")]
        root = np.sqrt(np.ones(len(codes)) if weights is None else weights)[:, None]
        bare = cls(codes, root, np.empty((len(codes), 0)))
        if codes.shape[1] == 1:
            return bare
        dummies = np.column_stack([effect[:, None] == np.unique(effect) for effect in codes.T[1:]])
        left, sizes, _ = np.linalg.svd(root * bare.sweep(dummies.astype(float)), full_matrices=False)
        return cls(codes, root, left[:, sizes > _COLLINEAR * max(sizes[0], 1.0)])

    def sweep(self, columns: Floats) -> Floats:
        """What the effects leave of columns, shape (n, k)."""
        largest, weight = self.codes[:, 0], self.root[:, 0] ** 2
        whole = np.bincount(largest, weight)
        means = [np.bincount(largest, weight * column) / whole for column in columns.T]
        inside = columns - np.column_stack(means)[largest]
        return inside - self.basis @ (self.basis.T @ (self.root * inside)) / self.root


def within_fit(
    outcome: pd.Series, design: pd.DataFrame, effects: pd.DataFrame | Effects, clusters: pd.DataFrame | Codes
) -> WithinFit:
    """Least squares with fixed effects, errors clustered in one or two ways.

    Parameters
    ----------
    outcome : Series, shape (n,)
    design : DataFrame
        Regressors; one that is a combination of those before it is left out.
    effects : DataFrame or Effects
        A column for each fixed effect; or `Effects` of them, if they serve several fits.
    clusters : DataFrame, or ndarray of codes
        One or two columns.

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
    known = effects if isinstance(effects, Effects) else Effects.of(effects)
    left = known.sweep(np.column_stack([outcome, design]).astype(float))
    return _fit(left, design, known, clusters)


def poisson_fit(
    outcome: pd.Series, design: pd.DataFrame, effects: pd.DataFrame, clusters: pd.DataFrame
) -> WithinFit:
    """Poisson pseudo-likelihood with fixed effects: least squares, reweighted until nothing moves.

    Parameters
    ----------
    outcome : Series, shape (n,)
        Above zero.
    design, effects, clusters
        As in `within_fit`.

    Raises
    ------
    NotIdentifiedError
        No regressor varies beside the effects.
    ConvergenceError
        The steps do not settle.

    References
    ----------
    Correia, S., Guimaraes, P. and Zylkin, T. (2020). Fast Poisson estimation with high-dimensional fixed
    effects. Stata Journal 20, 95-115.

    Examples
    --------
    >>> frame = pd.DataFrame({"unit": list("aabb"), "x": [0.0, 1.0, 0.0, 1.0], "y": [5.0, 10.0, 1.0, 2.0]})
    >>> fit = poisson_fit(frame["y"], frame[["x"]], frame[["unit"]], frame[["unit"]])
    >>> np.exp(fit.coefficients).round(9).tolist()
    [2.0]
    """
    y, codes, before = outcome.to_numpy(float), _codes(effects), np.array([np.inf])
    mean = (y + y.mean()) / 2
    for _ in range(_STEPS):
        weighted = Effects.of(codes, mean)
        working = np.log(mean) + y / mean - 1
        fit = _fit(weighted.sweep(np.column_stack([working, design])), design, weighted, clusters)
        if np.abs(fit.coefficients - before).max() < _SETTLED:
            return fit
        before = fit.coefficients
        mean = np.exp(working - (fit.outcome - fit.design @ before))
    raise ConvergenceError(f"The Poisson fit does not settle in {_STEPS} steps.")


def _fit(left: Floats, design: pd.DataFrame, effects: Effects, clusters: pd.DataFrame | Codes) -> WithinFit:
    """Least squares on what the effects leave of the outcome (first) and the regressors."""
    y, x = left[:, 0], left[:, 1:]
    names = independent(x)
    if not names:
        raise NotIdentifiedError(
            f"Nothing of {', '.join(map(str, design.columns))} varies beside the fixed effects."
        )
    x = x[:, names]
    weighted = effects.root**2 * x
    bread = np.linalg.inv(weighted.T @ x)
    coefficients = bread @ (weighted.T @ y)
    ways = _codes(clusters)
    groups = (ways.max(axis=0) + 1).min()
    estimated = len(names) + parameters(effects.codes, ways)
    factor = (len(y) - 1) / (len(y) - estimated) * groups / (groups - 1)
    variance = factor * bread @ _meat(weighted * (y - x @ coefficients)[:, None], ways) @ bread
    if ways.shape[1] > 1:
        variance = _without_negative_part(variance)
    return WithinFit(tuple(design.columns[names]), coefficients, variance, y, x)


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


def _codes(labels: pd.DataFrame | Codes) -> Codes:
    if isinstance(labels, np.ndarray):
        return labels
    return np.column_stack([pd.factorize(labels[name])[0] for name in labels])


def parameters(effects: Codes, clusters: Codes) -> int:
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
