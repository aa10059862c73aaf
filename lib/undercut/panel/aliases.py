"""Which model stood behind a moving name on each day of an offer?

``gpt-4o`` on 1 November 2024 is ``gpt-4o-2024-08-06``. When a name moves, a new product appears behind an
old name: the offer is split on that day, so that no price change of one product is ever read into it.
"""

from __future__ import annotations

import pandas as pd

from undercut.panel.slips import Verdict
from undercut.panel.stretches import OFFER, SAME_PRICE, near_both, overlap


def apply_alias_periods(rows: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Split offers under moving names at the days on which the names moved.

    Parameters
    ----------
    rows : DataFrame
        With ``host``, ``alias`` (null = not a moving name), ``model_id``, ``valid_from``, ``valid_to``.
    periods : DataFrame
        ``host`` (or ``"*"``), ``alias``, ``model_id`` (null = unknown), ``valid_from``, ``valid_to``.
        A host's own periods take precedence over ``"*"``.

    Returns
    -------
    DataFrame
        ``rows`` with ``model_id`` filled in where the table knows it, a column ``moved_from`` (the model
        behind the name before, where the period starts within the offer's history) and ``moved_on``. Days
        that no period covers keep a null ``model_id``.
    """
    fixed = rows[rows["alias"].isna()].assign(moved_from=pd.NA, moved_on=pd.NaT)
    moving = rows[rows["alias"].notna()]
    if moving.empty:
        return fixed
    own = set(zip(periods["host"], periods["alias"], strict=True))
    has_own = [key in own for key in zip(moving["host"], moving["alias"], strict=True)]
    keyed = moving.drop(columns="model_id").assign(
        row=moving.index, period_host=moving["host"].where(has_own, "*")
    )
    described = _describe(periods).rename(columns={"host": "period_host"})
    joined = keyed.merge(described, on=["period_host", "alias"], how="inner")
    split = _clip(joined)
    rest = _uncovered(keyed, split)
    pieces = pd.concat([split, rest], ignore_index=True).drop(columns=["row", "period_host"])
    return pd.concat([fixed, pieces], ignore_index=True)


def _describe(periods: pd.DataFrame) -> pd.DataFrame:
    """Periods with the last target known before each; one after an unknown target is a move all the same."""
    ordered = periods.sort_values(["host", "alias", "valid_from"], ignore_index=True)
    keys = [ordered["host"], ordered["alias"]]
    last_known = ordered.groupby(["host", "alias"])["model_id"].ffill()
    is_first = ordered.groupby(["host", "alias"]).cumcount().eq(0)
    return ordered.rename(columns={"valid_from": "period_from", "valid_to": "period_to"}).assign(
        moved_from=last_known.groupby(keys).shift(), moved_on=ordered["valid_from"].where(~is_first)
    )


def _clip(joined: pd.DataFrame) -> pd.DataFrame:
    """The part of each offer that lies within each period; a day's last quote stays on its day."""
    open_end = pd.Timestamp.max.normalize().as_unit("us")
    starts = joined[["valid_from", "period_from"]].max(axis=1)
    ends = pd.concat([joined["valid_to"].fillna(open_end), joined["period_to"].fillna(open_end)], axis=1).min(
        axis=1
    )
    is_empty_offer = joined["valid_from"].eq(joined["valid_to"])
    within = (starts < ends) | (
        is_empty_offer
        & (joined["period_from"] <= joined["valid_from"])
        & (joined["valid_from"] < joined["period_to"].fillna(open_end))
    )
    clipped = joined.assign(valid_from=starts, valid_to=ends.where(ends < open_end))
    return clipped[within].drop(columns=["period_from", "period_to"])


def _uncovered(keyed: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """The days of each offer that lie before, between or after the known periods."""
    gaps = []
    covered: dict[int, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
    for row, start, end in split[["row", "valid_from", "valid_to"]].itertuples(index=False):
        covered.setdefault(row, []).append((start, end))
    for offer in keyed.to_dict("records"):
        part = covered.get(offer["row"], [])
        cursor = offer["valid_from"]
        for start, end in sorted(part):
            if cursor < start:
                gaps.append({**offer, "valid_from": cursor, "valid_to": start})
            cursor = end
        is_covered = part and (pd.isna(cursor) or cursor >= _end(offer["valid_to"]))
        if not is_covered:
            gaps.append({**offer, "valid_from": cursor})
    columns = [column for column in split.columns if column not in ("model_id", "moved_from", "moved_on")]
    frame = pd.DataFrame(gaps, columns=columns).astype(split[columns].dtypes.to_dict())
    return frame.assign(model_id=pd.NA, moved_from=pd.NA, moved_on=pd.NaT)


def _end(moment: pd.Timestamp) -> pd.Timestamp:
    return pd.Timestamp.max if pd.isna(moment) else moment


def stale_alias(rows: pd.DataFrame) -> Verdict:
    """A moving name that still shows, unchanged, the price of the model it meant before it moved.

    The new target's own id, or any id that did not move, says otherwise at the same host on the same days.
    """
    usable = rows[rows["status"].eq("ok") & rows["model_id"].notna()]
    moved = usable[usable["moved_on"].notna() & usable["alias"].notna()]
    unchanged = moved[price_before_move(usable, moved)]
    dated = usable.loc[usable["moved_on"].isna(), [*OFFER, "input", "output", "valid_from", "valid_to"]]
    met = unchanged.reset_index(names="row").merge(dated, on=OFFER, suffixes=("", "_dated"))
    met = met[overlap(met, "_dated")]
    agreed = near_both(met, "_dated", SAME_PRICE).groupby(met["row"]).any()
    stale = agreed.index[~agreed]
    # What was stale stays so when the name moves again and keeps its price.
    keys = ["source", "raw_id", "input", "output"]
    former = moved.loc[stale, [*keys, "valid_to"]].rename(columns={"valid_to": "valid_from"})
    again = unchanged.reset_index(names="row").merge(former, on=[*keys, "valid_from"])
    stale = stale.union(again["row"])
    day = moved["moved_on"].dt.strftime("%Y-%m-%d")
    target = moved["model_id"].astype("str")
    reason = "the name moved to " + target + " on " + day + "; the price is the old model's"
    return pd.Series(rows.index.isin(stale), index=rows.index), reason.reindex(rows.index)


def price_before_move(usable: pd.DataFrame, moved: pd.DataFrame) -> pd.Series:
    """Whether a quote under a moving name has the price that the name had before it moved: of a name first
    listed after it moved, that of the former model's own ids at the same host on the first day.
    """
    prices = ["valid_from", "first_seen", "input", "output"]
    rows = moved.reset_index(names="row")
    pairs = rows.merge(usable[["source", "raw_id", *prices]], on=["source", "raw_id"], suffixes=("", "_then"))
    pairs = pairs[pairs["valid_from_then"] < pairs["moved_on"]]
    fixed = usable.loc[usable["moved_on"].isna(), ["host", "model_id", "valid_to", *prices]]
    fixed, new = fixed.rename(columns={"model_id": "moved_from"}), rows[~rows["row"].isin(pairs["row"])]
    others = new.merge(fixed, on=["host", "moved_from"], suffixes=("", "_then"))
    others = others.query("valid_from_then <= valid_from and not valid_to_then <= valid_from")
    last = pairs.sort_values(["valid_from_then", "first_seen_then"]).groupby("row", as_index=False).last()
    told = pd.concat([last, others])
    same = near_both(told, "_then", SAME_PRICE).groupby(told["row"]).any()
    return same.reindex(moved.index, fill_value=False)
