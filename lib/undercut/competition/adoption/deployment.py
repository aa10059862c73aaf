"""Which way of getting a given capability costs least, at which monthly volume and under which rules?

Four ways: a US closed model by its interface, Chinese open weights from their developer, the same kind of
weights from a US seller, and the weights on rented GPUs. Prices are measured; hours of staff, and what
rented GPUs achieve, are assumed, each with a range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from undercut.competition.adoption.availability import SELLERS
from undercut.competition.hosts.model_sizes import active_parameters
from undercut.competition.hosts.panel import OWN_SITES
from undercut.competition.hosts.serving_cost import (
    ASSUMED,
    Assumption,
    Assumptions,
    ServingAssumptions,
    cost_factor,
    rent_per_speed,
)
from undercut.errors import InputError, OutsideDataError
from undercut.inference.arrays import Floats
from undercut.inference.resampling import multiplicities
from undercut.prices.cross_section import cross_section
from undercut.prices.monthly_quotes import market_group
from undercut.prices.workloads import Workload
from undercut.result import Axes, Result
from undercut.sources.reference import load_reference

CLOSED: Final = "US closed model, own interface"
CHINESE_API: Final = "Chinese weights, developer's interface"
US_SELLER: Final = "Chinese weights, US seller"
SELF_HOSTED: Final = "Chinese weights, own rented GPUs"
WAYS: Final = (CLOSED, CHINESE_API, US_SELLER, SELF_HOSTED)

_HOURS_A_MONTH: Final = 730.0


@dataclass(frozen=True, slots=True)
class DeploymentAssumptions(Assumptions):
    """What is assumed beside prices.

    Attributes
    ----------
    usd_per_staff_hour : Assumption
        What an hour of an engineer costs.
    self_hosting_hours : Assumption
        Hours a month to run one's own machines.
    gpus : Assumption
        Smallest number of GPUs that holds the weights; they are rented around the clock.
    """

    usd_per_staff_hour: Assumption = ASSUMED["usd_per_staff_hour"]
    self_hosting_hours: Assumption = ASSUMED["self_hosting_hours"]
    gpus: Assumption = ASSUMED["gpus"]


class MonthlyBills(Result):
    """Bills of every way at every volume.

    Attributes
    ----------
    bills : DataFrame
        ``volume`` (million tokens a month), ``way, bill, low, high`` (USD a month), ``cheapest``: share of
        the draws in which the way is the cheapest of all.
    offers : DataFrame
        What stands behind each way: ``way, model_id, developer, host, price`` (USD per million tokens).
    draws : dict of str to ndarray
        USD a month by way, shape (draws + 1, volumes); the first row is the estimate. Infinite where a
        cost cannot be told.
    staff_hour : ndarray, shape (draws + 1,)
        USD for an hour of an engineer.
    volumes : tuple of float
        Million tokens a month.
    level : float
    """

    bills: pd.DataFrame
    offers: pd.DataFrame
    draws: Mapping[str, Floats]
    staff_hour: Floats
    volumes: tuple[float, ...]
    level: float

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the bill of every way against the volume, both on logarithmic axes."""
        from undercut.competition.adoption.charts import bills_by_volume

        return bills_by_volume(self.bills, ax=ax)

    def ratio(self, ways: Sequence[str], *, volume: float, to: str = CLOSED) -> tuple[float, float, float]:
        """Cheapest of some ways over another at a volume, with its interval."""
        return self._interval(self._cheapest(ways, volume) / self._cheapest([to], volume))

    def saving_in_hours(
        self, ways: Sequence[str], *, volume: float, to: str = CLOSED
    ) -> tuple[float, float, float]:
        """What the cheapest of some ways saves against another, in hours of an engineer a month."""
        return self._interval((self._cheapest([to], volume) - self._cheapest(ways, volume)) / self.staff_hour)

    def _cheapest(self, ways: Sequence[str], volume: float) -> Floats:
        if volume not in self.volumes:
            raise InputError(f"No bill for {volume:g} million tokens: asked were {self.volumes}.")
        column = self.volumes.index(volume)
        return np.asarray(np.min([self.draws[way][:, column] for way in ways], axis=0))

    def _interval(self, drawn: Floats) -> tuple[float, float, float]:
        """Estimate and percentile ends, widened to hold it: a minimum moves to one side only."""
        low, high = np.quantile(drawn[1:], [(1 - self.level) / 2, (1 + self.level) / 2])
        return float(drawn[0]), float(min(low, drawn[0])), float(max(high, drawn[0]))

    def break_even(self, way: str, other: str) -> float:
        """Smallest volume asked for from which ``way`` costs less than ``other``; NaN where it never does."""
        is_cheaper = self.draws[way][0] < self.draws[other][0]
        if not is_cheaper[-1]:
            return float("nan")
        last_dearer = np.flatnonzero(~is_cheaper)
        return float(self.volumes[0 if not len(last_dearer) else last_dearer[-1] + 1])


def monthly_bills(
    panel: pd.DataFrame,
    day: str | date | pd.Timestamp,
    *,
    min_capability: float,
    workload: str | Workload,
    volumes: Sequence[float] = (1, 10, 100, 1_000, 10_000, 100_000),
    assumptions: DeploymentAssumptions | None = None,
    serving: ServingAssumptions | None = None,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
    rental: pd.DataFrame | None = None,
    developers: pd.DataFrame | None = None,
) -> MonthlyBills:
    """Bills for a volume of work that needs a given capability.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`, priced for the same ``workload``.
    day : date
    min_capability : float
        Only models at or above this score of the capability index are good enough.
    workload : str or Workload
        Decides what computing costs on rented GPUs; cached input is taken to cost nothing there.
    volumes : sequence of float
        Million tokens a month, rising.
    assumptions, serving : optional
        Ranges of what is assumed.
    draws, level, seed
        Draws of all assumptions, and of developers: the cheapest offer is one firm's decision, so each draw
        keeps a resample of developers, and the cheapest of those.
    rental, developers : DataFrame, optional
        As the reference tables ``gpu_rental`` and ``developers``, the default.

    Returns
    -------
    MonthlyBills

    Raises
    ------
    InputError
        Volumes that are not positive and rising.
    OutsideDataError
        A way has no model of that capability.
    """
    amount = np.asarray(volumes, dtype=float)
    if len(amount) == 0 or (amount <= 0).any() or (np.diff(amount) <= 0).any():
        raise InputError(f"volumes must be positive and rising, in million tokens a month; got {volumes}.")
    assumed = assumptions or DeploymentAssumptions()
    generator = np.random.default_rng(seed)
    drawn = {
        part.name: np.append(value.centre, value.draw(generator, draws))[:, None]
        for part in fields(assumed)
        for value in [getattr(assumed, part.name)]
    }
    known = load_reference("developers") if developers is None else developers
    offers = _offers(panel, day, min_capability, known)
    staff = drawn["usd_per_staff_hour"]
    kept = _developers_kept(offers, draws, seed)
    bought = (CLOSED, CHINESE_API, US_SELLER)
    bills = {way: _cheapest(offers[offers["way"] == way], kept) * amount for way in bought}
    rents = load_reference("gpu_rental") if rental is None else rental
    computing, rent = _computing(offers, pd.Timestamp(day), rents, workload, serving, draws, seed)
    floor = drawn["gpus"] * _HOURS_A_MONTH * rent
    bills[SELF_HOSTED] = np.maximum(computing * amount, floor) + staff * drawn["self_hosting_hours"]
    return MonthlyBills(
        bills=_summarised(bills, amount, level),
        offers=_behind(offers),
        draws=bills,
        staff_hour=staff[:, 0],
        volumes=tuple(float(volume) for volume in amount),
        level=level,
    )


def _offers(
    panel: pd.DataFrame, day: str | date | pd.Timestamp, min_capability: float, developers: pd.DataFrame
) -> pd.DataFrame:
    """Offers that are good enough, with the way to which each belongs."""
    offered = cross_section(panel, day)
    offered = offered[offered["eci"].ge(min_capability) & offered["host_kind"].isin(SELLERS)]
    group = market_group(offered)
    is_own = offered["host_kind"].eq("developer") & _is_own_site(offered, developers)
    chinese = group.eq("CN open")
    way = pd.Series(pd.NA, index=offered.index, dtype="object")
    way[group.eq("US closed") & is_own] = CLOSED
    way[chinese & is_own & offered["host_country"].eq("CN").fillna(False)] = CHINESE_API
    way[chinese & ~is_own & offered["host_country"].eq("US").fillna(False)] = US_SELLER
    known = offered.assign(way=way).dropna(subset=["way"])
    known["developer"] = known["developer"].fillna(known["model_id"])
    known["active_billions"] = active_parameters(known["model_id"])
    for needed in (CLOSED, CHINESE_API, US_SELLER):
        if not known["way"].eq(needed).any():
            raise OutsideDataError(
                f"{needed}: no offer at or above {min_capability:g} index points on "
                f"{pd.Timestamp(day):%Y-%m-%d}. Choose a lower capability or a later day."
            )
    return known.reset_index(drop=True)


def _is_own_site(offers: pd.DataFrame, developers: pd.DataFrame) -> pd.Series:
    """Whether the seller is the model's own developer."""
    sites = developers.dropna(subset=["own_host"])
    own = set(zip(sites["developer"], sites["own_host"], strict=True))
    own |= {(developer, site) for developer, named in OWN_SITES.items() for site in named}
    pairs = zip(offers["developer"], offers["host"], strict=True)
    return pd.Series([pair in own for pair in pairs], index=offers.index)


def _developers_kept(offers: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Which developers each resample keeps: rows (draws + 1), one column a developer.

    US and Chinese developers are drawn apart; the two ways to Chinese weights share their draws, as a
    developer whose weights are not there is missing from both.
    """
    kept = []
    for number, is_side in enumerate((offers["way"].eq(CLOSED), offers["way"].ne(CLOSED))):
        developers = sorted(offers.loc[is_side, "developer"].unique())
        counts = multiplicities(len(developers), draws=draws, seed=seed + number)
        kept.append(pd.DataFrame(counts > 0, columns=developers))
    return pd.concat(kept, axis=1)


def _cheapest(offers: pd.DataFrame, kept: pd.DataFrame) -> Floats:
    """Lowest price among the developers kept, shape (draws + 1, 1); the sample's own where a resample keeps
    none of this way's developers."""
    lowest = offers.groupby("developer")["price"].min().astype(float)
    drawn = np.where(kept[lowest.index], lowest.to_numpy(), np.inf).min(axis=1, keepdims=True)
    return np.where(np.isfinite(drawn), drawn, lowest.min())


def _computing(
    offers: pd.DataFrame,
    day: pd.Timestamp,
    rental: pd.DataFrame,
    workload: str | Workload,
    serving: ServingAssumptions | None,
    draws: int,
    seed: int,
) -> tuple[Floats, float]:
    """USD per million tokens on rented GPUs, shape (draws + 1, 1), and the rent of one GPU-hour."""
    sized = offers[offers["way"].ne(CLOSED) & offers["active_billions"].notna()]
    rents = rent_per_speed(rental)
    known = rents[rents["period"] <= day.strftime("%Y-%m")]
    if known.empty:
        raise OutsideDataError(
            f"No GPU rent is known for {day:%Y-%m}; rents start {rents['period'].iloc[0]}."
        )
    rent = known.iloc[-1]
    assumed = serving or ServingAssumptions()
    factor = np.concatenate(
        [cost_factor(workload, assumed.centre()), cost_factor(workload, assumed, draws=draws, seed=seed)]
    )
    # An unknown size makes the cost unknown: infinite, so that it is never the cheapest.
    smallest = float(sized["active_billions"].min()) if len(sized) else np.inf
    return (smallest * float(rent["usd_per_teraflop_hour"]) * factor)[:, None], float(
        rent["usd_per_gpu_hour"]
    )


def _behind(offers: pd.DataFrame) -> pd.DataFrame:
    """The offer that stands behind each way."""
    best = offers.sort_values(["way", "price", "model_id", "host"]).drop_duplicates("way")
    sized = offers[offers["way"].ne(CLOSED) & offers["active_billions"].notna()]
    smallest = sized.sort_values(["active_billions", "model_id"]).head(1)
    own = smallest.assign(way=SELF_HOSTED, host="rented GPUs", price=np.nan)
    columns = ["way", "model_id", "developer", "host", "price"]
    return pd.concat([best, own])[columns].set_index("way").reindex(list(WAYS)).reset_index()


def _summarised(bills: Mapping[str, Floats], amount: Floats, level: float) -> pd.DataFrame:
    stacked = np.stack([bills[way] for way in WAYS])
    winner = stacked[:, 1:].argmin(axis=0)
    with np.errstate(invalid="ignore"):  # infinite costs have no quantiles
        ends = np.quantile(stacked[:, 1:], [(1 - level) / 2, (1 + level) / 2], axis=1)
    rows = pd.MultiIndex.from_product([amount, WAYS], names=["volume", "way"]).to_frame(index=False)
    bill = stacked[:, 0].T.ravel()
    low, high = (end.T.ravel() for end in ends)
    is_cheapest = winner == np.arange(len(WAYS))[:, None, None]  # (ways, draws, volumes)
    cheapest = is_cheapest.mean(axis=1).T.ravel()
    rows = rows.assign(bill=bill, low=np.minimum(low, bill), high=np.maximum(high, bill), cheapest=cheapest)
    return rows.replace(np.inf, np.nan)
