"""The report on what holds buyers back from Chinese open models: security, quality, reliability."""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "estimates": "AtEqualCapability Behind ByTask Steadiness behind behind_without_each incidents "
        "premium_choices same_weights",
        "pages": "CAVEATS conclusion",
    },
)
