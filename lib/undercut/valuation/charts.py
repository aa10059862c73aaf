"""How do values and implied assumptions look? Functions of frames; a page writes the title."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import InputError, TooFewError
from undercut.inference.arrays import Floats
from undercut.result import Axes

# Not the colours of origin, which mean a country on every page.
FIRST: Final = "#0173b2"
SECOND: Final = "#de8f05"
_SHOWN: Final = (0.01, 0.97)
_HEIGHT: Final = 1.6  # inches beside the rows
_ROW: Final = 0.36


def tornado(
    rows: pd.DataFrame, *, base: float, unit: str, most: int = 12,
    names: Mapping[str, str] | None = None, ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Value at the low and the high end of each assumption, the widest on top.

    Parameters
    ----------
    rows : DataFrame
        Columns parameter, unit, low, high, value_low, value_high (million).
    base : float
        Value with all assumptions at their defaults, million.
    unit : str
        Of the values, such as ``million USD``.
    most : int
        How many assumptions to show.
    names : mapping of str to str, optional
        What parameters are called; their own names by default.

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
    labels = []
    for row in shown.itertuples():
        scale, sign = (100, "%") if row.unit.startswith("share") else (1, "")
        ends = f"{scale * row.low:.3g}{sign} to {scale * row.high:.3g}{sign}".replace("-", "\N{MINUS SIGN}")
        labels.append(f"{(names or {}).get(row.parameter, row.parameter.replace('_', ' '))}, {ends}")
    ax.set_yticks(range(len(shown)), labels)
    ax.invert_yaxis()
    ax.axvline(middle, color=plots.INK, linewidth=1.0)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel(f"equity, {unit.replace('million', 'billion')}")
    ax.legend(loc="lower right", fontsize=9, labelcolor=plots.MUTED)
    return ax


def by_elasticity(
    curves: pd.DataFrame,
    points: pd.DataFrame,
    *,
    colors: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Change of value by elasticity, a line each, with the break-even and its interval on the zero line.

    Parameters
    ----------
    curves, points : DataFrame
        ``curves`` and ``frame`` of `undercut.valuation.break_even.BreakEvens`.
    colors, names : mapping of str to str, optional
        By name of a line; grey and the name itself by default.
    """
    ax = plots.own_axes(ax, 8.6, _HEIGHT + 10 * _ROW)
    plots.zero_line(ax)
    ends = {}
    for place, (name, rows) in enumerate(curves.groupby("name", sort=False)):
        color = (colors or {}).get(str(name), plots.MUTED)
        ax.plot(rows["elasticity"], 100 * rows["median"], color=color)
        ends[(names or {}).get(str(name), str(name))] = (0.0, 100 * float(rows["median"].iloc[-1]))
        point = points.set_index("name").loc[name]
        if not point["side"]:
            height = -4.0 * (place + 1)
            ax.plot([point["low"], point["high"]], [height, height], color=color, linewidth=1.2, alpha=0.7)
            ax.plot(point["median"], 0.0, "o", color=color, zorder=4)
    ax.margins(x=0)
    ax.set_xlabel("elasticity of use: percent more use for a price 1% higher")
    ax.set_ylabel("change of value, %")
    return plots.label_line_ends(ax, ends, {})


def implied_pair(curve: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Fall of prices that a market value assumes, over the elasticity: median and band of the draws."""
    rows = curve.dropna(subset=["median"])
    if rows.empty:
        raise TooFewError("No elasticity has a fall of prices that gives the market value.")
    ax = plots.own_axes(ax, 8.6, _HEIGHT + 8 * _ROW)
    ax.plot(rows["elasticity"], 100 * rows["median"], color=FIRST)
    plots.band(ax, list(rows["elasticity"]), list(100 * rows["low"]), list(100 * rows["high"]), FIRST)
    ax.margins(x=0)
    ax.set_xlabel("elasticity of use")
    ax.set_ylabel("fall of token prices in the first year, %")
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
