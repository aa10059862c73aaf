"""Which quotes must an analysis not use, and why?

Each rule is one function that names its quotes and gives the reason in words. The first rule that fits
decides. Nothing is dropped and no price is changed: a quote keeps its raw numbers and gets a status.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

#: Dollars per million tokens. The dearest real list prices in the panel are 150 in and 600 out (o1-pro);
#: everything above these bounds is a price per thousand or per token in the wrong column.
MAX_INPUT: Final = 500.0
MAX_OUTPUT: Final = 2_000.0
#: The cheapest real list prices are near 0.005; below a tenth of that a factor of a thousand is missing.
MIN_POSITIVE: Final = 0.0005
#: Hosts of the same weights differ by a factor of ten at most in earnest; fifty is a unit.
PEER_FACTOR: Final = 50.0
#: A jump by a power of ten, to within this share, on both prices is a change of unit.
POWER_OF_TEN_TOLERANCE: Final = 0.02
#: A price that leaves and comes back to the cent within this time, unseen by any other source, was a slip.
MAX_SLIP: Final = pd.Timedelta(days=45)
#: Prices this close are the same price, rounded differently.
SAME_PRICE: Final = 0.01
#: A zero that turns positive within this time of an offer's start was "not known yet".
PLACEHOLDER_DAYS: Final = pd.Timedelta(days=60)

FREE_KINDS: Final = frozenset({"subscription", "local"})

Verdict = tuple[pd.Series, pd.Series]
Rule = Callable[[pd.DataFrame], Verdict]


def blended(rows: pd.DataFrame) -> pd.Series:
    """Price of a token mix of three parts input and one part output, in dollars per million tokens."""
    return 0.75 * rows["input"] + 0.25 * rows["output"]


def same_price(left: pd.Series | np.ndarray, right: pd.Series | np.ndarray) -> np.ndarray:
    """Whether prices agree to within :data:`SAME_PRICE` of the larger; two zeros agree."""
    a, b = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    return np.abs(a - b) <= SAME_PRICE * np.maximum(np.abs(a), np.abs(b))


def assign_status(rows: pd.DataFrame) -> pd.DataFrame:
    """Add ``status`` and ``note`` to offers.

    Parameters
    ----------
    rows : DataFrame
        Offers with identity and validity: ``host``, ``host_kind``, ``model_id``, ``alias``, ``variant``,
        ``raw_id``, ``source``, prices, ``valid_from``, ``valid_to``, ``first_seen``, ``is_backport``,
        ``release_date``, ``withdrawn_on``.

    Returns
    -------
    DataFrame
        The same rows in the same order. Disagreement between sources is settled afterwards, by
        :func:`undercut.panel.disputes.settle`.
    """
    judged = rows.assign(status="ok", note="")
    for status, rule in RULES:
        fits, reason = rule(judged)
        fresh = fits.fillna(False).astype(bool) & judged["status"].eq("ok")
        judged.loc[fresh, "status"] = status
        judged.loc[fresh, "note"] = reason[fresh]
    return judged


def _constant(rows: pd.DataFrame, text: str) -> pd.Series:
    return pd.Series(text, index=rows.index)


def backport(rows: pd.DataFrame) -> Verdict:
    """From a patch of an older version line: an older table, published late."""
    return rows["is_backport"], _constant(rows, "patch release of an older line carries an older table")


def missing_price(rows: pd.DataFrame) -> Verdict:
    """One of the two token prices is missing, negative (a router's "depends"), or zero beside a positive one."""
    lacks = rows["input"].isna() | rows["output"].isna()
    negative = (rows["input"] < 0) | (rows["output"] < 0)
    half = (rows["input"] == 0) != (rows["output"] == 0)
    reason = np.select(
        [lacks, negative],
        ["one token price is not stated", "negative: the price depends"],
        "one token price is zero",
    )
    return lacks | negative | half, pd.Series(reason, index=rows.index)


def free(rows: pd.DataFrame) -> Verdict:
    """Zero, and said to be free: by the id, by a flat-fee plan, or because the host charges nobody."""
    zero = (rows["input"] == 0) & (rows["output"] == 0)
    named = rows["raw_id"].str.contains(r"[:\-_/]free\b", case=False, regex=True)
    of_kind = rows["host_kind"].isin(FREE_KINDS)
    charges_nobody = zero.groupby(rows["host"]).transform("mean") >= 0.9
    reason = np.select(
        [named, of_kind],
        ["free by its name", "flat-fee plan or local: no price per token"],
        "the host charges nobody",
    )
    return zero & (named | of_kind | charges_nobody), pd.Series(reason, index=rows.index)


def placeholder(rows: pd.DataFrame) -> Verdict:
    """Zero without a word that it is free: not known yet."""
    zero = (rows["input"] == 0) & (rows["output"] == 0)
    return zero, _constant(rows, "zero, and nothing says that it is free")


def notional(rows: pd.DataFrame) -> Verdict:
    """A price beside a flat-fee plan: nobody pays it."""
    return rows["host_kind"].isin(FREE_KINDS), _constant(
        rows, "flat-fee plan: the price per token is notional"
    )


def impossible_level(rows: pd.DataFrame) -> Verdict:
    """Above any real price, or below any real price, by whole units."""
    high = (rows["input"] > MAX_INPUT) | (rows["output"] > MAX_OUTPUT)
    low = rows[["input", "output"]].max(axis=1).between(0, MIN_POSITIVE, inclusive="neither")
    reason = np.where(high, "above any real price: wrong unit", "below any real price: wrong unit")
    return high | low, pd.Series(reason, index=rows.index)


def far_from_peers(rows: pd.DataFrame) -> Verdict:
    """Fifty times dearer or cheaper than the median other host of the same model over the same days."""
    usable = rows[rows["status"].eq("ok") & rows["model_id"].notna()]
    # One typical price per host and model: a host with many regions must not outvote the others.
    typical = (
        blended(usable).groupby([usable["model_id"], usable["host"]]).median().rename("price").reset_index()
    )
    peers = usable[["model_id", "host"]].reset_index().merge(typical, on="model_id", suffixes=("", "_peer"))
    peers = peers[peers["host"] != peers["host_peer"]]
    found = peers.groupby("index")["price"].agg(["median", "size"])
    ratio = blended(usable).reindex(found.index) / found["median"]
    off = (found["size"] >= 2) & ((ratio > PEER_FACTOR) | (ratio < 1 / PEER_FACTOR))
    reason = "differs from the median of other hosts by a factor of " + ratio.map("{:.3g}".format)
    return off.reindex(rows.index, fill_value=False), reason.reindex(rows.index)


def unit_change(rows: pd.DataFrame) -> Verdict:
    """Both prices jump by the same power of ten from one quote to the next of the same offer.

    The side that other hosts or sources contradict is wrong; with nobody to ask, the earlier side, because
    tables are mended forwards.
    """
    usable = rows[rows["status"].eq("ok")].sort_values(["source", "raw_id", "valid_from", "first_seen"])
    key = usable.groupby(["source", "raw_id", "model_id"], dropna=False)
    ratios = [np.log10(key[name].shift(-1) / usable[name]) for name in ("input", "output")]
    exponent = ratios[0].round()
    near = [np.abs(10 ** (ratio - exponent) - 1) <= POWER_OF_TEN_TOLERANCE for ratio in ratios]
    jumps = exponent.abs().ge(1) & near[0] & near[1]
    others = blended(usable).groupby(usable["model_id"]).transform("median")
    closer_after = (np.log(blended(usable)) - np.log(others)).abs() >= (
        np.log(key_shift(usable, key)) - np.log(others)
    ).abs()
    before_is_wrong = jumps & closer_after
    after_is_wrong = (
        (jumps & ~closer_after).groupby([usable["source"], usable["raw_id"]]).shift(1, fill_value=False)
    )
    wrong = (before_is_wrong | after_is_wrong).reindex(rows.index, fill_value=False)
    return wrong, _constant(rows, "both prices changed by the same power of ten: a unit, not a price")


def key_shift(usable: pd.DataFrame, key: pd.api.typing.DataFrameGroupBy) -> pd.Series:
    """The blended price of each offer's next quote."""
    return 0.75 * key["input"].shift(-1) + 0.25 * key["output"].shift(-1)


def unknown_alias_target(rows: pd.DataFrame) -> Verdict:
    """A moving name on days when the model behind it is not known."""
    fits = rows["alias"].notna() & rows["model_id"].isna()
    return fits, _constant(rows, "a moving name; the model behind it on these days is not known")


def stale_alias(rows: pd.DataFrame) -> Verdict:
    """A moving name that still shows the price of the model it meant before it moved.

    The new target's own dated id, at the same host, says otherwise.
    """
    usable = rows[rows["status"].eq("ok") & rows["model_id"].notna()]
    dated = usable[usable["alias"].isna()]
    own = dated.groupby(["host", "model_id", "variant"])[["input", "output"]].agg(["min", "max"])
    own.columns = ["_".join(column) for column in own.columns]
    moved = usable[usable["moved_on"].notna() & usable["alias"].notna()]
    known = moved.join(own, on=["host", "model_id", "variant"], how="inner")
    outside = pd.Series(False, index=known.index)
    for name in ("input", "output"):
        below = (known[name] < known[f"{name}_min"]) & ~same_price(known[name], known[f"{name}_min"])
        above = (known[name] > known[f"{name}_max"]) & ~same_price(known[name], known[f"{name}_max"])
        outside |= below | above
    day = known["moved_on"].dt.strftime("%Y-%m-%d")
    reason = (
        "the name moved to "
        + known["model_id"].astype("str")
        + " on "
        + day
        + "; the price is the old model's"
    )
    return outside.reindex(rows.index, fill_value=False), reason.reindex(rows.index)


def before_release(rows: pd.DataFrame) -> Verdict:
    """Offered before the model it names was released: the name must have meant another one."""
    return rows["valid_from"] < rows["release_date"], _constant(
        rows, "dated before the release of the model named"
    )


def past_withdrawal(rows: pd.DataFrame) -> Verdict:
    """Still listed after the day on which, by the same table, the offer ends."""
    ends = pd.to_datetime(rows["withdrawn_on"], errors="coerce")
    reason = "the table itself says that the offer ended on " + ends.dt.strftime("%Y-%m-%d")
    return rows["valid_from"] >= ends, reason


def slip(rows: pd.DataFrame) -> Verdict:
    """A price that leaves and returns within weeks while no other source or host shows it."""
    usable = rows[rows["status"].eq("ok")].sort_values(["source", "raw_id", "valid_from", "first_seen"])
    key = usable.groupby(["source", "raw_id", "model_id"], dropna=False)
    returns, leaves = pd.Series(True, index=usable.index), pd.Series(False, index=usable.index)
    for name in ("input", "output"):
        before, after = key[name].shift(1), key[name].shift(-1)
        returns &= same_price(before, after) & before.notna() & after.notna()
        leaves |= ~same_price(before, usable[name])
    short = (usable["valid_to"] - usable["valid_from"]) <= MAX_SLIP
    price = usable["input"].round(6).astype("str") + "/" + usable["output"].round(6).astype("str")
    witnesses = (
        usable.assign(price=price)
        .groupby(["host", "model_id", "variant", "price"])["source"]
        .transform("nunique")
    )
    alone = witnesses.fillna(1) < 2
    fits = (returns & leaves & short & alone).reindex(rows.index, fill_value=False)
    return fits, _constant(rows, "a correction: the price returned within weeks and no other source shows it")


def corrected_to_peers(rows: pd.DataFrame) -> Verdict:
    """Changed to what every other host had charged for the model all along: it was wrong before."""
    usable = rows[rows["status"].eq("ok") & rows["model_id"].notna() & rows["variant"].eq("")]
    ordered = usable.sort_values(["source", "raw_id", "valid_from", "first_seen"])
    key = ordered.groupby(["source", "raw_id", "model_id"])
    following = pd.DataFrame({name: key[name].shift(-1) for name in ("input", "output")})
    by_host = ordered.groupby(["model_id", "host"])[["input", "output"]].agg(["min", "max"])
    fits = pd.Series(False, index=rows.index)
    changed = ~(
        same_price(following["input"], ordered["input"]) & same_price(following["output"], ordered["output"])
    )
    for row in ordered.index[changed & following["input"].notna()]:
        others = by_host.loc[ordered.at[row, "model_id"]].drop(index=ordered.at[row, "host"])
        fits[row] = len(others) >= 2 and all(
            same_price(others[(name, edge)], np.full(len(others), following.at[row, name])).all()
            for name in ("input", "output")
            for edge in ("min", "max")
        )
    return fits, _constant(rows, "a correction: it changed to what every other host had charged all along")


#: In the order in which they are asked.
RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("backport", backport),
    ("placeholder", missing_price),
    ("free", free),
    ("placeholder", placeholder),
    ("placeholder", notional),
    ("unit_error", impossible_level),
    ("unit_error", far_from_peers),
    ("unit_error", unit_change),
    ("alias_moved", unknown_alias_target),
    ("alias_moved", before_release),
    ("alias_moved", stale_alias),
    ("disputed", past_withdrawal),
    ("disputed", slip),
    ("disputed", corrected_to_peers),
)
