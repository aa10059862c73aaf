"""What do the small reviewed tables in ``data/reference`` say, and where does each come from?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from undercut.days import Day, day_of, last_day
from undercut.errors import DataError, InputError, check_known
from undercut.paths import data_dir, read_beside
from undercut.provenance import Provenance, attach, sha256_of


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """One table that ships with the project: its file, its origin and the caveat its users must know.

    ``day``: the column that dates a row, if one does; ``lasts``: how many days more the row covers.
    """

    file: str
    source: str
    version: str
    licence: str
    note: str = ""
    day: str = ""
    lasts: int = 0


_ROOM: Final = Path(__file__).parent
TABLES: Final = {
    name: ReferenceTable(**about) for name, about in read_beside(str(_ROOM / "reference_tables")).items()
}


def load_reference(name: str, *, as_of: Day = None, directory: Path | None = None) -> pd.DataFrame:
    """One reference table, typed and checked against its contract, with its provenance.

    Parameters
    ----------
    name : str
        ``models``, ``aliases``, ``hosts``, ``developers``, ``capability``, ``arena``, ``events``,
        ``gpu_rental``, ``fundamentals``, ``adopters``, ``claims``, ``claim_tests``, or a
        table of evidence: ``token_usage_weekly``, ``token_usage_daily``, ``token_open_share_daily``,
        ``token_mix_weekly``, ``capability_scores``, ``board_names``, ``cost_per_task``, ``us_adoption``,
        ``calendar_dates``, ``shares_outstanding``.
    as_of : str or date, optional
        Only rows that a day had seen whole: weeks that were over, runs that had been made (a run without a
        day counts from its model's release), figures that were published. By default all.
    directory : Path, optional
        Folder of the CSV files; the project's ``data/reference`` by default.

    Returns
    -------
    DataFrame
        As in the file, rows in its order; days as timestamps, empty cells as missing values. Units are in
        the column names or, for ``fundamentals``, in its ``unit`` column. See ``data/README.md``. A file is
        checked once in a process, and again when its content changed; the copy handed out is the caller's.

    Raises
    ------
    UnknownNameError
        There is no such table.
    DataError
        The file is missing or breaks its contract; the message names column, row and value.
    InputError
        ``as_of`` is no day, or the table's rows are of no day.

    Examples
    --------
    >>> capability = load_reference("capability")
    >>> capability.loc[capability["model"] == "o1", "release_date"].dt.date.astype("str").tolist()
    ['2024-12-05']
    """
    check_known("reference table", name, TABLES)
    table = TABLES[name]
    path = (directory or data_dir() / "reference") / table.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"The reference table {name!r} cannot be read at {path} ({error.strerror}). "
            "It ships with the project: restore it with `git checkout -- data/reference`."
        ) from error
    held = _READ.get(path)
    if held is None or held.content != content:
        held = _READ[path] = _Read(content, attach(_typed(name, path), _provenance(table, content)))
    frame = held.frame.copy(deep=False)  # pandas copies what is changed, when it is changed
    day = day_of(as_of)
    return frame if day is None else frame[_known_on(name, frame) <= day]


def _known_on(name: str, frame: pd.DataFrame) -> pd.Series:
    """The day on which each row of a table could be known."""
    table = TABLES[name]
    if not table.day:
        dated = ", ".join(known for known, about in TABLES.items() if about.day)
        raise InputError(
            f"Rows of the reference table {name!r} are of no day: leave as_of out. Dated: {dated}."
        )
    days = frame[table.day]
    if not pd.api.types.is_datetime64_any_dtype(days):
        days = days.map(last_day)
    if days.isna().any():
        days = days.fillna(
            frame["model_id"].map(load_reference("models").set_index("model_id")["release_date"])
        )
    return days + pd.Timedelta(days=table.lasts)


class _Read(NamedTuple):
    content: bytes
    frame: pd.DataFrame


_READ: Final[dict[Path, _Read]] = {}


@cache
def reader_names() -> dict[str, str]:
    """What a reader calls a model or a seller, by its id.

    Examples
    --------
    >>> reader_names()["kimi-k3"]
    'Kimi K3'
    """
    named = [
        load_reference("hosts").set_index("host")["name"],
        load_reference("models").set_index("model_id")["name"],
    ]
    return {str(key): str(name) for names in named for key, name in names.items()}


def _provenance(table: ReferenceTable, content: bytes) -> Provenance:
    return Provenance(
        source=table.source,
        version=table.version,
        retrieved_at=table.version,
        licence=table.licence,
        sha256=sha256_of(content),
        note=table.note,
    )


def _typed(name: str, path: Path) -> pd.DataFrame:
    """The CSV file in the types of its contract."""
    import pandera.pandas as pa  # half a second that only readers of reference tables pay

    # Only the empty cell is missing: "NA" is a country.
    text = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8")
    try:
        typed: pd.DataFrame = _schema(name).validate(text, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise DataError(_breaches(name, path, error.failure_cases)) from error
    days = typed.select_dtypes("datetime64[ns]").columns
    return typed.astype(dict.fromkeys(days, "datetime64[us]"))


@cache
def contracts() -> dict[str, Any]:
    """Columns of each table, kinds of columns and which of them name a row, as written beside this."""
    return read_beside(str(_ROOM / "reference_columns"))


@cache
def _schema(name: str) -> Any:
    """What must hold in a reference table: its columns in order, and which of them name a row."""
    import pandera.pandas as pa

    columns = {column: _column(written) for column, written in contracts()["columns"][name].items()}
    unique = contracts()["unique"].get(name)
    return pa.DataFrameSchema(columns, strict=True, ordered=True, coerce=True, unique=unique)


def _column(written: str) -> Any:
    """A column of a kind; ``?`` after its name: cells may be empty, ``!``: no value twice."""
    kind = contracts()["kinds"][written.rstrip("?!")]
    return _of_kind(**kind, nullable=written.endswith("?"), unique=written.endswith("!"))


def _of_kind(
    *,
    dtype: str = "str",
    pattern: str = "",
    one_of: Sequence[str] = (),
    least: int | None = None,
    **rules: Any,
) -> Any:
    import pandera.pandas as pa

    checks = [pa.Check.str_matches(f"^(?:{pattern})$")] if pattern else []
    checks += [pa.Check.isin(one_of)] if one_of else []
    checks += [pa.Check.ge(least)] if least is not None else []
    return pa.Column(dtype, checks, **rules)


def _breaches(name: str, path: Path, cases: pd.DataFrame) -> str:
    """What is wrong with a table, at most five breaches in words."""
    told = []
    for case in cases.head(5).to_dict("records"):
        # Line 1 of the file is its header.
        where = f"line {int(case['index']) + 2}, " if pd.notna(case["index"]) else ""
        told.append(f"{where}column {case['column']!r}: {case['failure_case']!r} fails {case['check']}")
    more = f" (and {len(cases) - 5} more)" if len(cases) > 5 else ""
    return f"The reference table {name!r} ({path}) breaks its contract: " + "; ".join(told) + more + "."
