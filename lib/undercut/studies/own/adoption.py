"""How does a panel in a file reach the estimators of staggered adoption? By the one reader of tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, overload

import pandas as pd
from pandas.api.types import is_numeric_dtype

from undercut.inference.did import model
from undercut.inference.periods import OddPeriodError
from undercut.sources.cells import MISSING, text_of
from undercut.sources.files import UserTable, read_table

if TYPE_CHECKING:
    from undercut.inference.did.model import Method, MethodComparison
    from undercut.inference.did.results import AdoptionFit

_NAMES: Final = ("unit", "period", "outcome", "first_treated", "adopted", "treated", "cluster", "weights")
#: How files say that a unit is never treated, beside the ways of saying that a number is missing.
_NEVER: Final = ("inf", "Inf", "infinity", "never", "Never")


@overload
def staggered_adoption(
    frame: pd.DataFrame | str | Path, *, method: Literal["all"], **options: Any
) -> MethodComparison: ...
@overload
def staggered_adoption(
    frame: pd.DataFrame | str | Path, *, method: Method = ..., **options: Any
) -> AdoptionFit: ...
def staggered_adoption(frame: pd.DataFrame | str | Path, **options: Any) -> Any:
    """Effects of a treatment that starts at different times and does not end, of a table or a file.

    Parameters
    ----------
    frame : DataFrame, str or Path
        One row a unit and period. Of a file (CSV, Parquet or Excel) the header may be written in any case.
    **options
        Those of `undercut.inference.did.model.staggered_adoption`: ``unit``, ``period``, ``outcome``,
        ``adopted`` or ``treated``, ``cluster``, ``weights``, ``covariates``, ``method``, ``leads``, ``lags``,
        ``level``.

    Raises
    ------
    CellError
        A cell of the file cannot be read; the message names file, line, column and text.
    SourceError
        The file is not there or is damaged.
    DataError, InputError
        As for a table.

    Examples
    --------
    >>> rows = [f"{i}{j},{2000 + t},{t * j + (t > 3) * (i < 2)},{2004 if i < 2 else ''}"
    ...         for i in range(4) for j in range(3) for t in range(8)]
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "panel.csv"
    >>> _ = file.write_text("\\n".join(["Unit,Year,Outcome,First_treated", *rows]))
    >>> fit = staggered_adoption(file, period="year", leads=2, lags=2, method="imputation")
    >>> round(float(fit.effect()["estimate"]), 6)
    1.0
    """
    if isinstance(frame, pd.DataFrame):
        return model.staggered_adoption(frame, **options)
    table = read_table(frame)
    read = _read(table, options)
    try:
        return model.staggered_adoption(read, **options)
    except OddPeriodError as odd:
        for column in read.columns:
            rows = read[column].map(str).eq(odd.label).to_numpy()
            if rows.any():
                told = f"is not a period written as {odd.usual!r} is. Write all in one way"
                raise table.error(int(rows.argmax()), str(column), told) from None
        raise


def _read(table: UserTable, options: Mapping[str, Any]) -> pd.DataFrame:
    """The columns that the estimators use, under the names by which they are asked for."""
    asked = {name: str(options.get(name) or name) for name in _NAMES}
    needed = {name for name in _NAMES if options.get(name)} | {"unit", "period", "outcome"}
    columns: dict[str, Any] = {}
    for name, column in asked.items():
        found = table.require(column) if name in needed else table.find(column)
        if found is None or (name in ("adopted", "treated", "weights") and name not in needed):
            continue
        if name in ("unit", "cluster"):
            columns[column] = table.names(found)[0]
        elif name in ("period", "first_treated", "adopted"):
            columns[column] = _periods(table, found)
        else:
            columns[column] = table.numbers(found)
    for column in options.get("covariates", ()):
        columns[column] = table.numbers(table.require(column))
    return pd.DataFrame(columns)


def _periods(table: UserTable, column: str) -> pd.Series:
    """Periods as numbers where the first is one, else as they are written; missing where there is none."""
    cells = table.frame[column]
    if is_numeric_dtype(cells) or not isinstance(next(iter(cells.dropna()), ""), str):
        return cells
    text = text_of(cells).fillna("")
    text = text.mask(text.isin({*MISSING, *_NEVER}), "")
    known = text[text.ne("")]
    try:
        float(known.iloc[0] if len(known) else "0")
    except ValueError:
        return text.where(text.ne(""), None)
    return table.numbers(column, missing=_NEVER)
