"""What did prices do after an open rival came close, model by model and month by month?

Five estimators of staggered adoption take the same long frame and return the same fit. Two-way fixed effects
are among them to be shown beside the others: with effects that grow or differ they compare treated units
with units treated earlier, and can get even the sign wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal, get_args, overload

import numpy as np
import pandas as pd

from undercut.errors import InputError, UndercutError, one_of
from undercut.inference.did.data import AdoptionPanel, adoption_panel
from undercut.inference.did.estimators import (
    callaway_santanna,
    imputation,
    stacked,
    sun_abraham,
    two_way_fixed_effects,
)
from undercut.inference.did.results import AdoptionFit
from undercut.inference.levels import check_level
from undercut.result import Axes, Result

Method = Literal["sun_abraham", "stacked", "callaway_santanna", "imputation", "two_way_fixed_effects"]

_METHODS: Final[Mapping[str, Callable[..., AdoptionFit]]] = {
    "imputation": imputation,
    "callaway_santanna": callaway_santanna,
    "sun_abraham": sun_abraham,
    "stacked": stacked,
    "two_way_fixed_effects": two_way_fixed_effects,
}


class MethodComparison(Result, kw_only=True):
    """Every estimator of staggered adoption on the same panel.

    Attributes
    ----------
    fits : mapping of method to AdoptionFit
        Each with ``leads``, the leads with which it could be fitted: at most ``leads`` below.
    reasons : mapping of method to str
        Why the others gave no estimate.
    leads, lags : int
        What was asked for.
    """

    fits: Mapping[str, AdoptionFit]
    reasons: Mapping[str, str]
    leads: int
    lags: int

    def to_frame(self) -> pd.DataFrame:
        """One row a method: the columns of :meth:`AdoptionFit.effect`, ``leads`` with which it was fitted,
        ``smallest_detectable`` (80% power), ``n_treated``, ``n_clusters`` and ``why_not``."""
        rows = {}
        for method, fit in self.fits.items():
            found = fit.effect().to_dict()
            known = np.isfinite(found["std_error"])
            rows[method] = found | {
                "leads": fit.leads, "n_treated": fit.n_treated, "n_clusters": fit.n_clusters,
                "smallest_detectable": fit.smallest_detectable().effect if known else np.nan,
                "why_not": "" if known else "the clusters leave no spread to compute an error from",
            }  # fmt: skip
        rows |= {method: {"why_not": reason} for method, reason in self.reasons.items()}
        return pd.DataFrame(rows.values(), index=pd.Index(rows, name="method"))

    def with_fewer_leads(self) -> dict[str, int]:
        """Leads of the methods that could not be fitted with all that were asked for."""
        return {method: fit.leads for method, fit in self.fits.items() if fit.leads < self.leads}

    def summary(self) -> str:
        """The table, and which methods have fewer leads than asked for."""
        lines = [f"Overall effect by every estimator; {self.leads} leads asked for, {self.lags} lags"]
        fewer = [f"{method} {count}" for method, count in self.with_fewer_leads().items()]
        if fewer:
            lines.append(f"Fitted with fewer leads, since more could not be told apart: {', '.join(fewer)}.")
        lines += [f"{method}: no estimate. {reason}" for method, reason in self.reasons.items()]
        shown = self.to_frame().drop(columns=["why_not", "t_statistic"], errors="ignore")
        return "\n".join([*lines, shown.to_string(float_format="{:.4g}".format)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Overall effects with their intervals."""
        from undercut.plots import interval_rows

        rows = self.to_frame().dropna(subset=["estimate"])[["estimate", "ci_low", "ci_high"]]
        axes = interval_rows({name: tuple(row) for name, row in rows.iterrows()}, ax=ax)
        axes.set_xlabel("Overall effect")
        return axes


@overload
def staggered_adoption(
    frame: pd.DataFrame, *, method: Literal["all"], **options: Any
) -> MethodComparison: ...
@overload
def staggered_adoption(frame: pd.DataFrame, *, method: Method = ..., **options: Any) -> AdoptionFit: ...
def staggered_adoption(  # type: ignore[misc]
    frame: pd.DataFrame,
    *,
    unit: str = "unit",
    period: str = "period",
    outcome: str = "outcome",
    adopted: str | None = None,
    treated: str | None = None,
    first_treated: str = "first_treated",
    cluster: str | None = "cluster",
    weights: str | None = None,
    covariates: Sequence[str] = (),
    method: Method | Literal["all"] = "stacked",
    leads: int = 6,
    lags: int = 6,
    level: float = 0.95,
) -> AdoptionFit | MethodComparison:
    r"""Effects of a treatment that starts at different times and does not end.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period; units may come and go.
    unit, period, outcome : str
        Columns. Periods are numbers, months ``YYYY-MM`` or dates (taken as months).
    adopted : str, optional
        Column with the first period of treatment, missing for units never treated; ``first_treated`` is
        another name for the same.
    treated : str, optional
        Instead: column with 1 in the periods in which a unit is treated and 0 in the others.
    cluster : str, optional
        Column; ``None``, or no column of the default name, clusters by unit.
    weights : str, optional
        Column of regression weights; not for Callaway-Sant'Anna.
    covariates : sequence of str
        Columns; they may change over time in regressions and imputation, while Callaway-Sant'Anna uses their
        value in the base period.
    method : str
        - ``sun_abraham``: one coefficient for each cohort and event time, averaged with cohorts' shares;
        - ``stacked``: each cohort with units untreated throughout its window, one regression over all stacks
          with the weights of Wing, Freedman and Hollingsworth;
        - ``callaway_santanna``: long differences against not-yet-treated units (diff-diff);
        - ``imputation``: untreated outcomes imputed from untreated rows (our own, since neither package
          returns the covariance of leads with lags);
        - ``two_way_fixed_effects``: event-time terms without cohorts, for comparison only;
        - ``all``: each of them, side by side.
    leads, lags : int
        Event times -leads to lags are reported; the period before treatment is the reference, but
        for imputation, whose leads are against all periods before -leads. With ``all`` an estimator whose
        leads cannot be told apart is fitted with fewer of them, and the result says with how many.
    level : float
        Of intervals, from t with clusters minus one degrees of freedom.

    Returns
    -------
    AdoptionFit
        With ``all``, a :class:`MethodComparison` of five.

    Raises
    ------
    DataError
        Missing values, duplicates, a treatment that ends, or nothing to compare with.
    InputError
        Options that make no sense.

    Notes
    -----
    All need parallel trends of untreated outcomes and no anticipation. Periods in which every unit is treated
    are left out (a note counts them), so that without never-treated units only the effect before the last
    cohort's treatment is identified. Where a cohort is one cluster, Sun-Abraham and
    Callaway-Sant'Anna fit it without residual, and their standard errors are too small: a note says so; trust
    ``stacked``, ``imputation``, the wild bootstrap or randomisation inference then. Shares of cohorts are
    taken as given.

    References
    ----------
    Sun and Abraham (2021), Journal of Econometrics 225; Callaway and Sant'Anna (2021), Journal of
    Econometrics 225; Borusyak, Jaravel and Spiess (2024), Review of Economic Studies 91; Gardner (2022),
    arXiv:2207.05943; Wing, Freedman and Hollingsworth (2024), NBER working paper 32054; Goodman-Bacon
    (2021), Journal of Econometrics 225.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> names = ["unit", "period"]
    >>> rows = pd.MultiIndex.from_product([range(40), range(12)], names=names).to_frame(index=False)
    >>> rows["cluster"] = rows["unit"]
    >>> rows["first_treated"] = (rows["unit"] % 4).map({0: 5.0, 1: 7.0, 2: 9.0})
    >>> rows["outcome"] = 0.1 * rng.normal(size=480) - 2.0 * (rows["period"] >= rows["first_treated"])
    >>> fit = staggered_adoption(rows, method="imputation", leads=3, lags=2)
    >>> bool(abs(fit.effect()["estimate"] + 2.0) < 0.3), list(fit.effects.index)
    (True, [-3, -2, -1, 0, 1, 2])
    >>> both = rows.assign(is_treated=(rows["period"] >= rows["first_treated"]).astype(int))
    >>> every = staggered_adoption(both, treated="is_treated", method="all", leads=3, lags=2)
    >>> every.table()["leads"].tolist()
    [3, 3, 3, 3, 3]
    """
    one_of("method", method, ("all", *get_args(Method)))
    check_level(level, least=0.5)
    if leads < 1 or lags < 0:
        raise InputError(f"leads must be 1 or more and lags 0 or more; got {leads} and {lags}.")
    if treated and adopted:
        raise InputError("Say when treatment starts once: with adopted= or with treated=, not with both.")
    by_unit = cluster == "cluster" and cluster not in frame
    panel = adoption_panel(
        frame, unit=unit, period=period, outcome=outcome, treated=treated, weights=weights,
        first_treated=None if treated else adopted or first_treated, covariates=covariates,
        cluster=None if by_unit else cluster,
    )  # fmt: skip
    if by_unit:
        panel = replace(panel, notes=(*panel.notes, "Clustered by unit: there is no column cluster."))
    return (
        fit_all(panel, leads, lags, level) if method == "all" else fit_one(panel, method, leads, lags, level)
    )


def fit_one(panel: AdoptionPanel, method: str, leads: int, lags: int, level: float = 0.95) -> AdoptionFit:
    """One estimator on a checked panel; the fit can be repeated on a part of it."""
    fitted = partial(_METHODS[method], leads=leads, lags=lags, level=level)
    return replace(fitted(panel), leads=leads, lags=lags, estimator=fitted)


def fit_all(panel: AdoptionPanel, leads: int, lags: int, level: float = 0.95) -> MethodComparison:
    """Every estimator, each with as many of the leads as it can tell apart."""
    fits: dict[str, AdoptionFit] = {}
    reasons: dict[str, str] = {}
    for method in _METHODS:
        for count in range(leads, 0, -1):
            try:
                fits[method] = fit_one(panel, method, count, lags, level)
                break
            except UndercutError as error:
                reasons[method] = str(error)
    left = {method: reason for method, reason in reasons.items() if method not in fits}
    return MethodComparison(fits=fits, reasons=left, leads=leads, lags=lags)
