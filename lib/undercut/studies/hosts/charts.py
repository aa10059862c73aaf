"""Figures of the report on host competition, in the house style. Each draws what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from undercut import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from undercut.competition.hosts.dispersion import HostElasticity
    from undercut.competition.hosts.entry import EntryEffect
    from undercut.competition.hosts.first_party import Premium
    from undercut.competition.hosts.markups import Decay
    from undercut.inference.specifications import SpecificationCurve

SOURCE: Final = "Undercut price panel: list prices of open models"
#: Colours of the kinds of price; the meaning of the origins' colours is not used on these pages.
_KINDS: Final = (plots.INK, "#058e9e", "#c2402c", "#8e907c")


def entry_path(effect: EntryEffect, *, finding: str, measure: str, ax: Axes | None = None) -> Axes:
    """Cumulative effect of an entry by months since entry, with its interval and the smallest detectable
    one."""
    axes = ax or _axes(7.6, 4.2)
    path = effect.path
    edge = 100 * effect.detectable().effect
    axes.axhspan(-edge, edge, color=plots.RULE, alpha=0.45, linewidth=0, zorder=0.5)
    low, high = 100 * path["low"], 100 * path["high"]
    axes.vlines(path["horizon"], low, high, color=plots.INK, linewidth=1.5)
    is_before = path["horizon"] < 0
    for rows, face in ((path[is_before], plots.PAPER), (path[~is_before], plots.INK)):
        axes.plot(
            rows["horizon"], 100 * rows["effect"], "o", color=plots.INK, markerfacecolor=face, markersize=6.5
        )
    plots.zero_line(axes)
    axes.axvline(-0.5, color=plots.MUTED, linewidth=1, linestyle=(0, (2, 2)))
    reach = 1.15 * max(edge, float(np.abs(low).max()), float(np.abs(high).max()))
    axes.set_ylim(-reach, reach)
    axes.set_xticks(path["horizon"])
    axes.set_xlabel("months since the entry of one more host")
    axes.yaxis.set_major_formatter(lambda value, _: _percent(value))
    plots.headline(axes, finding, measure, source=SOURCE)
    return axes


def responses(
    found: Mapping[str, HostElasticity], *, finding: str, measure: str, ax: Axes | None = None
) -> Axes:
    """Change of several prices when the number of hosts doubles, one row each, with intervals."""
    axes = ax or _axes(7.6, 1.5 + 0.42 * len(found))
    for height, result in enumerate(reversed(list(found.values()))):
        value, low, high = result.per_doubling()
        is_benchmark = result.outcome == "draws alone"
        color = plots.MUTED if is_benchmark else plots.INK
        axes.hlines(height, low, high, color=color, linewidth=2)
        axes.plot(value, height, "D" if is_benchmark else "o", color=color, markersize=7)
    axes.set_yticks(range(len(found)), list(found)[::-1])
    axes.set_ylim(-0.6, len(found) - 0.4)
    axes.axvline(0, color=plots.INK, linewidth=1, zorder=1.5)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.xaxis.set_major_formatter(lambda value, _: _percent(value))
    plots.headline(axes, finding, measure, source=SOURCE)
    return axes


def since_launch(
    fits: Mapping[str, tuple[Decay, pd.DataFrame]],
    *,
    finding: str,
    measure: str,
    months: int = 24,
    ax: Axes | None = None,
) -> Axes:
    """Price as a share of the price at launch: observed means by age (dots) and the fitted curves.

    Parameters
    ----------
    fits : mapping of str to (Decay, DataFrame)
        By name of the price: the fit and :func:`undercut.competition.hosts.markups.aligned`.
    """
    axes = ax or _axes(7.6, 4.4)
    ages = np.linspace(0, months, 97)
    ends: dict[str, tuple[Any, float]] = {}
    colors = {}
    for (name, (fit, observed)), color in zip(fits.items(), _KINDS, strict=False):
        seen = observed[observed["age_months"].between(0, months) & observed["units"].ge(5)]
        axes.plot(seen["age_months"], seen["share"], "o", color=color, markersize=4, alpha=0.55)
        axes.plot(ages, fit.share_left(ages), color=color)
        axes.vlines(12, fit.after_year_low, fit.after_year_high, color=color, linewidth=4, alpha=0.35)
        ends[name], colors[name] = (months, float(fit.share_left([months])[0])), color
    plots.zero_line(axes, 1.0)
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, months)
    axes.set_xticks(range(0, months + 1, 6))
    axes.set_xlabel("months since the model's launch")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    plots.headline(axes, finding, measure, source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def over_cost(
    tables: Mapping[str, pd.DataFrame], *, finding: str, measure: str, ax: Axes | None = None
) -> Axes:
    """Price over the cost of serving by age: thin bars with all doubt, thick bars with that about models
    alone."""
    axes = ax or _axes(7.6, 4.2)
    offsets = np.linspace(-0.35, 0.35, len(tables)) if len(tables) > 1 else [0.0]
    for (name, table), offset, color in zip(tables.items(), offsets, _KINDS, strict=False):
        at = table["age_months"] + offset
        axes.vlines(at, table["low"], table["high"], color=color, linewidth=1.2)
        axes.vlines(at, table["low_models"], table["high_models"], color=color, linewidth=4, alpha=0.5)
        axes.plot(at, table["ratio"], "o", color=color, markersize=7, label=name)
    axes.set_yscale("log")
    plots.zero_line(axes, 1.0)
    axes.set_xticks(next(iter(tables.values()))["age_months"])
    axes.set_xlabel("months since the model's launch")
    axes.legend(loc="upper center", ncols=len(tables), fontsize=9, labelcolor=plots.MUTED)
    ends = [end for table in tables.values() for end in (*table["low"], 1.6 * table["high"].max())]
    _ratio_ticks(axes, ends)
    plots.headline(axes, finding, measure, source=f"{SOURCE}; GPU rents: archived rate cards")
    return axes


def premium_over_time(premium: Premium, *, finding: str, measure: str, ax: Axes | None = None) -> Axes:
    """Ratio of prices by month with its interval; months with few models have a hollow mark and none."""
    axes = ax or _axes(7.6, 3.9)
    table = premium.by_month
    day = pd.PeriodIndex(table["period"], freq="M").to_timestamp()
    value, low, high = (np.exp(table[name]) for name in ("premium", "low", "high"))
    is_thin = table["low"].isna().to_numpy()
    axes.plot(day, value, color=plots.INK, linewidth=1.5)
    axes.vlines(day, low, high, color=plots.INK, linewidth=4, alpha=0.3)
    axes.plot(day[is_thin], value[is_thin], "o", color=plots.INK, markerfacecolor=plots.PAPER, markersize=5)
    axes.plot(day[~is_thin], value[~is_thin], "o", color=plots.INK, markersize=5)
    axes.set_yscale("log")
    _ratio_ticks(axes, [*low.dropna(), *high.dropna(), *value, 1.0])
    plots.zero_line(axes, 1.0)
    plots.headline(axes, finding, measure, source=SOURCE)
    return axes


def coverage_over_time(coverage: pd.DataFrame, *, finding: str, measure: str, ax: Axes | None = None) -> Axes:
    """Hosts that each source shows, month by month; a table and its copy are one line."""
    axes = ax or _axes(7.6, 3.6)
    ends: dict[str, tuple[Any, float]] = {}
    colors = {}
    months = sorted(coverage["period"].unique())
    merged = coverage.assign(source=coverage["source"].replace({"tokencost": "litellm"}))
    for (source, line), color in zip(merged.groupby("source"), _KINDS, strict=False):
        hosts = line.groupby("period")["hosts"].max().reindex(months)
        day = pd.PeriodIndex(months, freq="M").to_timestamp()
        axes.plot(day, hosts.to_numpy(), color=color)
        last = hosts.last_valid_index()
        name = str(source)
        ends[name] = (day[months.index(str(last))], float(hosts[last]))
        colors[name] = color
    axes.set_ylim(bottom=0)
    plots.headline(axes, finding, measure, source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def specifications(curve: SpecificationCurve, *, finding: str, measure: str) -> Axes:
    """The specification curve with the house's headline."""
    import matplotlib.pyplot as plt

    options = sum(curve.estimates[choice].astype(str).nunique() for choice in curve.choices)
    axes = curve.plot(plt.subplots(figsize=(7.6, 3.6 + 0.2 * options))[1])
    axes.yaxis.set_major_formatter(lambda value, _: _percent(value))
    axes.set_ylabel("")
    plots.headline(axes, finding, measure, source=SOURCE)
    return axes


def _ratio_ticks(axes: Axes, values: list[float]) -> None:
    """Ticks at powers of two on a logarithmic axis that holds the values."""
    low, high = min(values) / 1.15, max(values) * 1.15
    ticks = [2.0**power for power in range(-8, 9) if low <= 2.0**power <= high]
    axes.set_yticks(ticks, [f"{tick:g}×" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(low, high)


def _percent(value: float) -> str:
    if abs(value) < 1e-9:
        return "0%"
    return f"{value:+.3g}%".replace("-", "\N{MINUS SIGN}")


def _axes(width: float, height: float) -> Axes:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height))[1]
