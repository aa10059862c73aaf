"""How far behind is one group's most capable model, in points and in months?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from undercut.errors import TooFewError, check_known
from undercut.inference.arrays import Floats
from undercut.panel.access import has_open_weights
from undercut.panel.measures import DEFAULT, arena_scores, capability_scores
from undercut.prices.capability.gap import score_spread
from undercut.provenance import provenance_of
from undercut.result import Axes, Result
from undercut.sources.reference import load_reference

_MONTH: Final = 365.25 / 12

_GAP_COLUMNS: Final = (
    "leader", "follower", "leader_model", "follower_model",
    "gap", "gap_low", "gap_high", "lag", "lag_low", "lag_high",
)  # fmt: skip

#: (country, openness) of the two groups that reports compare.
LEADER: Final = ("US", "closed")
FOLLOWER: Final = ("CN", "open")


class CapabilityLag(Result):
    """Two frontiers of capability over time.

    Attributes
    ----------
    path : DataFrame
        One row a month: ``period, leader, follower`` (best score so far), ``leader_model, follower_model``,
        ``gap`` (points) with ``gap_low, gap_high``, and ``lag`` (months) with ``lag_low, lag_high``.
    releases : DataFrame
        One row a release that raised the follower's frontier: ``model, release_date, score``,
        ``matched_by`` (the leader's first model at that level, empty where there is none), ``lag`` (months).
    level : float
    models : int
        Models of both groups.
    """

    path: pd.DataFrame
    releases: pd.DataFrame
    level: float
    models: int

    @property
    def now(self) -> pd.Series:
        """The last month."""
        return self.path.iloc[-1]

    def plot(self, ax: Axes | None = None, *, measure: Literal["gap", "lag"] = "gap") -> Axes:
        """Draw the gap in points, or the lag in months, with its band, month by month."""
        from undercut import plots

        axes = plots.own_axes(ax)
        months = pd.PeriodIndex(self.path["period"], freq="M").to_timestamp()
        color = plots.origin_color("CN")
        plots.band(axes, months, self.path[f"{measure}_low"], self.path[f"{measure}_high"], color)
        axes.plot(months, self.path[measure], color=color)
        return plots.zero_line(axes)


def capability_lag(
    capability: pd.DataFrame | None = None,
    *,
    measure: str = DEFAULT,
    leader: tuple[str, str] = LEADER,
    follower: tuple[str, str] = FOLLOWER,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> CapabilityLag:
    """The gap between the frontiers of two groups of models, month by month.

    Parameters
    ----------
    capability : DataFrame, optional
        Columns ``model, eci, eci_low, eci_high, release_date, country, access``; by default the scores of
        ``measure``.
    measure : str
        A key of :data:`undercut.panel.measures.MEASURES`.
    leader, follower : (country, "open", "unrestricted" or "closed")
        Every class of available weights counts as open; unrestricted are those whose licence sets no
        conditions.
    draws, level, seed
        Of the simulation of the scores' errors.

    Returns
    -------
    CapabilityLag

    Raises
    ------
    TooFewError
        One of the groups has no scored model.

    Notes
    -----
    The lag in a month is the time since the leader first reached the level at which the follower stands at
    the month's end; 0 where the follower stands higher than the leader ever did. It grows while the follower
    releases nothing. Scores are drawn from normal distributions with the standard deviations that the index's
    90% intervals imply, independently of one another; the index's errors are correlated, which makes these
    intervals of a difference rather too wide; a score without an interval gets the median one of its group.
    The interval is widened to hold the estimate where the largest of many noisy scores moved all draws to one
    side.

    Examples
    --------
    >>> lag = capability_lag(draws=50)
    >>> bool((lag.path["gap_low"] <= lag.path["gap"]).all())
    True
    """
    table = capability_scores(measure) if capability is None else capability
    table = table.dropna(subset=["release_date"])
    sides = [_side(table, *group) for group in (leader, follower)]
    months = pd.period_range(
        max(side["release_date"].min() for side in sides).to_period("M"),
        max(side["release_date"].max() for side in sides).to_period("M"),
        freq="M",
    )
    return CapabilityLag(
        path=_path(sides, months, draws, level, seed),
        releases=_releases(*sides),
        level=level,
        models=sum(len(side) for side in sides),
    )


def arena_gaps(
    day: str | date | pd.Timestamp, *, draws: int = 2000, level: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """The gap by kind of work, as people who compare answers rated it.

    Parameters
    ----------
    day : date
        What could be known on it: ratings of a later day give no row.
    draws, level, seed
        As in :func:`capability_lag`.

    Returns
    -------
    DataFrame
        One row a kind of work: ``task, rated_on`` and the columns of `CapabilityLag.path` but the period.
    """
    ratings = load_reference("arena")
    rated_on = pd.Timestamp(provenance_of(ratings)[0]["version"])
    rows = []
    for task in ratings["task"].unique() if rated_on <= pd.Timestamp(day) else ():
        scores = arena_scores(task).dropna(subset=["release_date"])
        sides = [_side(scores, *group) for group in (LEADER, FOLLOWER)]
        last = max(side["release_date"].max() for side in sides).to_period("M")
        now = _path(sides, [last], draws, level, seed).iloc[0]
        rows.append({"task": task, "rated_on": rated_on, **now.drop("period")})
    frame = pd.DataFrame(rows, columns=["task", "rated_on", *_GAP_COLUMNS])
    return frame.astype(dict.fromkeys(_GAP_COLUMNS[4:], float))


def _side(table: pd.DataFrame, country: str, openness: str) -> pd.DataFrame:
    is_open = has_open_weights(table["access"])
    kinds = {
        "open": is_open,
        "unrestricted": table["access"].eq("open"),
        "closed": table["access"].eq("closed"),
    }
    check_known("kind of access", openness, kinds)
    is_side = kinds[openness]
    side = table[table["country"].eq(country) & is_side & table["eci"].notna()]
    if side.empty:
        raise TooFewError(f"The capability table has no scored model of {country} that is {openness}.")
    return side.sort_values(["release_date", "model"]).reset_index(drop=True)


def _drawn(side: pd.DataFrame, draws: int, seed: int) -> Floats:
    """Scores with errors, shape (draws + 1, models); the first row is the scores themselves."""
    noise = np.random.default_rng(seed).standard_normal((draws, len(side))) * score_spread(side)
    return np.vstack([np.zeros(len(side)), noise]) + side["eci"].to_numpy(float)


def _path(
    sides: list[pd.DataFrame], months: Iterable[pd.Period], draws: int, level: float, seed: int
) -> pd.DataFrame:
    """Frontiers, gap and lag at the end of each month."""
    drawn = [_drawn(side, draws, seed + number) for number, side in enumerate(sides)]
    best = [np.maximum.accumulate(scores, axis=1) for scores in drawn]
    names = [side["model"].to_numpy() for side in sides]
    released = [side["release_date"].to_numpy() for side in sides]
    rows = []
    for month in months:
        end = month.end_time
        seen = [int(np.searchsorted(days, end.to_datetime64(), "right")) for days in released]
        ahead, behind = (frontier[:, count - 1] for frontier, count in zip(best, seen, strict=True))
        # The first of the leader's models, in order of release, at or above where the follower stands.
        first = (best[0][:, : seen[0]] < behind[:, None]).sum(axis=1)
        days = (end - pd.DatetimeIndex(released[0][: seen[0]])).days.to_numpy(float)
        lag = np.append(days, 0.0)[first] / _MONTH
        model, other = (
            of[scores[0, :count].argmax()] for of, scores, count in zip(names, drawn, seen, strict=True)
        )
        record = {"period": str(month), "leader": ahead[0], "follower": behind[0]}
        record |= {"leader_model": model, "follower_model": other}
        rows.append(record | _interval("gap", ahead - behind, level) | _interval("lag", lag, level))
    return pd.DataFrame(rows)


def _interval(name: str, drawn: Floats, level: float) -> dict[str, Any]:
    low, high = np.quantile(drawn[1:], [(1 - level) / 2, (1 + level) / 2])
    value = float(drawn[0])
    return {name: value, f"{name}_low": min(float(low), value), f"{name}_high": max(float(high), value)}


def _releases(leader: pd.DataFrame, follower: pd.DataFrame) -> pd.DataFrame:
    record = follower[follower["eci"] > follower["eci"].cummax().shift(fill_value=-np.inf)]
    # The leader's first model at that level; beyond its last one, and so missing, where there is none.
    first = leader.reindex(leader["eci"].cummax().searchsorted(record["eci"])).set_axis(record.index)
    days = (record["release_date"] - first["release_date"]).dt.days
    found = record[["model", "release_date"]].assign(score=record["eci"])
    return found.assign(matched_by=first["model"].fillna(""), lag=days / _MONTH).reset_index(drop=True)
