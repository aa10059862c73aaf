"""Is the gap to a counterfactual larger than its usual misfit? Conformal inference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.synthetic import complete_donors, donor_fit
from undercut.eventstudy.windows import Block, Usable, blocks, label
from undercut.inference.arrays import Floats

_MODELS = ("synthetic-control", "ridge-augmented", "difference-in-differences")
_GRID = 41


def conformal_inference(study: EventStudy, *, level: float = 0.95) -> pd.DataFrame:
    r"""P-value and interval of the mean abnormal return a day, by refitting under the null.

    Under the hypothesis that the event moved the firm by :math:`\tau` on each day of the window, the firm
    less :math:`\tau` is fitted by its donors over estimation and event window together; if the hypothesis
    holds, the residuals of the event days are like the others. The p-value is the share of cyclic shifts of
    the residuals whose sum over the last days is as large; the interval holds the :math:`\tau` that are not
    rejected.

    Parameters
    ----------
    study : EventStudy
        Of the model synthetic-control, ridge-augmented or difference-in-differences.
    level : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        Columns event, firm, window, car, p_value, ci_low, ci_high (of the cumulative abnormal return, a grid
        of values six standard errors to each side; an end at the grid's edge is infinite).

    References
    ----------
    Chernozhukov, Wüthrich and Zhu (2021), An exact and robust conformal inference method for counterfactual
    and synthetic controls, J. American Statistical Association 116.

    Raises
    ------
    InputError
        If the study's model has no donors.
    """
    if study.setup.model.name not in _MODELS:
        raise InputError(f"Conformal inference is for {', '.join(_MODELS)}; got {study.setup.model.name!r}.")
    setup, abnormal = study.setup, study.abnormal
    usable = Usable(abnormal.rows, np.isfinite(abnormal.residuals))
    car, error = abnormal.car(), np.sqrt(abnormal.car_variance())
    found = []
    for block in blocks(setup.panel, setup.design, setup.benchmarks.donors, usable, setup.windows):
        for row in range(len(block.returns)):
            position = block.rows.start + row
            found.append(_one_row(block, row, setup.model.name, car[position], error[position], level))
    frame = pd.DataFrame(found, columns=["p_value", "ci_low", "ci_high"])
    rows = abnormal.rows
    frame.insert(0, "car", car)
    frame.insert(0, "window", label(setup.windows.event))
    frame.insert(0, "firm", rows.firm)
    frame.insert(0, "event", rows.event)
    return frame


def _one_row(
    block: Block, row: int, model: str, car: float, error: float, level: float
) -> tuple[float, float, float]:
    if not np.isfinite(car):
        return np.nan, np.nan, np.nan
    donors = complete_donors(block)[0]
    days = np.isfinite(block.returns[row])
    days[block.n_estimation : -block.n_event] = False
    target, others = block.returns[row, days], donors[:, days]
    misfit = _misfit(model, others)
    grid = car + np.linspace(-6, 6, _GRID) * error
    kept = np.array([_p_value(misfit, target, total, block.n_event) > 1 - level for total in grid])
    inside = grid[kept]
    low = -np.inf if kept[0] else float(inside.min()) if len(inside) else np.nan
    high = np.inf if kept[-1] else float(inside.max()) if len(inside) else np.nan
    return _p_value(misfit, target, 0.0, block.n_event), low, high


def _misfit(model: str, donors: Floats) -> Callable[[Floats], Floats]:
    """Residuals of a target when its donors are fitted over all days."""
    if model == "difference-in-differences":
        mean = donors.mean(axis=0)
        return lambda target: (target - mean) - (target - mean).mean()
    nothing = np.empty((len(donors), 0))
    return lambda target: donor_fit(target, donors, nothing, ridge=model == "ridge-augmented").residuals


def _p_value(misfit: Callable[[Floats], Floats], target: Floats, total: float, n_event: int) -> float:
    null = target.copy()
    null[-n_event:] -= total / n_event
    residuals = misfit(null)
    running = np.cumsum(np.r_[residuals, residuals[: n_event - 1]])
    sums = np.abs(running[n_event - 1 :] - np.r_[0.0, running[: len(residuals) - 1]])
    return float((sums >= sums[len(residuals) - n_event] * (1 - 1e-12)).mean())
