"""What does a published price table say, before any judgement?

Every price source turns its raw bytes into a list of :class:`Quote`: same units, same field names,
nothing cleaned. Judgement (is this zero a price? is this a unit error?) belongs to ``undercut.panel``.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypedDict, cast

import pandas as pd

from undercut.errors import SourceError
from undercut.strict_json import dumps

#: Modes of use that sell text by the token. Everything else (images, speech, embeddings, search) has a unit
#: of its own and the status ``other_mode``.
TEXT_MODES: Final = frozenset({"chat", "completion", "responses"})
_LARGEST_TABLE: Final = 128 * 2**20
_SIGNIFICANT_DIGITS: Final = 10


class Prices(TypedDict):
    """The four prices that every source may state."""

    input: float | None
    output: float | None
    cache_read: float | None
    cache_write: float | None


class Quote(NamedTuple):
    """One offer in one published table. Prices in US dollars per ``unit``; None = not stated.

    ``conditions`` is canonical JSON, a list of tariffs that hold under a condition, for example
    ``[{"above_tokens": 200000, "input": 2.5}]``. Conditions: ``above_tokens``, ``hours_utc`` (with
    optional ``weekdays``, 1 = Monday), ``service`` (priority, flex), ``reasoning``.
    ``effective_from`` is an ISO date where the source itself dates the price, ``withdrawn_on`` one where
    it says when the offer ends.
    """

    raw_host: str
    raw_id: str
    mode: str
    input: float | None
    output: float | None
    cache_read: float | None = None
    cache_write: float | None = None
    batch_input: float | None = None
    batch_output: float | None = None
    context_tokens: int | None = None
    conditions: str | None = None
    effective_from: str | None = None
    withdrawn_on: str | None = None
    unit: str = "million tokens"


@dataclass(frozen=True, slots=True)
class Table:
    """A parsed price table.

    Attributes
    ----------
    quotes : list of Quote
        Offers that state at least one price, of any mode.
    out_of_scope : int
        Entries without any price.
    unreadable : tuple of str
        Ids of entries whose numbers could not be read.
    """

    quotes: list[Quote]
    out_of_scope: int
    unreadable: tuple[str, ...] = ()


def table_of(entries: Iterable[tuple[str, Any]], read: Callable[[str, Any], Iterable[Quote | None]]) -> Table:
    """The quotes that ``read`` finds in each entry by id, and the ids that it cannot read."""
    quotes: list[Quote] = []
    unreadable: list[str] = []
    out_of_scope = 0
    for raw_id, entry in entries:
        try:
            found = [quote for quote in read(raw_id, entry) if quote is not None]
        except (TypeError, ValueError, KeyError, AttributeError):
            unreadable.append(raw_id)
            continue
        out_of_scope += not found
        quotes += found
    return Table(quotes, out_of_scope, tuple(unreadable))


def to_frame(table: Table) -> pd.DataFrame:
    """The quotes of a table as a tidy frame, one row a quote."""
    frame = pd.DataFrame(table.quotes, columns=list(Quote._fields))
    return frame.sort_values(["raw_host", "raw_id"], ignore_index=True)


def per_million(per_token: Any) -> float | None:
    """Dollars per token, number or numeric text, to dollars per million tokens.

    Ten significant digits are kept, which removes binary noise such as 2.5000000000000004.

    Examples
    --------
    >>> per_million("2.5e-06"), per_million(None)
    (2.5, None)
    """
    return rounded(float(per_token) * 1e6) if per_token is not None and per_token != "" else None


def prices_in(
    entry: Mapping[str, Any], fields: Mapping[str, str], read: Callable[[Any], float | None]
) -> Prices:
    """The four prices of an entry, which has them under names of its own."""
    return cast(Prices, {name: read(entry.get(field)) for name, field in fields.items()})


def rounded(price: Any) -> float | None:
    """A price as a float of ten significant digits; None stays None.

    Raises
    ------
    ValueError
        Not a finite number (callers record the entry as unreadable).
    """
    if price is None:
        return None
    number = float(price)
    if not math.isfinite(number):
        raise ValueError(f"{price!r} is not a finite price")
    return float(f"{number:.{_SIGNIFICANT_DIGITS}g}")


def condition_text(conditions: Iterable[Mapping[str, Any]]) -> str | None:
    """Canonical JSON of conditional tariffs: same content, same text. None where there are none."""
    texts = sorted(dumps({k: v for k, v in c.items() if v is not None}, sort_keys=True) for c in conditions)
    return "[" + ", ".join(texts) + "]" if texts else None


def unpacked(content: bytes, what: str) -> bytes:
    """The bytes of a table that may be gzipped, never more than any table has.

    Raises
    ------
    SourceError
        The archive is damaged, or holds too much.
    """
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        whole = zlib.decompressobj(wbits=31).decompress(content, _LARGEST_TABLE + 1)
    except zlib.error as error:
        raise SourceError(f"{what} is a damaged archive: {error}.") from error
    if len(whole) > _LARGEST_TABLE:
        raise SourceError(f"{what} unpacks to more than {_LARGEST_TABLE:,} bytes; refused.")
    return whole


def parse_json_object(content: bytes, what: str) -> dict[str, Any]:
    """Decode a JSON object or say which table is broken.

    Raises
    ------
    SourceError
        The bytes are not JSON, or not an object at the top.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:  # also of numbers too long, and nested too deep, to be read
        raise SourceError(
            f"{what} is not valid JSON ({error}); the release is damaged or not a price table."
        ) from error
    if not isinstance(data, dict):
        raise SourceError(f"{what} holds a {type(data).__name__} where a JSON object was expected.")
    return data
