"""How do the counterfactuals look? Effects over the elasticity that one has to assume, and month by month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from undercut import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from undercut.inference.specifications import SpecificationCurve

#: Scenarios keep their colour and line in every figure.
_LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    "no Chinese open models": (plots.ORIGIN_COLORS["CN"], "-"),
    "no open models": (plots.INK, "-"),
    "licence fee": (plots.MUTED, "--"),
}


def effect_by_elasticity(grid: pd.DataFrame, measure: str, *, finding: str, note: str, source: str) -> Axes:
    """One panel a scenario: the effect over the assumed elasticity, banded by the other assumptions.

    Parameters
    ----------
    grid : DataFrame
        From :func:`undercut.competition.demand.assumptions.by_elasticity`.
    measure : str
    finding, note, source : str
        Title, measure and unit, source line.
    """
    import matplotlib.pyplot as plt

    scenarios = list(dict.fromkeys(grid["scenario"]))
    panels = plt.subplots(1, len(scenarios), figsize=(8.6, 4.6), sharey=True, squeeze=False)[1]
    plots.headline(panels[0, 0], finding, note, source=source)
    for axes, scenario in zip(panels[0], scenarios, strict=True):
        rows = grid[grid["scenario"].eq(scenario) & grid["measure"].eq(measure)].sort_values("elasticity")
        color, line = _LOOKS.get(scenario, (plots.MUTED, "-"))
        x = -rows["elasticity"]
        plots.band(axes, x, rows["low"], rows["high"], color)
        axes.plot(x, rows["value"], color=color, linestyle=line, marker="o", markersize=4)
        axes.set_title(scenario, fontsize=10, color=color, loc="left")
        axes.set_xscale("log")
        axes.set_xticks(x, [f"−{value:g}" for value in x])
        axes.minorticks_off()
        plots.zero_line(axes)
    panels[0, len(scenarios) // 2].set_xlabel("assumed own-price elasticity")
    first: Axes = panels[0, 0]
    return first


def effect_by_month(months: pd.DataFrame, *, finding: str, note: str, source: str) -> Axes:
    """The effect in each month, beside the share of spending that would be taken away.

    Parameters
    ----------
    months : DataFrame
        ``period, effect`` (%) and ``share`` (%).
    finding, note, source : str
    """
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(2, 1, figsize=(8.6, 5.2), sharex=True)
    plots.headline(above, finding, note, source=source)
    color = plots.ORIGIN_COLORS["CN"]
    place = range(len(months))
    above.plot(place, months["effect"], color=color, marker="o", markersize=4)
    above.set_ylabel("change of price, %")
    below.bar(place, months["share"], color=color, width=0.7)
    below.set_ylabel("share of spending, %")
    shown = [k for k in place if k % 3 == 0]
    below.set_xticks(shown, [months["period"].iloc[k] for k in shown])
    plots.zero_line(above)
    figure.align_ylabels()
    return above


def curve(found: SpecificationCurve, *, finding: str, note: str, source: str) -> Axes:
    """A specification curve under its title."""
    import matplotlib.pyplot as plt

    axes = plt.subplots(figsize=(8.6, 3.2 + 0.2 * sum(found.estimates[list(found.choices)].nunique())))[1]
    plots.headline(axes, finding, note, source=source)
    return found.plot(axes)
