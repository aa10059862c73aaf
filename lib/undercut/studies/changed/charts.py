"""How are recent changes of price drawn?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from undercut import plots
from undercut.report.findings.sentences import day_text
from undercut.result import Axes
from undercut.sources.reference import reader_names

ROWS: Final = 12
ROWS_ON_PHONE: Final = 8
#: Whose changes say most: a maker's own price first, a router's last.
SELLERS: Final = {
    "developer": "the makers themselves", "cloud": "clouds", "host": "other sellers of the weights",
    "router": "routers that pass on others' prices",
}  # fmt: skip


def leading(moves: pd.DataFrame) -> pd.DataFrame:
    """Changes in the order of what they say: makers' own first, then by size."""
    order = pd.Series(range(len(SELLERS)), index=list(SELLERS))
    return moves.sort_values("host_kind", key=lambda kind: kind.map(order), kind="stable")


def price_moves(moves: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Each change from its old price (grey) to its new one, in the colour of the model's origin."""
    rows = leading(moves).head(ROWS_ON_PHONE if plots.is_narrow() else ROWS)
    axes = plots.own_axes(ax, height=1.2 + 0.36 * len(rows))
    called = reader_names()
    names = [
        f"{called.get(row.model_id, row.model_id)}, {called.get(row.host, row.host)}"
        for row in rows.itertuples()
    ]
    places = range(len(rows) - 1, -1, -1)
    for place, row in zip(places, rows.itertuples(), strict=True):
        look = plots.mark(row.origin, row.access, line=False)
        axes.plot([row.before, row.after], [place, place], color=plots.GREY, linewidth=2, zorder=1)
        axes.plot(row.before, place, "|", color=plots.MUTED, markersize=9)
        axes.plot(row.after, place, **look)
    axes.set_yticks(list(places), names)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    said = [
        f"{name}\n{plots.dollars(row.before)} to {plots.dollars(row.after)}\n{day_text(row.happened_on)}"
        for name, row in zip(names, rows.itertuples(), strict=True)
    ]
    plots.marks(axes, rows["after"], places, said)
    return plots.price_axis(axes, "x")
