"""Where does a word stand? Every section of every report, and every model and seller of the explorer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from html import unescape
from pathlib import Path
from typing import Any, Final

from undercut.report.site.explorer import EXPLORER

_UNSAID: Final = re.compile(r"<(script|style|svg|pre|button|nav)\b.*?</\1>", re.DOTALL)
_SECTION: Final = re.compile(r'<h2[^>]*\bid="([^"]+)"[^>]*>(.*?)</h2>', re.DOTALL)
_DATA: Final = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def search_data(site: Path, published: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the front page's search looks through.

    Parameters
    ----------
    site : Path
        Folder of the published reports and of the explorer.
    published : iterable of mapping
        ``folder`` and ``title`` of the reports to search.

    Returns
    -------
    dict
        ``reports`` (folder, title), ``sections`` (number of the report, anchor, heading, text), ``models``
        (id, name, developer), the newest first, and ``sellers`` (id, name).
    """
    reports = [(about["folder"], about["title"]) for about in published]
    sections = [
        [number, *section]
        for number, (folder, _) in enumerate(reports)
        if (site / folder / "index.html").is_file()
        for section in sections_of((site / folder / "index.html").read_text("utf-8"))
    ]
    held = _DATA.search((site / EXPLORER).read_text("utf-8")) if (site / EXPLORER).is_file() else None
    data = json.loads(held.group(1)) if held else {"models": [], "hosts": [], "developers": []}
    newest = sorted(data["models"], key=lambda row: -row[4])
    return {
        "reports": reports,
        "sections": sections,
        "models": [[row[0], row[1] or row[0], data["developers"][row[2]]] for row in newest],
        "sellers": [row[:2] for row in data["hosts"]],
    }


def sections_of(page: str) -> list[tuple[str, str, str]]:
    """Anchor, heading and text of each section of a page; what stands before the first has no anchor.

    Examples
    --------
    >>> sections_of('<main><p>Short.</p><h2 id="a">One</h2><p>Kimi &amp; GLM</p></main>')
    [('', '', 'Short.'), ('a', 'One', 'Kimi & GLM')]
    """
    body = page.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    first, *rest = _SECTION.split(_UNSAID.sub(" ", body))
    found = [("", "", _text(first))]
    found += [
        (anchor, _text(title), _text(text)) for anchor, title, text in zip(*[iter(rest)] * 3, strict=True)
    ]
    return [section for section in found if section[2]]


def _text(fragment: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", fragment)).split())
