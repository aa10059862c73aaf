"""How is a table read that somebody made elsewhere? For returns, events, factors, quotes and panels alike.

CSV in its usual dialects, compressed or not, Parquet and Excel. Cells of text stay text: what they mean is
asked column by column (`UserTable.days`, `numbers`, `names`), and a cell that cannot be read is an error that
names file, line, column and text. Nothing is dropped and nothing guessed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from undercut.errors import CellError, DataError, MissingColumnError, SourceError
from undercut.sources import cells

_SEPARATORS: Final = ",;\t|"
_MOST_HEADER: Final = 6
#: What to do about a row with too few fields, and about one with too many.
_HINTS: Final = (
    "If this is a footer, delete it.",
    "A comma inside a number or a text needs quotes around the field.",
)
_UNPACK: Final[dict[bytes, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
}


@dataclass(frozen=True, slots=True)
class UserTable:
    """A table as its file has it.

    Attributes
    ----------
    name : str
        Of the file, for messages.
    frame : DataFrame
        Columns as headed (blanks around names taken off), cells as text; of Parquet and Excel, typed cells
        stay typed. The index is 0, 1, ...
    lines : tuple of int
        Line of the file in which each row ends (of Parquet: the row's number from 1).
    decimal_comma : bool
        Fields are separated by semicolons, so that 1,5 is one and a half.
    notes : tuple of str
        What a reader should know of how the file was read.
    header : tuple of tuple of str
        Rows of header, where there are several.
    """

    name: str
    frame: pd.DataFrame
    lines: tuple[int, ...]
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()
    header: tuple[tuple[str, ...], ...] = ()

    def find(self, *names: str) -> str | None:
        """The column of one of these names, whatever their case, blanks and marks; None where there is none.

        Raises
        ------
        DataError
            Several columns have such a name.
        """
        wanted = {plain(name) for name in names}
        found = [str(column) for column in self.frame.columns if plain(column) in wanted]
        if len(found) > 1:
            raise DataError(
                f"{self.name} has several columns that may be {names[0]!r}: {listed(found)}. Keep one."
            )
        return found[0] if found else None

    def require(self, *names: str) -> str:
        """As `find`, but a missing column is an error.

        Raises
        ------
        MissingColumnError
            No column has one of the names.
        """
        found = self.find(*names)
        if found is None:
            raise MissingColumnError(
                f"{self.name} has no column {' or '.join(map(repr, names))}; "
                f"it has {listed(self.frame.columns)}."
            )
        return found

    def renamed(self, columns: Mapping[str, Sequence[str]]) -> UserTable:
        """The table with its columns under our names, given what else each may be called; others stay.

        Raises
        ------
        DataError
            Several columns have a name of the same meaning.
        """
        found = {self.find(name, *others): name for name, others in columns.items()}
        found.pop(None, None)
        return replace(self, frame=self.frame.rename(columns=found))

    def days(self, column: str, *, blank: bool = False) -> pd.Series:
        """Days of a column; see `undercut.sources.cells.days`. Blank cells are missing where ``blank``."""
        return self._read(cells.days, column, blank=blank)

    def numbers(self, column: str, *, missing: Iterable[str] = ()) -> pd.Series:
        """Numbers of a column; see `undercut.sources.cells.numbers`."""
        return self._read(cells.numbers, column, missing=missing, decimal_comma=self.decimal_comma)

    def names(self, column: str) -> tuple[pd.Series, tuple[str, ...]]:
        """Names of a column without blanks around them, and a note where two differ only by case.

        Raises
        ------
        CellError
            A cell is blank.
        """
        text = cells.text_of(self.frame[column]).fillna("")
        if text.eq("").any():
            raise self.error(int(text.eq("").to_numpy().argmax()), column, "is blank where a name is needed")
        alike: dict[str, list[str]] = {}
        for name in text.unique():
            alike.setdefault(name.casefold(), []).append(name)
        pairs = (" and ".join(sorted(names)) for names in alike.values() if len(names) > 1)
        told = [f"{pair} differ only by case and are two." for pair in pairs]
        raw = self.frame[column].dropna().astype("str")
        if raw.nunique() > text[raw.index].nunique():
            told.append("names that differ only by blanks are taken as one.")
        return text, tuple(f"{self.name}, column {column!r}: {note}" for note in told)

    def error(self, row: int, column: str, what: str) -> CellError:
        """An error that says where a cell is: file, line, column and text."""
        shown = str(self.frame[column].iloc[row])
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return CellError(f"{self.name}, line {self.lines[row]}, column {column!r}: {shown!r} {what}.")

    def _read(self, reader: Callable[..., pd.Series], column: str, **options: Any) -> pd.Series:
        try:
            return reader(self.frame[column], **options)
        except cells.UnreadableCell as bad:
            raise self.error(bad.row, column, bad.why) from None
        except DataError as error:
            raise type(error)(f"{self.name}, column {column!r}: {error}") from None


def plain(name: Any) -> str:
    """A column's name in small letters, without blanks and marks."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def listed(names: Iterable[Any], most: int = 8) -> str:
    """Names for a message, the first few."""
    told = [repr(str(name))[:63] for name in names]
    return ", ".join(told[:most]) + (f" and {len(told) - most} more" if len(told) > most else "")


def read_table(path: str | Path, *, header_rows: int = 1) -> UserTable:
    """Read a table that a user has, whatever program wrote it.

    Parameters
    ----------
    path : str or Path
        CSV (comma, semicolon, tab or bar; UTF-8, UTF-16 or Western European; plain or in gzip, bzip2, xz or a
        zip with one file), Parquet, or the first sheet of an Excel file. The content decides, not the ending.
    header_rows : int
        Rows of header of a CSV file; with more than one, column names are joined by a blank. 0: as many as
        stand above the first row that begins with a day.

    Raises
    ------
    SourceError
        The file is not there, cannot be opened or is damaged.
    DataError
        It is empty, a row has more or fewer fields than the header, or two columns have the same name.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "prices.csv"
    >>> _ = file.write_text("Date;Price\\n31.01.2024;1,5\\n")
    >>> table = read_table(file)
    >>> table.numbers("Price").tolist()
    [1.5]
    """
    path = Path(path)
    content = _bytes_of(path)
    if not content.strip():
        raise DataError(f"{path.name} is empty.")
    if content.startswith(b"PAR1"):
        return _typed(path, lambda: pd.read_parquet(io.BytesIO(content)))
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _typed(path, lambda: pd.read_excel(io.BytesIO(content), dtype=object))
    return _from_csv(path.name, content, header_rows)


def content_of(path: Path) -> bytes:
    """Bytes of a user's file.

    Raises
    ------
    SourceError
        It is not there or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise SourceError(f"{str(path)[:300]} does not exist.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{str(path)[:300]} cannot be read: {reason}.") from None


def _bytes_of(path: Path) -> bytes:
    """Content of the file, unpacked."""
    content = content_of(path)
    try:
        for mark, unpack in _UNPACK.items():
            if content.startswith(mark):
                return unpack(content)
        if content.startswith(b"PK\x03\x04"):
            return _from_zip(path, content)
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile, ValueError, RuntimeError) as error:
        raise SourceError(f"{path.name} is a damaged archive ({error}): fetch or pack it again.") from None
    return content


def _from_zip(path: Path, content: bytes) -> bytes:
    """The one file of a zip archive; an Excel file, which is a zip too, stays as it is."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
        if "[Content_Types].xml" in names:
            return content
        if len(names) != 1:
            raise DataError(f"{path.name} holds {len(names)} files ({listed(names)}); one table is expected.")
        return archive.read(names[0])


def _typed(path: Path, read: Callable[[], pd.DataFrame]) -> UserTable:
    """A table from a format whose cells have types."""
    try:
        frame = read()
    except ImportError as error:
        raise SourceError(
            f"{path.name} is an Excel file, for which a package is missing ({error.name}): "
            "pip install openpyxl, or save the sheet as CSV."
        ) from None
    except Exception as error:  # what the readers of these formats raise has no common base
        raise SourceError(
            f"{path.name} cannot be read ({type(error).__name__}: {str(error)[:200]})."
        ) from None
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    header: tuple[tuple[str, ...], ...] = ()
    if isinstance(frame.columns, pd.MultiIndex):
        header = tuple(zip(*(map(str, names) for names in frame.columns), strict=True))
        frame.columns = [" ".join(map(str, names)).strip() for names in frame.columns]
    frame = frame.set_axis(_checked_names(path.name, [str(name) for name in frame.columns]), axis=1)
    if frame.empty:
        raise DataError(f"{path.name} has no rows.")
    cells.refuse_odd(path.name, frame)
    table = UserTable(path.name, frame, tuple(range(1, len(frame) + 1)), header=header)
    return table if header else _without_row_numbers(table)


def _without_row_numbers(table: UserTable) -> UserTable:
    """The table without a nameless column of row numbers, as pandas writes it, or of nothing."""
    for column in [name for name in table.frame.columns if plain(name) in ("", "unnamed0", "index")]:
        cell = cells.text_of(table.frame[column]).fillna("")
        counted = set(cell) <= {str(i) for i in range(len(cell) + 1)} and cell.nunique() == len(cell) > 1
        empty = cell.eq("").all() and not column
        if empty or (counted and len(table.frame.columns) > 1):
            held = "nothing" if empty else "row numbers"
            told = f"{table.name}: column {column!r} holds {held} and is left out."
            table = replace(table, frame=table.frame.drop(columns=column), notes=(*table.notes, told))
    return table


def _from_csv(name: str, content: bytes, header_rows: int) -> UserTable:
    text, notes = _decoded(name, content)
    declared = re.match(r"\ufeff?sep=(.)\r?\n", text)  # Excel's own line about its separator
    text = text[declared.end() :] if declared else text
    separator = declared[1] if declared else _separator(text)
    before = int(declared is not None)
    quick = cells.plain_columns(text, separator, before) if header_rows < 2 else None
    if quick and (header_rows or _rows_of_header([[first] for first in (quick[0][0][0], *quick[1][0])]) == 1):
        header, columns, lines = quick
    else:
        rows, lines = cells.quoted_rows(name, text, separator, before)
        header_rows = header_rows or _rows_of_header(rows)
        if len(rows) <= header_rows:
            raise DataError(f"{name} has a header and no rows." if rows else f"{name} is empty.")
        _check_widths(name, rows, lines, len(rows[0]), separator)
        header, lines = rows[:header_rows], lines[header_rows:]
        columns = list(zip(*rows[header_rows:], strict=True))
    header = [[cell.strip() for cell in row] for row in header]
    names = _checked_names(name, [" ".join(filter(None, parts)) for parts in zip(*header, strict=True)])
    frame = pd.DataFrame(dict(zip(names, columns, strict=True)), dtype="str")
    several = tuple(map(tuple, header)) if header_rows > 1 else ()
    table = UserTable(name, frame, tuple(lines), separator == ";", notes, several)
    return table if several else _without_row_numbers(table)


def _rows_of_header(rows: Sequence[Sequence[str]]) -> int:
    """Rows above the first one that begins with a day; 1 where none of the first rows does."""
    starts = [cells.looks_like_day(row[0].strip()) for row in rows[:_MOST_HEADER]]
    return max(1, starts.index(True)) if True in starts else 1


def _decoded(name: str, content: bytes) -> tuple[str, tuple[str, ...]]:
    """The file's text, and a note where its encoding is not UTF-8."""
    if b"\x00" in content[:1000] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{name} is not a table of text: it holds binary data.")
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig"), ()
    except UnicodeDecodeError as error:
        if is_wide:
            raise DataError(f"{name} is cut off or is not UTF-16: {error.reason}.") from None
        note = f"{name} is not UTF-8; read as Western European."
        return content.decode("cp1252", errors="replace"), (note,)


def _separator(text: str) -> str:
    """The mark that parts fields: the one that the header has most of."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    return max(_SEPARATORS, key=outside_quotes.count)


def _check_widths(
    name: str, rows: Sequence[Sequence[str]], lines: Sequence[int], width: int, separator: str
) -> None:
    """Refuse rows with another number of fields than the header."""
    odd = next(((row, line) for row, line in zip(rows, lines, strict=True) if len(row) != width), None)
    if odd is not None:
        row, line = odd
        told = f"{len(row)} fields where the header has {width}: {separator.join(row)[:80]!r}"
        raise CellError(f"{name}, line {line}: {told}. {_HINTS[len(row) > width]}")


def _checked_names(name: str, columns: Sequence[str]) -> list[str]:
    """Column names without blanks around them; two of the same name are refused."""
    found = [column.strip() for column in columns]
    twice = [column for column, count in Counter(found).items() if count > 1 and column]
    if twice:
        raise DataError(f"{name} has two columns named {listed(twice)}: rename or delete one.")
    alike = Counter(column.casefold() for column in found if column)
    alike_names = [column for column in found if column and alike[column.casefold()] > 1]
    if alike_names:
        raise DataError(
            f"{name} has columns whose names differ only by case: {listed(alike_names)}. Rename one."
        )
    if found.count("") > 1:
        raise DataError(f"{name} has {found.count('')} columns without a name: name or delete them.")
    return found
