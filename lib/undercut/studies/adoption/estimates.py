"""What does the report on adoption compute? Shares, what firms pay for, cases, changes after restrictions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from undercut.competition.adoption.before_after import BeforeAfter, change_around
from undercut.competition.adoption.curves import HalfLife, adoption_curves, half_life
from undercut.competition.adoption.token_shares import (
    ShareTrend,
    mean_share,
    monthly_share,
    share_trend,
    token_shares,
)
from undercut.errors import DataError
from undercut.panel.access import has_open_weights
from undercut.studies.framed import Framed
from undercut.studies.stocks.announcements import classes_of

#: Series held against restrictions: their names and units, by the key of the finding.
SERIES: Final = {
    "share_after_restrictions": ("Chinese open share of tokens", "percentage points"),
    "us_prices_after_restrictions": ("US closed vendors' own list prices", "%"),
}
#: Numbers of months tried before and after a restriction.
_WINDOWS: Final = (1, 2, 3, 4, 6)


#: The turn of the year around which shares are compared.
TURN: Final = pd.Timestamp("2026-01-01")
#: Groups of models that the report follows, and how it calls them.
GROUPS: Final = {"CN open": "Chinese open models", "US closed": "US closed models"}


class Shares(Framed, row="group", value="share"):
    """Shares of tokens; `frame` as `token_shares` gives it, by origin and access.

    Attributes
    ----------
    dollars : DataFrame
        The same, tokens weighed by what they cost.
    developers : DataFrame
        The same by developer.
    trends : mapping of str to ShareTrend
        By group.
    choices : DataFrame
        The last weeks' share of Chinese open models in other ways to count: ``choice, share, low, high``.
    without : DataFrame
        The same without each developer: ``developer, share, low, high``.
    """

    dollars: pd.DataFrame
    developers: pd.DataFrame
    trends: Mapping[str, ShareTrend]
    choices: pd.DataFrame
    without: pd.DataFrame

    @property
    def last_week(self) -> date:
        """The Monday of the last week."""
        return self.frame["week_start"].max().date()

    def now(self, group: str, *, before: int = 0, dollars: bool = False) -> pd.Series:
        """Mean share of the last thirteen weeks, or of thirteen weeks some weeks before."""
        return mean_share(self.dollars if dollars else self.frame, group, before=before)

    def turn(self) -> pd.DataFrame:
        """``group, kind, before, after``: shares in the thirteen weeks on either side of the turn of 2026."""
        last = self.frame["week_start"].max()
        weeks = int((last - TURN).days // 7)
        rows = []
        for kind, table in (("access", self.frame), ("developer", self.developers)):
            for group in table["group"].unique():
                before, after = (mean_share(table, group, before=at) for at in (weeks + 1, weeks - 12))
                rows.append(
                    {"group": group, "kind": kind, "before": before["share"], "after": after["share"]}
                )
        return pd.DataFrame(rows)


class Uptake(Framed, row="model_id", value="share"):
    """Use after release; `frame` as `adoption_curves` gives it, with the half-lives of the groups."""

    half_lives: HalfLife


class Paid(Framed, row="entity"):
    """What US firms pay for and say; `frame` as ``load_reference("us_adoption")``."""

    def figure(self, source: str, measure: str, entity: str, *, last: bool = True) -> pd.Series | None:
        """The newest (or first) figure of one series, in its newest vintage; None where there is none."""
        rows = self.frame
        rows = rows[rows["source_id"].eq(source) & rows["measure"].eq(measure) & rows["entity"].eq(entity)]
        when = rows["period"].replace({"-mid": "-06", "-end": "-12"}, regex=True)
        ordered = rows.assign(when=when).sort_values(["when", "vintage"])
        return None if ordered.empty else ordered.iloc[-1 if last else 0]


class Mix(Framed):
    """Kinds of tokens of each week's ten largest models, by month and origin: ``prompt_per_completion``."""


class Cases(Framed, row="company"):
    """Companies on record; `frame` as `documented_cases` gives it."""

    def group(self, key: str) -> pd.Series:
        """Which rows are of a group of companies: nvidia, tesla, startups, listed."""
        company, listed = self.frame["company"], self.frame["listed"]
        return {
            "nvidia": company.eq("NVIDIA"),
            "tesla": company.eq("Tesla"),
            "startups": ~listed,
            "listed": listed & ~company.isin(["NVIDIA", "Tesla"]),
        }[key]


class AfterRestrictions(Framed, row="title"):
    """Changes after restrictions; `frame` holds the restrictions.

    Attributes
    ----------
    changes : mapping of str to BeforeAfter or str
        By key of the finding; the reason where there is no estimate.
    windows : mapping of int to BeforeAfter or str
        US prices with other numbers of months before and after.
    months : int
    """

    changes: Mapping[str, BeforeAfter | str]
    windows: Mapping[int, BeforeAfter | str]
    months: int


def restrictions_of(events: pd.DataFrame) -> pd.DataFrame:
    """US restrictions on chips and on Chinese firms, by the rule of the report on regulation."""
    is_tightened = classes_of(events).eq("export controls tightened").fillna(False)
    return events[is_tightened & events["country"].str.contains("US")]


def shares(usage: pd.DataFrame, prices: pd.DataFrame) -> Shares:
    """Who uses what, in tokens and in dollars, by other ways to count and without each developer."""
    by_group, dollars = token_shares(usage), token_shares(usage, prices=prices)
    developers = token_shares(usage, by="developer")
    paid = token_shares(usage, free=False)
    ways = {
        "tokens, free variants counted": (by_group, 13), "tokens, free variants left out": (paid, 13),
        "dollars": (dollars, 13), "tokens, last four weeks": (by_group, 4),
        "tokens, last half year": (by_group, 26), "dollars, last half year": (dollars, 26),
    }  # fmt: skip
    weekly = by_group[by_group["group"].eq("CN open")].set_index("week_start")["share"].tail(13)
    for end, week in (("highest", weekly.idxmax()), ("lowest", weekly.idxmin())):
        ways[f"tokens, {end} week left out"] = (by_group[by_group["week_start"].ne(week)], 13)
    choices = [
        {"choice": name, **mean_share(table, "CN open", weeks=weeks)} for name, (table, weeks) in ways.items()
    ]
    chinese = usage.loc[usage["origin"].eq("CN") & has_open_weights(usage["access"]), "developer"]
    left_out = [
        {"developer": name, **mean_share(token_shares(usage, without=name), "CN open")}
        for name in sorted(chinese.dropna().unique())
    ]
    columns = ["share", "low", "high"]
    return Shares(
        frame=by_group,
        dollars=dollars,
        developers=developers,
        trends={group: share_trend(by_group, group) for group in GROUPS},
        choices=pd.DataFrame(choices)[["choice", *columns]],
        without=pd.DataFrame(left_out)[["developer", *columns]],
    )


def uptake(usage: pd.DataFrame) -> Uptake:
    """How fast models are taken up after release and left again."""
    curves = adoption_curves(usage)
    return Uptake(curves, half_life(curves))


def mix(tokens: pd.DataFrame) -> Mix:
    """Prompt tokens per completion token by month and origin, of the rows whose parts add up."""
    kept = tokens[tokens["sum_over_total"].between(0.95, 1.05)]
    sums = kept.groupby([kept["week_start"].dt.strftime("%Y-%m").rename("month"), "origin"])[
        ["prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens"]
    ].sum()
    ratio = sums["prompt_tokens"] / sums["completion_tokens"]
    return Mix(sums.assign(prompt_per_completion=ratio.astype(float)).reset_index())


def after_restrictions(
    shares: pd.DataFrame, us_prices: pd.Series, restrictions: pd.DataFrame, *, months: int, draws: int
) -> AfterRestrictions:
    """Changes of the Chinese open share and of US vendors' prices around restrictions.

    Parameters
    ----------
    shares : DataFrame
        From `token_shares`.
    us_prices : Series
        Index of US closed vendors' own list prices by month, as logarithms.
    restrictions : DataFrame
        With ``date``.
    months : int
        Observations averaged before and after.
    draws : int
        Random sets of dates.
    """
    percent = 100 * us_prices
    series = (monthly_share(shares, "CN open"), percent)
    days = restrictions["date"]
    changes = {key: _change(values, days, months, draws) for key, values in zip(SERIES, series, strict=True)}
    windows = {tried: _change(percent, days, tried, draws) for tried in _WINDOWS if tried != months}
    return AfterRestrictions(restrictions, changes, windows, months)


def _change(values: pd.Series, days: pd.Series, months: int, draws: int) -> BeforeAfter | str:
    try:
        return change_around(values, days, months=months, draws=draws)
    except DataError as reason:
        return str(reason)
