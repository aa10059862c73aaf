"""Which returns do users pass to an event study, and what does the engine make of them?

Returns come long (unit, date, return) or wide (a date column and one column a unit). Inside, they are one
matrix, units by days, NaN where a unit did not trade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import (
    CellError,
    DataError,
    DuplicateRowsError,
    InputError,
    OutsideDataError,
    TooFewError,
    UnitError,
    check_known,
)
from undercut.inference.arrays import Floats
from undercut.sources.cells import UnreadableCell, days
from undercut.sources.returns_checks import check_returns
from undercut.sources.sessions import NEW_YORK

UNIT_NAMES: Final = ("unit", "firm", "ticker", "symbol", "permno")
_PERCENT_SUSPICION: Final = 0.2  # a mean daily move of 20% is a unit error, not a stock
_LARGEST_RATE: Final = 0.002  # a day: 65% a year
_LARGEST_RATIO: Final = 10.0  # of a benchmark's typical move to that of the returns


@dataclass(frozen=True, slots=True)
class ReturnsPanel:
    """Daily returns of many units on one calendar.

    Attributes
    ----------
    days : numpy.ndarray
        Trading days of the returns file, ascending, shape (n_days,), datetime64[ns].
    units : tuple of str
        Names of the units, sorted.
    returns : numpy.ndarray
        Shape (n_units, n_days), decimals, NaN where missing.
    warnings : tuple of str
        What a reader should know about the data.
    """

    days: NDArray[np.datetime64]
    units: tuple[str, ...]
    returns: Floats
    warnings: tuple[str, ...] = ()

    def series(self, name: str) -> Floats:
        """Returns of one unit, shape (n_days,)."""
        check_known("return series", name, self.units)
        return self.returns[self.units.index(name)]


def returns_panel(returns: pd.DataFrame | ReturnsPanel) -> ReturnsPanel:
    """Normalise a table of returns, long or wide.

    Parameters
    ----------
    returns : pandas.DataFrame
        Long, with columns unit (or firm, ticker, symbol, permno), date and return; or wide, with a date
        column (or a date index) and one column a unit. Decimals: 0.01 is one percent. The order of rows
        is irrelevant.

    Raises
    ------
    DataError
        If dates repeat, values are not numbers or infinite, or the table is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> wide = pd.DataFrame({"date": ["2024-01-03", "2024-01-02"], "A": [0.02, 0.01]})
    >>> returns_panel(wide).returns
    array([[0.01, 0.02]])
    """
    if isinstance(returns, ReturnsPanel):
        return returns
    if returns.empty:
        raise TooFewError("The table of returns is empty; needed: unit, date, return, or date and units.")
    wide = _wide(returns)
    if wide.index.has_duplicates:
        day = wide.index[wide.index.duplicated()][0]
        raise DuplicateRowsError(f"Returns: {day:%Y-%m-%d} occurs more than once; keep one row a day.")
    wide = wide.sort_index()
    wide = wide[sorted(wide.columns)]
    try:
        values = wide.to_numpy(dtype=np.float64, na_value=np.nan).T
    except (TypeError, ValueError) as error:
        raise CellError(f"Returns must be numbers, decimals by day: {error}.") from error
    if np.isinf(values).any():
        unit, day = np.argwhere(np.isinf(values))[0]
        raise CellError(f"Return of {wide.columns[unit]} on {wide.index[day]:%Y-%m-%d} is infinite.")
    units = tuple(map(str, wide.columns))
    days = wide.index.to_numpy().astype("datetime64[ns]")
    notes = _suspicions(units, values) + _weekends(days)
    return ReturnsPanel(days, units, np.ascontiguousarray(values), notes)


def _wide(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a day, one column a unit, indexed by date."""
    unit = next((name for name in UNIT_NAMES if name in frame.columns), None)
    if unit is not None and {"date", "return"} <= set(frame.columns):
        repeated = frame.duplicated([unit, "date"])
        if repeated.any():
            row = frame[repeated].iloc[0]
            raise DuplicateRowsError(f"Returns: {row[unit]} has more than one return on {row['date']}.")
        missing = frame[[unit, "date"]].isna().any(axis=1)
        if missing.any():
            raise CellError(f"Returns: {int(missing.sum())} rows lack a {unit} or a date.")
        wide = frame.set_index(["date", unit])["return"].unstack()  # noqa: PD010 (no aggregation wanted)
    elif "date" in frame.columns:
        wide = frame.set_index("date")
    else:
        wide = frame
    if wide.columns.has_duplicates:
        raise DuplicateRowsError(
            f"Returns: column {wide.columns[wide.columns.duplicated()][0]} occurs twice."
        )
    wide = wide.rename(columns=str)
    wide.index = pd.DatetimeIndex(parse_days(wide.index, "returns"))
    return wide


def parse_days(values: pd.Index | pd.Series, where: str) -> pd.DatetimeIndex:
    """Calendar days, without time or zone.

    Raises
    ------
    DataError
        If a value is not a date, or can be read month first and day first.
    """
    written = pd.Series(values).reset_index(drop=True)
    try:
        return pd.DatetimeIndex(days(written))
    except UnreadableCell as bad:
        raise CellError(
            f"Dates of the {where}, row {bad.row + 1}: {str(written[bad.row])!r} {bad.why}."
        ) from None
    except DataError as error:
        raise CellError(f"Dates of the {where}: {error}") from None


def _suspicions(units: tuple[str, ...], values: Floats) -> tuple[str, ...]:
    traded = np.isfinite(values).any(axis=1)
    size = np.zeros(len(units))
    size[traded] = np.nanmean(np.abs(values[traded]), axis=1)
    found = [units[i] for i in np.flatnonzero(size > _PERCENT_SUSPICION)]
    notes = [f"no returns at all for {units[i]}" for i in np.flatnonzero(~traded)]
    if len(found) > traded.sum() / 2:
        raise UnitError(
            f"The mean absolute daily return is above {_PERCENT_SUSPICION:.0%} for {listed(found)}: "
            "these are percent, basis points or prices. Divide percents by 100 and basis points by 10,000 "
            "(the command: --values percent or bp); turn prices into returns."
        )
    if found:
        notes.append(
            f"mean absolute daily return above {_PERCENT_SUSPICION:.0%} for {listed(found)}: "
            "returns must be decimals, not percent, basis points or prices"
        )
    return tuple(notes)


def _weekends(days: NDArray[np.datetime64]) -> tuple[str, ...]:
    """A note where shares trade at weekends: after a Friday the first day is no Monday then."""
    count = int((pd.DatetimeIndex(days).dayofweek >= 5).sum())
    told = "days of the returns are Saturdays or Sundays and count as trading days"
    return (f"{count} {told}: filled prices, shifted dates or another calendar?",) if count else ()


def aligned_series(series: pd.Series, days: NDArray[np.datetime64], name: str) -> Floats:
    """A dated series on the panel's calendar, NaN where it has no value.

    Raises
    ------
    DataError
        If no day is shared or days repeat.
    """
    index = parse_days(series.index, name)
    if index.has_duplicates:
        raise DuplicateRowsError(f"{name}: {index[index.duplicated()][0]:%Y-%m-%d} occurs more than once.")
    values = pd.Series(series.to_numpy(dtype=np.float64), index=index).reindex(pd.DatetimeIndex(days))
    if values.isna().all():
        raise OutsideDataError(f"{name} shares no day with the returns.")
    return values.to_numpy()


def dated_column(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column of a long table that repeats one value a day for every unit, as a series by date.

    Raises
    ------
    DataError
        If it differs between units of one day.
    """
    if differs_between_units(frame, column):
        raise DataError(f"The column {column!r} differs between units of one day: it is no benchmark of all.")
    return frame.groupby("date")[column].first()


def differs_between_units(frame: pd.DataFrame, column: str) -> bool:
    """Whether a column of a long table has several values on one day."""
    by_day = frame.groupby("date")[column]
    return bool((by_day.max() > by_day.min()).any())


def doubts(
    panel: ReturnsPanel, units: Sequence[int], span: tuple[int, int], exchange: str = NEW_YORK
) -> tuple[str, ...]:
    """What `undercut.check_returns` finds in the returns that a study uses, a note for each kind of doubt.

    ``span``: positions of the first and the last day that are used.
    """
    used = panel.returns[list(units), max(span[0], 0) : span[1] + 1]
    if not np.isfinite(used).any():
        return ()
    unit, day = np.nonzero(np.isfinite(used))
    names = np.array([panel.units[i] for i in units], dtype=object)
    frame = pd.DataFrame({
        "date": pd.DatetimeIndex(panel.days[max(span[0], 0) + day]).as_unit("us"), "ticker": names[unit],
        "return": used[unit, day],
    })  # fmt: skip
    notes = []
    for check, rows in check_returns(frame, exchange=exchange).groupby("check"):
        first = rows.iloc[0]
        where = "" if first["ticker"] == "*" else f", first {first['ticker']} on {first['date']:%Y-%m-%d}"
        notes.append(f"returns, {str(check).replace('_', ' ')} ({len(rows)}{where}): {first['advice']}")
    return tuple(notes)


def doubt_of_unit(values: Floats, panel: ReturnsPanel, name: str) -> str:
    """Why a benchmark is not in decimals by day, as far as its size tells; empty where nothing does."""
    size, own = _typical(values), _typical(panel.returns)
    if name.startswith("risk-free"):
        if size <= _LARGEST_RATE:
            return ""
        return (
            f"The {name} is {size:.3g} on a typical day, which as decimals is {size * 252:.0%} a year: give "
            "it by day and in decimals (4% a year is about 0.00016; Kenneth French's RF is in percent)."
        )
    if size <= _LARGEST_RATIO * own or own == 0:
        return ""
    return (
        f"The {name} moves {size:.3g} on a typical day, {size / own:.0f} times as much as the returns do "
        f"({own:.3g}): it is in percent, in basis points or a level. Give decimals, 0.01 for one percent."
    )


def _typical(values: Floats) -> float:
    """Median size of what is neither missing nor zero; 0 where nothing is."""
    known = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(np.median(known)) if known.size else 0.0


def equal_weight(returns: pd.DataFrame | ReturnsPanel, *, exclude: Sequence[str] = ()) -> pd.Series:
    """Equal-weight market of the units that trade on each day, without the ``exclude``d.

    Examples
    --------
    >>> import pandas as pd
    >>> wide = pd.DataFrame({"date": ["2024-01-02"], "A": [0.02], "B": [0.04], "C": [0.5]})
    >>> float(equal_weight(wide, exclude=["C"]).iloc[0])
    0.03
    """
    panel = returns_panel(returns)
    for name in exclude:
        panel.series(name)
    by_day = pd.DataFrame(
        panel.returns.T, index=pd.DatetimeIndex(panel.days, name="date"), columns=list(panel.units)
    ).drop(columns=list(exclude))
    if by_day.columns.empty:
        raise InputError("An equal-weight market needs at least one unit that is not excluded.")
    return by_day.mean(axis=1).rename("equal-weight market")


def listed(names: Sequence[str], count: int = 8) -> str:
    """Names for a message, the first few."""
    shown = ", ".join(names[:count])
    return shown if len(names) <= count else f"{shown} and {len(names) - count} more"
