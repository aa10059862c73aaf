"""How does the explorer reach a reader? One page with data and script inside, which asks no other host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from undercut.report.page.render import part, script_hash, template
from undercut.strict_json import dumps

#: Its place in the site.
EXPLORER = "explore.html"


def explorer_page(
    data: Mapping[str, Any], first: Mapping[str, Any], *, in_site: bool = True, made_from: str = ""
) -> str:
    """The page.

    Parameters
    ----------
    data : mapping
        What a reader can choose from, as the script expects it.
    first : mapping
        The first view, which stands there without scripts.
    in_site : bool
        Whether the front page lies beside it.
    made_from : str
        Digest of what it was made from, for `made_from`.
    """
    script = f"{part('point.js')}\n{part('explore.js')}"
    page = template("explore.html.j2").render(
        first=first,
        measures=data["measures"],
        workloads=first["workloads"],
        # A tag inside the data would end the element that holds them.
        data=dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        style=part("explore.css"),
        script=script,
        script_hash=script_hash(script),
        in_site=in_site,
        made_from=made_from,
    )
    return str(page).strip() + "\n"


def made_from(page: Path) -> str:
    """The digest that the page at this path was made from; empty where there is none."""
    found = (
        re.search(r'name="made-from" content="(\w*)"', page.read_text("utf-8")) if page.is_file() else None
    )
    return found.group(1) if found else ""
