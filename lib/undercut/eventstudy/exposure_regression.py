"""Do firms that are more exposed lose more? Regressions of abnormal returns on exposure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from undercut.errors import DataError
from undercut.eventstudy.portfolio import portfolio_return
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, label

_FEW_CLUSTERS = 20


@dataclass(frozen=True, slots=True)
class ExposureRegression:
    """Coefficients of a regression of abnormal returns on exposures.

    Attributes
    ----------
    coefficients : pandas.DataFrame
        Columns term, estimate, se_clustered, p_clustered, se_portfolio, p_portfolio.
    n, n_clusters : int
        Rows and clusters.
    window, cluster : str
        Days that were summed, and what was clustered by.
    r_squared : float
        Share of the variance explained.
    warnings : tuple of str
        What a reader must know.
    """

    coefficients: pd.DataFrame
    n: int
    n_clusters: int
    window: str
    cluster: str
    r_squared: float
    warnings: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """The coefficients."""
        return self.coefficients.copy()

    def to_frame(self) -> pd.DataFrame:
        """The coefficients."""
        return self.table()

    def summary(self) -> str:
        """The regression as text."""
        head = [
            f"Abnormal return {self.window} on exposure: {self.n} rows, {self.n_clusters} clusters by "
            f"{self.cluster}, R-squared {self.r_squared:.3f}",
            "",
            self.coefficients.to_string(index=False, float_format="{:.4g}".format),
            *(f"Warning: {note}." for note in self.warnings),
        ]
        return "\n".join(head)


def exposure_regression(
    study: EventStudy,
    exposures: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    cluster: str = "firm",
    window: Window | None = None,
) -> ExposureRegression:
    r"""Least squares of cumulative abnormal returns on exposures, with two kinds of standard errors.

    Parameters
    ----------
    study : EventStudy
        The event study.
    exposures : pandas.DataFrame
        Column firm, and event where exposures differ between events, and one numeric column an exposure.
    columns : sequence of str, optional
        Exposures to use; default, every numeric column.
    cluster : str
        ``firm``, ``event``, ``group`` or a column of ``exposures``.
    window : tuple of int, optional
        Days that are summed; default, the event window.

    Notes
    -----
    Clustered errors allow for correlation within clusters only. With one event date, firms that move together
    are correlated across clusters as well; therefore each coefficient, which is the return of a portfolio
    with weights :math:`(X'X)^{-1}X'`, also gets the standard error of that portfolio's own history.

    References
    ----------
    Sefcik and Thompson (1986), An approach to statistical inference in cross-sectional models with security
    abnormal returns as dependent variable, J. Accounting Research 24.

    Raises
    ------
    DataError
        If a firm has no exposure or the exposures are collinear.
    """
    days = study.abnormal.windows.event if window is None else window
    abnormal = study.abnormal.take(np.isfinite(study.abnormal.car(days)))
    rows = pd.DataFrame(
        {"event": abnormal.rows.event, "firm": abnormal.rows.firm, "group": abnormal.rows.group}
    )
    merged, names = _merge(rows, exposures, columns, cluster)
    design = np.column_stack([np.ones(len(merged)), merged[names].to_numpy(dtype=np.float64)])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise DataError(f"The exposures {', '.join(names)} are collinear among the firms at hand.")
    car = abnormal.car(days)
    weights = np.linalg.pinv(design)  # (n_terms, n_rows)
    estimate = weights @ car
    residual = car - design @ estimate
    codes = np.unique(merged[cluster].astype(str), return_inverse=True)[1]
    error, n_clusters = _clustered(weights, residual, codes, len(car))
    by_history = [portfolio_return(abnormal, days, weights=row) for row in weights]
    history = np.array([found.standard_error for found in by_history])
    freedom = np.array([found.freedom for found in by_history])
    table = pd.DataFrame(
        {
            "term": ["intercept", *names],
            "estimate": estimate,
            "se_clustered": error,
            "p_clustered": 2 * stats.t.sf(np.abs(estimate / error), max(n_clusters - 1, 1)),
            "se_portfolio": history,
            "p_portfolio": 2 * stats.t.sf(np.abs(estimate / history), freedom),
        }
    )
    explained = 1 - float(residual @ residual) / float(((car - car.mean()) ** 2).sum())
    notes = _cluster_notes(n_clusters, cluster, len(np.unique(abnormal.rows.day)))
    return ExposureRegression(table, len(car), n_clusters, label(days), cluster, explained, notes)


def _merge(
    rows: pd.DataFrame, exposures: pd.DataFrame, columns: Sequence[str] | None, cluster: str
) -> tuple[pd.DataFrame, list[str]]:
    keys = ["event", "firm"] if "event" in exposures.columns else ["firm"]
    if "firm" not in exposures.columns:
        raise DataError("Exposures need the column firm.")
    if exposures.duplicated(keys).any():
        raise DataError(f"Exposures have more than one row for a {' and '.join(keys)}.")
    numeric = [c for c in exposures.select_dtypes("number").columns if c not in (*keys, cluster)]
    names = list(columns) if columns is not None else numeric
    absent = [name for name in names if name not in exposures.columns]
    if absent or not names:
        raise DataError(f"Exposures lack the column(s) {', '.join(absent) or 'with numbers'}.")
    if cluster not in rows.columns and cluster not in exposures.columns:
        raise DataError(
            f"Cannot cluster by {cluster!r}: neither firm, event, group nor a column of exposures."
        )
    own = exposures.drop(columns=[c for c in ("group",) if c in exposures.columns and c != cluster])
    merged = rows.drop(columns=["group"] if cluster in own.columns else []).merge(own, on=keys, how="left")
    missing = sorted(set(merged.loc[merged[names].isna().any(axis=1), "firm"]))
    if missing:
        raise DataError(f"No exposure for {', '.join(missing[:8])}; add it, or leave these firms out.")
    return merged, names


def _clustered(
    weights: np.ndarray, residual: np.ndarray, codes: np.ndarray, count: int
) -> tuple[np.ndarray, int]:
    """Standard errors clustered by ``codes``, with the usual correction for few clusters."""
    scores = weights * residual
    n_clusters = int(codes.max()) + 1
    sums = np.array([np.bincount(codes, weights=row, minlength=n_clusters) for row in scores])
    terms = len(weights)
    correction = n_clusters / max(n_clusters - 1, 1) * (count - 1) / max(count - terms, 1)
    return np.sqrt(correction * (sums**2).sum(axis=1)), n_clusters


def _cluster_notes(n_clusters: int, cluster: str, n_dates: int) -> tuple[str, ...]:
    notes = []
    if n_clusters < _FEW_CLUSTERS:
        notes.append(f"only {n_clusters} clusters by {cluster}: clustered errors are too small")
    if n_dates == 1 and cluster == "firm":
        notes.append("one event date: firms are correlated across clusters, read the portfolio errors")
    return tuple(notes)
