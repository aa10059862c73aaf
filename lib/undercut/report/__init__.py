"""How does a result reach a reader? Catalogue, building, rendering, publishing, the site's pages.

`build_reports` builds notebooks into pages; `Results` collects what one notebook found; `read_results` reads
what others found.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "build": "build_reports Options Outcome",
        "findings.results": "Results Finding read_results previous_results",
    },
)
