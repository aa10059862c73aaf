"""How close, how much cheaper and how widely sold is the best open rival of each closed model on each day?

There is no untreated model in this market. What differs between closed models is the dose: how near the best
open model on offer comes in capability, and at which price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import InputError, need_columns
from undercut.inference.arrays import Floats, Integers
from undercut.panel.schema import ACCESS

#: Whose open models count as rivals. Chinese and other ones partition ``any``.
RIVAL_GROUPS: Final = ("any", "CN", "other")
#: Columns of a rival, as it appears beside a closed offer.
_RIVAL: Final = ("model_id", "developer", "origin", "access", "eci", "price", "hosts", "cheapest_host")
_OFFER: Final = (
    "observed_on", "period", "product", "host", "model_id", "developer", "origin", "access", "family",
    "release_date", "eci", "price",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RivalRule:
    """What counts as an open rival.

    Attributes
    ----------
    reach : float
        Points of the capability index by which an open model may lie behind and still be a substitute. The
        frontier gained about 16 points a year: 4 is a quarter behind.
    width : float
        ``closeness`` falls linearly from 1 (level with the closed model, or ahead) to 0 at this many points
        behind.
    accesses : tuple of str
        Licence classes that count as open. Weights that may not be used commercially cannot be sold as a
        service by others, so they do not count by default. ``("closed",)`` turns exposure into that to
        closed rivals: a placebo, see :func:`closed_rivals`.
    min_hosts : int
        Sellers that a rival must have.
    """

    reach: float = 4.0
    width: float = 8.0
    accesses: tuple[str, ...] = ("open", "open-restricted")
    min_hosts: int = 1

    def __post_init__(self) -> None:
        if not (np.isfinite(self.reach) and self.width > 0 and self.min_hosts >= 1):
            raise InputError(
                f"reach must be a number, width positive and min_hosts at least 1; got {self.reach}, "
                f"{self.width} and {self.min_hosts}."
            )
        strange = sorted(set(self.accesses) - set(ACCESS))
        if strange or not self.accesses:
            raise InputError(f"accesses must be some of {', '.join(ACCESS)}; got {self.accesses}.")


def own_closed_offers(quotes: pd.DataFrame) -> pd.DataFrame:
    """Closed models sold by their own developers: those who can set the price.

    Models without a capability score stay; their exposure is unknown, and :func:`exposure` says so.
    """
    own = quotes["host_kind"].eq("developer") & quotes["access"].eq("closed") & quotes["developer"].notna()
    return quotes.loc[own, list(_OFFER)].reset_index(drop=True)


def open_rivals(quotes: pd.DataFrame) -> pd.DataFrame:
    """Open models on offer on each day, with their cheapest price and their number of sellers.

    Parameters
    ----------
    quotes : DataFrame
        From `monthly_quotes` . A model is there only
        on days on which somebody sold it, so no rival counts before its first offer.

    Returns
    -------
    DataFrame
        One row a model and day: ``observed_on, model_id, developer, origin, access, release_date, eci,
        price, hosts, cheapest_host``. Models without a capability score cannot be placed and are left out.
    """
    return _on_offer(quotes[quotes["access"].isin(ACCESS[:3])])


def closed_rivals(quotes: pd.DataFrame) -> pd.DataFrame:
    """Closed models on offer on each day, in the shape of :func:`open_rivals`.

    A fake exposure: an effect of open rivals that closed rivals have just as well is one of standing near
    the frontier, not of openness. Use with ``RivalRule(accesses=("closed",))``.
    """
    return _on_offer(quotes[quotes["access"].eq("closed")])


def exposure(
    offers: pd.DataFrame,
    rivals: pd.DataFrame,
    *,
    rule: RivalRule | None = None,
    groups: Iterable[str] = RIVAL_GROUPS,
) -> pd.DataFrame:
    """The best open rival of every offer on every day.

    Parameters
    ----------
    offers : DataFrame
        Offers whose exposure is wanted, from :func:`own_closed_offers`; with ``observed_on, model_id,
        developer, eci, price``.
    rivals : DataFrame
        From :func:`open_rivals`. A developer's own open models are no rivals of its closed ones.
    rule : RivalRule, optional
    groups : iterable of str
        ``any``, ``CN`` (Chinese developers), ``other``.

    Returns
    -------
    DataFrame
        ``offers``, once for each group (column ``rivals``), with

        - the most capable rival: ``best_model_id, best_developer, best_origin, best_access, best_eci,
          best_price, best_hosts, best_cheapest_host``; ``gap``: its capability minus the offer's own
          (points; negative: behind); ``closeness``: see :class:`RivalRule`; 0 where there is no rival;
        - the cheapest rival within reach: the same columns with ``reach_``; ``in_reach``: how many there
          are; ``is_exposed``; ``undercut``: log of the offer's price over the rival's (0.69: the rival asks
          half), missing without one;
        - ``why_not``: why an exposure is missing.

    Raises
    ------
    InputError
        An unknown group.
    MissingColumnError
        A column is missing.

    Notes
    -----
    With one open frontier for all, ``gap`` is the frontier's capability less the model's own. Given effects
    for every month it is the model's own capability with the sign reversed, and given effects for every
    model and a trend it hardly varies: a linear effect of ``gap`` cannot be told from those. ``closeness``
    and ``is_exposed`` are bounded, so they change on different days for different models; effects of them
    are identified by this and by the functional form.

    The scores are those published until today, also for days in the past.

    Examples
    --------
    >>> day = pd.Timestamp("2025-02-01")
    >>> closed = pd.DataFrame({"observed_on": [day], "model_id": ["c"], "developer": ["A"], "eci": [140.0],
    ...                        "price": [10.0]})
    >>> rival = pd.DataFrame({"observed_on": [day], "model_id": ["o"], "developer": ["B"], "origin": ["CN"],
    ...     "access": ["open"], "eci": [138.0], "price": [1.0], "hosts": [3], "cheapest_host": ["h"]})
    >>> found = exposure(closed, rival, groups=["any"]).iloc[0]
    >>> float(found["gap"]), float(found["closeness"]), bool(found["is_exposed"])
    (-2.0, 0.75, True)
    """
    rule = rule or RivalRule()
    chosen = list(groups)
    strange = sorted(set(chosen) - set(RIVAL_GROUPS))
    if strange or not chosen:
        raise InputError(f"groups must be some of {', '.join(RIVAL_GROUPS)}; got {chosen}.")
    advice = "see the docstring for what makes them"
    need_columns(offers, ("observed_on", "model_id", "developer", "eci", "price"), "offers lack", advice)
    need_columns(rivals, ("observed_on", *_RIVAL), "rivals lack", advice)
    offers = offers.reset_index(drop=True)
    parts = [_placed(offers, rivals, rule, group) for group in chosen]
    found = pd.concat(parts, ignore_index=True)
    found.attrs = dict(offers.attrs)
    return found


def exposure_sensitivity(
    offers: pd.DataFrame, rivals: pd.DataFrame, rules: Mapping[str, RivalRule], *, group: str = "any"
) -> pd.DataFrame:
    """How exposure depends on what counts as a rival.

    Parameters
    ----------
    offers, rivals
        As in :func:`exposure`.
    rules : mapping of label to RivalRule
    group : str

    Returns
    -------
    DataFrame
        One row a rule and day: ``rule, observed_on, offers`` (with a score), ``share_exposed``,
        ``closeness`` (mean), ``undercut`` (median log price ratio among the exposed).
    """
    parts = []
    for label, rule in rules.items():
        found = exposure(offers, rivals, rule=rule, groups=[group])
        by_day = found[found["why_not"].eq("")].groupby("observed_on")
        told = by_day.agg(
            offers=("model_id", "size"), share_exposed=("is_exposed", "mean"),
            closeness=("closeness", "mean"), undercut=("undercut", "median"),
        )  # fmt: skip
        parts.append(told.reset_index().assign(rule=label))
    order = ["rule", "observed_on", "offers", "share_exposed", "closeness", "undercut"]
    return pd.concat(parts, ignore_index=True)[order]


def _on_offer(quotes: pd.DataFrame) -> pd.DataFrame:
    """One row a scored model and day: facts, cheapest price and number of sellers."""
    ordered = quotes[quotes["eci"].notna()].sort_values(["observed_on", "model_id", "price", "host"])
    facts = ["developer", "origin", "access", "release_date", "eci"]
    by_model = ordered.groupby(["observed_on", "model_id"])
    found = by_model[facts].first()
    found["price"], found["hosts"] = by_model["price"].first(), by_model["host"].nunique()
    found["cheapest_host"] = by_model["host"].first()
    return found.reset_index()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where each offer stands among the rivals of its day.

    Attributes
    ----------
    rivals : DataFrame
        Those that count, in order of day and model.
    best, cheapest : ndarray, shape (n_offers,)
        Row of the most capable rival, and of the cheapest within reach; -1 where there is none.
    in_reach : ndarray, shape (n_offers,)
        Rivals within reach.
    gap, closeness : ndarray, shape (n_offers,)
        See `exposure` and `RivalRule`; missing where the offer has no score.
    """

    rivals: pd.DataFrame
    best: Integers
    cheapest: Integers
    in_reach: Integers
    gap: Floats
    closeness: Floats

    def of(self, column: str, which: Integers) -> Floats:
        """A number of the best or cheapest rivals, missing where there is none."""
        values = np.append(self.rivals[column].to_numpy(float), np.nan)
        return values[which]


def placed(offers: pd.DataFrame, rivals: pd.DataFrame, rule: RivalRule, group: str) -> Placement:
    """Find the best and the cheapest rival of each offer; placebos call this hundreds of times."""
    counted = rivals["access"].isin(rule.accesses) & rivals["hosts"].ge(rule.min_hosts)
    if group != "any":
        counted &= rivals["origin"].eq("CN") == (group == "CN")
    rivals = rivals[counted].sort_values(["observed_on", "model_id"], ignore_index=True)
    best, cheapest, number = _positions(offers, rivals, rule.reach)
    own = offers["eci"].to_numpy(float)
    gap = np.append(rivals["eci"].to_numpy(float), np.nan)[best] - own
    closeness = np.where(best >= 0, np.clip(1 + gap / rule.width, 0, 1), 0.0)
    return Placement(rivals, best, cheapest, number, gap, np.where(np.isfinite(own), closeness, np.nan))


def _placed(offers: pd.DataFrame, rivals: pd.DataFrame, rule: RivalRule, group: str) -> pd.DataFrame:
    """Exposure of offers to one group of rivals."""
    at = placed(offers, rivals, rule, group)
    facts = at.rivals[list(_RIVAL)]
    looked_up = [
        facts.reindex(position).set_axis(offers.index).add_prefix(f"{prefix}_")
        for prefix, position in (("best", at.best), ("reach", at.cheapest))
    ]
    found = pd.concat([offers.assign(rivals=group), *looked_up], axis=1)
    found["gap"], found["closeness"] = at.gap, at.closeness
    found["in_reach"], found["is_exposed"] = at.in_reach, at.in_reach > 0
    found["undercut"] = np.log(found["price"] / found["reach_price"])
    found["why_not"] = np.where(found["eci"].notna(), "", "no capability score")
    return found


def _positions(offers: pd.DataFrame, rivals: pd.DataFrame, reach: float) -> tuple[Integers, ...]:
    """Row of the best rival and of the cheapest within reach (-1: none), and the number within reach."""
    best, cheapest = np.full(len(offers), -1), np.full(len(offers), -1)
    number = np.zeros(len(offers), dtype=np.int64)
    own_score, their_score = offers["eci"].to_numpy(float), rivals["eci"].to_numpy(float)
    price = rivals["price"].to_numpy(float)
    maker, day = (pd.factorize(pd.concat([offers[k], rivals[k]]))[0] for k in ("developer", "observed_on"))
    own_maker, their_maker = maker[: len(offers)], maker[len(offers) :]
    own_of, rows_of = (_rows_by(codes) for codes in (day[: len(offers)], day[len(offers) :]))
    for code, every in own_of.items():
        own, rows = every[np.isfinite(own_score[every])], rows_of.get(code)
        if rows is None or not len(own):
            continue
        able = rows[np.lexsort((price[rows], -their_score[rows]))]  # most capable first, then cheapest
        allowed = own_maker[own, None] != their_maker[able]  # (offers, rivals)
        best[own] = np.where(allowed.any(axis=1), able[allowed.argmax(axis=1)], -1)
        cheap = rows[np.lexsort((-their_score[rows], price[rows]))]
        reached = own_maker[own, None] != their_maker[cheap]
        reached &= their_score[cheap] >= own_score[own, None] - reach - 1e-9
        number[own] = reached.sum(axis=1)
        cheapest[own] = np.where(number[own] > 0, cheap[reached.argmax(axis=1)], -1)
    return best, cheapest, number


def _rows_by(codes: Integers) -> dict[int, Integers]:
    """Rows of each code, in order."""
    order = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, starts[1:]), strict=True)) if len(found) else {}
