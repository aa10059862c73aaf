"""Which companies are on record as using, selling or building on Chinese open models?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from undercut.errors import DataError
from undercut.sources.reference import load_reference

#: Roles in which a company does something with the model itself.
ACTIVE: Final = ("uses", "builds on", "sells")


def documented_cases(
    adopters: pd.DataFrame | None = None, events: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Cases on record with the event that documents each.

    Parameters
    ----------
    adopters, events : DataFrame, optional
        As the reference tables of the same names, the default.

    Returns
    -------
    DataFrame
        ``date, company, model, role, title, confidence, event_id`` and ``counts``: whether the company does
        something with the model and the event was checked against a source; and ``listed``: whether its
        shares are traded. In order of date.

    Raises
    ------
    DataError
        A case rests on an event that is not in the table.

    Examples
    --------
    >>> cases = documented_cases()
    >>> sorted(set(cases.loc[cases["counts"] & cases["model"].eq("Qwen"), "company"]))
    ['Airbnb']
    """
    cases = load_reference("adopters") if adopters is None else adopters
    events = load_reference("events") if events is None else events
    known = events.set_index("event_id")[["date", "title", "confidence"]]
    if astray := sorted(set(cases["event_id"]) - set(known.index)):
        raise DataError(f"adopters.csv rests on {', '.join(astray)}, which events.csv does not hold.")
    found = cases.join(known, on="event_id")
    found["counts"] = found["role"].isin(ACTIVE) & found["confidence"].ne("unverified")
    found["listed"] = found["ticker"].notna()
    columns = ["date", "company", "listed", "model", "role", "title", "confidence", "event_id", "counts"]
    return found.sort_values(["date", "company"])[columns].reset_index(drop=True)
