"""Which of the files that a notebook left may be published, and as what?"""

from __future__ import annotations

import csv
import os
import re
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from undercut.errors import DataError
from undercut.report.findings.contract import RESULTS_FILE, write_atomically
from undercut.report.page.pictures import checked_bitmap, clean_svg
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
