"""What does a mark say when one points at it, and to which series and panel does it belong?

A series is what has a label of its own (`label=`, or a name at the end of its line) and what is drawn in its
colour: its band, its intervals, its names at points. Pages hide series, and zoom panels with time below them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.container import Container
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D


#: Marks of one panel; of a line with more points every so many answer.
MOST: Final = 320
_GIVEN: WeakKeyDictionary[Axes, list[tuple[Any, Any, str]]] = WeakKeyDictionary()
_LABEL: Final = re.compile(r"^([^\d]*?)([\d.,]+)(.*)$", re.DOTALL)


class Mark(NamedTuple):
    """A mark of a finished figure: where it is, in points from the upper left corner, and what it says."""

    x: float
    y: float
    text: str


class _Interval(NamedTuple):
    """A drawn interval: along which axis, where it stands on the other, and its ends."""

    along: str
    at: float
    low: float
    high: float


def marks(ax: Axes, x: Iterable[Any], y: Iterable[Any], labels: Iterable[str]) -> Axes:
    """Say what marks answer: one text a mark, its name in the first line. The axes' other marks are silent.

    Parameters
    ----------
    ax : Axes
    x, y : iterable
        Where the marks are, in data units.
    labels : iterable of str
        What each says.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> ax = plt.subplots()[1]
    >>> _ = ax.plot([140, 150], [0.5, 3.0], "o")
    >>> ax = marks(ax, [140, 150], [0.5, 3.0], ["Kimi K2\\n$0.50 at the median seller", "GPT-5\\n$3.00"])
    >>> ax.figure.draw_without_rendering()
    >>> [mark.text.splitlines()[0] for mark in marks_of(ax.figure)]
    ['Kimi K2', 'GPT-5']
    >>> plt.close()
    """
    _GIVEN.setdefault(ax, []).extend(zip(x, y, labels, strict=True))
    return ax


def marks_of(figure: Figure, source: str = "") -> list[Mark]:
    """Every mark of a figure that has been drawn; ``source`` ends each text."""
    height, scale = figure.get_size_inches()[1] * 72, 72 / figure.dpi
    found = []
    for ax in figure.axes:
        if not ax.get_visible():
            continue
        frame = ax.get_window_extent()
        for x, y, text in _GIVEN.get(ax) or _told(ax):
            at = ax.transData.transform((number(ax.xaxis, x), number(ax.yaxis, y)))
            if np.isfinite(at).all() and _near(frame, at):
                said = f"{text}\nSource: {source.removeprefix('Source: ')}" if source else text
                found.append(Mark(round(at[0] * scale, 1), round(height - at[1] * scale, 1), said))
    return list({(mark.x, mark.y): mark for mark in reversed(found)}.values())[::-1]


def _told(ax: Axes) -> Iterator[tuple[float, float, str]]:
    """Marks and vertices of lines, with words from the axes: names of rows and lines, ticks, intervals."""
    intervals = list(_intervals(ax))
    rows = _row_names(ax)
    title = ax.get_title(loc="left") or ax.get_title()
    for name, x, y in named_points(ax):
        for at, value in zip(x, y, strict=True):
            row = next((text for place, text in rows if abs(place - value) < 0.46), "") if rows else ""
            told = _text(ax, at, value, intervals, is_row=bool(row))
            heads = [" ".join(part.split()) for part in (title, row, name) if part]
            yield at, value, "\n".join([", ".join(heads), *told] if heads else told)


def _text(ax: Axes, x: float, y: float, intervals: Sequence[_Interval], *, is_row: bool) -> list[str]:
    """Value, interval and place of a mark."""
    along, at, value = ("x", y, x) if is_row else ("y", x, y)
    axis, other = (ax.xaxis, ax.yaxis) if is_row else (ax.yaxis, ax.xaxis)
    lines = [shown(axis, value)]
    width = 1e-6 + 0.004 * abs(np.subtract(*other.get_view_interval()))
    for found in intervals:
        if found.along == along and abs(found.at - at) <= width and found.low <= value <= found.high:
            lines[0] += f" (interval {shown(axis, found.low)} to {shown(axis, found.high)})"
            break
    if not is_row:
        word = " ".join(ax.get_xlabel().split())
        place = shown(ax.xaxis, x)
        lines.append(place if is_time(ax.xaxis) or not word else f"{word}: {place}")
    return lines


def named_points(ax: Axes) -> Iterator[tuple[str, list[float], list[float]]]:
    """Name and places of each line, group of marks and group of bars; of a long line every so many."""
    names = {_place(ax, text): " ".join(text.get_text().split()) for text in ax.texts if hasattr(text, "xy")}
    for line in ax.lines:
        points, marker = finite_points(line), str(line.get_marker())
        if line.get_transform() != ax.transData or not len(points) or marker == "|":
            continue
        if marker not in ("None", "", " ") or len(points) > 2:
            name = names.get(tuple(np.round(points[-1], 9)), _own_name(line))
            points = points[:: max(1, len(points) // MOST)]
            yield name, [*points[:, 0]], [*points[:, 1]]
    for group in ax.collections:
        offsets: np.ndarray[Any, Any] = np.ma.filled(np.ma.asarray(group.get_offsets(), dtype=float), np.nan)
        if group.get_offset_transform() == ax.transData and len(offsets) and len(group.get_paths()):
            yield _own_name(group), [*offsets[:, 0]], [*offsets[:, 1]]
    for bars in ax.containers:
        boxes = [patch.get_bbox() for patch in bars if hasattr(patch, "get_bbox")]
        lies = getattr(bars, "orientation", "vertical") == "horizontal"
        x = [box.x1 if lies else (box.x0 + box.x1) / 2 for box in boxes]
        y = [(box.y0 + box.y1) / 2 if lies else box.y1 for box in boxes]
        step = max(1, len(boxes) // MOST)
        yield _own_name(bars), x[::step], y[::step]


def finite_points(line: Line2D) -> np.ndarray[Any, Any]:
    """Vertices of a line in data units, without gaps."""
    points = np.asarray(line.get_xydata(), dtype=float)
    return points[np.isfinite(points).all(axis=1)]


def _own_name(artist: Artist | Container) -> str:
    """The label that an artist was given; empty where matplotlib made it up."""
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _intervals(ax: Axes) -> Iterator[_Interval]:
    """Segments that lie along an axis, and the bands around lines."""
    from matplotlib.collections import LineCollection, PolyCollection

    for line in ax.lines:
        if line.get_transform() == ax.transData and len(line.get_xydata()) == 2:  # type: ignore[arg-type]
            yield from _segment(np.asarray(line.get_xydata(), dtype=float))
    for group in ax.collections:
        if isinstance(group, LineCollection):
            for segment in group.get_segments():
                if len(segment) == 2:
                    yield from _segment(np.asarray(segment, dtype=float))
        elif isinstance(group, PolyCollection):
            for path in group.get_paths():
                corners = np.asarray(path.vertices)
                for at in np.unique(corners[:, 0]):
                    ends = corners[corners[:, 0] == at, 1]
                    yield _Interval("y", float(at), float(ends.min()), float(ends.max()))


def _segment(ends: np.ndarray[Any, Any]) -> Iterator[_Interval]:
    (x0, y0), (x1, y1) = ends
    if y0 == y1 and x0 != x1:
        yield _Interval("x", float(y0), float(min(x0, x1)), float(max(x0, x1)))
    elif x0 == x1 and y0 != y1:
        yield _Interval("y", float(x0), float(min(y0, y1)), float(max(y0, y1)))


def _row_names(ax: Axes) -> list[tuple[float, str]]:
    """Place and name of each row where the vertical axis has names, not numbers."""
    ticks = [
        (tick, text.get_text()) for tick, text in zip(ax.get_yticks(), ax.get_yticklabels(), strict=False)
    ]
    named = [(float(tick), text) for tick, text in ticks if re.search(r"[^\W\d_]{2}", text)]
    return named if 2 * len(named) > len(ticks) else []


def shown(axis: Axis, value: float) -> str:
    """A number of an axis as its ticks write it, but with up to three significant digits; days as days."""
    if is_time(axis):
        from matplotlib.dates import num2date

        day = num2date(value)  # type: ignore[no-untyped-call]
        return f"{day:%B %Y}" if day.day == 1 else f"{day.day} {day:%B %Y}"
    from matplotlib.ticker import FixedFormatter

    labels = axis.get_major_formatter()
    if isinstance(labels, FixedFormatter):  # texts at ticks say nothing about other numbers
        return _digits(value)
    found = _LABEL.match(str(labels(value, 0)).replace("\N{MINUS SIGN}", "-"))
    if found is None or not np.isfinite(value):
        return _digits(value)
    before, digits, after = found.groups()
    is_share = "%" in after and abs(float(digits.replace(",", "") or 0) - abs(100 * value)) < 0.6
    sign = "+" if "+" in before and value > 0 else ""
    text = _digits(abs(100 * value if is_share else value), money="$" in before)
    minus = "\N{MINUS SIGN}" if value < 0 and text.strip("0.") else ""
    return f"{minus or sign}{'$' if '$' in before else ''}{text}{after}"


def _digits(value: float, *, money: bool = False) -> str:
    if not np.isfinite(value):
        return "none"
    size = 0 if value == 0 else int(np.floor(np.log10(abs(value))))
    text = f"{value:,.{max(0, min(6, 2 - size))}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if money and "." in text and len(text.partition(".")[2]) < 2:
        text += "0"
    return text.replace("-", "\N{MINUS SIGN}")


def is_time(axis: Axis) -> bool:
    from matplotlib.dates import DateLocator

    converter = type(axis.get_converter()).__name__  # matplotlib's and pandas' are of no common class
    return isinstance(axis.get_major_locator(), DateLocator) or "Date" in converter


def number(axis: Axis, value: Any) -> float:
    return float(axis.convert_units(value))  # type: ignore[no-untyped-call]


def _near(frame: Any, at: Any) -> bool:
    return frame.x0 - 2 <= at[0] <= frame.x1 + 2 and frame.y0 - 2 <= at[1] <= frame.y1 + 2


#: More would be a wall of buttons; the panels of small multiples are no series.
MOST_SERIES = 12


class Declared(NamedTuple):
    """What a figure says of itself to a page.

    Attributes
    ----------
    names : list of str
        Its series; empty where there is only one.
    panels : dict
        Number of a panel with time below it: left, right, top and bottom in points, first and last day
        since 1970.
    marks : dict
        Place of a mark, as `marks_of` gives it: number of its series.
    """

    names: list[str]
    panels: dict[str, list[float]]
    marks: dict[tuple[float, float], int]


def declare(figure: Figure) -> Declared:
    """Find the series and the time axes of a drawn figure, and mark its artists for the SVG.

    An artist gets the id ``u<panel>s<series>x<place>_<count>``: the panel where time can be zoomed, its
    series, and for a name the place of what it names, in points. The axis of time gets ``u<panel>t``.
    """
    height, scale = figure.get_size_inches()[1] * 72, 72 / figure.dpi
    shown = [ax for ax in figure.axes if ax.get_visible()]
    owners = {ax: dict(_owners(ax)) for ax in shown}
    names = list(dict.fromkeys(name for found in owners.values() for name in found.values()))
    if not 2 <= len(names) <= MOST_SERIES:
        names = []
    panels: dict[str, list[float]] = {}
    marks: dict[tuple[float, float], int] = {}
    count = 0
    for place, ax in enumerate(shown):
        panel = ""
        if is_time(ax.xaxis) and ax.get_xscale() == "linear":
            frame, panel = ax.get_window_extent(), str(place)
            sides = (frame.x0 * scale, frame.x1 * scale, height - frame.y1 * scale, height - frame.y0 * scale)
            panels[panel] = [*(round(side, 1) for side in sides), *map(float, ax.get_xlim())]
            ax.xaxis.set_gid(f"u{panel}t")
        for artist in _drawn(ax):
            name = owners[ax].get(artist)
            series = str(names.index(name)) if name in names else ""
            at = _anchor(artist, ax)
            if panel or series:
                anchor = "" if at is None else f"{ax.transData.transform((at, 0))[0] * scale:.1f}"
                artist.set_gid(f"u{panel}s{series}x{anchor}_{count}")
                count += 1
        for name, x, y in named_points(ax):
            if name in names:
                points = ax.transData.transform(np.column_stack([x, y])) * scale
                marks |= {(round(a, 1), round(height - b, 1)): names.index(name) for a, b in points}
    return Declared(names, panels, marks)


def _drawn(ax: Axes) -> list[Artist]:
    return [*ax.lines, *ax.collections, *ax.patches, *ax.texts]


def _anchor(artist: Artist, ax: Axes) -> float | None:
    """Where on the axis of time a text belongs that stands at data."""
    from matplotlib.text import Annotation

    is_at_data = isinstance(artist, Annotation) and artist.xycoords == "data"
    return number(ax.xaxis, artist.xy[0]) if is_at_data else None  # type: ignore[attr-defined]


def _owners(ax: Axes) -> Iterator[tuple[Artist, str]]:
    """Each artist that belongs to a series, and its name."""
    named: dict[Artist, str] = {}
    ends: dict[tuple[float, ...], list[Any]] = {}
    for text in ax.texts:
        if _anchor(text, ax) is not None:
            ends.setdefault(_place(ax, text), []).append(text)
    for line in ax.lines:
        points, own = finite_points(line), _own_name(line)
        here = ends.get(tuple(np.round(points[-1], 9)), []) if len(points) > 1 else []
        # Lines that end in one point are told apart by the colour of their names.
        end = next((text for text in here if _ink(text) == _ink(line)), here[0] if here else None)
        if end is not None or own:
            named[line] = " ".join((end.get_text() if end is not None else own).split())
    named |= {group: name for group in ax.collections if (name := _own_name(group))}
    for group in ax.containers:
        named |= {part: name for part in group.get_children() if (name := _own_name(group))}
    inks: dict[Any, set[str]] = {}
    for artist, name in named.items():
        inks.setdefault(_ink(artist), set()).add(name)
    places = {
        tuple(np.round(point, 9)): name for name, x, y in named_points(ax) for point in zip(x, y, strict=True)
    }
    for artist in _drawn(ax):
        alike = inks.get(_ink(artist), set())
        if artist in named:
            yield artist, named[artist]
        elif _anchor(artist, ax) is not None:
            at = places.get(_place(ax, artist)) or next(iter(alike if len(alike) == 1 else ()), "")
            yield from [(artist, at)] if at in named.values() else []
        elif len(alike) == 1 and artist not in ax.texts:
            yield artist, next(iter(alike))


def _place(ax: Axes, text: Any) -> tuple[float, ...]:
    return tuple(np.round((number(ax.xaxis, text.xy[0]), number(ax.yaxis, text.xy[1])), 9))


def _ink(artist: Any) -> Any:
    """The colour of a line, of a band or of letters, without its opacity."""
    from matplotlib.colors import to_rgb

    for name in ("get_color", "get_facecolor", "get_edgecolor"):
        found = getattr(artist, name, lambda: None)()
        if found is not None and len(found):
            found = found if isinstance(found, str) else np.atleast_2d(found)[0]
            return to_rgb(found)
    return None
