"""Axes that read like a newspaper's: dollars, percent, bands, rows of intervals, a key of marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from undercut.errors import InputError
from undercut.plots.style import INK, MUTED, PAPER, mark, own_axes
from undercut.tables import usd

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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


def percent_axis(ax: Axes, axis: str = "y", *, signed: bool = True, share: bool = False) -> Axes:
    """Percent with a true minus sign; ``share`` where the numbers are shares (0.36), not percent.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> ax = percent_axis(plt.subplots()[1])
    >>> ax.yaxis.get_major_formatter()(-2.5, 0)
    '−2.5%'
    >>> plt.close()
    """
    scale = 100.0 if share else 1.0

    def text(value: float, _: Any) -> str:
        form = ",.0f" if abs(value * scale) >= 1000 else ".3g"
        shown = f"{value * scale:{'+' if signed else ''}{form}}".replace("-", "\N{MINUS SIGN}")
        return f"{'0' if abs(value * scale) < 1e-9 else shown}%"

    getattr(ax, f"{axis}axis").set_major_formatter(text)
    return ax


def ratio_axis(ax: Axes, axis: str = "y") -> Axes:
    """Changes in percent of what is above zero: twice as much stands as far from none as half as much.

    For changes of which some are large: on a plain axis +900% leaves no room for what lies below zero.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> ax = ratio_axis(plt.subplots()[1])
    >>> down, none, up = ax.transData.transform([(0, -50), (0, 0), (0, 100)])[:, 1]
    >>> bool(abs((up - none) - (none - down)) < 1e-6)
    True
    >>> plt.close()
    """
    import numpy as np
    from matplotlib.ticker import FixedLocator, NullLocator

    if axis not in ("x", "y"):
        raise InputError(f"axis must be x or y; got {axis!r}.")
    least = -99.5  # all of it would lie infinitely far
    scale = (lambda value: np.log1p(np.maximum(value, least) / 100), lambda log: 100 * np.expm1(log))
    getattr(ax, f"set_{axis}scale")("function", functions=scale)
    one = ax.yaxis if axis == "y" else ax.xaxis
    one.set_major_locator(FixedLocator([-99, -95, -80, -50, 0, 100, 400, 1900]))
    one.set_minor_locator(NullLocator())
    return percent_axis(ax, axis)


def dollars(value: float) -> str:
    """A price as a tick label.

    Examples
    --------
    >>> [dollars(value) for value in (0.025, 0.1, 0.35795, 1, 2.5, 15, 1500)]
    ['$0.025', '$0.10', '$0.358', '$1', '$2.50', '$15', '$1,500']
    """
    text = usd(value)
    return text.removesuffix(".00") if value >= 1 and abs(value - round(value)) < 1e-9 else text


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


def row_places(sections: Iterable[Any]) -> tuple[list[float], dict[float, str]]:
    """Height of each row, and of the heading above each new section; sections without a name have none.

    Examples
    --------
    >>> row_places(["a", "a", "b"])
    ([1.0, 2.0, 4.4], {0.0: 'a', 3.4: 'b'})
    >>> row_places(["", ""])
    ([0.0, 1.0], {})
    """
    places: list[float] = []
    headings: dict[float, str] = {}
    at, last = 0.0, ""
    for name in map(str, sections):
        if name != last:
            at += 0.4 if places else 0.0
            headings[at] = last = name
            at += 1.0
        places.append(at)
        at += 1.0
    return places, headings


def access_key(ax: Axes, *, line: bool = True) -> Axes:
    """A small key for the marks of access, above the axes; colours are labelled directly and need none.

    ``line=False`` for marks without lines.
    """
    from matplotlib.lines import Line2D

    handles = []
    for access, name in (("closed", "closed"), ("open", "open weights")):
        face = MUTED if access == "closed" else PAPER
        look = mark("other", access, line=line) | {"color": MUTED, "markeredgecolor": MUTED}
        handles.append(Line2D([], [], label=name, **look | {"markerfacecolor": face}))
    ax.legend(handles=handles)
    return ax
