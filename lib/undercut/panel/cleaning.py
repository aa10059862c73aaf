"""Which quotes must an analysis not use, and why?

Each rule is one function that names its quotes and gives the reason in words. The first rule that fits
decides. Nothing is dropped and no price is changed: a quote keeps its raw numbers and gets a status.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from undercut.panel.aliases import stale_alias
from undercut.panel.slips import RULES as SLIPS
from undercut.panel.slips import Verdict, blended, twin
from undercut.panel.stretches import OFFER, PRICES, SAME_PRICE, near, spells
from undercut.panel.withdrawals import past_end
from undercut.sources.witnesses import family

#: Dollars per million tokens. The dearest real list prices in the panel are 150 in and 600 out (o1-pro);
#: everything above these bounds is a price per thousand or per token in the wrong column.
MAX_INPUT: Final = 500.0
MAX_OUTPUT: Final = 2_000.0
#: The cheapest real list prices are near 0.005; below a tenth of that a factor of a thousand is missing.
MIN_POSITIVE: Final = 0.0005
#: Sellers of the same open weights differ by a factor of ten at most in earnest; fifty is a unit.
PEER_FACTOR: Final = 50.0
#: Resellers of a closed model stay near its list price; eight is a unit (per character, say).
CLOSED_PEER_FACTOR: Final = 8.0
#: Few models ever cost more (blended); used only to tell which side of a jump of a hundred is the wrong one.
USUAL_MAX: Final = 60.0
#: A jump by a power of ten, to within this share, on both prices is a change of unit.
POWER_OF_TEN_TOLERANCE: Final = 0.02
#: A price that leaves and comes back to the cent within this time, unseen by any other source, was a slip.
MAX_SLIP: Final = pd.Timedelta(days=45)
#: A host of which at least this share of all known prices is zero charges nobody.
CHARGES_NOBODY: Final = 0.9
#: Sources that are the seller's own list: (source, host). What they show was charged.
FIRST_HAND: Final = frozenset({("openrouter-archive", "openrouter"), ("openrouter", "openrouter")})
FREE_KINDS: Final = frozenset({"subscription", "local"})
_VERTEX_GEMINI: Final = r"(?:^|/)gemini-(?:1\.[05]-)?(?:pro|flash|ultra)"
_VERTEX_PREVIEW: Final = r"(?:^|/)gemini-1\.5-(?:pro|flash)-(?:preview|exp)-"
_VERTEX_MENDED: Final = pd.Timestamp("2024-07-25", tz="UTC")

_SERIES: Final = ["source", "raw_id", "model_id"]

Rule = Callable[[pd.DataFrame], Verdict]


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
        judged.loc[fresh, "note"] = reason if isinstance(reason, str) else reason[fresh]
    return judged


def is_first_hand(rows: pd.DataFrame) -> pd.Series:
    """Whether the source of a quote is the seller's own list."""
    return pd.Series(pd.MultiIndex.from_frame(rows[["source", "host"]]).isin(list(FIRST_HAND)), rows.index)


def _in_sequence(rows: pd.DataFrame) -> pd.DataFrame:
    """Usable quotes that were ever in force, each offer's in order of time."""
    usable = rows[rows["status"].eq("ok") & ~(rows["valid_to"] <= rows["valid_from"])]
    return usable.sort_values(["source", "raw_id", "valid_from", "first_seen"])


def backport(rows: pd.DataFrame) -> Verdict:
    """From a patch of an older version line: an older table, published late."""
    return rows["is_backport"], "patch release of an older line carries an older table"


def missing_price(rows: pd.DataFrame) -> Verdict:
    """A token price is missing, negative (a router's "depends"), or zero beside a positive one."""
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
    # Over all that is known of the host: one that charges later had not stated its prices before.
    charges_nobody = zero.groupby(rows["host"]).transform("mean") >= CHARGES_NOBODY
    reason = np.select(
        [named, of_kind],
        ["free by its name", "flat-fee plan or local: no price per token"],
        "the host charges nobody",
    )
    return zero & (named | of_kind | charges_nobody), pd.Series(reason, index=rows.index)


def placeholder(rows: pd.DataFrame) -> Verdict:
    """Zero without a word that it is free: not known yet."""
    zero = (rows["input"] == 0) & (rows["output"] == 0)
    return zero, "zero, and nothing says that it is free"


def notional(rows: pd.DataFrame) -> Verdict:
    """A price beside a flat-fee plan: nobody pays it."""
    return rows["host_kind"].isin(FREE_KINDS), "flat-fee plan: the price per token is notional"


def per_character(rows: pd.DataFrame) -> Verdict:
    """Google's Vertex prices per character, filed as prices per token.

    Google priced Gemini 1.x on Vertex by the character. litellm's table, and tokencost's copy of it, wrote
    those numbers into the token columns until July 2024, and never mended them for the preview models. No
    other seller listed these models then, so that no comparison can find it.
    """
    of_table = rows["source"].isin(["litellm", "tokencost"]) & rows["host"].eq("google-vertex")
    preview = rows["raw_id"].str.contains(_VERTEX_PREVIEW)
    early = rows["raw_id"].str.contains(_VERTEX_GEMINI) & (rows["first_seen"] < _VERTEX_MENDED)
    return of_table & (preview | early), "per character, filed as per token (Vertex, Gemini 1.x)"


def impossible_level(rows: pd.DataFrame) -> Verdict:
    """Above any real price, or below any real price, by whole units."""
    high = (rows["input"] > MAX_INPUT) | (rows["output"] > MAX_OUTPUT)
    low = rows[["input", "output"]].max(axis=1).between(0, MIN_POSITIVE, inclusive="neither")
    reason = np.where(high, "above any real price: wrong unit", "below any real price: wrong unit")
    return high | low, pd.Series(reason, index=rows.index)


def far_from_peers(rows: pd.DataFrame) -> Verdict:
    """Far dearer or cheaper than the median seller of the same model, of at least three.

    Sellers of the same open weights compete at different prices; sellers of a closed model pass on its
    developer's list price, so a smaller factor gives an error away. A variant (fine-tuned, or for those who
    contribute their data) is another product of that developer, so the wide bound holds for it.
    """
    usable = rows[rows["status"].eq("ok") & rows["model_id"].notna()]
    # One typical price per host and model: a host with many regions must not outvote the others.
    typical = blended(usable).groupby([usable["model_id"], usable["host"]]).median()
    sellers = typical.groupby(level="model_id").agg(["median", "size"])
    found = usable[["model_id", "access"]].join(sellers, on="model_id")
    ratio = blended(usable) / found["median"]
    passed_on = found["access"].eq("closed") & usable["variant"].eq("")
    bound = np.where(passed_on, CLOSED_PEER_FACTOR, PEER_FACTOR)
    off = (found["size"] >= 3) & ((ratio > bound) | (ratio < 1 / bound)) & ~is_first_hand(usable)
    reason = "differs from the median seller's by a factor of " + ratio.map("{:.3g}".format).astype("str")
    return off.reindex(rows.index, fill_value=False), reason.reindex(rows.index)


def unit_change(rows: pd.DataFrame) -> Verdict:
    """Both prices jump by the same power of ten, and one side of the jump cannot be right.

    That side is the one half an order of magnitude or more away from what others charged at the time. With
    nobody to ask, a factor of ten may be a real cut and is let be; of a factor of a hundred or more the
    side that no model ever cost is wrong, else the one that stood for the shorter time.
    """
    jumps = _power_of_ten_jumps(rows)
    in_question = {side for before, after, _ in jumps for side in (before, after)}
    models = rows.loc[list(in_question), "model_id"]
    peers = rows[rows["status"].eq("ok") & rows["model_id"].isin(models)]
    wrong = pd.Series(False, index=rows.index)
    for before, after, exponent in jumps:
        off = [_away_from_others(rows.loc[[side]], peers, in_question) for side in (before, after)]
        if any(deviation is not None for deviation in off):
            distance = [-1.0 if d is None else d for d in off]
            farther = (before, after)[int(np.argmax(distance))]
            guilty = [farther] if max(distance) > 0.5 else []
        elif abs(exponent) >= 2:
            guilty = [_less_plausible(rows, before, after)]
        else:
            guilty = []
        wrong[guilty] = True
    return wrong, "both prices changed by the same power of ten: a unit, not a price"


def _power_of_ten_jumps(rows: pd.DataFrame) -> list[tuple[int, int, float]]:
    """Neighbouring quotes of one offer whose prices differ by one power of ten: (before, after, exponent)."""
    usable = _in_sequence(rows)
    usable = usable[~is_first_hand(usable)].assign(row=lambda quotes: quotes.index)
    key = usable.groupby(_SERIES, dropna=False)
    ratios, following = np.log10(key[PRICES].shift(-1) / usable[PRICES]), key["row"].shift(-1)
    exponent = ratios["input"].round()
    off = (10.0 ** ratios.sub(exponent, axis=0) - 1).abs()
    found = exponent.abs().ge(1) & (off <= POWER_OF_TEN_TOLERANCE).all(axis=1)
    return [(int(b), int(following[b]), float(exponent[b])) for b in usable.index[found]]


def _away_from_others(row: pd.DataFrame, peers: pd.DataFrame, in_question: set[int]) -> float | None:
    """Distance, in powers of ten, to the median price of other offers of the model at the time.

    Asked first are other hosts, as one host's ids share its errors, whose price is not in question itself.
    """
    this = row.iloc[0]
    others = peers[peers["model_id"].eq(this["model_id"])]
    # A copy of the table repeats its errors.
    copies = others["source"].map(family).eq(family(this["source"])) & others["host"].eq(this["host"])
    others = others[~copies]
    others = others[~(others["valid_to"] <= this["valid_from"])]
    if not pd.isna(this["valid_to"]):
        others = others[others["valid_from"] < this["valid_to"]]
    if others.empty:
        return None
    settled = others[~others.index.isin(in_question)]
    elsewhere = settled[settled["host"] != this["host"]]
    others = next(group for group in (elsewhere, settled, others) if not group.empty)
    return float(abs(np.log10(blended(row).iloc[0] / blended(others).median())))


def _less_plausible(rows: pd.DataFrame, before: int, after: int) -> int:
    prices = blended(rows.loc[[before, after]])
    strange = ~prices.between(10 * MIN_POSITIVE, USUAL_MAX)
    if strange.sum() == 1:
        return int(prices.index[strange.to_numpy()][0])
    ends = rows.loc[[before, after], "valid_to"].fillna(rows["last_seen"].max().tz_convert(None))
    lengths = ends - rows.loc[[before, after], "valid_from"]
    return int(lengths.idxmin())


def same_table_of_errors(rows: pd.DataFrame) -> Verdict:
    """Came in one table with the host's other unit errors, at a price above the usual."""
    wrong = rows["status"].eq("unit_error")
    batch = [rows["source"], rows["host"], rows["first_seen"]]
    share = wrong.groupby(batch).transform("mean")
    several = wrong.groupby(batch).transform("sum") >= 3
    fits = several & (share >= 0.5) & (blended(rows) > USUAL_MAX)
    return fits, "came in one table with the host's other unit errors"


def unknown_alias_target(rows: pd.DataFrame) -> Verdict:
    """A moving name on days when the model behind it is not known."""
    fits = rows["alias"].notna() & rows["model_id"].isna()
    return fits, "a moving name; the model behind it on these days is not known"


def unseen_since_move(rows: pd.DataFrame) -> Verdict:
    """A moving name whose source has not published since it moved: the price is the old model's."""
    fits = rows["alias"].notna() & (rows["last_seen"].dt.tz_convert(None) < rows["moved_on"])
    day = rows["moved_on"].dt.strftime("%Y-%m-%d")
    return fits, "the name moved on " + day + ", after the source's last table with this price"


def before_release(rows: pd.DataFrame) -> Verdict:
    """Offered before the model it names was released: the name must have meant another one."""
    return rows["valid_from"] < rows["release_date"], "dated before the release of the model named"


def slip(rows: pd.DataFrame) -> Verdict:
    """A price that leaves and returns within weeks while no other source shows it.

    On the seller's own list such a price was charged: a promotion.
    """
    usable = _in_sequence(rows)
    key = usable.groupby(_SERIES, dropna=False)[PRICES]
    before = key.shift()
    returns = near(before, key.shift(-1), SAME_PRICE).all(axis=1)
    leaves = ~near(before, usable[PRICES], SAME_PRICE).all(axis=1)
    short = (usable["valid_to"] - usable["valid_from"]) <= MAX_SLIP
    price = usable["input"].round(6).astype("str") + "/" + usable["output"].round(6).astype("str")
    witnesses = usable.assign(price=price).groupby([*OFFER, "price"])["source"].transform("nunique")
    alone = witnesses.fillna(1) < 2
    fits = (returns & leaves & short & alone & ~is_first_hand(usable)).reindex(rows.index, fill_value=False)
    return fits, "a correction: the price returned within weeks and no other source shows it"


def corrected_to_peers(rows: pd.DataFrame) -> Verdict:
    """Changed to what every other host had charged for the model all along: it was wrong before.

    All along means from the first day of the price that changed to its last, and at least two hosts.
    """
    usable = _in_sequence(rows)
    usable = usable[usable["model_id"].notna() & usable["variant"].eq("")]
    number = spells(usable, _SERIES)
    first = dict.fromkeys((*_SERIES, "host", *PRICES, "valid_from"), "first")
    held = usable.groupby(number).agg(first | {"valid_to": "last"})
    following = held.groupby(_SERIES)[PRICES].shift(-1)
    changed = held.join(following, rsuffix="_next")[following["input"].notna() & ~is_first_hand(held)]
    met = changed.reset_index(names="spell").merge(usable, on="model_id", suffixes=("", "_other"))
    met = met[(met["host_other"] != met["host"]) & (met["valid_from_other"] < met["valid_to"])]
    met = met[~(met["valid_to_other"] <= met["valid_from"])]
    told, asked = ([f"{name}_{side}" for name in PRICES] for side in ("next", "other"))
    agrees = near(met[told], met[asked], SAME_PRICE).all(axis=1)
    from_start = met[met["valid_from_other"] <= met["valid_from"]]
    hosts = from_start.groupby("spell")["host_other"].nunique()
    wrong = pd.Series(agrees, index=met.index).groupby(met["spell"]).all() & (hosts >= 2)
    fits = number.isin(wrong.index[wrong]).reindex(rows.index, fill_value=False)
    return fits, "a correction: it changed to what every other host had charged all along"


#: In the order in which they are asked.
RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("backport", backport),
    ("placeholder", missing_price),
    ("free", free),
    ("placeholder", placeholder),
    ("placeholder", notional),
    ("unit_error", per_character),
    ("unit_error", impossible_level),
    ("unit_error", far_from_peers),
    ("unit_error", unit_change),
    ("unit_error", same_table_of_errors),
    ("alias_moved", unknown_alias_target),
    ("alias_moved", before_release),
    ("alias_moved", unseen_since_move),
    ("alias_moved", stale_alias),
    *SLIPS,
    ("disputed", past_end),
    ("disputed", slip),
    ("disputed", corrected_to_peers),
    ("disputed", twin),
)
