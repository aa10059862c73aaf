"""What does each estimator say of list prices after the entry of an open rival, and with which leads?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.rivals import charts
from undercut.errors import DataError, TooFewError, UndercutError
from undercut.inference.did.model import MethodComparison
from undercut.inference.did.results import AdoptionFit
from undercut.report.findings.sentences import number, p_value
from undercut.result import Axes, Result
from undercut.studies.entry.words import (
    ENDS,
    NO_SPREAD,
    PERCENT,
    SOURCE,
    key_of,
    listed,
    pair,
    percent,
)
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table

#: Estimators in the order in which a reader should see them; the first is the headline.
METHODS: Final[Mapping[str, str]] = {
    "imputation": "Imputation",
    "callaway_santanna": "Callaway-Sant'Anna",
    "sun_abraham": "Sun-Abraham",
    "stacked": "Stacked",
    "two_way_fixed_effects": "Two-way fixed effects",
}


class Estimates(Result, kw_only=True):
    """A result that is one table of estimates with ``term, estimate, low, high``."""

    frame: pd.DataFrame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Estimates with their intervals."""
        known = self.frame.dropna(subset=["estimate"])
        named = known["term"] if "term" in known else known.iloc[:, 0].astype(str)
        return charts.coefficients(known.assign(term=named), ax=ax)


class Estimators(Estimates, kw_only=True):
    """Every estimator of entry in percent, with what each could have found; see :func:`estimators`."""

    every: MethodComparison

    def of(self, method: str) -> pd.Series:
        """One method's row."""
        return self.frame.set_index("method").loc[method]

    def parts(self) -> Iterator[Part]:
        """Every estimator, with its leads; the months before entry; bounds when trends are not parallel."""
        for row in self.frame.itertuples():
            extra = "; for comparison only" if row.method == "two_way_fixed_effects" else ""
            yield Number(
                f"entry.{row.method}", f"List price after entry: {row.term}", row.estimate, "%",
                ci=pair(row.low, row.high), n=int(row.models), 
                method=f"t by developer, {row.developers} developers{extra}",
                note="" if np.isfinite(row.low) else NO_SPREAD, role="robustness",
            )  # fmt: skip
        yield Table(
            self.frame.drop(columns=["method", "hidden_trend"]), title="Every estimator", row_label="term",
            subtitle="Change in percent; intervals by t over developers; wild: p-value of the wild cluster "
            "bootstrap where the estimator is one regression; leads: months before entry in the fit",
            labels=ENDS_LABELS | {
                "wild_p": "wild p", "detectable_fall": "finds falls of", "pre_trend_p": "p of leads",
                "developers": "makers",
            },
            formats=ENDS_FORMATS | {"detectable_fall": "percent", "leads": "integer"},
        )  # fmt: skip
        yield from _differences(self)
        yield _path(self)
        yield from _before(self)
        yield from _bounds(self)


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


ENDS_LABELS = {"low": "95% from", "high": "to"}
ENDS_FORMATS: dict[str, Any] = {"estimate": PERCENT, "low": PERCENT, "high": PERCENT}


def _differences(found: Estimators) -> Iterator[Part]:
    named = {METHODS[method]: reason for method, reason in found.every.reasons.items()}
    if named:
        yield Sentence(" ".join(f"{name}: no estimate. {reason}" for name, reason in named.items()))
    fewer = [f"{METHODS[m]} with {n}" for m, n in found.every.with_fewer_leads().items()]
    if fewer:
        yield Sentence(
            f"Not every estimator can tell {found.every.leads} months before entry apart: "
            f"{', '.join(fewer)}. Tests of the leads are therefore not alike across rows."
        )
    stacked = found.every.fits.get("stacked")
    text = (
        "Estimators differ in whom they compare. Stacking keeps only entries that have models untouched "
        f"throughout the window ({stacked.n_treated if stacked else 0} models); two-way fixed effects "
        "compare models with ones reached earlier and are here to be distrusted."
    )
    width = (found.frame["high"] - found.frame["low"]).dropna()
    if len(width):
        least = found.frame.loc[width.idxmin()]
        text += (
            f" The narrowest interval is that of {least['term']}, with {least['developers']} developers: "
            "prices that never move leave little spread, which is not the same as certainty. That is why the "
            "headline takes the wider interval."
        )
    yield Sentence(text)


def _path(found: Estimators) -> Part:
    wanted = ("imputation", "callaway_santanna", "two_way_fixed_effects")
    fits = {name: found.every.fits[name] for name in wanted if name in found.every.fits}
    tested = found.frame["pre_trend_p"].dropna()
    heading = (
        f"Months before an entry: {int((tested < 0.05).sum())} of {len(tested)} tests of the leads reject "
        "parallel paths"
    )
    columns = ["estimate", "ci_low", "ci_high"]
    paths = {METHODS[name]: percent(fit.to_frame()[columns].astype(float)) for name, fit in fits.items()}
    data = pd.concat([fit.to_frame().assign(method=name) for name, fit in fits.items()])
    at_entry = {name: percent(fit.effects.get(0, np.nan)) for name, fit in fits.items()}
    told = "; ".join(f"{name} in the month of entry {value:.1f}%" for name, value in at_entry.items())
    return Figure(
        "event_study", lambda: event_study(paths, finding=heading),
        alt=f"Effects by month since entry. {told}", data=data,
    )  # fmt: skip


def _before(found: Estimators) -> Iterator[Part]:
    known = found.frame.dropna(subset=["pre_trend_p"])
    tested = [f"{row.term} {p_value(row.pre_trend_p)}" for row in known.itertuples()]
    hidden = [f"{number(row.hidden_trend, '%')} ({row.term})" for row in known.itertuples()]
    verdict = (
        "Where they reject, prices had parted before the rival came, and the estimate is no clean effect of "
        "entry."
        if (known["pre_trend_p"] < 0.05).any()
        else "They reject nowhere; with so few developers that is weak comfort."
    )
    yield Sentence(
        "Joint tests of the months before entry, where the data allow one: "
        f"{listed(tested, by=', ')}. A linear trend that such a test misses in one sample of five would add "
        f"{listed(hidden, 'an unknown amount', ', ')} to the effect. {verdict}"
    )


def _bounds(found: Estimators) -> Iterator[Part]:
    honest = honest_table(found.every.fits)
    failed = honest[honest["why_not"].ne("")]
    for row in failed.itertuples():
        yield Sentence(f"{row.term}: no bounds. {row.why_not}")
    flat = [t for t, part in honest.groupby("term") if len(part) > 1 and np.ptp(part["low"]) < 1e-6]
    yield Sentence(
        f"Bounds that do not widen ({', '.join(map(str, flat))}): among the models it compares no price "
        "moved before entry, so that the largest step is none and the bound says nothing."
        if flat
        else "All bounds widen as trends may part."
    )
    for row in honest[honest["magnitude"].eq(honest["magnitude"].max())].itertuples():
        estimate = found.frame.set_index("term").loc[row.term, "estimate"]
        yield Number(
            f"honest.{key_of(row.term)}",
            f"Interval when trends may part by {row.magnitude:g} times the largest step before entry: "
            f"{row.term}", estimate, "%", ci=(row.low, row.high), role="robustness",
            method="Rambachan and Roth's relative magnitudes",
        )  # fmt: skip
    yield Table(
        honest.drop(columns="why_not"), title="If trends were not parallel", row_label="term",
        subtitle="95% intervals of the change in percent when trends part after entry by M times the largest "
        "step before it (0: parallel)", labels={"magnitude": "M", "low": "from", "high": "to"},
        formats={"low": PERCENT, "high": PERCENT},
    )  # fmt: skip


def event_study(paths: Mapping[str, pd.DataFrame], *, finding: str = "") -> Axes:
    """Change of price by months since entry; ``paths`` hold ``estimate, ci_low, ci_high`` in percent."""
    axes = plots.own_axes(height=4.2)
    looks = [(plots.INK, "o"), (plots.SERIES[1], "D"), (plots.SERIES[2], "^")]
    for place, (name, rows) in enumerate(paths.items()):
        color, mark = looks[place % len(looks)]
        at = rows.index.to_numpy(float) + 0.22 * (place - (len(paths) - 1) / 2)
        axes.vlines(at, rows["ci_low"], rows["ci_high"], color=color, linewidth=1.4)
        axes.plot(at, rows["estimate"], mark, color=color, markersize=5, label=name)
    plots.zero_line(axes)
    axes.axvline(-0.5, color=plots.MUTED, linewidth=0.8, linestyle=":")
    plots.percent_axis(axes)
    axes.set_xlabel("months since an open rival came within reach")
    axes.legend()
    measure = "Change of the list price against the comparison of each estimator, 95% intervals by developer"
    return plots.headline(axes, finding, measure, source=SOURCE)
