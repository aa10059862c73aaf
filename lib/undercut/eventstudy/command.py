"""What does ``undercut eventstudy RETURNS.csv --events EVENTS.csv`` compute? From files to tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from undercut.errors import DataError, SourceError
from undercut.eventstudy.data import UNIT_NAMES
from undercut.eventstudy.model import event_study
from undercut.eventstudy.normal import MODELS
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import parse_window

_TEXT = ("event", "firm", "group", "date", *UNIT_NAMES)
_MISSING = ("", "NA", "N/A", "NaN", "nan", "null", ".")


def eventstudy_command(
    returns: str | Path,
    *,
    events: str | Path,
    market: str | None = None,
    model: str = "market",
    estimation: str = "-250:-31",
    window: str = "-1:1",
    min_days: int | None = None,
) -> dict[str, pd.DataFrame | list[str]]:
    """Event study of the returns and events in two files.

    Parameters
    ----------
    returns : str or Path
        CSV or Parquet, long (unit, date, return) or wide (date and one column a unit), decimals.
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
    study = event_study(
        read_table(returns, "returns"), read_table(events, "events"), model=model,
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


def read_table(path: str | Path, what: str) -> pd.DataFrame:
    """A CSV or Parquet file; firms and events are read as text.

    Raises
    ------
    SourceError
        If the file is missing or cannot be read.
    DataError
        If the columns of a CSV are separated by anything but commas.
    """
    path = Path(path)
    try:
        if path.suffix in (".parquet", ".pq"):
            return pd.read_parquet(path)
        header = pd.read_csv(path, encoding="utf-8-sig", nrows=0).columns
        if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
            raise DataError(
                f"{path} is not separated by commas: {header[0]!r}. Write commas and decimal points."
            )
        # A firm may be called NA; a return may not.
        missing = {name: list(_MISSING) for name in header if name not in _TEXT}
        return pd.read_csv(
            path,
            encoding="utf-8-sig",
            dtype={name: str for name in header if name in _TEXT},
            keep_default_na=False,
            na_values=missing,
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SourceError(f"Cannot read {what} from {path}: {error}.") from error


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """The result as JSON values: lists of rows, missing numbers as null."""
    from undercut.printing import records

    return {name: records(part) if isinstance(part, pd.DataFrame) else part for name, part in result.items()}
