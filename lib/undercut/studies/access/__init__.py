"""The report on cost and access: whose bill gets smaller, and who can have which model at all."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "VOLUMES Bill assumptions waits",
        "buyers": "buyers buyer_choices paid_on_a_router",
        "pages": "CAVEATS assumed by_capability by_work conclusion reach reworked",
    },
)
