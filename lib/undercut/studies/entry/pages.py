"""What does report 07 say and draw about list prices after the entry of an open rival?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.rivals import charts
from undercut.report.findings.sentences import number, p_value
from undercut.studies.entry import charts as own_charts
from undercut.studies.entry.curve_pages import curve
from undercut.studies.entry.estimates import (
    METHODS,
    Estimators,
    FakeEntries,
    Headline,
    honest_table,
    percent,
)
from undercut.studies.entry.words import (
    NO_SPREAD,
    SOURCE,
    direction,
    in_words,
    key_of,
    listed,
    of_leads,
    reasons,
)
from undercut.studies.presentation import Caveat, Figure, Number, Part, Sentence, Table

__all__ = ["curve", "estimators", "fake_entries", "headline"]

_PERCENT: Final = "signed_percent"
_ENDS_LABELS = {"low": "95% from", "high": "to"}
_ENDS_FORMATS: dict[str, Any] = {"estimate": _PERCENT, "low": _PERCENT, "high": _PERCENT}


def headline(found: Headline) -> Iterator[Part]:
    """The yes or no at a threshold, beside the dose: figure, plain counts, numbers."""
    yield from headline_numbers(found).values()
    yield from _besides(found)
    yield _bars(found)
    yield Caveat(
        f"Entry within reach: {of_leads(found.main['pre_trend_p'])}; a low value means that prices had "
        "parted before the rival came."
    )


def headline_numbers(found: Headline) -> dict[str, Number]:
    """The findings of the answer, by key."""
    fit, main, lead = found.fit, found.main, found.launched("is_exposed")
    changes = found.changes()
    numbers = [
        Number(
            "entry_effect", "List price of a closed model after an open rival came within reach",
            main["estimate"], "%", ci=found.interval, n=fit.n_treated, role="robustness",
            method=f"{METHODS[fit.method].lower()}, mean of months 0 to {fit.lags} after entry, "
            f"{fit.n_treated} models of {fit.n_clusters} developers; interval: the wider of t by developer "
            "and of redrawn dates", note=of_leads(main["pre_trend_p"]),
        ),
        Number(
            "cut_after_entry", "Closed models cut within these months of an open rival's entry",
            int((changes["change"] < -0.01).sum()), "models", n=len(changes), method="count, no comparison",
            note="a count: no interval", role="descriptive",
        ),
        Number(
            "launch_effect", "Launch price of closed models with an open rival within reach, against without",
            lead["estimate"], "%", ci=_ends(lead), n=_whole(lead["launches"]),
            method="log launch price on exposure, capability, time and developers; wild cluster bootstrap "
            f"over {lead['developers']:.0f} developers", note="an association", role="primary",
        ),
        Number(
            "launch_detectable", "Smallest fall of launch prices that would have been found with 80% power",
            lead["detectable_fall"], "%", n=_whole(lead["launches"]), role="descriptive",
            note="a property of the design: no interval",
        ),
    ]  # fmt: skip
    return {number.key: number for number in numbers}


def _moved(found: Headline) -> str:
    return direction(*found.interval, neither="did not measurably move")


def _whole(value: float) -> int | None:
    return None if pd.isna(value) else int(value)


def _besides(found: Headline) -> Iterator[Part]:
    """Plain counts, and the two other measures."""
    changes, level = found.changes(), found.launched("closeness")
    cut, rises = int((changes["change"] < -0.01).sum()), int((changes["change"] > 0.01).sum())
    yield Sentence(
        f"In plain counts: of {len(changes)} closed models that an open rival reached while they were on "
        f"sale, {cut} were cheaper and {rises} more expensive at the end of these months than in the month "
        "before; the others cost what they had cost."
    )
    yield Sentence(
        "Launch prices, from far behind (0) to level (1) in place of within reach or not: "
        f"{in_words(*level[['estimate', 'low', 'high']])}, an association."
    )


def _bars(found: Headline) -> Part:
    bars, level = found.to_frame(), found.launched("closeness")
    by_level = direction(
        level["low"], level["high"], below="lower", above="higher", neither="not measurably different"
    )
    heading = (
        f"With an open rival near, list prices {_moved(found)}; launch prices were {by_level} the nearer it "
        "was"
    )
    measure = (
        f"Change of the price in percent, 95% intervals; entry within {found.reach:g} points, "
        f"{found.fit.lags} months"
    )
    told = "; ".join(f"{r.term} {r.estimate:.1f} ({r.low:.1f} to {r.high:.1f})" for r in bars.itertuples())
    return Figure(
        "methods", lambda: charts.coefficients(bars, finding=heading, measure=measure),
        alt=f"Dot plot of effects with intervals in percent: {told}", data=bars,
    )  # fmt: skip


def estimators(found: Estimators) -> Iterator[Part]:
    """Every estimator, with its leads; the months before entry; bounds when trends are not parallel."""
    for row in found.frame.itertuples():
        extra = "; for comparison only" if row.method == "two_way_fixed_effects" else ""
        yield Number(
            f"entry.{row.method}", f"List price after entry: {row.term}", row.estimate, "%",
            ci=_ends(row), n=int(row.models), method=f"t by developer, {row.developers} developers{extra}",
            note="" if np.isfinite(row.low) else NO_SPREAD, role="robustness",
        )  # fmt: skip
    yield Table(
        found.frame.drop(columns=["method", "hidden_trend"]), title="Every estimator", row_label="term",
        subtitle="Change in percent; intervals by t over developers; wild: p-value of the wild cluster "
        "bootstrap where the estimator is one regression; leads: months before entry in the fit",
        labels=_ENDS_LABELS | {
            "wild_p": "wild p", "detectable_fall": "finds falls of", "pre_trend_p": "p of leads",
            "developers": "makers",
        },
        formats=_ENDS_FORMATS | {"detectable_fall": "percent", "leads": "integer"},
    )  # fmt: skip
    yield from _differences(found)
    yield _path(found)
    yield from _before(found)
    yield from _bounds(found)


def _differences(found: Estimators) -> Iterator[Part]:
    named = {METHODS[method]: reason for method, reason in found.every.reasons.items()}
    if named:
        yield Sentence(reasons(named))
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
        "event_study", lambda: own_charts.event_study(paths, finding=heading, source=SOURCE),
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
        formats={"low": _PERCENT, "high": _PERCENT},
    )  # fmt: skip


def fake_entries(found: FakeEntries) -> Iterator[Part]:
    """The headline where no open rival came."""
    for row in found.frame.itertuples():
        counted = f"; p of the real estimate {row.p_value:.2f}; {row.failed:.0f} draws without an estimate"
        known = not row.why_not
        yield Number(
            f"placebo.{key_of(row.placebo)}", f"Headline with {row.placebo}: median",
            float(percent(row.centre)), "%", n=int(row.draws) if known else None,
            ci=(float(percent(row.low)), float(percent(row.high))) if known else None,
            method="middle 95% of the placebos" + counted * known, note=row.why_not, role="robustness",
        )  # fmt: skip
    closed = found.closed
    if not closed["why_not"]:
        known = bool(np.isfinite(closed["low"]))
        yield Number(
            "placebo.closed_rivals", "The same with closed rivals in the place of open ones",
            closed["estimate"], "%", ci=(closed["low"], closed["high"]) if known else None,
            n=closed["models"], method="imputation, t by developer", role="robustness",
            note="" if known else "no spread between developers",
        )  # fmt: skip
    yield _distribution(found)
    told = [f"with {r.placebo}, {p_value(r.p_value)}" for r in found.frame.itertuples() if not r.why_not]
    ends = [closed.get(name, np.nan) for name in ("estimate", "low", "high")]
    yield Sentence(
        f"Share of fakes at least as far out as the real estimate: {listed(told)}. "
        + (
            f"Closed rivals cannot stand in: {closed['why_not']}"
            if closed["why_not"]
            else f"Closed rivals in the place of open ones: {in_words(*ends)}, {closed['models']} models."
        )
    )


def _distribution(found: FakeEntries) -> Part:
    dates = found.dates
    drawn, estimate = percent(dates.placebos), float(percent(dates.estimate))
    heading = (
        "The estimate lies among those at fake dates"
        if dates.p_value > 0.05
        else "The estimate stands out from those at fake dates"
    )

    def draw() -> Any:
        axes = replace(dates, placebos=drawn, estimate=estimate).plot()
        axes.set_xlabel("percent of the list price; line: the real estimate; shaded: middle 95% of fakes")
        return plots.headline(axes, heading, "Estimates at redrawn dates", source=SOURCE)

    return Figure(
        "fake_dates", draw, data=pd.DataFrame({"placebo": drawn}),
        alt=f"Histogram of {len(drawn)} placebo estimates in percent, with a line at the estimate "
        f"{estimate:.1f}; {p_value(dates.p_value)}",
    )  # fmt: skip


def _ends(row: Any) -> tuple[float, float] | None:
    return (row.low, row.high) if np.isfinite(row.low) and np.isfinite(row.high) else None
