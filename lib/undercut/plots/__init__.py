"""How does a figure look? One style, one meaning of colour and mark, and marks one can point at.

Colour says where a model comes from (its developer's country), mark and line say whether it is open: discs
and solid lines are closed models, rings and dashed lines are open ones. Grey is what the title is not about.

A chart is drawn twice, for the page and for a phone: it makes its axes with `own_axes` or `panels`, which
know for which, and asks `is_narrow` where it wants to say less. Its marks answer when pointed at: each gets
the name of its row or line, its value and its interval by itself; `marks` gives better words where there are.
"""

import inspect

from undercut.plots.axes import access_key as access_key
from undercut.plots.axes import band as band
from undercut.plots.axes import dollars as dollars
from undercut.plots.axes import interval_rows as interval_rows
from undercut.plots.axes import log_axis as log_axis
from undercut.plots.axes import percent_axis as percent_axis
from undercut.plots.axes import price_axis as price_axis
from undercut.plots.axes import ratio_axis as ratio_axis
from undercut.plots.axes import row_places as row_places
from undercut.plots.axes import zero_line as zero_line
from undercut.plots.labels import fit_page as fit_page
from undercut.plots.labels import fit_phone as fit_phone
from undercut.plots.labels import highlight as highlight
from undercut.plots.labels import ink_of as ink_of
from undercut.plots.labels import label_line_ends as label_line_ends
from undercut.plots.labels import label_points as label_points
from undercut.plots.labels import spread as spread
from undercut.plots.marks import Declared as Declared
from undercut.plots.marks import Mark as Mark
from undercut.plots.marks import declare as declare
from undercut.plots.marks import marks as marks
from undercut.plots.marks import marks_of as marks_of
from undercut.plots.style import DARK as DARK
from undercut.plots.style import GREY as GREY
from undercut.plots.style import HEADLINE as HEADLINE
from undercut.plots.style import INK as INK
from undercut.plots.style import MUTED as MUTED
from undercut.plots.style import NARROW as NARROW
from undercut.plots.style import ORIGIN_COLORS as ORIGIN_COLORS
from undercut.plots.style import ORIGIN_NAMES as ORIGIN_NAMES
from undercut.plots.style import PAPER as PAPER
from undercut.plots.style import RULE as RULE
from undercut.plots.style import SERIES as SERIES
from undercut.plots.style import WIDE as WIDE
from undercut.plots.style import headline as headline
from undercut.plots.style import is_narrow as is_narrow
from undercut.plots.style import mark as mark
from undercut.plots.style import narrow as narrow
from undercut.plots.style import origin_adjective as origin_adjective
from undercut.plots.style import origin_color as origin_color
from undercut.plots.style import origin_name as origin_name
from undercut.plots.style import own_axes as own_axes
from undercut.plots.style import panels as panels
from undercut.plots.style import set_house_style as set_house_style
from undercut.plots.style import use_house_style as use_house_style

__all__ = sorted(
    name for name, value in vars().items() if not (name.startswith("_") or inspect.ismodule(value))
)
