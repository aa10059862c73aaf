"""How open is the market: which share of it is open, and how far behind is the open frontier?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import DataError
from undercut.inference.arrays import Floats
from undercut.panel.access import has_open_weights
from undercut.panel.measures import NINETY
from undercut.prices.capability.frontier import checked_quotes
from undercut.prices.capability.price_of_capability import frontier_holders
from undercut.result import Axes, Result

#: Steps of the grid of capability levels, in points.
LEVEL_STEP: Final = 2.0
_GROUPS: Final[Mapping[str, str]] = {"any": "", "CN": "_cn", "other": "_other"}


class Openness(Result):
    """Openness of the market, month by month.

    Attributes
    ----------
    periods : DataFrame
        One row a period. Counts of the whole panel, so they have no sampling interval: ``models, offers``,
        ``share_open_models``, ``share_open_offers`` (offers of known access), and among scored offers
        ``levels`` (on the grid, up to the best model on sale), ``share_levels_open``: levels whose cheapest
        offer is open, with ``_cn`` and ``_other``.
        ``closed_frontier, open_frontier`` (points; ``_model``: whose), ``distance`` = closed minus open
        (positive: open is behind) with ``distance_low, distance_high`` from the index's own errors of the two
        scores (``distance_note`` where it gives none), and ``months_behind``: months since a closed model
        of at least the open frontier's score was first on sale; missing with ``months_note`` where that
        was before the panel begins or has not happened. Each with ``_cn`` and ``_other`` for the
        developers' origin.
    confidence : float
        Of the interval of ``distance``.
    settings : dict
    """

    periods: pd.DataFrame
    confidence: float = 0.95
    settings: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> str:
        """First and last period in words."""
        lines = []
        for row in (self.periods.iloc[0], self.periods.iloc[-1]):
            place = "behind" if row["distance"] >= 0 else "ahead"
            lines.append(
                f"{row['period']}: {row['share_open_models']:.0%} of models and "
                f"{row['share_open_offers']:.0%} of offers are open; an open offer is the cheapest at "
                f"{row['share_levels_open']:.0%} of capability levels; the open frontier is "
                f"{abs(row['distance']):.1f} points {place} ({row['distance_low']:.1f} to "
                f"{row['distance_high']:.1f})."
            )
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shares over time."""
        from undercut.competition.rivals.charts import openness_over_time

        return openness_over_time(self.periods, ax=ax)


def openness(quotes: pd.DataFrame, *, level_step: float = LEVEL_STEP) -> Openness:
    """Measure openness in every period of the quotes.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`.
    level_step : float
        Distance between capability levels of the grid, in points.

    Returns
    -------
    Openness

    Raises
    ------
    DataError
        The quotes break their contract, or a period lacks scored models of either kind.

    Notes
    -----
    A frontier is the highest score of a model on sale that day. The months behind count from the first
    period in which a closed model of at least that score was on sale in this panel, which is an entry in a
    table of prices and not a day of announcement.

    Examples
    --------
    >>> import undercut
    >>> from undercut.prices.monthly_quotes import monthly_quotes
    >>> found = openness(monthly_quotes(undercut.load_prices(), start="2025-01", end="2025-03"))
    >>> found.table()["share_open_models"].between(0, 1).all().item()
    True
    """
    checked_quotes(quotes)
    used = quotes[quotes["access"].notna()].copy()
    used["is_open"] = has_open_weights(used["access"])
    frontier = _frontiers(used)
    distances = [_distances(frontier, group).add_suffix(suffix) for group, suffix in _GROUPS.items()]
    found = _shares(used).join([_levels(used, level_step), *distances])
    return Openness(found.reset_index(), settings={"level step": level_step})


def open_frontier(quotes: pd.DataFrame) -> pd.Series:
    """Score of the most capable open model on sale, by period: `openness` without the rest."""
    scored = quotes[quotes["eci"].notna() & quotes["access"].notna()]
    found = scored[has_open_weights(scored["access"])].groupby("period")["eci"].max()
    return found.reindex(sorted(quotes.loc[quotes["access"].notna(), "period"].unique()))


def _shares(used: pd.DataFrame) -> pd.DataFrame:
    by_period = used.groupby("period")
    models = used.drop_duplicates(["period", "model_id"]).groupby("period")["is_open"]
    counts = {"models": models.size(), "offers": by_period.size()}
    shares = {"share_open_models": models.mean(), "share_open_offers": by_period["is_open"].mean()}
    return pd.DataFrame(counts | shares)


def _levels(used: pd.DataFrame, step: float) -> pd.DataFrame:
    """Share of capability levels whose cheapest offer is open, by origin of its developer."""
    scored = used[used["eci"].notna()]
    grid = np.arange(np.ceil(scored["eci"].min() / step) * step, scored["eci"].max() + 1e-9, step)
    holders = frontier_holders(used, {f"{level:g}": float(level) for level in grid})
    is_open = has_open_weights(holders["access"])
    chinese = holders["origin"].eq("CN")
    flags = {"": is_open, "_cn": is_open & chinese, "_other": is_open & ~chinese}
    by_period = holders.assign(**{f"share_levels_open{k}": v for k, v in flags.items()}).groupby("period")
    return by_period[[f"share_levels_open{k}" for k in flags]].mean().assign(levels=by_period.size())


def _frontiers(used: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The most capable model of each kind on sale in each period."""
    scored = used[used["eci"].notna()].sort_values(
        ["period", "eci", "model_id"], ascending=[True, False, True]
    )
    kinds = {
        "closed": ~scored["is_open"],
        "any": scored["is_open"],
        "CN": scored["is_open"] & scored["origin"].eq("CN"),
        "other": scored["is_open"] & scored["origin"].ne("CN"),
    }
    best = {kind: scored[rows].drop_duplicates("period").set_index("period") for kind, rows in kinds.items()}
    periods = sorted(used["period"].unique())
    for kind in ("closed", "any"):
        lacking = [period for period in periods if period not in best[kind].index]
        if lacking:
            name = "closed" if kind == "closed" else "open"
            raise DataError(f"No scored {name} model is on sale in {lacking[0]}; start later.")
    columns = ["model_id", "eci", "eci_low", "eci_high"]
    return {kind: frame.reindex(periods)[columns] for kind, frame in best.items()}


def _distances(frontier: Mapping[str, pd.DataFrame], group: str) -> pd.DataFrame:
    """Distance of a group's open frontier to the closed one, in points and months."""
    closed, rival = frontier["closed"], frontier[group]
    found = pd.DataFrame(index=closed.index)
    if group == "any":
        found["closed_frontier"], found["closed_model"] = closed["eci"], closed["model_id"]
    found["open_frontier"], found["open_model"] = rival["eci"], rival["model_id"]
    found["distance"] = closed["eci"] - rival["eci"]
    width = [(side["eci_high"] - side["eci_low"]) / (2 * NINETY) for side in (closed, rival)]
    error = 1.959964 * np.sqrt(width[0] ** 2 + width[1] ** 2)
    found["distance_low"], found["distance_high"] = found["distance"] - error, found["distance"] + error
    unknown = found["distance"].notna() & error.isna()
    found["distance_note"] = np.where(unknown, "the index gives no interval for one of the two scores", "")
    months, notes = _months_behind(closed["eci"].to_numpy(float), rival["eci"].to_numpy(float), closed.index)
    return found.assign(months_behind=months, months_note=notes)


def _months_behind(closed: Floats, rival: Floats, periods: pd.Index) -> tuple[Floats, NDArray[Any]]:
    """Months since a closed model first reached each rival's score; periods are months or days."""
    days = pd.to_datetime(periods)
    first = np.searchsorted(np.maximum.accumulate(closed), rival - 1e-9)
    reasons = {
        "no such model on sale": ~np.isfinite(rival),
        "no closed model reaches it": first > np.arange(len(rival)),
        "reached before the first period": first == 0,
    }
    notes = np.select(list(reasons.values()), list(reasons), "")
    behind = (days - days[np.minimum(first, len(days) - 1)]).days / 30.4375
    return np.where(notes == "", behind, np.nan), notes
