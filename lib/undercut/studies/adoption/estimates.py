"""What does the report on adoption compute? Trends of shares, cases on record, changes after restrictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from undercut.competition.adoption.before_after import BeforeAfter, change_around
from undercut.competition.adoption.token_shares import ShareTrend
from undercut.errors import DataError
from undercut.studies.framed import Framed
from undercut.studies.stocks.announcements import classes_of

#: Series held against restrictions: their names and units, by the key of the finding.
SERIES: Final = {
    "share_after_restrictions": ("Chinese open share of tokens", "percentage points"),
    "us_prices_after_restrictions": ("US closed vendors' own list prices", "%"),
}
#: Numbers of months tried before and after a restriction.
_WINDOWS: Final = (1, 2, 3, 4, 6)


@dataclass(frozen=True, slots=True)
class Shares(Framed):
    """Shares of tokens; `frame` as `shares_by_group` gives it.

    Attributes
    ----------
    chinese, closed : ShareTrend
        Of Chinese open and of US closed models.
    by_count : ShareTrend
        Of Chinese open models, each model counted once.
    """

    ROW = "group"
    VALUE = "share"
    chinese: ShareTrend
    closed: ShareTrend
    by_count: ShareTrend

    @property
    def last_week(self) -> date:
        """The last week listed."""
        return self.frame["week_ending"].max().date()


@dataclass(frozen=True, slots=True)
class Cases(Framed):
    """Companies on record; `frame` as `documented_cases` gives it."""

    ROW = "company"

    def group(self, key: str) -> pd.Series:
        """Which rows are of a group of companies: nvidia, tesla, startups, listed."""
        company, listed = self.frame["company"], self.frame["listed"]
        return {
            "nvidia": company.eq("NVIDIA"),
            "tesla": company.eq("Tesla"),
            "startups": ~listed,
            "listed": listed & ~company.isin(["NVIDIA", "Tesla"]),
        }[key]


@dataclass(frozen=True, slots=True)
class AfterRestrictions(Framed):
    """Changes after restrictions; `frame` holds the restrictions.

    Attributes
    ----------
    changes : mapping of str to BeforeAfter or str
        By key of the finding; the reason where there is no estimate.
    windows : mapping of int to BeforeAfter or str
        US prices with other numbers of months before and after.
    months : int
    """

    ROW = "title"
    changes: Mapping[str, BeforeAfter | str]
    windows: Mapping[int, BeforeAfter | str]
    months: int


def restrictions_of(events: pd.DataFrame) -> pd.DataFrame:
    """US restrictions on chips and on Chinese firms, by the rule of the report on regulation."""
    is_tightened = classes_of(events).eq("export controls tightened").fillna(False)
    return events[is_tightened & events["country"].str.contains("US")]


def after_restrictions(
    shares: pd.DataFrame, us_prices: pd.Series, restrictions: pd.DataFrame, *, months: int, draws: int
) -> AfterRestrictions:
    """Changes of the Chinese open share and of US vendors' prices around restrictions.

    Parameters
    ----------
    shares : DataFrame
        From `shares_by_group`.
    us_prices : Series
        Index of US closed vendors' own list prices by month, as logarithms.
    restrictions : DataFrame
        With ``date``.
    months : int
        Observations averaged before and after.
    draws : int
        Random sets of dates.
    """
    chinese = shares[shares["group"] == "CN open"].set_index("week_ending")["share"]
    percent = 100 * us_prices
    series = (chinese.set_axis(chinese.index.to_period("M")), percent)
    days = restrictions["date"]
    changes = {key: _change(values, days, months, draws) for key, values in zip(SERIES, series, strict=True)}
    windows = {tried: _change(percent, days, tried, draws) for tried in _WINDOWS if tried != months}
    return AfterRestrictions(restrictions, changes, windows, months)


def _change(values: pd.Series, days: pd.Series, months: int, draws: int) -> BeforeAfter | str:
    try:
        return change_around(values, days, months=months, draws=draws)
    except DataError as reason:
        return str(reason)
