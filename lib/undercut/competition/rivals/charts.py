"""Figures of the reports on competition: exposure, openness, hazards and launch prices, in the house style.

Each draws what it is given and returns its axes; the sentences come from the caller, who computes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import DataError, check_known
from undercut.result import Axes

SOURCE = "Undercut price panel; capability: Epoch AI (CC BY 4.0)"
#: How exposure measures are written on axes.
_MEASURES = {
    "closeness": "closeness of the best open rival (1 = level or ahead)",
    "share_exposed": "share of closed models with an open rival in reach",
    "undercut": "median price relative to the cheapest open rival in reach",
}


def exposure_over_time(
    exposure: pd.DataFrame, *, measure: str = "share_exposed", finding: str = "", ax: Axes | None = None
) -> Axes:
    """How exposed closed models are, by origin of the open rivals.

    Parameters
    ----------
    exposure : DataFrame
        From :func:`undercut.competition.rivals.exposure.exposure`.
    measure : {"closeness", "share_exposed", "undercut"}
        Mean over the closed models on offer with a score; the median for ``undercut``.
    """
    check_known("measure of exposure", measure, _MEASURES)
    known = exposure[exposure["why_not"].eq("")].assign(share_exposed=lambda f: f["is_exposed"].astype(float))
    axes = ax or _axes()
    ends, colors = {}, {}
    for group, rows in known.groupby("rivals"):
        by_day = rows.groupby("observed_on")[measure]
        line = np.exp(by_day.median()) if measure == "undercut" else by_day.mean()
        line = line.dropna()
        if line.empty:
            continue
        color = plots.INK if group == "any" else plots.origin_color(str(group))
        name = {"any": "All open rivals", "CN": "Chinese", "other": "Other"}[str(group)]
        axes.plot(line.index, line.to_numpy(), color=color, linestyle="-" if group == "any" else (0, (4, 2)))
        ends[name], colors[name] = (line.index[-1], float(line.iloc[-1])), color
    if not ends:
        raise DataError("No offer has a known exposure; there is nothing to draw.")
    if measure == "undercut":
        _ratio_axis(axes)
    else:
        axes.set_ylim(0, 1.03)
        axes.yaxis.set_major_formatter(
            lambda value, _: f"{value:.0%}" if measure == "share_exposed" else f"{value:g}"
        )
    plots.headline(axes, finding, _MEASURES[measure].capitalize(), source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def exposure_by_rule(sensitivity: pd.DataFrame, *, finding: str = "", ax: Axes | None = None) -> Axes:
    """Share of closed models exposed over time under several rules of what counts as a rival.

    ``sensitivity`` is from :func:`undercut.competition.rivals.exposure.exposure_sensitivity`.
    """
    axes = ax or _axes()
    ends, colors = {}, {}
    rules = list(dict.fromkeys(sensitivity["rule"]))
    for number, rule in enumerate(rules):
        rows = sensitivity[sensitivity["rule"].eq(rule)]
        shade = plots.INK if number in (0, len(rules) - 1) else plots.GREY
        axes.plot(rows["observed_on"], rows["share_exposed"], color=shade, linewidth=1.6)
        ends[rule], colors[rule] = tuple(rows[["observed_on", "share_exposed"]].iloc[-1]), shade
    plots.percent_axis(axes, signed=False, share=True)
    plots.headline(axes, finding, _MEASURES["share_exposed"].capitalize(), source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def openness_over_time(periods: pd.DataFrame, *, finding: str = "", ax: Axes | None = None) -> Axes:
    """Open shares of models, of offers and of capability levels whose cheapest offer is open."""
    axes = ax or _axes()
    moments = pd.to_datetime(periods["period"])
    shown = {
        "share_open_models": ("Models", plots.MUTED),
        "share_open_offers": ("Offers", plots.INK),
        "share_levels_open": ("Levels where open is cheapest", plots.origin_color("CN")),
    }
    ends, colors = {}, {}
    for column, (name, color) in shown.items():
        axes.plot(moments, periods[column], color=color)
        ends[name], colors[name] = (moments.iloc[-1], float(periods[column].iloc[-1])), color
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    plots.headline(axes, finding, "Share that is open weights", source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def coefficients(
    terms: pd.DataFrame, *, finding: str = "", measure: str = "", ax: Axes | None = None
) -> Axes:
    """Coefficients with their intervals; an arrow where an end is infinite.

    ``terms`` has ``term, estimate, low, high``, as the table of a hazard or of a launch price has.
    """
    axes = plots.own_axes(ax, height=1.2 + 0.36 * len(terms))
    shown = terms.iloc[::-1].reset_index(drop=True)
    ends = shown[["estimate", "low", "high"]].replace([np.inf, -np.inf], np.nan)
    least, most = float(ends.min().min()), float(ends.max().max())
    margin = 0.15 * (most - least or 1.0)
    left, right = min(least, 0.0) - margin, max(most, 0.0) + margin
    for height, row in shown.iterrows():
        low, high = max(row["low"], left), min(row["high"], right)
        axes.plot([low, high], [height, height], color=plots.INK, linewidth=2)
        for end, mark in ((row["low"], "<"), (row["high"], ">")):
            if np.isinf(end):
                axes.plot(
                    np.clip(end, left, right), height, mark, color=plots.INK, markersize=7, clip_on=False
                )
        axes.plot(row["estimate"], height, "o", color=plots.INK, markersize=6)
    axes.set_yticks(range(len(shown)), shown["term"])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_xlim(left, right)
    axes.grid(axis="y", visible=False)
    axes.axvline(0.0, color=plots.INK, linewidth=1)
    return plots.headline(axes, finding, measure, source=SOURCE)


def launch_prices(
    launches: pd.DataFrame, *, finding: str = "", level: float = 0.5, ax: Axes | None = None
) -> Axes:
    """Launch price against capability; filled marks: no open rival near, hollow: closeness above ``level``.

    ``launches`` has ``eci, price, origin, closeness`` and ``why_not``.
    """
    axes = plots.own_axes(ax, height=4.4)
    shown = launches[launches["why_not"].eq("") & launches["closeness"].notna()]
    for origin, rows in shown.groupby("origin"):
        color = plots.origin_color(str(origin))
        for near, part in rows.groupby(rows["closeness"].gt(level)):
            look: Any = {"markerfacecolor": plots.PAPER if near else color, "markeredgecolor": color}
            axes.plot(part["eci"], part["price"], "o", markeredgewidth=1.4, linestyle="none", **look)
    plots.price_axis(axes)
    axes.set_xlabel("Epoch Capabilities Index")
    measure = f"Launch price, USD per million tokens; hollow: closeness of an open rival above {level:g}"
    return plots.headline(axes, finding, measure, source=SOURCE)


def incidence(found: pd.DataFrame, *, finding: str = "", ax: Axes | None = None) -> Axes:
    """Cumulative incidence of cuts and withdrawals with months since release.

    ``found`` is from :func:`undercut.inference.incidence.cumulative_incidence`.
    """
    axes = plots.own_axes(ax, height=4.0)
    ends, colors = {}, {}
    for cause, color in (("cut", plots.INK), ("withdrawn", plots.MUTED)):
        part = found[found["cause"].eq(cause)].dropna(subset=["incidence"])
        axes.plot(part["month"], part["incidence"], color=color, drawstyle="steps-post")
        plots.band(axes, part["month"].to_list(), part["low"], part["high"], color)
        ends[cause.capitalize()] = (float(part["month"].iloc[-1]), float(part["incidence"].iloc[-1]))
        colors[cause.capitalize()] = color
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("months since release")
    plots.headline(axes, finding, "Share of own offers of closed models; shaded: 95% interval", source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def _ratio_axis(axes: Axes) -> None:
    """Logarithmic axis for ratios: 2×, 5×, 10×."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _axes(height: float = 4.4) -> Axes:
    """New axes over time."""
    from matplotlib.dates import ConciseDateFormatter, MonthLocator

    axes = plots.own_axes(height=height)
    locator = MonthLocator(bymonth=(1, 7))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    return axes
