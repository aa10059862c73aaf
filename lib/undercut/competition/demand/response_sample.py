"""Around which weeks did a price change, and what did tokens do then? The sample of price responses.

One router's weekly tokens by model and the changes of price that witnesses call real.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from undercut.days import Day
from undercut.errors import TooFewError, check_known
from undercut.inference.arrays import Floats
from undercut.panel.changes import load_changes
from undercut.panel.measures import model_scores
from undercut.sources.reference import load_reference

LEVELS: Final = ("router", "developer")
#: Weight of the output price; prompts are nearly all tokens there (table ``token_mix_weekly``).
OUTPUT_SHARE: Final = 0.05
_WEEK: Final = pd.Timedelta(weeks=1)
_ROUTER: Final = "openrouter"
#: Variants that are offers of their own, not the model's price.
_OTHER_OFFERS: Final = ("free", "exacto", "pro")


def response_sample(
    usage: pd.DataFrame | None = None,
    changes: pd.DataFrame | None = None,
    *,
    as_of: Day = None,
    price_level: str = "router",
    weeks: int = 4,
    gap: int = 0,
    least: float = 0.1,
    near: float = 5.0,
) -> pd.DataFrame:
    """Models around the weeks in which a price changed: those that changed it, and all others.

    Parameters
    ----------
    usage : DataFrame, optional
        As ``load_reference("token_usage_weekly")``; free variants are left out.
    changes : DataFrame, optional
        As ``load_changes(verdict="real")``.
    as_of : str or date, optional
        What could be known at the end of this day, where ``usage`` and ``changes`` are not given.
    price_level : {"router", "developer"}
        Changes of the router's lowest price, or of the developer's own.
    weeks : int
        Weeks averaged before and after the week of the change; a model needs three quarters of each.
    gap : int
        Weeks left out before the change, where its day is known to a month only.
    least : float
        Least size of a change that counts, in logarithms.
    near : float
        Points of capability within which another developer's model is a rival.

    Returns
    -------
    DataFrame
        ``week, model_id, developer, own`` (log change of price, 0 for the others), ``rival`` (mean log
        change of its rivals), ``after`` and ``before`` (log tokens after less before; before less the weeks
        before those), ``log_age``.

    Raises
    ------
    UnknownNameError
        ``price_level`` is neither.
    TooFewError
        No change has the weeks around it.
    """
    check_known("level of prices", price_level, LEVELS)
    table = load_reference("token_usage_weekly", as_of=as_of) if usage is None else usage
    table = table[table["model_id"].notna() & ~table["variant"].eq("free").fillna(False)]
    counted = table.assign(tokens=table["tokens"].astype(float))
    tokens = np.log(
        counted.pivot_table(index="week_start", columns="model_id", values="tokens", aggfunc="sum")
    )
    found = load_changes(as_of, verdict="real") if changes is None else changes
    shocks = _shocks(found, tokens.columns, price_level, least)
    rivals = _rivals(tokens.columns, near)
    rows = _around(tokens, shocks, rivals, weeks, gap)
    if rows.empty:
        raise TooFewError(f"No change of a price ({price_level}) has {weeks} weeks of tokens around it.")
    facts = load_reference("models").set_index("model_id")[["developer", "release_date"]]
    rows = rows.join(facts, on="model_id")
    days = (rows["week"] - pd.to_datetime(rows.pop("release_date"))).dt.days.clip(lower=7)
    rows["log_age"] = np.log(days.astype(float))
    busy = _busy(shocks, range(-weeks - gap, weeks + 1))
    calm = ~pd.MultiIndex.from_frame(rows[["model_id", "week"]]).isin(busy)
    return rows[(rows["own"].ne(0) | calm) & rows["log_age"].notna()].reset_index(drop=True)


def _shocks(changes: pd.DataFrame, models: pd.Index, price_level: str, least: float) -> pd.DataFrame:
    """``model_id, week, change``: one row a model and week in which its price changed."""
    if price_level == "router":
        of_level = changes["host"].eq(_ROUTER)
    else:
        kinds = load_reference("hosts").set_index("host")["kind"]
        of_level = changes["host"].map(kinds).eq("developer")
    kept = changes[of_level & changes["model_id"].isin(models) & changes["changed_on"].notna()]
    kept = kept[~kept["variant"].fillna("").isin(_OTHER_OFFERS)]
    after, before = (
        (1 - OUTPUT_SHARE) * kept[f"input_{when}"] + OUTPUT_SHARE * kept[f"output_{when}"]
        for when in ("after", "before")
    )
    weeks = pd.to_datetime(kept["changed_on"]).dt.to_period("W-SUN").dt.start_time
    moved = kept.assign(change=np.log(after / before), week=weeks).dropna(subset=["change"])
    moved = moved.groupby(["model_id", "week"], as_index=False)["change"].mean()
    return moved[moved["change"].abs() > least]


def _rivals(models: pd.Index, near: float) -> pd.DataFrame:
    """Which models are rivals: near in capability and of another developer."""
    makers = load_reference("models").set_index("model_id")["developer"].reindex(models).to_numpy(object)
    points = model_scores().reindex(models).to_numpy(float)
    close = np.abs(points[:, None] - points[None, :]) <= near
    return pd.DataFrame(close & (makers[:, None] != makers[None, :]), index=models, columns=models)


def _around(
    tokens: pd.DataFrame, shocks: pd.DataFrame, rivals: pd.DataFrame, weeks: int, gap: int
) -> pd.DataFrame:
    """Log tokens of every model around each week of a change; models without enough weeks are left out."""
    values, starts = tokens.to_numpy(float), tokens.index

    def mean(week: pd.Timestamp, first: int, last: int) -> Floats:
        part = values[slice(*starts.searchsorted([week + first * _WEEK, week + (last + 1) * _WEEK]))]
        seen = np.isfinite(part)
        number = seen.sum(axis=0)
        total = np.where(seen, part, 0.0).sum(axis=0)
        enough = number >= np.ceil(0.75 * weeks)
        return np.divide(total, number, out=np.full(len(total), np.nan), where=enough)

    moved = shocks.pivot_table(index="week", columns="model_id", values="change")
    own = moved.reindex(columns=tokens.columns).fillna(0.0).to_numpy()  # (weeks of changes, models)
    near = rivals.to_numpy(float)
    rival = [near @ one / np.maximum(near.sum(axis=1), 1) for one in own]
    spans = ((1, weeks), (-weeks - gap, -1 - gap), (-2 * weeks - gap, -weeks - 1 - gap))
    means = np.array([[mean(week, *span) for span in spans] for week in moved.index])
    if not len(means):
        return pd.DataFrame()
    after, before = means[:, 0] - means[:, 1], means[:, 1] - means[:, 2]
    at, model = np.nonzero(np.isfinite(after))
    kept = {"own": own, "rival": np.array(rival), "after": after, "before": before}
    return pd.DataFrame(
        {"model_id": tokens.columns[model], "week": moved.index[at]}
        | {name: column[at, model] for name, column in kept.items()}
    )


def _busy(shocks: pd.DataFrame, reach: range) -> pd.MultiIndex:
    """Models and weeks that lie near a change of the model's own price."""
    pairs = [(row.model_id, row.week + k * _WEEK) for row in shocks.itertuples() for k in reach]
    return pd.MultiIndex.from_tuples(pairs, names=["model_id", "week"])
