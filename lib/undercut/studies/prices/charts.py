"""The figures of the reports on prices, in the house style. Each draws the frame that it is given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from undercut import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Open models whose sellers are drawn.
MODELS = 14
SOURCE = "Undercut price panel; capability: Epoch AI (CC BY 4.0)"


def price_by_capability(models: pd.DataFrame, lines: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Price against capability for two groups, with the fitted lines whose distance is the gap."""
    axes = plots.own_axes(None, 7.6, 4.8)
    for (origin, access), group in models.groupby(["origin", "access"]):
        axes.plot(group["eci"], group["price"], **plots.mark(str(origin), str(access), line=False), alpha=0.9)
    ends, colors = {}, {}
    for is_group, kind in ((0.0, "closed"), (1.0, "open")):
        origin = str(models.loc[models["is_group"] == is_group, "origin"].iloc[0])
        line = lines[lines["is_group"] == is_group]
        axes.plot(line["eci"], line["price"], color=plots.origin_color(origin), linewidth=2)
        name = f"{plots.origin_adjective(origin)} {kind}"
        ends[name] = (line["eci"].iloc[-1], float(line["price"].iloc[-1]))
        colors[name] = plots.origin_color(origin)
    plots.price_axis(axes)
    axes.set_xlabel("Epoch Capabilities Index")
    plots.access_key(axes, sorted(models["access"].unique()), line=False, loc="upper left")
    plots.headline(axes, finding, measure, source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def gap_history(table: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """The price of Chinese open models relative to US closed ones over time, with its interval."""
    axes = plots.own_axes(None, 7.6, 3.9)
    known = table.dropna(subset=["gap"])
    color = plots.origin_color("CN")
    plots.band(axes, known["day"], 100 * known["low"], 100 * known["high"], color)
    axes.plot(known["day"], 100 * known["gap"], color=color)
    plots.zero_line(axes)
    axes.set_ylim(-100, max(10, 100 * float(known["high"].max()) * 1.1))
    axes.yaxis.set_major_formatter(lambda value, _: _percent(value))
    plots.headline(axes, finding, measure, source=SOURCE)
    return axes


def host_prices(offers: pd.DataFrame, spread: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Every seller's price for the open models with most sellers, cheapest seller to dearest."""
    shown = spread.head(MODELS).iloc[::-1].reset_index(drop=True)
    axes = plots.own_axes(None, 7.6, 1.4 + 0.33 * len(shown))
    for height, model in shown.iterrows():
        prices = offers.loc[offers["model_id"] == model["model_id"], "price"]
        color = plots.origin_color(model["origin"])
        axes.plot([prices.min(), prices.max()], [height, height], color=color, linewidth=1, alpha=0.5)
        dots = [height] * len(prices)
        axes.plot(prices, dots, marker="o", linestyle="none", color=color, markersize=5, alpha=0.55)
        axes.plot(prices.median(), height, marker="|", color=plots.INK, markersize=13, markeredgewidth=2)
    sellers = shown["sellers"].astype("str")
    names = shown["name"].fillna(shown["model_id"]) + "  (" + sellers + ")"
    axes.set_yticks(range(len(shown)), names)
    axes.grid(axis="y", visible=False)
    plots.price_axis(axes, "x")
    plots.headline(axes, finding, measure, source=SOURCE)
    return axes


def ladders(ladder: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """One small panel a vendor: all its own models in grey, its most capable one in colour."""
    import matplotlib.pyplot as plt
    from matplotlib.dates import DateFormatter, YearLocator

    vendors = list(dict.fromkeys(ladder["vendor"]))
    days = sorted(ladder["day"].unique())
    columns = 3
    rows = math.ceil(len(vendors) / columns)
    _, grid = plt.subplots(
        rows, columns, figsize=(7.6, 1.1 + 1.75 * rows), sharex=True, sharey=True, squeeze=False
    )
    for axes, vendor in zip(grid.flat, vendors, strict=False):
        own = ladder[ladder["vendor"] == vendor]
        for _, rung in own.groupby("model_id"):
            # A month without an offer breaks the line.
            steps = rung.set_index("day")["price"].reindex(days)
            axes.step(steps.index, steps, where="post", color=plots.MUTED, linewidth=0.8, alpha=0.5)
        best = own[own["is_best"]].groupby("day")["price"].min().reindex(days)
        axes.step(
            best.index, best, where="post", color=plots.origin_color(own["origin"].iloc[0]), linewidth=2.2
        )
        axes.set_title(vendor, fontsize=10, loc="left", fontweight="bold")
        axes.xaxis.set_major_locator(YearLocator())  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(DateFormatter("%Y"))  # type: ignore[no-untyped-call]
        plots.price_axis(axes)
    for place in range(len(vendors), rows * columns):
        grid.flat[place].set_visible(False)
        grid.flat[place - columns].tick_params(labelbottom=True)
    plots.headline(grid[0][0], finding, measure, source=SOURCE)
    return grid[0][0]


def offers_over_time(counts: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Number of usable offers by origin and access, month by month."""
    axes = plots.own_axes(None, 7.6, 3.9)
    ends, colors = {}, {}
    for (origin, access), line in counts.groupby(["origin_group", "access_group"]):
        look = plots.mark(str(origin), str(access)) | {"marker": "none"}
        axes.plot(line["day"], line["offers"], **look)
        label = f"{plots.origin_name(str(origin))}, {access}"
        ends[label] = (line["day"].iloc[-1], float(line["offers"].iloc[-1]))
        colors[label] = plots.origin_color(str(origin))
    axes.set_ylim(bottom=0)
    plots.headline(axes, finding, measure, source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def _percent(value: float) -> str:
    return "0%" if abs(value) < 0.5 else f"{value:+.0f}%".replace("-", "\N{MINUS SIGN}")


def rates_by_method(table: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Annual factor of each method with its interval, grouped by the question that it answers."""
    shown = table.iloc[::-1].reset_index(drop=True)
    axes = plots.own_axes(None, 7.6, 1.2 + 0.36 * len(shown))
    inks = dict(zip(dict.fromkeys(table["question"]), _inks(), strict=False))
    for height, row in shown.iterrows():
        color = inks[row["question"]]
        axes.plot([row["low"], row["high"]], [height, height], color=color, linewidth=2)
        axes.plot(row["annual"], height, marker="o", color=color, markersize=6)
        ring = {"markerfacecolor": plots.PAPER, "markeredgecolor": color}
        axes.plot(row["annual_unknown"], height, marker="o", markersize=6, zorder=3, **ring)
    axes.set_yticks(range(len(shown)), shown["method"])
    axes.grid(axis="y", visible=False)
    axes.set_xscale("log")
    axes.set_xticks([0.02, 0.05, 0.1, 0.2, 0.5, 1.0], ["÷50", "÷20", "÷10", "÷5", "÷2", "no change"])
    axes.axvline(1.0, color=plots.INK, linewidth=1)
    return plots.headline(axes, finding, measure, source=SOURCE)


def index_paths(paths: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Several indices on one logarithmic axis, 1 in the first month, named at their ends."""
    axes = plots.own_axes(None, 7.6, 4.4)
    ends, colors = {}, {}
    for (label, path), color in zip(paths.items(), _inks(), strict=False):
        moments = pd.PeriodIndex(path.index, freq="M").to_timestamp()
        axes.plot(moments, path.to_numpy(float), color=color)
        ends[label], colors[label] = (moments[-1], float(path.iloc[-1])), color
    plots.log_axis(axes)
    plots.headline(axes, finding, measure, source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def frontier_holders(holders: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Whose model was cheapest at each level of capability, month by month: colour: origin; hatch: open."""
    levels = list(dict.fromkeys(holders["level"]))
    axes = plots.own_axes(None, 7.6, 1.3 + 0.42 * len(levels))
    for height, level in enumerate(reversed(levels)):
        held = holders[holders["level"] == level]
        for row in held.itertuples():
            start = pd.Period(row.period, freq="M").to_timestamp()
            is_open = str(row.access).startswith("open")
            color = plots.origin_color(row.origin if isinstance(row.origin, str) else "other")
            fill, hatch = (plots.PAPER, "///") if is_open else (color, None)
            width = pd.Timedelta(days=29)
            axes.barh(height, width, left=start, height=0.62, color=fill, edgecolor=color, hatch=hatch)
    axes.set_yticks(range(len(levels)), list(reversed(levels)))
    axes.grid(visible=False)
    return plots.headline(axes, finding, measure, source=SOURCE)


def _inks() -> list[str]:
    return [*plots.SERIES, plots.GREY, plots.INK] * 4
