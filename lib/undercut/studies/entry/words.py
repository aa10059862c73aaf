"""How does report 07 write its numbers? Effects in percent, directions, p-values, reasons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from undercut.report.findings.sentences import MINUS, p_value

#: Percent beyond which an end of an interval is as good as none.
BEYOND: Final = 1000.0
ENDS: Final = {"estimate": "estimate", "low": "ci_low", "high": "ci_high"}


def percent(log: Any) -> Any:
    """Log points as percent; an end that overflows stays infinite."""
    with np.errstate(over="ignore"):
        return 100 * np.expm1(log)


PERCENT: Final = "signed_percent"
MEASURES: Final = {
    "closeness": "from an open rival far behind (0) to one level or ahead (1)",
    "is_exposed": "an open rival within reach, against none",
}
SHORT: Final = {"closeness": "closeness", "is_exposed": "reach"}
SOURCE: Final = "Undercut price panel; capability: Epoch AI (CC BY 4.0)"
NO_SPREAD: Final = "developers leave no spread to compute an error from"


def direction(
    low: float, high: float, *, below: str = "fell", above: str = "rose", neither: str = "neither"
) -> str:
    """The words for an interval below zero, above it, or around it.

    Examples
    --------
    >>> direction(-3.0, -1.0), direction(1.0, 2.0), direction(-1.0, float("inf"))
    ('fell', 'rose', 'neither')
    """
    return below if high < 0 else above if low > 0 else neither


def in_words(estimate: float, low: float, high: float) -> str:
    """An effect in percent with its interval, as a sentence writes it.

    Examples
    --------
    >>> in_words(-17.8, -31.9, -0.8), in_words(5.0, -100.0, float("inf"))
    ('−18% (−32% to −1%)', '+5% (−100% to beyond 1,000%)')
    >>> in_words(0.0, float("nan"), float("nan"))
    '+0% (no interval)'
    """
    if np.isnan(low) or np.isnan(high):
        return f"{estimate:+.0f}% (no interval)".replace("-", MINUS)
    end = f"{high:.0f}%" if high <= BEYOND else f"beyond {BEYOND:,.0f}%"
    return f"{estimate:+.0f}% ({low:.0f}% to {end})".replace("-", MINUS)


def of_leads(p: float) -> str:
    """What the joint test of the months before entry says."""
    if np.isnan(p):
        return "no joint test of the months before entry exists"
    return f"joint test of the months before entry: {p_value(p)}"


def listed(texts: Iterable[str], nothing: str = "none", by: str = "; ") -> str:
    """Texts in a row, or what to say where there is none."""
    return by.join(texts) or nothing


def key_of(text: str) -> str:
    """A name as part of a finding's key."""
    return text.lower().replace("-", "_").replace(" ", "_").replace("'", "")


def pair(low: float, high: float) -> tuple[float, float] | None:
    return (low, high) if np.isfinite(low) and np.isfinite(high) else None
