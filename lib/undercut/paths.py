"""Where do the project's files live, and where the data of an installed package?"""

from __future__ import annotations

import os
import threading
import tomllib
from pathlib import Path
from typing import Any, Final

from undercut.errors import StoreError

#: Data, notebooks and catalogue that travel inside the installed package; nothing is written there.
PACKAGED: Final = Path(__file__).resolve().parent / "_project"
_CHECKOUT: Final = Path(__file__).resolve().parents[2]


def read_beside(module: str) -> dict[str, Any]:
    """The TOML table that stands beside a module and has its name."""
    return tomllib.loads(Path(module).with_suffix(".toml").read_text("utf-8"))


def project_root() -> Path:
    """The folder around ``data/``: ``UNDERCUT_HOME``, else a project's folder that is the working folder or
    above it, else the checkout that the package is in, else what travels inside the package.

    Raises
    ------
    StoreError
        None of them is there.
    """
    named = os.environ.get("UNDERCUT_HOME")
    if named:
        return Path(named).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents, _CHECKOUT, PACKAGED):
        if (folder / "data" / "prices").is_dir() and (folder / "data" / "reference").is_dir():
            return folder
    raise StoreError(
        "No Undercut project found, and no data inside the package. Run inside a project (`undercut init "
        "DIR` makes one), or set UNDERCUT_HOME to the folder that holds data/."
    )


def data_dir() -> Path:
    """``data/`` of the project."""
    return project_root() / "data"


def own_data_dir() -> Path:
    """``data/`` of a project whose tables may be written.

    Raises
    ------
    StoreError
        Only the data inside the package are there.
    """
    if project_root() == PACKAGED:
        raise StoreError(
            "The tables inside the package are never changed. Make a project of your own with "
            "`undercut init DIR` and run the command there."
        )
    return data_dir()


def cache_dir(name: str) -> Path:
    """A folder for caches of one kind, made if needed: ``data/local`` of the project (ignored by git), or the
    user's folder for caches where that cannot be written."""
    data = data_dir()
    if data.parent != PACKAGED and os.access(data, os.W_OK):
        folder = data / "local" / "cache" / name
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("undercut") / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the whole new one.

    Halves of characters, which no file can hold, become question marks.
    """
    raw = content.encode(errors="replace") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with partial.open("wb") as handle:
            handle.write(raw)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
