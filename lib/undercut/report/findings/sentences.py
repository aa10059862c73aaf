"""How is a number written in a sentence? Computed from the result, so prose cannot drift from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

MINUS = "\N{MINUS SIGN}"
_SUFFIXES = {"%": "%", "percent": "%", "x": "×", "times": "×", "percentage points": " percentage points"}
#: Percentages below one are not known to a thousandth; those that would read as zero keep their digits.
MOST_DECIMALS_OF_PERCENT = 2


def number(value: float | None, unit: str, *, decimals: int | None = None) -> str:
    """``value`` with its unit as a reader expects it.

    Parameters
    ----------
    value : float or None
        In ``unit``; None is written as an en dash.
    unit : str
        ``"%"``, ``"percentage points"``, ``"x"`` (a ratio), units that begin with ``"USD"`` (a leading
        dollar sign), or any words, which follow the number.
    decimals : int, optional
        Default: three significant digits; percentages at most two decimals.

    Examples
    --------
    >>> number(-36.2, "%")
    '−36.2%'
    >>> number(0.1, "USD per million tokens")
    '$0.10 per million tokens'
    >>> number(1234567, "models")
    '1,234,567 models'
    >>> number(2.5, "x")
    '2.5×'
    """
    if value is None or math.isnan(value):
        return "\N{EN DASH}"
    return _join(_digits(value, unit, decimals), unit)


def split(value: float | None, unit: str, *, decimals: int | None = None) -> tuple[str, str]:
    """`number` in two parts: the figure with its sign, and the words that follow it.

    Examples
    --------
    >>> split(0.1, "USD per million tokens")
    ('$0.10', 'per million tokens')
    """
    text = number(value, unit, decimals=decimals)
    head, _, words = text.partition(" ")
    return (head, words) if value is not None else (text, unit.removeprefix("USD").strip())


def sentence(finding: dict[str, Any]) -> str:
    """A finding's value with its interval and sample size.

    Examples
    --------
    >>> sentence({"value": -36.2, "unit": "%", "ci_low": -41.3, "ci_high": -30.1, "level": 0.95, "n": 212})
    '−36% (95% interval −41% to −30%, n = 212)'
    """
    value = number(finding["value"], finding["unit"], decimals=decimals_of(finding))
    asides = [text for text in (interval(finding, with_level=True), _sample(finding)) if text]
    return f"{value} ({', '.join(asides)})" if asides else value


def interval(finding: dict[str, Any], *, with_level: bool = False) -> str:
    """The interval of a finding, ``""`` where it has none."""
    if finding["ci_low"] is None:
        return ""
    unit, decimals = finding["unit"], decimals_of(finding)
    short = (
        unit.split(" ")[0] if unit.startswith("USD") else unit if _SUFFIXES.get(unit, " ")[0] != " " else ""
    )
    low, high = (_join(_digits(finding[end], unit, decimals), short) for end in ("ci_low", "ci_high"))
    return f"{level_of(finding)} {low} to {high}" if with_level else f"{low} to {high}"


def level_of(finding: dict[str, Any]) -> str:
    """What the two ends are: an interval at a level, or (at level one) a range that holds every case.

    Examples
    --------
    >>> level_of({"level": 0.95}), level_of({"level": 1.0})
    ('95% interval', 'range')
    """
    return "range" if finding["level"] == 1 else f"{finding['level'] * 100:.3g}% interval"


def decimals_of(finding: dict[str, Any]) -> int | None:
    """Decimals that the interval's half width supports; None where there is no interval.

    The largest of the three numbers has two significant digits or three, more only where both ends of the
    interval would read the same.

    Examples
    --------
    >>> decimals_of({"value": 1.1, "unit": "x", "ci_low": 0.6, "ci_high": 3.2})
    1
    """
    low, high = finding["ci_low"], finding["ci_high"]
    # An interval without width (up to rounding) supports no number of digits.
    if low is None or high - low <= 1e-9 * max(abs(low), abs(high)):
        return None
    first = math.floor(math.log10(max(abs(low), abs(high), abs(finding.get("value") or 0))))
    wanted = -math.floor(math.log10((high - low) / 2))
    decimals = max(0, min(2 - first, max(wanted, 1 - first)))
    if finding["unit"].startswith("USD") and 0 <= first < 2 and decimals:
        decimals = 2 - first
    while f"{low:.{decimals}f}" == f"{high:.{decimals}f}" and decimals < 6:
        decimals += 1
    return decimals


def p_value(p: float) -> str:
    """A p-value with its sign of relation.

    Examples
    --------
    >>> p_value(0.0004), p_value(0.0123)
    ('p < 0.001', 'p = 0.012')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def listed(parts: Sequence[str]) -> str:
    """Names as a sentence has them.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def day_text(day: str | date) -> str:
    """A day as a reader writes it.

    Examples
    --------
    >>> day_text("2026-11-07T08:00:00Z"), day_text(date(2025, 1, 27))
    ('7 November 2026', '27 January 2025')
    """
    found = date.fromisoformat(str(day)[:10])
    return f"{found.day} {found:%B %Y}"


def _sample(finding: dict[str, Any]) -> str:
    return "" if finding["n"] is None else f"n = {finding['n']:,}"


def _digits(value: float, unit: str, decimals: int | None) -> str:
    if decimals is None:
        most = MOST_DECIMALS_OF_PERCENT if unit in ("%", "percent") and abs(value) >= 0.005 else 10
        return _signed(_three_digits(value, is_money=unit.startswith("USD"), most=most))
    size = 0 if value == 0 or math.isinf(value) else math.floor(math.log10(abs(value)))
    return _signed(f"{round(value, min(decimals, 2 - size)) if size > 2 else value:,.{decimals}f}")


def _three_digits(value: float, *, is_money: bool, most: int = 10) -> str:
    """Three significant digits, without zeros at the end; whole numbers (counts) whole; cents in pairs."""
    if math.isinf(value):
        return f"{value:f}".replace("inf", "\N{INFINITY}")
    if float(value).is_integer() and not (is_money and 0 < abs(value) < 10):
        return f"{value:,.0f}"
    size = 0 if value == 0 else math.floor(math.log10(abs(value)))
    decimals = min(2 - size, most)
    text = f"{round(value, decimals):,.{max(0, decimals)}f}"
    fewest = 2 if is_money and abs(value) < 10 else 0
    while "." in text and text.endswith("0") and len(text.partition(".")[2]) > fewest:
        text = text[:-1]
    return text.rstrip(".")


def _signed(text: str) -> str:
    is_zero = not text.strip("-0.,")
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def _join(digits: str, unit: str) -> str:
    if unit.startswith("USD"):
        sign, bare = (MINUS, digits[1:]) if digits.startswith(MINUS) else ("", digits)
        return f"{sign}${bare}{unit[3:]}"
    if unit in _SUFFIXES:
        return digits + _SUFFIXES[unit]
    return f"{digits} {unit}" if unit else digits
