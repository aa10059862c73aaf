"""How does a specification curve look? Estimates above, the options that each one chose below."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import InputError
from undercut.result import Axes

#: Height of one option's row relative to the panel of estimates.
_ROW = 0.075
#: Room above and below the estimates, in units of their range.
_BEYOND = 0.8
#: What a reader calls an option.
_OPTIONS = {
    "callaway_santanna": "Callaway-Sant'Anna",
    "sun_abraham": "Sun-Abraham",
    "two_way_fixed_effects": "two-way fixed effects",
    "CN": "Chinese",
    "True": "yes",
    "False": "no",
    "is_exposed": "any in reach",
    "log_in_reach": "how many in reach",
    "aider_polyglot": "code edits",
    "epoch_aime": "mathematics",
    "epoch_gpqa": "science questions",
}


def draw_curve(
    found: pd.DataFrame,
    choices: Sequence[str],
    *,
    reference: float = 0.0,
    unit: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a curve in the place of ``ax``; returns the axes of the estimates. Those of the options, below
    them, have the id ``options``."""
    options = {choice: _options(found, choice) for choice in choices}
    rows = [(choice, option) for choice in choices for option in options[choice] if len(options[choice]) > 1]
    axes = plots.own_axes(ax, height=min(3.4 + 0.22 * len(rows), 6.2))  # a screen holds no more
    if plots.is_narrow():  # the estimates alone: rows of options need more room than a phone has
        _estimates(axes, found, reference, unit)
        axes.tick_params(axis="x", bottom=False, labelbottom=False)
        whole = axes.get_figure(root=True)
        if whole is not None:
            whole.set_size_inches(plots.NARROW, 2.9)
        return axes
    place, figure = axes.get_subplotspec(), axes.get_figure()
    if place is None or figure is None:
        raise InputError("A specification curve needs axes made by plt.subplots: it splits them in two.")
    _estimates(axes, found, reference, unit)
    split = place.subgridspec(2, 1, height_ratios=[1, _ROW * len(rows)], hspace=0.02)
    axes.set_subplotspec(split[0])
    below = figure.add_subplot(split[1], sharex=axes)
    below.set_gid("options")
    for height, (choice, option) in enumerate(reversed(rows)):
        chosen = found[found[choice].astype(str).eq(option)]
        below.plot(chosen["rank"], np.full(len(chosen), height), "|", color=plots.INK, markersize=6)
    below.set_yticks(range(len(rows)), [_told(choice, option) for choice, option in reversed(rows)])
    below.set_ylim(-0.7, len(rows) - 0.3)
    below.tick_params(axis="x", bottom=False, labelbottom=False)
    axes.tick_params(axis="x", bottom=False, labelbottom=False)
    below.grid(visible=False)
    return axes


def _estimates(axes: Axes, found: pd.DataFrame, reference: float, unit: str) -> None:
    """Estimates in ascending order; dark where the interval leaves out no effect, ringed the headline.

    Intervals are cut off at a distance, so that a few wide or infinite ones do not flatten the rest.
    """
    least = min(float(found["estimate"].min()), reference)
    most = max(float(found["estimate"].max()), reference)
    margin = _BEYOND * (most - least or 1.0)
    found = found.assign(
        low=found["low"].clip(lower=least - margin), high=found["high"].clip(upper=most + margin)
    )
    clear = (found["low"] > reference) | (found["high"] < reference)
    for is_clear, color in ((False, plots.RULE), (True, plots.MUTED)):
        part = found[clear == is_clear]
        axes.vlines(part["rank"], part["low"], part["high"], color=color, linewidth=1.5, zorder=1)
    axes.plot(found["rank"], found["estimate"], ".", color=plots.INK, markersize=4)
    marked = found[found["is_headline"]]
    axes.plot(
        marked["rank"], marked["estimate"], "o", markersize=9, markerfacecolor="none",
        markeredgecolor=plots.origin_color("CN"), markeredgewidth=2, gid="headline specification",
    )  # fmt: skip
    plots.zero_line(axes, reference)
    axes.set_xlim(0, len(found) + 1)
    # No price falls by more than all of it.
    axes.set_ylim(
        max(least - margin, min(-100.0, least)) if unit in ("%", "percent") else least - margin, most + margin
    )
    axes.set_ylabel(unit)


def _told(choice: str, option: str) -> str:
    """A choice as a reader reads it."""
    told = f"{choice}: {_OPTIONS.get(option, option.removesuffix('.0'))}".replace("_", " ")
    return re.sub(r"(?<=[ :])-(?=\d)", "\N{MINUS SIGN}", told)


def _options(found: pd.DataFrame, choice: str) -> list[str]:
    return sorted(found[choice].astype(str).unique())
