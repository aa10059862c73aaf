"""What do the results of these studies have in common? Rows, a picture of them, and a page."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, ClassVar

import pandas as pd

from undercut.eventstudy.charts import draw_intervals
from undercut.result import Axes, Result
from undercut.studies.presentation import Part


class Shown(Result):
    """Estimates row by row, presented by the function of a ``pages`` module that the class names (``page=``).

    Attributes
    ----------
    rows : pandas.DataFrame
        One row an estimate, decimals.
    """

    PAGE: ClassVar[str] = ""
    LABEL: ClassVar[str] = "group"
    VALUE: ClassVar[str] = "car"

    rows: pd.DataFrame

    def __init_subclass__(cls, page: str = "", label: str = "", value: str = "", **others: Any) -> None:
        super().__init_subclass__(**others)
        cls.PAGE, cls.LABEL, cls.VALUE = page or cls.PAGE, label or cls.LABEL, value or cls.VALUE

    def parts(self) -> Iterator[Part]:
        """What the result puts on a page."""
        module, _, function = self.PAGE.partition(":")
        yield from getattr(import_module(f"undercut.studies.stocks.{module}"), function)(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every estimate with its interval."""
        return draw_intervals(self.rows, ax, label=self.LABEL, value=self.VALUE)
