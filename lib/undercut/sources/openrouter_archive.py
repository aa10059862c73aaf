"""What did OpenRouter's public list say on archived days since July 2023?

The package model-price-radar-mcp (MIT) ships 31 archived copies of the list. A price was public on the day
of the copy, so that day, not the package's release, is when it could be known.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from undercut.errors import SourceError
from undercut.sources.quotes import Quote, Table, parse_json_object, rounded, unpacked

PROJECT: Final = "model-price-radar-mcp"
MEMBER: Final = r"model_price_radar/data/history\.json\.gz"


def parse(content: bytes, *, what: str = "the OpenRouter archive") -> list[tuple[dt.date, Table]]:
    """Archived lists, oldest first, each with its day.

    Raises
    ------
    SourceError
        The file is not the archive that the package publishes.
    """
    data = parse_json_object(unpacked(content, what), what)
    try:
        return sorted(
            ((dt.date.fromisoformat(s["date"]), _table(s["prices"])) for s in data["snapshots"]),
            key=lambda dated: dated[0],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"{what} has another layout than expected ({error!r}).") from error


def _table(prices: dict[str, list[float | None]]) -> Table:
    quotes = [
        Quote("openrouter", raw_id, "chat", rounded(pair[0]), rounded(pair[1]))
        for raw_id, pair in prices.items()
        if pair[0] is not None or pair[1] is not None
    ]
    return Table(quotes, out_of_scope=len(prices) - len(quotes))
