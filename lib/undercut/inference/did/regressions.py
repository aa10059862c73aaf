"""Which estimators of staggered adoption are one regression with fixed effects? Three."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from undercut.errors import NotIdentifiedError, TooFewError
from undercut.inference.arrays import Codes, Floats
from undercut.inference.did.data import CLUSTER, EVENT, FIRST, PERIOD, UNIT, WEIGHT, AdoptionPanel
from undercut.inference.did.least_squares import Regression
from undercut.inference.did.results import AdoptionFit, adoption_fit

_BEFORE = "the period before adoption"


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
