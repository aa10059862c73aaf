"""What do results of a study share? A frame, the doors of every result, and a plain picture of the frame."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import pandas as pd

from undercut.result import Axes, Result

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
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        rows = self.frame.head(40)
        places, numbers = range(len(rows)), list(rows.select_dtypes("number").columns)
        value = next((name for name in (self.VALUE, *_ESTIMATES, *numbers) if name in numbers), None)
        if value is not None:
            if {"low", "high"} <= set(numbers):
                ax.hlines(places, rows["low"], rows["high"], color="0.6")
            ax.plot(rows[value], places, "o")
            ax.set_xlabel(str(value).replace("_", " "))
        words = [self.ROW] if self.ROW else list(rows.columns.difference(numbers, sort=False))
        ax.set_yticks(places, rows[words[0]].astype(str).tolist() if words else None)
        ax.invert_yaxis()
        return ax
