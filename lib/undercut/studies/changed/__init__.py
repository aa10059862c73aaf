"""What changed lately: models new on sale, prices that moved, tables that were mended, offers that ended."""

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "WhatChanged verdict_turns what_changed",
        "pages": "ended every_move mended moved new_models turned",
    },
)
