"""The report on adoption: tokens on one router, companies on record, and what came after restrictions."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__, {"estimates": "Cases Shares after_restrictions restrictions_of", "pages": "CAVEATS conclusion"}
)
