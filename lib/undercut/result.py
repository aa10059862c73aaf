"""What can one do with every result? The same five doors on each, in a terminal and in JupyterLab."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes as Axes
else:

    class Axes:
        """`matplotlib.axes.Axes`, as annotations name it: drawing loads matplotlib, a result does not."""


_LONGEST_TEXT = 1_900
_ROWS_SHOWN = 20


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Result(ABC):
    """Base of results: short forms for reading, frames for computing, a picture.

    Every result is a frozen dataclass, without saying so. It says `plot`, and usually `table` and `summary`;
    it carries the options that it was made with. One that holds more than a frame says `to_frame` too.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, *, kw_only: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__dataclass_fields__" not in vars(cls):
            dataclass(frozen=True, repr=False, kw_only=kw_only)(cls)
            # Those below do; a class may then say @dataclass itself, which writes a repr where it finds none.
            del cls.__setattr__, cls.__delattr__
            cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def to_frame(self) -> pd.DataFrame:
        """Every number of the result, tidy: its first frame, or its fields as one row where it has none."""
        import pandas as pd

        held = (getattr(self, field.name) for field in fields(self))
        frame = next((value for value in held if isinstance(value, pd.DataFrame)), None)
        return pd.DataFrame([asdict(self)]) if frame is None else frame.copy()

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
        own = type(self).summary is not Result.summary
        first = self.summary() if own else (type(self).__doc__ or type(self).__name__)
        heading = escape(first.strip().splitlines()[0].removesuffix("."))
        shown = self.table().head(_ROWS_SHOWN)
        counted = type(shown.index).__name__ == "RangeIndex"  # numbers of rows say nothing
        return f"<p><strong>{heading}</strong></p>{_html(shown, index=not counted)}"


def _html(frame: pd.DataFrame, *, index: bool) -> str:
    """A frame whose numbers have the digits that matter."""

    def shown(number: float) -> str:
        return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"

    return frame.to_html(border=0, max_cols=12, index=index, float_format=shown)
