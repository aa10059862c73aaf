"""Which marks belong together, and which panels have time below them? For pages that hide and zoom.

A series is what has a label of its own (`label=`, or a name at the end of its line) and what is drawn in its
colour: its band, its intervals, its names at points.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from undercut.plots.marks import is_time, named_points, number

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
        points = np.asarray(line.get_xydata(), dtype=float)
        points = points[np.isfinite(points).all(axis=1)]
        here = ends.get(tuple(np.round(points[-1], 9)), []) if len(points) > 1 else []
        # Lines that end in one point are told apart by the colour of their names.
        end = next((text for text in here if _ink(text) == _ink(line)), here[0] if here else None)
        own = str(line.get_label())
        if end is not None or not own.startswith("_"):
            named[line] = " ".join((end.get_text() if end is not None else own).split())
    named |= {group: str(group.get_label()) for group in ax.collections if _is_name(group.get_label())}
    for group in ax.containers:
        if _is_name(group.get_label()):
            named |= {part: str(group.get_label()) for part in group.get_children()}
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


def _is_name(label: object) -> bool:
    return bool(label) and not str(label).startswith("_")


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
