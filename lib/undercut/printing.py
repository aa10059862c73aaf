"""How does the command line show tables and progress?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd

from undercut.errors import InputError
from undercut.faults import visible
from undercut.strict_json import dumps

_FORMATS = ("table", "json", "csv")


def emit(
    frame: pd.DataFrame, output_format: str, *, title: str = "", columns: Sequence[str] | None = None
) -> None:
    """Print a frame as a table for people (``columns`` only), or whole as JSON or CSV for programs.

    Raises
    ------
    InputError
        ``output_format`` is none of table, json, csv.
    """
    _check(output_format)
    if output_format == "json":
        emit_json(records(frame))
    elif output_format == "csv":
        sys.stdout.write(frame.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ"))
    else:
        _print_table(frame if columns is None else frame[list(columns)], title)


def emit_json(value: object) -> None:
    """Print JSON values; a number that JSON does not have is null."""
    sys.stdout.write(dumps(value, indent=1) + "\n")


def emit_many(frames: dict[str, pd.DataFrame], output_format: str) -> None:
    """Print several named frames; as JSON, one object with a list for each."""
    _check(output_format)
    if output_format == "json":
        emit_json({name: records(frame) for name, frame in frames.items()})
        return
    for name, frame in frames.items():
        emit(frame, output_format, title=name)


def emit_result(parts: dict[str, Any], output_format: str, *, notes: str) -> None:
    """Print named frames as `emit_many` does; what is no frame goes into JSON, and the list called ``notes``
    stands last for people, where it is seen: tables are long."""
    frames = {name: part for name, part in parts.items() if isinstance(part, pd.DataFrame)}
    if output_format == "json":
        emit_json(parts | {name: records(frame) for name, frame in frames.items()})
        return
    emit_many(frames, output_format)
    for note in parts[notes]:
        print(visible(str(note)), file=sys.stderr)


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Rows as JSON values: days as YYYY-MM-DD, moments as ISO 8601, missing values as null."""
    columns = [_values(column) for _, column in frame.items()]
    return [dict(zip(map(str, frame.columns), row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: pd.Series) -> list[Any]:
    """Cells of a column as JSON values."""
    known = column.notna()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    elif pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.strftime("%Y-%m-%d")
    values = column.astype(object).where(known, None).tolist()
    return [value.item() if hasattr(value, "item") else value for value in values]


def _check(output_format: str) -> None:
    if output_format not in _FORMATS:
        raise InputError(f"--format must be one of {', '.join(_FORMATS)}; got {output_format!r}.")


def _print_table(frame: pd.DataFrame, title: str) -> None:
    is_number = [pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
    columns = [[_cell(value) for value in _values(column)] for _, column in frame.items()]
    if sys.stdout.isatty():
        _fold(title, list(frame.columns), is_number, zip(*columns, strict=True))
        return
    # In a pipe or a log there is no terminal to fit into, and a folded column is worse than a long line.
    placed = []
    for name, cells, right in zip(frame.columns, columns, is_number, strict=True):
        told = [visible(str(name)), *cells]
        width = max(map(len, told))
        placed.append([cell.rjust(width) if right else cell.ljust(width) for cell in told])
    head = [visible(title)] if title else []
    lines = ["  ".join(row).rstrip() for row in zip(*placed, strict=True)]
    print("\n".join([*head, *lines, ""]))


def _fold(
    title: str, columns: Sequence[object], is_number: Sequence[bool], rows: Iterable[Sequence[str]]
) -> None:
    """A table that fits into the terminal, long cells folded."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(visible(title)), title_justify="left", header_style="bold", box=None, pad_edge=False
    )
    for column, right in zip(columns, is_number, strict=True):
        table.add_column(Text(visible(str(column))), justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console()
    console.print(table)
    console.print()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.6g}" if isinstance(value, float) else visible(str(value))


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on a terminal; a line at the end of each source in a log."""
    from rich.console import Console
    from rich.progress import Progress

    if not sys.stderr.isatty():
        yield (
            lambda label, done, total: (
                print(f"{label}: {done} of {total}", file=sys.stderr) if done == total else None
            )
        )
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, object] = {}

        def report(label: str, done: int, total: int) -> None:
            if label not in tasks:
                tasks[label] = bar.add_task(label, total=total)
            bar.update(tasks[label], completed=done)  # type: ignore[arg-type]

        yield report
