"""Which of the files and pictures that a notebook left may be published, and as what?"""

from __future__ import annotations

import csv
import os
import re
import stat
import warnings
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from undercut.errors import DataError
from undercut.report.findings.contract import RESULTS_FILE, write_atomically
from undercut.report.run.masking import Mask

_BITMAPS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}
#: What a spreadsheet takes for a formula, unless it is a number.
_FORMULA = re.compile(r"[=+\-@\t\r](?!$)")
_NUMBER = re.compile(r"[+-](?:[\d\s.,:/%+-]*(?:e[+-]?\d+)?|inf|nan)", re.IGNORECASE)
_LONGEST_CELL = 2**31 - 1


def clean_files(page: Path, mask: Mask) -> list[str]:
    """Make every file of a page fit to be published; returns in words what was left out.

    Links and special files go, secrets are masked in every text, pictures are checked, drawings lose what
    runs, and cells of CSV files that a spreadsheet would run lose that power.

    Raises
    ------
    DataError
        Where a secret is in a file that is no text, or in a name, or a picture is none.
    """
    said = []
    for path in _entries(page):
        name = path.relative_to(page).as_posix()
        if mask.text(name) != name:
            raise DataError(f"the name of a file that it wrote holds a secret: {mask.text(name)}.")
        if not stat.S_ISREG(path.lstat().st_mode):
            path.unlink()
            said.append(f"{name} is a link or no plain file; it is not published.")
            continue
        path.chmod(0o644)
        if name != RESULTS_FILE:  # it is masked as what it says, see `complete_page`
            _clean(path, name, mask)
    return said


def _entries(page: Path) -> Iterator[Path]:
    """Everything in a folder but folders; links to folders are not followed."""
    for place, folders, names in os.walk(page):
        links = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in (*names, *links))


def _clean(path: Path, name: str, mask: Mask) -> None:
    old = path.read_bytes()
    new = mask.raw(old)
    if new is None:
        raise DataError(f"its file {name} is no text and holds a secret: write it without.")
    suffix = path.suffix.lower()
    try:
        if suffix in _BITMAPS:
            checked_bitmap(_BITMAPS[suffix], new)
        elif suffix == ".svg":
            new = clean_svg(new.decode()).encode()
        elif suffix == ".csv":
            new = without_formulas(new.decode()).encode()
    except (DataError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"its file {name} cannot be published: {error}") from None
    if new != old:
        write_atomically(path, new)


def without_formulas(text: str) -> str:
    """A CSV file whose cells no spreadsheet runs: those that look like a formula begin with an apostrophe.

    Examples
    --------
    >>> without_formulas("name,change\\n=HYPERLINK(1),-3.5\\n")
    "name,change\\n'=HYPERLINK(1),-3.5\\n"
    """
    csv.field_size_limit(_LONGEST_CELL)
    rows = list(csv.reader(StringIO(text, newline="")))
    if not any(_runs(cell) for row in rows for cell in row):
        return text
    safe = StringIO()
    writer = csv.writer(safe, lineterminator="\n")
    writer.writerows([f"'{cell}" if _runs(cell) else cell for cell in row] for row in rows)
    return safe.getvalue()


def _runs(cell: str) -> bool:
    return bool(_FORMULA.match(cell)) and not _NUMBER.fullmatch(cell)


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
