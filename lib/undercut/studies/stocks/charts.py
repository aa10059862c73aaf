"""What did releases do, seen at a glance? The mean of each group, every release, response against dose.

Tables hold decimals; figures show percent. Releases on which nothing happened have the same mark as others.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any, Final

import pandas as pd

from undercut import plots
from undercut.errors import DataError
from undercut.result import Axes
from undercut.studies.stocks.interval_charts import interval_rows, percent
from undercut.studies.stocks.names import named
from undercut.studies.stocks.words import p_text

_ROW_INCHES: Final = 0.25


def mean_responses(mean: pd.DataFrame, *, finding: str, measure: str, source: str = "") -> Axes:
    """Mean response of each group with its interval, between the marks of what could have been found.

    Parameters
    ----------
    mean : pandas.DataFrame
        From `undercut.studies.stocks.release_response.Responses.mean`.
    finding, measure, source : str
        As `undercut.plots.headline`.
    """
    notes = ["p = " + p_text(p) for p in mean["p_permutation"]]
    ax = interval_rows(
        mean.assign(note=notes), finding=finding, measure=measure, source=source, label="group",
        value="caar", note="note",
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
    from matplotlib.ticker import MaxNLocator

    if each.empty:
        raise DataError("A figure of releases needs at least one; the table is empty.")
    table = _in_order(each, countries, contrast)
    groups = list(dict.fromkeys(each["group"]))[: 2 if plots.is_narrow() else None]
    labels = table.drop_duplicates("height").set_index("height")["label"]
    panels = plots.panels(
        len(groups), columns=len(groups), on_phone=2, height=1.5 + _ROW_INCHES * len(labels), sharex=True,
        sharey=True,
    )  # fmt: skip
    for ax, group in zip(panels, groups, strict=True):
        _panel(ax, table[table["group"] == group])
        ax.set_title(_broken(named(group)), loc="left", fontsize=9, color=plots.INK)
        ax.xaxis.set_major_locator(MaxNLocator(3, symmetric=True))
        ax.xaxis.set_major_formatter(lambda number, _: percent(number).removesuffix("%"))
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


def _broken(name: str) -> str:
    """A group's name in lines short enough for its panel."""
    return fill(name, 14)


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
        ax.yaxis.set_major_formatter(lambda number, _: percent(number))
    return plots.headline(panels[0], finding, measure, source=source)
