"""One meaning of colour and mark, one look, two widths.

Colour says where a model comes from (its developer's country), mark and line say whether it is open:
filled marks and solid lines are closed models, hollow marks and dashed lines are open ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from undercut.errors import InputError, one_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inks of the figures. On a page each becomes a variable, so that it follows the reader's choice of light
#: or dark.
INK: Final = "#16202c"
MUTED: Final = "#556170"
#: What the title of a figure is not about.
GREY: Final = "#b4bcc6"
RULE: Final = "#e1e5ea"
PAPER: Final = "#ffffff"

#: Origin of a model's developer. Far apart for red-green blind readers too; tests/test_plots.py measures it.
#: In print without colour, names at lines and marks tell them apart.
ORIGIN_COLORS: Final[Mapping[str, str]] = {"US": "#1f66b0", "CN": "#c84a12", "other": "#0f7f6b"}
ORIGIN_NAMES: Final[Mapping[str, str]] = {"US": "US", "CN": "China", "other": "Other"}

_ADJECTIVES: Final[Mapping[str, str]] = {
    "CN": "Chinese", "FR": "French", "CA": "Canadian", "IL": "Israeli", "KR": "Korean", "JP": "Japanese",
    "DE": "German", "AE": "Emirati", "IN": "Indian", "GB": "British",
}  # fmt: skip

#: Series that are no origins: the first is what the title is about.
SERIES: Final = (INK, "#7a4fb5", "#946200", MUTED)

#: The same colours on a dark page.
DARK: Final[Mapping[str, str]] = {
    INK: "#e8ecf1",
    MUTED: "#a3afbc",
    GREY: "#566270",
    RULE: "#27303a",
    PAPER: "#12171d",
    ORIGIN_COLORS["US"]: "#74b0f4",
    ORIGIN_COLORS["CN"]: "#ff9460",
    ORIGIN_COLORS["other"]: "#4fcdb2",
    SERIES[1]: "#bfa0f0",
    SERIES[2]: "#e3b341",
}

#: Width in inches of a figure on a page and on a phone; a hundredth of an inch is a pixel there.
WIDE: Final = 8.6
NARROW: Final = 3.58

ACCESS: Final = ("closed", "open", "open-restricted", "open-noncommercial")
_FONT: Final = "DejaVu Sans"
_IS_NARROW: ContextVar[bool] = ContextVar("is_narrow", default=False)
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
    one_of("access", access, ACCESS)
    color = origin_color(origin)
    return {
        "color": color,
        "linestyle": "none" if not line else "-" if access == "closed" else (0, (4, 2)),
        "marker": "o",
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
    figure = figure_of(ax)
    if is_narrow():  # the page writes them
        figure.set_layout_engine("constrained")
        return ax
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


@contextmanager
def narrow() -> Iterator[None]:
    """Draw for a phone inside the ``with`` block: `own_axes` and `panels` make narrow figures."""
    token = _IS_NARROW.set(True)
    try:
        yield
    finally:
        _IS_NARROW.reset(token)


def is_narrow() -> bool:
    """Whether the figure is drawn for a phone: fewer names, shorter texts."""
    return _IS_NARROW.get()


def own_axes(ax: Axes | None = None, width: float = WIDE, height: float = 4.2) -> Axes:
    """``ax``, or the axes of a new figure of this size in inches; on a phone it is narrow."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(min(width, NARROW) if is_narrow() else width, height), layout="constrained")[
        1
    ]


def panels(
    count: int, *, columns: int = 3, height: float = 2.2, on_phone: int = 1, **options: Any
) -> list[Axes]:
    """Axes of small multiples, filled row by row; on a phone in ``on_phone`` columns.

    Parameters
    ----------
    count, columns : int
        Panels, and how many stand side by side.
    height : float
        Of one row, in inches.
    on_phone : int
        Columns on a phone.
    **options
        As `matplotlib.pyplot.subplots`: ``sharex``, ``sharey``, ...
    """
    import matplotlib.pyplot as plt

    columns = min(on_phone if is_narrow() else columns, count)
    rows = -(-count // columns)
    size = (NARROW if is_narrow() else WIDE, 0.4 + height * rows)
    _, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained", **options)
    for place, empty in enumerate(grid.flat[count:], start=count):
        empty.set_visible(False)
        grid.flat[place - columns].tick_params(labelbottom=True)
    return list(grid.flat[:count])


def _wrapped(figure: Figure, text: str, size: float, weight: str) -> str:
    """``text`` in lines that fit the figure's width, measured in its own font."""
    # Words are measured without hinting, which can widen a line by two or three percent.
    room, space = figure.get_size_inches()[0] * 72 * 0.96, size * 0.35
    lines: list[list[str]] = [[]]
    used = 0.0
    for word in text.split():
        width = text_width(word, size, weight) + space
        if used + width > room and lines[-1]:
            lines.append([])
            used = 0.0
        lines[-1].append(word)
        used += width
    return "\n".join(" ".join(line) for line in lines)


@lru_cache(maxsize=4096)
def text_width(word: str, size: float, weight: str = "normal") -> float:
    """Width of a word in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=_FONT, weight=weight, size=size)
    return float(text_to_path.get_text_width_height_descent(word, font, ismath=False)[0])


def lay_out(figure: Figure) -> None:
    """Give the axes their places, for which their ticks are written."""
    engine = figure.get_layout_engine()
    if engine is None:
        figure.draw_without_rendering()
    else:
        engine.execute(figure)


def figure_of(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    if figure is None:
        raise InputError("These axes belong to no figure.")
    return figure


def _lines(text: str) -> int:
    return len(text.splitlines())


@cache
def _settings() -> Any:
    from matplotlib import rc_params_from_file

    style = Path(__file__).parents[1] / "house.mplstyle"
    return dict(rc_params_from_file(style, use_default_template=False))
