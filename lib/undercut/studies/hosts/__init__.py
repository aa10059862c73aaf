"""The report on host competition: what one more seller of the same weights does to their price."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "Coverage Sample Specifications answers doubts jurisdiction more_hosts moves "
        "other_premiums over_cost panels_by_choice sellers since_launch without_each",
        "course_pages": "rent_agreement",
        "pages": "CAVEATS",
        "specifications": "entry_specifications",
    },
)
