"""What did each model cost on each task of a benchmark, and what did its tokens cost then?"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.errors import MissingColumnError, one_of, unknown
from undercut.panel.access import has_open_weights

Effort = Literal["best", "all", "cheapest"]
#: Groups that are compared, by origin and access.
GROUPS: Final = {"chinese_open": ("CN", "open"), "us_closed": ("US", "closed")}
#: A model that is dated by its release counts with the first offer within this many days.
LATEST_OFFER: Final = pd.Timedelta(days=120)
_UNDIVIDABLE: Final = "do not divide"


def task_costs(
    costs: pd.DataFrame, models: pd.DataFrame, *, benchmark: str, effort: Effort = "best"
) -> pd.DataFrame:
    """Costs of one benchmark's tasks, one row a model and run.

    Parameters
    ----------
    costs, models : DataFrame
        ``load_reference("cost_per_task")`` and ``load_reference("models")``.
    benchmark : str
    effort : {"best", "all", "cheapest"}
        Which runs of a model count: that with the highest score (of these the cheapest), all of them, or
        the
        one with the least dollars per solved task.

    Returns
    -------
    DataFrame
        ``benchmark, model_id, developer, origin, access, group`` (a key of `GROUPS` or missing),
        ``effort``, ``score`` (share solved), ``usd_per_task``, ``usd_per_solved``,
        ``output_tokens_per_task``, ``day`` and ``dated_by`` (``run``, or ``release`` where the run has no
        day). Runs without a cost or without a model
        of ours are left out; ``usd_per_solved`` is missing where a board says that cost and score belong to
        different task sets.

    Raises
    ------
    UnknownNameError
        No such benchmark.
    InputError
        Unknown ``effort``.
    """
    one_of("effort", effort, get_args(Effort))
    if benchmark not in set(costs["benchmark"]):
        raise unknown("benchmark", benchmark, sorted(set(costs["benchmark"])))
    rows = costs[costs["benchmark"].eq(benchmark) & costs["usd_per_task"].gt(0) & costs["model_id"].notna()]
    solved = rows["usd_per_solved"].fillna(rows["usd_per_task"] / rows["score"].where(rows["score"] > 0))
    divides = ~rows["note"].fillna("").str.contains(_UNDIVIDABLE)
    released = rows["model_id"].map(models.set_index("model_id")["release_date"])
    rows = rows.assign(
        usd_per_solved=solved.where(divides),
        day=rows["date"].fillna(released),
        dated_by=np.where(rows["date"].notna(), "run", "release"),
        group=group_of(rows),
    )
    if effort == "best":
        rows = rows.sort_values(["score", "usd_per_task"], ascending=[False, True], kind="stable")
    elif effort == "cheapest":
        rows = rows.sort_values("usd_per_solved", kind="stable")
    if effort != "all":
        rows = rows.drop_duplicates("model_id")
    columns = (
        "benchmark model_id developer origin access group effort score usd_per_task usd_per_solved "
        "output_tokens_per_task day dated_by"
    )
    return rows[columns.split()].sort_values(["model_id", "score"], ignore_index=True)


def group_of(rows: pd.DataFrame) -> pd.Series:
    """Group of each row by ``origin`` and ``access``; weights under any licence are open."""
    access = rows["access"].where(~has_open_weights(rows["access"]), "open")
    found = pd.Series(pd.NA, index=rows.index, dtype="object")
    for name, (origin, kind) in GROUPS.items():
        found[rows["origin"].eq(origin) & access.eq(kind)] = name
    return found


def with_token_prices(rows: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Add ``usd_per_mtok``: what a million of the model's tokens cost on the day of the run.

    Parameters
    ----------
    rows : DataFrame
        From `task_costs`.
    prices : DataFrame
        From `undercut.load_prices`; its workload says what a million tokens are.

    Returns
    -------
    DataFrame
        The median over sellers with an offer in force on the day; where there was none, on the day of the
        first offer within the next 120 days; else missing.

    Raises
    ------
    MissingColumnError
        ``prices`` has no ``price``.
    """
    if "price" not in prices.columns:
        raise MissingColumnError(
            "prices has no column 'price': load it with undercut.load_prices(workload=...)."
        )
    offers = prices[prices["model_id"].isin(rows["model_id"]) & prices["price"].gt(0)]
    pairs = rows[["model_id", "day"]].drop_duplicates().merge(offers, on="model_id", how="left")
    pairs["moment"] = pairs["day"].where(_in_force(pairs, pairs["day"]))
    later = pairs["valid_from"].where(pairs["valid_from"].between(pairs["day"], pairs["day"] + LATEST_OFFER))
    groups = [pairs["model_id"], pairs["day"]]
    on_sale, first = (
        column.groupby(groups, dropna=False).transform("min") for column in (pairs["moment"], later)
    )
    pairs = pairs[_in_force(pairs, on_sale.fillna(first))]
    by_host = pairs.groupby(["model_id", "day", "host"])["price"].min()
    found = by_host.groupby(["model_id", "day"]).median().rename("usd_per_mtok")
    return rows.join(found, on=["model_id", "day"])


def _in_force(offers: pd.DataFrame, day: pd.Series) -> pd.Series:
    return offers["valid_from"].le(day) & (offers["valid_to"].isna() | offers["valid_to"].gt(day))
