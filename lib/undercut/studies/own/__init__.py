"""What differs between two groups in a table of one's own? What `undercut new` begins with."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(__name__, {"groups": "read_own two_groups columns_of TwoGroups"})
