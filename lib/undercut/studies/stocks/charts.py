"""How do event studies look? Intervals by row, paths by day, every release, responses against doses.

Tables hold decimals; figures show percent. Every row has the same mark whatever its p-value, so that a day on
which nothing happened takes as much room as a day on which something did.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any, Final, Literal

import pandas as pd
from matplotlib.ticker import MaxNLocator

from undercut import plots
from undercut.errors import DataError, TooFewError
from undercut.eventstudy.results import draw_intervals
from undercut.result import Axes
from undercut.studies.framed import Shown
from undercut.studies.presentation import Figure
from undercut.studies.stocks.words import named, p_text

_ROW_INCHES: Final = 0.27
_SHORT: Final = 30  # letters of a name that leaves room for a note on a phone
_RELEASE_INCHES: Final = 0.25


class InPercent(Shown):
    """Moves of shares in decimals, drawn in percent."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Every estimate with its interval; a first look where the frame holds no intervals."""
        if not {"ci_low", "ci_high"} <= {*self.frame}:
            return super().plot(ax)
        return draw_intervals(self.frame, ax, label=self.row or "group", value=self.value or "car")


def intervals(name: str, rows: pd.DataFrame, data: pd.DataFrame, alt: str, **drawn: Any) -> Figure:
    """A figure of estimates with their intervals; ``drawn`` as `interval_rows` takes it."""
    return Figure(name, lambda: interval_rows(rows, **drawn), alt, data)


def interval_rows(
    table: pd.DataFrame,
    *,
    finding: str,
    measure: str,
    source: str = "",
    label: str = "label",
    value: str = "car",
    section: str | None = None,
    square: str | None = None,
    note: str | None = None,
) -> Axes:
    """One row an estimate: its mark, its interval, and a note at the right edge.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows in the order shown, top first; ``value``, ``ci_low`` and ``ci_high`` in decimals.
    finding, measure, source : str
        As `undercut.plots.headline`.
    label : str
        Column of names at the left.
    section : str, optional
        Column; a heading stands above the first row of each of its values.
    square : str, optional
        Column of booleans: rows to be marked by a square (the measure must say what it means).
    note : str, optional
        Column of short texts at the right edge.

    Raises
    ------
    TooFewError
        If there is no row.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"label": ["A"], "car": [-0.13], "ci_low": [-0.18], "ci_high": [-0.08]})
    >>> ax = interval_rows(rows, finding="A fell", measure="Percent")
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['A']
    >>> plt.close(ax.figure)
    """

    _refuse_empty(table, "rows")
    table = table.assign(**{name: table[name].map(named) for name in (label, section) if name})
    if section and _is_grid(table, section, label):
        return _side_by_side(
            table, section, label=label, value=value, finding=finding, measure=measure, source=source
        )
    heights, headings = plots.row_places(table[section] if section else [""] * len(table))
    last = max(heights) + 0.8
    ax = plots.own_axes(height=1.5 + _ROW_INCHES * (last + 1))
    marked = table.assign(mark=["s" if is_square else "o" for is_square in table[square]] if square else "o")
    draw_intervals(marked, ax, label=label, value=value, heights=heights)
    ax.set_ylim(last, min([*heights, *headings]) - 0.8)
    for height, text in headings.items():
        _beside(ax, height, text, side="left")
    notes = table[note] if note else []
    if plots.is_narrow() and note:  # a note stands right of the name above its row, where there is room
        notes = notes if table[label].str.len().max() <= _SHORT else []
        low, high = ax.get_xlim()
        ax.set_xlim(low, high + 0.2 * (high - low))
    for height, text in zip(heights, notes, strict=False):
        _beside(ax, height, str(text), side="right")
    ax.xaxis.set_major_locator(MaxNLocator(5))  # names at the left may leave little room
    plots.percent_axis(ax, "x", signed=False)
    return plots.headline(ax, finding, measure, source=source)


def _is_grid(table: pd.DataFrame, section: str, label: str) -> bool:
    """Whether there are two to five sections with the same few rows: panels then stand side by side."""
    rows = table.groupby(section, sort=False)[label].agg(tuple)
    return 2 <= len(rows) <= 5 and (rows == rows.iloc[0]).all() and len(rows.iloc[0]) <= 8


def _side_by_side(
    table: pd.DataFrame, section: str, *, label: str, value: str, finding: str, measure: str, source: str
) -> Axes:
    """A panel a section on one scale; the names of the rows stand once."""

    names = list(dict.fromkeys(table[section]))
    rows, is_narrow = table[label].nunique(), plots.is_narrow()
    if is_narrow:  # names in two short lines leave room for two panels beside them
        table = table.assign(**{label: table[label].map(lambda name: fill(name, 18))})
    # Panels that share their names have them where they stand first.
    axes = plots.panels(
        len(names), columns=len(names), on_phone=2, sharex=True, sharey=True,
        height=(0.4 + 0.19 * rows) if is_narrow else 1.3 + 0.24 * rows,
    )  # fmt: skip
    for ax, name in zip(axes, names, strict=True):
        draw_intervals(table[table[section] == name], ax, label=label, value=value)
        title = fill(str(name), 18 if is_narrow else 84 // len(names))
        ax.set_title(title, loc="left", fontsize=9 if is_narrow else 9.5, color=plots.INK)
        if is_narrow:
            ax.tick_params(axis="y", labelsize=8)
        ax.xaxis.set_major_locator(MaxNLocator(2 if is_narrow else 3))
        plots.percent_axis(ax, "x", signed=False)
    return plots.headline(axes[0], finding, measure, source=source)


def _beside(ax: Axes, height: float, text: str, *, side: Literal["left", "right"]) -> None:
    """A heading left of the axes, or a note right of them."""
    looks: dict[str, Any] = {
        "left": {"ha": "right", "fontsize": 9.5, "fontweight": "bold", "color": plots.INK},
        "right": {"ha": "left", "fontsize": 8.5, "color": plots.MUTED},
    }
    offset, va = (-4 if side == "left" else 6, 0), "center"
    if plots.is_narrow():  # a heading starts at the left edge; a note stands above its row, at the right one
        looks["left"]["ha"], looks["right"]["ha"] = "left", "right"
        offset, va = ((0, 0), "center") if side == "left" else ((0, 5), "bottom")
    text_ = ax.annotate(
        text, (0 if side == "left" else 1, height), xycoords=("axes fraction", "data"), xytext=offset,
        textcoords="offset points", va=va, annotation_clip=False, **looks[side],
    )  # fmt: skip
    text_.set_in_layout(not plots.is_narrow())


def paths(table: pd.DataFrame, *, finding: str, measure: str, source: str = "", columns: int = 3) -> Axes:
    """Cumulative mean abnormal return around the event, a panel for each group, on one scale.

    Parameters
    ----------
    table : pandas.DataFrame
        As `EventStudy.caar`: group, day, caar, ci_low, ci_high (decimals).
    finding, measure, source : str
        As `undercut.plots.headline`.
    columns : int
        Panels side by side.

    Raises
    ------
    TooFewError
        If there is no row.
    """

    _refuse_empty(table, "paths")
    groups = list(dict.fromkeys(table["group"]))
    grid = plots.panels(len(groups), columns=columns, on_phone=2, height=1.9, sharex=True, sharey=True)
    columns = min(2 if plots.is_narrow() else columns, len(groups))
    for ax, group in zip(grid, groups, strict=True):
        path = table[table["group"] == group]
        days = path["day"].to_numpy()
        ax.plot(days, 100 * path["caar"], color=plots.INK, marker="o", markersize=3)
        plots.band(ax, list(days), list(100 * path["ci_low"]), list(100 * path["ci_high"]))
        plots.zero_line(ax)
        ax.axvline(0, color=plots.MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
        name = ": ".join(map(named, str(group).split(": ")))
        ax.set_title(fill(name, 22 if plots.is_narrow() else 60), loc="left", fontsize=9.5, color=plots.INK)
        plots.percent_axis(ax, signed=False)
    for position, ax in enumerate(grid):
        if position + columns >= len(groups):
            ax.tick_params(labelbottom=True)
            ax.set_xlabel("days" if plots.is_narrow() else "trading days from the event")
            ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 5, 10]))
    return plots.headline(grid[0], finding, measure, source=source)


def _refuse_empty(table: pd.DataFrame, what: str) -> None:
    if table.empty:
        raise TooFewError(f"A figure of {what} needs at least one; the table is empty.")


def mean_responses(mean: pd.DataFrame, *, finding: str, measure: str, source: str = "") -> Axes:
    """Mean response of each group with its interval, between the marks of what could have been found.

    Parameters
    ----------
    mean : pandas.DataFrame
        From `undercut.studies.stocks.release_response.Responses.mean`.
    finding, measure, source : str
        As `undercut.plots.headline`.
    """
    ax = interval_rows(
        mean.assign(note="p = " + mean["p_permutation"].map(p_text)), finding=finding, measure=measure,
        source=source, label="group", value="caar", note="note",
    )  # fmt: skip
    for height, size in zip(ax.get_yticks(), 100 * mean["detectable"], strict=True):
        ax.plot(
            [-size, size], [height, height], linestyle="none", marker="|", markersize=13, color=plots.MUTED
        )
    return ax


def responses_by_release(
    each: pd.DataFrame,
    countries: Mapping[str, str],
    *,
    contrast: pd.DataFrame | None = None,
    finding: str,
    measure: str,
    source: str = "",
) -> Axes:
    """Every release and group: a panel a group, a row a release in order of days, on one scale.

    Parameters
    ----------
    each : pandas.DataFrame
        From `undercut.studies.stocks.release_response.Responses.each`.
    countries : mapping of event to str
        Country of the developer, for the colour.
    contrast : pandas.DataFrame, optional
        As ``each``: days that are no release, drawn as squares below the others.
    finding, measure, source : str
        As `undercut.plots.headline`.

    Raises
    ------
    DataError
        If there is no row.
    """

    _refuse_empty(each, "releases")
    table = _in_order(each, countries, contrast)
    groups = list(dict.fromkeys(each["group"]))[: 2 if plots.is_narrow() else None]
    labels = table.drop_duplicates("height").set_index("height")["label"]
    panels = plots.panels(
        len(groups), columns=len(groups), on_phone=2, height=1.5 + _RELEASE_INCHES * len(labels), sharex=True,
        sharey=True,
    )  # fmt: skip
    for ax, group in zip(panels, groups, strict=True):
        _panel(ax, table[table["group"] == group])
        ax.set_title(fill(named(group), 14), loc="left", fontsize=9, color=plots.INK)
        ax.xaxis.set_major_locator(MaxNLocator(3, symmetric=True))
        ax.xaxis.set_major_formatter(lambda number, _: f"{number:.3g}".replace("-", "\N{MINUS SIGN}"))
        ax.tick_params(axis="x", labelsize=8.5)
    first = panels[0]
    # On a phone the first two groups, and no days beside the names.
    names = [name.rpartition("  ")[0] for name in labels] if plots.is_narrow() else labels
    first.set_yticks(labels.index, names, fontsize=8 if plots.is_narrow() else 9.5)
    first.set_ylim(labels.index.max() + 0.7, -0.7)
    return plots.headline(first, finding, measure, source=source)


def _in_order(
    each: pd.DataFrame, countries: Mapping[str, str], contrast: pd.DataFrame | None
) -> pd.DataFrame:
    """Rows with their height, label and colour; contrasts stand below a gap."""
    rows = each.assign(color=[plots.origin_color(countries[event]) for event in each["event"]], mark="o")
    if contrast is not None and len(contrast):
        rows = pd.concat([rows, contrast.assign(color=plots.MUTED, mark="s")], ignore_index=True)
    order = rows.drop_duplicates("event").sort_values(["mark", "date"], kind="stable")
    gap = (order["mark"] == "s").to_numpy() * 0.8
    heights = dict(zip(order["event"], range(len(order)) + gap, strict=True))
    label = rows["event"].str.replace('"', "") + "  " + rows["date"].dt.strftime("%Y-%m-%d")
    return rows.assign(height=rows["event"].map(heights), label=label).sort_values("height", kind="stable")


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    for row in rows.itertuples():
        ends = [100 * row.ci_low, 100 * row.ci_high]
        ax.plot(ends, [row.height] * 2, linewidth=1.3, color=row.color, solid_capstyle="butt")
        ax.plot(100 * row.car, row.height, marker=row.mark, markersize=4.5, color=row.color)
    ax.axvline(0, color=plots.INK, linewidth=1, zorder=1.5)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")


def response_by_dose(
    each: pd.DataFrame,
    releases: pd.DataFrame,
    doses: Mapping[str, str],
    *,
    group: str,
    finding: str,
    measure: str,
    source: str = "",
) -> Axes:
    """Responses of one group against each dose, one mark a release; those tied to a market shock are named.

    Parameters
    ----------
    each, releases : pandas.DataFrame
        Responses, and the releases with doses, ``country`` and ``shock``.
    doses : mapping of column to str
        Doses and what their axes say.
    group, finding, measure, source : str
        Group drawn, and as `undercut.plots.headline`.

    Raises
    ------
    DataError
        If no release has a response.
    """
    table = each[each["group"] == group].merge(releases.drop(columns="date"), on="event")
    if table.empty:
        raise DataError(f"No release has a response of {group!r} to draw.")
    panels = plots.panels(len(doses), columns=len(doses), height=3.4, sharey=True)
    for ax, (dose, words) in zip(panels, doses.items(), strict=True):
        for row in table.dropna(subset=[dose]).to_dict("records"):
            ends = [100 * row["ci_low"], 100 * row["ci_high"]]
            color = plots.origin_color(row["country"])
            ax.plot([row[dose]] * 2, ends, color=color, linewidth=0.8, alpha=0.5)
            ax.plot(row[dose], 100 * row["car"], marker="o", markersize=5, color=color)
            if row["shock"]:
                # Names stand in a band of their own below all marks, with a line to theirs.
                look: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 9, "color": color}
                line = {"arrowstyle": "-", "color": color, "linewidth": 0.7, "linestyle": ":"}
                ax.annotate(
                    row["event"], (row[dose], ends[0]), xytext=(row[dose], 0.01), arrowprops=line,
                    textcoords=("data", "axes fraction"), **look,
                )  # fmt: skip
        ax.margins(x=0.14, y=0.12)
        ax.set_xlabel(words)
        plots.zero_line(ax)
        plots.percent_axis(ax, signed=False)
    return plots.headline(panels[0], finding, measure, source=source)
