"""How do the counterfactuals look? Effects over the elasticity that one has to assume, and month by month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from undercut import plots
from undercut.result import Axes

if TYPE_CHECKING:
    from undercut.inference.specifications import SpecificationCurve

_SOURCE: Final = "OpenRouter rankings, Undercut price panel"
#: Scenarios keep their colour and line in every figure.
_LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    "no Chinese open models": (plots.ORIGIN_COLORS["CN"], "-"),
    "no open models": (plots.INK, "-"),
    "licence fee": (plots.MUTED, "--"),
}


def effect_by_elasticity(grid: pd.DataFrame, *, finding: str, note: str) -> Axes:
    """One panel a scenario: the effect over the assumed elasticity, banded by the other assumptions.

    Parameters
    ----------
    grid : DataFrame
        From :func:`undercut.competition.demand.assumptions.by_elasticity`.
    finding, note : str
        Title; measure and unit.
    """
    shown = grid[grid["measure"].eq("closed_price")]
    scenarios = list(dict.fromkeys(grid["scenario"]))
    panels = plots.panels(
        len(scenarios), columns=len(scenarios), height=1.65 if plots.is_narrow() else 3.4, sharey=True,
        sharex=plots.is_narrow(),
    )  # fmt: skip
    plots.headline(panels[0], finding, note, source=_SOURCE)
    for axes, scenario in zip(panels, scenarios, strict=True):
        rows = shown[shown["scenario"].eq(scenario)].sort_values("elasticity")
        color, line = _LOOKS.get(scenario, (plots.MUTED, "-"))
        x = -rows["elasticity"]
        plots.band(axes, x, rows["low"], rows["high"], color)
        axes.plot(x, rows["value"], color=color, linestyle=line, marker="o", markersize=4)
        axes.set_title(scenario, fontsize=10, color=color, loc="left")
        axes.set_xscale("log")
        axes.set_xticks(x, [f"−{value:g}" for value in x])
        axes.minorticks_off()
        plots.zero_line(axes)
        plots.percent_axis(axes)
    panels[-1 if plots.is_narrow() else len(scenarios) // 2].set_xlabel("assumed own-price elasticity")
    return panels[0]


def effect_by_month(months: pd.DataFrame, *, finding: str, note: str) -> Axes:
    """The effect in each month, beside the share of spending that would be taken away.

    Parameters
    ----------
    months : DataFrame
        ``period, effect`` (%) and ``share`` (%).
    finding, note : str
    """
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(2, 1, figsize=(plots.WIDE, 4.4), sharex=True)
    plots.headline(above, finding, note, source=_SOURCE)
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


def curve(found: SpecificationCurve, *, finding: str, note: str) -> Axes:
    """A specification curve under its title."""
    axes = plots.own_axes(height=3.2 + 0.2 * sum(found.estimates[list(found.choices)].nunique()))
    plots.headline(axes, finding, note, source=_SOURCE)
    return found.plot(axes)
