"""What do bills, waits and shares look like? Each function draws the numbers that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from undercut import plots
from undercut.result import Axes

#: Models behind each point of a curve, at least.
_FEWEST: Final = 8
#: Groups that are drawn, by the words for them.
_SHOWN: Final = {"US closed": "US closed", "Chinese open": "CN open"}


def _colors() -> dict[str, str]:
    return {shown: plots.origin_color(group[:2]) for shown, group in _SHOWN.items()}


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
        if look is not looks[1]:  # a fourth band would hide the others
            plots.band(axes, part["volume"], part["low"], part["high"], str(look["color"]))
        axes.plot(part["volume"], part["bill"], label=way, **look)
    axes.set(xscale="log", xlabel="million tokens a month")
    axes.xaxis.set_major_locator(LogLocator(base=10, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend()
    return plots.price_axis(axes)


def waits(curve: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Percent of models that have a seller, by days since release."""
    axes = plots.own_axes(ax)
    axes.step(curve["days"], curve["share"], where="post", color=plots.origin_color("CN"))
    axes.set(xlabel="days since release", ylim=(0, 100))
    plots.percent_axis(axes, signed=False)
    return axes


def shares_over_time(tables: Mapping[str, pd.DataFrame]) -> Axes:
    """Weekly shares of Chinese open and US closed models with their bounds, one panel a way to count.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By name of the panel: ``week_start, group, share, low, high``.
    """
    from matplotlib.dates import ConciseDateFormatter

    colors = _colors()
    every = plots.panels(len(tables), columns=2, height=2.0 if plots.is_narrow() else 3.4, sharey=True)
    for axes, (name, shares) in zip(every, tables.items(), strict=True):
        ends = {}
        for shown, color in colors.items():
            rows = shares[shares["group"] == _SHOWN[shown]]
            plots.band(axes, rows["week_start"], rows["low"], rows["high"], color)
            axes.plot(rows["week_start"], rows["share"], color=color, label=shown)
            ends[shown] = (rows["week_start"].iloc[-1], rows["share"].iloc[-1])
        axes.set(ylim=(0, 100))
        axes.set_title(name, loc="left", fontsize=11)
        dates = ConciseDateFormatter(axes.xaxis.get_major_locator())  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(dates)
        plots.label_line_ends(axes, ends, colors)
    return every[0]


def curves_by_group(curves: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Median use over the own peak by weeks since release, for Chinese open and US closed models."""
    axes = plots.own_axes(ax, height=4.0)
    ends, colors = {}, _colors()
    for name, color in colors.items():
        by_age = curves[curves["group"] == _SHOWN[name]].groupby("age")["of_peak"]
        told = by_age.quantile([0.25, 0.5, 0.75]).unstack()[by_age.size() >= _FEWEST]  # noqa: PD010
        plots.band(axes, told.index, told[0.25], told[0.75], color)
        axes.plot(told.index, told[0.5], color=color)
        ends[name] = (told.index[-1], told[0.5].iloc[-1])
    axes.set(xlabel="weeks since release", ylim=(0, 1))
    plots.percent_axis(axes, signed=False, share=True)
    return plots.label_line_ends(axes, ends, colors)
