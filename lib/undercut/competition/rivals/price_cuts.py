"""When could a developer have cut the price of a closed model, and when did it?

One row for each own offer of a closed model and month in which it could have been cut, with what happened
until the next month, and the doses of exposure to open rivals at the start of that month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.rivals.exposure import RivalRule, own_closed_offers, placed
from undercut.competition.rivals.releases import successor_on_offer
from undercut.errors import DataError, InputError, check_known
from undercut.prices.changes import MIN_CHANGE, own_price_changes
from undercut.prices.monthly_quotes import years

OUTCOMES: Final = ("none", "cut", "rise", "withdrawn", "censored")
#: Measures of exposure, with what one unit is.
DOSES: Final = {
    "closeness": "from an open rival far behind (0) to one level or ahead (1)",
    "is_exposed": "an open rival within reach, against none",
    "log_in_reach": "log of one plus the number of open rivals within reach",
    "advance": "points that the best open rival gained over the last months",
    "log_reach_price": "log price of the cheapest open rival within reach",
    "undercut": "log of the own price over that of the cheapest open rival within reach",
}
#: Sources that state the day from which a price holds; a change within the first month is credible in them.
DATED_SOURCES: Final = ("genai-prices",)
Timing = Literal["start", "end"]
#: Why a change is no change of a price but a correction of the table.
UNDONE: Final = "undone soon after"
UNSETTLED: Final = "right after launch, undated"
_BACK: Final = float(np.log1p(MIN_CHANGE))


@dataclass(frozen=True, slots=True)
class CutRule:
    """Which changes of a listed price are real, beyond the statuses that the panel already gives.

    Attributes
    ----------
    min_change : float
        Smaller relative changes are none.
    reversal_months : int
        A change that is undone within so many months was an error of the table, and so is its undoing; 0
        keeps all.
    settle_first_month : bool
        A change right after a model's first month, in a source that states no effective day, corrects a
        price listed wrongly at launch.
    """

    min_change: float = MIN_CHANGE
    reversal_months: int = 6
    settle_first_month: bool = True

    def __post_init__(self) -> None:
        if self.min_change < MIN_CHANGE or self.reversal_months < 0:
            raise InputError(
                f"min_change must be at least {MIN_CHANGE} and reversal_months not negative; got "
                f"{self.min_change} and {self.reversal_months}."
            )


def offers_at_risk(quotes: pd.DataFrame, *, rule: CutRule | None = None) -> pd.DataFrame:
    """What happened to each own offer of a closed model from month to month.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes` (status ``ok`` only).
    rule : CutRule, optional

    Returns
    -------
    DataFrame
        One row an offer and month except the last: the columns of
        :func:`undercut.competition.rivals.exposure.own_closed_offers`, ``next_price`` and ``log_change``,

        - ``outcome``: ``cut``, ``rise`` or ``none`` until the next month; ``withdrawn``: never seen again
          although its source went on; ``censored``: not seen next month, but later, or its source ended;
        - ``correction``: why a change of the table is not one of the price; its outcome is ``none``;
        - ``age_months`` since release (0 for offers dated before it) and ``log_age``, its log1p;
          ``has_successor``; ``year``; ``calendar``: years since January 2023.

    Examples
    --------
    >>> import undercut
    >>> from undercut.prices.monthly_quotes import monthly_quotes
    >>> rows = offers_at_risk(monthly_quotes(undercut.load_prices(), start="2025-05", end="2025-07"))
    >>> rows.set_index(["product", "period"]).loc[("openai/o3", "2025-05"), "outcome"]
    'cut'
    """
    rule = rule or CutRule()
    own = own_closed_offers(quotes)
    source = quotes.set_index(["product", "period"])["source"]
    own["source"] = pd.MultiIndex.from_frame(own[["product", "period"]]).map(source)
    own = own.sort_values(["product", "period"], ignore_index=True)
    own["has_successor"] = successor_on_offer(own)
    days = pd.Series(sorted(quotes["observed_on"].unique()))
    place = pd.Series(days.index, index=days)
    own["place"] = own["observed_on"].map(place)
    changes = real_changes(quotes, rule=rule)
    rows = _with_outcome(own, changes, days, quotes.groupby("source")["last_seen"].max())
    rows["age_months"] = ((rows["observed_on"] - rows["release_date"]).dt.days / 30.4375).clip(lower=0)
    rows["log_age"] = np.log1p(rows["age_months"])
    rows["year"] = rows["period"].str[:4]
    rows["calendar"] = years(rows["period"])
    rows.attrs = dict(quotes.attrs)
    return rows.drop(columns="place")


def real_changes(quotes: pd.DataFrame, *, rule: CutRule | None = None) -> pd.DataFrame:
    """Developers' own price changes, each with the reason why it may be a correction of the table.

    Returns
    -------
    DataFrame
        As :func:`undercut.prices.changes.own_price_changes`, plus ``product`` and ``correction`` (empty for
        a real change). ``period`` is the month that shows the new price.
    """
    rule = rule or CutRule()
    changes = own_price_changes(quotes)
    changes = changes[changes["log_change"].abs() > np.log1p(rule.min_change)].copy()
    changes["product"] = changes["host"] + "/" + changes["model_id"]
    changes["month"] = pd.PeriodIndex(changes["period"], freq="M").asi8
    reverted = _reverted(changes, rule.reversal_months)
    seen = pd.PeriodIndex(quotes.groupby("product")["period"].min(), freq="M").asi8
    first_month = pd.Series(seen, index=sorted(quotes["product"].unique()))
    source = quotes.set_index(["product", "period"])["source"]
    shown_by = pd.MultiIndex.from_frame(changes[["product", "period"]]).map(source)
    at_once = changes["month"].sub(changes["product"].map(first_month).astype(float)).eq(1)
    unsettled = at_once & ~pd.Index(shown_by).isin(DATED_SOURCES) & rule.settle_first_month
    reason = np.where(reverted, UNDONE, np.where(unsettled, UNSETTLED, ""))
    return changes.assign(correction=reason).drop(columns="month").reset_index(drop=True)


def with_doses(
    rows: pd.DataFrame,
    rivals: pd.DataFrame,
    *,
    rule: RivalRule | None = None,
    group: str = "any",
    lag: int = 3,
    timing: Timing = "start",
    doses: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Add every dose of exposure to rows of offers.

    Parameters
    ----------
    rows : DataFrame
        Offers with ``observed_on, model_id, developer, eci, price``.
    rivals : DataFrame
        From :func:`undercut.competition.rivals.exposure.open_rivals`, of all months.
    rule, group
        As in :func:`undercut.competition.rivals.exposure.exposure`.
    lag : int
        Months over which ``advance`` is taken.
    timing : {"start", "end"}
        Rivals of the observation day on which the month at risk begins, or of the next one. At the end, a
        rival that came out within the month counts, also one that came after the cut.
    doses : sequence of str, optional
        Add these only (not ``advance``), which is quicker.

    Returns
    -------
    DataFrame
        ``rows`` with ``gap``, ``best_model_id``, ``reach_model_id`` and the columns of :data:`DOSES`.
        Missing where a model has no score; ``advance`` also in the first ``lag`` months,
        ``log_reach_price`` and ``undercut`` without a rival within reach, all at the end of the last month.
    """
    if lag < 1:
        raise InputError(f"lag must be at least one month; got {lag}.")
    check_known("timing", timing, get_args(Timing))
    rule = rule or RivalRule()
    days = pd.concat([rows["observed_on"], rivals["observed_on"]]).drop_duplicates()
    days = days.sort_values(ignore_index=True)
    rivals = _moved(rivals, days, -1) if timing == "end" else rivals
    now = placed(rows, rivals, rule, group)
    columns: dict[str, Any] = {
        "gap": now.gap, "closeness": now.closeness,
        "is_exposed": np.where(np.isfinite(now.closeness), now.in_reach > 0, np.nan),
        "log_in_reach": np.where(np.isfinite(now.closeness), np.log1p(now.in_reach), np.nan),
        "log_reach_price": np.log(now.of("price", now.cheapest)),
    }  # fmt: skip
    columns["undercut"] = np.log(rows["price"].to_numpy(float)) - columns["log_reach_price"]
    if doses is not None:
        return rows.reset_index(drop=True).assign(**{name: columns[name] for name in doses})
    for name, position in (("best_model_id", now.best), ("reach_model_id", now.cheapest)):
        columns[name] = now.rivals["model_id"].reindex(position).to_numpy()
    columns["advance"] = now.gap - placed(rows, _moved(rivals, days, lag), rule, group).gap
    return rows.reset_index(drop=True).assign(**columns)


def _with_outcome(
    own: pd.DataFrame, changes: pd.DataFrame, days: pd.Series, source_ends: pd.Series
) -> pd.DataFrame:
    """Outcome until the next month; rows of the last month have none and are left out."""
    following = own.groupby("product")
    own["next_price"] = following["price"].shift(-1).where(following["place"].diff(-1).eq(-1))
    last_seen = following["place"].transform("max").eq(own["place"])
    rows = own[own["place"] < len(days) - 1].copy()
    next_day = rows["place"].map(days.shift(-1)).dt.tz_localize("UTC")
    source_goes_on = rows["source"].map(source_ends) >= next_day
    gone = rows["next_price"].isna()
    withdrawn = gone & last_seen[rows.index] & source_goes_on
    rows["log_change"] = np.log(rows["next_price"] / rows["price"])
    found = changes.assign(place=changes["period"].map(_places(days)).astype(float) - 1)
    keyed = found.set_index(["product", "place"])
    at = pd.MultiIndex.from_arrays([rows["product"], rows["place"].astype(float)])
    change = pd.Series(at.map(keyed["log_change"]), index=rows.index, dtype=float)
    reason = pd.Series(at.map(keyed["correction"]), index=rows.index, dtype="object").fillna("")
    rows["correction"] = reason.astype("str")
    real = change.where(reason.eq(""))
    rows["outcome"] = np.select(
        [withdrawn, gone, real < 0, real > 0], ["withdrawn", "censored", "cut", "rise"], "none"
    )
    return rows


def _places(days: pd.Series) -> pd.Series:
    months = days.dt.strftime("%Y-%m")
    if months.duplicated().any():
        raise DataError("Price cuts need one observation day a month; make the quotes with monthly_quotes().")
    return pd.Series(days.index, index=months)


def _reverted(changes: pd.DataFrame, months: int) -> pd.Series:
    """Changes that a later one undoes within some months, and the changes that undo them."""
    month, before, after = (changes[name].to_numpy() for name in ("month", "before", "after"))
    is_reverted = np.zeros(len(changes), dtype=bool)
    for own in changes.groupby("product").indices.values():
        for first in own:
            soon = (month[own] > month[first]) & (month[own] <= month[first] + months)
            undoing = own[soon & (np.abs(np.log(after[own] / before[first])) <= _BACK)]
            is_reverted[[first, *undoing[:1]]] |= len(undoing) > 0
    return pd.Series(is_reverted, index=changes.index)


def _moved(rivals: pd.DataFrame, days: pd.Series, steps: int) -> pd.DataFrame:
    """Rivals dated some observation days later (or earlier); what leaves the period is left out."""
    to = dict(zip(days, days.shift(-steps), strict=True))
    moved = rivals.assign(observed_on=rivals["observed_on"].map(to))
    return moved[moved["observed_on"].notna()]
