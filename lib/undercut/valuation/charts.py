"""How do values and implied assumptions look? Functions of frames; a page writes the title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import InputError, TooFewError
from undercut.inference.arrays import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Not the colours of origin, which mean a country on every page.
FIRST: Final = "#0173b2"
SECOND: Final = "#de8f05"
_SHOWN: Final = (0.01, 0.97)
_HEIGHT: Final = 1.6  # inches beside the rows
_ROW: Final = 0.36


def tornado(rows: pd.DataFrame, *, base: float, unit: str, most: int = 12, ax: Axes | None = None) -> Axes:
    """Value at the low and the high end of each assumption, the widest on top.

    Parameters
    ----------
    rows : DataFrame
        Columns parameter, low, high, value_low, value_high (million).
    base : float
        Value with all assumptions at their defaults, million.
    unit : str
        Of the values, such as ``million USD``.
    most : int
        How many assumptions to show.

    Raises
    ------
    InputError
        ``most`` is below one.
    """
    if most < 1:
        raise InputError(f"At least one assumption must be shown; got most={most}.")
    shown, middle = rows.head(most), base / 1000
    ax = plots.own_axes(ax, 8.6, _HEIGHT + _ROW * len(shown))
    for column, color in (("low", FIRST), ("high", SECOND)):
        ends = shown[f"value_{column}"] / 1000
        ax.barh(
            np.arange(len(shown)), ends - middle, left=middle, color=color, height=0.6, label=f"{column} end"
        )
    labels = [f"{r.parameter}  {r.low:.3g} to {r.high:.3g}" for r in shown.itertuples()]
    ax.set_yticks(range(len(shown)), labels)
    ax.invert_yaxis()
    ax.axvline(middle, color=plots.INK, linewidth=1.0)
    ax.set_xlabel(f"equity, {unit.replace('million', 'billion')}")
    ax.legend(loc="lower right", fontsize=9, labelcolor=plots.MUTED)
    return ax


def implied_by_vendor(table: pd.DataFrame, parameter: str, *, ax: Axes | None = None) -> Axes:
    """What each market value implies for a parameter, beside the range that is assumed.

    Parameters
    ----------
    table : DataFrame
        Of `undercut.valuation.reverse.implied_table`. Vendors without a single root are named with the
        verdict.
    parameter : str
        Which one.

    Raises
    ------
    TooFewError
        No row is about the parameter.
    """
    rows = table[table["parameter"] == parameter].reset_index(drop=True)
    if rows.empty:
        raise TooFewError(f"No implied values of {parameter!r} to draw.")
    ax = plots.own_axes(ax, 8.6, _HEIGHT + _ROW * len(rows))
    places = np.arange(len(rows))
    ax.hlines(places, rows["low"], rows["high"], color=plots.RULE, linewidth=7, label="assumed range")
    ax.plot(rows["assumed"], places, "|", color=plots.MUTED, markersize=12, label="assumed")
    ax.plot(rows["implied"], places, "o", color=FIRST, markersize=7, label="implied by market value")
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
    return ax


def implied_curve(
    curve: pd.DataFrame, *, name: str, currency: str, market: float | None, roots: Sequence[float],
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Equity (million, column ``equity``) over one assumption (``value``), with market value and roots."""
    ax = plots.own_axes(ax, 8.6, _HEIGHT + 9 * _ROW)
    ax.plot(curve["value"], curve["equity"] / 1000, color=FIRST)
    if market is not None:
        ax.axhline(market / 1000, color=plots.MUTED, linewidth=1.0)
        ax.plot(roots, [market / 1000] * len(roots), "o", color=SECOND)
    ax.set_xlabel(name.replace("_", " "))
    ax.set_ylabel(f"equity, billion {currency}")
    return ax


def distribution(equity: Floats, *, unit: str, level: float = 0.90, ax: Axes | None = None) -> Axes:
    """Equity over draws between its 1% and 97% quantile, with median and central interval."""
    values = np.ravel(equity) / 1000
    tails = [_SHOWN[0], (1 - level) / 2, 0.5, (1 + level) / 2, _SHOWN[1]]
    first, low, median, high, last = np.quantile(values, tails)
    ax = plots.own_axes(ax, 8.6, _HEIGHT + _ROW * 6)
    ax.hist(values, bins=np.linspace(first, last, 70).tolist(), color=plots.MUTED, alpha=0.45)
    ax.axvspan(low, high, color=FIRST, alpha=0.12, linewidth=0)
    ax.axvline(median, color=FIRST)
    ax.set_yticks([])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel(f"equity, {unit.replace('million', 'billion')}")
    return ax


def cash_flows(table: pd.DataFrame, *, currency: str, ax: Axes | None = None) -> Axes:
    """Cash flow before tax by year, median and band: columns business, year, median, low, high (billion)."""
    ax = plots.own_axes(ax, 8.6, _HEIGHT + 9 * _ROW)
    ends, colors = {}, iter((FIRST, SECOND))
    for name, rows in table.groupby("business", sort=False):
        color = next(colors)
        ax.plot(rows["year"], rows["median"], color=color)
        plots.band(ax, list(rows["year"]), list(rows["low"]), list(rows["high"]), color)
        ends[str(name)] = (rows["year"].iloc[-1], float(rows["median"].iloc[-1]))
    plots.zero_line(ax)
    ax.margins(x=0)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("year from the accounts")
    ax.set_ylabel(f"billion {currency} a year")
    return plots.label_line_ends(ax, ends, {})
