"""What do users pass to an event study, and what does the engine make of it? Normalised once, here.

Returns come long (unit, date, return) or wide (a date column and one column a unit); events come as a table.
Inside, returns are one matrix, units by days, NaN where a unit did not trade.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import (
    CellError,
    DataError,
    DuplicateRowsError,
    InputError,
    MissingColumnError,
    OutsideDataError,
    TooFewError,
    UnitError,
    unknown,
)
from undercut.eventstudy.yardsticks import is_yardstick
from undercut.inference.arrays import Floats, Integers
from undercut.sources.dates import day_column

#: One day, several, or a table.
Events: TypeAlias = str | dt.date | Sequence[str | dt.date] | pd.DataFrame
UNIT_NAMES: Final = ("unit", "firm", "ticker", "symbol", "permno")
ALL_FIRMS: Final = ""
_PERCENT_SUSPICION: Final = 0.2  # a mean daily move of 20% is a unit error, not a stock


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
        if name not in self.units:
            raise unknown("return series", name, self.units)
        return self.returns[self.units.index(name)]

    def without(self, names: Sequence[str]) -> ReturnsPanel:
        """The panel without some units."""
        keep = [i for i, unit in enumerate(self.units) if unit not in set(names)]
        return ReturnsPanel(self.days, tuple(self.units[i] for i in keep), self.returns[keep], self.warnings)


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
    return ReturnsPanel(days, units, np.ascontiguousarray(values), _suspicions(units, values))


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
    if pd.api.types.is_numeric_dtype(values):
        raise CellError(f"Dates of the {where} are numbers; write them as YYYY-MM-DD.")
    cells = pd.Series(values).reset_index(drop=True)
    if cells.isna().any() or (cells.astype(str).str.strip() == "").any():
        raise CellError(f"A date of the {where} is missing.")
    return pd.DatetimeIndex(day_column(cells, f"dates of the {where}"))


def _has_time(dates: pd.Series) -> bool:
    """Whether a date also says a time of day."""
    if pd.api.types.is_datetime64_any_dtype(dates):
        return bool((dates.dt.tz_localize(None) != dates.dt.tz_localize(None).dt.normalize()).any())
    clock = dates.astype(str).str.extract(r"(\d{1,2}:\d{2}(?::\d{2})?)")[0].dropna()
    return not clock.str.fullmatch("0?0:00(?::00)?").all()


def _suspicions(units: tuple[str, ...], values: Floats) -> tuple[str, ...]:
    traded = np.isfinite(values).any(axis=1)
    size = np.zeros(len(units))
    size[traded] = np.nanmean(np.abs(values[traded]), axis=1)
    found = [units[i] for i in np.flatnonzero(size > _PERCENT_SUSPICION)]
    notes = [f"no returns at all for {units[i]}" for i in np.flatnonzero(~traded)]
    if len(found) > traded.sum() / 2:
        raise UnitError(
            f"The mean absolute daily return is above {_PERCENT_SUSPICION:.0%} for {_listed(found)}: "
            "these are percent, basis points or prices. Divide percents by 100 and basis points by 10,000 "
            "(the command: --values percent or bp); turn prices into returns."
        )
    if found:
        notes.append(
            f"mean absolute daily return above {_PERCENT_SUSPICION:.0%} for {_listed(found)}: "
            "returns must be decimals, not percent, basis points or prices"
        )
    return tuple(notes)


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
    by_day = frame.groupby("date")[column]
    if (by_day.max() > by_day.min()).any():
        raise DataError(f"The column {column!r} differs between units of one day: it is no benchmark.")
    return by_day.first()


@dataclass(frozen=True, slots=True)
class EventRows:
    """Events on the panel's calendar: one row for each event and firm, in order of day, event and firm.

    Attributes
    ----------
    event, firm, group : numpy.ndarray
        Labels, shape (n_rows,), of object type. Group "" means none.
    unit : numpy.ndarray
        Position of the firm in the panel, shape (n_rows,).
    day : numpy.ndarray
        Position of the first trading day on or after the event's date, shape (n_rows,).
    warnings : tuple of str
        Events that moved to a later session or that cannot be studied.
    """

    event: NDArray[np.object_]
    firm: NDArray[np.object_]
    group: NDArray[np.object_]
    unit: Integers
    day: Integers
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.unit)

    def take(self, rows: NDArray[np.bool_] | Integers, warnings: tuple[str, ...] = ()) -> EventRows:
        """Some of the rows."""
        chosen = (self.event[rows], self.firm[rows], self.group[rows], self.unit[rows], self.day[rows])
        return EventRows(*chosen, self.warnings + warnings)


def events_table(events: Events) -> pd.DataFrame:
    """Events as a table: one day or a list of days concerns every firm.

    Examples
    --------
    >>> events_table(["2025-01-27", "2025-09-10"])["date"].tolist()
    ['2025-01-27', '2025-09-10']
    """
    if isinstance(events, pd.DataFrame):
        return events
    days = [events] if isinstance(events, str | dt.date) else list(events)
    return pd.DataFrame({"date": days})


def align_events(
    events: pd.DataFrame,
    panel: ReturnsPanel,
    *,
    not_firms: Sequence[str] = (),
    benchmarks: Sequence[str] = (),
) -> EventRows:
    """Place events on the trading days of the returns.

    An event on a day without trading moves to the next session. A blank firm means every unit of the panel
    but ``not_firms`` and known funds, indices and factors.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns ``date`` and optionally ``event`` (default: the date), ``firm`` (default: all), ``group``.
    panel : ReturnsPanel
        The returns.
    not_firms : sequence of str
        Units that are no firms in this study: benchmarks and donors.
    benchmarks : sequence of str
        Those of them that have no events, even where the table of events names them.

    Raises
    ------
    DataError
        If the date column is missing, a firm has one event twice, or no event can be studied.
    """
    if "date" not in events.columns:
        raise MissingColumnError(
            "Events need the column date (YYYY-MM-DD); event, firm and group are optional."
        )
    if events.empty:
        raise TooFewError("The table of events is empty.")
    dates = parse_days(events["date"], "events")
    stated = np.asarray(dates.strftime("%Y-%m-%d"), dtype=object)
    names = _labels(events, "event")
    names = np.where(names == "", stated, names)
    position = np.searchsorted(panel.days, dates.to_numpy().astype("datetime64[ns]"))
    inside = (position < len(panel.days)) & (dates.to_numpy() >= panel.days[0])
    notes = _calendar_notes(names, stated, position, inside, panel)
    if _has_time(events["date"]):
        notes.append("times of day are not used: date an event after the close on the next trading day")
    firms, groups = _labels(events, "firm"), _labels(events, "group")
    known = np.isin(firms, [ALL_FIRMS, *panel.units])
    absent = sorted(set(firms[~known & inside]))
    if absent:
        notes.append(f"no returns for {_listed(absent)}: their events are left out")
    is_benchmark = np.isin(firms, list(benchmarks)) & (firms != ALL_FIRMS)
    for name in sorted(set(firms[is_benchmark])):
        notes.append(f"{name}: a benchmark of this study has no events of its own; those named are left out")
    usable = np.flatnonzero(inside & known & ~is_benchmark)
    out = set(not_firms)
    if (firms[usable] == ALL_FIRMS).any():
        yardsticks = [unit for unit in panel.units if unit not in out and is_yardstick(unit)]
        if yardsticks:
            told = "left out of all firms as funds, indices or factors"
            notes.append(f"{told}: {_listed(yardsticks)}; name them in the events to study them")
        out |= set(yardsticks)
    rows = _expand(names, firms, groups, position, usable, panel, out)
    if len(rows) == 0:
        raise OutsideDataError(
            "No event can be studied: " + ("; ".join(notes) or "no firm has returns") + "."
        )
    return EventRows(rows.event, rows.firm, rows.group, rows.unit, rows.day, tuple(notes))


def _labels(events: pd.DataFrame, column: str) -> NDArray[np.object_]:
    if column not in events.columns:
        return np.full(len(events), "", dtype=object)
    raw = events[column].astype(object)
    return raw.where(raw.notna(), "").astype(str).str.strip().to_numpy(dtype=object)


def _calendar_notes(
    names: NDArray[np.object_],
    stated: NDArray[np.object_],
    position: Integers,
    inside: NDArray[np.bool_],
    panel: ReturnsPanel,
) -> list[str]:
    notes = []
    for name, date in sorted({(names[i], stated[i]) for i in np.flatnonzero(~inside)}):
        notes.append(f"{name}: {date} lies outside the returns and is left out")
    sessions = np.datetime_as_string(panel.days[np.where(inside, position, 0)], unit="D").astype(object)
    moved = inside & (sessions != stated)
    for name, date, session in sorted({(names[i], stated[i], sessions[i]) for i in np.flatnonzero(moved)}):
        notes.append(f"{name}: no trading on {date}, moved to the next session, {session}")
    return notes


def _expand(
    names: NDArray[np.object_],
    firms: NDArray[np.object_],
    groups: NDArray[np.object_],
    position: Integers,
    usable: Integers,
    panel: ReturnsPanel,
    not_firms: set[str],
) -> EventRows:
    """One row for each event and firm, sorted, so that the order of the input does not matter."""
    every = np.array([i for i, unit in enumerate(panel.units) if unit not in not_firms], dtype=np.int64)
    index_of = {unit: np.array([i], dtype=np.int64) for i, unit in enumerate(panel.units)}
    units = [every if firms[i] == ALL_FIRMS else index_of[firms[i]] for i in usable]
    source = np.repeat(usable, [len(u) for u in units])
    unit = np.concatenate(units) if units else np.empty(0, dtype=np.int64)
    event, day = names[source], position[source].astype(np.int64)
    order = np.lexsort((unit, np.unique(event.astype(str), return_inverse=True)[1], day))
    event, unit, day, source = event[order], unit[order], day[order], source[order]
    same = (unit[1:] == unit[:-1]) & (day[1:] == day[:-1]) & (event[1:] == event[:-1])
    if same.any():
        row = int(np.flatnonzero(same)[0])
        raise DuplicateRowsError(
            f"Event {event[row]!r} of {panel.units[unit[row]]} occurs twice on one day; keep one. "
            "A firm named in a row must not be covered by a row with a blank firm as well."
        )
    return EventRows(event, np.array(panel.units, dtype=object)[unit], groups[source], unit, day)


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
    kept = panel.without(exclude)
    if not kept.units:
        raise InputError("An equal-weight market needs at least one unit that is not excluded.")
    traded = np.isfinite(kept.returns)
    count = traded.sum(axis=0)
    total = np.where(traded, kept.returns, 0.0).sum(axis=0)
    mean = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return pd.Series(mean, index=pd.DatetimeIndex(panel.days, name="date"), name="equal-weight market")


def _listed(names: Sequence[str], count: int = 8) -> str:
    shown = ", ".join(names[:count])
    return shown if len(names) <= count else f"{shown} and {len(names) - count} more"
