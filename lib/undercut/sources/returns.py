"""What did stocks return each day? From the user's own files, from Yahoo Finance, or from the shipped sample.

Every row and the provenance say which of them was used; none ever stands in for another unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from undercut.errors import InputError, SourceError, unknown
from undercut.paths import cache_dir, data_dir
from undercut.provenance import Provenance, attach, sha256_of
from undercut.sources.own_files import SUFFIXES, own_files, own_provenance, read_folder, together
from undercut.sources.returns_files import Values, read_returns_file
from undercut.sources.returns_shape import COLUMNS, Window
from undercut.sources.returns_yahoo import yahoo_returns
from undercut.sources.sessions import NEW_YORK

SOURCES: Final = ("auto", "local", "yahoo", "sample")
SAMPLE_NOTE: Final = (
    "A SAMPLE, not a population: 22 tickers that still trade, 2024-06-03 to 2026-07-31, total returns "
    "rounded to whole basis points, no price levels."
)


@dataclass(frozen=True, slots=True)
class _Request:
    """What was asked, but for the tickers."""

    window: Window
    values: Values
    exchange: str
    local: Path | None
    cache: Path | None
    session: Any


#: Rows with their provenance, and why a ticker is missing (``*``: why any is).
_Found = tuple[pd.DataFrame, dict[str, str]]
_Reader = Callable[[_Request, list[str] | None], _Found]


def load_returns(
    tickers: str | Sequence[str] | None = None,
    start: Any = None,
    end: Any = None,
    source: str | Path = "auto",
    *,
    values: Values = "auto",
    allow_fallback: bool = False,
    exchange: str = NEW_YORK,
    local: Path | None = None,
    cache: Path | None = None,
    session: Any = None,
) -> pd.DataFrame:
    """Daily simple returns of stocks, with their provenance.

    Parameters
    ----------
    tickers : str, sequence of str or None
        None: all that the source holds (not for Yahoo, which holds everything); with ``auto`` the user's
        files, and where there are none the shipped sample: nothing is asked of the network.
    start, end : date-like, optional
        First and last day, both included; None is open.
    source : {"auto", "local", "yahoo", "sample"} or path
        ``local``: CSV, Parquet and Excel files directly in ``data/local``; ``yahoo``: Yahoo Finance by way of
        yfinance, kept in ``data/local/cache``; ``sample``: what ships with the project; a path: that file.
        ``auto`` takes each ticker from the user's files, else from Yahoo.
    values : {"auto", "prices", "returns", "returns_percent", "returns_bp"}
        What the numbers in the user's file are, where its column names do not tell.
    allow_fallback : bool
        With ``auto`` and ``yahoo``: tickers that Yahoo does not answer may come from the shipped sample.
    exchange : str
        Whose calendar says which days are trading days.
    local, cache : Path, optional
        Other folders for the user's files and for Yahoo's answers.
    session : optional
        Session for yfinance, for proxies.

    Returns
    -------
    DataFrame
        ``date``, ``ticker``, ``return`` (decimal: -0.17 is minus 17 percent), ``source``; by ticker and day.
        ``attrs["asked"]`` holds the window. Nothing is repaired: look at
        :func:`undercut.sources.returns_checks.check_returns`.

    Raises
    ------
    SourceError
        A source failed or lacks a ticker; the message names the tickers, the reasons and the ways out.
    DataError
        The user's file is not recognised.
    InputError
        An argument is not usable.

    Examples
    --------
    >>> returns = load_returns("NVDA", "2025-01-27", "2025-01-27", source="sample")
    >>> returns["return"].tolist(), returns["source"].tolist()
    ([-0.1697], ['sample'])
    """
    wanted = _wanted(tickers)
    window = Window.of(start, end)
    request = _Request(window, values, exchange, local, cache, session)
    readers = _readers(source, allow_fallback)
    if wanted is None and source == "auto":
        readers = {"local": _folder} if own_files(_own_folder(request)) else {"sample": _sample}
    if wanted is None and "yahoo" in readers:
        raise InputError('tickers=None works with source="local", "sample" or a path; Yahoo needs names.')
    rows, reasons = _gather(readers, request, wanted)
    missing = sorted(set(wanted or ()) - set(rows["ticker"]), key=(wanted or []).index)
    if missing or rows.empty:
        raise _nothing_for(missing, window, reasons, source)
    frame = rows[list(COLUMNS)].sort_values(["ticker", "date"], ignore_index=True)
    frame.attrs["asked"] = {"window": str(window), "exchange": exchange} | {
        name: day.date().isoformat() for name, day in (("start", window.start), ("end", window.end)) if day
    }
    return frame


def _wanted(tickers: str | Sequence[str] | None) -> list[str] | None:
    if tickers is None:
        return None
    names = [tickers] if isinstance(tickers, str) else list(tickers)
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise InputError(f"tickers={tickers!r}: expected a ticker or a sequence of tickers such as ['NVDA'].")
    return list(dict.fromkeys(name.strip().upper() for name in names))


def _readers(source: str | Path, allow_fallback: bool) -> dict[str, _Reader]:
    """The sources to try, in order."""
    fallback: dict[str, _Reader] = {"sample": _sample} if allow_fallback else {}
    known: dict[str, dict[str, _Reader]] = {
        "auto": {"local": _folder, "yahoo": _yahoo, **fallback},
        "local": {"local": _folder},
        "yahoo": {"yahoo": _yahoo, **fallback},
        "sample": {"sample": _sample},
    }
    if isinstance(source, str) and source in known:
        return known[source]
    path = Path(source)
    if not path.name.lower().endswith(SUFFIXES) and not path.exists():
        raise unknown("source of returns", str(source), [*SOURCES, "path to a .csv or .parquet file"])
    return {"file": lambda request, names: _file(path, request, names)}


def _gather(readers: dict[str, _Reader], request: _Request, wanted: list[str] | None) -> _Found:
    """Each ticker from the first source that has it."""
    parts: list[pd.DataFrame] = []
    told: dict[str, list[str]] = {}
    missing = wanted
    for name, read in readers.items():
        if missing == []:
            break
        rows, reasons = read(request, missing)
        for ticker, reason in reasons.items():
            told.setdefault(ticker, []).append(f"{name}: {reason}")
        parts.append(rows)
        if missing is not None:
            missing = [ticker for ticker in missing if ticker not in set(rows["ticker"])]
    return together(parts, COLUMNS), {ticker: "; ".join(reasons) for ticker, reasons in told.items()}


def _nothing_for(
    missing: list[str], window: Window, reasons: dict[str, str], source: str | Path
) -> SourceError:
    told = [f"{name} ({reasons[name]})" if name in reasons else name for name in missing[:10]]
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    general = f" {reasons['*']}." if "*" in reasons else ""
    help_ = (
        "Put a file of prices or returns into data/local or give its path as source=, "
        'take source="sample" (22 tickers, 2024-06-03 to 2026-07-31)'
    )
    if source in ("auto", "yahoo"):
        help_ += ", or allow_fallback=True to take from it what Yahoo does not answer"
    return SourceError(
        f"No returns from {window} for {', '.join(told) or 'any ticker'}{more}.{general} {help_}."
    )


def _chosen(frame: pd.DataFrame, names: list[str] | None, window: Window) -> pd.DataFrame:
    inside = window.cut(frame)
    return inside if names is None else inside[inside["ticker"].str.upper().isin(names)]


def _sample(request: _Request, names: list[str] | None) -> _Found:
    path = data_dir() / "sample" / "stock_returns_bp.csv"
    if not path.exists():
        raise SourceError(f"The sample is missing at {path}; restore it with `git checkout -- data/sample`.")
    read = read_returns_file(path, values="returns_bp").frame
    rows = _chosen(read, names, request.window).assign(source="sample")
    lacking = sorted(set(names or []) - set(read["ticker"]))
    reasons = dict.fromkeys(lacking, "not among its 22 tickers")
    entry = Provenance(
        source="Undercut sample of daily returns",
        version="2026-07-31",
        retrieved_at="2026-11-23",
        licence="facts derived from public closing prices",
        sha256=sha256_of(path.read_bytes()),
        note=f"{SAMPLE_NOTE} {_coverage(rows)}",
    )
    return attach(rows, entry), reasons


def _file(path: Path, request: _Request, names: list[str] | None) -> _Found:
    if not path.exists():
        raise SourceError(f"{path} does not exist.")
    read = read_returns_file(path, values=request.values, exchange=request.exchange)
    rows = _chosen(read.frame, names, request.window)
    rows = rows.assign(ticker=rows["ticker"].str.upper())
    held = set(read.frame["ticker"].str.upper())
    reasons = {
        name: "it has none in these days" if name in held else "it does not have it"
        for name in set(names or []) - set(rows["ticker"])
    }
    return attach(rows, own_provenance(path, f"{read.note.removesuffix('.')}. {_coverage(rows)}")), reasons


def _own_folder(request: _Request) -> Path:
    return request.local or data_dir() / "local"


def _folder(request: _Request, names: list[str] | None) -> _Found:
    """Tickers from whichever of the user's files has them."""
    folder = _own_folder(request)
    parts, unread = read_folder(folder, lambda path: _file(path, request, names)[0])
    rows = together(parts, COLUMNS)
    lacking = set(names or []) - set(rows["ticker"])
    reasons = dict.fromkeys(lacking, f"in none of {len(own_files(folder))} files")
    return rows, reasons | ({"*": " ".join(unread)} if unread else {})


def _yahoo(request: _Request, names: list[str] | None) -> _Found:
    import yfinance

    cache = request.cache or cache_dir("yahoo")
    answer = yahoo_returns(
        names or [], request.window, cache=cache, session=request.session, exchange=request.exchange
    )
    entry = Provenance(
        source="Yahoo Finance by way of yfinance",
        version=f"yfinance {yfinance.__version__}",
        retrieved_at=answer.retrieved_at,
        licence="Yahoo's terms of use: personal use; prices and returns must not be redistributed",
        sha256=answer.sha256,
        note=f"Total returns from adjusted closes. {_coverage(answer.frame)}",
    )
    return attach(answer.frame, entry), answer.failures


def _coverage(rows: pd.DataFrame) -> str:
    """Which tickers and days were taken from a source."""
    if rows.empty:
        return "Nothing was taken from it."
    names = sorted(rows["ticker"].unique())
    listed = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
    first, last = rows["date"].min().date(), rows["date"].max().date()
    return f"Used for {listed}: {first} to {last}."
