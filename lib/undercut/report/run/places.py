"""Where does a build work before it publishes? In a private folder outside the site, gone after kills too."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "undercut-"
_LOCK = ".lock"


@contextmanager
def workplace() -> Iterator[Path]:
    """A new folder that only this user can read; it goes at the end, and with it those of killed builds.

    Its lock ends with the process that holds it, which is how the next build knows what was left behind.
    """
    from filelock import FileLock

    _sweep()
    folder = Path(tempfile.mkdtemp(prefix="." + _PREFIX)).resolve()
    named = folder.with_name(folder.name[1:])
    try:
        with FileLock(folder / _LOCK):
            folder.rename(named)  # seen by others only now that it is locked
            yield named
    finally:
        remove(named)


def remove(folder: Path) -> None:
    """Remove a folder, or whatever else bears its name, however deep it is."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, capture_output=True)


def _sweep() -> None:
    """Remove the folders of builds that were killed."""
    from filelock import FileLock, Timeout

    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        try:
            if lock.parent.is_symlink() or lock.parent.stat().st_uid != os.getuid():
                continue
            with FileLock(lock, timeout=0):
                remove(lock.parent)
        except (Timeout, OSError):
            continue
