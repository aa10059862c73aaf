"""What did prices do after an open rival came close, model by model and month by month?

Five estimators of staggered adoption take the same long frame and return the same fit. Two-way fixed effects
are among them to be shown beside the others: with effects that grow or differ they compare treated units
with units treated earlier, and can get even the sign wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.inference.cluster_bootstrap import one_of
from undercut.inference.did.callaway_santanna import callaway_santanna
from undercut.inference.did.data import AdoptionPanel, adoption_panel
from undercut.inference.did.imputation import imputation
from undercut.inference.did.regressions import stacked, sun_abraham, two_way_fixed_effects
from undercut.inference.did.results import AdoptionFit

Method = Literal["sun_abraham", "stacked", "callaway_santanna", "imputation", "two_way_fixed_effects"]

_METHODS: Final[Mapping[str, Callable[[AdoptionPanel, int, int, float], AdoptionFit]]] = {
    "sun_abraham": sun_abraham,
    "stacked": stacked,
    "callaway_santanna": callaway_santanna,
    "imputation": imputation,
    "two_way_fixed_effects": two_way_fixed_effects,
}


def staggered(
    frame: pd.DataFrame,
    *,
    unit: str = "unit",
    period: str = "period",
    outcome: str = "outcome",
    first_treated: str = "first_treated",
    cluster: str | None = "cluster",
    weights: str | None = None,
    covariates: Sequence[str] = (),
    method: Method = "stacked",
    leads: int = 6,
    lags: int = 6,
    level: float = 0.95,
) -> AdoptionFit:
    r"""Effects of a treatment that starts at different times and does not end.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period; units may come and go.
    unit, period, outcome, first_treated, cluster : str
        Columns. Periods are numbers, months ``YYYY-MM`` or dates (taken as months); ``first_treated`` is
        missing for units never treated. ``cluster=None`` clusters by unit.
    weights : str, optional
        Column of regression weights; not for Callaway-Sant'Anna.
    covariates : sequence of str
        Columns; they may change over time in regressions and imputation, while Callaway-Sant'Anna uses their
        value in the base period.
    method : str
        - ``sun_abraham``: one coefficient for each cohort and event time, averaged with cohorts' shares
          (pyfixest for the regression);
        - ``stacked``: each cohort with units untreated throughout its window, one regression over all stacks
          with the weights of Wing, Freedman and Hollingsworth (pyfixest);
        - ``callaway_santanna``: long differences against not-yet-treated units (diff-diff);
        - ``imputation``: untreated outcomes imputed from untreated rows (our own, since neither package
          returns the covariance of leads with lags);
        - ``two_way_fixed_effects``: event-time terms without cohorts (pyfixest), for comparison only.
    leads, lags : int
        Event times -leads to lags are reported; the period before treatment is the reference, but
        for imputation, whose leads are against all periods before -leads.
    level : float
        Of intervals, from t with clusters minus one degrees of freedom.

    Returns
    -------
    AdoptionFit

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
    >>> fit = staggered(rows, method="imputation", leads=3, lags=2)
    >>> bool(abs(fit.effect()["estimate"] + 2.0) < 0.3), list(fit.effects.index)
    (True, [-3, -2, -1, 0, 1, 2])
    """
    one_of("method", method, get_args(Method))
    if leads < 1 or lags < 0 or not 0.5 <= level < 1:
        raise InputError("leads must be 1 or more, lags 0 or more, level from 0.5 to below 1.")
    panel = adoption_panel(
        frame, unit=unit, period=period, outcome=outcome, first_treated=first_treated, cluster=cluster,
        weights=weights, covariates=covariates,
    )  # fmt: skip
    return _METHODS[method](panel, leads, lags, level)


def compare_methods(fits: Iterable[AdoptionFit]) -> pd.DataFrame:
    """Overall effects of several fits side by side, with their smallest detectable effects.

    Returns
    -------
    DataFrame
        Indexed by method: the columns of :meth:`AdoptionFit.effect`, ``smallest_detectable`` (80% power,
        missing without a standard error), ``n_treated``, ``n_clusters``.
    """
    rows = {}
    for fit in fits:
        found = fit.effect()
        known = np.isfinite(found["std_error"])
        found["smallest_detectable"] = fit.smallest_detectable().effect if known else np.nan
        rows[fit.method] = pd.concat(
            [found, pd.Series({"n_treated": fit.n_treated, "n_clusters": fit.n_clusters})]
        )
    return pd.DataFrame(rows).T.rename_axis("method")
