"""Where sources disagree about one offer, which of them can be believed?

Every raw id of every source is a witness. On days when the witnesses of one offer (host, name, model,
variant) give different prices, in this order: a witness that later comes over to another's price was late
or wrong; within one source the newest quote speaks for it; the seller's own published list is believed; so
are two or more sources against fewer. Whoever is not believed is marked ``disputed``; where nobody can be,
all are. Offers are split on the days on which a disagreement starts and ends, and every row stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from undercut.panel.cleaning import is_first_hand
from undercut.panel.stretches import FAR, SAME_PRICE, Piece, spells, split_by_verdict
from undercut.sources.witnesses import family

_OFFER: Final = ["host", "product", "model_id", "variant"]

BELIEVED: Final = 0
LATE: Final = 1
OUTVOTED: Final = 2
UNDECIDED: Final = 3
OVERTAKEN: Final = 4
#: Copies of a seller's own list are a month apart: each speaks until the next, the last for as long.
FIRST_HAND_HOLDS: Final = pd.Timedelta(days=45)
_NOTES: Final = {
    LATE: "this source later came over to the price that {others} already gave",
    OUTVOTED: "{others} gave another price",
    OVERTAKEN: "the same source gives a newer price under another id",
    UNDECIDED: "{others} gave another price; neither ever moved to the other's",
}


def settle(rows: pd.DataFrame) -> pd.DataFrame:
    """Split offers where sources disagree, and mark those that are not believed.

    Parameters
    ----------
    rows : DataFrame
        Offers with ``status``; only ``ok`` ones are witnesses.

    Returns
    -------
    DataFrame
        All rows; those with a disagreement are split by day, statuses and notes set.
    """
    witnesses = rows[rows["status"].eq("ok") & rows["model_id"].notna()]
    witnesses = witnesses[witnesses["valid_to"].isna() | (witnesses["valid_from"] < witnesses["valid_to"])]
    # A moving name is a product of its own at its seller: two names that lead to one model for a while may
    # well cost different amounts, and then no source is wrong.
    witnesses = witnesses.assign(product=witnesses["alias"].fillna(witnesses["model_id"]))
    offer = witnesses.groupby(_OFFER, sort=False)
    differs = pd.Series(False, index=witnesses.index)
    for name in ("input", "output"):
        low, high = offer[name].transform("min"), offer[name].transform("max")
        differs |= (high - low) > SAME_PRICE * high
    contested = witnesses[differs].sort_values([*_OFFER, "valid_from", "source", "raw_id", "first_seen"])
    if contested.empty:
        return rows
    pieces: list[Piece] = []
    columns = _Columns.of(contested)
    for positions in contested.groupby(_OFFER, sort=False).indices.values():
        pieces += _settle_offer(columns, np.sort(positions))
    labels = contested.index
    in_order = sorted(pieces, key=lambda piece: piece[:2])
    return split_by_verdict(rows, (piece._replace(row=labels[piece.row]) for piece in in_order))


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the verdicts need, as arrays over the contested rows."""

    start: np.ndarray  # days
    end: np.ndarray  # days, exclusive
    price: np.ndarray  # (rows, 2)
    source: np.ndarray
    news: np.ndarray  # moment from which the source shows this price
    witness: np.ndarray  # number of the (source, raw id)
    first_hand_until: np.ndarray  # last day for which the seller's own list speaks; 1970 for other sources

    @classmethod
    def of(cls, rows: pd.DataFrame) -> _Columns:
        until = rows["last_seen"].dt.tz_convert(None) + FIRST_HAND_HOLDS
        return cls(
            start=rows["valid_from"].to_numpy("datetime64[D]"),
            end=rows["valid_to"].fillna(FAR).to_numpy("datetime64[D]"),
            price=rows[["input", "output"]].to_numpy(float),
            source=rows["source"].to_numpy(object),
            news=_first_shown(rows).dt.tz_convert(None).to_numpy("datetime64[us]"),
            witness=rows.groupby(["source", "raw_id"]).ngroup().to_numpy(),
            first_hand_until=until.where(is_first_hand(rows), pd.Timestamp(0)).to_numpy("datetime64[D]"),
        )


def _first_shown(rows: pd.DataFrame) -> pd.Series:
    """When each witness first gave its price; a new context window of an old price is no news of it."""
    return rows["first_seen"].groupby(spells(rows, ["source", "raw_id", *_OFFER])).transform("min")


def _settle_offer(columns: _Columns, rows: np.ndarray) -> list[Piece]:
    """Pieces of the rows of one offer, each with one verdict; ``rows`` are in order of their first day."""
    start, end, price, source = (a[rows] for a in (columns.start, columns.end, columns.price, columns.source))
    becomes = _next_price(columns.witness[rows], price)
    heard = columns.first_hand_until[rows]
    unheard = (heard + 1)[(heard >= start) & (heard + 1 < end)]
    days = np.unique(np.concatenate([start, end, unheard]))
    pieces: list[Piece] = []
    for left, right in pairwise(days):
        active = np.flatnonzero((start <= left) & (end >= right))
        if len(active) == 0:
            continue
        agreement = _agreement(price[active])
        first_hand = columns.first_hand_until[rows[active]] >= left
        news = columns.news[rows[active]]
        verdicts = _judge(agreement, price[active], source[active], becomes[active], first_hand, news)
        for place, verdict in enumerate(verdicts):
            others = ", ".join(sorted(set(source[active][~agreement[place]])))
            told = ("disputed", _NOTES[verdict].format(others=others)) if verdict else None
            pieces.append(Piece(int(rows[active[place]]), left, right, told))
    return pieces


def _next_price(witness: np.ndarray, price: np.ndarray) -> np.ndarray:
    """The next different price that the same witness gives for this model; NaN where none.  # (rows, 2)"""
    following = np.full(price.shape, np.nan)
    later: dict[int, int] = {}
    for row in range(len(price) - 1, -1, -1):
        after = later.get(int(witness[row]))
        if after is not None:
            same = bool(_agree(price[[after]], price[row])[0])
            following[row] = following[after] if same else price[after]
        later[int(witness[row])] = row
    return following


def _agreement(price: np.ndarray) -> np.ndarray:
    """Which pairs of prices (n, 2) are the same.  # (n, n)"""
    gap = np.abs(price[:, None, :] - price[None, :, :])
    larger = np.maximum(price[:, None, :], price[None, :, :])
    return np.asarray((gap <= SAME_PRICE * larger).all(axis=2))


def _agree(prices: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Which rows of ``prices`` (n, 2) are the same as ``price`` (2,)."""
    gap = np.abs(prices - price)
    return np.asarray((gap <= SAME_PRICE * np.maximum(prices, price)).all(axis=1))


def _judge(
    agreement: np.ndarray,
    price: np.ndarray,
    source: np.ndarray,
    becomes: np.ndarray,
    first_hand: np.ndarray,
    news: np.ndarray,
) -> list[int]:
    """A verdict for each witness of one offer on one day."""
    count = len(price)
    if agreement.all():
        return [BELIEVED] * count
    late = np.array(
        [bool((_agree(price, becomes[i]) & ~agreement[i]).any()) for i in range(count)], dtype=bool
    )
    if late.all():
        # Everyone moved: nobody is known to have been right first.
        late[:] = False
    verdicts = np.where(late, LATE, BELIEVED)
    overtaken = _overtaken(agreement, source, news) & ~late
    verdicts[overtaken] = OVERTAKEN
    standing = np.flatnonzero(~late & ~overtaken)
    if agreement[np.ix_(standing, standing)].all():
        return verdicts.tolist()
    if first_hand[standing].any():
        own = standing[first_hand[standing]][0]
        verdicts[standing] = np.where(agreement[own][standing], BELIEVED, OUTVOTED)
        return verdicts.tolist()
    # Copies of one table are one voice.
    voices = np.array([family(name) for name in source], dtype=object)
    backing = np.array([len(set(voices[standing][agreement[i][standing]])) for i in standing])
    best = standing[backing == backing.max()]
    if backing.max() >= 2 and agreement[np.ix_(best, best)].all():
        verdicts[standing] = np.where(agreement[best[0]][standing], BELIEVED, OUTVOTED)
    else:
        verdicts[standing] = UNDECIDED
    return verdicts.tolist()


def _overtaken(agreement: np.ndarray, source: np.ndarray, news: np.ndarray) -> np.ndarray:
    """Witnesses that contradict a newer quote of their own source for the same offer."""
    same_source = source[:, None] == source[None, :]
    is_newer = news[None, :] > news[:, None]
    return np.asarray((same_source & is_newer & ~agreement).any(axis=1))
