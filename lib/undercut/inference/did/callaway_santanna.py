"""How do outcomes change from the last untreated period, against units not yet treated? By diff-diff."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from undercut.errors import DataError, InputError
from undercut.extras import require
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
from undercut.inference.did.regressions import singleton_note
from undercut.inference.did.results import AdoptionFit


def callaway_santanna(
    panel: AdoptionPanel, leads: int, lags: int, level: float, *, controls: str = "not_yet_treated"
) -> AdoptionFit:
    """Group-time effects with the period before adoption as base."""
    diff_diff = require("diff_diff", extra="did")
    if panel.weighted:
        raise InputError("Callaway-Sant'Anna takes no weights here; leave weights out or use another method.")
    rows = panel.rows.assign(**{FIRST: panel.rows[FIRST].fillna(0).astype(int)})
    rows["unit_code"] = pd.factorize(rows[UNIT])[0]
    model = diff_diff.CallawaySantAnna(
        control_group=controls, estimation_method="dr" if panel.covariates else "reg",
        base_period="universal", cluster=CLUSTER, cband=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = model.fit(
                rows, outcome=OUTCOME, unit="unit_code", time=PERIOD, first_treat=FIRST,
                covariates=list(panel.covariates) or None, aggregate="event_study",
            )  # fmt: skip
        except ValueError as error:
            raise DataError(f"Callaway-Sant'Anna gives no estimate on this sample: {error}") from error
    found = {int(t): row["effect"] for t, row in fit.event_study_effects.items()}
    index = [int(t) for t in fit.event_study_vcov_index]
    covariance = pd.DataFrame(fit.event_study_vcov, index=index, columns=index)
    times = [t for t in sorted(found) if -leads <= t <= lags and t != -1 and np.isfinite(found[t])]
    if not any(t >= 0 for t in times):
        raise DataError("No effect after adoption is identified; the sample lacks untreated units.")
    treated = panel.rows[panel.rows[EVENT].notna()]
    counts = treated.groupby(EVENT)[WEIGHT].sum().reindex(times)
    return AdoptionFit(
        "callaway_santanna", pd.Series([found[t] for t in times], index=pd.Index(times, name=EVENT)),
        covariance.loc[times, times].to_numpy(), counts, "the period before adoption", level,
        int(panel.rows[UNIT].nunique()), int(treated.loc[treated[EVENT] >= 0, UNIT].nunique()),
        int(panel.rows[CLUSTER].nunique()), len(panel.rows), panel.identified,
        (*panel.notes, *singleton_note(panel)), np.array(times) + 1.0,
        float(panel.rows[OUTCOME].std()),
    )  # fmt: skip
