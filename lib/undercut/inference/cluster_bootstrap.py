"""What do the bootstraps over clusters share? Checked inputs, multipliers, p-values and their inversion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from undercut.errors import (
    CellError,
    DataError,
    InputError,
    NotIdentifiedError,
    TooFewError,
    check_known,
    one_of,
)
from undercut.inference.arrays import Floats
from undercut.inference.levels import check_level

Weights = Literal["rademacher", "webb"]

#: What the residuals of a cluster are multiplied by.
POINTS: Final[Mapping[str, Floats]] = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.sqrt([0.5, 1.0, 1.5]).repeat(2) * np.tile([-1.0, 1.0], 3),
}
#: A draw that differs by rounding alone is a tie.
_TIE: Final = 1.0 - 1e-9


def multipliers(n_clusters: int, draws: int, weights: Weights, seed: int) -> tuple[Floats, bool]:
    """Multipliers, shape (n_clusters, n_draws), and whether they are all that exist."""
    points = POINTS[weights]
    if len(points) ** n_clusters <= draws:
        return np.array(list(product(points, repeat=n_clusters))).T, True
    rng = np.random.default_rng(seed)
    return points[rng.integers(len(points), size=(draws, n_clusters))].T, False


def p_values(t_statistic: float, drawn: Floats, enumerated: bool) -> tuple[float, float]:
    """Two-sided p-value with ties counted, and with larger statistics alone."""
    size = np.abs(drawn)
    with_ties = int((size >= abs(t_statistic) * _TIE).sum())
    larger = int((size > abs(t_statistic) / _TIE).sum())
    if enumerated:
        return with_ties / drawn.size, larger / drawn.size
    return (1 + with_ties) / (1 + drawn.size), larger / drawn.size


def invert_test(
    p_value: Callable[[float], float], estimate: float, scale: float, alpha: float, farthest: float = 2.0**20
) -> tuple[float, float]:
    """Ends of the values that are not rejected, searched outwards from the estimate."""

    def end(direction: float) -> float:
        inside, step = 0.0, 1.0
        while p_value(estimate + direction * step * scale) >= alpha:
            inside, step = step, 2 * step
            if step > farthest:
                return direction * np.inf
        while step - inside > 1e-4 * max(1.0, inside):
            middle = (inside + step) / 2
            if p_value(estimate + direction * middle * scale) >= alpha:
                inside = middle
            else:
                step = middle
        return float(estimate + direction * inside * scale)

    return end(-1.0), end(1.0)


def regression_inputs(
    outcome: pd.Series | ArrayLike, design: pd.DataFrame | ArrayLike, clusters: pd.Series | ArrayLike
) -> tuple[Floats, pd.DataFrame, NDArray[np.intp], int]:
    """Checked outcome, design with named columns, codes of the clusters and their number."""
    y = np.asarray(outcome, dtype=float)
    frame = design if isinstance(design, pd.DataFrame) else pd.DataFrame(np.asarray(design))
    codes, labels = pd.factorize(np.asarray(clusters))
    if not len(y) == len(frame) == len(codes):
        raise DataError(
            f"outcome, design and clusters must be of one length; got {len(y)}, {len(frame)}, {len(codes)}."
        )
    x = frame.to_numpy(dtype=float)
    if not np.isfinite(y).all() or not np.isfinite(x).all() or (codes < 0).any():
        raise CellError(
            "outcome, design or clusters hold missing or infinite values; drop or fill them first."
        )
    if len(labels) < 2:
        raise TooFewError("A cluster bootstrap needs two clusters at the least; got one.")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise NotIdentifiedError(
            "Columns of the design are collinear; leave one out, for example one dummy of each set."
        )
    return y, frame, codes, len(labels)


def contrast_of(frame: pd.DataFrame, coefficient: str | int | Mapping[str, float]) -> tuple[Floats, str]:
    """Weights of the design's columns, shape (k,), and the name of what they add up to."""
    names = [str(column) for column in frame.columns]
    if isinstance(coefficient, int):
        if not 0 <= coefficient < len(names):
            raise InputError(
                f"Position of the coefficient must lie in 0..{len(names) - 1}; got {coefficient}."
            )
        coefficient = names[coefficient]
    wanted = {coefficient: 1.0} if isinstance(coefficient, str) else dict(coefficient)
    for name in wanted:
        check_known("coefficient", name, names)
    if not any(wanted.values()):
        raise InputError("At least one coefficient must have a weight other than zero.")
    return np.array([wanted.get(name, 0.0) for name in names]), " + ".join(
        name if weight == 1 else f"{weight:.3g} {name}" for name, weight in wanted.items()
    )


def check_options(draws: int, weights: str, level: float) -> None:
    """Refuse options that make no sense."""
    one_of("weights", weights, get_args(Weights))
    if draws < 99:
        raise InputError(f"draws must be 99 or more; got {draws}.")
    check_level(level, least=0.5)
