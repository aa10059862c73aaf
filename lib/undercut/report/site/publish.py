"""How does a finished folder take the place of the old one, so that readers see either, never a mixture?"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from undercut.errors import BuildError
from undercut.report.run.places import remove

#: Finished pages on their way into the site; nothing lies there that may not be published.
INCOMING = ".incoming"
PREVIOUS = ".previous-"
_FORMERLY = ".staging"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class BusyError(BuildError):
    """Another build holds the site; nothing was done."""


@contextmanager
def only_builder(site: Path, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the site's lock, so that two builds never write to it at once; tidy up after a killed one.

    Raises
    ------
    BuildError
        Where another build still holds the lock after ``wait_seconds``.
    """
    from filelock import FileLock, Timeout

    site.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(site / ".lock", timeout=wait_seconds):
            _recover(site)
            try:
                yield
            finally:
                remove(site / INCOMING)
    except Timeout:
        raise BusyError(f"Another build is writing to {site}. Try again when it has finished.") from None


def swap_in(finished: Path, target: Path) -> None:
    """Put the folder ``finished`` in the place of ``target``; the old one vanishes only after that.

    Both must be on one file system. Linux exchanges the two names in one step; elsewhere the old folder
    is moved aside first, and `only_builder` moves it back should the build be killed in between.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        finished.rename(target)
    elif _exchange(finished, target):
        remove(finished)
    else:
        aside = target.with_name(PREVIOUS + target.name)
        target.rename(aside)
        finished.rename(target)
        remove(aside)


def brought(page: Path, site: Path, folder: str) -> Path:
    """A copy of a finished page inside the site, on whose file system it can be swapped in by one rename."""
    place = site / INCOMING / "page" / folder
    remove(place)
    shutil.copytree(page, place, symlinks=True)
    return place


def copy_of(folder: Path, target: Path) -> None:
    """A copy of ``folder`` that shares the content of its files, which are replaced and never changed."""
    remove(target)
    shutil.copytree(folder, target, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _recover(site: Path) -> None:
    """Undo what a killed build left: pages under way, and a report moved aside but not replaced."""
    for leftover in (INCOMING, _FORMERLY):
        remove(site / leftover)
    for aside in [*site.glob(PREVIOUS + "*"), *site.glob(f"variants/*/{PREVIOUS}*")]:
        target = aside.with_name(aside.name.removeprefix(PREVIOUS))
        if target.exists():
            remove(aside)
        else:
            aside.rename(target)


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two names in one step (renameat2); False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    names = os.fsencode(first), os.fsencode(second)
    if renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(second))
