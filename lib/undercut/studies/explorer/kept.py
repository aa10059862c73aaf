"""Is the explorer in a site up to date? Looked at before the rooms behind it are loaded."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from undercut import paths
from undercut.report.findings.contract import write_atomically
from undercut.report.site.site import EXPLORER


def write_explorer(site: Path) -> None:
    """Put the explorer into a site, unless the one that is there was made from the same data and code."""
    page, digest = site / EXPLORER, _digest()
    if not (page.is_file() and f'name="made-from" content="{digest}"' in page.read_text("utf-8")):
        from undercut.studies.explorer.page import explore  # the rooms behind it take a second to load

        write_atomically(page, explore().page(in_site=True, made_from=digest))


def _digest() -> str:
    """Identifies the data behind the page, and the package's code: most rooms have a part in it."""
    data, code = paths.data_dir(), Path(__file__).parents[2]
    files = [
        file for folder in ("prices", "reference", "witnesses") for file in sorted((data / folder).iterdir())
    ]
    files += sorted(
        [*code.rglob("*.py"), *code.rglob("*.toml"), *(code / "report" / "page" / "templates").iterdir()]
    )
    whole = sha256()
    for file in files:
        whole.update(sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:16]
