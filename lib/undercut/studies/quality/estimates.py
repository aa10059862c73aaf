"""What does the report on security, quality and reliability compute?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.hosts.first_party import (
    MIN_CLUSTERS,
    Premium,
    Seller,
    jurisdiction_premium,
    premium_cells,
)
from undercut.errors import DataError, TooFewError
from undercut.inference.robustness import Robustness
from undercut.panel.access import has_open_weights
from undercut.panel.measures import MEASURES, capability_scores, installed
from undercut.prices.capability.gap import PriceGap
from undercut.prices.capability.lag import CapabilityLag, capability_lag
from undercut.prices.reliability import RateRatio
from undercut.report.findings.results import Finding
from undercut.studies.framed import Framed
from undercut.studies.presentation import Number, Part, Sentence
from undercut.studies.robust import hangs_on, point

#: Whose weights count as open, by what is said of licences.
_LICENCES: Final = {"all": "open", "without those that set conditions": "unrestricted"}

#: Choices of the premium, the headline's first: key, name, and what `typical_premium` is given.
_CHOICES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "": ("median model at its median US seller", {}),
    ".cheapest_us_seller": ("median model at its cheapest US seller", {"seller": "lowest"}),
    ".mean_us_seller": ("mean over models and US sellers", {"seller": "mean", "across": "mean"}),
    ".over_the_mainland_site": ("over the mainland site", {"mainland": True}),
    ".all_months": ("all months since {first_month}", {"months": None}),
}
#: Choices that are combined.
_COMBINED: Final[Mapping[str, Sequence[Any]]] = {
    "US seller": ("median", "mean", "lowest"),
    "over models": ("median", "mean"),
    "months": (3, 6, 12, 24),
    "developer's site": ("international", "mainland"),
}


class SameWeights(Framed, row="choice", value="premium"):
    """Price of Chinese weights at US sellers over the developer's own, by choice.

    `frame` has one row a choice: ``key, choice, premium, low, high`` (percent), ``models, clusters, how`` and
    ``why_not`` where there is no estimate.
    """

    whole: Premium
    by_model: pd.DataFrame
    first_month: str
    recent_months: int
    workload: str

    def row(self, key: str = "") -> pd.Series:
        """The row of a choice; by default the headline's."""
        return self.frame[self.frame["key"].eq(f"us_hosting_premium{key}")].iloc[0]


class AtEqualCapability(Framed, row="model_id"):
    """What US closed models cost over Chinese open ones of equal capability."""

    gap: PriceGap


class Incidents(Framed, row="title"):
    """Bans and security incidents on record."""


class Behind(Framed, row="period", value="gap"):
    """How far the best Chinese open model is behind; `frame` is the path by month, `by_measure` has one row a
    measure of capability and treatment of licences that set conditions."""

    lag: CapabilityLag
    by_measure: pd.DataFrame
    released: date
    measure: str
    points: str
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


class BehindWithout(Framed, row="left_out", value="lag"):
    """Months behind without each model on which they can hang: ``left_out, lag``, lowest first."""

    whole: float

    def parts(self) -> Iterator[Part]:
        """The range, and the models at its ends."""
        low, high = self.frame.iloc[0], self.frame.iloc[-1]
        yield Number(
            "capability_gap_months.without_one_model", "Months behind, without any one model: middle",
            float(self.frame["lag"].median()), "months", ci=(low["lag"], high["lag"]), level=1.0,
            n=len(self.frame), role="robustness", method="each model at or above the second best follower",
            note=f"lowest and highest; without {low['left_out']} and {high['left_out']}",
        )  # fmt: skip
        ends = [f"{row['lag']:.1f} (without {row['left_out']})" for row in (low, high)]
        yield Sentence(
            f"With one model left out the best Chinese open model is {ends[0]} to {ends[1]} months behind; "
            f"with all it is {self.whole:.1f}."
        )


def behind_without_each(day: date, measure: str) -> BehindWithout:
    """Months behind without each model that could change them: those from the second best follower up."""
    scores = capability_scores(measure)
    scores = scores[scores["release_date"].dt.date <= day]
    opened = has_open_weights(scores["access"]) & scores["country"].eq("CN")
    from_here = scores["eci"] >= scores.loc[opened, "eci"].nlargest(2).min()
    closed = scores["access"].eq("closed") & scores["country"].eq("US")
    names = scores.loc[from_here & (opened | closed), "model"]
    lags = [float(capability_lag(scores[scores["model"] != name], draws=1).now["lag"]) for name in names]
    frame = pd.DataFrame({"left_out": names, "lag": lags}).sort_values("lag", ignore_index=True)
    return BehindWithout(frame, float(capability_lag(scores, draws=1).now["lag"]))


class ByTask(Framed, row="task", value="gap"):
    """The gap by kind of work; `frame` as `arena_gaps` gives it."""


class Steadiness(Framed, row="what", value="rate"):
    """How often offers vanish or change their price: rates of both kinds, ``what`` naming the kind."""

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
    """The premium of the median model over the last months, and under other choices.

    Parameters
    ----------
    sold : DataFrame
        From :func:`undercut.competition.hosts.host_panel`.
    recent_months : int
        Months before the last that count.
    first_month, workload : str
        What the panel was made with.
    draws : int
        Of the bootstrap over models.
    """
    rows = []
    for key, (name, chosen) in _CHOICES.items():
        told = {"key": f"us_hosting_premium{key}", "choice": name.format(first_month=first_month)}
        rows.append(told | _premium(sold, draws, {"months": recent_months} | dict(chosen)))
    whole = jurisdiction_premium(sold, draws=draws, cluster="developer", seller="median")
    by_model = pd.DataFrame()
    with suppress(DataError):
        shown = {
            seller: _by_model(sold, seller=seller, months=recent_months) for seller in ("median", "lowest")
        }
        cheapest = shown["lowest"].set_index("model_id")["difference"].rename("cheapest")
        by_model = shown["median"].join(cheapest, on="model_id")
    return SameWeights(pd.DataFrame(rows), whole, by_model, first_month, recent_months, workload)


def _by_model(
    sold: pd.DataFrame, *, seller: Seller = "median", months: int | None = 6, mainland: bool = False
) -> pd.DataFrame:
    """Log price of US sellers over the developer's, one row a model: the mean of its months."""
    recent = sold if months is None else sold[sold["month"] > sold["month"].max() - months]
    cells = premium_cells(recent, ["US"], ["CN"], seller, mainland)
    by_model = cells.groupby(["model_id", "developer"], as_index=False)
    return by_model.agg(difference=("difference", "mean"), months=("period", "nunique"))


def typical_premium(models: pd.DataFrame, across: str = "median") -> float:
    """Percent by which US sellers ask more than the developer, over models."""
    if models.empty:
        raise TooFewError("No model is sold by its developer and by a US firm.")
    return float(100 * np.expm1(models["difference"].agg(across)))


def _premium(sold: pd.DataFrame, draws: int, chosen: dict[str, Any]) -> dict[str, Any]:
    across = chosen.pop("across", "median")
    try:
        models = _by_model(sold, **chosen)
    except DataError as reason:
        missing = dict.fromkeys(("premium", "low", "high"), np.nan)
        return missing | {"models": 0, "clusters": 0, "how": "", "why_not": str(reason)}
    value = typical_premium(models, across)
    log = models["difference"].to_numpy(float)
    picked = np.random.default_rng(0).integers(len(log), size=(draws, len(log)))
    drawn = getattr(np, across)(log[picked], axis=1)
    # One model, or few, give an interval of no width that says nothing.
    low, high = (
        100 * np.expm1(np.quantile(drawn, [0.025, 0.975])) if len(log) >= MIN_CLUSTERS else [np.nan] * 2
    )
    return {
        "premium": value, "low": float(low), "high": float(high), "models": len(log), "clusters": len(log),
        "how": f"{across} over models", "why_not": "",
    }  # fmt: skip


def premium_choices(sold: pd.DataFrame, headline: Finding, recent_months: int) -> Robustness | list[Part]:
    """The premium under every combination of choices, and without each model and each developer."""

    @cache
    def models(seller: Seller, months: int, site: str) -> pd.DataFrame:
        return _by_model(sold, seller=seller, months=months, mainland=site == "mainland")

    def estimate(**chosen: Any) -> dict[str, float]:
        rows = models(chosen["US seller"], chosen["months"], chosen["developer's site"])
        value = typical_premium(rows, chosen["over models"])
        return point(value)

    options = dict(_COMBINED) | {"months": tuple(dict.fromkeys((recent_months, *_COMBINED["months"])))}
    rows = models("median", recent_months, "international").rename(columns={"model_id": "model"})
    label = "US sellers over the Chinese developer, same weights"
    return hangs_on(headline, label, estimate, options, rows, ["model", "developer"], typical_premium)


def behind(day: date, measure: str, *, draws: int) -> Behind:
    """How far the best Chinese open model is behind: by a measure, by all others, by licence."""
    found: dict[tuple[str, str], CapabilityLag] = {}
    rows = []
    for name in dict.fromkeys((measure, *installed())):
        scores = capability_scores(name)
        scores = scores[scores["release_date"].dt.date <= day]
        for licences, kind in _LICENCES.items():
            try:
                lag = capability_lag(scores, follower=("CN", kind), draws=draws)
            except TooFewError:
                continue
            found[name, licences] = lag
            rows.append({"measure": MEASURES[name].title, "licences": licences, **lag.now.drop("period")})
    lag = found[measure, "all"]
    released = capability_scores(measure)["release_date"].dt.date
    last = max(one for one in released.dropna() if one <= day)
    title = MEASURES[measure].title
    return Behind(lag.path, lag, pd.DataFrame(rows), last, title, MEASURES[measure].points, draws)


def incidents(events: pd.DataFrame, day: date) -> Incidents:
    """Bans and security incidents up to a day."""
    rows = events[events["type"].eq("security_or_ban") & events["date"].le(pd.Timestamp(day))]
    return Incidents(rows)
