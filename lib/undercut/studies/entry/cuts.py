"""Who cuts list prices when, and how much can each number of report 07 bear?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from undercut.competition.rivals import charts
from undercut.competition.rivals.exposure import RivalRule, open_rivals
from undercut.competition.rivals.hazard import cut_sizes, event_hazard
from undercut.competition.rivals.price_cuts import offers_at_risk, with_doses
from undercut.inference.incidence import cumulative_incidence
from undercut.inference.specifications import run_specifications
from undercut.studies.entry.dose import Dose
from undercut.studies.entry.entries import Headline
from undercut.studies.entry.estimators import Estimates
from undercut.studies.entry.market import Jump
from undercut.studies.entry.words import ENDS, MEASURES, SHORT, in_words, listed, pair, percent
from undercut.studies.framed import section
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table


class Cuts(Estimates, kw_only=True):
    """Hazards of cuts, rises and withdrawals; sizes of changes; what becomes of prices with age.

    Attributes
    ----------
    counts : mapping of outcome to int
    sizes, incidence : DataFrame
    """

    counts: Mapping[str, int]
    sizes: pd.DataFrame
    incidence: pd.DataFrame

    def parts(self) -> Iterator[Part]:
        """Whether list prices are cut sooner when a rival is near."""
        table = self.frame
        for row in table[table["why_not"].eq("")].itertuples():
            bounded = np.isfinite(row.high)
            yield Number(
                f"hazard.{row.event}_{row.dose}", f"Hazard ratio, {row.event}: {MEASURES[row.dose]}",
                row.estimate, "x", ci=pair(row.low, row.high), n=int(row.events), role="robustness",
                method=f"complementary log-log, score bootstrap over {row.developers:.0f} developers with "
                f"the event; smallest ratio found {row.detectable:.0f}",
                note="" if bounded
                else f"interval from {row.low:.2f} without an upper end: no value there is rejected",
            )  # fmt: skip
        for row in table[table["why_not"].ne("")].itertuples():
            yield Sentence(
                f"{row.event.capitalize()} by {SHORT[row.dose]}: no estimate. {_plainly(row.why_not)}"
            )
        counts = {kind: self.counts.get(kind, 0) for kind in ("cut", "rise", "withdrawn")}
        shown = table.drop(columns=["rows", "why_not"], errors="ignore")
        yield Table(
            shown.round({"low": 2}).replace(np.inf, np.nan),
            title=f"{counts['cut']} real cuts, {counts['rise']} rises and {counts['withdrawn']} withdrawals "
            "in all; fewer with a score", row_label="event",
            subtitle="Hazard ratios, 95% intervals by score bootstrap over developers; a dash for an end "
            "that is not bounded or an estimate that does not exist",
            labels={
                "estimate": "ratio", "low": "95% from", "high": "to", "p_value": "p",
                "detectable": "smallest ratio found",
            },
            formats={"events": "integer", "developers": "integer"},
        )  # fmt: skip
        yield from _sizes(self)
        yield from _ages(self)


def cuts(quotes: pd.DataFrame, *, reach: float = 4.0, draws: int = 999) -> Cuts:
    """Whether list prices are cut sooner when an open rival is near.

    Returns
    -------
    Cuts
        ``event, dose, estimate, low, high`` (hazard ratios), ``p_value, events, rows, developers`` (with the
        event), ``detectable`` (smallest ratio above one found with 80% power), ``why_not``.
    """
    rule = RivalRule(reach=reach, width=2 * reach)
    rows = with_doses(offers_at_risk(quotes), open_rivals(quotes), rule=rule)
    return Cuts(
        frame=hazard_table(rows, draws=draws), counts=rows["outcome"].value_counts().to_dict(),
        sizes=cut_sizes(rows, draws=draws), incidence=cumulative_incidence(rows, draws=draws),
    )  # fmt: skip


def hazard_table(
    rows: pd.DataFrame,
    *,
    events: Sequence[str] = ("cut", "rise", "withdrawn"),
    doses: Sequence[str] = ("is_exposed", "closeness"),
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Hazard ratios of every event for every dose, one row each; see `cuts`."""

    def estimate(*, event: Any, dose: str) -> dict[str, Any]:
        found = event_hazard(rows, event=event, dose=dose, terms="dose", draws=draws, seed=seed)
        with np.errstate(over="ignore"):  # an end that is not bounded stays so
            ratio = {name: float(np.exp(found.effect[name])) for name in ENDS}
        return ratio | {
            "p_value": found.effect["p_value"], "events": found.events, "rows": found.rows,
            "developers": found.clusters_with_events, "detectable": float(np.exp(found.detectable.effect)),
        }  # fmt: skip

    return run_specifications(estimate, {"event": events, "dose": doses})


def _sizes(found: Cuts) -> Iterator[Part]:
    for row in found.sizes.itertuples():
        if row.changes:
            yield Number(
                f"size.{row.event}", f"Mean size of a {row.event}", float(percent(row.mean_log_change)), "%",
                ci=pair(float(percent(row.low)), float(percent(row.high))), n=int(row.changes),
                method=f"mean log change, wild cluster bootstrap over {row.clusters} developers",
                note=row.note, role="descriptive",
            )  # fmt: skip
    cut = found.sizes.set_index("event").loc["cut"]
    if not cut["changes"]:
        yield Sentence("No price was cut.")
        return
    left, low, high = (100 * np.exp(cut[name]) for name in ("mean_log_change", "low", "high"))
    between = f"{low:.0f} to {high:.0f}; " if np.isfinite(low) else ""
    yield Sentence(
        f"Given a cut, prices went to {left:.0f}% of what they had been on the geometric mean ({between}"
        f"{cut['changes']} cuts by {cut['clusters']} developers); the median cut took off "
        f"{-100 * cut['median_change']:.0f}%."
    )


def _ages(found: Cuts) -> Iterator[Part]:
    year = found.incidence[found.incidence["month"].eq(12)].set_index("cause")
    share = year["incidence"]
    heading = (
        f"A year after release {share['cut']:.0%} of closed offers had been cut, {share['withdrawn']:.0%} "
        "withdrawn"
    )
    yield Figure(
        "incidence", lambda: charts.incidence(found.incidence, finding=heading), data=found.incidence,
        alt=f"Cumulative incidence by months since release; after twelve months cut {share['cut']:.2f}, "
        f"withdrawn {share['withdrawn']:.2f}",
    )  # fmt: skip
    for cause, row in year.iterrows():
        yield Number(
            f"incidence.{cause}_12", f"Closed offers {cause} within a year of release",
            100 * row["incidence"], "%", ci=pair(100 * row["low"], 100 * row["high"]),
            n=int(row["at_risk"]), method="Aalen-Johansen; bootstrap over developers", role="descriptive",
        )  # fmt: skip


def _plainly(reason: str) -> str:
    """A reason with the doses in words."""
    return reason.replace("known is_exposed", "known number of open rivals within reach")


@section
def bearing(headline: Headline, dose: Dose, cuts: Cuts, jump: Jump) -> Iterator[Part]:
    """How much each number can bear."""
    hazards = cuts.frame[cuts.frame["event"].eq("cut") & cuts.frame["why_not"].eq("")]
    last, lead = jump.horizon, headline.launched("is_exposed")
    rejected = headline.main["pre_trend_p"] < 0.05
    by_entry = max(headline.main["detectable_fall"], -float(percent(-headline.dates.detectable.fall)))
    fall = "its own test rejects it" if rejected else f"a fall of {by_entry:.0f}%"
    ratios = [
        f"ratio {r.estimate:.2f} ({r.low:.2f} to {'any' if np.isinf(r.high) else f'{r.high:.2g}'}) by "
        f"{SHORT[r.dose]}"
        for r in hazards.itertuples()
    ]
    rows = [
        (
            "List price after entry", "association" if rejected else "closest to identified",
            in_words(headline.main["estimate"], *headline.interval), fall,
            "no common cause of releases and of the prices of the models just reached; models not yet "
            "reached show what would have been",
        ),
        (
            "Dose at releases (headline)",
            "association" if dose.before_p < 0.05 else "identified up to what all share",
            in_words(dose.estimate, *dose.interval),
            "its own test rejects it" if dose.before_p < 0.05 else f"a fall of {dose.detectable_fall:.0f}%",
            "response in proportion to the dose; a fall that all models share is invisible",
        ),
        (
            "Launch prices", "association", in_words(*lead[["estimate", "low", "high"]]),
            f"a fall of {lead['detectable_fall']:.0f}%",
            "launches near a rival alike others of the same capability, month and maker",
        ),
        (
            "Hazard of a cut", "association", listed(ratios, "no estimate"),
            listed([f"a ratio of {r.detectable:.0f}" for r in hazards.itertuples()], "–"),
            "a handful of cuts",
        ),
        (
            "Local projection", "association",
            f"{in_words(*jump.moved(last))} a point after {last} months",
            f"{jump.smallest_fall(last):.1f}%", "nothing else happening in the months of jumps",
        ),
        (
            "Exposure itself", "assumption", f"{headline.reach:g} points", "–",
            "one index of benchmarks says who rivals whom; scores published later apply to the past",
        ),
    ]  # fmt: skip
    columns = ["estimate", "status", "result", "could have found", "rests on"]
    yield Table(
        pd.DataFrame(rows, columns=columns), title="How much each number can bear",
        subtitle="Results with 95% intervals", row_label="estimate",
    )  # fmt: skip
