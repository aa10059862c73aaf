"""How do results of the demand model look? Functions of frames."""

from __future__ import annotations

import pandas as pd

from undercut import plots
from undercut.result import Axes

_COLORS = {"closed": plots.INK, "Chinese open": plots.ORIGIN_COLORS["CN"], "other open": plots.MUTED}


def shares_by_group(products: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Share of spending by group, month by month: columns ``period, group, spend``."""
    ax = plots.own_axes(ax)
    money = products.pivot_table(index="period", columns="group", values="spend", aggfunc="sum").fillna(0.0)
    share = 100 * money.div(money.sum(axis=1), axis=0)
    ax.stackplot(
        range(len(share)), share.to_numpy().T, labels=list(share.columns),
        colors=[_COLORS.get(str(name), plots.MUTED) for name in share.columns],
    )  # fmt: skip
    ax.set_xticks(range(0, len(share), 3), list(share.index[::3]))
    ax.set_ylabel("share of spending, %")
    ax.legend(loc="upper left", fontsize=9)
    return ax


def histogram(draws: pd.DataFrame, column: str, ax: Axes | None = None) -> Axes:
    """Distribution of one column over the draws."""
    ax = plots.own_axes(ax)
    ax.hist(draws[column], bins=30, color=plots.MUTED)
    ax.set_xlabel(column.replace("_", " "))
    ax.set_ylabel("draws")
    return ax


def price_changes(products: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Price after over price before of what is left: columns ``group, price_before, price_after``."""
    ax = plots.own_axes(ax)
    for name, rows in products.dropna(subset=["price_after"]).groupby("group"):
        change = 100 * (rows["price_after"] / rows["price_before"] - 1)
        ax.scatter(rows["price_before"], change, color=_COLORS.get(str(name), plots.MUTED), label=str(name))
    plots.zero_line(ax)
    plots.price_axis(ax, "x")
    ax.set_ylabel("change of price, %")
    ax.legend(fontsize=9)
    return ax
