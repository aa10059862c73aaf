"""How fast is a model taken up after its release, and how long is it used?

Each model's weekly tokens as a share of all tokens of that week, so that the growth of the router does not
count, over the weeks since its release. A week outside the daily top fifty is not zero: the model then has
less than the smallest model that is listed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.result import Axes, Result
from undercut.sources.reference import load_reference

#: Fewer models than this have no half-life.
MIN_MODELS: Final = 5
#: Models whose tokens the curves are held against: the most used ones of all.
_TOP: Final = 10
#: Weeks off the list after which a model has left it; two single weeks are missing from the table.
_ABSENT: Final = 3


class HalfLife(Result):
    """Weeks from a model's best week until it has fallen below half of it.

    Attributes
    ----------
    frame : DataFrame
        ``group, models, fell`` (models seen to fall), ``median, low, high`` (weeks; missing ends are not
        reached within the data).
    level : float
    """

    frame: pd.DataFrame
    level: float

    def plot(self, ax: Axes | None = None) -> Axes:
        """Medians with their intervals."""
        from undercut import plots

        known = self.frame.dropna(subset=["median"]).set_index("group")[["median", "low", "high"]]
        return plots.interval_rows({str(group): tuple(row) for group, row in known.iterrows()}, ax=ax)


def adoption_curves(usage: pd.DataFrame | None = None, *, least: float = 1.0, most: int = 52) -> pd.DataFrame:
    """Use of each model by weeks since its release, normalised in two ways.

    Parameters
    ----------
    usage : DataFrame, optional
        As ``load_reference("token_usage_weekly")``; free variants count.
    least : float
        Percent of a week's tokens that a model must have reached once: small ones come and go at the edge of
        the list.
    most : int
        Weeks since release after which a curve ends.

    Returns
    -------
    DataFrame
        ``model_id, group, age`` (weeks since release), ``share`` (percent of the week's tokens), ``floor``
        (share of the smallest listed model), ``of_peak`` (share over the model's own best), ``until`` (age at
        the table's end), ``of_top`` (over the median, at that age, of the ten models with the best weeks: the
        ATOM project's measure, for tokens instead of downloads). Models released within the data whose best
        week reached ``least``.
    """
    table = load_reference("token_usage_weekly") if usage is None else usage
    tokens = table["tokens"].astype(float)
    percent = 100 * tokens / tokens.groupby(table["week_start"]).transform("sum")
    named = table["model_id"].notna()
    by_model = percent[named].groupby([table["model_id"], table["week_start"]]).sum().rename("share")
    rows = by_model.rename_axis(["model_id", "week_start"]).reset_index()
    rows["floor"] = rows["week_start"].map(rows.groupby("week_start")["share"].min())
    models = load_reference("models").set_index("model_id")
    released = pd.to_datetime(rows["model_id"].map(models["release_date"]))
    rows["age"] = ((rows["week_start"] - released).dt.days // 7 + 1).astype("Int64")
    rows["until"] = (table["week_start"].max() - released).dt.days // 7 + 1
    rows["group"] = _groups(models.reindex(rows["model_id"]))
    is_new = released.ge(table["week_start"].min()) & rows["age"].between(0, most) & rows["group"].ne("")
    rows = rows[is_new.fillna(False)].astype({"age": int})
    peak = rows.groupby("model_id")["share"].transform("max")
    rows = rows.assign(of_peak=rows["share"] / peak)[peak >= least]
    top = rows.groupby("model_id")["share"].max().nlargest(_TOP).index
    typical = rows[rows["model_id"].isin(top)].groupby("age")["share"].median()
    rows["of_top"] = rows["share"] / rows["age"].map(typical)
    return rows.sort_values(["model_id", "age"], ignore_index=True)


def half_life(curves: pd.DataFrame, *, level: float = 0.95, draws: int = 499, seed: int = 0) -> HalfLife:
    """Median weeks from the best week until below half of it, by group, models still in use censored.

    Parameters
    ----------
    curves : DataFrame
        From :func:`adoption_curves`.
    level : float
    draws : int
        Resamples of models.
    seed : int

    Raises
    ------
    TooFewError
        No group has five models.

    Notes
    -----
    Kaplan and Meier's estimate. A model that leaves the list has fallen if half its best week was above the
    smallest listed share; if not, it is censored when it leaves.
    """
    spells = pd.DataFrame([_spell(rows) for _, rows in curves.groupby("model_id")])
    rng = np.random.default_rng(seed)
    found = []
    for group, part in spells.groupby("group"):
        if len(part) < MIN_MODELS:
            continue
        weeks, fell = part["weeks"].to_numpy(float), part["fell"].to_numpy(bool)
        chosen = rng.integers(len(part), size=(draws, len(part)))
        drawn = [_median(weeks[rows], fell[rows]) for rows in chosen]
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
        found.append(
            {"group": group, "models": len(part), "fell": int(fell.sum()), "median": _median(weeks, fell),
             "low": low, "high": high}
        )  # fmt: skip
    if not found:
        raise TooFewError(f"No group of models has {MIN_MODELS} that were released within the data.")
    return HalfLife(pd.DataFrame(found).replace(np.inf, np.nan), level)


def _groups(facts: pd.DataFrame) -> np.ndarray:
    origin = facts["origin"].where(facts["origin"].isin(["US", "CN"]), "other")
    access = facts["access"].where(facts["access"].eq("closed"), "open")
    known = facts["origin"].notna() & facts["access"].notna()
    return np.where(known, origin.astype(str) + " " + access.astype(str), "")


def _spell(rows: pd.DataFrame) -> dict[str, object]:
    """Weeks from the best week until below half of it, and whether that was seen."""
    best = rows.loc[rows["share"].idxmax()]
    after = rows[rows["age"] >= best["age"]]
    ages = [*after["age"], int(best["until"]) + 1]
    left = next((now + 1 for now, then in pairwise(ages) if then > now + _ABSENT), np.inf)
    below = after.loc[after["share"] < best["share"] / 2, "age"].min()
    fell_at = left if best["share"] / 2 > best["floor"] else np.inf
    end = np.nanmin([below, left, ages[-1]])
    return {"group": best["group"], "weeks": end - best["age"], "fell": end in (below, fell_at)}


def _median(weeks: np.ndarray, fell: np.ndarray) -> float:
    """Kaplan and Meier's median; infinite where the curve does not reach a half."""
    alive = 1.0
    for week in np.unique(weeks[fell]):
        alive *= 1 - fell[weeks == week].sum() / (weeks >= week).sum()
        if alive <= 0.5:
            return float(week)
    return float("inf")
