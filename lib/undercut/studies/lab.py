"""What can one do with results in JupyterLab? Point at the marks of a chart, and move values with sliders."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from undercut import plots
from undercut.errors import MissingExtraError
from undercut.extras import require
from undercut.report.catalogue.project import OUTPUT_VARIABLE
from undercut.report.page.figures import as_picture, inline
from undercut.report.page.render import page_script, page_style
from undercut.result import Result


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart whose marks say what they are, to the mouse, to fingers and to the arrow keys."""

    svg: str
    title: str

    def page(self) -> str:
        """The chart as a page of its own, which asks no other host."""
        style = f"{page_style()} body {{ padding: 8px; }} svg {{ max-width: 100%; height: auto; }}"
        script = f"<script>{page_script()}</script>"
        main = f"<main><figure>{self.svg}</figure></main>"
        return f'<!DOCTYPE html><html lang="en"><style>{style}</style>{main}{script}</html>'

    def _repr_html_(self) -> str:
        frame = 'style="width:100%;height:480px;border:0"'
        return f'<iframe srcdoc="{escape(self.page())}" title="{escape(self.title)}" {frame}></iframe>'


def chart(result: Result) -> Chart:
    """The picture of a result, to point at.

    Parameters
    ----------
    result : Result
        Anything with ``.plot()``.

    Examples
    --------
    >>> import pandas as pd
    >>> from undercut.studies.own import two_groups
    >>> rows = pd.DataFrame({"team": ["a"] * 9 + ["b"] * 9, "cost": range(11, 29)})
    >>> "<title>" in chart(two_groups(rows, value="cost", group="team")).svg
    True
    """
    title = result.summary().splitlines()[0]
    with plots.use_house_style():
        picture = as_picture(result.plot().figure)  # type: ignore[arg-type]
    return Chart(inline(picture.svg.decode(), type(result).__name__, alt=title), title)


def sliders(function: Callable[..., Any], *fixed: Any, **values: Any) -> str | None:
    """Move the values of a function with widgets and see its result anew.

    While a report is built nothing is shown: a page has nothing to move.

    Parameters
    ----------
    function : callable
        Gives a result for the values; should take a second or less.
    *fixed
        Its first arguments, which stay.
    **values
        For each further argument a range ``(low, high)`` or ``(low, high, step)``, a list to choose from, or
        True or False, as ipywidgets takes them.

    Returns
    -------
    None: the widgets show themselves; where ipywidgets is not installed, the words how to get it.
    """
    if OUTPUT_VARIABLE in os.environ:
        return None
    try:
        widgets = require("ipywidgets", extra="lab")
    except MissingExtraError as missing:
        return str(missing)

    def shown(**moved: Any) -> Any:
        return function(*fixed, **moved)

    widgets.interact(shown, **values)
    return None
