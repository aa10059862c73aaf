"""How do the reports on value look? Changes by role and vendor, what values imply, cash flows with bands."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from undercut import plots
from undercut.errors import TooFewError
from undercut.result import Axes
from undercut.studies.value.words import words
from undercut.valuation import charts
from undercut.valuation.sensitivity import Tornado
from undercut.valuation.valuation import Valuation

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
_ROW: Final = 0.27
_ASKED: Final = {"half": "half its value", "the same": "its own value", "twice": "twice its value"}


def change_rows(
    table: pd.DataFrame,
    *,
    label: str,
    finding: str,
    measure: str,
    color: str = "role",
    group: str | None = None,
    most: float | None = None,
) -> Axes:
    """A dot and an interval a row; change of value in percent.

    Parameters
    ----------
    table : DataFrame
        ``label``, role, median, low, high (shares), in the order of drawing.
    label : str
        Column that names the rows.
    finding, measure : str
        Title and what is drawn.
    color : str
        Column of roles that colours the rows.
    group : str, optional
        Column whose changes start a new block with its own heading.
    most : float, optional
        Share beyond which intervals are cut off; where they end is then written beside them.

    Raises
    ------
    TooFewError
        Nothing to draw.
    """
    shown = table.dropna(subset=["median"]).reset_index(drop=True)
    if shown.empty:
        raise TooFewError("No change of value can be drawn: no row has one.")
    places, headings = plots.row_places(shown[group] if group else [""] * len(shown))
    row = 0.24 if plots.is_narrow() else _ROW
    ax = plots.own_axes(height=1.6 + row * (places[-1] + 1))
    colors = [ROLE_COLORS[role] for role in shown[color]]
    ends = 100 * (shown["high"] if most is None else shown["high"].clip(upper=most))
    ax.hlines(places, 100 * shown["low"], ends, color=colors, linewidth=2.4)
    for place, end, high in zip(places, ends, 100 * shown["high"], strict=True):
        if high > end:
            beyond: dict[str, Any] = {"ha": "right", "fontsize": 9, "color": plots.MUTED}
            ax.annotate(f"to {high:,.0f}%", (end, place), (0, 6), textcoords="offset points", **beyond)
    ax.scatter(100 * shown["median"], places, color=colors, s=42, zorder=3)
    ax.axvline(0, color=plots.INK, linewidth=1.0, zorder=1.5)
    ax.set_yticks([*headings, *places], [*headings.values(), *shown[label]])
    for text in ax.get_yticklabels()[: len(headings)]:
        text.set_fontweight("bold")
        text.set_color(plots.INK)
    ax.set_ylim(max(places) + 0.7, min([*headings, *places]) - 0.7)
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


def distribution(drawn: Valuation, *, finding: str, measure: str) -> Axes:
    """Equity over draws."""
    ax = charts.distribution(drawn.equity, unit=f"billion {drawn.company.currency}")
    return plots.headline(ax, finding, measure, source=SOURCE)


def tornado(found: Tornado, *, finding: str, measure: str) -> Axes:
    """The ten widest bars."""
    names = {name: words(name) for name in found.rows["parameter"]}
    return plots.headline(found.plot(most=10, names=names), finding, measure, source=SOURCE)


def cash_flow_bands(table: pd.DataFrame, *, currency: str, finding: str, measure: str) -> Axes:
    """Cash flow of both businesses by year."""
    return plots.headline(charts.cash_flows(table, currency=currency), finding, measure, source=SOURCE)
