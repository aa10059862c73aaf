"""How do the months around an entry look? One mark an estimator, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from undercut import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def event_study(paths: Mapping[str, pd.DataFrame], *, finding: str = "", source: str = "") -> Axes:
    """Change of price by months since entry; ``paths`` hold ``estimate, ci_low, ci_high`` in percent."""
    import matplotlib.pyplot as plt

    axes: Axes = plt.subplots(figsize=(8.2, 4.4))[1]
    looks = [(plots.INK, "o"), (plots.SERIES[1], "D"), (plots.SERIES[2], "^")]
    for place, (name, rows) in enumerate(paths.items()):
        color, mark = looks[place % len(looks)]
        at = rows.index.to_numpy(float) + 0.22 * (place - (len(paths) - 1) / 2)
        axes.vlines(at, rows["ci_low"], rows["ci_high"], color=color, linewidth=1.4)
        axes.plot(at, rows["estimate"], mark, color=color, markersize=5, label=name)
    plots.zero_line(axes)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.18 * (top - bottom))  # room for the key above the highest interval
    axes.axvline(-0.5, color=plots.MUTED, linewidth=0.8, linestyle=":")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:+.0f}%".replace("-", "\N{MINUS SIGN}"))
    axes.set_xlabel("months since an open rival came within reach")
    axes.legend(loc="upper left", ncols=len(paths), fontsize=9)
    measure = "Change of the list price against the comparison of each estimator, 95% intervals by developer"
    return plots.headline(axes, finding, measure, source=source)
