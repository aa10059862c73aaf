"""What do results of a study share? A frame, the doors of every result, and a plain picture of the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from undercut.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Framed(Result):
    """A frame, and in subclasses what it was made with.

    Subclasses say which column names the rows (``ROW``) and which holds the estimate (``VALUE``, none: the
    frame holds words). Pages draw figures of their own; ``plot`` is for a first look.
    """

    ROW: ClassVar[str] = ""
    VALUE: ClassVar[str] = ""
    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The frame."""
        return self.frame.copy()

    def plot(self, ax: Axes | None = None) -> Axes:
        """A dot a row, with its interval where the frame has one."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        rows = self.frame.head(40)
        places = range(len(rows))
        if self.VALUE:
            if {"low", "high"} <= set(rows.columns):
                ax.hlines(places, rows["low"], rows["high"], color="0.6")
            ax.plot(rows[self.VALUE], places, "o")
            ax.set_xlabel(self.VALUE.replace("_", " "))
        ax.set_yticks(places, rows[self.ROW].astype(str).tolist())
        ax.invert_yaxis()
        return ax
