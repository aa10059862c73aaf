"""How does the panel come out of the quotes?

``build_panel`` is a pure function of what had been published: runs and snapshots in, panel out. An as-of
panel is the same function on what had been published by that day, so nothing learnt later can leak in.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from undercut.panel.aliases import apply_alias_periods
from undercut.panel.cleaning import assign_status
from undercut.panel.contradictions import contradict
from undercut.panel.disputes import settle
from undercut.panel.identity import Identity
from undercut.panel.runs import cut
from undercut.panel.schema import PANEL_COLUMNS, PRICE_COLUMNS
from undercut.panel.stretches import OFFER, PRICES, SAME_PRICE, near_both
from undercut.panel.timeline import add_validity
from undercut.panel.withdrawals import load_ends, stated_ends
from undercut.sources.quotes import TEXT_MODES

#: Prices that a source converted from yuan, by its own comments: (source, pattern of the id, yuan a dollar).
CONVERTED: Final = (
    ("genai-prices", r"zhipuai/.*", 7.25),
    ("genai-prices", r"minimax/MiniMax-M2(?:\.1(?:-highspeed)?)?", 7.0),
)
_ORDER = [
    "model_id", "host", "variant", "source", "raw_id", "valid_from", "first_seen", "valid_to", "last_seen",
    "input", "output", "conditions",
]  # fmt: skip
_TEXT = [
    "host", "model_id", "raw_id", "developer", "origin", "access", "source", "status", "note", "variant",
    "mode", "unit",
]  # fmt: skip


def build_panel(
    runs: pd.DataFrame,
    snapshots: pd.DataFrame,
    identity: Identity,
    witnesses: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """The price panel as it could be known at the end of a day.

    Parameters
    ----------
    runs, snapshots : DataFrame
        Everything read, as stored.
    identity : Identity
        Who is who. The tables of names are today's: a better name for an old offer is not a later price.
    witnesses : DataFrame, optional
        What independent trackers wrote down, as of the same day; without them the sources judge each other.
    as_of : Timestamp, optional
        Day to look back from; the day of the newest table by default.

    Returns
    -------
    DataFrame
        Columns of :data:`undercut.panel.schema.PANEL_COLUMNS`, in a fixed order.
    """
    day = snapshots["published"].max().tz_convert(None).normalize() if as_of is None else as_of
    others = _other_modes(runs, snapshots, identity, day)
    rows, ends = offers_and_ends(runs, snapshots, identity, day)
    rows = _with_ends(rows, ends)
    rows = _split_at(rows, rows["ended_on"].where(rows["ended_on"] <= day))
    rows = _split_at(rows, rows["release_date"])
    rows = assign_status(rows)
    # Of a day still to come nobody else has spoken: an announcement contradicts no one.
    settled = settle(rows[~rows["is_announced"]])
    if witnesses is not None:
        settled = contradict(settled, witnesses)
    rows = pd.concat([settled, rows[rows["is_announced"]], others], ignore_index=True)
    return _finish(rows)


def offers_and_ends(
    runs: pd.DataFrame, snapshots: pd.DataFrame, identity: Identity, day: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every quote of text known at the end of a day with identity and period, and when each offer ended.

    A table that files an offer anew under another mode (realtime, say) states its end there.
    """
    is_text = runs["mode"].isin(TEXT_MODES)
    rows = _use_effective_days(_identified(runs[is_text], snapshots, identity, day))
    others = _identified(runs[~is_text], snapshots, identity, day)
    offers = [pd.MultiIndex.from_frame(part[["host", "model_id"]]) for part in (rows, others)]
    stated = pd.concat([rows, others[offers[1].isin(offers[0])]], ignore_index=True)
    known = snapshots[snapshots["published"] < day.tz_localize("UTC") + pd.Timedelta(days=1)]
    return rows, stated_ends(stated, known, load_ends(as_of=day))


def _identified(
    runs: pd.DataFrame, snapshots: pd.DataFrame, identity: Identity, day: pd.Timestamp
) -> pd.DataFrame:
    known_runs, known_snapshots = cut(runs, snapshots, day)
    rows = add_validity(known_runs, known_snapshots, day)
    # Prices announced for a day still to come are part of what is known; say so.
    return _identify(rows.assign(is_announced=rows["valid_from"] > day), identity)


def _other_modes(
    runs: pd.DataFrame, snapshots: pd.DataFrame, identity: Identity, day: pd.Timestamp
) -> pd.DataFrame:
    """What does not write text: named and dated like the rest, and judged by no rule about prices of text."""
    rows = _identified(runs[~runs["mode"].isin(TEXT_MODES)], snapshots, identity, day)
    what = rows["mode"].str.replace("_", " ") + ": US dollars per " + rows["unit"]
    late = rows["is_backport"]
    return rows.assign(
        status=np.where(late, "backport", "other_mode"),
        note=what.mask(late, "patch release of an older line carries an older table"),
        model_id=rows["model_id"].where(~rows["model_id"].isin(identity.models.index)),
    )


def _identify(rows: pd.DataFrame, identity: Identity) -> pd.DataFrame:
    names = rows[["source", "raw_host", "raw_id"]].drop_duplicates()
    resolved = identity.resolve(names)
    rows = rows.merge(resolved, on=["source", "raw_host", "raw_id"], how="left", validate="many_to_one")
    rows["closed_on"] = rows["host"].map(identity.hosts.set_index("host")["closed_on"])
    rows = apply_alias_periods(rows, identity.alias_periods())
    rows = _with_facts(rows, identity.models)
    own = identity.developers.set_index("developer")["own_host"].dropna()
    rows["is_own_host"] = rows["host"].eq(rows["developer"].map(own[~own.index.duplicated()]))
    return rows


def _with_ends(rows: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """The day on which each offer ended, whichever source states it, and who does."""
    ends = ends[["host", "model_id", "ended_on", "kind", "stated_by"]]
    rows = rows.merge(ends.rename(columns={"kind": "end_kind"}), on=["host", "model_id"], how="left")
    # A seller that closed ended what nobody has identified as well.
    rows["ended_on"] = rows["ended_on"].fillna(rows["closed_on"])
    return rows


def _with_facts(rows: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Facts from the reviewed table where it knows the model, from the developer's rule otherwise."""
    known = rows[["model_id"]].join(facts[["developer", "origin", "access", "release_date"]], on="model_id")
    for column in ("developer", "origin", "access"):
        rows[column] = known[column].where(known["developer"].notna(), rows[column])
    return rows.assign(release_date=pd.to_datetime(known["release_date"]))


def _use_effective_days(rows: pd.DataFrame) -> pd.DataFrame:
    """Move the day of a price change to the day that a dated source states for the same change.

    A table learns of a change late. Where a source with effective days gives the same new price for the
    same offer on a day after the previous quote began, the change happened on that day.
    """
    is_dated = rows["effective_from"].notna() & rows["model_id"].notna()
    dating = rows.loc[is_dated, "source"].unique()
    # What a source has since taken back or said otherwise is no longer stated.
    stands = is_dated & ~(rows["valid_to"] <= rows["valid_from"])
    stated = rows.loc[stands, [*OFFER, *PRICES, "valid_from"]]
    changes = _price_changes(rows[~rows["is_backport"] & ~rows["source"].isin(dating)])
    matched = changes.reset_index(names="row").merge(stated, on=OFFER, suffixes=("", "_stated"))
    day = matched["valid_from_stated"]
    inside = (day > matched["valid_from_before"]) & (day < matched["valid_from"])
    matched = matched[near_both(matched, "_stated", SAME_PRICE) & inside]
    matched = matched.sort_values(["row", "valid_from_stated"]).drop_duplicates("row", keep="last")
    moved, day = rows.copy(), matched["valid_from_stated"].to_numpy()
    moved.loc[matched["row"], "valid_from"] = day
    moved.loc[matched["row_before"].astype(int), "valid_to"] = day
    return moved


def _price_changes(rows: pd.DataFrame) -> pd.DataFrame:
    """Quotes that begin where the same name's quote for the same model ends, at another price."""
    ordered = rows.sort_values(["source", "raw_id", "valid_from", "first_seen"])
    ordered = ordered.assign(row=ordered.index)
    columns = ["input", "output", "valid_from", "valid_to", "row"]
    before = ordered.groupby(["source", "raw_id", "model_id"])[columns].shift()
    both = ordered.drop(columns="row").join(before.add_suffix("_before"))
    stays = near_both(both, "_before", SAME_PRICE)
    return both[both["valid_to_before"].eq(both["valid_from"]) & ~stays]


def _split_at(rows: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    """Split each row on its day where that lies inside its period."""
    inside = (days > rows["valid_from"]) & (rows["valid_to"].isna() | (days < rows["valid_to"]))
    head = rows[inside].assign(valid_to=days[inside])
    tail = rows[inside].assign(valid_from=days[inside])
    return pd.concat([rows[~inside], head, tail], ignore_index=True)


def _merge_backports(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each tariff that patch releases of older lines repeat, from its first to its last."""
    same = ["source", "raw_id", "host", "model_id", "variant", *PRICE_COLUMNS]
    backports = rows[rows["status"].eq("backport")].sort_values("first_seen", kind="stable")
    last = backports.groupby(same, dropna=False)["last_seen"].transform("max")
    merged = backports.assign(last_seen=last).drop_duplicates(same)
    return pd.concat([rows[~rows["status"].eq("backport")], merged], ignore_index=True)


def _yuan_rate(rows: pd.DataFrame) -> pd.Series:
    """How many yuan a dollar the source took for a price that the seller states in yuan."""
    rate = pd.Series(np.nan, index=rows.index)
    for source, pattern, yuan in CONVERTED:
        rate = rate.mask(rows["source"].eq(source) & rows["raw_id"].str.fullmatch(pattern), yuan)
    return rate


def _finish(rows: pd.DataFrame) -> pd.DataFrame:
    """Contract columns, types and order."""
    rows = _merge_backports(rows)
    moved = rows["moved_on"].notna() & rows["moved_from"].notna() & rows["note"].eq("")
    moved &= rows["valid_from"].eq(rows["moved_on"])
    note = "name moved from " + rows["moved_from"].astype("str") + "; a new product, not a price change"
    rows["note"] = rows["note"].where(~moved, note)
    announced = rows["is_announced"] & rows["note"].eq("")
    rows["note"] = rows["note"].where(~announced, "announced for this day, not yet in force")
    # A quote that never held a whole day must not look like a price in a history of usable ones.
    never = rows["valid_from"].eq(rows["valid_to"]) & rows["status"].eq("ok")
    rows.loc[never, "status"] = "disputed"
    rows.loc[never, "note"] = "replaced on the day it was published, or in the source's own history"
    # No offer names a model released after its day, whatever its status.
    rows["model_id"] = rows["model_id"].where(~(rows["valid_from"] < rows["release_date"]))
    panel = rows.assign(yuan_per_usd=_yuan_rate(rows))[list(PANEL_COLUMNS)]
    panel[_TEXT] = panel[_TEXT].astype("str")
    for column in ("valid_from", "valid_to"):
        panel[column] = panel[column].astype("datetime64[us]")
    return panel.sort_values(_ORDER, ignore_index=True, kind="stable", na_position="last")
