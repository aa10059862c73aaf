"""How does a report get into the site, and what is known of it there? Records, failures, earlier builds."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from undercut.errors import BuildError, DataError
from undercut.report.catalogue.entries import VARIANTS
from undercut.report.catalogue.project import git_commit, utc_now
from undercut.report.catalogue.staleness import inputs_of
from undercut.report.findings.contract import RESULTS_FILE, digest_of, read_json, write_atomically
from undercut.report.page.notebook import published_notebook
from undercut.report.run.masking import Mask
from undercut.report.run.processes import remove
from undercut.report.run.task import Failure, Run, Task
from undercut.strict_json import dumps

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


BUILD_FILE = "build.json"
FAILURE_FILE = "failure.json"
LAST_GOOD = "last-good.html"
FAILED_NOTEBOOK = "failed.ipynb"
HISTORY = "history"
_OF_FAILURES = frozenset({"status", "report", "title", "reason", "started_at", "failed_at", "parameters"})
_OF_BUILDS = frozenset({"status", "inputs", "started_at"})
_MAIN = '<main id="main" tabindex="-1">'


def read_record(folder: Path) -> dict[str, Any] | None:
    """How the last build of a published report went; None where it was never built.

    A record that cannot be read has the status ``damaged`` and says in ``reason`` what is wrong.
    """
    for name, needed in ((FAILURE_FILE, _OF_FAILURES), (BUILD_FILE, _OF_BUILDS)):
        if not os.path.lexists(folder / name):
            continue
        said = f"the record of its last build, {name}, is not what builds write"
        try:
            record = read_json(folder / name)
            if isinstance(record, dict) and needed <= record.keys():
                return record
        except DataError as error:
            said = f"the record of its last build is damaged: {error}"
        return {"status": "damaged", "reason": said}
    return None


def last_attempt(folder: Path) -> str | None:
    """When the last build of a report began; None where there was none, or its record is damaged."""
    record = read_record(folder)
    return None if record is None or record["status"] == "damaged" else str(record["started_at"])


def results_in(build: Path) -> dict[str, Any]:
    """What a kept build found; empty where nothing is there, or what is there is damaged, which is said."""
    path = build / RESULTS_FILE
    if not os.path.lexists(path):
        return {}
    about = path.stat() if path.exists() else None
    return _results(path, about and (about.st_mtime_ns, about.st_size, about.st_ino))


@lru_cache(maxsize=1024)
def _results(path: Path, _: tuple[int, ...] | None) -> dict[str, Any]:
    """Builds of a version with another contract are kept, so only what every version wrote is looked at."""
    try:
        content = read_json(path)
        moment = datetime.fromisoformat(content["built_at"]).astimezone(UTC)
        if moment.year and all(finding["key"] for finding in content["findings"]):
            return dict(content)
    except (DataError, KeyError, TypeError, ValueError, AttributeError):
        pass
    warnings.warn(f"{path} is damaged; that build is left out.", stacklevel=2)
    return {}


def publish_page(
    task: Task, run: Run, project: Path, site: Path, *, started: tuple[float, str], keep: int
) -> None:
    """Write the record of a finished page, keep the one before it, and put the new one in its place.

    Parameters
    ----------
    task, run
        What was run, and how it ended.
    project, site : Path
    started : (float, str)
        The moment of the start, in seconds of the epoch and as text.
    keep : int
        How many earlier builds to keep.
    """
    record: dict[str, Any] = {"report": task.report.name, "status": "built", "started_at": started[1]}
    record |= {key: getattr(run, key) for key in ("exit_status", "duration_seconds", "peak_memory_mb")}
    record |= {"git_commit": git_commit(project), "parameters": task.values}
    record |= {"inputs": inputs_of(task, run.trace, project, started[0])}
    record |= {"results": digest_of((task.page / RESULTS_FILE).read_bytes())}
    _write_json(task.page / BUILD_FILE, Mask(os.environ).anything(record))
    _keep(site, task.folder, keep)
    swap_in(brought(task.page, site, task.folder), site / task.folder)


def publish_failure(task: Task, failure: Failure, site: Path, *, started_at: str) -> str:
    """Say on the report's page that it failed; what was published before stays beside it.

    Returns
    -------
    str
        File name of the last good version; empty where there is none.
    """
    from undercut.report.page.render import render_failure

    target, fresh = site / task.folder, site / INCOMING / "failed" / task.folder
    has_good = _is_whole(target)
    if has_good:
        copy_of(target, fresh)
    else:
        fresh.mkdir(parents=True)
    failed_at = utc_now()
    if has_good and not (fresh / LAST_GOOD).is_file():
        old = (fresh / "index.html").read_text(encoding="utf-8")
        banner = f'A newer build failed on <a href="index.html">{failed_at[:16].replace("T", " ")} UTC</a>.'
        write_atomically(fresh / LAST_GOOD, with_banner(old, f"<strong>Stale.</strong> {banner}"))
    mask = Mask(os.environ)
    about: dict[str, Any] = {
        "report": task.report.name,
        "title": task.report.title,
        "status": "failed",
        "started_at": started_at,
        "failed_at": failed_at,
        "parameters": task.values,
        "notebook": task.notebook_path,
        "last_good": LAST_GOOD if has_good else None,
        "executed": FAILED_NOTEBOOK if _keep_executed(task, fresh / FAILED_NOTEBOOK, mask) else None,
        **asdict(failure),
    }
    about = mask.anything(about)
    _write_json(fresh / FAILURE_FILE, about)
    page = render_failure(about, command=mask.text(task.command), folder=task.folder)
    write_atomically(fresh / "index.html", page)
    swap_in(fresh, target)
    return LAST_GOOD if has_good else ""


def _keep_executed(task: Task, target: Path, mask: Mask) -> bool:
    """Put the notebook with its outputs, as far as it ran, beside the failure; False where there is none.

    One that is larger than the report may be, or for which there is no room, is left out.
    """
    target.unlink(missing_ok=True)
    try:
        if task.executed.stat().st_size > task.report.limits.output_mb * 1024**2:
            return False
        executed = json.loads(task.executed.read_text(encoding="utf-8"))
        notebook = mask.anything(published_notebook(executed))
        write_atomically(target, dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    except (OSError, ValueError):  # not written, or half, because the disk is full or the run was killed
        return False
    return True


def with_banner(html: str, banner: str) -> str:
    """A page with a line above its title."""
    return html.replace(_MAIN, f'{_MAIN}\n<p class="banner stale" role="note">{banner}</p>', 1)


def published_folders(site: Path) -> list[Path]:
    """Folders of the site that hold a report or the news of its failure."""
    places = [*site.glob("[!.]*/*.json"), *site.glob(f"{VARIANTS}/*/[!.]*/*.json")]
    return sorted({path.parent for path in places if path.name in (RESULTS_FILE, FAILURE_FILE)})


def is_current(site: Path) -> bool:
    """Whether the front page is younger than everything that it lists."""
    try:
        written = (site / "index.html").stat().st_mtime_ns
    except FileNotFoundError:
        return False
    return all(folder.stat().st_mtime_ns <= written for folder in published_folders(site))


def failure_of(folder: Path) -> dict[str, Any]:
    """What failure.json of a published report says; empty where its last build did not fail."""
    record = read_record(folder) or {}
    return record if record.get("status") == "failed" else {}


def damage(folder: Path, record: Mapping[str, Any]) -> list[str]:
    """What of a published report is not as its build left it, in words; empty where all is."""
    try:
        digest = digest_of((folder / RESULTS_FILE).read_bytes())
    except OSError as error:
        return [f"its {RESULTS_FILE} cannot be read: {error.strerror}"]
    if digest != record.get("results"):
        return [f"its {RESULTS_FILE} is not what its last build wrote"]
    return [] if (folder / "index.html").is_file() else ["its page is missing"]


def builds_of(site: Path, folder: str) -> list[Path]:
    """Folders of the kept builds of a report, oldest first, the published one last."""
    earlier = sorted(path.parent for path in (site / HISTORY / folder).glob(f"[0-9]*/{RESULTS_FILE}"))
    return [build for build in (*earlier, site / folder) if results_in(build)]


def stamp_of(build: Path) -> str:
    """The moment of a build that can be read, as a name: ``20261123T080000Z``."""
    return str(results_in(build)["built_at"]).replace("-", "").replace(":", "")


def _is_whole(published: Path) -> bool:
    """Whether a folder holds a good version of a report: its results, and the page that shows them."""
    pages = (published / LAST_GOOD, published / "index.html")
    return bool(results_in(published)) and any(page.is_file() for page in pages)


def fingerprint(site: Path, name: str, reasons: Sequence[str]) -> str:
    """Changes when the published results of a report do, or when they stop being up to date."""
    try:
        digest = digest_of((site / name / RESULTS_FILE).read_bytes())
    except FileNotFoundError:
        return "missing"
    return f"{'stale' if reasons else 'current'} {digest}"


def _keep(site: Path, folder: str, keep: int) -> None:
    """Keep the published version as an earlier build, and as many of those as wanted."""
    published, history = site / folder, site / HISTORY / folder
    if keep and _is_whole(published):
        place = history / stamp_of(published)
        if not place.exists():
            copy = _staged_copy(site, published, folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            copy.rename(place)
    kept = sorted(path for path in history.glob("[0-9]*") if path.is_dir())
    for old in kept[: max(0, len(kept) - keep)]:
        remove(old)


def _staged_copy(site: Path, published: Path, folder: str) -> Path:
    """A copy whose links lead out of the deeper folder, and which says that it is an earlier build."""
    copy = site / INCOMING / "earlier" / folder
    copy_of(published, copy)
    good = copy / LAST_GOOD if (copy / LAST_GOOD).is_file() else copy / "index.html"
    html = good.read_text(encoding="utf-8")
    up, deeper = "../" * (folder.count("/") + 1), "../" * (folder.count("/") + 3)
    html = html.replace(f'href="{up}', f'href="{deeper}')
    newest = f'<a href="{deeper}{folder}/index.html">the newest version</a>'
    html = with_banner(html, f"<strong>Earlier build.</strong> There is {newest}.")
    for name in (LAST_GOOD, FAILURE_FILE, FAILED_NOTEBOOK, "index.html"):
        (copy / name).unlink(missing_ok=True)
    write_atomically(copy / "index.html", html)
    return copy


def _write_json(path: Path, content: Any) -> None:
    write_atomically(path, dumps(content, indent=2, ensure_ascii=False) + "\n")
