"""How does a figure look? One style, one meaning of colour and mark, and marks one can point at.

Colour says where a model comes from (its developer's country), mark and line say whether it is open: discs
and solid lines are closed models, rings and dashed lines are open ones. Grey is what the title is not about.

A chart is drawn twice, for the page and for a phone: it makes its axes with `own_axes` or `panels`, which
know for which, and asks `is_narrow` where it wants to say less. Its marks answer when pointed at: each gets
the name of its row or line, its value and its interval by itself; `marks` gives better words where there are.
"""

from undercut.plots.axes import (
    access_key,
    band,
    dollars,
    interval_rows,
    log_axis,
    percent_axis,
    price_axis,
    ratio_axis,
    row_places,
    zero_line,
)
from undercut.plots.labels import highlight, ink_of, label_line_ends, label_points, spread
from undercut.plots.marks import Mark, marks, marks_of
from undercut.plots.phone import fit_page, fit_phone
from undercut.plots.series import Declared, declare
from undercut.plots.style import (
    DARK,
    GREY,
    HEADLINE,
    INK,
    MUTED,
    NARROW,
    ORIGIN_COLORS,
    ORIGIN_NAMES,
    PAPER,
    RULE,
    SERIES,
    WIDE,
    headline,
    is_narrow,
    mark,
    narrow,
    origin_adjective,
    origin_color,
    origin_name,
    own_axes,
    panels,
    set_house_style,
    use_house_style,
)

__all__ = [
    "DARK",
    "GREY",
    "HEADLINE",
    "INK",
    "MUTED",
    "NARROW",
    "ORIGIN_COLORS",
    "ORIGIN_NAMES",
    "PAPER",
    "RULE",
    "SERIES",
    "WIDE",
    "Declared",
    "Mark",
    "access_key",
    "band",
    "declare",
    "dollars",
    "fit_page",
    "fit_phone",
    "headline",
    "highlight",
    "ink_of",
    "interval_rows",
    "is_narrow",
    "label_line_ends",
    "label_points",
    "log_axis",
    "mark",
    "marks",
    "marks_of",
    "narrow",
    "origin_adjective",
    "origin_color",
    "origin_name",
    "own_axes",
    "panels",
    "percent_axis",
    "price_axis",
    "ratio_axis",
    "row_places",
    "set_house_style",
    "spread",
    "use_house_style",
    "zero_line",
]
