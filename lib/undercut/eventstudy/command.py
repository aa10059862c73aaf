"""What does ``undercut eventstudy RETURNS.csv --events EVENTS.csv`` compute? From files to tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from undercut.errors import DataError, InputError, UnitError
from undercut.eventstudy.data import UNIT_NAMES
from undercut.eventstudy.model import event_study
from undercut.eventstudy.normal import MODELS
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import parse_window
from undercut.sources.files import UserTable, read_table
from undercut.sources.files import plain as plain_name

#: Units of returns: how many make one, and how the names of columns and files end that hold them.
UNITS: Final[dict[str, tuple[float, tuple[str, ...]]]] = {
    "decimal": (1.0, ()),
    "percent": (100.0, ("pct", "percent")),
    "bp": (10_000.0, ("bp", "bps", "basispoints")),
}


def eventstudy_command(
    returns: str | Path,
    *,
    events: str | Path,
    market: str | None = None,
    model: str = "market",
    estimation: str = "-250:-31",
    window: str = "-1:1",
    min_days: int | None = None,
    values: str = "auto",
) -> dict[str, pd.DataFrame | list[str]]:
    """Event study of the returns and events in two files.

    Parameters
    ----------
    returns : str or Path
        CSV, Parquet or Excel, long (unit, date, return) or wide (date and one column a unit).
    events : str or Path
        Columns event, firm (blank for all), date and optionally group.
    market : str, optional
        Column of the market; for the model ``factors``, the factors' columns, comma separated.
    model : str
        A key of `undercut.eventstudy.normal.MODELS`.
    estimation, window : str
        FIRST:LAST, in trading days of the returns file.
    min_days : int, optional
        Fewest usable estimation days; default 100, or all days of a shorter estimation window, which is then
        said in the warnings.
    values : {"auto", "decimal", "percent", "bp"}
        Unit of the returns. By default that of the column or file whose name ends in ``_pct``, ``_percent``
        or ``_bp``, else decimals.

    Returns
    -------
    dict
        ``abnormal_returns`` (event, firm, day, ar, se), ``car`` (event, firm, window, car, se, n_estimation),
        ``tests`` (group, window, test, statistic, p_value, n) as tables, and ``warnings`` as a list.

    Raises
    ------
    SourceError
        If a file cannot be read.
    InputError, DataError
        As `event_study`.
    """
    span = parse_window(estimation, "estimation window")
    notes: list[str] = []
    if min_days is None:
        min_days = min(100, span[1] - span[0] + 1)
        if min_days < 100:
            notes.append(f"the estimation window has {min_days} days; fewer than 100 make poor benchmarks")
    names = [name.strip() for name in market.split(",")] if market else []
    as_factors = model in MODELS and MODELS[model].need == "factors"
    table, unit = read_returns(returns, values, names)
    if unit != "decimal":
        notes.append(f"returns read as {'percent' if unit == 'percent' else 'basis points'}")
    study = event_study(
        table, read_events(events), model=model,
        market=None if as_factors or not names else ",".join(names),
        factors=names if as_factors and names else None,
        estimation=span, window=parse_window(window), min_days=max(min_days, 3),
    )  # fmt: skip
    return {**_tables(study, notes), "warnings": [*study.warnings, *notes]}


def _tables(study: EventStudy, notes: list[str]) -> dict[str, pd.DataFrame | list[str]]:
    try:
        tests = study.tests()
    except DataError as error:  # the history may be too short for placebo dates; the other tests stand
        tests = study.tests(permutation=False)
        notes.append(f"no permutation test: {error}")
    days = study.to_frame()[["event", "firm", "day", "ar", "se"]]
    cars = study.car()[["event", "firm", "window", "car", "se", "n_estimation"]]
    return {"abnormal_returns": days, "car": cars, "tests": tests}


def read_events(path: str | Path) -> pd.DataFrame:
    """A file of events, whatever the case of its column names."""
    return _table(path, "event", "group").frame


def read_returns(
    path: str | Path, values: str = "auto", benchmarks: Sequence[str] = ()
) -> tuple[pd.DataFrame, str]:
    """A file of returns in decimals, and the unit that its numbers had.

    ``benchmarks`` are columns that a long table has beside its returns; its other columns are not read.

    Raises
    ------
    SourceError
        If the file is missing or cannot be read.
    CellError
        If a return is no number; the message says where.
    InputError
        Unknown ``values``.
    UnitError
        The names of the file and of its column say different units.
    """
    if values not in ("auto", *UNITS):
        raise InputError(f"values must be one of auto, {', '.join(UNITS)}; got {values!r}.")
    table = _table(path)
    columns = list(table.frame.columns)
    keys = [name for name in columns if name == "date" or name in UNIT_NAMES]
    numeric = [name for name in columns if name not in keys]
    measured = [name for name in numeric if plain_name(name).startswith("ret")][: len(keys) - 1]
    if measured:
        numeric = [*measured, *(name for name in benchmarks if name in numeric)]
    unit = _unit_of(table, measured, Path(path).stem) if values == "auto" else values
    numbers = {name: table.numbers(name) / UNITS[unit][0] for name in numeric}
    frame = pd.concat([table.frame[keys], pd.DataFrame(numbers)], axis=1)
    return frame.rename(columns=dict.fromkeys(measured, "return")), unit


def _table(path: str | Path, *names: str) -> UserTable:
    return read_table(path).renamed(dict.fromkeys(("date", *UNIT_NAMES, *names), ()))


def _unit_of(table: UserTable, measured: list[str], stem: str) -> str:
    """The unit that the return's column, or else the file, is named after."""
    found = {_ending(name) for name in (*measured, stem)} - {"decimal"}
    if len(found) > 1:
        raise UnitError(f"{table.name}: the names of file and column say different units. Say --values.")
    return found.pop() if found else "decimal"


def _ending(name: str) -> str:
    endings = ((unit, end) for unit, (_, ends) in UNITS.items() for end in ends)
    return next((unit for unit, end in endings if plain_name(name).endswith(end)), "decimal")


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """The result as JSON values: lists of rows, missing numbers as null."""
    from undercut.printing import records

    return {name: records(part) if isinstance(part, pd.DataFrame) else part for name, part in result.items()}
