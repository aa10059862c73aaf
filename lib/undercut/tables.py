"""How does a table look? In the house style, readable by screen readers and on dark pages."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from undercut.errors import InputError, unknown

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["usd", "integer", "number", "percent", "share", "signed_percent", "date", "text"]

#: For JupyterLab, light or dark; pages have a style sheet of their own and leave this out.
_STYLE: Final = """<style>
.undercut-table { overflow-x: auto; padding: 10px 0; }
.undercut-table table { border-collapse: collapse; color: currentColor; font-size: 0.875em; }
.undercut-table caption { text-align: left; }
.undercut-table th, .undercut-table td { text-align: left; padding: 5px; font-weight: normal; }
.undercut-table thead th { font-weight: 600; border-bottom: 1.5px solid; vertical-align: bottom; }
.undercut-table tbody tr:nth-child(n) { background: none; }
.undercut-table tr { border-bottom: 1px solid color-mix(in srgb, currentColor 22%, transparent); }
.undercut-table .undercut-right { text-align: right; font-variant-numeric: tabular-nums; }
.undercut-table .undercut-whole { white-space: nowrap; }
</style>"""
_MISSING: Final = "\N{EN DASH}"
#: Figure space and punctuation space: as wide as a digit, and as a point.
_DIGIT, _POINT = "\u2007", "\u2008"
#: Shorter texts never break: names and dates stay whole.
_WHOLE: Final = 26


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
        Where a column or format does not exist, or a column stands twice.

    Examples
    --------
    >>> import pandas as pd
    >>> prices = pd.DataFrame({"model": ["a"], "price": [0.1]})
    >>> table = show(prices, title="Prices", formats={"price": "usd"}, row_label="model")
    >>> "$0.10" in table.html
    True
    """

    if not frame.columns.is_unique:
        twice = ", ".join(map(repr, frame.columns[frame.columns.duplicated()].unique()))
        raise InputError(f"Table {title!r}: a column stands twice: {twice}. Rename or drop one.")
    labels, units, formats = labels or {}, units or {}, formats or {}
    named = [*labels, *units, *formats, *([row_label] if row_label else [])]
    for column in named:
        if column not in frame.columns:
            raise unknown("column", column, map(str, frame.columns))
    headings = {
        str(column): labels.get(column, str(column).replace("_", " "))
        + (f" ({units[column]})" if column in units else "")
        for column in frame.columns
    }
    texts = frame.astype(object).copy()
    kinds = {column: formats.get(column) or _default_format(frame[column]) for column in frame.columns}
    for column, kind in kinds.items():
        texts[column] = _texts(frame[column], str(column), kind)
    for column in _constant(texts, but=row_label):
        subtitle = f"{subtitle}; " if subtitle else ""
        subtitle += f"{headings.pop(str(column))}: {texts.pop(column).iloc[0].strip()}"
    return Table(_html(texts, headings, kinds, readable(title), readable(subtitle), row_label))


def _html(
    texts: pd.DataFrame, headings: Mapping[str, str], kinds: Mapping[Any, Format], title: str, subtitle: str,
    row_label: str | None,
) -> str:  # fmt: skip
    """The table with a caption that screen readers announce, and headers that say of what they are."""
    columns = sorted(texts.columns, key=lambda column: column != row_label)
    right = [kinds[column] not in ("text", "date") for column in columns]
    scopes = ["row" if column == row_label else "" for column in columns]
    head = "".join(map(_cell, (headings[str(column)] for column in columns), right, ["col"] * len(columns)))
    rows = texts[columns].itertuples(index=False, name=None)
    body = "\n".join(f"<tr>{''.join(map(_cell, row, right, scopes))}</tr>" for row in rows)
    heading = f'<strong class="undercut-title" style="display: block">{escape(title)}</strong>'
    return (
        f'<div class="undercut-table">{_STYLE}\n<table><caption>{heading}{escape(subtitle)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _cell(text: Any, right: bool, scope: str) -> str:
    """One cell; a text of a few words never breaks: "GPT-3.5 Turbo" stays on one line."""
    shown = text if isinstance(text, str) else _MISSING
    classes = ["undercut-right"] * right + ["undercut-whole"] * (len(shown) <= _WHOLE)
    kind = f'th scope="{scope}"' if scope else "td"
    return f'<{kind} class="{" ".join(classes)}">{escape(shown)}</{kind[:2]}>'


def _default_format(column: pd.Series) -> Format:
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_integer_dtype, is_numeric_dtype

    if is_datetime64_any_dtype(column):
        return "date"
    if not is_numeric_dtype(column) or is_bool_dtype(column):
        return "text"
    return "integer" if is_integer_dtype(column) else "number"


def _texts(column: pd.Series, name: str, kind: Format) -> list[Any]:
    """The cells of a column as texts, padded so that their decimal points stand below one another."""
    if kind not in get_args(Format):
        raise InputError(f"Format of {name!r} must be one of {', '.join(get_args(Format))}; got {kind!r}.")
    if kind == "text":
        return [None if cell is None or cell != cell else readable(str(cell)) for cell in column]
    cells = [None if value is None or value != value else _text(value, kind) for value in column]
    if kind == "date":
        return cells
    tails = [len(cell.rstrip("%").partition(".")[2]) if cell else 0 for cell in cells]
    most = max(tails, default=0)
    return [
        cell and cell + _DIGIT * (most - tail) + (_POINT if most and not tail else "")
        for cell, tail in zip(cells, tails, strict=True)
    ]


def readable(text: str) -> str:
    """A text with true minus signs, and the name of a column or rule as words.

    Examples
    --------
    >>> readable("from -3% to 2%, 2026-11-17"), readable("source_read")
    ('from −3% to 2%, 2026-11-17', 'source read')
    """
    if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", text):
        return text.replace("_", " ")
    return re.sub(r"(?<![\w.,:/\-\N{EN DASH}])-(?=[$.]?\d)", "\N{MINUS SIGN}", text)


def _text(value: Any, kind: Format) -> str:
    if kind == "date":
        return f"{value:%Y-%m-%d}" if hasattr(value, "strftime") else str(value)
    if kind == "integer":
        return f"{value:,.0f}".replace("-", "\N{MINUS SIGN}")
    if kind == "usd":
        return usd(value)
    number = 100 * value if kind == "share" else value
    if kind == "number":
        text = _significant(abs(number))
    else:
        text = f"{abs(number):,.{0 if abs(number) >= 99.95 else 1}f}%"
    is_zero = not text.strip("0.,%")
    sign = "\N{MINUS SIGN}" if number < 0 else "+" if kind == "signed_percent" else ""
    return text if is_zero else sign + text


def _significant(size: float) -> str:
    """Three significant digits; larger numbers are rounded to whole ones."""
    if size == 0 or math.isinf(size):
        return f"{size:.0f}"
    return f"{size:,.{min(10, max(0, 2 - math.floor(math.log10(size))))}f}"


def _constant(texts: pd.DataFrame, *, but: str | None) -> list[Any]:
    """Columns that say the same in each of at least four rows: said once, above the table."""
    if len(texts) < 4:
        return []
    return [
        column for column in texts.columns if column != but and texts[column].eq(texts[column].iloc[0]).all()
    ]


def usd(value: float) -> str:
    """Dollars with cents; below a dollar with three significant digits where the price has them."""
    size = abs(value)
    decimals = 2 if size == 0 or size >= 1 else 2 - math.floor(math.log10(size))
    text = f"{size:,.{decimals}f}"
    while decimals > 2 and text.endswith("0"):
        text, decimals = text[:-1], decimals - 1
    return ("\N{MINUS SIGN}" if value < 0 else "") + f"${text}"
