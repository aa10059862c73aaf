"""Which estimators of staggered adoption are one regression with fixed effects? Three, fitted by pyfixest."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from undercut.competition.adoption_data import (
    CLUSTER,
    EVENT,
    FIRST,
    OUTCOME,
    PERIOD,
    UNIT,
    WEIGHT,
    AdoptionPanel,
)
from undercut.competition.adoption_fit import AdoptionFit, Regression
from undercut.errors import DataError

_BEFORE = "the period before adoption"
#: From the column of the regression to its weight, by event time.
Combination = Mapping[int, Mapping[str, float]]


def two_way_fixed_effects(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """Event-time terms with effects of units and periods."""
    rows = panel.rows.copy()
    times = _times(rows[EVENT].dropna())
    rows, columns = _with_terms(rows, {_name("e", t): rows[EVENT].eq(t) for t in times})
    combination = {t: {_name("e", t): 1.0} for t in times if -leads <= t <= lags}
    return _fitted(panel, rows, "two_way_fixed_effects", columns, combination, (UNIT, PERIOD), level)


def sun_abraham(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """One term for each cohort and event time, averaged with the cohorts' shares."""
    rows = panel.rows.copy()
    sizes = rows.groupby([FIRST, EVENT])[WEIGHT].sum()
    cells = {_name("c", g, t): (g, t) for g, t in sizes.index if t != -1}
    masks = {name: rows[FIRST].eq(g) & rows[EVENT].eq(t) for name, (g, t) in cells.items()}
    rows, columns = _with_terms(rows, masks)
    combination: dict[int, dict[str, float]] = {}
    for t in _times(rows[EVENT].dropna()):
        if -leads <= t <= lags:
            shares = {name: float(sizes[cell]) for name, cell in cells.items() if cell[1] == t}
            total = sum(shares.values())
            combination[t] = {name: share / total for name, share in shares.items()}
    return _fitted(panel, rows, "sun_abraham", columns, combination, (UNIT, PERIOD), level)


def stacked(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """Each cohort with units untreated throughout its window, in one regression."""
    parts, left_out = [], 0
    for cohort in sorted(panel.rows.loc[panel.treated, FIRST].unique()):
        part = _stack(panel.rows, float(cohort), leads, lags)
        left_out += part is None
        parts += [] if part is None else [part]
    if not parts:
        raise DataError("No cohort has untreated units throughout its window; ask for fewer leads or lags.")
    rows = pd.concat(parts, ignore_index=True)
    rows[WEIGHT] *= _corrective_weights(rows)
    times = _times(rows.loc[rows["is_treated"], EVENT])
    rows, columns = _with_terms(rows, {_name("e", t): rows["is_treated"] & rows[EVENT].eq(t) for t in times})
    rows[UNIT] = rows["stack"].astype(str) + "|" + rows[UNIT].astype(str)
    rows[PERIOD] = rows["stack"].astype(str) + "|" + rows[PERIOD].astype(str)
    notes = (f"Left out {left_out} cohorts without clean controls.",) if left_out else ()
    combination = {t: {_name("e", t): 1.0} for t in times}
    return _fitted(panel, rows, "stacked", columns, combination, (UNIT, PERIOD), level, notes=notes)


def fit_terms(
    rows: pd.DataFrame, columns: Sequence[str], covariates: Sequence[str], effects: tuple[str, str]
) -> tuple[pd.Series, pd.DataFrame]:
    """Coefficients of the terms and their cluster-robust covariance."""
    import pyfixest as pf

    formula = f"{OUTCOME} ~ {' + '.join([*columns, *covariates])} | {' + '.join(effects)}"
    with warnings.catch_warnings():
        # Which terms drop out is said in the fit's notes.
        warnings.filterwarnings("ignore", message=".*(ollinear|singleton).*")
        fit = pf.feols(formula, rows, vcov={"CRV1": CLUSTER}, weights=WEIGHT)
    names = list(fit._coefnames)  # pyfixest offers the covariance under no public name
    return fit.coef(), pd.DataFrame(fit._vcov, index=names, columns=names)


def swept(
    rows: pd.DataFrame, columns: Sequence[str], covariates: Sequence[str], combination: Combination
) -> Regression:
    """The regression with units' effects swept out and periods as columns.

    Units lie within clusters, so that flipping a cluster's residuals commutes with the sweep; periods do not.
    """
    periods = pd.get_dummies(rows[PERIOD], prefix="period", dtype=float)
    design = pd.concat([rows[[*columns, *covariates]].astype(float), periods], axis=1)
    every = pd.concat([rows[[OUTCOME]], design], axis=1)
    weight = rows[WEIGHT]
    means = every.mul(weight, axis=0).groupby(rows[UNIT]).transform("sum")
    totals = weight.groupby(rows[UNIT]).transform("sum")
    flat = every.sub(means.div(totals, axis=0)).mul(np.sqrt(weight), axis=0)
    kept = _independent(flat.drop(columns=OUTCOME))
    return Regression(flat[OUTCOME].to_numpy(), kept, rows[CLUSTER].to_numpy(), combination)


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


def _fitted(
    panel: AdoptionPanel,
    rows: pd.DataFrame,
    method: str,
    columns: list[str],
    combination: Combination,
    effects: tuple[str, str],
    level: float,
    *,
    notes: tuple[str, ...] = (),
) -> AdoptionFit:
    coefficients, covariance = fit_terms(rows, columns, panel.covariates, effects)
    lost = [c for c in columns if c not in coefficients.index]
    if lost:
        notes = (*notes, f"Terms without information of their own: {', '.join(lost)}.")
    known = {t: w for t, w in combination.items() if set(w) <= set(coefficients.index)}
    if not any(t >= 0 for t in known):
        raise DataError("No effect after adoption is identified; ask for fewer leads, or a longer sample.")
    matrix = pd.DataFrame(known).reindex(coefficients.index).fillna(0.0).T
    times = np.array(list(known))
    treated = rows[rows.get("is_treated", rows[EVENT].notna())]
    counts = treated.groupby(EVENT)[WEIGHT].sum().reindex(times)
    if method in ("sun_abraham", "callaway_santanna"):
        notes = (*singleton_note(panel), *notes)
    return AdoptionFit(
        method, pd.Series(matrix.to_numpy() @ coefficients.to_numpy(), index=pd.Index(times, name=EVENT)),
        matrix.to_numpy() @ covariance.to_numpy() @ matrix.to_numpy().T, counts, _BEFORE, level,
        int(panel.rows[UNIT].nunique()), int(treated.loc[treated[EVENT] >= 0, UNIT].nunique()),
        int(rows[CLUSTER].nunique()), len(rows), panel.identified, (*panel.notes, *notes), times + 1.0,
        swept(rows, [c for c in columns if c not in lost], panel.covariates, known),
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


def _independent(design: pd.DataFrame) -> pd.DataFrame:
    """Columns that are no combination of columns before them."""
    values = design.to_numpy()
    triangular = np.abs(np.diag(np.linalg.qr(values, mode="r")))
    size = np.linalg.norm(values, axis=0)
    return design.loc[:, triangular > 1e-8 * np.maximum(size, 1e-300)]


def _with_terms(rows: pd.DataFrame, masks: Mapping[str, pd.Series]) -> tuple[pd.DataFrame, list[str]]:
    terms = pd.DataFrame({name: mask.astype(float) for name, mask in masks.items()}, index=rows.index)
    return pd.concat([rows, terms], axis=1), list(masks)


def _times(event_times: pd.Series) -> list[int]:
    return [int(t) for t in sorted(event_times.unique()) if t != -1]


def _name(kind: str, *numbers: float) -> str:
    return "_".join([kind, *(f"m{-int(n)}" if n < 0 else str(int(n)) for n in numbers)])
