"""The figures of the reports on prices, in the house style. Each draws the frame that it is given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut import plots
from undercut.panel.access import has_open_weights
from undercut.report.findings.sentences import number
from undercut.result import Axes

#: Open models whose sellers are drawn.
MODELS = 14
SOURCE = "Undercut price panel; capability: Epoch AI (CC BY 4.0)"


def price_by_capability(
    models: pd.DataFrame, lines: pd.DataFrame, *, axis: str, finding: str, measure: str
) -> Axes:
    """Price against capability for two groups, with the fitted lines whose distance is the gap."""
    axes = plots.own_axes(height=4.3)
    named = models.assign(name=models["name"] if "name" in models else models["model_id"])
    for (origin, access), group in named.groupby(["origin", "access"]):
        axes.plot(group["eci"], group["price"], **plots.mark(str(origin), str(access), line=False), alpha=0.9)
    ends, colors, pair = {}, {}, []
    for is_group, kind in ((0.0, "closed"), (1.0, "open")):
        origin = str(models.loc[models["is_group"] == is_group, "origin"].iloc[0])
        line = lines[lines["is_group"] == is_group].sort_values("eci")
        axes.plot(line["eci"], line["price"], color=plots.origin_color(origin), linewidth=2)
        name = f"{plots.origin_adjective(origin)} {kind}"
        ends[name] = (line["eci"].iloc[-1], float(line["price"].iloc[-1]))
        colors[name] = plots.origin_color(origin)
        pair.append((float(line["eci"].iloc[0]), float(line["price"].iloc[0])))
    plots.price_axis(axes)
    axes.set_xlabel(f"{axis} (more capable to the right)")
    plots.access_key(axes, line=False)
    _gap_arrow(axes, *pair)
    plots.headline(axes, finding, measure, source=SOURCE)
    plots.label_line_ends(axes, ends, colors)
    ranked = named.sort_values("eci", ascending=False)
    best = pd.concat(
        [ranked.groupby("is_group").head(4), named.nlargest(2, "price"), named.nsmallest(3, "price")]
    )
    rows = best.drop_duplicates("model_id").itertuples()
    inks = {str(row.name): plots.origin_color(str(row.origin)) for row in named.itertuples()}
    plots.marks(
        axes, named["eci"], named["price"],
        [
            f"{row.name}\n{plots.origin_adjective(str(row.origin))}, {_access(row.access)}\n"
            f"{number(row.price, 'USD')} per million tokens\ncapability {row.eci:.0f}"
            for row in named.itertuples()
        ],
    )  # fmt: skip
    return plots.label_points(axes, {str(row.name): (row.eci, row.price) for row in rows}, inks)


def _gap_arrow(axes: Axes, above: tuple[float, float], below: tuple[float, float]) -> None:
    """The gap itself, written at the left end of both lines."""
    x = above[0]
    axes.annotate("", (x, below[1]), (x, above[1]), arrowprops={"arrowstyle": "->", "color": plots.INK})
    change = number(100 * (below[1] / above[1] - 1), "%", decimals=0)
    axes.annotate(
        change, (x, (above[1] * below[1]) ** 0.5), (7, 0), textcoords="offset points", va="center",
        fontsize=15, fontweight="bold", color=plots.INK,
    )  # fmt: skip


def _access(access: object) -> str:
    return "closed" if access == "closed" else "open weights"


def host_prices(offers: pd.DataFrame, spread: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Every seller's price for the open models with most sellers, cheapest seller to dearest."""
    shown = spread.head(8 if plots.is_narrow() else MODELS).iloc[::-1].reset_index(drop=True)
    axes = plots.own_axes(height=1.0 + 0.28 * len(shown))
    for height, model in shown.iterrows():
        own = offers[offers["model_id"] == model["model_id"]]
        prices = own["price"]
        said = [
            f"{host}\n{number(price, 'USD')} for {model['name']}"
            for host, price in zip(own["host"], prices, strict=True)
        ]
        plots.marks(axes, prices, [height] * len(own), said)
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
    """One small panel a vendor: all its own models in grey, its highest-scored one in colour."""
    from matplotlib.dates import DateFormatter, YearLocator

    vendors = list(dict.fromkeys(ladder["vendor"]))
    days = sorted(ladder["day"].unique())
    grid = plots.panels(len(vendors), height=1.55, on_phone=2, sharex=True, sharey=True)
    for axes, vendor in zip(grid, vendors, strict=True):
        own = ladder[ladder["vendor"] == vendor]
        # One line for all models; a month without an offer breaks it, and so does the next model.
        rungs = own.pivot_table("price", "day", "model_id").reindex([*days, pd.NaT])
        every = np.tile(pd.DatetimeIndex([*days, days[-1]]), rungs.shape[1])
        axes.step(every, rungs.to_numpy(float).T.ravel(), where="post", color=plots.GREY, linewidth=0.8)
        best = own[own["is_best"]].groupby("day")["price"].min().reindex(days)
        axes.step(
            best.index, best, where="post", color=plots.origin_color(own["origin"].iloc[0]), linewidth=2.2
        )
        axes.set_title(vendor, fontsize=10, loc="left", fontweight="bold")
        axes.xaxis.set_major_locator(YearLocator())  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(DateFormatter("%y"))  # type: ignore[no-untyped-call]
        plots.price_axis(axes)
        said = [
            f"{vendor}\n{number(price, 'USD')}, its highest-scored model\n{day:%B %Y}"
            for day, price in best.dropna().items()
        ]
        plots.marks(axes, best.dropna().index, best.dropna(), said)
    return plots.headline(grid[0], finding, measure, source=SOURCE)


def offers_over_time(counts: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Number of usable offers by origin and access, month by month."""
    axes = plots.own_axes(height=3.9)
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


def rates_by_method(table: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Annual factor of each method with its interval, grouped by the question that it answers."""
    shown = table.iloc[::-1].reset_index(drop=True)
    axes = plots.own_axes(height=1.2 + 0.36 * len(shown))
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
    axes = plots.own_axes(height=4.4)
    ends, colors = {}, {}
    for (label, path), color in zip(paths.items(), _inks(), strict=False):
        moments = pd.PeriodIndex(path.index, freq="M").to_timestamp()
        axes.plot(moments, path.to_numpy(float), color=color)
        ends[label], colors[label] = (moments[-1], float(path.iloc[-1])), color
    plots.log_axis(axes)
    plots.headline(axes, finding, measure, source=SOURCE)
    return plots.label_line_ends(axes, ends, colors)


def frontier_holders(holders: pd.DataFrame, *, finding: str, measure: str) -> Axes:
    """Whose model was cheapest at each level of capability: colour: origin; pale with an edge: open."""
    from matplotlib.patches import Patch

    levels = list(dict.fromkeys(holders["level"]))
    axes = plots.own_axes(height=1.0 + 0.42 * len(levels))
    for height, level in enumerate(reversed(levels)):
        held = holders[holders["level"] == level].assign(
            origin=lambda rows: rows["origin"].where(rows["origin"].notna(), "other"),
            is_open=lambda rows: has_open_weights(rows["access"]),
            month=lambda rows: pd.PeriodIndex(rows["period"], freq="M"),
        )
        who = held["origin"] + held["is_open"].astype(str)
        skips = held["month"].astype("int64").diff().ne(1)
        for _, run in held.groupby((who.ne(who.shift()) | skips).cumsum()):
            start = run["month"].iloc[0].to_timestamp()
            end = (run["month"].iloc[-1] + 1).to_timestamp()
            color, is_open = plots.origin_color(run["origin"].iloc[0]), bool(run["is_open"].iloc[0])
            face = plots.PAPER if is_open else color
            axes.barh(
                height, end - start, left=start, height=0.6, edgecolor=color, linewidth=1.6, facecolor=face
            )
            said = (
                f"{level}\ncheapest: {plots.origin_adjective(run['origin'].iloc[0])}, "
                f"{'open weights' if is_open else 'closed'}\n{start:%B %Y} to {run['month'].iloc[-1]:%B %Y}"
            )
            plots.marks(axes, [start + (end - start) / 2], [height], [said])
    axes.set_yticks(range(len(levels)), list(reversed(levels)))
    axes.grid(visible=False)
    known = {str(origin) for origin in holders["origin"].dropna()} or {"other"}
    keys = [
        Patch(facecolor=plots.origin_color(o), label=plots.origin_name(o))
        for o in sorted(known & {"US", "CN"})
    ]
    keys += [Patch(facecolor=plots.origin_color("other"), label="other")] if known - {"US", "CN"} else []
    keys += [Patch(facecolor=plots.PAPER, edgecolor=plots.MUTED, label="hollow: open weights")]
    axes.legend(handles=keys)
    return plots.headline(axes, finding, measure, source=SOURCE)


def _inks() -> list[str]:
    return [*plots.SERIES, plots.GREY, plots.INK] * 4
