"""How does a drawn figure become files? One for the page, one for a phone, one to take away."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import quoteattr

from undercut import plots
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
