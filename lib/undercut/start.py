"""How does a project begin? As a folder with notebooks, catalogue and data, to build and to change."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from undercut import paths
from undercut.errors import InputError

_PARTS: Final = ("data", "docs", "notebooks", "reports.toml")
_IGNORED: Final = "data/local/*\nreports/*\n.ipynb_checkpoints/\n"
#: What the reports need beyond a plain install.
_EXTRAS: Final = {"pyblp": "demand", "diff_diff": "did", "SALib": "sensitivity", "arch": "garch"}


def start_project(folder: Path) -> str:
    """Make a project in ``folder`` out of what travels with the package; say what to do there.

    Raises
    ------
    InputError
        The folder holds a part of a project already.
    """
    held = [name for name in _PARTS if (folder / name).exists()]
    if held:
        raise InputError(f"{folder} holds {', '.join(held)} already: name a new folder.")
    source = paths.PACKAGED if paths.PACKAGED.is_dir() else paths.project_root()
    for name in _PARTS:
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, ignore=_left_out)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, folder / name)
    (folder / "data" / "local").mkdir(exist_ok=True)
    (folder / ".gitignore").write_text(_IGNORED)
    return (
        f"Made a project in {folder}: notebooks, reports.toml, docs and data.\n"
        f"Next: cd {folder}; undercut build (every report, into reports/site), or undercut build "
        f"01_market_prices (one).\nnotebooks/START_HERE.md says more.{_needed()}"
    )


def _left_out(folder: str, names: list[str]) -> list[str]:
    """Caches, and what somebody keeps in data/local."""
    if Path(folder).name == "data":
        return ["local"]
    return [name for name in names if name.startswith(".") or name == "__pycache__"]


def _needed() -> str:
    missing = [extra for module, extra in _EXTRAS.items() if find_spec(module) is None]
    if not missing:
        return ""
    return f"\nSome reports need more packages: pip install 'undercut[{','.join(missing)}]'."
