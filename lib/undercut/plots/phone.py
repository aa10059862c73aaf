"""How does a figure fit its place? Keys above the marks; on a phone names above rows and fewer ticks."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Final

from undercut.plots.style import INK, MUTED, NARROW, WIDE, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST: Final = 92  # points of a row's name that may stand beside it
_ROW: Final = 0.36  # inches of a row with its name above it
_AROUND: Final = 0.75


def fit_phone(figure: Figure) -> None:
    """Make a drawn figure as narrow as a phone; its panels keep their order."""
    width, height = figure.get_size_inches()
    shown = [ax for ax in figure.axes if ax.get_visible()]
    keys_above(figure, NARROW)
    rows = max((_names_above(ax) for ax in shown), default=0)
    if rows:
        height = max(height, _AROUND + _ROW * rows)
    figure.set_size_inches(min(width, NARROW), height)
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.03)
    for ax in shown:
        _fewer_ticks(ax)
        ax.set_xlabel(fill(ax.get_xlabel(), 46))
        ax.set_ylabel(fill(ax.get_ylabel(), 34))
        for place in ("left", "center"):
            if title := ax.get_title(loc=place):
                ax.set_title(title, loc=place, fontsize=min(10, ax.title.get_fontsize()))


def _names_above(ax: Axes) -> int:
    """Write long names of rows above the rows; how many inches' worth of rows there are, or 0."""
    labels = [text for text in ax.get_yticklabels() if text.get_text()]
    if max((_width(text.get_text()) for text in labels), default=0) <= _LONGEST:
        return 0
    low, high = sorted(ax.get_ylim())
    is_left = ax.get_subplotspec() is None or ax.get_subplotspec().is_first_col()  # type: ignore[union-attr]
    for tick, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=False):
        if is_left and low <= tick <= high and label.get_text():
            ax.annotate(
                " ".join(label.get_text().split()), (0, tick), (0, 5), xycoords=("axes fraction", "data"),
                textcoords="offset points", fontsize=9, va="bottom", color=INK, zorder=5,
                fontweight=label.get_fontweight(),
            )  # fmt: skip
    names = [label.get_text() for label in ax.get_yticklabels()]
    ax.set_yticks(ax.get_yticks(), names)
    ax.tick_params(labelleft=False)
    return round(high - low) if high - low < 80 else 0


def _fewer_ticks(ax: Axes) -> None:
    from matplotlib.dates import DateFormatter, DateLocator, MonthLocator, YearLocator
    from matplotlib.ticker import AutoLocator, MaxNLocator

    locator = ax.xaxis.get_major_locator()
    if isinstance(locator, DateLocator):
        first, last = ax.get_xlim()
        months = (last - first) / 30.4
        if months > 30:
            ax.xaxis.set_major_locator(YearLocator())  # type: ignore[no-untyped-call]
            ax.xaxis.set_major_formatter(DateFormatter("%Y"))  # type: ignore[no-untyped-call]
        elif months > 3:
            ax.xaxis.set_major_locator(MonthLocator(interval=-(-int(months) // 4)))  # type: ignore[no-untyped-call]
            ax.xaxis.set_major_formatter(DateFormatter("%b %Y"))  # type: ignore[no-untyped-call]
    elif isinstance(locator, AutoLocator | MaxNLocator):
        ax.xaxis.set_major_locator(MaxNLocator(4))


def keys_above(figure: Figure, width: float = WIDE) -> None:
    """Put each key above the marks of its axes, in as many columns as fit, where it covers nothing."""
    for ax in figure.axes:
        if (key := ax.get_legend()) is None:
            continue
        names = [text.get_text() for text in key.get_texts()]
        room = int(width * 72 * ax.get_position().width // (max(map(_width, names)) + 36))
        ax.legend(
            key.legend_handles, names, loc="lower left", bbox_to_anchor=(0, 1.0), fontsize=9,
            ncols=max(1, min(len(names), room)), borderaxespad=0.2, handlelength=1.6, columnspacing=1.2,
            labelcolor=MUTED,
        )  # fmt: skip


def _width(text: str) -> float:
    return max(
        sum(text_width(word, 9.5, "normal") + 3.3 for word in line.split()) for line in text.split("\n")
    )
