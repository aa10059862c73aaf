"""Where do the project's files live?"""

from __future__ import annotations

import os
from pathlib import Path

from undercut.errors import StoreError


def project_root() -> Path:
    """The project's folder: ``UNDERCUT_HOME``, else the checkout this package is installed from, else the
    nearest folder above the current one that holds ``data/prices``.

    Raises
    ------
    StoreError
        None of them is there.
    """
    named = os.environ.get("UNDERCUT_HOME")
    if named:
        return Path(named).resolve()
    here = Path(__file__).resolve()
    for folder in [here.parents[2], Path.cwd(), *Path.cwd().parents]:
        if (folder / "data" / "prices").is_dir() and (folder / "data" / "reference").is_dir():
            return folder
    raise StoreError(
        "No Undercut project found: run inside a checkout, or set UNDERCUT_HOME to the folder that holds "
        "data/."
    )


def data_dir() -> Path:
    """``data/`` of the project."""
    return project_root() / "data"


def cache_dir(name: str) -> Path:
    """A folder for caches of one kind under ``data/local`` (ignored by git), made if needed."""
    folder = data_dir() / "local" / "cache" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
