"""What costs least under each rule about where data may go, by volume and by kind of work?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from undercut.competition.adoption.deployment import (
    CHINESE_API,
    CLOSED,
    SELF_HOSTED,
    US_SELLER,
    WAYS,
    DeploymentAssumptions,
    MonthlyBills,
    monthly_bills,
)
from undercut.competition.hosts.serving_cost import ServingAssumptions

#: Which ways a rule about where data may go leaves open.
RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "any seller": WAYS,
    "US sellers only": (CLOSED, US_SELLER, SELF_HOSTED),
    "own machines only": (SELF_HOSTED,),
}


def cheapest_by_rule(bills: MonthlyBills) -> pd.DataFrame:
    """The cheapest way under each rule about where data may go.

    Returns
    -------
    DataFrame
        ``volume, rule, way, bill, low, high, how_sure``: the share of draws in which it is the cheapest
        of the ways that the rule leaves open. Bill and ``how_sure`` are missing where the only way left has
        a cost that cannot be told.
    """
    rows = []
    for rule, ways in RULES.items():
        stacked = np.stack([bills.draws[way] for way in ways])
        winner = stacked.argmin(axis=0)
        for column, volume in enumerate(bills.volumes):
            best = int(winner[0, column])
            row = bills.bills[(bills.bills["volume"] == volume) & (bills.bills["way"] == ways[best])].iloc[0]
            is_known = bool(np.isfinite(stacked[best, 0, column]))
            sure = float((winner[1:, column] == best).mean()) if is_known else np.nan
            rows.append(
                {"volume": volume, "rule": rule, **row[["way", "bill", "low", "high"]], "how_sure": sure}
            )
    return pd.DataFrame(rows)


def cheapest_by_workload(
    panels: Mapping[str, pd.DataFrame],
    day: str | date | pd.Timestamp,
    *,
    min_capability: float,
    volume: float,
    assumptions: DeploymentAssumptions | None = None,
    serving: ServingAssumptions | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """The cheapest way for each kind of work and each rule about where data may go.

    Parameters
    ----------
    panels : mapping of str to DataFrame
        By workload, each from :func:`undercut.load_prices` and priced for it.
    day, min_capability, assumptions, serving, draws, seed
        As in :func:`monthly_bills`.
    volume : float
        Million tokens a month.

    Returns
    -------
    DataFrame
        ``workload``, the columns of :func:`cheapest_by_rule` but the volume, and ``ratio, ratio_low,
        ratio_high``: cheapest Chinese weights that the rule allows to be bought by the token over the
        cheapest US closed model; missing where it allows none.
    """
    tables = []
    for workload, panel in panels.items():
        bills = monthly_bills(
            panel, day, min_capability=min_capability, workload=workload, volumes=(volume,),
            assumptions=assumptions, serving=serving, draws=draws, seed=seed,
        )  # fmt: skip
        table = cheapest_by_rule(bills).drop(columns="volume")
        bought = [[way for way in RULES[rule] if way in (CHINESE_API, US_SELLER)] for rule in table["rule"]]
        ratios = [bills.ratio(ways, volume=volume) if ways else (np.nan,) * 3 for ways in bought]
        table[["ratio", "ratio_low", "ratio_high"]] = np.array(ratios, dtype=float)
        tables.append(table.assign(workload=workload))
    found = pd.concat(tables, ignore_index=True)
    return found[["workload", *found.columns.drop("workload")]]


def one_row_each(table: pd.DataFrame, rows: str) -> pd.DataFrame:
    """The cheapest ways with one column a rule, as a page that must fit a phone shows them.

    Parameters
    ----------
    table : DataFrame
        From :func:`cheapest_by_rule` or :func:`cheapest_by_workload`.
    rows : str
        Its column ``volume`` or ``workload``.

    Returns
    -------
    DataFrame
        ``rows`` and one column a rule, each cell the way, its bill and the interval in US dollars a month.
    """
    cells = pd.Series(
        [
            f"{row.way}: cost not known"
            if pd.isna(row.bill)
            else f"{row.way}: ${_dollars(row.bill)} (${_dollars(row.low)} to ${_dollars(row.high)})"
            for row in table.itertuples()
        ]
    )
    wide = table[[rows, "rule"]].assign(cell=cells.to_numpy())
    wide = wide.pivot_table(index=rows, columns="rule", values="cell", aggfunc="first", sort=False)
    return wide[list(RULES)].rename_axis(columns=None).reset_index()


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount < 100 else f"{amount:,.0f}"
