"""How good is the panel: what does it span, what was set aside and why, and do its sources agree?"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from undercut.panel.stretches import OFFER, PRICES, SAME_PRICE, near


def spans(panel: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    """For each source: number of tables, first and last day, raw ids and quotes in the panel."""
    tables = snapshots.groupby("source").agg(
        tables=("version", "size"),
        backports=("is_backport", "sum"),
        first=("published", "min"),
        last=("published", "max"),
    )
    rows = panel.groupby("source").agg(raw_ids=("raw_id", "nunique"), rows=("raw_id", "size"))
    return tables.join(rows).reset_index()


def status_counts(panel: pd.DataFrame) -> pd.DataFrame:
    """Rows of each status by source, with a total."""
    counts = pd.crosstab(panel["source"], panel["status"])
    counts.loc["all"] = counts.sum()
    return counts.reset_index()


def set_aside(panel: pd.DataFrame) -> pd.DataFrame:
    """Why quotes were set aside: status, reason, number of rows and of raw ids."""
    aside = panel[~panel["status"].isin(["ok", "other_mode"])].copy()
    # Reasons that name a number, a day or a source are one reason.
    aside["reason"] = (
        aside["note"]
        .str.replace(r"\d{4}-\d{2}-\d{2}", "<day>", regex=True)
        .str.replace(r"factor of [\d.e+-]+", "large factor", regex=True)
        .str.replace(r"name moved to \S+ on", "name moved to <model> on", regex=True)
        .str.replace(r"that (?:[a-z-]+(?:, )?)+ already", "that another source already", regex=True)
        .str.replace(r"^(?:[a-z-]+, )*[a-z-]+ gave another", "another source gave another", regex=True)
        .str.replace(r"witnesses \(.*\)", "witnesses", regex=True)
        .str.replace(r"contradicted by (?!independent).*;", "contradicted by one witness;", regex=True)
    )
    table = aside.groupby(["status", "reason"]).agg(rows=("raw_id", "size"), raw_ids=("raw_id", "nunique"))
    return table.sort_values("rows", ascending=False).reset_index()


def names(panel: pd.DataFrame, models: pd.DataFrame, *, new_within: int = 30) -> pd.DataFrame:
    """How much of the panel rests on reviewed names, and how much on names that only a rule or nothing reads.

    Returns
    -------
    DataFrame
        ``names, models, usable_models, usable_rows, new_models``; the last counts models with usable prices
        that were first offered in so many days before the newest table.
    """
    named = panel[panel["model_id"].notna() & panel["status"].ne("other_mode")]
    reviewed = named["model_id"].isin(models["model_id"]).map({True: "reviewed", False: "not reviewed"})
    usable = named["status"].eq("ok")
    since = panel["last_seen"].max().tz_convert(None).normalize() - pd.Timedelta(days=new_within)
    is_new = named["valid_from"].groupby(named["model_id"]).transform("min") > since
    ids = named["model_id"]
    table = pd.DataFrame(
        {
            "models": ids.groupby(reviewed).nunique(),
            "usable_models": ids[usable].groupby(reviewed).nunique(),
            "usable_rows": usable.groupby(reviewed).sum(),
            "new_models": ids[usable & is_new].groupby(reviewed).nunique(),
        }
    )
    return table.fillna(0).astype(int).rename_axis("names").reset_index()


def agreement(panel: pd.DataFrame) -> pd.DataFrame:
    """How often two sources name the same price for the same offer on the same day.

    Compared on the first day of each month, over offers (host, model, variant) on which both sources have a
    price that is not a unit error, placeholder, backport or stale alias. Agreement means both token prices
    within one percent.

    Returns
    -------
    DataFrame
        ``source_a, source_b, offer_months, agree``; ``agree`` is a share. Pairs that never meet are absent.
    """
    monthly = _monthly_prices(panel)
    rows = []
    for left, right in combinations(sorted(monthly["source"].unique()), 2):
        both = monthly[monthly["source"] == left].merge(
            monthly[monthly["source"] == right],
            on=["month", *OFFER],
            suffixes=("_a", "_b"),
        )
        if len(both):
            a, b = (both[[f"{name}_{side}" for name in PRICES]] for side in "ab")
            same = near(a, b, SAME_PRICE).all(axis=1)
            rows.append((left, right, len(both), float(np.mean(same))))
    return pd.DataFrame(rows, columns=["source_a", "source_b", "offer_months", "agree"])


def _monthly_prices(panel: pd.DataFrame) -> pd.DataFrame:
    """One price per source, offer and first day of a month."""
    keys = ["month", "source", "host", "model_id", "variant"]
    needed = [*keys[1:], "raw_id", "valid_from", "valid_to", "first_seen", "input", "output"]
    usable = panel.loc[panel["status"].isin(["ok", "disputed"]) & panel["model_id"].notna(), needed]
    usable.attrs = {}  # provenance would be copied with every month
    months = pd.date_range(usable["valid_from"].min(), panel["last_seen"].max().tz_convert(None), freq="MS")
    parts = []
    for month in months:
        offered = usable[(usable["valid_from"] <= month) & ~(usable["valid_to"] <= month)]
        parts.append(offered.assign(month=month))
    every = pd.concat(parts).sort_values("raw_id")
    # A source may list one offer under several ids; the latest news of it counts.
    return every.sort_values("first_seen").groupby(keys, as_index=False)[["input", "output"]].last()


def freshness(snapshots: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Days since each source's last table."""
    last = snapshots.groupby("source")["published"].max().dt.tz_convert(None).dt.normalize()
    return (today.normalize() - last).dt.days.rename("days_since_last_table").reset_index()
