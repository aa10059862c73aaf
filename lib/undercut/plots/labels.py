"""Where do names, keys and ticks find room? Names beside what they name; on a phone above rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from undercut.plots.style import GREY, INK, MUTED, NARROW, WIDE, figure_of, is_narrow, lay_out, text_width

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox


def label_line_ends(ax: Axes, labels: Mapping[str, tuple[Any, float]], colors: Mapping[str, str]) -> Axes:
    """Write each line's name beside its last point; names that would overlap are moved apart.

    Parameters
    ----------
    ax : Axes
        Names are parted for the axes' present limits, and again when the figure is laid out.
    labels : mapping of str to (x, y)
        Last point of each line, in data units.
    colors : mapping of str to str
        Colour of each name.
    """
    if not labels:
        return ax
    for name, at in labels.items():
        told = fill(name, 15) if is_narrow() else name
        text = ax.annotate(
            told, xy=at, xytext=(7, 0), textcoords="offset points", va="center",
            color=ink_of(colors.get(name, INK)), fontsize=9.5, annotation_clip=False,
        )  # fmt: skip
        text.is_line_end = True  # type: ignore[attr-defined]
    lay_out(figure_of(ax))
    return part_line_ends(ax)


def part_line_ends(ax: Axes) -> Axes:
    """Move names at line ends apart where they would overlap; once more when the layout has changed."""
    ends: list[Any] = [text for text in ax.texts if getattr(text, "is_line_end", False)]
    if not ends:
        return ax
    scale = figure_of(ax).dpi / 72
    heights = [
        float(ax.get_yaxis_transform().transform((0, ax.yaxis.convert_units(end.xy[1])))[1])  # type: ignore[no-untyped-call]
        for end in ends
    ]
    order = sorted(range(len(ends)), key=heights.__getitem__)
    gap = 9.5 * 1.25 * scale * max(end.get_text().count("\n") + 1 for end in ends)
    for place, height in zip(order, spread([heights[place] for place in order], gap), strict=True):
        ends[place].set_position((7, (height - heights[place]) / scale))
    return ax


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Positions nearest to the given ascending ones that are at least ``gap`` apart.

    The least-squares solution: pool neighbours that are too close and centre each pool.

    Examples
    --------
    >>> spread([0.0, 1.0, 50.0], 10.0)
    [-4.5, 5.5, 50.0]
    """
    pools: list[tuple[float, int]] = []  # (mean of position minus its rank's offset, members)
    for rank, position in enumerate(positions):
        mean, members = position - rank * gap, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean = (mean * members + other * count) / (members + count)
            members += count
        pools.append((mean, members))
    flat = [mean for mean, members in pools for _ in range(members)]
    return [mean + rank * gap for rank, mean in enumerate(flat)]


def highlight(names: Iterable[str], shown: Mapping[str, str]) -> dict[str, str]:
    """A colour for each name: its own in ``shown``, what the title is about; grey for the others.

    Examples
    --------
    >>> highlight(["a", "b"], {"b": "#c84a12"})
    {'a': '#b4bcc6', 'b': '#c84a12'}
    """
    return {name: shown.get(name, GREY) for name in names}


def ink_of(color: str) -> str:
    """The colour in which a name is written: that of its mark, but never too pale to read."""
    return MUTED if color == GREY else color


def label_points(
    ax: Axes,
    points: Mapping[str, tuple[Any, float]],
    colors: Mapping[str, str] | None = None,
    *,
    most: int = 12,
    size: float = 9.0,
) -> Axes:
    """Write names beside their marks, the first names first; a name that finds no free place is left out.

    Parameters
    ----------
    ax : Axes
        Call last: places are computed for the axes' present limits, marks and lines.
    points : mapping of str to (x, y)
        In data units, the most important first.
    colors : mapping of str to str, optional
    most : int
        Names at the most; half as many on a phone.
    size : float
        Of the letters, in points.
    """
    figure = figure_of(ax)
    lay_out(figure)
    scale = figure.dpi / 72
    taken = [_box(x, y, 7 * scale, 7 * scale) for x, y in drawn_points(ax)]
    frame = ax.get_window_extent()
    written = 0
    for name, (x, y) in points.items():
        if written >= (most // 2 if is_narrow() else most):
            break
        at = ax.transData.transform((ax.xaxis.convert_units(x), ax.yaxis.convert_units(y)))  # type: ignore[no-untyped-call]
        width, height = text_width(name, size) * scale, size * 1.2 * scale
        for dx, dy in _PLACES:
            middle = (at[0] + dx * (width / 2 + 7 * scale), at[1] + dy * (height / 2 + 5 * scale))
            box = _box(*middle, width, height)
            if not _inside(box, frame) or any(_overlap(box, other) for other in taken):
                continue
            taken.append(box)
            offset = ((middle[0] - at[0]) / scale, (middle[1] - at[1]) / scale)
            ax.annotate(
                name, (x, y), offset, textcoords="offset points", ha="center", va="center", fontsize=size,
                color=ink_of((colors or {}).get(name, INK)),
            )  # fmt: skip
            written += 1
            break
    return ax


def drawn_points(ax: Axes) -> list[tuple[float, float]]:
    """Where marks and lines lie, in pixels: a point every few pixels along a line."""
    found: list[tuple[float, float]] = []
    for line in ax.lines:
        if line.get_transform() != ax.transData:
            continue
        places = np.asarray(ax.transData.transform(line.get_xydata()), dtype=float)
        places = places[np.isfinite(places).all(axis=1)]
        found += map(tuple, places)
        if line.get_linestyle() not in ("None", "none", "") and len(places) > 1:
            for start, end in pairwise(places):
                steps = min(200, int(np.hypot(*(end - start)) // 8))
                found += [tuple(start + (end - start) * k / (steps + 1)) for k in range(1, steps + 1)]
    for group in ax.collections:
        offsets = np.asarray(group.get_offsets(), dtype=float)
        if group.get_offset_transform() == ax.transData and len(offsets):
            found += map(tuple, ax.transData.transform(offsets))
    return found


_PLACES: Final = ((1, 0), (-1, 0), (0.6, 1), (-0.6, 1), (0.6, -1), (-0.6, -1), (0, 1.4), (0, -1.4))
Box = tuple[float, float, float, float]


def _box(x: float, y: float, width: float, height: float) -> Box:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _overlap(first: Box, second: Box) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _inside(box: Box, frame: Bbox) -> bool:
    return box[0] >= frame.x0 and box[2] <= frame.x1 and box[1] >= frame.y0 and box[3] <= frame.y1


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
