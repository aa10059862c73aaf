"""What do results of a study share? A frame or parts, the doors of every result, and a plain picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from html import escape
from inspect import getdoc
from typing import Any, ClassVar, Final, ParamSpec

import pandas as pd

from undercut.result import Axes, Result
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table, drawn

P = ParamSpec("P")
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
        Columns for a first look: names of the rows, and estimates.
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
        return first_look(self.frame, ax, self.row, self.value)


class Section(Result):
    """What a study says of one question: its parts, in the order in which a reader meets them.

    Attributes
    ----------
    title : str
        What was asked.
    said : tuple of Part
        Numbers, figures, tables and sentences.
    """

    title: str
    said: tuple[Part, ...]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.said)

    def parts(self) -> Iterable[Part]:
        """What the section puts on a page."""
        return self.said

    def to_frame(self) -> pd.DataFrame:
        """Its numbers, a row each; without any, the first frame that it shows."""
        numbers = self._numbers()
        return pd.DataFrame(numbers) if numbers else self.table()

    def _numbers(self) -> list[dict[str, Any]]:
        return [
            {"key": each.key, "label": each.label, "value": each.value, "unit": each.unit, "n": each.n}
            | dict(zip(("low", "high"), each.ci or (None, None), strict=True))
            for each in self.said
            if isinstance(each, Number)
        ]

    def table(self) -> pd.DataFrame:
        """The first table; without any, what the first figure draws, and else its numbers."""
        tables = [each.frame for each in self.said if isinstance(each, Table)]
        shown = [each.data for each in self.said if isinstance(each, Figure)]
        frames = [frame for frame in [*tables, *shown] if frame is not None]
        return frames[0] if frames else pd.DataFrame(self._numbers())

    def summary(self) -> str:
        """What was asked, what the section says, and its table."""
        table = self.table()
        return "\n".join(
            [self.title, *self._told(), *([] if table.empty else [table.to_string(max_rows=20)])]
        )

    def _repr_html_(self) -> str:
        told = "".join(f"<p>{escape(text)}</p>" for text in self._told())
        return told if self.table().empty else f"{super()._repr_html_()}{told}"

    def _told(self) -> list[str]:
        return [each.text for each in self.said if isinstance(each, Sentence | Answer | Caveat)]

    def plot(self, ax: Axes | None = None) -> Axes:
        """The first figure as the page draws it; on axes that are given, a first look at its numbers."""
        figures = [each for each in self.said if isinstance(each, Figure)]
        return drawn(figures[0]).axes[0] if figures and ax is None else first_look(self.to_frame(), ax)


def section(say: Callable[P, Iterable[Part]]) -> Callable[P, Section]:
    """Make a function that yields parts return them as a `Section`, whose title is its first line."""

    @wraps(say)
    def said(*args: P.args, **kwargs: P.kwargs) -> Section:
        title = (getdoc(say) or say.__name__).partition("\n")[0]
        return Section(title, tuple(say(*args, **kwargs)))

    return said


def first_look(frame: pd.DataFrame, ax: Axes | None = None, row: str = "", value: str = "") -> Axes:
    """A dot a row of a frame, with its interval where there is one; see `Framed` for the columns."""
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1] if ax is None else ax
    rows = frame.head(40)
    places, numbers = range(len(rows)), list(rows.select_dtypes("number").columns)
    column = next((name for name in (value, *_ESTIMATES, *numbers) if name in numbers), None)
    if column is not None:
        for low, high in (("low", "high"), ("ci_low", "ci_high")):
            if {low, high} <= set(numbers):
                ax.hlines(places, rows[low], rows[high], color="0.6")
        ax.plot(rows[column], places, "o")
        ax.set_xlabel(str(column).replace("_", " "))
    words = [row] if row else list(rows.columns.difference(numbers, sort=False))
    ax.set_yticks(places, rows[words[0]].astype(str).tolist() if words else None)
    ax.invert_yaxis()
    return ax
