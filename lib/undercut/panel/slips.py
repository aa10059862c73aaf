"""Which numbers give themselves away: slips of the pen, prices of another model, placeholders?

Rules as in :mod:`undercut.panel.cleaning`. Each compares a quote with others that did not copy it: other
sellers of the model, or sources of another family at the same seller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from undercut.panel.stretches import OFFER, near, near_both, overlap
from undercut.sources.witnesses import family

#: Which quotes, and why in words: one reason for all, or one for each.
Verdict = tuple[pd.Series, pd.Series | str]

#: No seller asks more than twice as much for reading as for writing, or twenty times as much for writing,
#: unless others say so too (guard models, thinking tariffs).
LOPSIDED_INPUT, LOPSIDED_OUTPUT = 2.0, 20.0
#: Models that draw write words at no more than so many times the price of reading.
PICTURE_RATIO: Final = 10.0
#: A power of ten to within this share.
EXACT: Final = 0.02
#: Clouds pass a developer's list price on; regions and data zones add up to a fifth, resold credits less.
LIST_PRICE_FACTOR: Final = 2.5
#: Open models they price themselves, yet never at so many times the developer's own price.
OPEN_LIST_FACTOR: Final = 8.0
#: Clouds with tariffs of their own for others' closed models.
OWN_TARIFFS: Final = frozenset({"watsonx"})
#: Hosts of one open model differ by a factor of four at most where neither is a mistake ...
OTHER_MODEL_FACTOR: Final = 4.0
#: ... and a factor of four needs others to compare with.
OTHER_HOSTS: Final = 2
#: One price for so many models, the largest so many times the smallest, was never looked up.
ONE_PRICE_MODELS, ONE_PRICE_SIZES = 5, 20.0
#: What mends such a price brings it to within this factor of what others ask.
MENDED_FACTOR: Final = 2.5
#: Hosts that publish one price for a class of sizes.
PRICES_BY_SIZE: Final = frozenset({"fireworks", "together"})
_SIZE: Final = r"(?<![a-z\d.])(\d+(?:\.\d+)?)b(?![a-z])"
_RELEASE: Final = r"-(?:\d{2}-\d{4}|\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|00\d)$"
_DRAWS: Final = r"(?:^|-)image(?:-|$)"
_NUMBER_WRONG: Final = "^a correction|the price is the old model's"
_FIRST_HAND: Final = "openrouter-archive"


def blended(rows: pd.DataFrame) -> pd.Series:
    """Price of three parts input and one part output."""
    return 0.75 * rows["input"] + 0.25 * rows["output"]


def _usable(rows: pd.DataFrame) -> pd.DataFrame:
    ok = rows["status"].eq("ok") & rows["model_id"].notna() & ~(rows["valid_to"] <= rows["valid_from"])
    return rows[ok].assign(family=rows["source"].map(family))


def _verdict(rows: pd.DataFrame, wrong: pd.Index, reason: str) -> Verdict:
    return pd.Series(rows.index.isin(wrong), index=rows.index) & rows["source"].ne(_FIRST_HAND), reason


def draws_pictures(rows: pd.DataFrame) -> Verdict:
    """A model that draws, at the price of picture tokens where others give that of words."""
    draws = rows["model_id"].str.contains(_DRAWS, na=False) & (rows["output"] > PICTURE_RATIO * rows["input"])
    return draws, "a correction: the output price is that of pictures"


def lopsided(rows: pd.DataFrame) -> Verdict:
    """Input and output exchanged, or a zero too many or too few in one of the two.

    Believed all the same where another family or another seller gives the model a like ratio.
    """
    usable = _usable(rows).assign(ratio=lambda r: r["output"] / r["input"])
    odd = usable[(usable["ratio"] < 1 / LOPSIDED_INPUT) | (usable["ratio"] > LOPSIDED_OUTPUT)]
    met = odd.reset_index(names="row").merge(usable, on="model_id", suffixes=("", "_other"))
    other = (met["host"] != met["host_other"]) | (met["family"] != met["family_other"])
    alike = near(met["ratio"], met["ratio_other"], 0.5)
    backed = met.loc[other & alike, "row"].unique()
    reason = "a correction: input and output exchanged, or a zero too many in one of them"
    return _verdict(rows, odd.index.difference(backed), reason)


def one_sided_slip(rows: pd.DataFrame) -> Verdict:
    """One price steps by a power of ten, the other stays: the side away from what others give is wrong."""
    usable = _usable(rows).sort_values(["source", "raw_id", "valid_from", "first_seen"])
    key = usable.assign(row=usable.index).groupby(["source", "raw_id", "model_id"])
    wrong: list[int] = []
    for name, other in (("input", "output"), ("output", "input")):
        ratio = np.log10(key[name].shift(-1) / usable[name])
        power = ratio.round().abs().ge(1) & ((10.0 ** (ratio - ratio.round()) - 1).abs() <= EXACT)
        stays = near(key[other].shift(-1), usable[other], EXACT)
        following = key["row"].shift(-1)
        for before in usable.index[power & stays]:
            wrong += _odd_one_out(usable, [before, int(following[before])], name)
    reason = "a correction: one of the two prices changed by a power of ten while the other stayed"
    return _verdict(rows, pd.Index(wrong), reason)


def _odd_one_out(usable: pd.DataFrame, sides: list[int], name: str) -> list[int]:
    """The side of a step that is farther from the median of independent quotes, in powers of ten."""
    this = usable.loc[sides[0]]
    others = usable[usable["model_id"].eq(this["model_id"])]
    others = others[(others["family"] != this["family"]) | (others["host"] != this["host"])]
    if others.empty:
        return []
    same_host = others[others["host"] == this["host"]]
    median = (others if same_host.empty else same_host)[name].median()
    away = [abs(np.log10(usable.at[side, name] / median)) for side in sides]
    farther = int(np.argmax(away))
    return [sides[farther]] if away[farther] > 0.5 else []


def far_from_list_price(rows: pd.DataFrame) -> Verdict:
    """A cloud's price, several times or a fraction of the developer's own on the same days.

    Not where the developer's own price later comes near the cloud's: then the cloud's was right first.
    """
    usable = _usable(rows)
    usable = usable[usable["variant"].eq("")].assign(price=blended)
    own = usable.loc[usable["is_own_host"], ["model_id", "price", "valid_from", "valid_to"]]
    clouds = usable[usable["host_kind"].eq("cloud") & ~usable["is_own_host"]]
    clouds = clouds[~clouds["host"].isin(OWN_TARIFFS)]
    met = clouds.reset_index(names="row").merge(own, on="model_id", suffixes=("", "_own"))
    met = met[~(met["valid_to_own"] <= met["valid_from"])]
    factor = met["access"].eq("closed").map({True: LIST_PRICE_FACTOR, False: OPEN_LIST_FACTOR})
    near_own = (np.log(met["price"]) - np.log(met["price_own"])).abs() <= np.log(factor)
    at_once = ~(met["valid_to"] <= met["valid_from_own"])
    wrong = pd.Index(met.loc[at_once, "row"].unique()).difference(met.loc[near_own, "row"].unique())
    return _verdict(rows, wrong, "a correction: far from the list price that clouds pass on")


def price_of_another_model(rows: pd.DataFrame) -> Verdict:
    """The price of another model of the host, far from what others ask, and mended later by its source."""
    usable = _usable(rows)
    usable = usable[usable["access"].ne("closed") & usable["variant"].eq("")].assign(price=blended)
    typical = usable.groupby(["model_id", "host"])["price"].median()
    hosts = typical.groupby(level="model_id").agg(["median", "size"])
    known = usable.join(hosts, on="model_id")
    away = (np.log(known["price"]) - np.log(known["median"])).abs()
    far = away.gt(np.log(OTHER_MODEL_FACTOR)) & known["size"].gt(OTHER_HOSTS)
    far &= ~known["is_own_host"] & known["host_kind"].ne("router")
    later = known[["source", "raw_id", "model_id", "valid_from"]].assign(away=away)
    met = (
        known[far]
        .reset_index(names="row")
        .merge(later, on=["source", "raw_id", "model_id"], suffixes=("", "_later"))
    )
    mended = met.loc[
        (met["valid_from_later"] > met["valid_from"]) & met["away"].lt(np.log(MENDED_FACTOR)), "row"
    ]
    keys = ["source", "host", "input", "output"]
    met = known.loc[mended.unique()].reset_index(names="row").merge(usable, on=keys, suffixes=("", "_other"))
    met = met[met["model_id"] != met["model_id_other"]]
    met = met[overlap(met, "_other")]
    return _verdict(rows, pd.Index(met["row"].unique()), "a correction: the price of another model here")


def price_of_successor(rows: pd.DataFrame) -> Verdict:
    """A name that took, in the very table in which its model's successor came, the successor's price.

    By the seller's word the name still means the former model, whose own ids do not follow.
    """
    usable = _usable(rows).sort_values(["source", "raw_id", "valid_from", "first_seen"])
    line = usable["model_id"].str.replace(_RELEASE, "", regex=True)
    usable = usable.assign(line=line, own_id=usable["alias"].isna())
    prices = ["input", "output"]
    before = usable.groupby(["source", "raw_id", "model_id"])[prices].shift()
    moved = before["input"].notna() & ~(near(before, usable[prices], EXACT).all(axis=1))
    keys = ["source", "host", "variant", "line", "first_seen"]
    came = usable[usable["own_id"]].sort_values("first_seen").drop_duplicates([*OFFER, "source", "raw_id"])
    met = (
        usable[moved & ~usable["own_id"]].reset_index(names="row").merge(came, on=keys, suffixes=("", "_new"))
    )
    met = met[(met["release_date"] < met["release_date_new"]) & near_both(met, "_new", EXACT)]
    follows = usable.loc[usable["own_id"], ["source", *OFFER, *prices]]
    own = met[["row", "source", *OFFER, *prices]].merge(follows, on=["source", *OFFER], suffixes=("", "_own"))
    wrong = pd.Index(met["row"].unique()).difference(own.loc[near_both(own, "_own", EXACT), "row"])
    return _verdict(rows, wrong, "a correction: the price of the model's successor under the old name")


def one_price_for_all(rows: pd.DataFrame) -> Verdict:
    """One price for many models of every size at a host without price classes: filled in, not looked up."""
    usable = _usable(rows)
    usable = usable[~usable["host"].isin(PRICES_BY_SIZE)]
    size = pd.to_numeric(usable["model_id"].str.extract(_SIZE)[0])
    keys = [usable[name] for name in ("source", "host", "input", "output", "first_seen")]
    sizes = size.groupby(keys)
    models = usable["model_id"].groupby(keys).transform("nunique")
    spread = sizes.transform("max") / sizes.transform("min")
    wrong = usable.index[(models >= ONE_PRICE_MODELS) & (spread >= ONE_PRICE_SIZES)]
    return _verdict(rows, wrong, "a placeholder: one price for models of every size")


def twin(rows: pd.DataFrame) -> Verdict:
    """The same number for the same offer as a row whose number was set aside, in whichever source."""
    wrong = rows["status"].eq("unit_error") | rows["note"].str.contains(_NUMBER_WRONG)
    columns = [*OFFER, "input", "output", "valid_from", "valid_to", "note"]
    judged = rows.loc[wrong & rows["model_id"].notna(), columns]
    met = _usable(rows).reset_index(names="row").merge(judged, on=OFFER, suffixes=("", "_twin"))
    met = met[near_both(met, "_twin", 0.001) & overlap(met, "_twin")]
    found = met.drop_duplicates("row").set_index("row")["note_twin"]
    reason = ("as its twin: " + found).reindex(rows.index)
    return pd.Series(rows.index.isin(found.index), index=rows.index), reason


#: After the rules of :mod:`undercut.panel.cleaning`, in the order in which they are asked.
RULES: Final[tuple[tuple[str, Callable[[pd.DataFrame], Verdict]], ...]] = (
    ("disputed", draws_pictures),
    ("unit_error", lopsided),
    ("unit_error", one_sided_slip),
    ("disputed", far_from_list_price),
    ("disputed", price_of_another_model),
    ("disputed", price_of_successor),
    ("placeholder", one_price_for_all),
)
