"""What does report 07 say and draw about a specification curve?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from undercut import plots
from undercut.studies.entry.estimates import Curve, percent
from undercut.studies.entry.words import SOURCE
from undercut.studies.presentation import Figure, Number, Part, Sentence

_CURVES = {
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
        f"Launch prices were lower by {below:.0f} of {of:.0f} combinations of choices, higher by "
        f"{f'{above:.0f}' if above else 'none'}"
    )

    def draw() -> Any:
        axes = found.curve.plot()
        plots.headline(axes, heading, measure, source=SOURCE)
        axes.set_ylabel(unit)
        return axes

    summary = found.curve.summary()
    yield Figure(name, draw, alt=f"Specification curve. {summary}", data=found.curve.table())
    ends = [f"{to_percent(counts[end]):.0f}%" for end in ("lowest", "highest")]
    yield Number(
        key, label, float(to_percent(counts["median"])), "%", n=int(of), role="robustness",
        method="all combinations of choices",
        note=f"from {ends[0]} to {ends[1]}: a range of choices, not an interval",
    )  # fmt: skip
    yield Sentence(summary)
