"""How does foreign text become HTML that can do no harm? Sanitising, Markdown, formulas, code colours."""

from __future__ import annotations

import re
from functools import cache
from html import escape, unescape
from typing import Any
from xml.etree import ElementTree

from undercut.errors import DataError

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "details",
    "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "kbd", "li", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "summary", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"class", "lang", "style", "title"},
    "a": {"href"},
    "abbr": {"title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}
_STYLES = {
    "background-color", "border-left", "color", "font-size", "font-style", "font-weight", "text-align",
    "text-decoration", "vertical-align", "white-space", "width",
}  # fmt: skip
_CLASSES = re.compile(r"undercut-[\w-]+|dataframe|simpletable")
_LIMITS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
_MATH_ATTRIBUTES = {
    "accent", "columnalign", "columnlines", "columnspacing", "depth", "display", "displaystyle", "fence",
    "form", "height", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits",
    "notation", "rowlines", "rowspacing", "rspace", "scriptlevel", "separator", "stretchy", "voffset",
    "width", "xmlns",
}  # fmt: skip
_FORMULA = re.compile("\ue000(\\d+)\ue001")
_PRIVATE = str.maketrans("", "", "\ue000\ue001")


def sanitise(fragment: str) -> str:
    """A fragment with only harmless tags, attributes and styles, and nothing fetched from elsewhere."""
    import nh3

    clean = nh3.clean(
        fragment,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_kept_attribute,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer",
    )
    # An image that would be fetched from elsewhere has lost its source; its alternative text stays.
    clean = re.sub(r"<img(?![^>]* src=)[^>]*?(?: alt=\"([^\"]*)\")?[^>]*>", r"\1", clean)
    return _accessible_tables(clean)


def _kept_attribute(_tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return " ".join(name for name in value.split() if _CLASSES.fullmatch(name)) or None
    if attribute == "headers":
        return None  # refers to ids, and ids of two tables may collide; scope says the same
    if attribute == "src":
        return value if re.match(r"data:image/(png|jpeg|gif|svg\+xml|webp)[;,]", value) else None
    if attribute == "href":
        return None if value.lower().startswith("data:") else value
    return value


def _accessible_tables(fragment: str) -> str:
    """Header cells with a scope, no empty header cells, and each table in a box that scrolls by itself."""
    fragment = re.sub(r"<th(?: [^>]*)?>\s*</th>", "<td></td>", fragment)
    parts = re.split(r"(<thead.*?</thead>)", fragment, flags=re.DOTALL)
    for position, part in enumerate(parts):
        scope = "col" if part.startswith("<thead") else "row"
        parts[position] = re.sub(r"<th(?![a-z])(?![^>]*\bscope=)", f'<th scope="{scope}"', part)
    box = '<div class="scroll" tabindex="0" role="region" aria-label="Table">'
    return "".join(parts).replace("<table", f"{box}<table").replace("</table>", "</table></div>")


def formula(latex: str, *, display: bool) -> str:
    """A LaTeX formula as MathML.

    Raises
    ------
    DataError
        Where the formula cannot be read.
    """
    from latex2mathml.converter import convert_to_element

    try:
        # Not the converter's own text form, which leaves "<" in a formula unescaped.
        element = convert_to_element(latex.strip(), display="block" if display else "inline")
    # The converter fails in many ways on wrong LaTeX (IndexError, KeyError, its own errors).
    except Exception as error:
        raise DataError(f"formula ${latex}$ cannot be turned into MathML: {error!r}") from error
    for part in element.iter():
        part.text = unescape(part.text) if part.text else None
        part.attrib = {name: value for name, value in part.attrib.items() if name in _MATH_ATTRIBUTES}
        if display and part.tag in _LIMITS and unescape(part[0].text or " ") in "∑∏⋃⋂⨁":
            part.tag = _LIMITS[part.tag]  # the converter forgets the limits of sums inside brackets
    mathml = ElementTree.tostring(element, encoding="unicode")
    return f'<div class="formula" tabindex="0">{mathml}</div>' if display else mathml


def markdown(text: str) -> str:
    """Markdown with tables and formulas as sanitised HTML."""
    formulas: list[str] = []
    fragment = str(_parser()(text.translate(_PRIVATE), formulas))
    return _FORMULA.sub(lambda found: formulas[int(found.group(1))], sanitise(fragment))


def highlighted(source: str) -> str:
    """Python source with one class for each kind of token; the page's style gives them colours."""
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    return str(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))


def plain(text: str) -> str:
    """Text for a ``pre``, without the colour codes of terminals."""
    return escape(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).rstrip("\n"))


def slug(text: str, taken: set[str]) -> str:
    """An id for a heading, not in ``taken``, to which it is added.

    Examples
    --------
    >>> slug("What could be wrong?", set())
    'what-could-be-wrong'
    """
    stem = re.sub(r"\W+", "-", text.lower()).strip("-") or "section"
    name, count = stem, 1
    while name in taken:
        count += 1
        name = f"{stem}-{count}"
    taken.add(name)
    return name


@cache
def _parser() -> Any:
    """Markdown to HTML; formulas are put aside as numbered marks, which sanitising leaves alone."""
    import mistune

    class Renderer(mistune.HTMLRenderer):
        """Mistune's own, raw HTML kept for the sanitiser."""

        formulas: list[str]

        def inline_math(self, text: str) -> str:
            return self._aside(text, display=False)

        def block_math(self, text: str) -> str:
            return f"<div>{self._aside(text, display=True)}</div>"

        def _aside(self, text: str, *, display: bool) -> str:
            self.formulas.append(formula(text, display=display))
            return f"\ue000{len(self.formulas) - 1}\ue001"

    renderer = Renderer(escape=False)
    parse = mistune.create_markdown(renderer=renderer, plugins=["table", "strikethrough", "math"])

    def run(text: str, formulas: list[str]) -> Any:
        renderer.formulas = formulas
        return parse(text)

    return run


@cache
def template(name: str) -> Any:
    """A page's template; everything put into it is escaped unless marked safe there."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("undercut.report.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
