"""What would treated units have done untreated, as units and periods without treatment tell?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack

from undercut.errors import NotIdentifiedError
from undercut.inference.arrays import Booleans, Codes, Floats
from undercut.inference.did.data import CLUSTER, EVENT, OUTCOME, PERIOD, UNIT, WEIGHT, AdoptionPanel
from undercut.inference.did.least_squares import UnitSweep, indicators
from undercut.inference.did.results import AdoptionFit, adoption_fit
from undercut.inference.resampling import sums_by_cluster

_NOTHING = (
    "No treated row can be imputed: untreated rows do not tell its unit's and period's level. "
    "Use a longer sample, or the stacked estimator."
)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Linear estimators, one a row: their weights on outcomes and the errors that carry their spread."""

    times: list[int]
    weights: Floats  # (n_times, n_rows)
    error: Floats  # (n_rows,)


@dataclass(frozen=True, slots=True)
class _Arrays:
    """Columns of the panel as arrays, and the regression of untreated rows on units and periods."""

    unit: Codes
    event: Floats
    outcome: Floats
    weight: Floats
    columns: csr_matrix  # covariates and periods
    sweep: UnitSweep

    @classmethod
    def of(cls, panel: AdoptionPanel) -> _Arrays:
        rows = panel.rows
        unit, period = (pd.factorize(rows[name])[0] for name in (UNIT, PERIOD))
        event, weight = rows[EVENT].to_numpy(), rows[WEIGHT].to_numpy()
        given = csr_matrix(rows[list(panel.covariates)].to_numpy(dtype=float))
        columns = hstack([given, indicators(period)], format="csr")
        sweep = UnitSweep.of(columns, unit, np.where(event >= 0, 0.0, weight))
        return cls(unit, event, rows[OUTCOME].to_numpy(), weight, columns, sweep)

    def usable(self) -> Booleans:
        """Rows whose unit's and period's level the untreated rows tell."""
        return self.sweep.predicts(self.columns, self.unit)

    def effects(self, wanted: Floats) -> Floats:
        """Weights on all outcomes of means over usable rows, net of what untreated rows predict."""
        return np.asarray(wanted - self.sweep.prediction(wanted))


def imputation(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """Lags by imputation, leads by a regression on untreated rows alone."""
    given = _Arrays.of(panel)
    usable = given.usable()
    after, ahead = _lags(given, lags, usable), _leads(given, leads)
    times = ahead.times + after.times
    weights = np.vstack([ahead.weights, after.weights])
    codes, labels = pd.factorize(panel.rows[CLUSTER])
    moved = np.vstack([ahead.weights * ahead.error, after.weights * after.error])
    scores = sums_by_cluster(codes, moved.T, len(labels))  # (n_clusters, n_times)
    lost = int((~usable & (given.event >= 0)).sum())
    notes = (f"Left out {lost} treated rows whose level no untreated row tells.",) if lost else ()
    return adoption_fit(
        panel, method="imputation", times=times, estimates=weights @ given.outcome, level=level,
        covariance=scores.T @ scores * len(labels) / (len(labels) - 1), notes=notes,
        counts=np.array([given.weight[given.event == t].sum() for t in times]),
        reference=f"all periods before -{leads}", trend_response=_trend_response(given.event, times, leads),
    )  # fmt: skip


def mean_effect_weights(panel: AdoptionPanel) -> Floats:
    """Weights on outcomes, shape (n_rows,), that give the mean effect on treated rows."""
    given = _Arrays.of(panel)
    share = np.where((given.event >= 0) & given.usable(), given.weight, 0.0)
    if not share.any():
        raise NotIdentifiedError(_NOTHING)
    return given.effects((share / share.sum())[None, :])[0]


def _lags(given: _Arrays, lags: int, usable: Booleans) -> _Pieces:
    event = np.where((given.event >= 0) & ~usable, np.nan, given.event)
    times = [int(t) for t in np.unique(event[event >= 0]) if t <= lags]
    if not times:
        raise NotIdentifiedError(_NOTHING)
    wanted = np.array([np.where(event == t, given.weight, 0.0) for t in times])
    wanted /= wanted.sum(axis=1, keepdims=True)
    error = given.sweep.residuals(given.outcome)
    # Effects differ by event time: their mean is no error. Finer groups would leave single models no error.
    for t in np.unique(event[event >= 0]):
        error[event == t] -= np.average(error[event == t], weights=given.weight[event == t])
    return _Pieces(times, given.effects(wanted), error)


def _leads(given: _Arrays, leads: int) -> _Pieces:
    times = [t for t in range(-leads, 0) if (given.event == t).any()]
    term = np.where(np.isin(given.event, times), np.searchsorted(times, given.event), -1)
    columns = hstack([indicators(term, count=len(times)), given.columns], format="csr")
    sweep = UnitSweep.of(columns, given.unit, given.sweep.weight)
    if not sweep.inverse.determined[: len(times)].all():
        raise NotIdentifiedError("The leads cannot be told from units and periods; ask for fewer leads.")
    picks = sweep.inverse.solve(np.eye(columns.shape[1])[:, : len(times)])  # (k, n_times)
    weights = (columns @ picks - (sweep.by_unit @ picks)[given.unit]) * sweep.weight[:, None]
    return _Pieces(times, weights.T, sweep.residuals(given.outcome))


def _trend_response(event: Floats, times: list[int], leads: int) -> Floats:
    """Distance of each event time from the mean of those that it is measured against."""
    before, early = event[event < 0], event[event < -leads]
    return np.array([t - (before if t >= 0 else early).mean() for t in times])
