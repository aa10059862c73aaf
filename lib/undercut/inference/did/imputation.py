"""What would treated units have done untreated, as units and periods without treatment tell?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import DataError
from undercut.inference.arrays import Floats
from undercut.inference.cluster_bootstrap import sum_by
from undercut.inference.did.data import CLUSTER, EVENT, OUTCOME, PERIOD, UNIT, WEIGHT, AdoptionPanel
from undercut.inference.did.results import AdoptionFit

_NOTHING = (
    "No treated row can be imputed: untreated rows do not tell its unit's and period's level. "
    "Use a longer sample, or the stacked estimator."
)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Linear estimators, one a row: their weights on outcomes and the errors that carry their spread."""

    times: list[int]
    weights: Floats  # (n_times, n_rows)
    errors: Floats  # (n_times, n_rows)


def imputation(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """Lags by imputation, leads by a regression on untreated rows alone."""
    rows = panel.rows
    effects = _fixed_effects(rows, panel.covariates)
    usable = _imputable(rows, effects)
    lost = int((panel.treated & ~usable).sum())
    notes = (
        (*panel.notes, f"Left out {lost} treated rows whose level no untreated row tells.")
        if lost
        else panel.notes
    )
    after, ahead = _lags(rows, effects, lags, usable), _leads(rows, effects, leads)
    times = ahead.times + after.times
    weights = np.vstack([ahead.weights, after.weights])
    errors = np.vstack([ahead.errors, after.errors])
    codes, labels = pd.factorize(rows[CLUSTER])
    scores = sum_by((weights * errors).T, codes, len(labels))  # (n_clusters, n_times)
    treated = rows[rows[EVENT].notna()]
    counts = treated.groupby(EVENT)[WEIGHT].sum().reindex(times)
    return AdoptionFit(
        "imputation", pd.Series(weights @ rows[OUTCOME].to_numpy(), index=pd.Index(times, name=EVENT)),
        scores.T @ scores * len(labels) / (len(labels) - 1), counts, f"all periods before -{leads}", level,
        int(rows[UNIT].nunique()), int(treated.loc[treated[EVENT] >= 0, UNIT].nunique()),
        len(labels), len(rows), panel.identified, notes, _trend_response(rows, times, leads),
        float(rows[OUTCOME].std()),
    )  # fmt: skip


def mean_effect_weights(panel: AdoptionPanel) -> Floats:
    """Weights on outcomes, shape (n_rows,), that give the mean effect on treated rows."""
    rows = panel.rows
    effects = _fixed_effects(rows, panel.covariates)
    share = np.where(panel.treated & _imputable(rows, effects), rows[WEIGHT], 0.0)
    if not share.any():
        raise DataError(_NOTHING)
    return _impute(rows, effects, (share / share.sum())[None, :])[0]


def _fixed_effects(rows: pd.DataFrame, covariates: tuple[str, ...]) -> Floats:
    """Dummies of units and periods, with covariates, shape (n_rows, k)."""
    units = pd.get_dummies(rows[UNIT], dtype=float).to_numpy()
    periods = pd.get_dummies(rows[PERIOD], dtype=float).to_numpy()[:, 1:]
    return np.hstack([units, periods, rows[list(covariates)].to_numpy(dtype=float)])


def _impute(rows: pd.DataFrame, effects: Floats, wanted: Floats) -> Floats:
    """Weights on all rows of means over imputable rows, net of what untreated rows predict."""
    untreated = ~(rows[EVENT] >= 0).to_numpy()
    weighted = effects * np.where(untreated, rows[WEIGHT], 0.0)[:, None]
    solution = np.linalg.pinv(weighted.T @ effects, hermitian=True) @ (wanted @ effects).T
    return np.asarray(wanted - (weighted @ solution).T)


def _imputable(rows: pd.DataFrame, effects: Floats) -> NDArray[np.bool_]:
    """Rows whose unit's and period's level the untreated rows tell."""
    untreated = effects[~(rows[EVENT] >= 0).to_numpy()]
    moments = np.linalg.eigh(untreated.T @ untreated)
    empty = moments.eigenvectors[:, moments.eigenvalues < 1e-9 * moments.eigenvalues.max()]
    return np.asarray(((effects @ empty) ** 2).sum(axis=1) < 1e-12 * (effects**2).sum(axis=1))


def _lags(rows: pd.DataFrame, effects: Floats, lags: int, usable: NDArray[np.bool_]) -> _Pieces:
    size = rows[WEIGHT].to_numpy()
    event = np.where((rows[EVENT] >= 0) & ~usable, np.nan, rows[EVENT])
    times = [int(t) for t in np.unique(event[event >= 0]) if t <= lags]
    if not times:
        raise DataError(_NOTHING)
    wanted = np.array([np.where(event == t, size, 0.0) for t in times])
    wanted /= wanted.sum(axis=1, keepdims=True)
    weights = _impute(rows, effects, wanted)
    untreated = ~(rows[EVENT] >= 0).to_numpy()
    fitted = effects @ _coefficients(effects, rows, untreated)
    error = rows[OUTCOME].to_numpy() - fitted
    # Effects differ by event time: their mean is no error. Finer groups would leave single models no error.
    for t in np.unique(event[event >= 0]):
        error[event == t] -= np.average(error[event == t], weights=size[event == t])
    return _Pieces(times, weights, np.tile(error, (len(times), 1)))


def _leads(rows: pd.DataFrame, effects: Floats, leads: int) -> _Pieces:
    event = rows[EVENT].to_numpy()
    untreated = ~(event >= 0)
    times = [t for t in range(-leads, 0) if (event == t).any()]
    terms = np.array([event == t for t in times], dtype=float).T
    design = np.hstack([terms, effects])
    weighted = design * np.where(untreated, rows[WEIGHT], 0.0)[:, None]
    moments = weighted.T @ design
    inverse = np.linalg.pinv(moments, hermitian=True)
    picks = np.eye(len(moments))[: len(times)]
    if not np.allclose(picks @ inverse @ moments, picks, atol=1e-6):
        raise DataError("The leads cannot be told from units and periods; ask for fewer leads.")
    weights = inverse[: len(times)] @ weighted.T
    error = rows[OUTCOME].to_numpy() - design @ _coefficients(design, rows, untreated)
    return _Pieces(times, weights, np.tile(error, (len(times), 1)))


def _trend_response(rows: pd.DataFrame, times: list[int], leads: int) -> Floats:
    """Distance of each event time from the mean of those that it is measured against."""
    event = rows[EVENT].to_numpy()
    before, early = event[event < 0], event[event < -leads]
    return np.array([t - (before if t >= 0 else early).mean() for t in times])


def _coefficients(design: Floats, rows: pd.DataFrame, kept: Floats) -> Floats:
    weighted = design * np.where(kept, rows[WEIGHT], 0.0)[:, None]
    return np.asarray(
        np.linalg.pinv(weighted.T @ design, hermitian=True) @ (weighted.T @ rows[OUTCOME].to_numpy())
    )
