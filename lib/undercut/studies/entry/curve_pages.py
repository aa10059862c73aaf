"""What does report 07 say and draw about a specification curve?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from undercut import plots
from undercut.studies.entry.estimates import Curve, percent
from undercut.studies.entry.words import SOURCE
from undercut.studies.presentation import Figure, Number, Part, Sentence

_CURVES = {
    "entry": (
        "specification_curve", "specifications.median", "percent",
        "Change of the list price after entry: median specification",
        "Change of the list price after entry in percent, 95% intervals by developer, cut off; ringed: "
        "headline; below: what was chosen",
    ),
    "launch": (
        "launch_specifications", "launch_specifications.median", "log points",
        "Launch price per standard deviation of exposure: median specification",
        "Log launch price per standard deviation of exposure, 95% intervals, cut off; ringed: closeness to "
        "any open rival; below: what was chosen",
    ),
}  # fmt: skip


def curve(found: Curve) -> Iterator[Part]:
    """A specification curve: the figure, its median, its summary."""
    name, key, unit, label, measure = _CURVES[found.subject]
    counts = found.curve.counts()
    to_percent = percent if unit == "log points" else float
    of, below, above = (counts[k] for k in ("specifications", "interval_below", "interval_above"))
    heading = (
        f"Of {of:.0f} specifications {below:.0f} show a fall with their whole interval, {above:.0f} a rise"
        if found.subject == "entry"
        else f"Launch prices: {below:.0f} of {of:.0f} specifications below zero with their interval, "
        f"{above:.0f} above"
    )

    def draw() -> Any:
        axes = found.curve.plot()
        plots.headline(axes, heading, measure, source=SOURCE)
        axes.set_ylabel(unit)
        return axes

    summary = found.curve.summary()
    yield Figure(name, draw, alt=f"Specification curve. {summary}", data=found.curve.table())
    digits = 1 if found.subject == "entry" else 0
    ends = [f"{to_percent(counts[end]):.{digits}f}%" for end in ("lowest", "highest")]
    yield Number(
        key, label, float(to_percent(counts["median"])), "%", n=int(of), role="robustness",
        method="all combinations of choices",
        note=f"from {ends[0]} to {ends[1]}: a range of choices, not an interval",
    )  # fmt: skip
    yield Sentence(summary)
