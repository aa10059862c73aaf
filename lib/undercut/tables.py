"""How does a table look? Great Tables in the house style, readable by screen readers and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any, Final, Literal

from undercut.errors import InputError, unknown

if TYPE_CHECKING:
    import pandas as pd
    from great_tables import GT

Format = Literal["usd", "integer", "number", "percent", "share", "signed_percent", "date", "text"]

# Great Tables checks that colours are colours. These stand for the page's own, so that a table suits
# whatever is around it (JupyterLab, a report, light or dark), and are exchanged in the finished HTML.
_INK: Final = "#010203"
_RULE: Final = "#040506"
_PAGE_COLORS: Final = {_INK: "currentColor", _RULE: "color-mix(in srgb, currentColor 22%, transparent)"}
_OPTIONS: Final[Mapping[str, Any]] = {
    "table_background_color": "transparent",
    "table_font_color": _INK,
    "table_font_size": "0.9375em",
    "table_width": "100%",
    "table_border_top_style": "none",
    "table_border_bottom_style": "none",
    "column_labels_border_top_style": "none",
    "column_labels_border_bottom_color": _INK,
    "column_labels_border_bottom_width": "1.5px",
    "column_labels_font_weight": "600",
    "table_body_border_top_style": "none",
    "table_body_border_bottom_color": _RULE,
    "table_body_hlines_color": _RULE,
    "stub_border_style": "none",
    "stub_background_color": "transparent",
    "data_row_padding": "6px",
}
#: Great Tables' method for each format, and its options.
_FORMATS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "usd": ("fmt", {"fns": lambda value: _usd(value)}),
    "integer": ("fmt_integer", {}),
    "number": ("fmt_number", {"n_sigfig": 3}),
    "percent": ("fmt_percent", {"decimals": 1, "scale_values": False}),
    "signed_percent": ("fmt_percent", {"decimals": 1, "scale_values": False, "force_sign": True}),
    "share": ("fmt_percent", {"decimals": 1}),
    "date": ("fmt_date", {"date_style": "iso"}),
    "text": ("", {}),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A finished table; Jupyter and the report page show its HTML."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def show(
    frame: pd.DataFrame,
    *,
    title: str,
    subtitle: str = "",
    labels: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    formats: Mapping[str, Format] | None = None,
    row_label: str | None = None,
) -> Table:
    """A table in the house style.

    Parameters
    ----------
    frame : DataFrame
        Shown in its order, columns as they stand; the index is not shown.
    title : str
        What the table shows: its finding.
    subtitle : str
        The measure and its unit.
    labels : mapping of column to str
        Column headings; default: the column's name.
    units : mapping of column to str
        Written behind the heading, for units that differ by column.
    formats : mapping of column to str
        usd, integer, number (three significant digits), percent (values such as -36.2), signed_percent,
        share (values such as 0.36), date or text. Default: text as it is, numbers as ``number``.
    row_label : str, optional
        The column that names the rows.

    Raises
    ------
    InputError
        Where a column or format does not exist.

    Examples
    --------
    >>> import pandas as pd
    >>> prices = pd.DataFrame({"model": ["a"], "price": [0.1]})
    >>> table = show(prices, title="Prices", formats={"price": "usd"}, row_label="model")
    >>> "$0.10" in table.html
    True
    """
    from great_tables import GT

    labels, units, formats = labels or {}, units or {}, formats or {}
    named = [*labels, *units, *formats, *([row_label] if row_label else [])]
    for column in named:
        if column not in frame.columns:
            raise unknown("column", column, map(str, frame.columns))
    headings: dict[str, Any] = {
        str(column): labels.get(column, str(column)) + (f" ({units[column]})" if column in units else "")
        for column in frame.columns
    }
    identity = sha256(f"{title}\n{frame.to_csv()}".encode()).hexdigest()[:10]
    table = GT(frame, rowname_col=row_label, id=f"table-{identity}")
    if row_label:
        table = table.tab_stubhead(label=headings.pop(row_label))
    table = table.cols_label(cases=headings).sub_missing(missing_text="–")
    for column in frame.columns:
        table = _formatted(table, column, formats.get(column) or _default_format(frame[column]))
    return Table(_captioned(table.tab_options(**_OPTIONS).as_raw_html(), title, subtitle))


def _default_format(column: pd.Series) -> Format:
    from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype

    if not is_numeric_dtype(column) or is_bool_dtype(column):
        return "text"
    return "integer" if is_integer_dtype(column) else "number"


def _formatted(table: GT, column: str, kind: Format) -> GT:
    if kind not in _FORMATS:
        raise InputError(f"Format of {column!r} must be one of {', '.join(_FORMATS)}; got {kind!r}.")
    method, options = _FORMATS[kind]
    return getattr(table, method)(columns=column, **options) if method else table


def _usd(value: float) -> str:
    """Dollars with cents; below a dollar with three significant digits where the price has them."""
    if math.isnan(value):
        return "\N{EN DASH}"
    size = abs(value)
    decimals = 2 if size == 0 or size >= 1 else 2 - math.floor(math.log10(size))
    text = f"{size:,.{decimals}f}"
    while decimals > 2 and text.endswith("0"):
        text, decimals = text[:-1], decimals - 1
    return ("\N{MINUS SIGN}" if value < 0 else "") + f"${text}"


def _captioned(html: str, title: str, subtitle: str) -> str:
    """The table with a caption that screen readers announce (Great Tables writes headings as cells)."""
    heading = f'<strong class="undercut-title" style="display: block">{escape(title)}</strong>'
    caption = f'<caption style="text-align: left">{heading}{escape(subtitle)}</caption>'
    for stand_in, color in _PAGE_COLORS.items():
        html = html.replace(stand_in, color)
    start = html.index(">", html.index("<table")) + 1
    return html[:start] + caption + html[start:]
