"""How does a drawn figure become files, and stand in a page? For both widths, in its inks, with its marks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from undercut import plots
from undercut.plots import DARK, HEADLINE
from undercut.report.page import html
from undercut.strict_json import dumps

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType


_SLACK: Final = 3.0  # points; a text is measured as hinted pixels, and its outlines reach a little higher
#: The document type and the metadata name outside addresses.
_DROPPED: Final = re.compile(r"<!DOCTYPE[^>]*>\s*|<metadata>.*?</metadata>\s*", re.DOTALL)
#: Class of the group that holds what marks say; the page's script finds it by that.
MARKS_CLASS: Final = "marks"


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as files.

    Attributes
    ----------
    svg : bytes
        The same on every build; every mark holds a ``<title>`` that says what it is.
    png : bytes
        The same picture; empty for a phone.
    finding, measure, source : str
        What `headline` wrote; empty without it.
    top, bottom : float
        Height of the headline and of the source line, in points: a page that writes them itself cuts
        them off.
    """

    svg: bytes
    png: bytes = b""
    finding: str = ""
    measure: str = ""
    source: str = ""
    top: float = 0.0
    bottom: float = 0.0


def as_picture(figure: Figure) -> Picture:
    """Turn a figure into an SVG, whose texts stay texts, and a PNG; and close it."""
    import matplotlib.pyplot as plt

    plots.fit_page(figure)
    texts = {str(text.get_gid()): text for text in figure.texts if text.get_gid() in plots.HEADLINE}
    said = {part: " ".join(text.get_text().split()) for part, text in texts.items()}
    raster = io.BytesIO()
    figure.savefig(raster, format="png", dpi=160, metadata={"Software": None})
    svg = _svg_of(figure, said.get("source", ""))
    boxes = {part: text.get_window_extent() for part, text in texts.items()}
    points, height = 72 / figure.dpi, figure.get_size_inches()[1] * figure.dpi
    top = max((height - boxes[part].y0 for part in plots.HEADLINE[:2] if part in boxes), default=0.0)
    bottom = boxes["source"].y1 + _SLACK * figure.dpi / 72 if "source" in boxes else 0.0
    plt.close(figure)
    size: dict[str, Any] = {"top": round(top * points, 1), "bottom": round(bottom * points, 1)}
    return Picture(svg, raster.getvalue(), **(said | size))


def for_phone(figure: Figure, source: str = "") -> bytes:
    """The SVG of a figure that was drawn for a phone, made to fit one; and close it."""
    import matplotlib.pyplot as plt

    plots.fit_phone(figure)
    svg = _svg_of(figure, source)
    plt.close(figure)
    return svg


def _svg_of(figure: Figure, source: str) -> bytes:
    import matplotlib as mpl

    plots.declare(figure)
    options: dict[RcKeyType, Any] = {"svg.fonttype": "none", "svg.hashsalt": "undercut"}
    vector = io.BytesIO()
    with mpl.rc_context(options):
        figure.savefig(vector, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    declared = plots.declare(figure)  # once more: saving laid the figure out anew
    text = _DROPPED.sub("", vector.getvalue().decode())
    # The browser's own letters are narrower than those measured.
    text = re.sub(r"font-family: [^;\"]*", "font-family: sans-serif", text)
    said = "".join(
        f'<circle cx="{mark.x:g}" cy="{mark.y:g}" r="7"{_of_series(declared, mark)}>'
        f"<title>{escape(mark.text, quote=False)}</title></circle>\n"
        for mark in plots.marks_of(figure, source)
    )
    group = f'<g class="{MARKS_CLASS}" fill="none" pointer-events="all">\n{said}</g>\n' if said else ""
    about = {"series": declared.names, "time": declared.panels}
    data = "".join(f" data-{key}={quoteattr(dumps(value))}" for key, value in about.items() if value)
    return text.strip().replace("<svg", f"<svg{data}", 1).replace("</svg>", f"{group}</svg>").encode() + b"\n"


def _of_series(declared: plots.Declared, mark: plots.Mark) -> str:
    series = declared.marks.get((mark.x, mark.y))
    return "" if series is None else f' data-s="{series}"'


_SVG: Final = "{http://www.w3.org/2000/svg}"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_ELEMENTS: Final = {
    "svg", "g", "path", "use", "defs", "clipPath", "rect", "circle", "text", "tspan", "title", "pattern",
}  # fmt: skip
_ATTRIBUTES: Final = {
    "d", "x", "y", "width", "height", "viewBox", "transform", "cx", "cy", "r", "clip-path", "fill",
    "patternUnits", "pointer-events",
}  # fmt: skip
_STYLES: Final = {
    "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
    "stroke-linecap", "font-size", "font-weight", "font-style", "text-anchor", "opacity",
}  # fmt: skip
#: The page writes the headline, and is the paper.
_LEFT_TO_THE_PAGE: Final = {*HEADLINE, "patch_1"}
#: Number of each ink; black is the first.
_INKS: Final = {"#000000": 0, **{ink: number for number, ink in enumerate(DARK)}}
#: What `undercut.plots.declare` wrote: panel, series and place of an artist; names and panels of a figure.
_DECLARED: Final = re.compile(r"u(\d*)(t?)(?:s(\d*)x([\d.-]*)_\d+)?")
_ABOUT: Final = ("data-series", "data-time")
_NUMBER: Final = re.compile(r"-?\d+\.\d{2,}")


def ink_style() -> str:
    """The page's rules for the inks of figures, on light and on dark paper and in print."""
    inks = list(DARK.items())
    rules = "".join(
        f".ch .f{n}{{fill:var(--i{n},{ink})}}.ch .s{n}{{stroke:var(--i{n},{ink})}}"
        for n, (ink, _) in enumerate(inks)
    )
    dark = "".join(f"--i{n}:{on_dark};" for n, (_, on_dark) in enumerate(inks))
    asked = f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
    return f"{rules}\n@media screen{{{asked}:root[data-theme=dark]{{{dark}}}}}"


def inline(svg: str, name: str, *, alt: str, crop: tuple[float, float] = (0, 0), kind: str = "") -> str:
    """An SVG of the house as part of a page: harmless, short, its inks the page's.

    Parameters
    ----------
    svg : str
        As `undercut.report.page.figures` makes it.
    name : str
        Distinguishes its ids from those of other figures of the page.
    alt : str
        Alternative text.
    crop : (top, bottom)
        Points to cut off: what the page says itself.
    kind : str
        Further class.
    """
    root = ElementTree.fromstring(svg)
    prefix = sha256(f"{name}{kind}".encode()).hexdigest()[:4]
    about = {key: value for key, value in root.attrib.items() if key in _ABOUT}
    _clean(root, prefix)
    width, height = (float(part) for part in root.attrib.pop("viewBox").split()[2:])
    height -= sum(crop)
    root.attrib = about | {
        "class": f"ch {kind}".strip(), "viewBox": f"0 {crop[0]:g} {width:g} {height:g}",
        "width": f"{width * 100 / 72:.0f}", "height": f"{height * 100 / 72:.0f}", "role": "img",
        "aria-label": " ".join(alt.split()),
    }  # fmt: skip
    text = ElementTree.tostring(root, encoding="unicode")
    return re.sub(r">\s+<", "><", re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("ns0:", ""))


def figure_html(
    entry: Mapping[str, Any], read: Callable[[str], str], *, base: str = "", title: str = ""
) -> str:
    """A figure of results.json with its title, both drawings, its source and its files.

    Parameters
    ----------
    entry : mapping
        One of the ``figures`` of results.json.
    read : callable
        Gives the content of a file of the report.
    base : str
        Where the report is, seen from the page: ``01_market_prices/``; empty on its own page.
    title : str
        Instead of the figure's own.
    """
    about: dict[str, Any] = {"measure": "", "source": "", "narrow": "", "crop": (0, 0), **entry}
    look = {"alt": about["alt"], "crop": tuple(about["crop"])}
    wide = inline(read(about["image"]), about["name"], kind="wide" if about["narrow"] else "", **look)
    narrow = about["narrow"] and inline(read(about["narrow"]), about["name"], kind="narrow", alt=about["alt"])
    page = html.template("figure.html.j2").render(
        about | {"title": title or about["title"], "wide": wide, "narrow": narrow},
        base=base,
        page=f"{base}index.html" if base else "",
        files=(("CSV", about["data"]), ("SVG", about["image"]), ("PNG", about.get("png"))),
    )
    return str(page).strip()


def interval_bar(finding: Mapping[str, Any]) -> str:
    """The interval of a finding as a small drawing: ends, value, and zero (or one) where it is near."""
    value, low, high = finding["value"], finding["ci_low"], finding["ci_high"]
    if low is None or value is None:
        return ""
    none = 1.0 if finding["unit"] in ("x", "times") else 0.0
    first, last = min(low, value), max(high, value)
    reach = (last - first) or abs(value) or 1.0
    has_none = first - 1.5 * reach <= none <= last + 1.5 * reach
    if has_none:
        first, last = min(first, none), max(last, none)
    reach = (last - first) or 1.0
    x0, x1, x2, x3 = (6 + 288 * (number - first) / reach for number in (low, high, value, none))
    zero = f'<path class="s0" d="M{x3:.1f} 1V19"/>' if has_none else ""
    kind = "open" if has_none and low <= none <= high else "clear"
    return (
        f'<svg class="ch interval {kind}" viewBox="0 0 300 20" aria-hidden="true">{zero}'
        f'<path class="bar" d="M{x0:.1f} 10H{x1:.1f}"/><circle cx="{x2:.1f}" cy="10" r="5"/></svg>'
    )


def _clean(element: ElementTree.Element, prefix: str) -> None:
    """Keep what draws, take away all else; ids get the prefix, inks become the page's."""
    for child in list(element):
        is_drawing = isinstance(child.tag, str) and child.tag.removeprefix(_SVG) in _ELEMENTS
        if not is_drawing or child.get("id") in _LEFT_TO_THE_PAGE:
            element.remove(child)
            continue
        _clean(child, prefix)
        if child.tag == f"{_SVG}defs" and not len(child):
            element.remove(child)
    kept = {}
    for key, value in element.attrib.items():
        if key == "id" and element.tag.removeprefix(_SVG) in ("path", "clipPath", "pattern"):
            kept["id"] = prefix + value
        elif key == "id" and (found := _DECLARED.fullmatch(value)):
            kept |= {f"data-{name}": part for name, part in zip("atsx", found.groups(), strict=True) if part}
        elif key == "data-s":
            kept[key] = value if value.isdigit() else ""
        elif key == _LINK and value.startswith("#"):
            kept["href"] = f"#{prefix}{value[1:]}"
        elif key == "class" and value == MARKS_CLASS:
            kept["class"] = value
        elif key == "style":
            kept |= dict(_styles(value, prefix))
        elif key in _ATTRIBUTES:
            kept[key] = _own(value, prefix)
    element.attrib = {
        key: _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), " ".join(value.split()))
        for key, value in kept.items()
    }
    if kept.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]


def _styles(text: str, prefix: str) -> list[tuple[str, str]]:
    """Properties as attributes; inks that have a second colour on dark paper as classes."""
    found, inks = [], []
    for part in text.split(";"):
        key, _, value = (piece.strip() for piece in part.partition(":"))
        if key in ("fill", "stroke") and value in _INKS:
            inks.append(f"{key[0]}{_INKS[value]}")
        elif key in _STYLES:
            found.append((key, _own(value, prefix)))
    return [*found, ("class", " ".join(inks))] if inks else found


def _own(value: str, prefix: str) -> str:
    """An address inside the file with its prefix; any other is dropped."""
    if "url(" not in value:
        return value
    found = re.fullmatch(r"url\(#([\w.-]+)\)", value)
    return f"url(#{prefix}{found[1]})" if found else "none"
