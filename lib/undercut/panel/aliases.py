"""Which model stood behind a moving name on each day of an offer?

``gpt-4o`` on 1 November 2024 is ``gpt-4o-2024-08-06``. When a name moves, a new product appears behind an
old name: the offer is split on that day, so that no price change of one product is ever read into it.
"""

from __future__ import annotations

import pandas as pd

UNKNOWN_TARGET = "alias: the model behind the name on this day is not known"


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
