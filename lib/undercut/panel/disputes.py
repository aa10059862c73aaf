"""Where sources disagree about one offer, which of them can be believed?

Every raw id of every source is a witness. On days when the witnesses of one offer (host, model, variant)
name different prices, in this order: a witness that later comes over to another's price was late or wrong;
the seller's own published list is believed; so are two or more sources against fewer. Whoever is not
believed is marked ``disputed``; where nobody can be, all are. Offers are split on the days on which a
disagreement starts and ends, and every row stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.panel.cleaning import SAME_PRICE

#: Sources that are the seller's own list: (source, host).
FIRST_HAND: Final = frozenset({("openrouter-archive", "openrouter"), ("openrouter", "openrouter")})

BELIEVED: Final = 0
LATE: Final = 1
OUTVOTED: Final = 2
UNDECIDED: Final = 3
_NOTES: Final = {
    LATE: "this source later came over to the price that {others} already gave",
    OUTVOTED: "{others} gave another price",
    UNDECIDED: "{others} gave another price; neither ever moved to the other's",
}
_FAR: Final = np.datetime64("2262-01-01", "D")
#: Row, first day, last day (exclusive), verdict, note.
_Piece = tuple[int, Any, Any, int, str]


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
    offer = witnesses.groupby(["host", "model_id", "variant"], sort=False)
    contested = offer["raw_id"].transform("size").gt(1) & (
        offer["input"].transform(_differs) | offer["output"].transform(_differs)
    )
    settled = [rows.drop(index=witnesses.index[contested])]
    for _, group in witnesses[contested].groupby(["host", "model_id", "variant"], sort=False):
        settled.append(_settle_offer(group))
    return pd.concat(settled, ignore_index=True)


def _differs(prices: pd.Series) -> bool:
    return bool(prices.max() - prices.min() > SAME_PRICE * prices.max())


def _settle_offer(group: pd.DataFrame) -> pd.DataFrame:
    """Split the rows of one offer into days of one verdict each."""
    group = group.sort_values(["valid_from", "source", "raw_id", "first_seen"])
    start = group["valid_from"].to_numpy("datetime64[D]")
    end = group["valid_to"].fillna(pd.Timestamp(_FAR)).to_numpy("datetime64[D]")
    days = np.unique(np.concatenate([start, end]))
    price = group[["input", "output"]].to_numpy(float)  # (rows, 2)
    source = group["source"].to_numpy(str)
    becomes = _next_price(group)
    first_hand = np.array([(s, h) in FIRST_HAND for s, h in zip(source, group["host"], strict=True)])
    pieces: list[_Piece] = []
    for left, right in zip(days[:-1], days[1:], strict=True):
        active = np.flatnonzero((start <= left) & (end >= right))
        verdicts = _judge(price[active], source[active], becomes[active], first_hand[active])
        for position, verdict in zip(active, verdicts, strict=True):
            agrees = _agree(price[active], price[position])
            others = ", ".join(sorted(set(source[active][~agrees])))
            pieces.append(
                (int(position), left, right, verdict, _NOTES.get(verdict, "").format(others=others))
            )
    return _rebuild(group, pieces)


def _next_price(group: pd.DataFrame) -> np.ndarray:
    """The next different price that the same witness gives for this model; NaN where none.  # (rows, 2)"""
    following = np.full((len(group), 2), np.nan)
    prices = group[["input", "output"]].to_numpy(float)
    later: dict[tuple[str, str], int] = {}
    keys = list(zip(group["source"], group["raw_id"], strict=True))
    for position in range(len(group) - 1, -1, -1):
        next_one = later.get(keys[position])
        if next_one is not None:
            same = _agree(prices[[next_one]], prices[position])[0]
            following[position] = following[next_one] if same else prices[next_one]
        later[keys[position]] = position
    return following


def _agree(prices: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Which rows of ``prices`` (n, 2) are the same as ``price`` (2,)."""
    gap = np.abs(prices - price)
    return np.asarray((gap <= SAME_PRICE * np.maximum(prices, price)).all(axis=1))


def _judge(
    price: np.ndarray, source: np.ndarray, becomes: np.ndarray, first_hand: np.ndarray
) -> Sequence[int]:
    """A verdict for each witness of one offer on one day."""
    count = len(price)
    agreement = np.array([_agree(price, p) for p in price]).reshape(count, count)
    if agreement.all():
        return [BELIEVED] * count
    late = np.array(
        [bool((_agree(price, becomes[i]) & ~agreement[i]).any()) for i in range(count)], dtype=bool
    )
    if late.all():
        # Everyone moved: nobody is known to have been right first.
        late[:] = False
    verdicts = np.where(late, LATE, BELIEVED)
    standing = np.flatnonzero(~late)
    if agreement[np.ix_(standing, standing)].all():
        return list(verdicts)
    if first_hand[standing].any():
        own = standing[first_hand[standing]][0]
        verdicts[standing] = np.where(agreement[own][standing], BELIEVED, OUTVOTED)
        return list(verdicts)
    backing = np.array([len(set(source[standing][agreement[i][standing]])) for i in standing])
    best = standing[backing == backing.max()]
    if backing.max() >= 2 and agreement[np.ix_(best, best)].all():
        verdicts[standing] = np.where(agreement[best[0]][standing], BELIEVED, OUTVOTED)
    else:
        verdicts[standing] = UNDECIDED
    return list(verdicts)


def _rebuild(group: pd.DataFrame, pieces: list[_Piece]) -> pd.DataFrame:
    """Rows from pieces, neighbouring pieces of one verdict joined again."""
    joined: list[_Piece] = []
    for piece in sorted(pieces, key=lambda p: (p[0], p[1])):
        before = joined[-1] if joined else None
        if before and before[0] == piece[0] and before[2] == piece[1] and before[3:] == piece[3:]:
            joined[-1] = (before[0], before[1], piece[2], *piece[3:])
        else:
            joined.append(piece)
    split = group.iloc[[piece[0] for piece in joined]].copy()
    split["valid_from"] = np.array([piece[1] for piece in joined]).astype("datetime64[us]")
    ends = pd.Series([piece[2] for piece in joined], index=split.index).astype("datetime64[us]")
    split["valid_to"] = ends.mask(ends == pd.Timestamp(_FAR))
    verdict = np.array([piece[3] for piece in joined])
    split["status"] = np.where(verdict == BELIEVED, split["status"], "disputed")
    reasons = [piece[4] or note for piece, note in zip(joined, split["note"], strict=True)]
    return split.assign(note=reasons)
