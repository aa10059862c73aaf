"""Which usable prices do independent witnesses contradict on the very days?

Two families that give other prices, or one whose price our source itself later comes to, outweigh a price
that no other family confirms. A witness that comes to our price afterwards was late and says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.panel.aliases import price_before_move
from undercut.panel.stretches import FAR, OFFER, SERIES, Piece, near, near_both, overlap, split_by_verdict
from undercut.sources.witnesses import family

#: Trackers round, and rounded prices are the same.
SAME: Final = 0.03
#: A witness whose row is older than our price speaks against it only after this time: it may be late.
OLDER_WAITS: Final = pd.Timedelta(days=60)
#: A witness's row counts as newer than our price from this long before it.
NEWER: Final = pd.Timedelta(days=14)
#: So many families outweigh a price that nobody confirms.
ENOUGH: Final = 2
#: A witness that comes to our price within this time of the end of its own was late.
COMES_OVER: Final = pd.Timedelta(days=120)
_FIRST_HAND: Final = "openrouter-archive"
#: What is told of an offer, and the source among whose names a model's own id speaks; mostly empty.
_CLAIM: Final = [*OFFER, "family", "tracker", "input", "output", "observed_from", "observed_to", "own_id_of"]
#: How :mod:`undercut.panel.disputes` notes that the sources alone could not tell.
_BY_SOURCES: Final = "gave another price"

_Verdict = tuple[str, str]
#: A row's verdict from the claims that speak at one time.
Judge = Callable[[list[Any]], _Verdict | None]


def contradict(rows: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """Split usable rows on the days on which witnesses start or cease to contradict them, and mark those.

    Parameters
    ----------
    rows : DataFrame
        Offers with ``status``, after :func:`undercut.panel.disputes.settle`.
    witnesses : DataFrame
        From :func:`undercut.sources.witnesses.load_witnesses`, as of the same day.
    """
    witnesses = witnesses.assign(own_id_of="")
    first_hand = rows["source"].eq(_FIRST_HAND) | rows["note"].str.contains(_FIRST_HAND)
    by_sources = rows["status"].eq("disputed") & rows["note"].str.contains(_BY_SOURCES) & ~first_hand
    rows = _judged(rows, rows[by_sources & rows["model_id"].notna()], witnesses, _restored)
    usable = rows["status"].eq("ok") & rows["model_id"].notna() & rows["source"].ne(_FIRST_HAND)
    told = pd.concat([_own(rows[usable]), _own_ids(rows[usable]), witnesses], ignore_index=True)
    chosen = rows[usable].assign(
        doubtful=_price_of_former_model(rows[usable]), is_copy=_price_of_own_shop(rows[usable])
    )
    return _judged(rows, chosen, told, _outweighed)


def _price_of_former_model(usable: pd.DataFrame) -> pd.Series:
    """Rows under a name that moved, at the price from before: a single witness is enough against them."""
    moved = usable[usable["moved_on"].notna() & usable["alias"].notna()]
    return price_before_move(usable, moved).reindex(usable.index, fill_value=False)


def _price_of_own_shop(usable: pd.DataFrame) -> pd.Series:
    """Names at the price of another shop of the developer, while a table gives the own id another here."""
    prices = ["input", "output", "valid_from", "valid_to"]
    own = usable["is_own_host"] | usable["host_kind"].eq("developer")
    shops = usable.loc[own, ["host", "model_id", *prices]]
    ids = usable.loc[_is_own_id(usable), [*OFFER, *prices]]
    named = usable[~_is_own_id(usable)].reset_index(names="row")
    elsewhere = named.merge(shops, on="model_id", suffixes=("", "_told"))
    elsewhere = elsewhere[elsewhere["host"] != elsewhere["host_told"]]
    beside = named.merge(ids, on=OFFER, suffixes=("", "_told"))
    alike, unlike = (
        met.loc[overlap(met, "_told") & (near_both(met, "_told", SAME) == wanted), "row"]
        for met, wanted in ((elsewhere, True), (beside, False))
    )
    return pd.Series(usable.index.isin(alike) & usable.index.isin(unlike), index=usable.index)


def _own(usable: pd.DataFrame) -> pd.DataFrame:
    """Usable rows as witnesses of each other."""
    own = usable.rename(columns={"valid_from": "observed_from", "valid_to": "observed_to"})
    own = own.assign(tracker=own["source"], family=own["source"].map(family), own_id_of="")
    return own[_CLAIM]


def _own_ids(usable: pd.DataFrame) -> pd.DataFrame:
    """Models' own ids as witnesses of other names that one table has beside them."""
    fixed = usable[_is_own_id(usable)]
    name = fixed["source"] + "'s own id"
    return _own(fixed).assign(tracker=name, family=name, own_id_of=fixed["source"])


def _is_own_id(rows: pd.DataFrame) -> pd.Series:
    """Whether the name is the model's own, and none that moves or stands for it."""
    return rows["raw_id"].str.lower().str.rsplit("/", n=1).str[-1].eq(rows["model_id"]) & rows["alias"].isna()


def _judged(rows: pd.DataFrame, chosen: pd.DataFrame, told: pd.DataFrame, judge: Judge) -> pd.DataFrame:
    """``rows`` with the chosen ones split and judged by what is told of them."""
    claims = _claims(rows[rows["model_id"].notna() & ~rows["is_backport"]], chosen, told)
    pieces: list[Piece] = []
    # Only what some tell otherwise (or, of disputed rows, alike) can get another verdict.
    decisive = claims["agrees"] if judge is _restored else ~claims["agrees"]
    every = claims[claims["row"].isin(claims.loc[decisive, "row"])]
    for number, group in groupby(every.sort_values("row").itertuples(), key=attrgetter("row")):
        start, end = chosen.loc[number, ["valid_from", "valid_to"]]
        found = list(_pieces(number, start, end, list(group), judge))
        pieces += found if any(piece.verdict for piece in found) else []
    return split_by_verdict(rows, pieces)


def _claims(rows: pd.DataFrame, usable: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """What each independent row says of each chosen one, on which days, and whether it agrees."""
    numbered = usable.reset_index(names="row").assign(family=usable["source"].map(family).to_numpy())
    for name in ("doubtful", "is_copy"):
        numbered[name] = usable[name].to_numpy() if name in usable else False
    seen = usable["first_seen"].dt.tz_convert(None).dt.normalize()
    first_shown = seen.groupby([usable[name] for name in [*SERIES, "input", "output"]]).transform("min")
    numbered["first_shown"] = first_shown.to_numpy()
    numbered["shown"] = np.maximum(first_shown.to_numpy(), numbered["valid_from"].to_numpy())
    met = numbered.merge(told[_CLAIM], on=OFFER, suffixes=("", "_told"))
    met = met[met["family"] != met["family_told"]]
    met = met[met["own_id_of"].eq("") | met["own_id_of"].eq(met["source"]) & ~_is_own_id(met)]
    met["observed_to"] = met["observed_to"].fillna(FAR)
    output = met["output_told"].where(met["output_told"].notna() | met["input_told"].isna(), met["output"])
    met["agrees"] = near(met["input"], met["input_told"], SAME) & near(met["output"], output, SAME)
    # One table is one voice: its own id may contradict a name beside it, and never confirms it.
    met = met[~met["agrees"] | met["own_id_of"].eq("")]
    until = met["valid_to"].fillna(FAR)
    # A tracker's row that stood before our price came may be the late one.
    is_newer = met["observed_from"].ge(met["shown"] - NEWER) | met["own_id_of"].ne("") | met["is_copy"]
    speaks = met["valid_from"].where(is_newer, met["shown"] + OLDER_WAITS)
    speaks = speaks.where(~met["agrees"], met["valid_from"])
    met["start"] = np.maximum(met["observed_from"], speaks)
    met["end"] = np.minimum(met["observed_to"], until)
    met["mends"] = _comes_to(met, rows)
    # What the source mends in the end was wrong until then, whether the witness went on speaking or not.
    # It must have spoken while the series had this price, in an earlier row or in this one.
    spoke = met["observed_to"] > met["first_shown"]
    met["end"] = met["end"].where(met["agrees"] | ~met["mends"] | ~spoke, until)
    doubtful = met["doubtful"] & ~met["agrees"]
    met["mends"] |= doubtful
    # What a witness writes within days of the move was the new model's price from its first day.
    at_once = doubtful & (met["start"] - met["valid_from"] <= NEWER)
    met["start"] = met["start"].mask(at_once, met["valid_from"])
    met = met[~_was_late(met)]
    met["is_plain"] = met["variant"].eq("")
    columns = ["row", "family_told", "tracker", "agrees", "mends", "is_copy", "is_plain", "start", "end"]
    return met.loc[met["start"] < met["end"], columns].rename(columns={"family_told": "family"})


def _was_late(met: pd.DataFrame) -> pd.Series:
    """Witnesses that gave another price and came to ours when they dropped it."""
    keys = ["row", "family_told", "tracker"]
    agreed = met[met["agrees"]].groupby(keys)["observed_from"].max().rename("agreed_from")
    joined = met[keys].join(agreed, on=keys)["agreed_from"]
    gap = joined - met["observed_to"]
    return ~met["agrees"] & (joined > met["observed_from"]) & gap.le(COMES_OVER) & gap.ge(-COMES_OVER)


def _comes_to(met: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Whether the series itself later has the price that the witness tells."""
    keys = ["source", "raw_id", "model_id"]
    wanted = met.loc[~met["agrees"], [*keys, "valid_to", "input_told", "output_told"]].reset_index(
        names="claim"
    )
    later = wanted.merge(
        rows[[*keys, "valid_from", "input", "output"]].rename(columns={"valid_from": "valid_from_later"}),
        on=keys,
        suffixes=("", "_later"),
    )
    later = later[later["valid_from_later"] >= later["valid_to"]]
    same = near_both(later, "_told", SAME)
    return pd.Series(met.index.isin(later.loc[same, "claim"]), index=met.index)


def _pieces(
    number: int, start: pd.Timestamp, end: pd.Timestamp, claims: list[Any], judge: Judge
) -> Iterator[Piece]:
    """Periods of one row, each with its verdict."""
    bounds = {bound for claim in claims for bound in (claim.start, claim.end)}
    for left, right in pairwise(sorted({start, FAR if pd.isna(end) else end} | bounds)):
        on = [claim for claim in claims if claim.start <= left and claim.end >= right]
        yield Piece(number, left, right, judge(on))


def _restored(on: list[Any]) -> _Verdict | None:
    """Usable again where sources disagree, a witness confirms the price, and none gives another."""
    return ("ok", "") if on and all(claim.agrees for claim in on) else None


def _outweighed(on: list[Any]) -> _Verdict | None:
    """Disputed where nobody confirms the price and enough witnesses give another one."""
    backed = {claim.family for claim in on if claim.agrees}
    on = [claim for claim in on if not claim.agrees]
    against = {claim.family for claim in on}
    # Tables copy the developer's own price into a cloud; who agrees with such a copy may have copied as well.
    outvoted = any(claim.is_copy for claim in on) and len(against) >= max(ENOUGH, len(backed))
    if not on or (backed and not outvoted):
        return None
    names = ", ".join(sorted({claim.tracker for claim in on}))
    # Trackers copy regional tariffs from the plain one; there only what the source itself mends counts.
    if len(against) >= ENOUGH and all(claim.is_plain for claim in on):
        return "disputed", f"a correction: contradicted by independent witnesses ({names})"
    if any(claim.mends for claim in on):
        return (
            "disputed",
            f"a correction: contradicted by {names}; its source mends it, or it is a moved name's",
        )
    return None
