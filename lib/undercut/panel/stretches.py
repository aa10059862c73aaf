"""Over which days did each source show one unchanged price for one offer, and where does it step?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

OFFER: Final = ["host", "model_id", "variant"]
SERIES: Final = ["source", "raw_id", *OFFER]
#: Prices this close are the same price, rounded differently.
SAME_PRICE: Final = 0.01
#: Smaller moves are rounding (dollars from other units) and no change of price.
ROUNDING: Final = 0.002
#: An offer that its source did not list for longer than this is a new offer when it comes back.
MAX_GAP: Final = pd.Timedelta(days=60)
#: An id that appears within this time of the end of another one of the same offer replaces it.
RENAMING: Final = pd.Timedelta(days=3)
#: Statuses of what is no price of text in force.
NO_PRICES: Final = ("backport", "placeholder", "free", "other_mode")
#: Statuses that call the number itself wrong; ``disputed`` does so where its reason is a correction.
WRONG: Final = ("unit_error", "alias_moved")


#: No end: later than any day.
FAR: Final = pd.Timestamp("2262-01-01")
#: Input and output price.
PRICES: Final = ["input", "output"]
_Prices: TypeAlias = pd.DataFrame | pd.Series | np.ndarray


class Piece(NamedTuple):
    """A part of a row's period; ``verdict``: its new status and note, None: it keeps its own."""

    row: int
    start: Any
    end: Any
    verdict: tuple[str, str] | None


def split_by_verdict(rows: pd.DataFrame, pieces: Iterable[Piece]) -> pd.DataFrame:
    """Rows split into pieces, given in order of row and day; neighbours of one verdict stay one piece."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and (last.row, last.end, last.verdict) == (piece.row, piece.start, piece.verdict):
            joined[-1] = last._replace(end=piece.end)
        else:
            joined.append(piece)
    if not joined:
        return rows
    split = rows.loc[[piece.row for piece in joined]].reset_index(drop=True)
    split["valid_from"] = pd.Series([piece.start for piece in joined]).astype("datetime64[us]")
    ends = pd.Series([piece.end for piece in joined]).astype("datetime64[us]")
    split["valid_to"] = ends.mask(ends == FAR)
    for place, column in enumerate(("status", "note")):
        told = pd.Series([piece.verdict and piece.verdict[place] for piece in joined], dtype="object")
        split[column] = split[column].where(told.isna(), told)
    return pd.concat([rows.drop(index=list({piece.row for piece in joined})), split], ignore_index=True)


def near(left: _Prices, right: _Prices, within: float) -> np.ndarray:
    """Whether prices agree to within a share of the larger."""
    a, b = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    return np.asarray(np.abs(a - b) <= within * np.maximum(np.abs(a), np.abs(b)))


def near_both(met: pd.DataFrame, suffix: str, within: float) -> pd.Series:
    """Whether both prices agree with those of the other side of a merge, whose columns have a suffix."""
    others = met[[f"{name}{suffix}" for name in PRICES]]
    return pd.Series(near(met[PRICES], others, within).all(axis=1), index=met.index)


def spells(rows: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Number of the spell of one unchanged price, among rows of the same keys, to which each row belongs."""
    before = rows.groupby(keys)[PRICES].shift()
    changed = pd.Series(~near(before, rows[PRICES], SAME_PRICE).all(axis=1), index=rows.index)
    number = changed.groupby([rows[key] for key in keys]).cumsum()
    return rows.assign(spell=number).groupby([*keys, "spell"]).ngroup()


def overlap(met: pd.DataFrame, suffix: str) -> pd.Series:
    """Whether the periods of both sides of a merge share a day; without ``valid_to`` one is still open."""
    return ~(met[f"valid_to{suffix}"] <= met["valid_from"]) & ~(met["valid_to"] <= met[f"valid_from{suffix}"])


def stretches(panel: pd.DataFrame) -> pd.DataFrame:
    """Runs of one price in one series (source, raw id, offer), whatever else of the tariff moves.

    Parameters
    ----------
    panel : DataFrame
        With every status; backports, free offers and placeholders are no prices and left out.

    Returns
    -------
    DataFrame
        In order of series and time: the series, ``input``, ``output``, ``start`` (first day in force),
        ``shown`` (day on which the source first showed it), ``end`` (exclusive; NaT = still), ``heard`` (day
        of the last table that shows it), ``wrong`` (why the number itself was set aside; empty where not).
    """
    priced = panel["model_id"].notna() & panel[["input", "output"]].gt(0).all(axis=1)
    held = panel["valid_to"].isna() | (panel["valid_from"] < panel["valid_to"])
    rows = panel[priced & held & ~panel["status"].isin(NO_PRICES)]
    rows = rows.sort_values([*SERIES, "valid_from", "first_seen"], kind="stable")
    before = rows.groupby(SERIES)[[*PRICES, "valid_to"]].shift()
    stays = near(rows[PRICES], before[PRICES], ROUNDING).all(axis=1)
    stays &= (rows["valid_from"] - before["valid_to"]).fillna(pd.Timedelta(0)).le(MAX_GAP).to_numpy()
    rows = rows.assign(
        run=np.cumsum(~stays),
        shown=rows["first_seen"].dt.tz_convert(None).dt.normalize(),
        heard=rows["last_seen"].dt.tz_convert(None).dt.normalize(),
        wrong=rows["note"].where(
            rows["status"].isin(WRONG) | rows["note"].str.startswith("a correction"), ""
        ),
    )
    runs = rows.groupby("run", sort=True)
    frame = runs[[*SERIES, "input", "output", "shown", "wrong"]].first()
    frame["start"], frame["heard"] = runs["valid_from"].min(), runs["heard"].max()
    frame["end"] = runs["valid_to"].last()
    # One piece that is not wrong clears the number: what was doubted was a day.
    frame["wrong"] = frame["wrong"].where(runs["wrong"].min().ne(""), "")
    return frame.reset_index(drop=True)


def steps(runs: pd.DataFrame) -> pd.DataFrame:
    """Every place where a source changes the price of an offer, under one id or as it renames the id.

    Returns
    -------
    DataFrame
        The series, ``input_before``, ``output_before``, ``input_after``, ``output_after``, ``shown_on``,
        ``stated_on`` (the day that a dated source gives; NaT where none), ``wrong_before``, ``wrong_after``.
    """
    columns = ["input", "output", "start", "end", "wrong"]
    previous = runs.groupby(SERIES)[columns].shift()
    renamed = _before_renaming(runs, previous["input"].isna())
    previous = previous.combine_first(renamed[columns])
    moves = ~near(runs[PRICES], previous[PRICES], ROUNDING).all(axis=1)
    follows = previous["input"].notna() & moves & (runs["start"] - previous["end"]).le(MAX_GAP)
    frame = runs[SERIES].assign(
        input_before=previous["input"], output_before=previous["output"],
        input_after=runs["input"], output_after=runs["output"],
        shown_on=runs["shown"], stated_on=runs["start"].where(runs["start"] != runs["shown"]),
        wrong_before=previous["wrong"], wrong_after=runs["wrong"],
    )  # fmt: skip
    return frame[follows].reset_index(drop=True)


def _before_renaming(runs: pd.DataFrame, is_first: pd.Series) -> pd.DataFrame:
    """For the first run of an id, the last run of the id of the same offer that made way for it."""
    keys = ["source", *OFFER]
    born = runs.loc[is_first, [*keys, "raw_id", "start"]].reset_index(names="run")
    ended = runs[runs["end"].notna() & ~runs.duplicated(SERIES, keep="last")]
    met = born.merge(ended, on=keys, suffixes=("", "_old"))
    met = met[(met["raw_id"] != met["raw_id_old"]) & (met["start"] - met["end"]).abs().le(RENAMING)]
    met = met.sort_values(["run", "start_old", "raw_id_old"]).drop_duplicates("run", keep="last")
    renamed = met.set_index("run").drop(columns="start").rename(columns={"start_old": "start"})
    return renamed.reindex(runs.index)
