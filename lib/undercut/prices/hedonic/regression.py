"""The regression behind a hedonic index: least squares with fixed effects and clustered errors, on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.arrays import Codes, Floats
from undercut.inference.resampling import cluster_codes, sums_by_cluster

#: A column of which less than this share is left by those before it adds nothing to them.
_COLLINEAR: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Fit:
    """One regression.

    names (k,), estimate (k,), covariance (k, k), influence of each cluster on each coefficient
    (clusters, k), cluster labels, and the residual standard deviation of unit weight.
    """

    names: list[str]
    estimate: Floats
    covariance: Floats
    influence: Floats
    labels: pd.Index
    sigma: float


def regression(
    sample: pd.DataFrame, characteristics: Sequence[str], effects: Sequence[str], cluster: str
) -> Fit:
    """Weighted least squares of log price on characteristics and months, fixed effects swept out."""
    codes, labels = cluster_codes(sample, cluster)
    if len(labels) < 2:
        raise TooFewError(f"The quotes have a single {cluster}: no clustered standard error can be had.")
    months, periods = pd.factorize(sample["period"], sort=True)
    # A characteristic that never varies in the window has no effect to estimate.
    varying = [c for c in characteristics if sample[c].min() < sample[c].max()]
    constant = [] if effects else ["Intercept"]
    names = [*constant, *varying, *(f"period::{period}" for period in periods[1:])]
    columns = [np.ones(len(sample))] * len(constant) + [sample[c].to_numpy(float) for c in varying]
    design = np.column_stack([*columns, months[:, None] == np.arange(1, len(periods))])
    weight = sample["weight"].to_numpy(float)
    levels = [pd.factorize(sample[e].fillna("unknown").astype("str"), sort=True)[0] for e in effects]
    swept = _without_effects(np.column_stack([sample["log_price"], design]), levels, weight)
    outcome, design = swept[:, 0], swept[:, 1:]
    gram = design.T @ (design * weight[:, None])
    kept = _independent(gram)
    design, gram = design[:, kept], gram[np.ix_(kept, kept)]
    estimate = np.linalg.solve(gram, design.T @ (weight * outcome))
    residual = outcome - design @ estimate
    scores = sums_by_cluster(codes, design * (weight * residual)[:, None], len(labels))
    estimated = len(kept) + _levels_counted(levels, codes)
    factor = len(labels) / (len(labels) - 1) * (len(sample) - 1) / (len(sample) - estimated)
    influence = np.linalg.solve(gram, scores.T).T * np.sqrt(factor)
    sigma = float(np.sqrt(np.sum(weight * residual**2) / np.sum(weight)))
    return Fit([names[i] for i in kept], estimate, influence.T @ influence, influence, labels, sigma)


def _without_effects(columns: Floats, levels: Sequence[Codes], weight: Floats) -> Floats:
    """Columns (offers, k) less their projection on the dummies of all effects."""
    if not levels:
        return columns
    if len(levels) == 1:
        total = np.bincount(levels[0], weights=weight)[:, None]
        mean = sums_by_cluster(levels[0], columns * weight[:, None], len(total)) / total
        return columns - mean[levels[0]]
    dummies = np.hstack([np.asarray(level[:, None] == np.arange(level.max() + 1), float) for level in levels])
    root = np.sqrt(weight)[:, None]
    return columns - dummies @ np.linalg.lstsq(dummies * root, columns * root, rcond=None)[0]


def _independent(gram: Floats) -> list[int]:
    """Columns that are no combination of those before them, from their cross products (Cholesky)."""
    size = len(gram)
    factor, kept = np.zeros((size, size)), []
    for j in range(size):
        left = gram[j, j] - factor[j, :j] @ factor[j, :j]
        if left < _COLLINEAR * max(gram[j, j], 1e-300):
            continue
        kept.append(j)
        factor[j, j] = np.sqrt(left)
        factor[j + 1 :, j] = (gram[j + 1 :, j] - factor[j + 1 :, :j] @ factor[j, :j]) / factor[j, j]
    return kept


def _levels_counted(levels: Sequence[Codes], codes: Codes) -> int:
    """Parameters that fixed effects take, those that lie within clusters counted as one constant (fixest)."""
    crossing = [
        int(level.max()) + 1
        for level in levels
        if len(np.unique(level * (codes.max() + 1) + codes)) > level.max() + 1
    ]
    return max(sum(crossing) - max(len(crossing) - 1, 0), min(len(levels), 1))
