"""How are costs of tasks drawn?"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from undercut import plots
from undercut.sources.reference import reader_names

#: Group, its name in a figure, origin and access for colour and mark.
LOOK = {"chinese_open": ("Chinese open", "CN", "open"), "us_closed": ("US closed", "US", "closed")}
AXIS = {
    "usd_per_mtok": "USD per million tokens",
    "usd_per_task": "USD per task",
    "usd_per_solved": "USD per solved task",
}


def cost_against_score(models: pd.DataFrame, measure: str, *, ax: Axes | None = None) -> Axes:
    """Log cost against the share of tasks solved; columns of `undercut.prices.tasks.task_costs`."""
    axes = plots.own_axes(ax, height=4.2)
    inks: dict[str, str] = {}
    models = models.assign(shown=models["model_id"].map(lambda model: reader_names().get(model, model)))
    for group, (name, origin, access) in LOOK.items():
        side = models[models["group"].eq(group)]
        axes.plot(100 * side["score"], side[measure], label=name, **plots.mark(origin, access, line=False))
        said = [
            f"{row.shown}\n{name}\n{plots.dollars(float(f'{getattr(row, measure):.3g}'))}"
            f"{AXIS.get(measure, measure).removeprefix('USD')}\n{row.score:.0%} of the tasks solved"
            for row in side.itertuples()
        ]
        plots.marks(axes, 100 * side["score"], side[measure], said)
        inks |= dict.fromkeys(side["shown"], plots.origin_color(origin))
    plots.price_axis(axes)
    axes.set(xlabel="share of tasks solved", ylabel=AXIS.get(measure, measure))
    plots.percent_axis(axes, "x", signed=False)
    axes.legend()
    sides = models.sort_values("score", ascending=False).groupby("group").head(4)
    ends = pd.concat([sides, models.nsmallest(3, measure), models.nlargest(1, measure)])
    points = {row.shown: (100 * row.score, getattr(row, measure)) for row in ends.itertuples()}
    return plots.label_points(axes, points, inks)


def cost_over_time(points: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Cost of a solved task by day, on a logarithmic axis; ``day``, ``usd_per_solved``."""
    axes = plots.own_axes(ax, height=4.0)
    axes.step(points["day"], points["usd_per_solved"], where="post", color=plots.INK)
    axes.set(xlabel="", ylabel=AXIS["usd_per_solved"])
    return plots.price_axis(axes)


#: Benchmarks as a reader knows them.
BENCHMARKS = {
    "epoch_gpqa": "Science questions (GPQA)",
    "epoch_aime": "Mathematics (AIME)",
    "epoch_chess": "Chess puzzles",
    "aider_polyglot": "Code edits (aider)",
    "swebench_verified_bash_v1": "Software tasks (SWE-bench, 2025)",
    "swebench_verified_bash_v2": "Software tasks (SWE-bench, 2026)",
    "arc_agi_1_2025_10": "Puzzles (ARC-AGI)",
}
MEASURES = {
    "usd_per_mtok": "price per token",
    "usd_per_task": "cost per task",
    "usd_per_solved": "cost per solved task",
    "output_tokens_per_task": "tokens per task",
}
DEFINITIONS = {
    "records": "each new record",
    "calendar": "cheapest in every month",
    "regression": "all models at equal score",
}


def gaps(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Gaps against the typical model of the reference, in percent, with intervals; columns of `TaskGaps`."""
    shown = frame[frame["against"].eq("median") & frame["gap"].notna()].iloc[::-1]
    if plots.is_narrow():  # a phone's screen holds two benchmarks; the table has all
        shown = shown[shown["benchmark"].isin(frame["benchmark"].unique()[:2])]
    names = list(shown["benchmark"].replace(BENCHMARKS) + ": " + shown["measure"].map(MEASURES))
    highlight = shown["measure"].eq("usd_per_solved").tolist()
    return _intervals(names, 100 * shown["gap"], 100 * shown["low"], 100 * shown["high"], highlight, ax=ax)


def rates(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Times cheaper a year, with intervals, on a logarithmic axis; columns of `CostTrends`."""
    shown = frame[frame["times_cheaper"].notna()].iloc[::-1]
    at_score = shown["score"].map("{:.0%}, ".format).where(shown["definition"].ne("regression"), "")
    names = shown["benchmark"].replace(BENCHMARKS) + ", " + at_score + shown["definition"].map(DEFINITIONS)
    axes = _intervals(
        names.tolist(), shown["times_cheaper"], shown["low"], shown["high"],
        shown["definition"].eq("regression").tolist(), ax=ax,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set(xlabel="times cheaper a year", xlim=(0.5, 500))
    return axes


def _intervals(
    names: list[str], value: pd.Series, low: pd.Series, high: pd.Series, highlight: list[bool], *,
    ax: Axes | None,
) -> Axes:  # fmt: skip
    """Estimates with intervals, one a row; those of the title in ink, the rest grey."""
    axes = plots.own_axes(ax, height=0.8 + 0.28 * len(names))
    colors = [plots.INK if chosen else plots.GREY for chosen in highlight]
    rows = range(len(names))
    axes.hlines(rows, low, high, color=colors, linewidth=1.6)
    axes.scatter(value, rows, color=colors, s=26, zorder=3)
    axes.set_yticks(list(rows), names)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    return axes


def token_medians(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Median tokens a task with intervals; ``group, median, low, high``."""
    names = [LOOK[group][0] for group in frame["group"]]
    axes = _intervals(names, frame["median"], frame["low"], frame["high"], [True] * len(names), ax=ax)
    axes.set(xlabel="output tokens a task", xlim=(0, None))
    return axes
