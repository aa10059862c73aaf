"""How does a figure fit its place? Keys above marks, ticks that do not touch; on a phone names above rows."""

from __future__ import annotations

import re
from textwrap import fill
from typing import TYPE_CHECKING, Final, cast

from undercut.plots.labels import part_line_ends
from undercut.plots.style import INK, MUTED, NARROW, WIDE, lay_out, text_width

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_LONGEST: Final = 104  # points of a row's name that may stand beside it
_ROW: Final = 0.36  # inches of a row with its name above it
_LINE: Final = 0.15  # of each further line of its name
_LETTERS: Final = 62  # of a name in one line
_AROUND: Final = 0.75
_MINUS: Final = re.compile(r"(?<![\w.,:/-])-(?=\d)")


def fit_page(figure: Figure, width: float = WIDE) -> None:
    """Keys above the marks where they cover nothing, plain numbers at ticks, and no tick on another."""
    from matplotlib import rc_context

    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            _plain(axis)
        if ax.get_legend() is not None:
            _key_above(ax, width)
    lay_out(figure)
    moved = [_apart(ax) for ax in figure.axes if ax.get_visible()]
    if any(moved):
        lay_out(figure)
    for ax in figure.axes:
        part_line_ends(ax)
    # What is laid out stays so: each file of the figure would else be drawn a second time, to be measured.
    with rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
        figure.set_layout_engine(None)


def fit_phone(figure: Figure) -> None:
    """Make a drawn figure as narrow as a phone; its panels keep their order."""
    width, height = figure.get_size_inches()
    shown = [ax for ax in figure.axes if ax.get_visible()]
    rows = max((_names_above(ax) for ax in shown), default=0)
    if rows:
        height = max(height, _AROUND + rows)
    figure.set_size_inches(min(width, NARROW), height)
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.03)
    for ax in shown:
        _fewer_ticks(ax)
        ax.set_xlabel(fill(ax.get_xlabel(), 46))
        ax.set_ylabel(fill(ax.get_ylabel(), 34))
    fit_page(figure, NARROW)


def _plain(axis: Axis) -> None:
    """Numbers, not powers, on a logarithmic axis; words, not the names of columns, at rows."""
    from matplotlib.ticker import FixedFormatter, FuncFormatter, LogFormatter, NullFormatter

    formatter = axis.get_major_formatter()
    if isinstance(formatter, LogFormatter):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.3g}"))
        axis.set_minor_formatter(NullFormatter())
    elif isinstance(formatter, FixedFormatter):
        formatter.seq = [_MINUS.sub("\N{MINUS SIGN}", str(text).replace("_", " ")) for text in formatter.seq]


def _key_above(ax: Axes, width: float) -> None:
    """The key above the marks, in as many columns as fit."""
    key = ax.get_legend()
    if key is None:
        return
    names = [text.get_text() for text in key.get_texts()]
    room = int(width * 72 * ax.get_position().width // (max(map(_width, names)) + 36))
    ax.legend(
        cast("list[Artist]", key.legend_handles), names, loc="lower left", bbox_to_anchor=(0, 1.0),
        fontsize=9, ncols=max(1, min(len(names), room)), borderaxespad=0.2, handlelength=1.6,
        columnspacing=1.2, labelcolor=MUTED,
    )  # fmt: skip


def _apart(ax: Axes) -> bool:
    """Every second tick, or fewer, where the numbers below the axes would touch; says whether they did."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    low, high = sorted(ax.get_xlim())
    ticks = [
        (tick, text.get_text())
        for tick, text in zip(ax.get_xticks(), ax.get_xticklabels(), strict=False)
        if low <= tick <= high and text.get_text() and text.get_visible()
    ]
    figure = ax.get_figure(root=True)
    if len(ticks) < 2 or figure is None:
        return False
    room = ax.get_window_extent().width * 72 / figure.dpi
    needed = sum(max(map(_width, text.split("\n"))) + 6 for _, text in ticks)
    if (step := -(-int(needed) // max(1, int(room)))) <= 1:
        return False
    kept = ticks[::step]
    ax.xaxis.set_major_locator(FixedLocator([tick for tick, _ in kept]))
    if isinstance(ax.xaxis.get_major_formatter(), FixedFormatter):
        ax.xaxis.set_major_formatter(FixedFormatter([text for _, text in kept]))
    return True


def _names_above(ax: Axes) -> float:
    """Write long names of rows above the rows; how many inches the rows then need, or 0."""
    written = [text.get_text() for text in ax.get_yticklabels()]
    named = [text for text in written if re.search(r"[^\W\d_]{2}", text) and "$" not in text]
    if 2 * len(named) <= len([text for text in written if text]) or max(map(_width, named)) <= _LONGEST:
        return 0
    low, high = sorted(ax.get_ylim())
    place = ax.get_subplotspec()
    lines = 1
    for tick, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=False):
        if (place is None or place.is_first_col()) and low <= tick <= high and label.get_text():
            name = fill(" ".join(label.get_text().replace("_", " ").split()), _LETTERS)
            lines = max(lines, name.count("\n") + 1)
            above = ax.annotate(
                name, (0, tick), (0, 5),
                xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=9, va="bottom",
                color=INK, zorder=5, fontweight=label.get_fontweight(),
            )  # fmt: skip
            above.set_in_layout(False)
    ax.set_yticks(ax.get_yticks(), written)
    ax.tick_params(labelleft=False)
    _thinner_bars(ax)
    return round(high - low) * (_ROW + _LINE * (lines - 1)) if high - low < 80 else 0


def _thinner_bars(ax: Axes) -> None:
    """Bars leave the upper half of their row to its name."""
    from matplotlib.container import BarContainer

    for bars in ax.containers:
        if isinstance(bars, BarContainer) and bars.orientation == "horizontal":
            for bar in bars.patches:
                height = bar.get_height()
                bar.set_height(height / 2)
                bar.set_y(bar.get_y() + (height / 2 if ax.yaxis_inverted() else 0))


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


def _width(text: str) -> float:
    lines = [[text_width(word, 9.5) + 3.3 for word in line.split()] for line in text.split("\n")]
    return max(map(sum, lines))
