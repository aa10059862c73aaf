"""What does each report compute, say and draw? One folder or module a subject.

`Report` puts results on the page of a notebook; the parts of a page are `Number`, `Figure`, `Table`,
`Sentence`, `Answer` and `Caveat`.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "presentation": "Report parts_of Number Figure Table Sentence Answer Caveat PRESENTERS",
    },
    modules=(
        "access", "adoption", "briefing", "counterfactual", "entry", "explorer", "hosts", "own", "price_war",
        "prices", "quality", "stocks", "tasks", "value",
    ),
)  # fmt: skip
