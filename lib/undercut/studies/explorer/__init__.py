"""What does the explorer hold, and how does it reach a reader? Its page is a template of `report`."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(__name__, {"data": "explorer_data", "page": "explore Explorer"})
