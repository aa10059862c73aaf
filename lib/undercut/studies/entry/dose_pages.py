"""What does the report on open rivals say of the dose? The answer, and what it rules out and hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.inference.specifications import SpecificationCurve
from undercut.report.findings.sentences import number, p_value
from undercut.studies.entry.dose import Dose
from undercut.studies.entry.words import SOURCE, direction, in_words
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence

#: An interval wider than this, in percent, says little.
_WIDE: Final = 50.0


def dose_parts(found: Dose) -> Iterator[Part]:
    """The answer, its figure, and what it hangs on."""
    fit, (low, high) = found.fit, found.interval
    number = Number(
        "headline_effect", "List price of a closed model as its nearest open rival comes from far to level",
        found.estimate, "%", ci=(low, high), n=fit.n_treated, role="headline",
        method=f"stacked by month of release, mean of months 0 to {fit.lags} after it, {fit.n_treated} "
        f"models of {fit.n_clusters} developers; interval: the wider of the wild cluster bootstrap by "
        "developer and redrawn releases",
        note=f"the months before a release: {_before(found)}",
    )  # fmt: skip
    yield number
    if not found.before_p < 0.05:
        yield Number(
            "headline_detectable", "Smallest fall that the dose would have found with 80% power",
            found.detectable_fall, "%", n=fit.n_treated,
            role="descriptive", method="2.8 standard errors, as wide as the headline's interval makes them",
            note="a property of the design: no interval",
        )  # fmt: skip
    yield Answer(answer(found))
    yield Sentence(rest(found))
    curve = found.curve
    yield Figure(
        "specification_curve", lambda: _drawn(found), alt=f"Specification curve. {curve.summary()}",
        data=curve.table(),
    )  # fmt: skip
    counts = curve.counts()
    yield Number(
        "specifications.median", "The same: median specification", float(counts["median"]), "%",
        n=int(counts["specifications"]), role="robustness", method="all combinations of choices",
        note=f"from {counts['lowest']:.0f}% to {counts['highest']:.0f}%: a range of choices, no interval",
    )  # fmt: skip
    for unit, part in found.without.groupby("unit"):
        yield Number(
            f"leave_one_out.{unit}", f"The same, the {unit} left out that moves it most",
            _farthest(found, part)["estimate"], "%", n=len(part), role="robustness",
            note=f"left out: {_farthest(found, part)['name']}; all: {part['estimate'].min():.0f}% to "
            f"{part['estimate'].max():.0f}%",
        )  # fmt: skip
    yield Caveat("No market is untreated: an effect on all closed prices at once cannot be seen here.")
    yield Caveat("List prices, not what large customers pay; launch prices and hazards are associations.")


def answer(found: Dose) -> str:
    """At most 30 words."""
    low, high = found.interval
    moved = direction(low, high, below="fell", above="rose", neither="did not clearly move")
    size = in_words(found.estimate, low, high)
    return f"As an open rival came level, list prices of closed models {moved}: {size}."


def rest(found: Dose) -> str:
    """Whether it is an effect or an association, and what it hangs on."""
    parts = []
    if found.before_p < 0.05:
        parts.append(
            f"Prices had parted before the release ({p_value(found.before_p)}), so this is an association, "
            "and what the design could have found is not stated"
        )
    else:
        parts.append(f"The months before a release: {_before(found)}")
    parts.append(known(found))
    low, high = found.curve.estimates["estimate"].quantile([0.05, 0.95])
    parts.append(
        f"the middle 90% of specifications: {number(low, '%')} to {number(high, '%')}{_most(found.curve)}"
    )
    bounds = found.interval
    for unit, part in found.without.groupby("unit"):
        far, ends = _farthest(found, part), part["estimate"].agg(["min", "max"])
        told = f"leaving out one {unit}: {ends['min']:.0f}% to {ends['max']:.0f}%"
        turns = np.sign(far["estimate"]) != np.sign(found.estimate)
        if turns or not bounds[0] <= far["estimate"] <= bounds[1]:
            told += f", where {far['name']} {'turns its sign' if turns else 'takes it out of its interval'}"
        parts.append(told)
    return f"{'; '.join(parts)}.".replace("-", "\N{MINUS SIGN}")


def _most(curve: SpecificationCurve) -> str:
    """The choice that moves the estimate most, with the median of each option."""
    influence = curve.influence()
    rows = influence[influence["choice"].eq(influence["choice"].iloc[0])]
    if len(rows) < 2:
        return ""
    told = ", ".join(f"{row.option.removesuffix('.0')} {row.median:+.0f}%" for row in rows.itertuples())
    return f"; what moves it most is the choice of {rows['choice'].iloc[0]} ({told})"


def known(found: Dose) -> str:
    """What the interval rules out and what it does not, in plain words."""
    low, high = found.interval
    ruled = f"a fall of more than {-low:.0f}%" if low < 0 else f"a rise of less than {low:.0f}%"
    other = f"a rise of more than {high:.0f}%" if high > 0 else f"a fall of less than {-high:.0f}%"
    wide = "; prices change too rarely, at too few developers, to say more" if high - low > _WIDE else ""
    return f"the data speak against {ruled} and {other}, and for nothing in between{wide}"


def _before(found: Dose) -> str:
    return "cannot be tested" if np.isnan(found.before_p) else f"joint test {p_value(found.before_p)}"


def _farthest(found: Dose, part: pd.DataFrame) -> pd.Series:
    return part.loc[(part["estimate"] - found.estimate).abs().idxmax()]


def _drawn(found: Dose) -> Any:
    counts = found.curve.counts()
    of, below, above = (counts[k] for k in ("specifications", "interval_below", "interval_above"))
    fall, rise = (f"{count:.0f}" if count else "none" for count in (below, above))
    show = "show" if below > 1 else "shows"
    heading = (
        f"Of {of:.0f} combinations of choices {fall} {show} a fall of prices beyond doubt, {rise} a rise"
    )
    measure = (
        "Change of the list price from an open rival far behind to level; 95% intervals, widened as that of "
        "the headline, cut off; ringed: headline; below: what was chosen"
    )
    return plots.headline(found.curve.plot(), heading, measure, source=SOURCE)
