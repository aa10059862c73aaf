"""What do prices of hosts look like? Each function draws the numbers that it is given, without a title."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from undercut import plots
from undercut.result import Axes

if TYPE_CHECKING:
    from undercut.inference.arrays import Floats


def entry_path(path: pd.DataFrame, *, edge: float, ax: Axes | None = None) -> Axes:
    """Effect by months since entry, with its interval; grey up to ``edge``, the smallest to be found."""
    axes = plots.own_axes(ax, height=4.2)
    told = path.assign(**{name: 100 * path[name] for name in ("effect", "low", "high")})
    axes.axhspan(-100 * edge, 100 * edge, color=plots.RULE, alpha=0.45, linewidth=0, zorder=0.5)
    axes.vlines(told["horizon"], told["low"], told["high"], color=plots.INK, linewidth=1.5)
    for rows, face in ((told[told["horizon"] < 0], plots.PAPER), (told[told["horizon"] >= 0], plots.INK)):
        look: dict[str, Any] = {"color": plots.INK, "markerfacecolor": face, "markersize": 6.5}
        axes.plot(rows["horizon"], rows["effect"], "o", **look)
    plots.zero_line(axes)
    axes.axvline(-0.5, color=plots.MUTED, linewidth=1, linestyle=(0, (2, 2)))
    reach = 1.15 * max(100 * edge, float(told[["low", "high"]].abs().max().max()))
    axes.set(ylim=(-reach, reach), xticks=told["horizon"], xlabel="months since the entry of one more host")
    axes.yaxis.set_major_formatter(percent)
    return axes


def responses(
    found: Mapping[str, tuple[float, float, float]], *, grey: Iterable[str] = (), ax: Axes | None = None
) -> Axes:
    """Changes in percent with their intervals, one row each; ``grey`` are benchmarks."""
    axes = plots.interval_rows(found, grey=grey, ax=ax)
    axes.xaxis.set_major_formatter(percent)
    return axes


def since_launch(
    curves: pd.DataFrame, bars: pd.DataFrame, observed: pd.DataFrame, *, ax: Axes | None = None
) -> Axes:
    """Prices as shares of the price at launch: fitted curves, observed means and intervals after a year.

    Parameters
    ----------
    curves, observed : DataFrame
        ``price`` (its name), ``age_months, share``; observed means of fewer than five ``units`` stay out.
    bars : DataFrame
        ``price, low, high`` at twelve months.
    """
    axes = plots.own_axes(ax, height=4.4)
    last = curves["age_months"].max()
    seen = observed[observed["age_months"].between(0, last) & observed["units"].ge(5)]
    colors = dict(zip(curves["price"].unique(), plots.SERIES, strict=False))
    ends: dict[str, tuple[Any, float]] = {}
    for name, color in colors.items():
        dots, curve, bar = (table[table["price"] == name] for table in (seen, curves, bars))
        axes.plot(dots["age_months"], dots["share"], "o", color=color, markersize=4, alpha=0.55)
        axes.plot(curve["age_months"], curve["share"], color=color)
        axes.vlines([12] * len(bar), bar["low"], bar["high"], color=color, linewidth=4, alpha=0.35)
        ends[name] = (last, float(curve["share"].iloc[-1]))
    plots.zero_line(axes, 1.0)
    axes.set(xlim=(0, last), xticks=range(0, int(last) + 1, 6), xlabel="months since the model's launch")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    return plots.label_line_ends(axes, ends, colors)


def premium_over_time(by_month: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Ratio of prices by month with its interval; months without one have a hollow mark."""
    axes = plots.own_axes(ax, height=3.9)
    day = pd.PeriodIndex(by_month["period"], freq="M").to_timestamp()
    value, low, high = (np.exp(by_month[name]) for name in ("premium", "low", "high"))
    is_thin = by_month["low"].isna().to_numpy()
    axes.plot(day, value, color=plots.INK, linewidth=1.5)
    axes.vlines(day, low, high, color=plots.INK, linewidth=4, alpha=0.3)
    axes.plot(day[is_thin], value[is_thin], "o", color=plots.INK, markerfacecolor=plots.PAPER, markersize=5)
    axes.plot(day[~is_thin], value[~is_thin], "o", color=plots.INK, markersize=5)
    ratio_ticks(axes, np.array([*low.dropna(), *high.dropna(), *value, 1.0]))
    return plots.zero_line(axes, 1.0)


def over_cost(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Price over the cost of serving by age and ``price``: thin bars with all doubt, thick ones with that
    about models alone."""
    axes = plots.own_axes(ax, height=4.2)
    names = table["price"].unique()
    offsets = np.linspace(-0.35, 0.35, len(names)) if len(names) > 1 else np.zeros(1)
    for name, offset, color in zip(names, offsets, plots.SERIES, strict=False):
        rows = table[table["price"] == name]
        at = rows["age_months"] + offset
        axes.vlines(at, rows["low"], rows["high"], color=color, linewidth=1.2)
        axes.vlines(at, rows["low_models"], rows["high_models"], color=color, linewidth=4, alpha=0.5)
        axes.plot(at, rows["ratio"], "o", color=color, markersize=7, label=name)
    axes.set(xticks=table["age_months"].unique(), xlabel="months since the model's launch")
    axes.legend(loc="upper center", ncols=len(names), fontsize=9, labelcolor=plots.MUTED)
    ratio_ticks(axes, np.array([*table["low"], 1.6 * table["high"].max()]))
    return plots.zero_line(axes, 1.0)


def ratio_ticks(axes: Axes, values: Floats) -> None:
    """A logarithmic axis with ticks at powers of two that holds the values."""
    low, high = values.min() / 1.15, values.max() * 1.15
    ticks = [2.0**power for power in range(-8, 9) if low <= 2.0**power <= high]
    axes.set_yscale("log")
    axes.set_yticks(ticks, [f"{tick:g}×" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(low, high)


def percent(value: float, _: Any = None) -> str:
    """A change in percent with its sign, for an axis."""
    if abs(value) < 1e-9:
        return "0%"
    return f"{value:+.3g}%".replace("-", "\N{MINUS SIGN}")
