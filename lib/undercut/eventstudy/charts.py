"""How do event studies look? Frames to axes: intervals row by row, and paths by day."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from undercut import plots
from undercut.result import Axes


def draw_path(path: pd.DataFrame, ax: Axes | None = None, **line: Any) -> Axes:
    """Cumulative mean abnormal return by day with its band, in percent.

    Parameters
    ----------
    path : pandas.DataFrame
        One group of `EventStudy.caar`: day, caar, ci_low, ci_high (decimals).
    """
    axes = _axes(ax)
    days = path["day"].to_numpy()
    drawn = axes.plot(days, 100 * path["caar"], **line)[0]
    ends = (100 * path["ci_low"], 100 * path["ci_high"])
    axes.fill_between(days, *ends, color=drawn.get_color(), alpha=0.15, linewidth=0)
    axes.axhline(0, color="0.5", linewidth=0.8, zorder=0)
    axes.set_xlabel("Trading days from the event")
    axes.set_ylabel("Cumulative abnormal return, percent")
    return axes


def draw_intervals(
    rows: pd.DataFrame, ax: Axes | None = None, *, label: str, value: str = "car", heights: Any = None
) -> Axes:
    """One row an estimate, in percent: its mark and its interval, the first row on top.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``label``, ``value``, ci_low, ci_high (decimals); optionally color, and mark (a matplotlib marker).
    heights : sequence of float, optional
        Where the rows stand; default, one below the other.
    """
    axes = _axes(ax)
    at = np.arange(len(rows)) if heights is None else heights
    colors = rows["color"] if "color" in rows.columns else [plots.INK] * len(rows)
    marks = rows["mark"] if "mark" in rows.columns else ["o"] * len(rows)
    columns = zip(at, rows[value], rows["ci_low"], rows["ci_high"], colors, marks, strict=True)
    for height, middle, low, high, color, mark in columns:
        axes.plot(
            [100 * low, 100 * high], [height, height], color=color, linewidth=1.6, solid_capstyle="butt"
        )
        axes.plot(100 * middle, height, marker=mark, markersize=5.5, color=color)
    axes.set_yticks(at, [str(name) for name in rows[label]])
    axes.set_ylim(max(at) + 0.8, min(at) - 0.8)
    axes.axvline(0, color=plots.INK, linewidth=1, zorder=1.5)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    return axes


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]
