"""Which rows can tell something about staggered adoption, and which comparison remains?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from undercut.errors import DataError

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
        unit, period (int), outcome, first_treated (float; missing = never within the sample), cluster,
        weight, event_time (missing where never treated) and the covariates; sorted by unit and period.
    covariates : tuple of str
    weighted : bool
        Whether weights were given.
    identified : str
    notes : tuple of str
    """

    rows: pd.DataFrame
    covariates: tuple[str, ...]
    weighted: bool
    identified: str
    notes: tuple[str, ...]

    @property
    def treated(self) -> pd.Series:
        """Whether a row's unit is treated in its period."""
        return self.rows[EVENT] >= 0


def adoption_panel(
    frame: pd.DataFrame,
    *,
    unit: str,
    period: str,
    outcome: str,
    first_treated: str,
    cluster: str | None,
    weights: str | None,
    covariates: Sequence[str],
) -> AdoptionPanel:
    """Check and sort a long frame, leave out what no estimator can use, and say so."""
    wanted = {UNIT: unit, PERIOD: period, OUTCOME: outcome, FIRST: first_treated, CLUSTER: cluster or unit}
    wanted |= {WEIGHT: weights} if weights else {}
    missing = sorted({*wanted.values(), *covariates} - set(frame.columns))
    if missing:
        raise DataError(
            f"The frame lacks the columns {', '.join(missing)}; it has {', '.join(map(str, frame))}."
        )
    rows = pd.DataFrame({name: frame[column].to_numpy() for name, column in wanted.items()})
    for name in covariates:
        rows[name] = frame[name].to_numpy(dtype=float)
    rows[PERIOD], rows[FIRST] = as_number(rows[PERIOD]), as_number(rows[FIRST])
    rows[OUTCOME] = rows[OUTCOME].astype(float)
    rows[WEIGHT] = rows[WEIGHT].astype(float) if weights else 1.0
    _check(rows, covariates)
    rows[PERIOD] = rows[PERIOD].astype("int64")
    rows, notes = _usable(rows)
    never = rows[FIRST].isna()
    identified = (
        "effect on the treated, against units never treated and units not yet treated"
        if never.any() and not notes_of_trimming(notes)
        else "effect on units treated while others were not yet treated, against those others; "
        "what happens once all are treated cannot be known"
    )
    rows.loc[rows[FIRST] > rows[PERIOD].max(), FIRST] = np.nan
    rows[EVENT] = rows[PERIOD] - rows[FIRST]
    if not (rows[EVENT] >= 0).any():
        raise DataError("No unit is treated while another is untreated, so that there is nothing to compare.")
    rows = rows.sort_values([UNIT, PERIOD], ignore_index=True)
    return AdoptionPanel(rows, tuple(covariates), weights is not None, identified, tuple(notes))


def notes_of_trimming(notes: Sequence[str]) -> bool:
    """Whether periods without any untreated unit were left out."""
    return any(note.endswith("when no unit is untreated.") for note in notes)


def as_number(values: pd.Series) -> pd.Series:
    """Periods as numbers; months ``YYYY-MM`` and dates count months since January 1970."""
    if is_numeric_dtype(values):
        return values.astype(float)
    months = pd.PeriodIndex(pd.to_datetime(values), freq="M")
    number = pd.Series(months.year * 12.0 + months.month - 1 - 1970 * 12, index=values.index)
    return number.where(values.notna())


def _check(rows: pd.DataFrame, covariates: Sequence[str]) -> None:
    needed = [UNIT, PERIOD, OUTCOME, CLUSTER, WEIGHT, *covariates]
    empty = [name for name in needed if rows[name].isna().any()]
    if empty:
        raise DataError(f"Missing values in {', '.join(empty)}; drop or fill them first.")
    if (
        not np.isfinite(rows[[OUTCOME, WEIGHT, *covariates]].to_numpy(dtype=float)).all()
        or (rows[WEIGHT] <= 0).any()
    ):
        raise DataError("Outcomes and covariates must be finite and weights positive.")
    if rows.duplicated([UNIT, PERIOD]).any():
        raise DataError("Some units have two rows in one period; aggregate them first.")
    for name in (FIRST, CLUSTER):
        if rows[[UNIT, name]].drop_duplicates().duplicated(UNIT).any():
            raise DataError(
                f"{name} must be the same in all rows of a unit; treatment cannot be withdrawn here."
            )
    if rows[CLUSTER].nunique() < 2:
        raise DataError("All units share one cluster, which leaves nothing to judge the spread by.")


def _usable(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    notes = []
    always = rows.groupby(UNIT)[PERIOD].transform("min") >= rows[FIRST]
    if always.any():
        notes.append(
            f"Left out {rows.loc[always, UNIT].nunique()} units without a period before their treatment."
        )
        rows = rows[~always]
    if rows.empty:
        raise DataError("Every unit is treated from its first row on; no effect is identified.")
    untreated = rows[FIRST].isna() | (rows[PERIOD] < rows[FIRST])
    comparable = rows[PERIOD].isin(rows.loc[untreated, PERIOD])
    if not comparable.all():
        notes.append(f"Left out {int((~comparable).sum())} rows of periods when no unit is untreated.")
        rows = rows[comparable]
    return rows.copy(), notes
