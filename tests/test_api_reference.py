"""Is every public function in the reference, with no other host named?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import undercut


@pytest.mark.slow
def test_the_reference_shows_what_the_door_offers_and_asks_no_other_host(tmp_path: Path) -> None:
    pytest.importorskip("pdoc")
    from tools.api_reference import write

    write(tmp_path / "api")
    front = (tmp_path / "api" / "undercut.html").read_text()
    functions = [name for name in undercut.__all__ if callable(getattr(undercut, name))]
    assert "what open AI models do to AI service prices" in front  # the package's words, not its stub's
    assert len(functions) > 15 and not [name for name in functions if f'id="{name}"' not in front]
    assert not [
        path.name
        for path in (tmp_path / "api").rglob("*.html")
        if re.search(r"""(?:src|href)=["'](?:https?:)?//""", path.read_text())
    ]
    assert "load_prices" in (tmp_path / "api" / "search.js").read_text()
