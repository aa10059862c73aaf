"""What does a table of one's own say? Two groups, as `undercut new` begins with, and staggered adoption."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__, {"adoption": "staggered_adoption", "groups": "read_own two_groups columns_of TwoGroups"}
)
