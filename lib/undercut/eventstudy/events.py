"""Which firm meets which event on which trading day? A user's events, placed on the panel's calendar.

Funds, indices and factors are no firms: they measure a market and have no events of their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import DuplicateRowsError, MissingColumnError, OutsideDataError, TooFewError
from undercut.eventstudy.data import ReturnsPanel, listed, parse_days
from undercut.inference.arrays import Integers
from undercut.sources.factors import FACTORS


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: One day, several, or a table.
Events: TypeAlias = str | dt.date | Sequence[str | dt.date] | pd.DataFrame
ALL_FIRMS: Final = ""
#: Exchange-traded funds that stand beside shares in files of returns.
FUNDS: Final = _names(
    """
    ACWI AIQ ARKK ARKW BKLN BND BOTZ CHAT CIBR CLOU CQQQ DBA DBB DBC DIA EEM EFA EWG EWJ EWT EWY FEZ FXA
    FXB FXE FXI FXY GLD GRID HACK HYG IEF IGV IVE IVV IVW IWM IYW JNK KWEB LQD MCHI MTUM MUB PAVE PFF PSI
    QQQ QUAL RSP SCHD SDY SHY SKYY SLV SMH SOXX SPY SRVR SVXY TIP TLT URA USMV USO UUP VGT VIXY VLUE VNQ
    VOO VOX VTI VYM WCLD XLB XLC XLE XLF XLI XLK XLP XLRE XLU XLV XLY XSD EMB RWX
    """
)


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
    names, firms, groups = (_labels(events, column) for column in ("event", "firm", "group"))
    day = np.searchsorted(panel.days, dates.to_numpy().astype("datetime64[ns]"))
    inside = (day < len(panel.days)) & (dates.to_numpy() >= panel.days[0])
    names = np.where(names == "", stated, names)
    labels = {"event": names, "firm": firms, "group": groups, "stated": stated}
    table = pd.DataFrame(labels, dtype=object).assign(day=day)
    notes = _calendar_notes(table, inside, panel)
    if _has_time(events["date"]):
        notes.append("times of day are not used: date an event after the close on the next trading day")
    known = np.isin(firms, [ALL_FIRMS, *panel.units])
    absent = sorted(set(firms[~known & inside]))
    if absent:
        notes.append(f"no returns for {listed(absent)}: their events are left out")
    is_benchmark = np.isin(firms, list(benchmarks)) & (firms != ALL_FIRMS)
    for name in sorted(set(firms[is_benchmark])):
        notes.append(f"{name}: a benchmark of this study has no events of its own; those named are left out")
    usable = np.flatnonzero(inside & known & ~is_benchmark)
    out = set(not_firms)
    if (firms[usable] == ALL_FIRMS).any():
        yardsticks = [unit for unit in panel.units if unit not in out and is_yardstick(unit)]
        if yardsticks:
            told = "left out of all firms as funds, indices or factors"
            notes.append(f"{told}: {listed(yardsticks)}; name them in the events to study them")
        out |= set(yardsticks)
    rows = _expand(table.iloc[usable], panel, out)
    if len(rows) == 0:
        raise OutsideDataError(
            "No event can be studied: " + ("; ".join(notes) or "no firm has returns") + "."
        )
    return replace(rows, warnings=tuple(notes))


def _calendar_notes(table: pd.DataFrame, inside: NDArray[np.bool_], panel: ReturnsPanel) -> list[str]:
    """Which events lie outside the returns, and which moved to the next session."""
    names, stated, day = (table[column].to_numpy() for column in ("event", "stated", "day"))
    sessions = np.datetime_as_string(panel.days[np.where(inside, day, 0)], unit="D").astype(object)
    moved = inside & (sessions != stated)
    out_of_range = sorted({*zip(names[~inside], stated[~inside], strict=True)})
    return [f"{name}: {date} lies outside the returns and is left out" for name, date in out_of_range] + [
        f"{name}: no trading on {date}, moved to the next session, {session}"
        for name, date, session in sorted({*zip(names[moved], stated[moved], sessions[moved], strict=True)})
    ]


def _has_time(dates: pd.Series) -> bool:
    """Whether a date also says a time of day."""
    if pd.api.types.is_datetime64_any_dtype(dates):
        return bool((dates.dt.tz_localize(None) != dates.dt.tz_localize(None).dt.normalize()).any())
    clock = dates.astype(str).str.extract(r"(\d{1,2}:\d{2}(?::\d{2})?)")[0].dropna()
    return not clock.str.fullmatch("0?0:00(?::00)?").all()


def _labels(events: pd.DataFrame, column: str) -> NDArray[np.object_]:
    if column not in events.columns:
        return np.full(len(events), "", dtype=object)
    raw = events[column].astype(object)
    return raw.where(raw.notna(), "").astype(str).str.strip().to_numpy(dtype=object)


def _expand(table: pd.DataFrame, panel: ReturnsPanel, not_firms: set[str]) -> EventRows:
    """One row for each event and firm, sorted, so that the order of the input does not matter."""
    every = np.array([i for i, unit in enumerate(panel.units) if unit not in not_firms], dtype=np.int64)
    index_of = {unit: np.array([i], dtype=np.int64) for i, unit in enumerate(panel.units)}
    units = [every if firm == ALL_FIRMS else index_of[firm] for firm in table["firm"]]
    source = np.repeat(np.arange(len(table)), [len(u) for u in units])
    unit = np.concatenate([np.empty(0, dtype=np.int64), *units])
    event, group, day = (table[name].to_numpy()[source] for name in ("event", "group", "day"))
    order = np.lexsort((unit, np.unique(event.astype(str), return_inverse=True)[1], day))
    event, unit, day = event[order], unit[order], day[order]
    same = (unit[1:] == unit[:-1]) & (day[1:] == day[:-1]) & (event[1:] == event[:-1])
    if same.any():
        row = int(np.flatnonzero(same)[0])
        raise DuplicateRowsError(
            f"Event {event[row]!r} of {panel.units[unit[row]]} occurs twice on one day; keep one. "
            "A firm named in a row must not be covered by a row with a blank firm as well."
        )
    return EventRows(event, np.array(panel.units, dtype=object)[unit], group[order], unit, day)


def is_yardstick(name: str) -> bool:
    """Whether a column of returns is a fund, an index or a factor rather than a firm.

    Examples
    --------
    >>> [name for name in ("NVDA", "RSP", "^GSPC", "smb") if is_yardstick(name)]
    ['RSP', '^GSPC', 'smb']
    """
    return name in FUNDS or name in FACTORS or name.startswith("^")
