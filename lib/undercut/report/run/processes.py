"""What ends with a build, killed or not? Each process that it started, and the private folder of its work."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from resource import struct_rusage

import psutil

_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.005
# Linux counts kibibytes, macOS bytes.
_MAXRSS_PER_MIB = 1024**2 if sys.platform == "darwin" else 1024


def die_with_parent(parent: int) -> None:
    """Have the kernel (of Linux) kill this process when the process ``parent`` ends."""
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(70)


def reap_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so that they can be ended (Linux)."""
    if sys.platform.startswith("linux"):
        _prctl(_SET_CHILD_SUBREAPER, 1)


def end_descendants(pid: int | None = None) -> None:
    """Kill every process below ``pid`` (default: this one), and wait until they have ended."""

    def below() -> list[psutil.Process]:
        try:
            return psutil.Process(pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    _end(below)


def end_tree(pid: int) -> None:
    """Kill a process and every process below it."""
    end_descendants(pid)
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()


def end_by_environment(variable: str, value: str) -> None:
    """Kill processes in whose environment ``variable`` is ``value``: those that nobody waits for any more."""

    def marked() -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if process.environ().get(variable) == value:
                    found.append(process)
        return found

    _end(marked)


def _end(find: Callable[[], list[psutil.Process]]) -> None:
    """Kill what is found until nothing is: what was started meanwhile, and what a busy machine ends late.

    Nobody's exit status is taken; what cannot be killed (it waits for a disk) is left after a while.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    while living := [process for process in find() if _lives(process)]:
        for process in living:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if time.monotonic() > until:
            return
        time.sleep(_LOOK_SECONDS)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def memory_mb(pid: int) -> float:
    """Resident memory of the processes below ``pid``, in mebibytes; 0 where they have ended."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            total += process.memory_info().rss
    return total / 1024**2


def peak_memory_mb(usage: struct_rusage) -> float:
    """Peak memory of the largest process that ``usage`` covers, in mebibytes."""
    return round(usage.ru_maxrss / _MAXRSS_PER_MIB, 1)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


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
        _clear(named)


def remove(folder: Path) -> None:
    """Remove a folder, or whatever else bears its name, however deep it is."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, capture_output=True)


def _clear(folder: Path) -> None:
    """Remove a build's folder, its lock last: by that the next build knows what a kill left half removed."""
    for inside in folder.glob("*"):
        if inside.name != _LOCK:
            remove(inside)
    remove(folder)


def _sweep() -> None:
    """Remove the folders of builds that were killed."""
    from filelock import FileLock, Timeout

    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        try:
            if lock.parent.is_symlink() or lock.parent.stat().st_uid != os.getuid():
                continue
            with FileLock(lock, timeout=0):
                _clear(lock.parent)
        except (Timeout, OSError):
            continue
