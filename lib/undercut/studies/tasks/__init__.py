"""What does a task cost? How gaps, rates and tokens are said and drawn, and what single models do to them."""

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__, {"estimates": "WithoutEach gap_curve level_rates without_each"}
)
