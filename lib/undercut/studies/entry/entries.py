"""Do list prices change once an open rival is within reach? The yes or no beside the dose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.rivals import charts
from undercut.competition.rivals.entry_panel import entry_panel, prices_after_entry
from undercut.competition.rivals.placebos import closed_as_rivals
from undercut.errors import UndercutError
from undercut.inference.detectable import PlaceboResult
from undercut.inference.did.model import staggered_adoption
from undercut.inference.did.results import AdoptionFit
from undercut.inference.wild_bootstrap import WildBootstrap
from undercut.report.findings.sentences import p_value
from undercut.result import Axes, Result
from undercut.studies.entry.estimators import METHODS, Estimates, Estimators, in_percent
from undercut.studies.entry.words import (
    ENDS,
    SOURCE,
    direction,
    in_words,
    key_of,
    listed,
    of_leads,
    pair,
    percent,
)
from undercut.studies.presentation import Caveat, Figure, Number, Part, Sentence


def wider_interval(
    fit: AdoptionFit, placebo: PlaceboResult, *, wild: WildBootstrap | None = None
) -> tuple[float, float]:
    """The wider of two intervals of the overall effect on either side: by developer, and by placebo.

    With a handful of developers errors by developer can be far too small, and redrawn dates ask nothing of
    their number. The interval by placebo holds the effects that, taken off the estimate, leave it within the
    middle of the placebos around their median.
    """
    found, tail = fit.effect(), (1 - fit.level) / 2
    low, high = found["estimate"] - np.quantile(placebo.placebos - placebo.centre, [1 - tail, tail])
    ends = found if wild is None else {"ci_low": wild.ci_low, "ci_high": wild.ci_high}
    return min(ends["ci_low"], low), max(ends["ci_high"], high)


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
    launch: Estimates
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

    def parts(self) -> Iterator[Part]:
        """The yes or no at a threshold, beside the dose: figure, plain counts, numbers."""
        yield from _numbers(self)
        yield from _besides(self)
        yield _bars(self)
        yield Caveat(
            f"Entry within reach: {of_leads(self.main['pre_trend_p'])}; a low value means that prices had "
            "parted before the rival came."
        )


def first_fit(frame: pd.DataFrame, *, leads: int = 3, lags: int = 6) -> AdoptionFit:
    """Imputation with as many of the leads as can be told apart."""
    for count in range(leads, 1, -1):
        with suppress(UndercutError):
            return staggered_adoption(frame, method="imputation", leads=count, lags=lags)
    return staggered_adoption(frame, method="imputation", leads=1, lags=lags)


class FakeEntries(Estimates, kw_only=True):
    """The headline at fake dates, with fake scores, and with closed rivals in the place of open ones.

    Attributes
    ----------
    dates : PlaceboResult
    closed : mapping
        The estimate with closed rivals in percent, or ``why_not``.
    """

    dates: PlaceboResult
    closed: Mapping[str, Any]

    def parts(self) -> Iterator[Part]:
        """The headline where no open rival came."""
        for row in self.frame.itertuples():
            counted = (
                f"; p of the real estimate {row.p_value:.2f}; {row.failed:.0f} draws without an estimate"
            )
            known = not row.why_not
            yield Number(
                f"placebo.{key_of(row.placebo)}", f"Headline with {row.placebo}: median",
                float(percent(row.centre)), "%", n=int(row.draws) if known else None,
                ci=(float(percent(row.low)), float(percent(row.high))) if known else None,
                method="middle 95% of the placebos" + counted * known, note=row.why_not, role="robustness",
            )  # fmt: skip
        closed = self.closed
        if not closed["why_not"]:
            known = bool(np.isfinite(closed["low"]))
            yield Number(
                "placebo.closed_rivals", "The same with closed rivals in the place of open ones",
                closed["estimate"], "%", ci=(closed["low"], closed["high"]) if known else None,
                n=closed["models"], method="imputation, t by developer", role="robustness",
                note="" if known else "no spread between developers",
            )  # fmt: skip
        yield _distribution(self)
        told = [f"with {r.placebo}, {p_value(r.p_value)}" for r in self.frame.itertuples() if not r.why_not]
        ends = [closed.get(name, np.nan) for name in ("estimate", "low", "high")]
        yield Sentence(
            f"Share of fakes at least as far out as the real estimate: {listed(told)}. "
            + (
                f"Closed rivals cannot stand in: {closed['why_not']}"
                if closed["why_not"]
                else f"Closed rivals in the place of open ones: {in_words(*ends)}, {closed['models']} models."
            )
        )


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


def _numbers(found: Headline) -> list[Number]:
    """The findings of the answer."""
    fit, main, lead = found.fit, found.main, found.launched("is_exposed")
    changes = found.changes()
    return [
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
            lead["estimate"], "%", ci=pair(lead["low"], lead["high"]), n=_whole(lead["launches"]),
            method="log launch price on exposure, capability, time and developers; wild cluster bootstrap "
            f"over {lead['developers']:.0f} developers", note="an association", role="primary",
        ),
        Number(
            "launch_detectable", "Smallest fall of launch prices that would have been found with 80% power",
            lead["detectable_fall"], "%", n=_whole(lead["launches"]), role="descriptive",
            note="a property of the design: no interval",
        ),
    ]  # fmt: skip


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
    moved = direction(*found.interval, neither="did not measurably move")
    by_level = direction(
        level["low"], level["high"], below="lower", above="higher", neither="not measurably different"
    )
    heading = f"With an open rival near, list prices {moved}; launch prices were {by_level} the nearer it was"
    measure = (
        f"Change of the price in percent, 95% intervals; entry within {found.reach:g} points, "
        f"{found.fit.lags} months"
    )
    told = "; ".join(f"{r.term} {r.estimate:.1f} ({r.low:.1f} to {r.high:.1f})" for r in bars.itertuples())
    return Figure(
        "methods", lambda: charts.coefficients(bars, finding=heading, measure=measure),
        alt=f"Dot plot of effects with intervals in percent: {told}", data=bars,
    )  # fmt: skip


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
