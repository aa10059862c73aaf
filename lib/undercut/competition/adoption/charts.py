"""What do bills, waits and shares look like? Each function draws the numbers that it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from undercut import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def bills_by_volume(bills: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The bill of every way against the volume, both on logarithmic axes.

    Parameters
    ----------
    bills : DataFrame
        ``volume, way, bill, low, high``; ways in the order of `undercut.competition.adoption.deployment`.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes = plots.own_axes(ax)
    looks = (
        plots.mark("US", "closed"), plots.mark("CN", "closed"), plots.mark("CN", "open"),
        {"color": plots.INK, "linestyle": ":"},
    )  # fmt: skip
    for way, look in zip(bills["way"].unique(), looks, strict=True):
        part = bills[bills["way"] == way]
        plots.band(axes, part["volume"], part["low"], part["high"], str(look["color"]))
        axes.plot(part["volume"], part["bill"], label=way, **look)
    axes.set(xscale="log", xlabel="million tokens a month")
    axes.xaxis.set_major_locator(LogLocator(base=10, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend(loc="lower right", fontsize=9)
    return plots.price_axis(axes)


def waits(curve: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Percent of models that have a seller, by days since release."""
    axes = plots.own_axes(ax)
    axes.step(curve["days"], curve["share"], where="post", color=plots.origin_color("CN"))
    axes.set(xlabel="days since release", ylim=(0, 100))
    return axes


def shares_over_time(shares: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Share of each group of models by week.

    Parameters
    ----------
    shares : DataFrame
        ``week_ending, group, share``; groups such as ``CN open``.
    """
    axes = plots.own_axes(ax)
    wide = shares.pivot_table(index="week_ending", columns="group", values="share")
    drawn = [group for group in ("US closed", "CN open", "US open", "CN closed") if group in wide]
    for group in drawn:
        axes.plot(wide.index, wide[group], **plots.mark(*group.split()))
    ends = {group: (wide.index[-1], wide[group].iloc[-1]) for group in drawn}
    return plots.label_line_ends(axes, ends, {name: plots.origin_color(name.split()[0]) for name in drawn})
