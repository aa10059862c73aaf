"""How is a file fetched from a public address without trusting it: bounded, retried, told in our words?

The client is loaded with the first question: most who import this module ask none.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from pathlib import Path
from typing import Final, TypeVar

from undercut.errors import SourceError
from undercut.paths import write_atomically

MAX_BYTES: Final = 64 * 2**20
TIMEOUT_SECONDS: Final = 30.0
#: How long one question to a source may take in all, however slowly its answer drips in.
TOTAL_SECONDS: Final = 120.0
#: How long all questions of one reading of a source may take: release after release, year after year.
SOURCE_SECONDS: Final = 1_800.0
_END: ContextVar[float] = ContextVar("end", default=inf)
_Found = TypeVar("_Found")


@contextmanager
def one_source() -> Iterator[None]:
    """Inside, all questions together may take `SOURCE_SECONDS`; threads need a copy of the context."""
    token = _END.set(min(_END.get(), time.monotonic() + SOURCE_SECONDS))
    try:
        yield
    finally:
        _END.reset(token)


def within(seconds: float, work: Callable[[], _Found], *, late: Callable[[str], str]) -> _Found:
    """What ``work`` returns, or raises, within so many seconds and what is left to its source.

    It runs in a thread of its own that is left behind when it is late: no time-out of a library covers an
    answer that comes a byte at a time, and none of them the looking up of names.

    Raises
    ------
    SourceError
        ``late``, given the time in words, where it takes longer.
    """
    found: list[_Found] = []
    failed: list[BaseException] = []
    left = _END.get() - time.monotonic()
    limit = (
        f"{seconds:g} s" if left >= seconds else f"the {SOURCE_SECONDS:g} s that one source may take in all"
    )

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # raised again where it was asked for
            failed.append(error)

    if left > 0:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(min(seconds, left))
    if failed:
        raise failed[0]
    if not found:
        raise SourceError(late(limit))
    return found[0]


def download(
    name: str,
    address: str,
    *,
    way_out: str,
    max_bytes: int = MAX_BYTES,
    accept: str = "*/*",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The bytes at ``address``; lost connections, overload and server faults are retried.

    Parameters
    ----------
    name : str
        The source, for messages.
    address : str
    way_out : str
        What a user can do without it; ends the message.
    max_bytes : int
        Longer answers are refused.
    accept : str
        Media type to ask for.
    headers : mapping, optional
        Further headers, such as an authorisation.

    Raises
    ------
    SourceError
        No answer, another status than 200, nothing in it, or too much; or it takes too long.
    """

    import httpx
    import stamina

    patient = stamina.RetryingCaller(attempts=4, wait_initial=0.2, wait_max=5)

    def fetch() -> bytes:
        return patient(_is_passing, _bounded, address, max_bytes, {"Accept": accept, **(headers or {})})

    def late(limit: str) -> str:
        return f"{name} had not answered in full after {limit} at {address}. {way_out}"

    try:
        content = within(TOTAL_SECONDS, fetch, late=late)
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise SourceError(f"{name} answered with HTTP {status} at {address}. {way_out}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(
            f"{name} could not be reached at {address} ({type(error).__name__}: {error}). {way_out}"
        ) from error
    if not content.strip():
        raise SourceError(f"{name} sent an empty answer from {address}. {way_out}")
    return content


def _is_passing(error: Exception) -> bool | float:
    """Wait as long as an overloaded server asks, within reason."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        if error.response.status_code == 429:
            asked = error.response.headers.get("Retry-After", "")
            return min(float(asked), 20.0) if asked.isdigit() else True
        return error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)


def _bounded(address: str, max_bytes: int, headers: Mapping[str, str]) -> bytes:
    import httpx

    with (
        httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True) as client,
        client.stream("GET", address, headers=headers) as response,
    ):
        response.raise_for_status()
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > max_bytes:
                raise SourceError(f"{address} sends more than {max_bytes:,} bytes; refused.")
            parts.append(part)
    return b"".join(parts)


def kept(
    held: Path | None, max_age: dt.timedelta, ask: Callable[[], bytes], read: Callable[[bytes], object]
) -> tuple[bytes, dt.datetime]:
    """What a file holds that is young enough, else what ``ask`` brings, and the moment of the answer.

    Only what ``read`` can read is kept: a page of apology must not stand in for an answer.
    """
    if held is not None and held.exists():
        moment = dt.datetime.fromtimestamp(held.stat().st_mtime, tz=dt.UTC)
        if dt.datetime.now(tz=dt.UTC) - moment < max_age:
            return held.read_bytes(), moment
    content = ask()
    read(content)
    if held is not None:
        write_atomically(held, content)
    return content, dt.datetime.now(tz=dt.UTC).replace(microsecond=0)
