"""Names beside what they name: at the ends of lines and at marks, where nothing is in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from undercut.plots.style import GREY, INK, MUTED, figure_of, is_narrow, lay_out, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
