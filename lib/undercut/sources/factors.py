"""Which factors moved all stocks each day? Fama and French's five, momentum and the risk-free rate.

From Kenneth French's data library (downloaded, kept under ``data/local``) or from the user's own file. The
factors are copyright of Fama and French: results computed from them may be published, the tables may not.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from undercut.errors import DataError, SourceError, unknown
from undercut.paths import cache_dir, data_dir
from undercut.provenance import Provenance, attach, sha256_of
from undercut.sources.cells import days
from undercut.sources.download import download, kept, one_source
from undercut.sources.files import UserTable, content_of, listed, read_table
from undercut.sources.own_files import own_provenance
from undercut.sources.returns_shape import Window

LIBRARY: Final = "https://mba.tuck.dartmouth.edu/pages/faculty/ken.french/ftp/"
FILES: Final = ("F-F_Research_Data_5_Factors_2x3_daily_CSV.zip", "F-F_Momentum_Factor_daily_CSV.zip")
#: Columns of the frame; French's and others' names for them.
FACTORS: Final[dict[str, frozenset[str]]] = {
    "mkt_rf": frozenset({"mktrf", "mkt", "rmrf", "exmkt"}),
    "smb": frozenset({"smb"}),
    "hml": frozenset({"hml"}),
    "rmw": frozenset({"rmw"}),
    "cma": frozenset({"cma"}),
    "mom": frozenset({"mom", "umd", "wml"}),
    "rf": frozenset({"rf", "riskfree"}),
}
LICENCE: Final = "copyright Eugene F. Fama and Kenneth R. French; not redistributed"
MAX_INFLATED: Final = 32 * 2**20
#: The library is updated about once a month.
MAX_AGE: Final = dt.timedelta(days=7)
_DAY: Final = ("date", "dates", "caldt", "day")
_MISSING: Final = (-99.99, -999.0)
_WAY_OUT: Final = (
    "Download the daily five factors and momentum by hand from Kenneth French's data library, give the file "
    "as source=, or use a model without factors."
)


def load_factors(
    start: Any = None,
    end: Any = None,
    source: str | Path = "auto",
    *,
    local: Path | None = None,
    cache: Path | None = None,
    library: str = LIBRARY,
) -> pd.DataFrame:
    """Daily factors in decimals, with their provenance.

    Parameters
    ----------
    start, end : date-like, optional
        First and last day, both included.
    source : {"auto", "french"} or path
        ``french``: the data library; a path: a CSV, Parquet or Excel file with a column of days and columns
        named as French names them, or one of his own files; ``auto``: a file ``factors*.csv`` or
        ``.parquet`` in ``data/local``, else the library.
    local, cache : Path, optional
        Other folders.
    library : str
        Address of a mirror.

    Returns
    -------
    DataFrame
        ``date``, ``mkt_rf``, ``smb``, ``hml``, ``rmw``, ``cma``, ``mom``, ``rf`` (those that the source has),
        by day. 0.01 is one percent.

    Raises
    ------
    SourceError
        The library did not answer or sent something else.
    DataError
        The user's file is not recognised, or no day lies in the window.

    References
    ----------
    Fama, E. F. and French, K. R. (2015). A five-factor asset pricing model. Journal of Financial Economics,
    116, 1-22.
    """
    window = Window.of(start, end)
    path = _own_file(source, local)
    if path is None:
        table, origin = _french(cache or cache_dir("factors"), library)
    else:
        table, origin = _own(path), own_provenance(path, "The user's own file. ")
    frame = window.cut(table).reset_index(drop=True)
    first, last = table["date"].min().date(), table["date"].max().date()
    if frame.empty:
        raise DataError(f"{origin.source} has no factors from {window}: it covers {first} to {last}.")
    return attach(frame, replace(origin, licence=LICENCE, note=f"{origin.note}Last day: {last}."))


def read_factor_file(path: Path) -> pd.DataFrame:
    """Factors of any names from a user's file, in decimals: ``date`` and one column a factor.

    French's own files, and tables with his names, have the columns of `load_factors`; others keep theirs.

    Raises
    ------
    SourceError, DataError
        As `load_factors`, and where a cell cannot be read.
    """
    content = content_of(path)
    if path.suffix == ".zip" or content[:200].lstrip()[:4] == b"This":
        return _own(path)
    table = read_table(path)
    if table.find(*FACTORS["rf"]) and table.find(*FACTORS["mkt_rf"]):
        return _recognised(table)
    day = table.find(*_DAY) or str(table.frame.columns[0])
    numbers = {str(name): table.numbers(str(name)) for name in table.frame.columns if name != day}
    decimals = {
        name: values / 100 if values.attrs.get("unit") == "percent" else values
        for name, values in numbers.items()
    }
    return _checked(pd.DataFrame({"date": table.days(day)} | decimals), table.name)


def _own_file(source: str | Path, local: Path | None) -> Path | None:
    if source == "french":
        return None
    if source == "auto":
        folder = local or data_dir() / "local"
        own = sorted(p for p in folder.glob("factors*") if p.suffix in (".csv", ".parquet"))
        if len(own) > 1:
            raise DataError(
                f"Several files of factors in {folder}: {', '.join(p.name for p in own)}. Name one."
            )
        return own[0] if own else None
    path = Path(source)
    if not path.exists():
        raise unknown("source of factors", str(source), ["auto", "french", "path to a file that exists"])
    return path


def _own(path: Path) -> pd.DataFrame:
    content = path.read_bytes()
    text = _unzipped(content, path.name) if path.suffix == ".zip" else content
    # French's own files, as downloaded: they begin with "This file was created ...", in percent.
    is_french = text.lstrip()[:4] == b"This"
    return parse_french(text, what=path.name) if is_french else _recognised(read_table(path))


def _recognised(table: UserTable) -> pd.DataFrame:
    """Factors of a plain table, in decimals."""
    what, found = table.name, {column: table.find(*sorted(keys)) for column, keys in FACTORS.items()}
    names = {column: name for column, name in found.items() if name is not None}
    day = table.find(*_DAY) or str(table.frame.columns[0])
    if not {"mkt_rf", "rf"} <= names.keys():
        raise DataError(
            f"{what} is not a table of factors: expected a column of days and at least mkt_rf and rf "
            f"(then smb, hml, rmw, cma, mom); found {listed(table.frame.columns)}."
        )
    numbers = {column: table.numbers(name) for column, name in names.items()}
    for column, values in numbers.items():
        known = values.mask(values.isin(_MISSING))
        numbers[column] = known / 100 if values.attrs.get("unit") == "percent" else known
    frame = pd.DataFrame({"date": table.days(day)} | numbers)
    typical = float(frame["mkt_rf"].abs().median())
    if typical > 0.15:
        raise DataError(
            f"{what}: the market moves {typical:.3g} on a typical day, so the factors are not in decimals. "
            "Divide by 100, or give French's own file unchanged."
        )
    for column, name in names.items():
        if (frame[column].abs() > 1).any():
            row = int((frame[column].abs() > 1).to_numpy().argmax())
            raise table.error(row, name, "is no factor of a day in decimals")
    return _checked(frame, what)


def _checked(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    if frame["date"].duplicated().any():
        twice = frame.loc[frame["date"].duplicated(), "date"].iloc[0].date()
        raise DataError(f"{what} has several rows of {twice}.")
    return frame.sort_values("date", ignore_index=True)


def parse_french(content: bytes, *, what: str = "Kenneth French's file") -> pd.DataFrame:
    """Daily factors of one of French's CSV files, from percent to decimals.

    Lines before the header and after the last day are prose.

    Raises
    ------
    SourceError
        No line of factors and days in it.

    Examples
    --------
    >>> parse_french(b"Made by hand\\n\\n,Mkt-RF,SMB,RF\\n20250127,  -1.46,0.02,  0.02\\n\\nCopyright\\n")
            date  mkt_rf     smb      rf
    0 2025-01-27 -0.0146  0.0002  0.0002
    """
    lines = content.decode("latin-1").splitlines()
    header = next((i for i, line in enumerate(lines) if re.match(r"\s*,\s*[A-Za-z]", line)), None)
    dated = [line for line in lines[(header or 0) + 1 :] if re.match(r"\s*\d{8}\s*,", line)]
    if header is None or not dated:
        raise SourceError(f"{what} holds no daily factors; its layout has changed. {_WAY_OUT}")
    names = ["date", *(name.strip() for name in lines[header].split(",")[1:])]
    raw = pd.read_csv(io.StringIO("\n".join(dated)), names=names, dtype={"date": "str"})
    plain = {re.sub(r"[^a-z]", "", name.lower()): name for name in names[1:]}
    columns = {c: plain[key] for c, keys in FACTORS.items() for key in keys & plain.keys()}
    factors = pd.DataFrame({c: raw[n].replace(dict.fromkeys(_MISSING)) for c, n in columns.items()})
    decimals = (factors.astype("float64") / 100).round(10)
    return _checked(decimals.assign(date=days(raw["date"]))[["date", *decimals]], what)


def _unzipped(content: bytes, what: str) -> bytes:
    """The only CSV in a zip archive, never more than :data:`MAX_INFLATED` of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise SourceError(f"{what} holds {len(names)} CSV files where one was expected. {_WAY_OUT}")
            with archive.open(names[0]) as member:
                inflated = member.read(MAX_INFLATED + 1)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{what} is not a readable zip archive ({error}). {_WAY_OUT}") from error
    if len(inflated) > MAX_INFLATED:
        raise SourceError(f"{what} inflates to more than {MAX_INFLATED:,} bytes; refused.")
    return inflated


@one_source()
def _french(cache: Path, library: str) -> tuple[pd.DataFrame, Provenance]:
    """Both files of the library, joined by day, and where they come from."""
    found = [_fetched(cache / name, f"{library.rstrip('/')}/{name}") for name in FILES]
    parts = [_parsed(content, name) for name, (content, _) in zip(FILES, found, strict=True)]
    frame = parts[0].merge(parts[1], on="date", how="left", validate="one_to_one")
    oldest = min(moment for _, moment in found).replace(microsecond=0).isoformat()
    digests = sorted(sha256_of(content) for content, _ in found)
    digest = sha256_of("".join(digests).encode())
    return frame, Provenance("Kenneth R. French data library, daily", oldest[:10], oldest, LICENCE, digest)


def _fetched(path: Path, address: str) -> tuple[bytes, dt.datetime]:
    def ask() -> bytes:
        return download("Kenneth French's data library", address, way_out=_WAY_OUT)

    return kept(path, MAX_AGE, ask, lambda content: _parsed(content, path.name))


def _parsed(content: bytes, name: str) -> pd.DataFrame:
    return parse_french(_unzipped(content, name), what=name)
