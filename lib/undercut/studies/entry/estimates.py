"""What does report 07 compute about list prices after an entry? Effects and placebos, in percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.rivals import charts
from undercut.competition.rivals.entry_panel import entry_panel, prices_after_entry
from undercut.competition.rivals.placebos import closed_as_rivals
from undercut.errors import DataError, TooFewError, UndercutError
from undercut.inference.did.model import MethodComparison, staggered_adoption
from undercut.inference.did.results import AdoptionFit
from undercut.inference.placebos import PlaceboResult
from undercut.result import Axes, Result

#: Estimators in the order in which a reader should see them; the first is the headline.
METHODS: Final[Mapping[str, str]] = {
    "imputation": "Imputation",
    "callaway_santanna": "Callaway-Sant'Anna",
    "sun_abraham": "Sun-Abraham",
    "stacked": "Stacked",
    "two_way_fixed_effects": "Two-way fixed effects",
}
#: Percent beyond which an end of an interval is as good as none.
BEYOND: Final = 1000.0
ENDS: Final = {"estimate": "estimate", "low": "ci_low", "high": "ci_high"}


def percent(log: Any) -> Any:
    """Log points as percent; an end that overflows stays infinite."""
    with np.errstate(over="ignore"):
        return 100 * np.expm1(log)


class Table(Result, kw_only=True):
    """A result that is one table of estimates with ``term, estimate, low, high``."""

    frame: pd.DataFrame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Estimates with their intervals."""
        known = self.frame.dropna(subset=["estimate"])
        return charts.coefficients(known.assign(term=known[self.named()].astype(str)), ax=ax)

    def named(self) -> str:
        """The column that names a row."""
        return str(self.frame.columns[0])


class Estimators(Table, kw_only=True):
    """Every estimator of entry in percent, with what each could have found; see :func:`estimators`."""

    every: MethodComparison

    def of(self, method: str) -> pd.Series:
        """One method's row."""
        return self.frame.set_index("method").loc[method]

    def named(self) -> str:
        """The method's name."""
        return "term"


def estimators(every: MethodComparison, *, draws: int = 999, seed: int = 0) -> Estimators:
    """Overall effects in percent of the price, with what each estimator could have found.

    Returns
    -------
    Estimators
        One row a method: ``method, term`` (its name), ``leads`` (with which it was fitted), ``estimate, low,
        high`` (t, by developer), ``wild_p`` (wild cluster bootstrap, where the estimator is one regression),
        ``detectable_fall`` (smallest fall found with 80% power, percent, positive), ``models`` (treated),
        ``developers``, ``pre_trend_p`` and ``hidden_trend`` (what a trend that the leads miss in one of five
        samples adds, percent; missing where they cannot be tested).
    """
    rows = [_row(method, fit, draws, seed) for method, fit in every.fits.items()]
    if not rows:
        reasons = "; ".join(every.reasons.values())
        raise TooFewError(f"No estimator gave a fit. Choose another reach or group. {reasons}")
    return Estimators(frame=pd.DataFrame(rows), every=every)


def _row(method: str, fit: AdoptionFit, draws: int, seed: int) -> dict[str, Any]:
    row: dict[str, Any] = {"method": method, "term": METHODS.get(method, method), "leads": fit.leads}
    row |= in_percent(fit) | {"wild_p": np.nan}
    with suppress(UndercutError):  # not one regression, or no spread between developers
        row["wild_p"] = fit.wild_bootstrap(draws=draws, weights="webb", seed=seed).p_value
    tested = _leads(fit)
    if tested["pre_trend_p"] < 0.05:  # what a design could find that its own test rejects says nothing
        row["detectable_fall"] = np.nan
    return row | tested


def in_percent(fit: AdoptionFit) -> dict[str, Any]:
    """The overall effect in percent, with what it rests on and could have found."""
    found = fit.effect()
    known = np.isfinite(found["std_error"])
    fall = -percent(-fit.smallest_detectable().effect) if known else np.nan
    ends = {name: float(percent(found[column])) for name, column in ENDS.items()}
    return ends | {"detectable_fall": fall, "models": fit.n_treated, "developers": fit.n_clusters}


def _leads(fit: AdoptionFit) -> dict[str, float]:
    """The joint test of the leads and the trend that it would miss, where the leads can be tested."""
    unknown_leads = {"pre_trend_p": np.nan, "hidden_trend": np.nan}
    before = fit.effects.index.to_numpy() < 0
    spread = np.linalg.eigvalsh(fit.covariance[np.ix_(before, before)])
    # With few clusters an estimated covariance need not be one; a joint test is not defined then.
    if not spread.size or spread[0] <= 1e-9 * spread[-1]:
        return unknown_leads
    try:
        test = fit.pre_trend()
    except UndercutError:
        return unknown_leads
    return {"pre_trend_p": test.p_value, "hidden_trend": float(percent(abs(test.bias_80)))}


def wider_interval(fit: AdoptionFit, placebo: PlaceboResult) -> tuple[float, float]:
    """The wider of two intervals of the overall effect on either side: by developer, and by placebo.

    With a handful of developers errors by developer can be far too small, and redrawn dates ask nothing of
    their number. The interval by placebo holds the effects that, taken off the estimate, leave it within the
    middle of the placebos around their median.
    """
    found = fit.effect()
    tail = (1 - fit.level) / 2
    low, high = np.quantile(placebo.placebos - placebo.centre, [tail, 1 - tail])
    ends = (found["ci_low"], found["ci_high"])
    return min(ends[0], found["estimate"] - high), max(ends[1], found["estimate"] - low)


def honest_table(
    fits: Mapping[str, AdoptionFit], *, magnitudes: Sequence[float] = (0.0, 0.5, 1.0, 2.0)
) -> pd.DataFrame:
    """Intervals of the overall effect, percent, when trends part after entry by M times their largest step
    before it.

    Returns
    -------
    DataFrame
        ``term, magnitude, low, high``; estimators whose leads and lags have different references are left
        out, and those of which the leads leave no spread have ``why_not``.
    """
    parts = []
    for method, fit in fits.items():
        if method == "imputation":
            continue
        try:
            found = _honest(fit, magnitudes)
        except UndercutError as error:
            found = pd.DataFrame({"magnitude": [np.nan], "ci_low": np.nan, "ci_high": np.nan})
            found["why_not"] = str(error)
        parts.append(found.assign(term=METHODS.get(method, method)))
    if not parts:
        return pd.DataFrame(columns=["term", "magnitude", "low", "high", "why_not"])
    table = pd.concat(parts, ignore_index=True).rename(columns={"ci_low": "low", "ci_high": "high"})
    table[["low", "high"]] = percent(table[["low", "high"]].astype(float))
    return table[["term", "magnitude", "low", "high", "why_not"]]


def _honest(fit: AdoptionFit, magnitudes: Sequence[float]) -> pd.DataFrame:
    values = np.linalg.eigvalsh(fit.covariance)
    if not np.isfinite(fit.effect()["std_error"]) or values[0] < -1e-9 * values[-1]:
        raise DataError("Too few developers: their spread does not make a covariance of leads and lags.")
    return fit.honest_bounds(magnitudes=magnitudes).table().assign(why_not="")


class Headline(Result, kw_only=True):
    """The yes or no beside the dose: list prices after entry within reach, and launch prices.

    Attributes
    ----------
    estimators : Estimators
    fit : AdoptionFit
        The headline's.
    dates : PlaceboResult
        The same at redrawn dates.
    entries : DataFrame
        From `entry_panel`.
    launch : DataFrame
        From `launch_table`.
    reach : float
    """

    estimators: Estimators
    fit: AdoptionFit
    dates: PlaceboResult
    entries: pd.DataFrame
    launch: Table
    reach: float

    @property
    def interval(self) -> tuple[float, float]:
        """The wider interval, in percent."""
        low, high = (float(percent(end)) for end in wider_interval(self.fit, self.dates))
        return low, high

    def to_frame(self) -> pd.DataFrame:
        """Every estimate beside the headline, in percent."""
        low, high = self.interval
        top = {"term": "Entry: imputation, wider interval", "estimate": self.main["estimate"]}
        rows = [top | {"low": low, "high": high}]
        rows += self.estimators.frame[["term", *ENDS]].to_dict("records")
        others = (
            ("Launch: rival in reach (association)", self.launched("is_exposed")),
            ("Launch: far to level (association)", self.launched("closeness")),
        )
        rows += [{"term": term} | row[list(ENDS)].to_dict() for term, row in others]
        return pd.DataFrame(rows).dropna(subset=["estimate"], ignore_index=True)

    @property
    def main(self) -> pd.Series:
        """The headline's row among the estimators."""
        return self.estimators.of(self.fit.method)

    def launched(self, dose: str) -> pd.Series:
        """Launch prices by one dose, with capability and time held fixed."""
        table = self.launch.frame.set_index(["sample", "dose", "controls"])
        return table.loc[("all launches", dose, "capability and time")]

    def changes(self) -> pd.DataFrame:
        """What each model's price did within the window, no comparison."""
        return prices_after_entry(self.entries, lags=self.fit.lags)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Every estimate with its interval."""
        return charts.coefficients(self.to_frame(), ax=ax)


def first_fit(frame: pd.DataFrame, *, leads: int = 3, lags: int = 6) -> AdoptionFit:
    """Imputation with as many of the leads as can be told apart."""
    for count in range(leads, 1, -1):
        with suppress(UndercutError):
            return staggered_adoption(frame, method="imputation", leads=count, lags=lags)
    return staggered_adoption(frame, method="imputation", leads=1, lags=lags)


class FakeEntries(Table, kw_only=True):
    """The headline at fake dates, with fake scores, and with closed rivals in the place of open ones.

    Attributes
    ----------
    dates : PlaceboResult
    closed : mapping
        The estimate with closed rivals in percent, or ``why_not``.
    """

    dates: PlaceboResult
    closed: Mapping[str, Any]


def fake_entries(
    dates: PlaceboResult, scores: PlaceboResult, quotes: pd.DataFrame, *, reach: float, lags: int
) -> FakeEntries:
    """Put the placebos of the headline side by side."""
    table = placebo_table({"redrawn dates": dates, "exchanged scores": scores})
    try:
        frame = entry_panel(closed_as_rivals(quotes), reach=reach)
        closed = in_percent(first_fit(frame, lags=lags)) | {"why_not": ""}
    except UndercutError as error:
        closed = {"why_not": str(error)}
    return FakeEntries(frame=table, dates=dates, closed=closed)


def placebo_table(tests: Mapping[str, PlaceboResult | UndercutError]) -> pd.DataFrame:
    """One row a placebo, in the units of the estimate: ``placebo, estimate, centre, low, high, p_value,
    detectable_fall, draws, failed`` and ``why_not``."""
    rows = [
        {"placebo": name, "why_not": str(test)}
        if isinstance(test, UndercutError)
        else test.to_frame().iloc[0].to_dict() | {"placebo": name, "why_not": ""}
        for name, test in tests.items()
    ]
    columns = ["placebo", "estimate", "centre", "low", "high", "p_value", "detectable_fall", "draws"]
    return pd.DataFrame(rows).reindex(columns=[*columns, "failed", "why_not"])


class Curve(Result, kw_only=True):
    """A specification curve with the words that a page needs."""

    curve: Any
    subject: str

    def to_frame(self) -> pd.DataFrame:
        """One row a specification."""
        return pd.DataFrame(self.curve.table())

    def plot(self, ax: Axes | None = None) -> Axes:
        """The curve."""
        axes: Axes = self.curve.plot(ax)
        return axes
