"""How does a figure look? One style, and one meaning of colour and mark, on every page.

Colour says where a model comes from (its developer's country), mark and line say whether it is open:
filled marks and solid lines are closed models, hollow marks and dashed lines are open ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from undercut.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Ink of the figures. Pages exchange these colours for those of DARK where the reader prefers dark.
INK: Final = "#1c2530"
MUTED: Final = "#5c6773"
RULE: Final = "#d9dde2"
PAPER: Final = "#ffffff"

#: Origin of a model's developer. Far apart for red-green blind readers too, and in lightness for greyscale
#: print; tests/test_plots.py measures both.
ORIGIN_COLORS: Final[Mapping[str, str]] = {
    "US": "#163a6b",
    "CN": "#c2402c",
    "FR": "#058e9e",
    "other": "#8e907c",
}
ORIGIN_NAMES: Final[Mapping[str, str]] = {"US": "US", "CN": "China", "FR": "France", "other": "Other"}

_ADJECTIVES: Final[Mapping[str, str]] = {
    "CN": "Chinese", "FR": "French", "CA": "Canadian", "IL": "Israeli", "KR": "Korean", "JP": "Japanese",
    "DE": "German", "AE": "Emirati", "IN": "Indian", "GB": "British",
}  # fmt: skip

#: The same colours on a dark page.
DARK: Final[Mapping[str, str]] = {
    INK: "#e8eaed",
    MUTED: "#a3adb8",
    RULE: "#3a424c",
    PAPER: "#171b21",
    ORIGIN_COLORS["US"]: "#86b2f0",
    ORIGIN_COLORS["CN"]: "#f0765f",
    ORIGIN_COLORS["FR"]: "#a8e3dc",
    ORIGIN_COLORS["other"]: "#8f8f96",
    "#04707d": "#a8e3dc",
    "#63645a": "#8f8f96",
}

#: Darker inks for names written in a colour too light for small text.
_TEXT_INKS: Final = {ORIGIN_COLORS["FR"]: "#04707d", ORIGIN_COLORS["other"]: "#63645a"}

_MARKERS: Final = {"closed": "o", "open": "o", "open-restricted": "D", "open-noncommercial": "^"}
_LINES: Final = {"closed": "-", "open": (0, (4, 2)), "open-restricted": (0, (6, 2, 1, 2))}
_FONT: Final = "DejaVu Sans"
#: What `headline` writes; also the ids of these texts in a figure.
HEADLINE: Final = ("finding", "measure", "source")


@contextmanager
def use_house_style() -> Iterator[None]:
    """Draw in the house style inside the ``with`` block; settings before it come back after it.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with use_house_style():
    ...     figure, ax = plt.subplots()
    ...     _ = ax.plot([1, 2], [3, 4], **mark("CN", "open"))
    >>> plt.close(figure)
    """
    import matplotlib as mpl

    with mpl.rc_context(_settings()):
        yield


def set_house_style() -> None:
    """Draw in the house style from here on: the first line of a notebook's figures."""
    import matplotlib as mpl

    mpl.rcParams.update(_settings())


def origin_color(origin: str) -> str:
    """Colour of a developer's country (ISO code); countries without their own share one."""
    return ORIGIN_COLORS.get(origin, ORIGIN_COLORS["other"])


def text_color(color: str) -> str:
    """``color``, or its darker ink where it is too light for small text."""
    return _TEXT_INKS.get(color, color)


def origin_name(origin: str) -> str:
    """Name of a developer's country as figures write it."""
    return ORIGIN_NAMES.get(origin, ORIGIN_NAMES["other"])


def origin_adjective(origin: str) -> str:
    """What a sentence calls a model of a country: ``Chinese``; the ISO code where no word is known.

    Examples
    --------
    >>> origin_adjective("CN"), origin_adjective("US")
    ('Chinese', 'US')
    """
    return _ADJECTIVES.get(origin, origin)


def mark(origin: str, access: str, *, line: bool = True) -> dict[str, Any]:
    """Matplotlib keywords that show ``origin`` by colour and ``access`` by fill, mark and line.

    Parameters
    ----------
    origin : str
        ISO country code of the developer.
    access : str
        closed, open, open-restricted or open-noncommercial.
    line : bool
        False for marks without a line between them.

    Raises
    ------
    InputError
        Where ``access`` is none of the four.

    Examples
    --------
    >>> mark("US", "closed")["markerfacecolor"] == ORIGIN_COLORS["US"]
    True
    >>> mark("US", "open")["markerfacecolor"] == PAPER
    True
    """
    if access not in _MARKERS:
        raise InputError(f"access must be one of {', '.join(_MARKERS)}; got {access!r}.")
    color = origin_color(origin)
    return {
        "color": color,
        "linestyle": _LINES.get(access, (0, (1, 1.5))) if line else "none",
        "marker": _MARKERS[access],
        "markerfacecolor": color if access == "closed" else PAPER,
        "markeredgecolor": color,
        "markeredgewidth": 1.4,
        "markersize": 6.0,
    }


def headline(ax: Axes, finding: str, measure: str = "", *, source: str = "") -> Axes:
    """Write the finding as the title, the measure and unit below it, the source under the figure.

    Parameters
    ----------
    ax : Axes
        The (first) axes of the figure; titles align with the figure's left edge.
    finding, measure, source : str
        What the figure shows; what is drawn, in which unit; where the data come from.
    """
    figure = _figure_of(ax)
    height = figure.get_size_inches()[1]
    plain: dict[str, Any] = {"ha": "left", "parse_math": False}
    used = 0.06
    looks = (("finding", finding, 13.5, "bold", INK), ("measure", measure, 10.0, "normal", MUTED))
    for part, text, size, weight, color in filter(itemgetter(1), looks):
        wrapped = _wrapped(figure, text, size, weight)
        look: dict[str, Any] = {"fontsize": size, "fontweight": weight, "color": color, "linespacing": 1.25}
        figure.text(0, 1 - used / height, wrapped, va="top", gid=part, **look, **plain)
        used += _lines(wrapped) * size * 1.3 / 72 + 0.08
    bottom = 0.0
    if source:
        note = _wrapped(figure, source, 8.5, "normal")
        look = {"fontsize": 8.5, "color": MUTED}
        figure.text(0, 0.05 / height, note, va="bottom", gid="source", **look, **plain)
        bottom = 0.17 + _lines(note) * 8.5 * 1.3 / 72
    figure.set_layout_engine("constrained", rect=(0, bottom / height, 1, 1 - (used + 0.04 + bottom) / height))
    return ax


def own_axes(ax: Axes | None = None, width: float = 7.6, height: float = 4.2) -> Axes:
    """``ax``, or the axes of a new figure of this size in inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def log_axis(ax: Axes) -> Axes:
    """Logarithmic axis with plain numbers, for indices: 1, 0.1, 0.01."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    return ax


def price_axis(ax: Axes, axis: str = "y") -> Axes:
    """Logarithmic price axis with plain dollar ticks: $0.10, $1, $15."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    if axis not in ("x", "y"):
        raise InputError(f"axis must be x or y; got {axis!r}.")
    getattr(ax, f"set_{axis}scale")("log")
    scale = ax.yaxis if axis == "y" else ax.xaxis
    low, high = sorted(ax.get_ylim() if axis == "y" else ax.get_xlim())
    steps = (1.0,) if high / low > 2000 else (1.0, 3.0) if high / low > 60 else (1.0, 2.0, 5.0)
    scale.set_major_locator(LogLocator(base=10, subs=steps))
    scale.set_major_formatter(FuncFormatter(lambda value, _: dollars(value)))
    scale.set_minor_locator(NullLocator())  # the house style would not show them, but they take long
    return ax


def dollars(value: float) -> str:
    """A price as a tick label.

    Examples
    --------
    >>> [dollars(value) for value in (0.025, 0.1, 0.5, 1, 2.5, 15, 1500)]
    ['$0.025', '$0.10', '$0.50', '$1', '$2.50', '$15', '$1,500']
    """
    if value >= 1:
        return f"${value:,.0f}" if abs(value - round(value)) < 1e-9 else f"${value:,.2f}"
    text = f"{value:.10f}".rstrip("0")
    cents = len(text.partition(".")[2])
    return f"${value:.2f}" if cents <= 2 else f"${text}"


def band(ax: Axes, x: Sequence[Any], low: Sequence[float], high: Sequence[float], color: str = INK) -> Axes:
    """Shade an interval around a line."""
    ax.fill_between(x, low, high, color=color, alpha=0.16, linewidth=0, zorder=1)
    return ax


def zero_line(ax: Axes, value: float = 0.0) -> Axes:
    """A line where "no change" is."""
    ax.axhline(value, color=INK, linewidth=1.0, zorder=1.5)
    return ax


def interval_rows(
    found: Mapping[str, tuple[float, float, float]], *, grey: Iterable[str] = (), ax: Axes | None = None
) -> Axes:
    """Estimates with their intervals, one row each, the first on top; ``grey`` are benchmarks."""
    axes = own_axes(ax, height=1.5 + 0.42 * len(found))
    for height, name in enumerate(reversed(list(found))):
        value, low, high = found[name]
        color, marker = (MUTED, "D") if name in grey else (INK, "o")
        axes.hlines(height, low, high, color=color, linewidth=2)
        axes.plot(value, height, marker, color=color, markersize=7)
    axes.set_yticks(range(len(found)), [*reversed(list(found))])
    axes.set_ylim(-0.6, len(found) - 0.4)
    axes.axvline(0, color=INK, linewidth=1, zorder=1.5)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    return axes


def access_key(
    ax: Axes, accesses: Iterable[str] = ("closed", "open"), *, line: bool = True, **place: Any
) -> Axes:
    """A small key for the marks of access; colours are labelled directly and need none.

    ``line=False`` for marks without lines; ``place`` goes to ``Axes.legend``.
    """
    from matplotlib.lines import Line2D

    style = {"color": MUTED, "markeredgecolor": MUTED}
    handles = []
    for access in accesses:
        filled = MUTED if access == "closed" else PAPER
        look = mark("other", access, line=line) | style | {"markerfacecolor": filled}
        handles.append(Line2D([], [], label=f"{access} weights" if access == "open" else access, **look))
    look_of_key: Any = {"loc": "upper right", "fontsize": 9, "labelcolor": MUTED}
    ax.legend(handles=handles, **(look_of_key | place))
    return ax


def label_line_ends(ax: Axes, labels: Mapping[str, tuple[Any, float]], colors: Mapping[str, str]) -> Axes:
    """Write each line's name beside its last point; names that would overlap are moved apart.

    Parameters
    ----------
    ax : Axes
        Call last: positions are computed for the axes' present limits.
    labels : mapping of str to (x, y)
        Last point of each line, in data units.
    colors : mapping of str to str
        Colour of each name.
    """
    if not labels:
        return ax
    figure = _figure_of(ax)
    figure.draw_without_rendering()
    points = {
        name: ax.transData.transform((ax.xaxis.convert_units(x), ax.yaxis.convert_units(y)))  # type: ignore[no-untyped-call]
        for name, (x, y) in labels.items()
    }
    names = sorted(points, key=lambda name: float(points[name][1]))
    text_height = 9.5 * 1.25 * figure.dpi / 72
    heights = spread([float(points[name][1]) for name in names], text_height)
    for name, height in zip(names, heights, strict=True):
        offset = (height - float(points[name][1])) * 72 / figure.dpi
        ax.annotate(
            name, xy=labels[name], xytext=(8, offset), textcoords="offset points", va="center",
            color=text_color(colors.get(name, INK)), fontsize=9.5, annotation_clip=False,
        )  # fmt: skip
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


def _wrapped(figure: Figure, text: str, size: float, weight: str) -> str:
    """``text`` in lines that fit the figure's width, measured in its own font."""
    # Words are measured without hinting, which can widen a line by two or three per cent.
    room, space = figure.get_size_inches()[0] * 72 * 0.96, size * 0.35
    lines: list[list[str]] = [[]]
    used = 0.0
    for word in text.split():
        width = _width(word, size, weight) + space
        if used + width > room and lines[-1]:
            lines.append([])
            used = 0.0
        lines[-1].append(word)
        used += width
    return "\n".join(" ".join(line) for line in lines)


@lru_cache(maxsize=4096)
def _width(word: str, size: float, weight: str) -> float:
    """Width of a word in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=_FONT, weight=weight, size=size)
    return float(text_to_path.get_text_width_height_descent(word, font, ismath=False)[0])


def _figure_of(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    if figure is None:
        raise InputError("These axes belong to no figure.")
    return figure


def _lines(text: str) -> int:
    return len(text.splitlines())


@cache
def _settings() -> Any:
    from matplotlib import rc_params_from_file

    style = Path(__file__).with_name("house.mplstyle")
    return dict(rc_params_from_file(style, use_default_template=False))
