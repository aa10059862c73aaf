"""Which rows can tell something about staggered adoption, and which comparison remains?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from undercut.errors import (
    CellError,
    DataError,
    DuplicateRowsError,
    InputError,
    NotIdentifiedError,
    TooFewError,
    need_columns,
)
from undercut.inference.arrays import Booleans
from undercut.inference.periods import period_scale

#: Names of the columns inside the estimators.
UNIT, PERIOD, OUTCOME, FIRST, CLUSTER, WEIGHT, EVENT = (
    "unit", "period", "outcome", "first_treated", "cluster", "weight", "event_time",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AdoptionPanel:
    """Checked rows of a staggered design.

    Attributes
    ----------
    rows : DataFrame
        unit and cluster (codes), period (int), outcome, first_treated (float; missing = never within the
        sample), weight, event_time (missing where never treated) and the covariates; sorted by unit and
        period.
    labels : mapping of str to Index
        What the codes of units and of clusters stand for.
    covariates : tuple of str
    weighted : bool
        Whether weights were given.
    identified : str
    notes : tuple of str
    """

    rows: pd.DataFrame
    labels: Mapping[str, pd.Index]
    covariates: tuple[str, ...]
    weighted: bool
    identified: str = ""
    notes: tuple[str, ...] = ()

    @property
    def treated(self) -> pd.Series:
        """Whether a row's unit is treated in its period."""
        return self.rows[EVENT] >= 0

    def part(self, kept: Booleans) -> AdoptionPanel:
        """The panel of some rows only, of which unusable ones are left out anew."""
        return _usable(replace(self, rows=self.rows[kept], notes=()))

    def moved(self, dates: Mapping[int, int]) -> AdoptionPanel:
        """The panel as if adoption had come at other dates, of which unusable rows are left out anew."""
        first = self.rows[FIRST].map(dates).astype(float)
        return _usable(replace(self, rows=self.rows.assign(**{FIRST: first}), notes=()))


def adoption_panel(
    frame: pd.DataFrame,
    *,
    unit: str,
    period: str,
    outcome: str,
    first_treated: str | None = None,
    treated: str | None = None,
    cluster: str | None = None,
    weights: str | None = None,
    covariates: Sequence[str] = (),
) -> AdoptionPanel:
    """Check and sort a long frame, leave out what no estimator can use, and say so."""
    wanted = {UNIT: unit, PERIOD: period, OUTCOME: outcome, CLUSTER: cluster or unit}
    wanted |= {name: column for name, column in ((FIRST, first_treated), (WEIGHT, weights)) if column}
    needed = {*wanted.values(), *covariates, *([treated] if treated else [])}
    need(frame, needed)
    rows = pd.DataFrame({name: frame[column].to_numpy() for name, column in wanted.items()})
    for name in covariates:
        rows[name] = frame[name].to_numpy(dtype=float)
    scale = period_scale(pd.Index(rows[PERIOD].dropna().unique()))
    starts = None if treated else scale.starts(rows[FIRST], later=True) + scale.offset
    rows[PERIOD] = scale.of(rows[PERIOD]) + scale.offset
    rows[FIRST] = _first_of(rows, frame[treated]) if treated else starts
    rows[OUTCOME] = rows[OUTCOME].astype(float)
    rows[WEIGHT] = rows[WEIGHT].astype(float) if weights else 1.0
    _check(rows, covariates)
    rows[PERIOD] = rows[PERIOD].astype("int64")
    labels = coded(rows)
    rows = rows.sort_values([UNIT, PERIOD], ignore_index=True)
    panel = _usable(AdoptionPanel(rows, labels, tuple(covariates), weights is not None))
    gap = () if scale.note is None else (scale.note[0].upper() + scale.note[1:] + ".",)
    return replace(panel, notes=(*gap, *panel.notes))


def coded(rows: pd.DataFrame) -> dict[str, pd.Index]:
    """Replace units and clusters by codes, which are quick to compare; returns what they stand for."""
    labels = {}
    for name in (UNIT, CLUSTER):
        codes, known = pd.factorize(rows[name], sort=True)
        rows[name], labels[name] = codes, pd.Index(known)
    return labels


def need(frame: pd.DataFrame, columns: set[str]) -> None:
    """Refuse a frame that lacks columns."""
    held = f"it has {', '.join(map(str, frame))}"
    need_columns(frame, sorted(columns), "The frame lacks the columns", held)


def as_number(values: pd.Series) -> pd.Series:
    """Periods as numbers; months ``YYYY-MM`` and dates count months since January 1970."""
    if is_numeric_dtype(values):
        return values.astype(float)
    months = pd.PeriodIndex(pd.to_datetime(values), freq="M")
    number = pd.Series(months.year * 12.0 + months.month - 1 - 1970 * 12, index=values.index)
    return number.where(values.notna())


def _first_of(rows: pd.DataFrame, treated: pd.Series) -> pd.Series:
    """First period in which each row's unit is treated, from 0 and 1 by period."""
    flags = pd.to_numeric(treated, errors="coerce").to_numpy(dtype=float)
    if not np.isin(flags, (0.0, 1.0)).all():
        row = int(np.flatnonzero(~np.isin(flags, (0.0, 1.0)))[0])
        raise CellError(
            f"treated must be 0 or 1 in every row; {treated.name!r} holds {treated.iloc[row]!r} in row {row}."
        )
    first = rows[PERIOD].where(flags == 1).groupby(rows[UNIT]).transform("min")
    back = (flags == 0) & (rows[PERIOD] >= first)
    if back.any():
        raise InputError(
            f"Unit {rows.loc[back, UNIT].iloc[0]!r} is untreated again after it was treated. These "
            "estimators are for a treatment that stays: give first periods with adopted=, or leave such "
            "units out."
        )
    return first


def _check(rows: pd.DataFrame, covariates: Sequence[str]) -> None:
    needed = [UNIT, PERIOD, OUTCOME, CLUSTER, WEIGHT, *covariates]
    empty = [name for name in needed if rows[name].isna().any()]
    if empty:
        raise CellError(f"Missing values in {', '.join(empty)}; drop or fill them first.")
    finite = np.isfinite(rows[[OUTCOME, WEIGHT, *covariates]].to_numpy(dtype=float)).all()
    if not finite or (rows[WEIGHT] <= 0).any():
        raise CellError("Outcomes and covariates must be finite and weights positive.")
    if rows.duplicated([UNIT, PERIOD]).any():
        raise DuplicateRowsError("Some units have two rows in one period; aggregate them first.")
    for name in (FIRST, CLUSTER):
        if rows[[UNIT, name]].drop_duplicates().duplicated(UNIT).any():
            raise DataError(
                f"{name} must be the same in all rows of a unit; treatment cannot be withdrawn here."
            )
    if rows[CLUSTER].nunique() < 2:
        raise TooFewError("All units share one cluster, which leaves nothing to judge the spread by.")


def _usable(panel: AdoptionPanel) -> AdoptionPanel:
    """The panel without units never seen untreated and without periods in which nobody is untreated."""
    rows, notes = panel.rows, []
    unit, _ = pd.factorize(rows[UNIT])
    period, first = rows[PERIOD].to_numpy(), rows[FIRST].to_numpy()
    start = np.full(unit.max(initial=-1) + 1, np.inf)
    np.minimum.at(start, unit, period)
    kept = ~(start[unit] >= first)
    if not kept.all():
        left_out = len(np.unique(unit[~kept]))
        notes.append(f"Left out {left_out} units without a period before their treatment.")
    if not kept.any():
        raise NotIdentifiedError("Every unit is treated from its first row on; no effect is identified.")
    untreated = kept & ~(period >= first)
    comparable = np.isin(period, period[untreated])
    trimmed = int((kept & ~comparable).sum())
    if trimmed:
        notes.append(f"Left out {trimmed} rows of periods when no unit is untreated.")
    kept &= comparable
    identified = (
        "effect on the treated, against units never treated and units not yet treated"
        if np.isnan(first[kept]).any() and not trimmed
        else "effect on units treated while others were not yet treated, against those others; "
        "what happens once all are treated cannot be known"
    )
    first = np.where(first > period[kept].max(), np.nan, first)
    event = period - first
    if not (event[kept] >= 0).any():
        raise NotIdentifiedError(
            "No unit is treated while another is untreated, so that there is nothing to compare."
        )
    used = rows.assign(**{FIRST: first, EVENT: event})[kept].reset_index(drop=True)
    return replace(panel, rows=used, identified=identified, notes=tuple(notes))
