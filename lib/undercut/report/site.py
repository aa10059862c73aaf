"""Which reports are there to read? The site's front page, made from what is published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from undercut.report.contract import RESULTS_FILE, read_results, write_atomically
from undercut.report.render import BADGES, page_style, template


def write_site(site: Path, order: Sequence[str] = ()) -> None:
    """Write index.html of the folder ``site`` from the results.json of every published report.

    Parameters
    ----------
    site : Path
        Folder of published reports.
    order : sequence of str
        Report names in the order wanted; others follow by name.

    Raises
    ------
    DataError
        Where a published results.json is damaged.
    """
    published = {path.parent.name: read_results(path) for path in site.glob(f"[!.]*/{RESULTS_FILE}")}
    names = [name for name in order if name in published] + sorted(published.keys() - set(order))
    entries = [_entry(name, published[name]) for name in names]
    page = template("site.html.j2").render(entries=entries, style=page_style())
    write_atomically(site / "index.html", page.strip() + "\n")
    summary = [{"folder": name, **_summary(published[name])} for name in names]
    write_atomically(site / "reports.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")


def _entry(name: str, results: dict[str, Any]) -> dict[str, Any]:
    """What the front page says of one report."""
    return {
        "folder": name,
        "title": results["title"],
        "answer": results["answer"],
        "kind": results["data_kind"],
        "badge": BADGES[results["data_kind"]],
        "as_of": results["as_of"],
        "built": results["built_at"][:10],
        "age": data_age(results["as_of"], results["built_at"]),
        "findings": len(results["findings"]),
        "warnings": len(results["warnings"]),
    }


def data_age(as_of: str | None, built_at: str) -> str:
    """How old the data were when the report was built.

    Examples
    --------
    >>> data_age("2026-11-01", "2026-11-23T08:00:00Z")
    'data 22 days old when built'
    """
    if as_of is None:
        return ""
    days = (date.fromisoformat(built_at[:10]) - date.fromisoformat(as_of)).days
    if days <= 0:
        return "data of the day it was built"
    return f"data {days:,} day{'s' if days != 1 else ''} old when built"


def _summary(results: dict[str, Any]) -> dict[str, Any]:
    keys = ("report", "title", "answer", "as_of", "built_at", "data_kind")
    return {key: results[key] for key in keys}
