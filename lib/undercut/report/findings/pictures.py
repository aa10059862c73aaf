"""How does a figure become a file that fits a page, light or dark, wide or narrow?"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from undercut.plots import DARK, HEADLINE, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LARGEST_SVG: Final = 600_000  # bytes; a figure of more marks than that is kept as a picture
_SLACK: Final = 3.0  # points; a text is measured as hinted pixels, and its outlines reach a little higher


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as a file.

    Attributes
    ----------
    mime, suffix : str
        What kind of file ``content`` is.
    content : bytes
        The same on every build.
    finding, measure, source : str
        What `headline` wrote; empty without it.
    top, bottom : float
        Height of the headline and of the source line, in points: a page that writes them itself cuts
        them off.
    """

    mime: str
    suffix: str
    content: bytes
    finding: str = ""
    measure: str = ""
    source: str = ""
    top: float = 0.0
    bottom: float = 0.0


def as_picture(figure: Figure) -> Picture:
    """Turn a figure into a file and close it.

    SVG, which stays sharp and lets the page change its inks on dark paper; PNG at twice the screen's
    resolution where there are so many marks that the SVG would be larger than the rest of the page.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "undercut"}):
        vector = io.BytesIO()
        figure.savefig(vector, format="svg", metadata={"Date": None, "Creator": None})
    content, mime, suffix = _tidy(vector.getvalue()), "image/svg+xml", "svg"
    if len(content) > _LARGEST_SVG:
        raster = io.BytesIO()
        figure.savefig(raster, format="png", dpi=200, metadata={"Software": None})
        content, mime, suffix = raster.getvalue(), "image/png", "png"
    texts = {str(text.get_gid()): text for text in figure.texts if text.get_gid() in HEADLINE}
    said = {part: " ".join(text.get_text().split()) for part, text in texts.items()}
    boxes = {part: text.get_window_extent() for part, text in texts.items()}
    points, height = 72 / figure.dpi, figure.get_size_inches()[1] * figure.dpi
    top = max((height - boxes[part].y0 for part in HEADLINE[:2] if part in boxes), default=0.0)
    bottom = boxes["source"].y1 + _SLACK * figure.dpi / 72 if "source" in boxes else 0.0
    plt.close(figure)
    return Picture(
        mime, suffix, content, **said, top=round(top * points, 1), bottom=round(bottom * points, 1)
    )


def cropped(svg: str, top: float, bottom: float) -> str:
    """An SVG of matplotlib's without so many points at its top and bottom."""
    size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt" viewBox="0 0 [\d. ]+"', svg)
    if size is None:
        return svg
    width, height = size.group(1), float(size.group(2)) - top - bottom
    window = f'width="{width}pt" height="{height:.1f}pt" viewBox="0 {top} {width} {height:.1f}"'
    return svg.replace(size.group(0), window, 1)


def follow_page_colors(svg: str) -> str:
    """An SVG of the house style whose inks follow the reader's light or dark setting.

    Any other SVG is returned as it is: it belongs on white paper.
    """
    if MUTED not in svg:
        return svg
    inks = dict(DARK) | {"#000000": DARK[INK]}
    light = dark = ""
    for number, (color, on_dark) in enumerate(inks.items()):
        svg = re.sub(rf"(?<=: ){color}\b", f"var(--u{number})", svg)
        light += f"--u{number}:{color};"
        dark += f"--u{number}:{on_dark};"
    style = f"svg{{{light}fill:{INK}}}@media (prefers-color-scheme:dark){{svg{{{dark}fill:{DARK[INK]}}}}}"
    return re.sub(r"(<svg[^>]*>)", rf"\1<style>{style}</style>", svg, count=1)


def _tidy(svg: bytes) -> bytes:
    """Drop the document type (it names an outside address) and end in one newline."""
    text = re.sub(rb"<!DOCTYPE[^>]*>\s*", b"", svg)
    return text.strip() + b"\n"
