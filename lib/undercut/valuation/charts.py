"""How do values, scenarios and implied assumptions look?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import DataError, InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from undercut.valuation.montecarlo import Simulation
    from undercut.valuation.reverse import Implied
    from undercut.valuation.sensitivity import Tornado
    from undercut.valuation.valuation import Valuation

# Not the colours of origin, which mean a country on every page.
_FIRST, _SECOND = "#0173b2", "#de8f05"
_SOURCE = "Undercut, conditional on named assumptions; not a target price, not advice"


def value_by_scenario(
    comparison: pd.DataFrame, *, finding: str = "", measure: str = "", ax: Axes | None = None
) -> Axes:
    """Change of the value of operations in each scenario, one row a vendor.

    Parameters
    ----------
    comparison : DataFrame
        Of `undercut.valuation.scenarios.compare_scenarios`.
    finding, measure : str
        Title and what is drawn.
    ax : Axes, optional
        Where to draw.

    Raises
    ------
    DataError
        Nothing to draw.
    """
    if comparison.empty:
        raise DataError("There is no scenario to draw.")
    changes = 100 * comparison.pivot_table(index="ticker", columns="title", values="change", sort=False)
    ax = _axes(ax, rows=len(changes))
    colors = _colors(len(changes.columns))
    for title, color in zip(changes.columns, colors, strict=True):
        ax.plot(changes[title], np.arange(len(changes)), "o", color=color, label=title, markersize=7)
    ax.set_yticks(range(len(changes)), list(changes.index))
    ax.invert_yaxis()
    ax.axvline(0, color=plots.INK, linewidth=1.0, zorder=1.5)
    ax.set_xlabel("change of the value of operations against the default assumptions, %")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9, labelcolor=plots.MUTED)
    return _titled(ax, finding, measure)


def tornado_chart(
    tornado: Tornado, *, most: int = 12, finding: str = "", measure: str = "", ax: Axes | None = None
) -> Axes:
    """Value at the low and the high end of each assumption, the widest on top.

    Parameters
    ----------
    tornado : Tornado
        Of `undercut.valuation.sensitivity.tornado`.
    most : int
        How many assumptions to show.
    finding, measure, ax
        As in `value_by_scenario`.
    """
    if most < 1:
        raise InputError(f"At least one assumption must be shown; got most={most}.")
    rows, base = tornado.rows.head(most), tornado.base / 1000
    ax = _axes(ax, rows=len(rows))
    for column, color, label in (("low", _FIRST, "low end"), ("high", _SECOND, "high end")):
        ends = rows[f"value_{column}"] / 1000
        ax.barh(np.arange(len(rows)), ends - base, left=base, color=color, height=0.6, label=label)
    labels = [f"{r.parameter}  {r.low:.3g} to {r.high:.3g}" for r in rows.itertuples()]
    ax.set_yticks(range(len(rows)), labels)
    ax.invert_yaxis()
    ax.axvline(base, color=plots.INK, linewidth=1.0)
    ax.set_xlabel(f"equity, {tornado.unit.replace('million', 'billion')}")
    ax.legend(loc="lower right", fontsize=9, labelcolor=plots.MUTED)
    return _titled(ax, finding, measure)


def implied_by_vendor(
    table: pd.DataFrame, parameter: str, *, finding: str = "", measure: str = "", ax: Axes | None = None
) -> Axes:
    """What each market value implies for a parameter, beside the range that is assumed.

    Parameters
    ----------
    table : DataFrame
        Of `undercut.valuation.reverse.implied_table`.
    parameter : str
        Which one.
    finding, measure, ax
        As in `value_by_scenario`. Vendors without a single root are named with the verdict.

    Raises
    ------
    DataError
        No row is about the parameter.
    """
    rows = table[table["parameter"] == parameter].reset_index(drop=True)
    if rows.empty:
        raise DataError(f"No implied values of {parameter!r} to draw.")
    ax = _axes(ax, rows=len(rows))
    places = np.arange(len(rows))
    ax.hlines(places, rows["low"], rows["high"], color=plots.RULE, linewidth=7, label="assumed range")
    ax.plot(rows["assumed"], places, "|", color=plots.MUTED, markersize=12, label="assumed")
    ax.plot(rows["implied"], places, "o", color=_FIRST, markersize=7, label="implied by market value")
    for place, row in enumerate(rows.itertuples()):
        if row.verdict != "one":
            ax.annotate(
                row.verdict, (row.high, place), xytext=(8, 0), textcoords="offset points", va="center",
                color=plots.MUTED, fontsize=9,
            )  # fmt: skip
    ax.set_yticks(places, list(rows["ticker"]))
    ax.invert_yaxis()
    ax.set_xlabel(parameter.replace("_", " "))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9, labelcolor=plots.MUTED)
    return _titled(ax, finding, measure)


def implied_chart(implied: Implied, *, ax: Axes | None = None) -> Axes:
    """Equity over a parameter, with the market value and the roots."""
    ax = _axes(ax)
    ax.plot(implied.grid, implied.equity / 1000, color=_FIRST)
    market = implied.case.market_value
    if market is not None:
        ax.axhline(market.value / 1000, color=plots.MUTED, linewidth=1.0)
        ax.plot(implied.roots, [market.value / 1000] * len(implied.roots), "o", color=_SECOND)
    ax.set_xlabel(implied.parameter.replace("_", " "))
    ax.set_ylabel(f"equity, billion {implied.case.company.currency}")
    return ax


def distribution_chart(simulation: Simulation, *, ax: Axes | None = None, level: float = 0.90) -> Axes:
    """Distribution of values over the draws, with median and central interval."""
    ax = _axes(ax)
    values = simulation.outcomes.ravel() / 1000
    low, high = simulation.interval(level)
    first, last = np.quantile(values, [0.001, 0.999])
    ax.hist(values, bins=np.linspace(first, last, 80).tolist(), color=plots.RULE, density=True)
    ax.axvline(float(np.median(values)), color=_FIRST)
    ax.axvspan(low / 1000, high / 1000, color=_FIRST, alpha=0.10, linewidth=0)
    ax.set_yticks([])
    ax.set_xlabel(f"equity, {simulation.unit.replace('million', 'billion')}")
    return ax


def cash_flow_chart(valuation: Valuation, *, ax: Axes | None = None, draw: int = 0) -> Axes:
    """Operating income less net investment of both businesses, year by year."""
    ax = _axes(ax)
    flows = valuation.cash_flows(draw)
    for name, color, label in (("ai", _FIRST, "AI business"), ("other", _SECOND, "other business")):
        free = (flows[f"{name}_income"] - flows[f"{name}_investment"]) / 1000
        ax.plot(flows["year"], free, color=color, label=label)
    plots.zero_line(ax)
    ax.set_xlabel("year")
    ax.set_ylabel(f"cash flow before tax, billion {valuation.company.currency}")
    ax.legend(loc="best", fontsize=9, labelcolor=plots.MUTED)
    return ax


def _axes(ax: Axes | None, *, rows: int | None = None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    size = None if rows is None else (8.6, 1.6 + 0.36 * rows)
    return plt.subplots(figsize=size)[1]


def _colors(count: int) -> Sequence[str]:
    import seaborn as sns

    return list(map(str, sns.color_palette("colorblind", count).as_hex()))


def _titled(ax: Axes, finding: str, measure: str) -> Axes:
    return plots.headline(ax, finding, measure, source=_SOURCE) if finding else ax
