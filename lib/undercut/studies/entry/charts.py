"""How do the months around an entry look? One mark an estimator, side by side."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from undercut import plots
from undercut.result import Axes


def event_study(paths: Mapping[str, pd.DataFrame], *, finding: str = "", source: str = "") -> Axes:
    """Change of price by months since entry; ``paths`` hold ``estimate, ci_low, ci_high`` in percent."""
    axes = plots.own_axes(height=4.2)
    looks = [(plots.INK, "o"), (plots.SERIES[1], "D"), (plots.SERIES[2], "^")]
    for place, (name, rows) in enumerate(paths.items()):
        color, mark = looks[place % len(looks)]
        at = rows.index.to_numpy(float) + 0.22 * (place - (len(paths) - 1) / 2)
        axes.vlines(at, rows["ci_low"], rows["ci_high"], color=color, linewidth=1.4)
        axes.plot(at, rows["estimate"], mark, color=color, markersize=5, label=name)
    plots.zero_line(axes)
    axes.axvline(-0.5, color=plots.MUTED, linewidth=0.8, linestyle=":")
    plots.percent_axis(axes)
    axes.set_xlabel("months since an open rival came within reach")
    axes.legend()
    measure = "Change of the list price against the comparison of each estimator, 95% intervals by developer"
    return plots.headline(axes, finding, measure, source=source)
