"""When did each offer end? The last days that tables and sellers state, carried to every source and id."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from undercut.paths import data_dir

WITHDRAWAL_COLUMNS: Final = (
    "host",
    "model_id",
    "ended_on",
    "stated_by",
    "kind",
    "known_from",
    "first_offered",
)
_LIST_OF: Final = {"openrouter-archive": "openrouter"}
#: A day farther ahead than this says "never" (2099-12-31).
FARTHEST: Final = pd.Timedelta(days=3 * 365)
#: Names of a preview end when the model comes out; the model goes on where its table has another name for it.
_PREVIEW: Final = r"preview|-exp\b|-beta\b|-latest\b"
_KEYS: Final = ["host", "model_id"]


def load_ends(*, as_of: pd.Timestamp | None = None, directory: Path | None = None) -> pd.DataFrame:
    """Ends that sellers published and tables had wrong: the reviewed table ``ends.csv``."""
    path = (directory or data_dir() / "witnesses") / "ends.csv"
    table = pd.read_csv(path, parse_dates=["ended_on", "published"])
    return table if as_of is None else table[table["published"] <= as_of].reset_index(drop=True)


def stated_ends(rows: pd.DataFrame, snapshots: pd.DataFrame, reviewed: pd.DataFrame) -> pd.DataFrame:
    """One row an offer whose end is known: the day, who says so, and since when that could be known.

    Parameters
    ----------
    rows : DataFrame
        Quotes with identity: ``host``, ``model_id``, ``source``, ``withdrawn_on``, ``closed_on``,
        ``valid_from``, ``valid_to``, ``first_seen``, ``last_seen``.
    snapshots : DataFrame
        Published tables.
    reviewed : DataFrame
        From :func:`load_ends`; it overrules the tables.

    Notes
    -----
    Of several stated days the one in the newest table holds: vendors postpone. An offer of a seller whose own
    lists are archived has ended where its last list no longer has the model. A seller that closed ended all.
    """
    named = rows[rows["model_id"].notna()]
    found = [_by_tables(named), _by_own_list(named, snapshots), _by_closing(named)]
    ends = pd.concat(found, ignore_index=True)
    read = _ends(reviewed, kind="stated", stated_by="the seller", known=reviewed["published"])
    overruled = pd.MultiIndex.from_frame(ends[_KEYS]).isin(pd.MultiIndex.from_frame(read[_KEYS]))
    ends = pd.concat([ends[~overruled], read], ignore_index=True)
    ends = ends.sort_values(["ended_on", "kind"], kind="stable").drop_duplicates(_KEYS)
    first = named[~(named["valid_to"] <= named["valid_from"])].groupby(_KEYS)["valid_from"].min()
    ends = ends.join(first.rename("first_offered"), on=_KEYS)
    return ends[list(WITHDRAWAL_COLUMNS)].sort_values(["ended_on", *_KEYS], ignore_index=True)


def _by_tables(named: pd.DataFrame) -> pd.DataFrame:
    """Days that a table states, as its newest version has them."""
    stated = named[named["withdrawn_on"].notna() & ~named["is_backport"]]
    stated = stated.assign(ended_on=pd.to_datetime(stated["withdrawn_on"], errors="coerce"))
    of_name = stated["raw_id"].str.contains(_PREVIEW) & ~stated["model_id"].str.contains(_PREVIEW)
    others = named[~named["raw_id"].str.contains(_PREVIEW)].groupby(["source", *_KEYS])["last_seen"].max()
    listed_to = stated.join(others.rename("listed_to"), on=["source", *_KEYS])["listed_to"].dt.tz_convert(
        None
    )
    stated = stated[~(of_name & (listed_to >= stated["ended_on"]))]
    ahead = stated["ended_on"] - stated["last_seen"].dt.tz_convert(None)
    stated = stated[ahead <= FARTHEST].sort_values(["last_seen", "ended_on"])
    last = stated.drop_duplicates(_KEYS, keep="last")
    # Known from the first table with this very day.
    keys = [*_KEYS, "ended_on"]
    known = stated.groupby(keys)["first_seen"].min().rename("known_from")
    last = last.join(known, on=keys)
    return _ends(last, kind="stated", stated_by=last["source"], known=last["known_from"].dt.tz_convert(None))


def _by_own_list(named: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    """Models that the seller's own last list no longer has, from the first list without them."""
    parts = []
    for source, host in _LIST_OF.items():
        lists = snapshots.loc[snapshots["source"].eq(source), "published"].sort_values().dt.tz_convert(None)
        own = named[named["source"].eq(source) & named["host"].eq(host)]
        last = own.groupby(_KEYS)["last_seen"].max().dt.tz_convert(None).reset_index()
        gone = last[last["last_seen"] < lists.max()] if len(lists) else last.iloc[:0]
        following = [lists[lists > moment].min() for moment in gone["last_seen"]]
        ended = gone.assign(ended_on=pd.DatetimeIndex(following).normalize(), known_from=following)
        parts.append(_ends(ended, kind="delisted", stated_by=source, known=ended["known_from"]))
    return pd.concat(parts, ignore_index=True)


def _by_closing(named: pd.DataFrame) -> pd.DataFrame:
    closed = named[named["closed_on"].notna()].drop_duplicates(_KEYS)
    closed = closed.assign(ended_on=closed["closed_on"])
    return _ends(closed, kind="seller closed", stated_by="hosts.csv", known=closed["closed_on"])


def _ends(rows: pd.DataFrame, *, kind: str, stated_by: pd.Series | str, known: pd.Series) -> pd.DataFrame:
    frame = rows[[*_KEYS, "ended_on"]].assign(kind=kind, stated_by=stated_by)
    frame["known_from"] = pd.to_datetime(known).dt.normalize().astype("datetime64[us]")
    frame["ended_on"] = pd.to_datetime(frame["ended_on"]).astype("datetime64[us]")
    return frame


def past_end(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Still listed after the day on which the offer ended, by whichever table, list or seller says so."""
    day = rows["ended_on"].dt.strftime("%Y-%m-%d")
    own = rows["stated_by"].eq(rows["source"])
    stated = ("the table itself" + pd.Series("", index=rows.index)).where(
        own, rows["stated_by"].astype("str")
    )
    reason = stated + " says that the offer ended on " + day
    delisted = "the seller's own list no longer had it on " + day
    reason = reason.mask(rows["end_kind"].eq("delisted"), delisted)
    closed = rows["closed_on"].notna() & (rows["valid_from"] >= rows["closed_on"])
    reason = reason.mask(
        closed, "the seller stopped selling by the token on " + rows["closed_on"].dt.strftime("%Y-%m-%d")
    )
    return rows["valid_from"] >= rows["ended_on"], reason
