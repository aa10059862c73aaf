"""How do processes end together? Nothing that a build started may outlive it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from resource import struct_rusage

import psutil

_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
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
    """Kill every process below ``pid`` (default: this one)."""
    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for process in below:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def end_tree(pid: int) -> None:
    """Kill a process and every process below it."""
    end_descendants(pid)
    try:
        psutil.Process(pid).kill()
    except psutil.NoSuchProcess:
        return


def end_by_environment(variable: str, value: str) -> None:
    """Kill processes in whose environment ``variable`` is ``value``: those that nobody waits for any more."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(variable) == value:
                process.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def memory_mb(pid: int) -> float:
    """Resident memory of the processes below ``pid``, in mebibytes; 0 where they have ended."""
    total = 0
    try:
        for process in psutil.Process(pid).children(recursive=True):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        return total / 1024**2
    return total / 1024**2


def peak_memory_mb(usage: struct_rusage) -> float:
    """Peak memory of the largest process that ``usage`` covers, in mebibytes."""
    return round(usage.ru_maxrss / _MAXRSS_PER_MIB, 1)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
