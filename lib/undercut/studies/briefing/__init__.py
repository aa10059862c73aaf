"""What must a decision maker know of all the reports, what changed, and what is not known?"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "claims": "RULE Ledger judge verdict_history",
        "predictions": "predictions",
        "pages": "headlines changes evidence unknowns read_results previous_results",
    },
)
