"""What does the report on security, quality and reliability compute?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.hosts.first_party import MIN_CLUSTERS, Premium, jurisdiction_premium
from undercut.errors import DataError
from undercut.prices.capability.gap import PriceGap
from undercut.prices.capability.lag import CapabilityLag
from undercut.prices.reliability import RateRatio
from undercut.studies.framed import Framed

#: Choices of the premium beside the headline: key, name, and what `jurisdiction_premium` is given.
_CHOICES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "": ("mean of US sellers, drawn by developer", {}),
    ".cheapest_us_seller": ("cheapest US seller", {"seller": "lowest"}),
    ".median_us_seller": ("median US seller", {"seller": "median"}),
    ".over_the_mainland_site": ("over the mainland site", {"mainland": True}),
    ".drawn_by_model": ("drawn by model", {"cluster": "model_id"}),
    ".all_months": ("all months since {first_month}", {}),
}


@dataclass(frozen=True, slots=True)
class SameWeights(Framed):
    """Price of Chinese weights at US sellers over the developer's own, by choice.

    `frame` has one row a choice: ``key, choice, premium, low, high`` (percent), ``models, clusters, how`` and
    ``why_not`` where there is no estimate.
    """

    ROW = "choice"
    VALUE = "premium"
    whole: Premium
    first_month: str
    recent_months: int
    workload: str

    def row(self, key: str = "") -> pd.Series:
        """The row of a choice; by default the headline's."""
        return self.frame[self.frame["key"].eq(f"us_hosting_premium{key}")].iloc[0]


@dataclass(frozen=True, slots=True)
class AtEqualCapability(Framed):
    """What US closed models cost over Chinese open ones of equal capability."""

    ROW = "model_id"
    gap: PriceGap


@dataclass(frozen=True, slots=True)
class Incidents(Framed):
    """Bans and security incidents on record."""

    ROW = "title"


@dataclass(frozen=True, slots=True)
class Behind(Framed):
    """How far the best Chinese open model is behind; `frame` is the path by month."""

    ROW = "period"
    VALUE = "gap"
    lag: CapabilityLag
    released: date
    draws: int

    @property
    def year_ago(self) -> pd.Series:
        """The row of twelve months before, or the first."""
        return self.frame.iloc[-13] if len(self.frame) > 12 else self.frame.iloc[0]

    @property
    def at_release(self) -> pd.Series:
        """Lags of the last ten record holders on the day of their release, months."""
        return self.lag.releases.dropna(subset=["lag"]).tail(10)["lag"]

    def usual(self) -> tuple[float, tuple[float, float]]:
        """Their mean with its interval from a bootstrap over releases."""
        lags = self.at_release.to_numpy()
        drawn = np.random.default_rng(0).choice(lags, size=(self.draws, len(lags))).mean(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        return float(lags.mean()), (float(low), float(high))


@dataclass(frozen=True, slots=True)
class ByTask(Framed):
    """The gap by kind of work; `frame` as `arena_gaps` gives it."""

    ROW = "task"
    VALUE = "gap"


@dataclass(frozen=True, slots=True)
class Steadiness(Framed):
    """How often offers vanish or change their price: rates of both kinds, ``what`` naming the kind."""

    ROW = "what"
    VALUE = "rate"
    gone: RateRatio
    moved: RateRatio

    @classmethod
    def of(cls, gone: RateRatio, moved: RateRatio) -> Steadiness:
        """Withdrawals and changes of price side by side."""
        rates = [gone.rates.assign(what="withdrawn"), moved.rates.assign(what="price changed")]
        return cls(pd.concat(rates, ignore_index=True), gone, moved)


def same_weights(
    sold: pd.DataFrame, *, recent_months: int, first_month: str, workload: str, draws: int
) -> SameWeights:
    """The premium over the last months, and under other choices.

    Few developers stand behind it, so choices drawn by developer get a wild cluster bootstrap where there
    are enough of them.
    """
    recent = sold[sold["month"] > sold["month"].max() - recent_months]
    rows = []
    for key, (name, chosen) in _CHOICES.items():
        cells = sold if key == ".all_months" else recent
        told = {"key": f"us_hosting_premium{key}", "choice": name.format(first_month=first_month)}
        rows.append(told | _premium(cells, draws, {"cluster": "developer"} | dict(chosen)))
    whole = jurisdiction_premium(sold, draws=draws, cluster="developer")
    return SameWeights(pd.DataFrame(rows), whole, first_month, recent_months, workload)


def _premium(cells: pd.DataFrame, draws: int, chosen: dict[str, Any]) -> dict[str, Any]:
    try:
        found = jurisdiction_premium(cells, draws=draws, **chosen)
    except DataError as reason:
        missing = dict.fromkeys(("premium", "low", "high"), np.nan)
        return missing | {"models": 0, "clusters": 0, "how": "", "why_not": str(reason)}
    ends, how = found.percent(), "bootstrap"
    if found.cluster == "developer" and found.clusters >= MIN_CLUSTERS:
        test, how = found.wild_test(draws=9_999), "wild bootstrap"
        value, low, high = np.expm1([test.estimate, test.ci_low, test.ci_high])
        ends = 100 * float(value), 100 * float(low), 100 * float(high)
    told = dict(zip(("premium", "low", "high"), ends, strict=True))
    return told | {
        "models": found.cells["model_id"].nunique(), "clusters": found.clusters, "how": how, "why_not": "",
    }  # fmt: skip


def incidents(events: pd.DataFrame, day: date) -> Incidents:
    """Bans and security incidents up to a day."""
    rows = events[events["type"].eq("security_or_ban") & events["date"].le(pd.Timestamp(day))]
    return Incidents(rows)
