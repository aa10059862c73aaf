"""How does the briefing draw its claims? One row a claim, one mark a finding that decides it."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from undercut import plots

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: How a finding is drawn, and what the key calls it, by what it says about the claim.
_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "for": {"label": "speaks for", "marker": "o", "color": plots.INK},
    "against": {"label": "speaks against", "marker": "X", "color": plots.ORIGIN_COLORS["CN"]},
    "undecided": {"label": "undecided", "marker": "o", "markerfacecolor": "none", "color": plots.INK},
    "missing": {"label": "no number", "marker": "_", "color": plots.MUTED},
}


def draw_verdicts(claims: pd.DataFrame, evidence: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the verdicts.

    Parameters
    ----------
    claims : DataFrame
        ``id, claim, verdict``, one row a claim.
    evidence : DataFrame
        ``claim`` (the id), ``outcome``, one row a finding, in the order of the claims.
    ax : Axes, optional
    """
    import matplotlib.pyplot as plt

    ax = plt.subplots(figsize=(5.6, 6.8))[1] if ax is None else ax
    rows = evidence["claim"].map({name: row for row, name in enumerate(claims["id"])})
    places = evidence.groupby("claim").cumcount()
    for outcome in evidence["outcome"].unique():
        mine = evidence["outcome"].eq(outcome)
        ax.plot(places[mine], rows[mine], linestyle="none", markersize=8, **_LOOKS[outcome])
    longest = places.max() + 1
    for row, verdict in enumerate(claims["verdict"]):
        ax.text(longest - 0.2, row, verdict, va="center", fontsize=10, fontweight="bold")
    names = [_shortened(f"{number}. {claim}") for number, claim in enumerate(claims["claim"], start=1)]
    ax.set_yticks(range(len(claims)), names, fontsize=9)
    ax.set(xlim=(-0.6, longest + 2.2), ylim=(len(claims) - 0.4, -0.6), xticks=[])
    ax.grid(visible=False)
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.tick_params(length=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.2, -0.01), ncols=2, fontsize=9, frameon=False)
    return ax


def _shortened(text: str, width: int = 34) -> str:
    """``text`` on at most two lines."""
    lines = wrap(text, width)
    return "\n".join(lines if len(lines) < 3 else [lines[0], lines[1] + " …"])
