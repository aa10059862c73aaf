"""How does the briefing draw its claims? A strip of dots each."""

from __future__ import annotations

from textwrap import fill, shorten
from typing import TYPE_CHECKING, Any, Final

from undercut import plots
from undercut.result import Axes

if TYPE_CHECKING:
    import pandas as pd

#: Dots beyond this many half-intervals are drawn at the edge.
_EDGE: Final = 3.0
#: What a verdict looks like.
_COLORS: Final[dict[str, str]] = {
    "supported": "#0f7f6b",
    "contradicted": "#c84a12",
    "not settled": plots.MUTED,
}


def draw_verdicts(claims: pd.DataFrame, evidence: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw a strip of dots a claim: the large one decides, small ones are robustness.

    A dot stands at (value - threshold) over the half of the interval that faces the threshold, to the right
    where it speaks for the claim; beyond the band the interval excludes the threshold.

    Parameters
    ----------
    claims : DataFrame
        ``id, claim, verdict``, one row a claim.
    evidence : DataFrame
        ``claim`` (the id), ``primary``, ``place``, ``outcome``, one row a finding.
    ax : Axes, optional
    """
    ax = plots.own_axes(ax, height=5.0 if plots.is_narrow() else 5.5)
    ax.axvspan(-1, 1, color=plots.RULE, alpha=0.5, linewidth=0)
    ax.axvline(0, color=plots.MUTED, linewidth=1)
    verdicts = dict(zip(claims["id"], claims["verdict"], strict=True))
    rows = {name: row for row, name in enumerate(claims["id"])}
    for part in evidence.dropna(subset=["place"]).itertuples():
        color = _COLORS[verdicts[str(part.claim)]] if part.primary else plots.INK
        hollow: dict[str, Any] = {"markerfacecolor": "none"} if part.outcome == "assumption" else {}
        place = min(max(float(part.place), -_EDGE), _EDGE)
        size, lift = (9, 0.0) if part.primary else (4, 0.26)
        ax.plot(place, rows[str(part.claim)] + lift, "o", color=color, markersize=size, **hollow)
    for row, verdict in enumerate(claims["verdict"]):
        ax.text(
            _EDGE + 0.4, row, verdict, va="center", fontsize=10, fontweight="bold", color=_COLORS[verdict]
        )
    told = [f"{number}. {claim}" for number, claim in enumerate(claims["claim"], start=1)]
    names = [shorten(text, 48, placeholder=" …") if plots.is_narrow() else fill(text, 56) for text in told]
    ax.set_yticks(range(len(claims)), names, fontsize=9)
    ax.set(xlim=(-_EDGE - 0.3, _EDGE + 2.2), ylim=(len(claims) - 0.4, -0.6))
    ax.set_xticks([-2, 2], ["speaks against", "speaks for"])
    ax.grid(visible=False)
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.tick_params(length=0)
    return ax
