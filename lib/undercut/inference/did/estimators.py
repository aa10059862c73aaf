"""How do the five estimators of staggered adoption differ? Three are one regression with fixed effects; one
imputes what treated units would have done untreated; one is diff-diff's."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack

from undercut.errors import InputError, NotIdentifiedError, TooFewError
from undercut.extras import require
from undercut.inference.arrays import Booleans, Codes, Floats
from undercut.inference.did.data import CLUSTER, EVENT, FIRST, OUTCOME, PERIOD, UNIT, WEIGHT, AdoptionPanel
from undercut.inference.did.least_squares import Regression, UnitSweep, indicators
from undercut.inference.did.results import AdoptionFit, adoption_fit
from undercut.inference.resampling import sums_by_cluster

_BEFORE = "the period before adoption"


_NOTHING = (
    "No treated row can be imputed: untreated rows do not tell its unit's and period's level. "
    "Use a longer sample, or the stacked estimator."
)


def two_way_fixed_effects(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """Event-time terms with effects of units and periods."""
    rows = panel.rows
    term, sizes = _terms(rows, rows[EVENT].notna() & rows[EVENT].ne(-1), [EVENT])
    cells = {(t, code): size for code, (t, size) in enumerate(sizes.items())}
    return _fitted(panel, rows, "two_way_fixed_effects", term, cells, (leads, lags), level)


def sun_abraham(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """One term for each cohort and event time, averaged with the cohorts' shares."""
    rows = panel.rows
    term, sizes = _terms(rows, rows[EVENT].notna() & rows[EVENT].ne(-1), [FIRST, EVENT])
    cells = {(t, code): size for code, ((_, t), size) in enumerate(sizes.items())}
    return _fitted(panel, rows, "sun_abraham", term, cells, (leads, lags), level, notes=singleton_note(panel))


def stacked(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """Each cohort with units untreated throughout its window, in one regression."""
    cohorts = sorted(panel.rows.loc[panel.treated, FIRST].unique())
    parts = [_stack(panel.rows, float(cohort), leads, lags) for cohort in cohorts]
    used = [part for part in parts if part is not None]
    if not used:
        raise TooFewError("No cohort has untreated units throughout its window; ask for fewer leads or lags.")
    rows = pd.concat(used, ignore_index=True)
    rows[WEIGHT] *= _corrective_weights(rows)
    for name in (UNIT, PERIOD):
        rows[name] = pd.factorize(pd.MultiIndex.from_frame(rows[["stack", name]]))[0]
    left_out = len(parts) - len(used)
    notes = (f"Left out {left_out} cohorts without clean controls.",) if left_out else ()
    term, sizes = _terms(rows, rows["is_treated"] & rows[EVENT].ne(-1), [EVENT])
    cells = {(t, code): size for code, (t, size) in enumerate(sizes.items())}
    treated = rows[rows["is_treated"]]
    return _fitted(panel, rows, "stacked", term, cells, (leads, lags), level, notes=notes, treated=treated)


def singleton_note(panel: AdoptionPanel) -> tuple[str, ...]:
    """A warning where cohorts consist of one cluster."""
    treated = panel.rows[panel.treated]
    clusters = treated.groupby(FIRST)[CLUSTER].nunique()
    alone = int((clusters == 1).sum())
    if not alone:
        return ()
    return (
        f"{alone} of {len(clusters)} cohorts are one cluster each: this estimator fits them "
        "without residual, so that its standard errors are too small.",
    )


def _terms(rows: pd.DataFrame, in_term: pd.Series, by: list[str]) -> tuple[Codes, pd.Series]:
    """Term of each row, -1 for none, and the terms' total weights, in order."""
    sizes = rows[in_term].groupby(by)[WEIGHT].sum()
    keys = pd.MultiIndex.from_frame(rows[by]) if len(by) > 1 else pd.Index(rows[by[0]])
    return np.where(in_term, sizes.index.get_indexer(keys), -1), sizes


def _fitted(
    panel: AdoptionPanel,
    rows: pd.DataFrame,
    method: str,
    term: Codes,
    cells: Mapping[tuple[float, int], float],
    window: tuple[int, int],
    level: float,
    *,
    notes: tuple[str, ...] = (),
    treated: pd.DataFrame | None = None,
) -> AdoptionFit:
    """Regress, and average by event time the cells that the data tell from effects of units and periods."""
    regression = Regression(rows, term, np.ones(len(rows)), panel.covariates, {})
    known, coefficients, covariance = regression.solved()
    leads, lags = window
    wanted = {cell: size for cell, size in cells.items() if -leads <= cell[0] <= lags}
    kept = {cell: size for cell, size in wanted.items() if known[cell[1]]}
    times = sorted({int(t) for t, _ in kept})
    if not any(t >= 0 for t in times):
        raise NotIdentifiedError(
            "No effect after adoption is identified; ask for fewer leads, or a longer sample."
        )
    if len(wanted) > len(kept):
        lost = len(wanted) - len(kept)
        notes = (*notes, f"Left out {lost} cells that cannot be told from effects of units and periods.")
    sizes = np.zeros((len(times), len(known)))
    for (t, code), size in kept.items():
        sizes[times.index(int(t)), code] = size
    shares: Floats = sizes / sizes.sum(axis=1, keepdims=True)
    combination = {
        t: {int(code): float(row[code]) for code in np.flatnonzero(row)}
        for t, row in zip(times, shares, strict=True)
    }
    return adoption_fit(
        panel, method=method, times=times, estimates=shares @ coefficients, level=level,
        covariance=shares @ covariance @ shares.T, counts=sizes.sum(axis=1), reference=_BEFORE,
        notes=notes, rows=rows, treated=treated,
        regression=Regression(rows, term, regression.value, panel.covariates, combination),
    )  # fmt: skip


def _stack(rows: pd.DataFrame, cohort: float, leads: int, lags: int) -> pd.DataFrame | None:
    """Rows of one cohort and its clean controls; None without either."""
    window = rows[rows[PERIOD].between(cohort - leads, cohort + lags)]
    is_treated = window[FIRST].eq(cohort)
    clean = window[FIRST].isna() | window[FIRST].gt(cohort + lags)
    part = window[is_treated | clean].assign(stack=int(cohort), is_treated=is_treated[is_treated | clean])
    part[EVENT] = part[PERIOD] - cohort
    # A unit that is not seen on both sides of the date says nothing about a change at it.
    sides = part.assign(after=part[EVENT] >= 0).groupby(UNIT)["after"].transform("nunique")
    part = part[sides == 2]
    return part if part["is_treated"].nunique() == 2 else None


def _corrective_weights(rows: pd.DataFrame) -> pd.Series:
    """Weights that give the controls of a stack the treated units' share (Wing, Freedman and
    Hollingsworth)."""
    units = rows.drop_duplicates(["stack", UNIT])
    size = units.pivot_table(index="stack", columns="is_treated", values=WEIGHT, aggfunc="sum")
    share = (size[True] / size[True].sum()) / (size[False] / size[False].sum())
    return rows["stack"].map(share).where(~rows["is_treated"], 1.0)


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
    after = _lags(given, lags, usable)  # first: without lags there is nothing to tell, whatever the leads
    parts = (_leads(given, leads), after)
    times = [t for found, _, _ in parts for t in found]
    weights = np.vstack([part for _, part, _ in parts])
    codes, labels = pd.factorize(panel.rows[CLUSTER])
    moved = np.vstack([part * error for _, part, error in parts])
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


def _lags(given: _Arrays, lags: int, usable: Booleans) -> tuple[list[int], Floats, Floats]:
    """Event times, estimators' weights on outcomes, shape (n_times, n_rows), and the errors that carry their
    spread, shape (n_rows,)."""
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
    return times, given.effects(wanted), error


def _leads(given: _Arrays, leads: int) -> tuple[list[int], Floats, Floats]:
    """As `_lags`, of the leads."""
    times = [t for t in range(-leads, 0) if (given.event == t).any()]
    term = np.where(np.isin(given.event, times), np.searchsorted(times, given.event), -1)
    columns = hstack([indicators(term, count=len(times)), given.columns], format="csr")
    sweep = UnitSweep.of(columns, given.unit, given.sweep.weight)
    if not sweep.inverse.determined[: len(times)].all():
        raise NotIdentifiedError("The leads cannot be told from units and periods; ask for fewer leads.")
    picks = sweep.inverse.solve(np.eye(columns.shape[1])[:, : len(times)])  # (k, n_times)
    weights = (columns @ picks - (sweep.by_unit @ picks)[given.unit]) * sweep.weight[:, None]
    return times, weights.T, sweep.residuals(given.outcome)


def _trend_response(event: Floats, times: list[int], leads: int) -> Floats:
    """Distance of each event time from the mean of those that it is measured against."""
    before, early = event[event < 0], event[event < -leads]
    return np.array([t - (before if t >= 0 else early).mean() for t in times])


def callaway_santanna(
    panel: AdoptionPanel, leads: int, lags: int, level: float, *, controls: str = "not_yet_treated"
) -> AdoptionFit:
    """Group-time effects with the period before adoption as base."""
    diff_diff = require("diff_diff", extra="did")
    if panel.weighted:
        raise InputError("Callaway-Sant'Anna takes no weights here; leave weights out or use another method.")
    rows = panel.rows.assign(**{FIRST: panel.rows[FIRST].fillna(0).astype(int)})
    model = diff_diff.CallawaySantAnna(
        control_group=controls, estimation_method="dr" if panel.covariates else "reg",
        base_period="universal", cluster=CLUSTER, cband=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = model.fit(
                rows, outcome=OUTCOME, unit=UNIT, time=PERIOD, first_treat=FIRST,
                covariates=list(panel.covariates) or None, aggregate="event_study",
            )  # fmt: skip
        except ValueError as error:
            raise NotIdentifiedError(
                f"Callaway-Sant'Anna gives no estimate on this sample: {error}"
            ) from error
    found = {int(t): row["effect"] for t, row in fit.event_study_effects.items()}
    index = [int(t) for t in fit.event_study_vcov_index]
    covariance = pd.DataFrame(fit.event_study_vcov, index=index, columns=index)
    times = [t for t in sorted(found) if -leads <= t <= lags and t != -1 and np.isfinite(found[t])]
    if not any(t >= 0 for t in times):
        raise NotIdentifiedError("No effect after adoption is identified; the sample lacks untreated units.")
    sizes = panel.rows.groupby(EVENT)[WEIGHT].sum()
    return adoption_fit(
        panel, method="callaway_santanna", times=times, estimates=np.array([found[t] for t in times]),
        covariance=covariance.loc[times, times].to_numpy(), counts=sizes.reindex(times).to_numpy(),
        reference="the period before adoption", level=level, notes=singleton_note(panel),
    )  # fmt: skip
