"""How do facts get in? One module a source, readers of people's own files, and the reviewed tables.

Whatever cannot be read is an error that names the cell; a source that fails never turns into an empty table.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "closes": "closing_prices load_closes market_values",
        "events": "load_events check_events open_releases",
        "factors": "load_factors",
        "live": "fetch read_live",
        "reference": "load_reference TABLES",
        "returns": "load_returns",
        "returns_checks": "check_returns",
        "sessions": "sessions reacting_session",
    },
)
