"""How do the reports on value look? Changes by role, and what market values imply."""

from __future__ import annotations

from typing import Final

import pandas as pd

from undercut import plots
from undercut.errors import TooFewError
from undercut.result import Axes
from undercut.valuation import charts

SOURCE: Final = "Undercut, conditional on named assumptions; not a target price, not advice"
# One colour a role on both pages; not the colours of origin. Legible on light and dark paper.
ROLE_COLORS: Final = {
    "seller": "#c3407f", "application": "#8a7a00", "cloud": "#0d84c6", "chips": "#3d9140", "power": "#8b6fc0",
}  # fmt: skip
#: What a role is called in a sentence, one and many.
ROLE_NAMES: Final = {
    "seller": ("seller of models", "sellers of models"), "application": ("application", "applications"),
    "cloud": ("cloud", "clouds"), "chips": ("chip maker", "chip makers"),
    "power": ("power producer", "power producers"),
}  # fmt: skip
_ASKED: Final = {"half": "half its value", "the same": "its own value", "twice": "twice its value"}


def change_rows(table: pd.DataFrame, *, label: str, finding: str, measure: str) -> Axes:
    """A dot and an interval a row; change of value in percent.

    Parameters
    ----------
    table : DataFrame
        ``label``, role (which colours the rows), median, low, high (shares), in the order of drawing.
    label : str
        Column that names the rows.
    finding, measure : str
        Title and what is drawn.

    Raises
    ------
    TooFewError
        Nothing to draw.
    """
    shown = table.dropna(subset=["median"])
    if shown.empty:
        raise TooFewError("No change of value can be drawn: no row has one.")
    places = list(range(len(shown)))
    ax = plots.own_axes(height=1.6 + (0.24 if plots.is_narrow() else 0.27) * len(shown))
    colors = [ROLE_COLORS[role] for role in shown["role"]]
    ax.hlines(places, 100 * shown["low"], 100 * shown["high"], color=colors, linewidth=2.4)
    ax.scatter(100 * shown["median"], places, color=colors, s=42, zorder=3)
    ax.axvline(0, color=plots.INK, linewidth=1.0, zorder=1.5)
    ax.set_yticks(places, shown[label])
    ax.set_ylim(places[-1] + 0.7, -0.7)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    plots.percent_axis(ax, "x")
    ax.set_xlabel("change against the status quo")
    return plots.headline(ax, finding, measure, source=SOURCE)


def implied_pairs(frame: pd.DataFrame, *, finding: str) -> Axes:
    """Fall of prices over elasticity, a line for each market value asked about; a band where it is one."""
    asked = dict(list(frame.dropna(subset=["median"]).groupby("asked", sort=False)))
    main = asked.get("the same", next(iter(asked.values())))
    alone = len(asked) == 1
    ax = charts.implied_pair(main if alone else main.assign(low=main["median"], high=main["median"]))
    ends = {}
    for name, rows in asked.items():
        if rows is not main:
            ax.plot(rows["elasticity"], 100 * rows["median"], color=plots.GREY)
        last = rows.iloc[-1]
        ends[str(name) if alone else _ASKED.get(str(name), str(name))] = (
            last["elasticity"],
            100 * last["median"],
        )
    measure = "Fall of token prices in the first year that gives the market value, by elasticity of use, %"
    plots.headline(ax, finding, measure, source=SOURCE)
    colors = {name: plots.GREY for name in ends if not alone and name != _ASKED["the same"]}
    return plots.label_line_ends(ax, ends, colors)
