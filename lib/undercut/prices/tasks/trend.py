"""How fast does the cost of reaching a given score fall?

Three definitions of the same question, because published rates differ by definition more than by data: what
the cheapest model costs whenever one becomes the cheapest (``records``), what it costs in every month
(``calendar``), and what all models cost at equal score (``regression``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.errors import InputError, one_of
from undercut.inference.arrays import Floats
from undercut.inference.levels import check_level
from undercut.result import Axes, Result

Definition = Literal["records", "calendar", "regression"]
#: Fewer points than this make no trend.
MIN_POINTS: Final = 4
_YEAR: Final = pd.Timedelta(days=365.25)
_MONTH: Final = _YEAR / 12


class CostTrend(Result):
    """How many times cheaper a score becomes in a year.

    Attributes
    ----------
    benchmark, definition : str
    score : float
        Share of tasks solved that must be reached (``records``, ``calendar``).
    times_cheaper, low, high : float
        A year; 3 means a third of the cost after a year. Interval at ``level`` by a bootstrap over models;
        missing where ``why_not`` says why.
    first_reached : Timestamp
        Day of the first model that reaches the score.
    models : int
    points : DataFrame
        ``day``, ``model_id``, ``usd_per_solved`` of the points that carry the trend.
    why_not : str
    """

    benchmark: str
    definition: Definition
    score: float
    times_cheaper: float
    low: float
    high: float
    level: float
    first_reached: pd.Timestamp
    models: int
    points: pd.DataFrame
    why_not: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row with the estimate."""
        names = "benchmark definition score times_cheaper low high level first_reached models why_not"
        return pd.DataFrame([{name: getattr(self, name) for name in names.split()}])

    def summary(self) -> str:
        """The rate in one sentence."""
        what = f"{self.benchmark} at {self.score:.0%} ({self.definition})"
        if self.why_not:
            return f"{what}: no rate. {self.why_not}"
        return f"{what}: {self.times_cheaper:.1f} times cheaper a year ({self.low:.1f} to {self.high:.1f})"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Cost of a solved task by day, the points that carry the trend."""
        from undercut.prices.tasks.charts import cost_over_time

        return cost_over_time(self.points, ax=ax)


def cost_records(rows: pd.DataFrame, *, score: float) -> pd.DataFrame:
    """Models that made a score cheaper than any before, in the order of their day.

    Parameters
    ----------
    rows : DataFrame
        From `undercut.prices.tasks.task_costs` with ``effort="all"``.
    score : float
        Share of tasks solved that must be reached.

    Returns
    -------
    DataFrame
        ``day, model_id, group, score, usd_per_solved``: each costs less than all before it.
    """
    reach = rows[rows["score"].ge(score) & rows["usd_per_solved"].gt(0) & rows["day"].notna()]
    reach = reach.sort_values(["day", "usd_per_solved"], kind="stable")
    before = reach["usd_per_solved"].cummin().shift()
    found = reach[before.isna() | reach["usd_per_solved"].lt(before)]
    return found[["day", "model_id", "group", "score", "usd_per_solved"]].reset_index(drop=True)


def cost_trend(
    rows: pd.DataFrame,
    *,
    score: float,
    definition: Definition = "calendar",
    draws: int = 499,
    level: float = 0.95,
    seed: int = 0,
) -> CostTrend:
    """How many times cheaper a solved task becomes in a year, at a given score.

    Parameters
    ----------
    rows : DataFrame
        From `undercut.prices.tasks.task_costs` with ``effort="all"``, of one benchmark.
    score : float
        Share of tasks solved that must be reached; with ``regression`` the rate is the same at every score.
    definition : {"records", "calendar", "regression"}
        *records*: least squares of the log cost of each new record on its day. *calendar*: the same over
        the
        least cost in every month since the score was first reached, so that months without a record count.
        *regression*: the log cost of all runs on day and logit of the score.
    draws, level, seed
        Of the bootstrap over models.

    Returns
    -------
    CostTrend
        Without a rate, and with the reason, where fewer than four points or less than half a year are
        there.

    Raises
    ------
    InputError
        Unknown definition, a score outside (0, 1) or a level outside (0, 1).

    Notes
    -----
    A record is a minimum over more and more models and falls whatever prices do; Gundlach et al. (2025) and
    Epoch AI's insight of September 2026 rest on such records. The bootstrap over models cannot undo that;
    the
    regression does not suffer from it.
    """
    check_level(level)
    one_of("definition", definition, get_args(Definition))
    if not 0 < score < 1:
        raise InputError(f"score={score!r} must be a share of tasks between 0 and 1.")
    usable = rows[rows["usd_per_solved"].gt(0) & rows["day"].notna() & rows["score"].between(0, 1, "neither")]
    records = cost_records(usable, score=score)
    points = {"records": records, "calendar": _monthly(records, usable["day"].max()), "regression": usable}[
        definition
    ]
    made: dict[str, Any] = {
        "benchmark": str(rows["benchmark"].iloc[0]) if len(rows) else "",
        "definition": definition, "score": score, "level": level, "first_reached": records["day"].min(),
        "models": usable["model_id"].nunique(), "points": points[["day", "model_id", "usd_per_solved"]],
    }  # fmt: skip
    short = _too_short(points)
    if short:
        return CostTrend(times_cheaper=np.nan, low=np.nan, high=np.nan, why_not=short, **made)
    rng = np.random.default_rng(seed)
    day, cost = _years(usable["day"]), np.log(usable["usd_per_solved"].to_numpy(float))
    share, last = usable["score"].to_numpy(float), _years(usable["day"]).max()
    groups = list(usable.groupby("model_id").indices.values())
    drawn = (rng.integers(len(groups), size=len(groups)) for _ in range(draws))
    samples = [np.arange(len(day)), *(np.concatenate([groups[i] for i in draw]) for draw in drawn)]
    point, *rates = [_rate(day[i], cost[i], share[i], score, definition, last) for i in samples]
    known = np.array([rate for rate in rates if np.isfinite(rate)])
    tail = (1 - level) / 2
    low, high = np.exp(np.quantile(known, [tail, 1 - tail])) if len(known) > draws / 2 else (np.nan, np.nan)
    return CostTrend(times_cheaper=float(np.exp(point)), low=float(low), high=float(high), **made)


class CostTrends(Result):
    """Rates of several benchmarks, scores and definitions; ``frame`` has a row for each `CostTrend`."""

    frame: pd.DataFrame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Rates with their intervals, by definition."""
        from undercut.prices.tasks.charts import rates

        return rates(self.frame, ax=ax)


def cost_trends(tables: Mapping[str, pd.DataFrame], scores: Sequence[float], **options: Any) -> CostTrends:
    """`cost_trend` of several benchmarks at several scores by every definition; see there for ``options``."""
    found = [
        cost_trend(rows, score=score, definition=definition, **options).to_frame()
        for rows in tables.values()
        for definition in get_args(Definition)
        for score in (scores[:1] if definition == "regression" else scores)
    ]
    return CostTrends(pd.concat(found, ignore_index=True))


def _too_short(points: pd.DataFrame) -> str:
    if len(points) < MIN_POINTS:
        return f"{len(points)} points; {MIN_POINTS} are needed."
    span = points["day"].max() - points["day"].min()
    return "" if span > _YEAR / 2 else f"The points span {span.days} days; half a year is needed."


def _monthly(records: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """The least cost so far on a day of every month since the first record."""
    if records.empty:
        return records
    days = pd.DataFrame({"day": pd.date_range(records["day"].min(), last, freq=_MONTH).floor("D")})
    days["day"] = days["day"].astype(records["day"].dtype)
    return pd.merge_asof(days, records, on="day")


def _rate(
    day: Floats, cost: Floats, share: Floats, score: float, definition: Definition, last: float
) -> float:
    """Fall of the log cost a year."""
    if definition == "regression":
        design = np.column_stack([np.ones_like(day), day, np.log(share / (1 - share))])
        return -float(np.linalg.lstsq(design, cost, rcond=None)[0][1])
    reach = np.flatnonzero(share >= score)
    order = reach[np.lexsort((cost[reach], day[reach]))]
    least = np.minimum.accumulate(cost[order]) if len(order) else cost[order]
    new = np.concatenate([[True], least[1:] < least[:-1]]) if len(order) else np.array([], dtype=bool)
    at, low = day[order][new], least[new]
    if definition == "calendar" and len(at):
        months = np.arange(at[0], last + 1e-9, 1 / 12)
        at, low = months, low[np.searchsorted(at, months + 1e-9, "right") - 1]
    if len(at) < MIN_POINTS or at[-1] - at[0] <= 0.5:
        return np.nan
    return -float(np.polyfit(at, low, 1)[0])


def _years(days: pd.Series) -> Floats:
    return np.asarray((days - pd.Timestamp("2024-01-01")) / _YEAR, dtype=float)
