"""Must a report be built again, and why? What it was built from changed, or its schedule says so."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import metadata
from inspect import getmodulename
from pathlib import Path
from typing import Any

from undercut import paths
from undercut.errors import StoreError
from undercut.report.findings.contract import digest_of
from undercut.report.run.task import Task

_PACKAGE = Path(__file__).resolve().parents[2]
#: Tables that the rooms read by ways that leave no trace (DuckDB opens files itself).
_SHIPPED = ("prices", "reference", "sample")
#: Parts of the package that read none of them.
_WITHOUT_DATA = (
    "report", "errors", "paths", "provenance", "plots", "printing", "tables", "__init__", "lazy", "extras",
    "start", "faults", "strict_json",
)  # fmt: skip
_NOT_INPUT = ("reports", ".git", ".venv", "data/local/cache", "lib")
_SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr", "/var", "/opt", "/run")
PYTHON = sys.version.split()[0]
CHANGED_MEANWHILE = "changed while the report was built"


def inputs_of(task: Task, trace: Mapping[str, list[str]], project: Path, started: float) -> dict[str, Any]:
    """What a report was built from, for `reasons` to compare later.

    Parameters
    ----------
    task : Task
        What was run.
    trace : mapping
        ``opened``, ``modules`` and ``roots``, as the kernel wrote them.
    project : Path
        Paths are written relative to it.
    started : float
        Moment of the start, in seconds of the epoch; a file that is younger counts as not known.
    """
    opened = {Path(name) for name in trace.get("opened", []) if _is_input(Path(name), project)}
    modules = {
        Path(name) for name in trace.get("modules", [])
    }  # none of an installed library, says the kernel
    modules = {path for path in modules if path.is_relative_to(_PACKAGE) or path.is_relative_to(project)}
    files = opened | modules | set(_shipped(modules))
    notebook = task.report.notebook
    return {
        "notebook": _digest(notebook, started),
        "parameters": task.values,
        "others": _seen(task),
        "files": {_shown(path, project): _digest(path, started) for path in sorted(files)},
        "packages": versions(trace.get("roots", [])),
        "python": PYTHON,
    }


def _seen(task: Task) -> dict[str, str]:
    """What the report saw of those that it is made from: `fingerprint` of each."""
    if not task.report.after:
        return {}
    others = json.loads(task.others.read_text(encoding="utf-8"))
    return {name: other["fingerprint"] for name, other in others.items() if other["is_read"]}


def reasons(inputs: Mapping[str, Any], task: Task, project: Path) -> list[str]:
    """Why a report built from ``inputs`` is out of date, in sentences; empty where it is not.

    The results of other reports are not among them; they are judged by what is published.
    """
    found = []
    if inputs["notebook"] != _digest(task.report.notebook):
        found.append(f"the notebook {_shown(task.report.notebook, project)} changed")
    found += [
        f"parameter {name}: {inputs['parameters'].get(name)!r} became {value!r}"
        for name, value in task.values.items()
        if name not in inputs["parameters"] or inputs["parameters"][name] != value
    ]
    found += _changed_files(inputs["files"], project)
    for package, version in inputs["packages"].items():
        now = _installed(package)
        if now != version:
            found.append(f"package {package}: {version} became {now or 'missing'}")
    if inputs["python"] != PYTHON:
        found.append(f"Python {inputs['python']} became {PYTHON}")
    return found


def _changed_files(recorded: Mapping[str, str], project: Path) -> list[str]:
    found = []
    before = {_place(name, project): digest for name, digest in recorded.items()}
    for path, digest in before.items():
        kind = "code" if path.suffix == ".py" else "file"
        if digest == CHANGED_MEANWHILE:
            found.append(f"{kind} {_shown(path, project)} {CHANGED_MEANWHILE}")
        elif not path.is_file():
            found.append(f"{kind} {_shown(path, project)} is gone")
        elif _digest(path) != digest:
            found.append(f"{kind} {_shown(path, project)} changed")
    new = set(_shipped(before)) - before.keys()
    return found + [f"file {_shown(path, project)} is new" for path in sorted(new)]


def _shipped(modules: Iterable[Path]) -> list[Path]:
    """Every shipped table, where any of the modules may read one."""
    rooms = {
        path.relative_to(_PACKAGE).parts[0].removesuffix(".py")
        for path in modules
        if path.is_relative_to(_PACKAGE) and path.suffix == ".py"
    }
    if not rooms - set(_WITHOUT_DATA):
        return []
    try:
        data = paths.data_dir()
    except StoreError:
        return []  # installed without a project: nothing is shipped
    found = [path for name in _SHIPPED for path in sorted((data / name).rglob("[!.]*"))]
    return [path for path in found if path.is_file()]


def _is_input(path: Path, project: Path) -> bool:
    """Whether a file that the notebook opened is data that it depends on."""
    if not path.is_file():
        return False
    if path.is_relative_to(_PACKAGE):
        return True
    if path.is_relative_to(project):
        inside = path.relative_to(project)
        return not any(inside.is_relative_to(part) for part in _NOT_INPUT) and not _is_hidden(inside)
    system = (sys.prefix, sys.base_prefix, tempfile.gettempdir(), *_SYSTEM)
    return not any(path.is_relative_to(part) for part in system) and not _is_hidden(path)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts) or "__pycache__" in path.parts


def _digest(path: Path, started: float | None = None) -> str:
    try:
        about = path.stat()
        if started is not None and about.st_mtime > started:
            return CHANGED_MEANWHILE
        return _digest_of_file(path, about.st_mtime_ns, about.st_size, about.st_ino)
    except OSError as error:
        return f"not readable: {error.strerror}"


@lru_cache(maxsize=4096)
def _digest_of_file(path: Path, *_: int) -> str:
    """Digest of a file that many reports read; read again where its time, size or inode changed."""
    return digest_of(path.read_bytes())


def _shown(path: Path, project: Path) -> str:
    """A path as it is recorded: relative to the project, the package or the home folder it is in."""
    for start, prefix in ((project, ""), (_PACKAGE.parent, "lib:"), (Path.home(), "~/")):
        if path.is_relative_to(start):
            return prefix + path.relative_to(start).as_posix()
    return path.as_posix()


def _place(shown: str, project: Path) -> Path:
    """The path that `_shown` wrote."""
    if shown.startswith("lib:"):
        return _PACKAGE.parent / shown.removeprefix("lib:")
    return project / Path(shown).expanduser()


def versions(roots: Iterable[str]) -> dict[str, str]:
    """Versions of the installed distributions to which the top-level modules belong."""
    owners = _owners()
    found = {_field(owner, "Name"): owner for root in roots for owner in owners.get(root, ())}
    return {name: _field(found[name], "Version") for name in sorted(found.keys() - {"undercut"})}


@cache
def _owners() -> Mapping[str, list[metadata.Distribution]]:
    """What `importlib.metadata.packages_distributions` says, in a tenth of the time."""
    owners: dict[str, list[metadata.Distribution]] = {}
    for distribution in metadata.distributions():
        tops = set((distribution.read_text("top_level.txt") or "").split())
        if not tops:
            paths = (line.partition(",")[0] for line in (distribution.read_text("RECORD") or "").splitlines())
            tops = {
                top if rest else getmodulename(top) or ""
                for top, _, rest in (one.partition("/") for one in paths)
            }
        for top in tops:
            owners.setdefault(top or "", []).append(distribution)
    return owners


@cache
def _installed(package: str) -> str | None:
    try:
        return _field(metadata.distribution(package), "Version")
    except metadata.PackageNotFoundError:
        return None


def _field(distribution: metadata.Distribution, name: str) -> str:
    """A field of a distribution's metadata, of which only this is parsed."""
    found = re.search(rf"^{name}: *(\S+) *$", distribution.read_text("METADATA") or "", re.MULTILINE)
    return found[1] if found else str(distribution.metadata[name])


_CLOCKS_DIFFER = timedelta(minutes=10)


def is_schedule(text: Any) -> bool:
    """Whether ``text`` is a schedule of five fields, or a name such as ``@daily``.

    Examples
    --------
    >>> is_schedule("0 6 * * 1-5"), is_schedule("@weekly"), is_schedule("every day")
    (True, True, False)
    """
    from croniter import croniter

    if not isinstance(text, str) or not (text.startswith("@") or len(text.split()) == 5):
        return False
    return bool(croniter.is_valid(text))


def never_comes(schedule: str) -> bool:
    """Whether a schedule names a day that no calendar has.

    Examples
    --------
    >>> never_comes("0 0 30 2 *"), never_comes("0 0 29 2 *")
    (True, False)
    """
    from croniter import CroniterBadDateError, croniter

    try:
        croniter(schedule, datetime.now(UTC)).get_next(datetime)
    except CroniterBadDateError:
        return True
    return False


def fault_of_stamp(moment: str | None, now: str) -> str:
    """What is wrong with the recorded moment of a build, in words; empty where it can be.

    Examples
    --------
    >>> fault_of_stamp("2099-01-01T00:00:00Z", "2026-11-23T06:00:00Z")
    "the moment of its last build, '2099-01-01T00:00:00Z', lies in the future"
    """
    try:
        lies_ahead = moment is not None and _moment(moment) > _moment(now) + _CLOCKS_DIFFER
    except (ValueError, OverflowError):
        return f"the moment of its last build, {moment!r}, is none"
    return f"the moment of its last build, {moment!r}, lies in the future" if lies_ahead else ""


def is_due(schedule: str, last_attempt: str | None, now: str) -> bool:
    """Whether a moment of the schedule (UTC) lies after the last attempt and not after ``now``.

    However many moments were missed, the report is due once.

    Parameters
    ----------
    schedule : str
        See `is_schedule`; empty is never due.
    last_attempt, now : str
        Moments as build.json has them; without an attempt every scheduled report is due.

    Examples
    --------
    >>> is_due("0 6 * * *", "2026-11-22T06:00:09Z", "2026-11-23T05:59:59Z")
    False
    >>> is_due("0 6 * * *", "2026-11-15T06:00:09Z", "2026-11-23T06:00:00Z")
    True
    """
    from croniter import croniter

    if not schedule:
        return False
    if last_attempt is None:
        return True
    moment = croniter(schedule, _moment(last_attempt)).get_next(datetime)
    return bool(moment <= _moment(now))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
