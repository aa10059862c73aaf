"""What do results of a study share? A frame, the doors of every result, and a plain picture of the frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import getdoc
from typing import Any, ClassVar, Final

import pandas as pd

from undercut.eventstudy.results import draw_intervals
from undercut.result import Axes, Result
from undercut.studies.presentation import Part

#: Columns that hold the estimate, the first one that a frame has; else its first column of numbers.
_ESTIMATES: Final = (
    "median",
    "estimate",
    "elasticity",
    "change",
    "effect",
    "share",
    "implied",
    "total",
    "value",
)


class Framed(Result):
    """A frame, and in subclasses what it was made with. Pages draw figures of their own.

    For a first look, subclasses may say which column names the rows (``row=``) and which holds the estimate
    (``value=``); else the first column of words is taken, and the first of numbers or of usual estimates.
    """

    ROW: ClassVar[str] = ""
    VALUE: ClassVar[str] = ""
    frame: pd.DataFrame

    def __init_subclass__(cls, row: str = "", value: str = "", **others: Any) -> None:
        super().__init_subclass__(**others)
        cls.ROW, cls.VALUE = row or cls.ROW, value or cls.VALUE

    def plot(self, ax: Axes | None = None) -> Axes:
        """A first look: a dot a row, with its interval where the frame has one."""
        return first_look(self.frame, ax, self.ROW, self.VALUE)


class Shown(Framed):
    """A frame and what a page shows of it, for results that carry nothing else.

    Attributes
    ----------
    page : callable
        Takes the frame and gives the parts; its docstring says what the result is.
    row, value : str
        Columns for a first look: names of the rows, and estimates. Frames with ``ci_low`` and ``ci_high``
        hold moves of shares in decimals, which are drawn in percent.
    """

    page: Callable[[pd.DataFrame], Iterable[Part]]
    row: str = ""
    value: str = ""

    def parts(self) -> Iterable[Part]:
        """What the result puts on a page."""
        return self.page(self.frame)

    def summary(self) -> str:
        """What was asked, and the frame."""
        asked = (getdoc(getattr(self.page, "func", self.page)) or "").partition("\n")[0]
        return super().summary().replace(type(self).__name__, asked, 1)

    def plot(self, ax: Axes | None = None) -> Axes:
        """A first look: a dot a row, with its interval where the frame has one."""
        if {"ci_low", "ci_high"} <= {*self.frame}:
            return draw_intervals(self.frame, ax, label=self.row or "group", value=self.value or "car")
        return first_look(self.frame, ax, self.row, self.value)


def first_look(frame: pd.DataFrame, ax: Axes | None = None, row: str = "", value: str = "") -> Axes:
    """A dot a row of a frame, with its interval where there is one; see `Framed` for the columns."""
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1] if ax is None else ax
    rows = frame.head(40)
    places, numbers = range(len(rows)), list(rows.select_dtypes("number").columns)
    column = next((name for name in (value, *_ESTIMATES, *numbers) if name in numbers), None)
    if column is not None:
        if {"low", "high"} <= set(numbers):
            ax.hlines(places, rows["low"], rows["high"], color="0.6")
        ax.plot(rows[column], places, "o")
        ax.set_xlabel(str(column).replace("_", " "))
    words = [row] if row else list(rows.columns.difference(numbers, sort=False))
    ax.set_yticks(places, rows[words[0]].astype(str).tolist() if words else None)
    ax.invert_yaxis()
    return ax
