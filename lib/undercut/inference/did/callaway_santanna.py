"""How do outcomes change from the last untreated period, against units not yet treated? By diff-diff."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from undercut.errors import InputError, NotIdentifiedError
from undercut.extras import require
from undercut.inference.did.data import CLUSTER, EVENT, FIRST, OUTCOME, PERIOD, UNIT, WEIGHT, AdoptionPanel
from undercut.inference.did.regressions import singleton_note
from undercut.inference.did.results import AdoptionFit, adoption_fit


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
