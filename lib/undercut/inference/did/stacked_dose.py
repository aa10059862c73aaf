"""Do prices react more where a release brings an open rival closer? All are exposed; only the dose
differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from undercut.errors import CellError, DuplicateRowsError, InputError, NoVariationError, TooFewError
from undercut.inference.arrays import Integers
from undercut.inference.did.data import (
    CLUSTER,
    EVENT,
    OUTCOME,
    PERIOD,
    UNIT,
    WEIGHT,
    AdoptionPanel,
    as_number,
    coded,
    need,
)
from undercut.inference.did.least_squares import Regression
from undercut.inference.did.results import AdoptionFit, adoption_fit
from undercut.inference.levels import check_level


def stacked_dose(
    frame: pd.DataFrame,
    releases: Sequence[str | int | float] | pd.Series,
    *,
    unit: str = "unit",
    period: str = "period",
    outcome: str = "outcome",
    dose: str = "dose",
    cluster: str | None = "cluster",
    leads: int = 3,
    lags: int = 3,
    min_gap: int = 1,
    level: float = 0.95,
) -> AdoptionFit:
    r"""Effect of one unit of exposure, by time since the release that brought it.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period.
    releases : sequence
        Periods of releases, in the form of the frame's periods; releases of one period are one.
    unit, period, outcome, dose, cluster : str
        Columns. ``dose`` is the level of exposure in a period, for example the closeness of the best open
        rival; what a release brings is its change from the period before to the period of the release.
    leads, lags : int
        Periods before and after a release that its stack holds.
    min_gap : int
        Leave out releases less than this many periods from another one; ``leads + lags + 1`` leaves only
        releases whose windows do not overlap.
    level : float

    Returns
    -------
    AdoptionFit
        ``effects`` for each unit of dose; ``counts`` are units with a change of dose.

    Raises
    ------
    DataError
        Missing columns or values, or no release after which doses changed differently.
    InputError
        No release, or options that make no sense.

    Notes
    -----
    A stack holds the units seen in every period of a release's window. Over all stacks
    :math:`y_{irt} = \alpha_{ir} + \gamma_{rt} + \sum_{e \ne -1} \beta_e \Delta_{ir} 1[t - r = e] + u_{irt}`.
    This compares units that a release brought more exposure with units that it brought less. It takes (1)
    parallel trends at every dose, (2) a response in proportion to the dose and the same for all units, (3)
    no other change of exposure within the window that is related to this one; (3) can be weakened with
    ``min_gap``. What all units share, such as a general fall of prices after each release, is not identified.

    References
    ----------
    Callaway, Goodman-Bacon and Sant'Anna (2024), NBER working paper 32117; de Chaisemartin and
    D'Haultfoeuille (2024), Review of Economics and Statistics, on doses that change over time.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> names = ["unit", "period"]
    >>> rows = pd.MultiIndex.from_product([range(30), range(20)], names=names).to_frame(index=False)
    >>> rows["cluster"] = rows["unit"]
    >>> step = rng.uniform(size=30)[rows["unit"]]
    >>> rows["dose"] = step * (rows["period"] >= 10)
    >>> rows["outcome"] = rng.normal(size=600) * 0.1 - 2.0 * rows["dose"]
    >>> fit = stacked_dose(rows, [10])
    >>> bool(abs(fit.effect()["estimate"] + 2.0) < 0.2)
    True
    """
    check_level(level, least=0.5)
    if leads < 1 or lags < 0 or min_gap < 1:
        raise InputError(
            f"leads and min_gap must be 1 or more, lags 0 or more; got {leads}, {min_gap}, {lags}."
        )
    panel = _panel(
        frame, {UNIT: unit, PERIOD: period, OUTCOME: outcome, "dose": dose, CLUSTER: cluster or unit}
    )
    dates, crowded = _spaced(as_number(pd.Series(list(releases))), min_gap)
    unit_start = np.flatnonzero(np.diff(panel.rows[UNIT].to_numpy(), prepend=-1))
    parts = [_stack(panel.rows, unit_start, date, leads, lags) for date in dates]
    used = [part for part in parts if part is not None]
    if not used:
        raise NoVariationError(
            "No release changed the doses of units seen throughout its window by different amounts."
        )
    stacks = pd.concat(used, ignore_index=True)
    if stacks[CLUSTER].nunique() < 2:
        raise TooFewError("All units share one cluster, which leaves nothing to judge the spread by.")
    times = [t for t in range(-leads, lags + 1) if t != -1]
    term = np.where(stacks[EVENT].isin(times), np.searchsorted(times, stacks[EVENT]), -1)
    combination = {t: {code: 1.0} for code, t in enumerate(times)}
    regression = Regression(stacks, term, stacks["change"].to_numpy(), (), combination)
    _, coefficients, covariance = regression.solved()
    changed = stacks[stacks["change"] != 0]
    notes = [f"{crowded} releases less than {min_gap} periods from another were left out."] if crowded else []
    idle = len(parts) - len(used)
    notes += [f"{idle} releases changed no dose, or not by different amounts."] if idle else []
    fit = adoption_fit(
        panel, method="stacked_dose", times=times, estimates=coefficients, covariance=covariance,
        counts=changed.groupby(EVENT)[WEIGHT].sum().reindex(times).to_numpy(), level=level,
        reference="the period before the release", notes=tuple(notes), rows=stacks,
        treated=changed.assign(**{UNIT: changed["source_unit"], EVENT: 0}), regression=regression,
    )  # fmt: skip
    return replace(fit, leads=leads, lags=lags, n_units=int(stacks["source_unit"].nunique()))


def _panel(frame: pd.DataFrame, wanted: dict[str, str]) -> AdoptionPanel:
    need(frame, set(wanted.values()))
    rows = pd.DataFrame({name: frame[column].to_numpy() for name, column in wanted.items()})
    if rows.isna().any(axis=None):
        raise CellError("Missing values in the frame; drop or fill them first.")
    if rows.duplicated([UNIT, PERIOD]).any():
        raise DuplicateRowsError("Some units have two rows in one period; aggregate them first.")
    rows[PERIOD] = as_number(rows[PERIOD]).astype("int64")
    rows[WEIGHT] = 1.0
    identified = (
        "difference in outcomes for each unit of exposure that a release brought; not what all units share"
    )
    labels = coded(rows)
    return AdoptionPanel(rows.sort_values([UNIT, PERIOD], ignore_index=True), labels, (), False, identified)


def _spaced(dates: pd.Series, min_gap: int) -> tuple[list[int], int]:
    """Different dates at least ``min_gap`` from any other, and how many were not."""
    ordered = np.unique(dates.dropna().astype(int))
    if not ordered.size:
        raise InputError("releases is empty; give the periods of at least one release.")
    gaps = np.diff(ordered, prepend=-np.inf, append=np.inf)
    alone = (gaps[:-1] >= min_gap) & (gaps[1:] >= min_gap)
    return ordered[alone].tolist(), int((~alone).sum())


def _stack(rows: pd.DataFrame, starts: Integers, date: int, leads: int, lags: int) -> pd.DataFrame | None:
    """Rows of the units seen in every period of a release's window, and what it changed; ``rows`` in order of
    unit and period. A unit and a period of another stack are others. None where no dose differs."""
    period, dose = rows[PERIOD].to_numpy(), rows["dose"].to_numpy(float)
    width = leads + lags + 1
    inside = (period >= date - leads) & (period <= date + lags)
    if not len(rows) or not inside.any():
        return None
    seen = np.add.reduceat(inside, starts) == width
    sizes = np.diff(starts, append=len(rows))
    kept = np.flatnonzero(inside & np.repeat(seen, sizes))
    if not len(kept):
        return None
    doses = dose[kept].reshape(-1, width)  # one row a unit
    change = doses[:, leads] - doses[:, leads - 1]
    if np.ptp(change) < 1e-12:
        return None
    found, apart = rows.iloc[kept], date * 1_000_000
    told = {EVENT: found[PERIOD] - date, UNIT: found[UNIT] + apart, PERIOD: found[PERIOD] + apart}
    return found.assign(change=np.repeat(change, width), source_unit=found[UNIT], **told)
