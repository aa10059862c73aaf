"""Do list prices of closed models move when a release brings their nearest open rival closer? The answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.stats import norm

from undercut.competition.rivals import charts
from undercut.competition.rivals.entry_panel import dose_panel_of
from undercut.competition.rivals.exposure import open_rivals, own_closed_offers
from undercut.competition.rivals.releases import release_months
from undercut.errors import NoVariationError, UndercutError
from undercut.inference.arrays import Floats, Integers
from undercut.inference.detectable import PlaceboResult, detectable, placebo_result
from undercut.inference.did.results import AdoptionFit
from undercut.inference.did.stacked_dose import stacked_dose
from undercut.inference.specifications import (
    SpecificationCurve,
    all_specifications,
    run_specifications,
    specification_curve,
)
from undercut.inference.wild_bootstrap import WildBootstrap
from undercut.panel.measures import model_scores
from undercut.prices.capability.price_of_capability import comparable_points
from undercut.result import Axes, Result
from undercut.studies.entry.entries import wider_interval
from undercut.studies.entry.estimators import in_percent
from undercut.studies.entry.words import percent

#: Measures of capability beside that of the report, by the name that a reader knows.
_MEASURES: Final = {"ECI of August": "eci_2026_08", "Arena": "arena", "LiveBench": "livebench"}
#: Choices about the dose, each with its options; the first of each is the headline.
CHOICES: Final[Mapping[str, Sequence[Any]]] = {
    "rivals": ("any", "CN", "other"),
    "reach": (4.0, 2.0, 6.0),
    "months after": (6, 3),
    "releases": ("all", "apart"),
    "prices": ("settled", "as listed"),
    "measure": ("as scored", *_MEASURES),
}
_LEADS: Final = 2
_NOTHING: Final = 1e-11


class Dose(Result, kw_only=True):
    """The change of a closed model's list price as its nearest open rival moves from far to level.

    Attributes
    ----------
    fit : AdoptionFit
        Stacked by month of release.
    wild : WildBootstrap
        By developer.
    dates : PlaceboResult
        The same with the steps of the open frontier in redrawn months.
    without : DataFrame
        ``unit`` (developer, release), ``name``, ``estimate`` (percent): each left out in turn.
    curve : SpecificationCurve
        Over combinations of choices, percent; its intervals by developer are as much wider than their
        formula makes them as that of the headline is, on either side.
    """

    fit: AdoptionFit
    wild: WildBootstrap
    dates: PlaceboResult
    without: pd.DataFrame
    curve: SpecificationCurve

    @property
    def estimate(self) -> float:
        """Percent."""
        return float(percent(self.fit.effect()["estimate"]))

    @property
    def interval(self) -> tuple[float, float]:
        """On either side the wider of wild bootstrap by developer and redrawn releases, percent."""
        low, high = wider_interval(self.fit, self.dates, wild=self.wild)
        return float(percent(low)), float(percent(high))

    @property
    def detectable_fall(self) -> float:
        """Smallest fall found four times in five, percent, by an error as wide as the interval makes it."""
        low, high = (np.log1p(end / 100) for end in self.interval)
        error = (high - low) / (2 * norm.ppf((1 + self.fit.level) / 2))
        return -float(percent(-detectable(error, level=self.fit.level)))

    @property
    def before_p(self) -> float:
        """Of the months before a release; not a number where they cannot be tested."""
        try:
            return self.fit.pre_trend().p_value
        except UndercutError:
            return float("nan")

    def to_frame(self) -> pd.DataFrame:
        """The headline, its specifications' middle and what leaving one out makes of it, percent."""
        low, high = self.interval
        middle = self.curve.estimates["estimate"].quantile([0.5, 0.05, 0.95]).tolist()
        rows = [("Headline", self.estimate, low, high), ("Specifications, middle 90%", *middle)]
        for unit, part in self.without.groupby("unit", sort=False):
            ends = part["estimate"].agg(["median", "min", "max"]).tolist()
            rows.append((f"One {unit} left out", *ends))
        return pd.DataFrame(rows, columns=["term", "estimate", "low", "high"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The headline beside its robustness."""
        return charts.coefficients(self.to_frame(), ax=ax)


def dose(
    quotes: pd.DataFrame, settled: pd.DataFrame, releases: pd.DataFrame, *, reach: float = 4.0,
    months_after: int = 6, draws: int = 999, placebos: int = 999, seed: int = 0,
) -> Dose:  # fmt: skip
    """The dose with its interval, leave-one-out and specification curve.

    Parameters
    ----------
    quotes, settled : DataFrame
        Monthly quotes as listed, and with real changes of price only.
    releases : DataFrame
        From :func:`undercut.competition.rivals.releases.first_offers`.
    reach : float
        Closeness runs from zero at twice this many points behind to one at level.
    months_after : int
    draws, placebos, seed : int
        Of the wild bootstrap; of redrawn releases.
    """
    panels = {"settled": settled, "as listed": quotes}
    months = release_months(releases)

    @cache
    def sides(prices: str, measure: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        table = panels[prices]
        if measure != "as scored":
            table = table.assign(eci=table["model_id"].map(model_scores(_MEASURES[measure])).astype(float))
        return own_closed_offers(table), open_rivals(table)

    @cache
    def panel(prices: str, rivals: str, reach: float, measure: str = "as scored") -> pd.DataFrame:
        points = reach if measure == "as scored" else comparable_points(reach, _MEASURES[measure])
        return dose_panel_of(*sides(prices, measure), reach=points, group=rivals)

    def specified(
        *, rivals: str, reach: float, months_after: int, releases: str, prices: str, measure: str
    ) -> dict[str, Any]:
        gap = 1 if releases == "all" else 2
        frame = panel(prices, rivals, reach, measure)
        fit = stacked_dose(frame, months, leads=_LEADS, lags=months_after, min_gap=gap)
        if abs(fit.effect()["estimate"]) < _NOTHING:
            raise NoVariationError("No price of the scored models moved around a release.")
        return in_percent(fit)

    frame = panel("settled", "any", reach)
    fit = stacked_dose(frame, months, leads=_LEADS, lags=months_after)
    wide = wide_panel(settled, frame, reach=reach)
    chosen = dict(CHOICES) | {
        "reach": tuple(dict.fromkeys((reach, *CHOICES["reach"]))),
        "months after": tuple(dict.fromkeys((months_after, *CHOICES["months after"]))),
    }
    every = all_specifications({name.replace(" ", "_"): told for name, told in chosen.items()})
    # Other measures score fewer models, too few to split by origin of the rivals as well.
    whole = every["rivals"].eq("any") & every["reach"].eq(reach)
    found = run_specifications(specified, every[every["measure"].eq("as scored") | whole])
    wild = fit.wild_bootstrap(draws=draws, weights="webb", seed=seed)
    dates = redrawn_releases(wide, months, lags=months_after, draws=placebos, seed=seed)
    left_out = _left_out(wide, months, months_after)
    widened = as_wide(found, fit, wider_interval(fit, dates, wild=wild))
    curve = specification_curve(
        widened.rename(columns={"months_after": "months after"}),
        list(chosen), headline={name: told[0] for name, told in chosen.items()}, unit="% of the price",
    )  # fmt: skip
    return Dose(fit=fit, wild=wild, dates=dates, without=left_out, curve=curve)


def as_wide(found: pd.DataFrame, fit: AdoptionFit, interval: tuple[float, float]) -> pd.DataFrame:
    """Intervals of specifications (percent) made as much wider on either side as ``interval`` (in logs) is
    than the formula's by developer: with few developers and few changes of price the formula is too sure."""
    effect = fit.effect()
    logs = np.log1p(found[["estimate", "low", "high"]] / 100)
    sides = {}
    for side, end, formula in zip(("low", "high"), interval, effect[["ci_low", "ci_high"]], strict=True):
        factor = max((end - effect["estimate"]) / (formula - effect["estimate"]), 1.0)
        sides[side] = percent(logs["estimate"] + factor * (logs[side] - logs["estimate"]))
    return found.assign(**sides)


@dataclass(frozen=True, slots=True)
class Wide:
    """Log prices and doses of models (rows) by month (columns), and what doses are made of.

    Attributes
    ----------
    months, makers : list of str
        Columns; developer of each row.
    prices, doses : ndarray
    scores : ndarray
        Capability of each model.
    tops : ndarray
        Best open rival of each model by month.
    width : float
        Points over which closeness runs from one to zero.
    """

    months: list[str]
    makers: list[str]
    prices: Floats
    doses: Floats
    scores: Floats
    tops: Floats
    width: float

    def effect(
        self, at: Sequence[str], lags: int, *, rows: Any = slice(None), doses: Floats | None = None
    ) -> float:
        """The mean of `stacked_dose` over the months after a release, from its normal equations.

        A balanced stack has one regression for each month since the release: change of price since the month
        before it on the change of dose, both about the stack's mean.
        """
        prices, dose = self.prices[rows], (self.doses if doses is None else doses)[rows]
        over = under = 0.0
        for month in (self.months.index(month) for month in at if month in self.months):
            window = prices[:, max(month - _LEADS, 0) : month + lags + 1]
            seen = np.isfinite(window).all(axis=1)
            if window.shape[1] < _LEADS + lags + 1 or not seen.any():
                continue
            change = dose[seen, month] - dose[seen, month - 1]
            moved = window[seen, _LEADS:].mean(axis=1) - window[seen, _LEADS - 1]
            over += float((change - change.mean()) @ moved)
            under += float(np.square(change - change.mean()).sum())
        if under < _NOTHING:
            raise NoVariationError("No release changed the doses by different amounts.")
        return over / under

    def redrawn(self, order: Sequence[int] | Integers) -> tuple[Floats, dict[str, str]]:
        """Doses with the monthly steps of the open frontier in another order, and where each step went."""
        steps = np.diff(self.tops, axis=1)[:, order]
        moved = np.concatenate([self.tops[:, :1], self.tops[:, :1] + np.cumsum(steps, axis=1)], axis=1)
        went = {self.months[1 + step]: self.months[1 + place] for place, step in enumerate(order)}
        return np.clip(1 + (moved - self.scores[:, None]) / self.width, 0, 1), went


def wide_panel(quotes: pd.DataFrame, frame: pd.DataFrame, *, reach: float) -> Wide:
    """A panel of doses with models as rows, and the open frontier that each model faces.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes.
    frame : DataFrame
        From :func:`undercut.competition.rivals.entry_panel.dose_panel` of the same quotes.
    """
    months = [str(m) for m in pd.period_range(frame["period"].min(), frame["period"].max(), freq="M")]
    prices, doses = (
        frame.pivot_table(index="unit", columns="period", values=name).reindex(columns=months)
        for name in ("outcome", "dose")
    )
    score = quotes.dropna(subset=["eci"]).drop_duplicates("model_id").set_index("model_id")["eci"]
    own = prices.index.map(score).to_numpy(float)
    makers = frame.drop_duplicates("unit").set_index("unit")["cluster"].reindex(prices.index).tolist()
    rivals = open_rivals(quotes)
    rivals = rivals.assign(period=rivals["observed_on"].dt.to_period("M").astype(str))
    nobody = float(np.nanmin(own)) - 4 * reach
    tops = {}
    for maker in set(makers):
        best = rivals[rivals["developer"] != maker].groupby("period")["eci"].max()
        tops[maker] = best.reindex(months).fillna(nobody).to_numpy(float)
    faced = np.stack([tops[maker] for maker in makers])
    return Wide(months, makers, prices.to_numpy(float), doses.to_numpy(float), own, faced, 2 * reach)


def _left_out(wide: Wide, months: Sequence[str], lags: int) -> pd.DataFrame:
    """The estimate without each developer and each month of releases, where it still exists."""
    makers = np.array(wide.makers)
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("developer", str(name), {"at": months, "rows": makers != name}) for name in np.unique(makers)
    ]
    cases += [("release", month, {"at": [m for m in months if m != month]}) for month in months]
    found = []
    for unit, name, case in cases:
        with suppress(NoVariationError):  # without it nothing is left to compare
            found.append((unit, name, float(percent(wide.effect(lags=lags, **case)))))
    return pd.DataFrame(found, columns=["unit", "name", "estimate"])


def redrawn_releases(
    wide: Wide, months: Sequence[str], *, lags: int, draws: int = 199, seed: int = 0
) -> PlaceboResult:
    """The dose in worlds in which the open frontier took its steps in other months."""
    rng = np.random.default_rng(seed)
    worlds = (rng.permutation(len(wide.months) - 1) for _ in range(draws))

    def estimate(order: Integers) -> float:
        doses, went = wide.redrawn(order)
        return wide.effect([went[month] for month in months if month in went], lags, doses=doses)

    return placebo_result("redrawn releases", wide.effect(months, lags), worlds, estimate, draws=draws)
