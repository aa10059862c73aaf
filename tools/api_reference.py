"""How does the reference of the public functions come into the site? ``python -m tools.api_reference``.

Pages of every room, made of its docstrings by pdoc: no other host is asked, and search works offline.
"""

from __future__ import annotations

import shutil
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import undercut
from undercut.report.catalogue.catalogue import load_all
from undercut.report.site.site import write_site

ROOT = Path(__file__).resolve().parents[1]
#: How pages are built is nobody's library, and commands are documented by ``undercut --help``.
_LEFT_OUT = ("report.", "cli", "start", "printing", "lazy")


def write(folder: Path) -> None:
    """Write the pages into ``folder``, in place of what was there."""
    import pdoc

    for found in walk_packages(undercut.__path__, "undercut."):
        if ".lab" not in found.name:
            _touch(found.name)
    _touch("undercut")
    pdoc.render.configure(
        docformat="numpy",
        show_source=False,
        include_undocumented=False,
        footer_text="Undercut",
        template_directory=ROOT / "tools" / "api_templates",
    )
    aside = folder.with_name(f".{folder.name}.next")
    shutil.rmtree(aside, ignore_errors=True)
    pdoc.pdoc("undercut", *(f"!undercut.{name}" for name in _LEFT_OUT), output_directory=aside)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def _touch(name: str) -> None:
    """Put what a room offers where pdoc looks for it."""
    module = import_module(name)
    for offered in getattr(module, "__all__", ()):
        setattr(module, offered, getattr(module, offered))


if __name__ == "__main__":
    site = Path(sys.argv[1] if sys.argv[1:] else ROOT / "reports" / "site")
    site.mkdir(parents=True, exist_ok=True)
    write(site / "api")
    write_site(site, *load_all(ROOT / "reports.toml"))  # the front page links to it
    print(f"API reference: {site / 'api' / 'index.html'}")
