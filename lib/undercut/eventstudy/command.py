"""What does ``undercut eventstudy RETURNS.csv --events EVENTS.csv`` compute? From files to tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, cast

import pandas as pd

from undercut.errors import CellError, DataError, InputError, check_known, one_of
from undercut.eventstudy.effects import known_dollar_effects
from undercut.eventstudy.model import event_study
from undercut.eventstudy.normal import MODELS
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import parse_window
from undercut.sources.closes import closing_prices
from undercut.sources.factors import read_factor_file
from undercut.sources.files import UserTable, listed, read_table
from undercut.sources.returns_files import (
    UNITS_PER_ONE,
    UserReturns,
    Values,
    day_of,
    read_returns_file,
    ticker_of,
)

#: What the numbers of a file may be, as the command and as the reader of files call it.
UNITS: Final[dict[str, Values]] = {
    "auto": "auto",
    "decimal": "returns",
    "percent": "returns_percent",
    "bp": "returns_bp",
    "prices": "prices",
}
_READ_AS: Final = {
    "returns_percent": "returns read as percent: ",
    "returns_bp": "returns read as basis points: ",
    "prices": "returns computed from prices: ",
}
_EVENT_COLUMNS: Final = {
    "date": ("day",),
    "event": (),
    "firm": ("ticker", "symbol", "tic", "permno", "unit"),
    "group": (),
}


def eventstudy_command(
    returns: str | Path,
    *,
    events: str | Path,
    market: str | None = None,
    model: str | None = None,
    estimation: str = "-250:-31",
    window: str = "-1:1",
    min_days: int | None = None,
    values: str = "auto",
    factors: str | Path | None = None,
    risk_free: str | None = None,
    calendar: str = "file",
) -> dict[str, pd.DataFrame | list[str]]:
    """Event study of the returns and events in two files.

    Parameters
    ----------
    returns : str or Path
        CSV, Parquet or Excel, long (unit, date, return) or wide (date and one column a unit), returns or
        prices; see `undercut.sources.returns_files.read_returns_file`.
    events : str or Path
        Columns event, firm (blank for all), date and optionally group.
    market : str, optional
        Column of the market; for the model ``factors``, the factors' columns, comma separated. A column that
        differs between the firms of a long table gives each its own benchmark.
    model : str, optional
        A key of `undercut.eventstudy.normal.MODELS`; by default ``factors`` where a file of them is given,
        else ``market``.
    estimation, window : str
        FIRST:LAST, in trading days of the returns file.
    min_days : int, optional
        Fewest usable estimation days; default 100, or all days of a shorter estimation window, which is then
        said in the warnings.
    values : {"auto", "decimal", "percent", "bp", "prices"}
        What the numbers are. By default that of the column or file whose name ends in ``_pct``, ``_percent``
        or ``_bp``, else decimals.
    factors : str or Path, optional
        A file of daily factors, Kenneth French's or a table of one's own. Its risk-free rate is subtracted;
        its market serves the models that need one.
    risk_free : str, optional
        A column of the returns or of the factors, or a file with days and one column.
    calendar : {"file", "firm"}
        Whether offsets count the days of the file or each firm's own sessions.

    Returns
    -------
    dict
        ``abnormal_returns`` (event, firm, day, ar, se), ``car`` (event, firm, window, car, se, n_estimation),
        ``caar`` (group, day, aar, caar, se, ci_low, ci_high, n), ``tests`` (group, window, test, statistic,
        p_value, n) as tables, and ``warnings`` as a list. Where the file holds closing prices and shares of a
        firm are known, ``dollars`` (event, firm or total, window, car, value, effect, se, ci_low, ci_high, n)
        in billions.

    Raises
    ------
    SourceError
        If a file cannot be read.
    InputError, DataError
        As `event_study`.
    """
    span = parse_window(estimation, "estimation window")
    notes: list[str] = []
    if min_days is not None and min_days < 3:
        raise InputError(f"--min-days must be 3 or more; got {min_days}.")
    if min_days is None:
        min_days = min(100, span[1] - span[0] + 1)
        if min_days < 100:
            notes.append(f"the estimation window has {min_days} days; fewer than 100 make poor benchmarks")
    model = model or ("factors" if factors else "market")
    names = [name.strip() for name in market.split(",")] if market else []
    table = read_factor_file(Path(factors)) if factors else None
    beside = [name for name in (*names, risk_free) if name and (table is None or name not in table.columns)]
    found, doubts = read_returns(returns, values, [name for name in beside if not _is_file(name)])
    study = event_study(
        found.frame, read_events(events, found.aliases), model=model,
        **_benchmarks(model, names, table, risk_free),
        estimation=span, window=parse_window(window), min_days=max(min_days, 3),
        calendar=cast("Literal['file', 'firm']", calendar),  # event_study refuses any other word
    )  # fmt: skip
    tables = _tables(study, notes)
    closes = pd.DataFrame()
    try:
        closes = closing_prices(returns) if found.measure == "prices" else closes
    except CellError as error:
        notes.append(f"no dollars: {error}")
    dollars = known_dollar_effects(study, closes) if len(closes) else closes
    if len(dollars):
        tables["dollars"] = dollars
        absent = ", ".join(sorted({*tables["car"]["firm"]} - {*dollars["firm"]})) or "nobody"
        told = "billions of US dollars, close before the window times shares; shares not known of"
        notes.append(f"dollars: {told} {absent}")
    return {**tables, "warnings": [*study.warnings, *notes, *doubts]}


def _is_file(name: str) -> bool:
    """Whether a name is that of a file rather than of a column."""
    try:
        return Path(name).is_file()
    except OSError:  # no file has such a name
        return False


def _benchmarks(
    model: str, names: Sequence[str], table: pd.DataFrame | None, risk_free: str | None
) -> dict[str, Any]:
    """Market, factors and risk-free rate as `event_study` takes them."""
    as_factors = model in MODELS and MODELS[model].need == "factors"
    dated = pd.DataFrame() if table is None else table.set_index("date")
    free: Any = risk_free or ("rf" if "rf" in dated else None)
    if free in dated:
        free = dated[free]
    elif free and _is_file(free):
        columns = read_factor_file(Path(free)).set_index("date")
        name = "rf" if "rf" in columns else columns.columns[-1]
        if len(columns.columns) > 1 and name != "rf":
            raise InputError(f"{free} has several columns and none is called rf: {listed(columns.columns)}.")
        free = columns[name]
    if as_factors and table is None:
        return {"factors": list(names) or None, "risk_free": free}
    if as_factors:
        for name in names:
            check_known("factor", name, dated.columns)
        return {"factors": dated[list(names) or dated.columns.drop("rf", errors="ignore")], "risk_free": free}
    if not names and {"mkt_rf", "rf"} <= {*dated}:
        return {"market": dated["mkt_rf"] + dated["rf"], "risk_free": free}
    given: Any = ",".join(names) or None
    return {"market": dated.get(given, given), "risk_free": free}


def _tables(study: EventStudy, notes: list[str]) -> dict[str, pd.DataFrame]:
    try:
        tests = study.tests()
    except DataError as error:  # the history may be too short for placebo dates; the other tests stand
        tests = study.tests(permutation=False)
        notes.append(f"no permutation test: {error}")
    days = study.to_frame()[["event", "firm", "day", "ar", "se"]]
    cars = study.car()[["event", "firm", "window", "car", "se", "n_estimation"]]
    return {"abnormal_returns": days, "car": cars, "caar": study.caar(), "tests": tests}


def read_events(path: str | Path, aliases: Mapping[str, str] | None = None) -> pd.DataFrame:
    """A file of events, whatever the case of its column names.

    ``aliases`` are further names of firms, such as CRSP's permanent numbers, and their tickers.

    Raises
    ------
    CellError
        If a date cannot be read; the message says where.
    """
    table = read_table(path).renamed(_EVENT_COLUMNS)
    frame = table.frame
    if "date" in frame.columns:
        table.days("date")  # refused here, where file and line are known; times of day are still to be seen
    if "firm" in frame.columns:
        frame = frame.assign(firm=frame["firm"].replace(dict(aliases or {})))
    return frame


def read_returns(
    path: str | Path, values: str = "auto", benchmarks: Sequence[str] = ()
) -> tuple[UserReturns, list[str]]:
    """A file of returns or prices as long returns in decimals, and what a reader must know of them.

    ``benchmarks`` may be columns that a long table has beside its returns.

    Raises
    ------
    SourceError
        If the file is missing or cannot be read.
    DataError
        If its columns are not recognised, or a cell cannot be read; the message says where.
    InputError
        Unknown ``values``.
    """
    one_of("values", values, UNITS)
    found = read_returns_file(Path(path), values=UNITS[values])
    told = (
        found.note.partition("; ")[2] if found.measure == "returns" else _READ_AS[found.measure] + found.note
    )
    notes = [told] if told else []
    tickers = set(found.frame["ticker"].unique())
    absent = [name for name in benchmarks if name not in tickers]
    if absent:
        found = replace(found, frame=_with_columns(found, read_table(path), absent))
    return found, notes


def _with_columns(found: UserReturns, table: UserTable, names: Sequence[str]) -> pd.DataFrame:
    """The returns with further columns of their file, in decimals; those that it lacks stay missing."""
    ticker, held = ticker_of(table), [name for name in names if name in table.frame.columns]
    if ticker is None or not held:
        return found.frame
    keys = {"date": table.days(day_of(table)), "ticker": table.names(ticker)[0]}
    numbers = {name: table.numbers(name) / UNITS_PER_ONE[found.measure] for name in held}
    return found.frame.merge(pd.DataFrame(keys | numbers), on=["date", "ticker"], how="left")
