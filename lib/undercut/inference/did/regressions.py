"""Which estimators of staggered adoption are one regression with fixed effects? Three, fitted by pyfixest."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from undercut.errors import DataError
from undercut.inference.arrays import Floats
from undercut.inference.did.data import (
    CLUSTER,
    EVENT,
    FIRST,
    OUTCOME,
    PERIOD,
    UNIT,
    WEIGHT,
    AdoptionPanel,
)
from undercut.inference.did.results import AdoptionFit, Regression

_BEFORE = "the period before adoption"


def two_way_fixed_effects(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """Event-time terms with effects of units and periods."""
    rows = panel.rows.copy()
    sizes = rows.groupby(EVENT)[WEIGHT].sum().drop(-1.0, errors="ignore")
    rows, columns = _with_terms(rows, {_name("e", t): rows[EVENT].eq(t) for t in sizes.index})
    cells = {int(t): {_name("e", t): float(size)} for t, size in sizes.items() if -leads <= t <= lags}
    return _fitted(panel, rows, "two_way_fixed_effects", columns, cells, level)


def sun_abraham(panel: AdoptionPanel, leads: int, lags: int, level: float) -> AdoptionFit:
    """One term for each cohort and event time, averaged with the cohorts' shares."""
    rows = panel.rows.copy()
    sizes = rows[rows[EVENT] != -1].groupby([FIRST, EVENT])[WEIGHT].sum()
    masks = {_name("c", g, t): rows[FIRST].eq(g) & rows[EVENT].eq(t) for g, t in sizes.index}
    rows, columns = _with_terms(rows, masks)
    cells: dict[int, dict[str, float]] = {}
    for (g, t), size in sizes.items():
        if -leads <= t <= lags:
            cells.setdefault(int(t), {})[_name("c", g, t)] = float(size)
    ordered = {t: cells[t] for t in sorted(cells)}
    return _fitted(panel, rows, "sun_abraham", columns, ordered, level, notes=singleton_note(panel))


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
    sizes = rows[rows["is_treated"] & rows[EVENT].ne(-1)].groupby(EVENT)[WEIGHT].sum()
    rows, columns = _with_terms(
        rows, {_name("e", t): rows["is_treated"] & rows[EVENT].eq(t) for t in sizes.index}
    )
    rows[UNIT] = rows["stack"].astype(str) + "|" + rows[UNIT].astype(str)
    rows[PERIOD] = rows["stack"].astype(str) + "|" + rows[PERIOD].astype(str)
    notes = (f"Left out {left_out} cohorts without clean controls.",) if left_out else ()
    cells = {int(t): {_name("e", t): float(size)} for t, size in sizes.items()}
    return _fitted(panel, rows, "stacked", columns, cells, level, notes=notes)


def fit_terms(
    rows: pd.DataFrame, columns: Sequence[str], covariates: Sequence[str]
) -> tuple[pd.Series, pd.DataFrame]:
    """Coefficients of the terms and their cluster-robust covariance."""
    import pyfixest as pf

    tight = pf.MapDemeaner(fixef_tol=1e-10)
    formula = f"{OUTCOME} ~ {' + '.join([*columns, *covariates])} | {UNIT} + {PERIOD}"
    with warnings.catch_warnings():
        # Which terms drop out is said in the fit's notes.
        warnings.filterwarnings("ignore", message=".*(ollinear|singleton).*")
        # The variance of terms far from the window may be none but for rounding.
        warnings.filterwarnings("ignore", message="invalid value encountered in sqrt")
        fit = pf.feols(formula, rows, vcov={"CRV1": CLUSTER}, weights=WEIGHT, collin_tol=1e-7, demeaner=tight)
    names = list(fit._coefnames)  # pyfixest offers the covariance under no public name
    return fit.coef(), pd.DataFrame(fit._vcov, index=names, columns=names)


def swept(
    rows: pd.DataFrame, columns: Sequence[str], covariates: Sequence[str]
) -> tuple[Floats, pd.DataFrame]:
    """Outcome, and terms, covariates and periods, with units' effects swept out.

    Units lie within clusters, so that flipping a cluster's residuals commutes with the sweep; periods do not.
    """
    periods = pd.get_dummies(rows[PERIOD], prefix="period", dtype=float)
    design = pd.concat([rows[[*columns, *covariates]].astype(float), periods], axis=1)
    every = pd.concat([rows[[OUTCOME]], design], axis=1)
    weight = rows[WEIGHT]
    means = every.mul(weight, axis=0).groupby(rows[UNIT]).transform("sum")
    totals = weight.groupby(rows[UNIT]).transform("sum")
    flat = every.sub(means.div(totals, axis=0)).mul(np.sqrt(weight), axis=0)
    return flat[OUTCOME].to_numpy(), flat.drop(columns=OUTCOME)


def told_apart(design: pd.DataFrame) -> set[str]:
    """Columns whose coefficients the data determine whatever the others are."""
    values = design.to_numpy()
    size = np.linalg.norm(values, axis=0)
    scaled = values / np.where(size > 1e-9 * max(float(size.max()), 1e-300), size, np.inf)
    # The space of coefficients that leave all fitted values as they are.
    moments = np.linalg.eigh(scaled.T @ scaled)
    empty = moments.eigenvectors[:, moments.eigenvalues < 1e-9 * moments.eigenvalues.max()]
    free = (empty**2).sum(axis=1)
    return {str(name) for name, share in zip(design.columns, free, strict=True) if share < 1e-8}


def independent(design: pd.DataFrame) -> pd.DataFrame:
    """Columns that are no combination of columns before them."""
    values = design.to_numpy()
    triangular = np.abs(np.diag(np.linalg.qr(values, mode="r")))
    size = np.linalg.norm(values, axis=0)
    return design.loc[:, triangular > 1e-7 * np.maximum(size, 1e-9 * float(size.max()))]


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
    cells: Mapping[int, Mapping[str, float]],
    level: float,
    *,
    notes: tuple[str, ...] = (),
) -> AdoptionFit:
    """Regress, and average by event time the cells that the data tell from effects of units and periods."""
    outcome, design = swept(rows, columns, panel.covariates)
    known = told_apart(design)
    kept = {t: {name: size for name, size in cell.items() if name in known} for t, cell in cells.items()}
    kept = {t: cell for t, cell in kept.items() if cell}
    if not any(t >= 0 for t in kept):
        raise DataError("No effect after adoption is identified; ask for fewer leads, or a longer sample.")
    lost = sum(map(len, cells.values())) - sum(map(len, kept.values()))
    if lost:
        notes = (*notes, f"Left out {lost} cells that cannot be told from effects of units and periods.")
    counts = pd.Series({t: sum(cell.values()) for t, cell in kept.items()})
    shares = {t: {name: size / counts[t] for name, size in cell.items()} for t, cell in kept.items()}
    coefficients, covariance = fit_terms(rows, columns, panel.covariates)
    matrix = pd.DataFrame(shares).reindex(coefficients.index).fillna(0.0).T.to_numpy()
    times = np.array(list(kept))
    treated = rows[rows.get("is_treated", rows[EVENT].notna())]
    return AdoptionFit(
        method, pd.Series(matrix @ coefficients.to_numpy(), index=pd.Index(times, name=EVENT)),
        matrix @ covariance.to_numpy() @ matrix.T, counts, _BEFORE, level,
        int(panel.rows[UNIT].nunique()), int(treated.loc[treated[EVENT] >= 0, UNIT].nunique()),
        int(rows[CLUSTER].nunique()), len(rows), panel.identified, (*panel.notes, *notes), times + 1.0,
        float(panel.rows[OUTCOME].std()),
        Regression(outcome, independent(design), rows[CLUSTER].to_numpy(), shares),
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


def _with_terms(rows: pd.DataFrame, masks: Mapping[str, pd.Series]) -> tuple[pd.DataFrame, list[str]]:
    terms = pd.DataFrame({name: mask.astype(float) for name, mask in masks.items()}, index=rows.index)
    return pd.concat([rows, terms], axis=1), list(masks)


def _name(kind: str, *numbers: float) -> str:
    return "_".join([kind, *(f"m{-int(n)}" if n < 0 else str(int(n)) for n in numbers)])
