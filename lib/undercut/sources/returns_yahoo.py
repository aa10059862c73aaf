"""What did stocks return, according to Yahoo Finance? Through yfinance, kept on disk, only new days asked.

Returns are kept, not prices: adjusted prices of two different days of asking sit on different levels, and a
change from one to the other is no return. Each answer therefore starts one session before the first new day.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from undercut.errors import SourceError
from undercut.paths import write_atomically
from undercut.provenance import sha256_of
from undercut.sources.download import TOTAL_SECONDS, one_source, within
from undercut.sources.returns_shape import Window, returns_from_prices
from undercut.sources.sessions import NEW_YORK, closes, sessions

TIMEOUT_SECONDS: Final = 20.0
#: Days that Yahoo did not have are asked again after this.
ABSENT_FOR: Final = pd.Timedelta(days=7)
#: Prices of a session settle a while after its close.
SETTLED_AFTER: Final = pd.Timedelta(hours=1)
_KEPT: Final = {"date": "datetime64[us]", "return": "float64", "asked_at": "datetime64[us, UTC]"}

Trouble = Literal["rate limit", "connection", "answer", "no prices"]


@dataclass(frozen=True, slots=True)
class YahooReturns:
    """What Yahoo had.

    Attributes
    ----------
    frame : DataFrame
        ``date``, ``ticker``, ``return``, ``source``.
    failures : dict
        Ticker to reason, for tickers without a usable answer.
    requests : int
        How often yfinance was asked for prices (repeats not counted).
    sha256 : str
        Digest of the returns.
    retrieved_at : str
        Latest moment of asking among the rows.
    """

    frame: pd.DataFrame
    failures: dict[str, str]
    requests: int
    sha256: str
    retrieved_at: str


class _Refused(Exception):
    """Yahoo did not answer a request; ``trouble`` says whether others would fare better."""

    def __init__(self, trouble: Trouble, why: str) -> None:
        super().__init__(why)
        self.trouble = trouble


@one_source()
def yahoo_returns(
    tickers: Sequence[str],
    window: Window,
    *,
    cache: Path,
    session: Any = None,
    timeout: float = TIMEOUT_SECONDS,
    exchange: str = NEW_YORK,
) -> YahooReturns:
    """Daily total returns from Yahoo Finance, by way of a cache on disk.

    After a refusal that would meet every ticker (rate limit, no connection, an answer that is not prices)
    nothing more is asked; what was received is kept, so that the next call continues.

    Parameters
    ----------
    tickers : sequence of str
        As Yahoo writes them.
    window : Window
        With a start; an open end means the last session that has closed.
    cache : Path
        Folder, one Parquet file a ticker.
    session : optional
        A ``curl_cffi`` or ``requests`` session for yfinance: proxies, mirrors, tests.
    timeout : float
        Seconds for one request.
    exchange : str
        Whose trading days are expected.

    Raises
    ------
    SourceError
        The window has no start.
    """
    due = _due(window, exchange)
    frames, failures, requests = [], {}, 0
    stopped: _Refused | None = None
    for ticker in tickers:
        held = _held(cache, ticker)
        for first, last in _runs(due, held, exchange):
            if stopped is not None:
                failures[ticker] = f"not asked ({stopped})"
                break
            requests += 1
            try:
                fresh = _ask(ticker, first, last, session, timeout, exchange)
            except _Refused as refusal:
                failures[ticker] = str(refusal)
                stopped = refusal if refusal.trouble != "no prices" else None
                break
            held = _merge(held, fresh)
            _keep(cache, ticker, held)
        if ticker not in failures:
            frames.append(window.cut(held).dropna(subset=["return"]).assign(ticker=ticker))
            if frames[-1].empty:
                failures[ticker] = f"Yahoo has no prices for it from {window}"
    return _gathered(frames, failures, requests)


def _gathered(frames: list[pd.DataFrame], failures: dict[str, str], requests: int) -> YahooReturns:
    if frames:
        rows = pd.concat(frames, ignore_index=True)
    else:
        rows = _nothing_held().assign(ticker=pd.Series([], dtype="str"))
    asked = rows["asked_at"].max() if len(rows) else pd.Timestamp.now("UTC")
    frame = rows.assign(source="yahoo")[["date", "ticker", "return", "source"]]
    digest = sha256_of(frame.to_csv(index=False).encode())
    return YahooReturns(frame, failures, requests, digest, asked.floor("s").isoformat())


def _due(window: Window, exchange: str) -> pd.DatetimeIndex:
    """Sessions of the window whose prices have settled."""
    if window.start is None:
        raise SourceError("Yahoo needs a start: say from which day, for example start='2022-01-03'.")
    now = pd.Timestamp.now("UTC")
    last = min(window.end or now.tz_localize(None), now.tz_localize(None)).normalize()
    closing = closes(window.start, max(last, window.start), exchange=exchange)
    return closing.index[closing + SETTLED_AFTER <= now]


def _runs(
    due: pd.DatetimeIndex, held: pd.DataFrame, exchange: str
) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """Stretches of sessions to ask for: those not held, or found absent a while ago."""
    stale = held["return"].isna() & (held["asked_at"] < pd.Timestamp.now("UTC") - ABSENT_FOR)
    wanted = due[~due.isin(pd.DatetimeIndex(held.loc[~stale, "date"]))]
    if wanted.empty:
        return
    position = sessions(due[0], due[-1], exchange=exchange).get_indexer(wanted)
    breaks = [0, *(np.flatnonzero(np.diff(position) > 1) + 1), len(wanted)]
    for left, right in pairwise(breaks):
        yield wanted[left], wanted[right - 1]


def _ask(
    ticker: str, first: pd.Timestamp, last: pd.Timestamp, session: Any, timeout: float, exchange: str
) -> pd.DataFrame:
    """Returns of the sessions ``first`` to ``last``; absent ones (up to the last one answered) as missing."""
    before = sessions(first - pd.Timedelta(days=14), first - pd.Timedelta(days=1), exchange=exchange)[-1]
    prices = _prices(ticker, before, last, session, timeout)
    found, _ = returns_from_prices(prices.assign(ticker=ticker), exchange=exchange)
    found = found[found["date"].between(first, last)]
    answered = sessions(first, min(last, prices["date"].max()), exchange=exchange)
    absent = answered[~answered.isin(pd.DatetimeIndex(found["date"]))]
    rows = pd.concat([found[["date", "return"]], pd.DataFrame({"date": absent, "return": np.nan})])
    return rows.assign(asked_at=pd.Timestamp.now("UTC"))


def _prices(
    ticker: str, first: pd.Timestamp, last: pd.Timestamp, session: Any, timeout: float
) -> pd.DataFrame:
    """Adjusted closes; passing faults are retried with growing pauses."""
    import stamina

    patient = stamina.RetryingCaller(attempts=4, timeout=None, wait_initial=1.0, wait_max=30.0)
    table = patient(_is_passing, _history, ticker, first, last + pd.Timedelta(days=1), session, timeout)
    # yfinance answers an empty table, without an error, to much that went wrong.
    if table.empty or "Close" not in table or table["Close"].isna().all():
        raise _Refused("no prices", "Yahoo answered without a single price; is the ticker right?")
    dates = pd.DatetimeIndex(table.index).tz_localize(None).normalize().as_unit("us")
    return pd.DataFrame({"date": dates, "price": table["Close"].to_numpy("float64")})


def _is_passing(error: Exception) -> bool:
    return isinstance(error, _Refused) and error.trouble != "no prices"


def _history(
    ticker: str, start: pd.Timestamp, end: pd.Timestamp, session: Any, timeout: float
) -> pd.DataFrame:
    """One question to yfinance, its many exceptions sorted by what can be done about them."""
    import yfinance as yf
    from yfinance import exceptions
    from yfinance.data import YfData

    # yfinance keeps answers for the life of the process, those with a fault included.
    YfData.cache_get.cache_clear()
    try:
        with faults_raised(), warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.Pandas4Warning)  # yfinance's own use of pandas
            # Ticker.history raises what yf.download only logs.
            return within(
                TOTAL_SECONDS,
                lambda: yf.Ticker(ticker, session=session).history(
                    start=start.date(), end=end.date(), interval="1d", auto_adjust=True, actions=False,
                    timeout=timeout,
                ),
                late="Yahoo had not answered in full after {}".format,
            )  # fmt: skip
    except SourceError as error:
        raise _Refused("connection", str(error)) from error
    except exceptions.YFRateLimitError as error:
        raise _Refused(
            "rate limit", "Yahoo limits the rate of requests (HTTP 429); wait and call again"
        ) from error
    except exceptions.YFTickerMissingError as error:
        reason = str(error).removeprefix(f"${ticker}: ")
        raise _Refused("no prices", f"Yahoo has no prices for it: {reason}") from error
    # Before OSError: an answer that is not JSON is both a ValueError and an OSError.
    except (exceptions.YFException, LookupError, TypeError, ValueError, AttributeError) as error:
        why = f"Yahoo's answer is not the price chart that yfinance expects ({type(error).__name__}: {error})"
        raise _Refused("answer", why) from error
    except OSError as error:  # connection, time-out and broken transfer, of both curl_cffi and requests
        why = f"Yahoo could not be reached ({type(error).__name__}: {str(error).split('. See')[0]})"
        raise _Refused("connection", why) from error


@contextmanager
def faults_raised() -> Iterator[None]:
    """Have yfinance raise what went wrong instead of logging it and answering an empty table."""
    import yfinance as yf

    hidden = yf.config.debug.hide_exceptions
    yf.config.debug.hide_exceptions = False
    try:
        yield
    finally:
        yf.config.debug.hide_exceptions = hidden


def _cache_file(cache: Path, ticker: str) -> Path:
    return cache / (re.sub(r"[^A-Za-z0-9.=^-]", "_", ticker) + ".parquet")


def _nothing_held() -> pd.DataFrame:
    return pd.DataFrame(columns=list(_KEPT)).astype(_KEPT)


def _held(cache: Path, ticker: str) -> pd.DataFrame:
    """What is on disk; a damaged file counts as nothing held, since Yahoo can be asked again."""
    path = _cache_file(cache, ticker)
    if not path.exists():
        return _nothing_held()
    try:
        return pd.read_parquet(path)[list(_KEPT)].astype(_KEPT)
    except (OSError, ValueError, KeyError):
        return _nothing_held()


def _merge(held: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Both, the newer of each day."""
    both = pd.concat([held, fresh.astype(_KEPT)], ignore_index=True)
    return both.drop_duplicates("date", keep="last").sort_values("date", ignore_index=True)


def _keep(cache: Path, ticker: str, held: pd.DataFrame) -> None:
    write_atomically(_cache_file(cache, ticker), held.to_parquet(index=False))
