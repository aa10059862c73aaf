"""Undercut: what open AI models do to AI service prices, and to the companies that sell AI.

Names load when they are first touched, so that ``import undercut`` costs nothing.

>>> import undercut
>>> prices = undercut.load_prices(as_of="2025-06-30")
>>> {"host", "model_id", "price"} <= set(prices.columns)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "check_returns": "undercut.sources.returns_checks",
    "load_events": "undercut.sources.events",
    "load_factors": "undercut.sources.factors",
    "load_returns": "undercut.sources.returns",
    "load_prices": "undercut.prices.load",
    "load_reference": "undercut.sources.reference",
    "Workload": "undercut.prices.workloads",
    "Provenance": "undercut.provenance",
    "UndercutError": "undercut.errors",
}

__all__ = ["__version__", *sorted(_WHERE)]


def __getattr__(name: str) -> Any:
    """Import the module that holds ``name`` on first use."""
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'undercut' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
