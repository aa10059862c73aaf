"""What can one do with every result? The same five doors on each, in a terminal and in JupyterLab."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, fields
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes as Axes
else:

    class Axes:
        """`matplotlib.axes.Axes`, as annotations name it: drawing loads matplotlib, a result does not."""


_LONGEST_TEXT = 1_900
_ROWS_SHOWN = 20


class Result(ABC):
    """Base of results: short forms for reading, frames for computing, a picture.

    A result is a frozen dataclass that says `plot`, and usually `table` and `summary`; it carries the options
    that it was made with. One that holds more than a frame says `to_frame` too.
    """

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A dataclass writes its own repr only where its class has none; that one prints whole frames.
        cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    def to_frame(self) -> pd.DataFrame:
        """Every number of the result, tidy: its first frame, or its fields as one row where it has none."""
        import pandas as pd

        held = (getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]
        frame = next((value for value in held if isinstance(value, pd.DataFrame)), None)
        return pd.DataFrame([asdict(self)]) if frame is None else frame.copy()  # type: ignore[call-overload]

    @abstractmethod
    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result on ``ax``, or on axes of its own, and return them."""

    def table(self) -> pd.DataFrame:
        """The numbers as one reads them; by default those of `to_frame`."""
        return self.to_frame()

    def summary(self) -> str:
        """The result as text, as a statsmodels user expects it."""
        return f"{type(self).__name__}\n{self.table().to_string(max_rows=_ROWS_SHOWN)}"

    def __repr__(self) -> str:
        text = self.summary()
        return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rsplit("\n", 1)[0] + "\n..."

    def _repr_html_(self) -> str:
        heading = escape(self.summary().splitlines()[0])
        shown = self.table().head(_ROWS_SHOWN)
        return f"<p><strong>{heading}</strong></p>{shown.to_html(border=0, max_cols=12)}"
