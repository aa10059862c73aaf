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
#: Beyond this change in percent a plain axis leaves no room for falls.
_RATIOS = 300
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
    "RSP": "market, equal weights",
    "SPY": "market by size (S&P 500)",
    "QQQ": "Nasdaq-100",
    "constant-mean": "own mean",
    "market-adjusted": "less the market",
    "dimson": "market, lags too",
    "garch": "market, noise that changes",
}
_CHOICES = {
    "estimation": "usual moves from",
    "news": "counting",
    "weeks": "weeks on either side",
    "gap": "weeks left out",
    "least": "changes of at least",
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
    options = {choice: sorted(found[choice].astype(str).unique()) for choice in choices}
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

    Intervals are cut off at a distance, and an estimate far from all others stands at the edge with its
    number, so that a few wide or infinite ones do not flatten the rest.
    """
    clear = (found["low"] > reference) | (found["high"] < reference)
    far = _far(found, reference)
    near = found.loc[~far, "estimate"]
    least, most = min(float(near.min()), reference), max(float(near.max()), reference)
    margin = _BEYOND * (most - least or 1.0)
    bounds = [least - margin, most + margin]
    if unit.startswith("%") or unit == "percent":
        bounds[0] = max(bounds[0], min(-100.0, least))  # no price falls by more than all of it
        plots.percent_axis(axes)
        if most > _RATIOS and least > -100:
            plots.ratio_axis(axes)
            bounds = [100 * ((1 + least / 100) / 1.5 - 1), 100 * ((1 + most / 100) * 1.8 - 1)]
    else:
        axes.set_ylabel(unit)
    axes.set_ylim(*bounds)
    for is_clear, color in ((False, plots.GREY), (True, plots.MUTED)):
        part = found[clear == is_clear]
        ends = (part[end].clip(*bounds) for end in ("low", "high"))
        axes.vlines(part["rank"], *ends, color=color, linewidth=1.5, zorder=1)
    axes.plot(found.loc[~far, "rank"], near, ".", color=plots.INK, markersize=4)
    for row in found[far].itertuples():
        up = row.estimate > most
        edge = bounds[up]
        axes.plot(row.rank, edge, "^" if up else "v", color=plots.INK, markersize=6, clip_on=False)
        axes.annotate(
            f"{row.estimate:,.3g}".replace("-", "\N{MINUS SIGN}"), (row.rank, edge), (-6, -4 if up else 4),
            textcoords="offset points", ha="right", va="center", fontsize=9, color=plots.INK,
        )  # fmt: skip
    marked = found[found["is_headline"]]
    axes.plot(
        marked["rank"], marked["estimate"], "o", markersize=9, markerfacecolor="none",
        markeredgecolor=plots.origin_color("CN"), markeredgewidth=2, gid="headline specification",
    )  # fmt: skip
    plots.zero_line(axes, reference)
    axes.set_xlim(0, len(found) + 1)


def _far(found: pd.DataFrame, reference: float) -> pd.Series:
    """Estimates three times as far from the middle nine tenths as these and no effect reach; never the
    headline."""
    low, high = found["estimate"].quantile([0.05, 0.95])
    low, high = min(low, reference), max(high, reference)
    room = 3 * (high - low)
    return ~found["estimate"].between(low - room, high + room) & ~found["is_headline"].astype(bool)


def _told(choice: str, option: str) -> str:
    """A choice as a reader reads it."""
    first, between, last = option.partition(":")
    if between and first.lstrip("-").isdigit() and last.lstrip("-").isdigit():
        option = f"day {first}" if first == last else f"days {first} to {last}"
    told = _OPTIONS.get(option, option.removesuffix(".0"))
    return re.sub(
        r"(?<!\w)-(?=\d)", "\N{MINUS SIGN}", f"{_CHOICES.get(choice, choice)}: {told}".replace("_", " ")
    )
