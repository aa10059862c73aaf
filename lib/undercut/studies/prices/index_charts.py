"""Figures of the reports on price indices and the price of capability, in the house style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from undercut import plots
from undercut.studies.prices.charts import SOURCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rates_by_method(table: pd.DataFrame, *, finding: str, measure: str, ax: Axes | None = None) -> Axes:
    """Annual factor of each method with its interval, grouped by the question that it answers."""
    import matplotlib.pyplot as plt

    shown = table.iloc[::-1].reset_index(drop=True)
    axes = ax or plt.subplots(figsize=(7.6, 1.2 + 0.36 * len(shown)))[1]
    inks = dict(zip(dict.fromkeys(table["question"]), _inks(), strict=False))
    for height, row in shown.iterrows():
        color = inks[row["question"]]
        axes.plot([row["low"], row["high"]], [height, height], color=color, linewidth=2)
        axes.plot(row["annual"], height, marker="o", color=color, markersize=6)
    axes.set_yticks(range(len(shown)), shown["method"])
    axes.grid(axis="y", visible=False)
    axes.set_xscale("log")
    axes.set_xticks([0.02, 0.05, 0.1, 0.2, 0.5, 1.0], ["÷50", "÷20", "÷10", "÷5", "÷2", "no change"])
    axes.axvline(1.0, color=plots.INK, linewidth=1)
    return plots.headline(axes, finding, measure, source=SOURCE)


def index_paths(
    paths: Mapping[str, pd.Series], *, finding: str, measure: str, ax: Axes | None = None
) -> Axes:
    """Several indices on one logarithmic axis, 1 in the first month, named at their ends."""
    import matplotlib.pyplot as plt

    axes = ax or plt.subplots(figsize=(7.6, 4.4))[1]
    ends, colors = {}, {}
    for (label, path), color in zip(paths.items(), _inks(), strict=False):
        moments = pd.PeriodIndex(path.index, freq="M").to_timestamp()
        axes.plot(moments, path.to_numpy(float), color=color)
        ends[label], colors[label] = (moments[-1], float(path.iloc[-1])), color
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    plots.headline(axes, finding, measure, source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def frontier_holders(holders: pd.DataFrame, *, finding: str, measure: str, ax: Axes | None = None) -> Axes:
    """Whose model was cheapest at each level of capability, month by month: colour: origin; hatch: open."""
    import matplotlib.pyplot as plt

    levels = list(dict.fromkeys(holders["level"]))
    axes = ax or plt.subplots(figsize=(7.6, 1.3 + 0.42 * len(levels)))[1]
    for height, level in enumerate(reversed(levels)):
        held = holders[holders["level"] == level]
        for row in held.itertuples():
            start = pd.Period(row.period, freq="M").to_timestamp()
            is_open = str(row.access).startswith("open")
            color = plots.origin_color(row.origin if isinstance(row.origin, str) else "other")
            fill, hatch = (plots.PAPER, "///") if is_open else (color, None)
            width = np.timedelta64(29, "D")
            axes.barh(height, width, left=start, height=0.62, color=fill, edgecolor=color, hatch=hatch)
    axes.set_yticks(range(len(levels)), list(reversed(levels)))
    axes.grid(visible=False)
    return plots.headline(axes, finding, measure, source=SOURCE)


def _inks() -> list[str]:
    return [plots.origin_color(o) for o in ("US", "CN", "FR", "other")] + [plots.MUTED, plots.INK] * 4
