"""The page on the valuation says what the assumptions are."""

from __future__ import annotations

from tests.paths import ROOT
from undercut.valuation.assumptions import load_assumptions

PAGE = ROOT / "docs" / "valuation.md"


def test_the_page_lists_every_parameter_with_its_default_and_range() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for p in load_assumptions().parameters.values():
        row = f"| `{p.name}` | {p.meaning} | {p.unit} | {p.default:g} | {p.low:g} | {p.high:g} |"
        assert row in text, f"docs/valuation.md is out of date: it should have {row}"


def test_the_page_lists_every_correlation() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for entry in load_assumptions().correlations:
        assert f"| `{entry.pair[0]}`, `{entry.pair[1]}` | {entry.value:g} |" in text
