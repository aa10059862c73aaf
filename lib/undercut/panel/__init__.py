"""What was on offer, by whom, at which price, on which day? Runs of quotes, names, statuses, the price panel.

`load_panel` reads it; `load_changes` lists the changes of price in it; `Identity` says which model a name is.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "store": "load_panel offered_on read_table",
        "changes": "load_changes CHANGE_COLUMNS",
        "calendar": "load_withdrawals",
        "identity": "Identity coverage",
        "schema": "PANEL_COLUMNS PRICE_COLUMNS STATUSES ACCESS",
        "maintain": "describe rebuild update",
    },
)
