"""Is a picture what it says, and harmless? Bitmaps are decoded, drawings lose what runs or fetches."""

from __future__ import annotations

import re
import warnings
from base64 import b64decode
from io import BytesIO
from typing import Final
from xml.etree import ElementTree

from undercut.errors import DataError

_FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF"}
#: Elements that run code or bring other documents in.
_DANGEROUS: Final = frozenset(
    {"script", "foreignobject", "iframe", "embed", "object", "audio", "video", "handler", "listener"}
)
_ANIMATIONS: Final = frozenset({"set", "animate", "animatetransform", "animatemotion"})
_INSIDE: Final = re.compile(r"\s*(?:#|data:image/(?:png|jpeg|gif|webp)[;,])")
_ELSEWHERE: Final = re.compile(r"\s*(?:https?:|mailto:)", re.IGNORECASE)
_STYLE: Final = re.compile(
    r"@import|javascript:|expression\s*\(|url\(\s*[\"']?\s*(?!#|data:image/)", re.IGNORECASE
)


def checked_bitmap(mime: str, content: bytes) -> None:
    """Decode a picture whole.

    Raises
    ------
    DataError
        Where it is not what ``mime`` says, is cut off, or is too large to be shown.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=[_FORMATS[mime]]) as picture:
                picture.load()
    # Pillow fails in many ways on what is no picture (SyntaxError, struct.error, its own errors).
    except Exception as error:
        raise DataError(f"it is no {_FORMATS[mime]} that can be shown: {error}") from None


def checked_base64(mime: str, text: str) -> str:
    """A picture as a notebook holds it, decoded for the check, without line breaks."""
    joined = re.sub(r"\s", "", text)
    try:
        content = b64decode(joined, validate=True)
    except ValueError as error:
        raise DataError(f"it is no base64: {error}") from None
    checked_bitmap(mime, content)
    return joined


def clean_svg(svg: str) -> str:
    """A drawing without scripts, handlers, links that run code and what would be fetched from elsewhere.

    One that has nothing of it is returned as it is.

    Raises
    ------
    DataError
        Where it is no SVG.
    """
    try:
        root = ElementTree.fromstring(svg)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise DataError(f"it is no SVG: {error}") from None
    if _local(root.tag) != "svg":
        raise DataError(f"it is no SVG: its root is {_local(root.tag)!r}")
    changed = "<!DOCTYPE" in svg or "<?xml-stylesheet" in svg
    for parent in list(root.iter()):
        changed = _clean_attributes(parent) or changed
        for child in list(parent):
            if _is_dangerous(child):
                parent.remove(child)
                changed = True
    if not changed:
        return svg
    ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _is_dangerous(element: ElementTree.Element) -> bool:
    name = _local(element.tag)
    moves_link = name in _ANIMATIONS and element.get("attributeName", "").lower().endswith("href")
    return name in _DANGEROUS or moves_link or (name == "style" and bool(_STYLE.search(element.text or "")))


def _clean_attributes(element: ElementTree.Element) -> bool:
    """Drop attributes that run code or fetch; says whether there were any."""
    is_link = _local(element.tag) == "a"
    dropped = False
    for name, value in list(element.attrib.items()):
        local = _local(name)
        fetches = local in ("href", "src") and not _INSIDE.match(value)
        fetches = fetches and not (is_link and _ELSEWHERE.match(value))
        if local.startswith("on") or fetches or (local not in ("href", "src", "d") and _STYLE.search(value)):
            del element.attrib[name]
            dropped = True
    return dropped


def _local(name: object) -> str:
    """A tag or attribute without its namespace."""
    return str(name).rpartition("}")[2].lower()
