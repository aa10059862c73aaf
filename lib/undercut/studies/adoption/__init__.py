"""The report on adoption: a router's tokens, what US firms pay for, companies on record, restrictions."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "Cases Paid Shares after_restrictions mix restrictions_of shares uptake",
        "pages": "CAVEATS conclusion",
        "reproductions": "published_figures",
        "surveys": "Surveys",
    },
)
