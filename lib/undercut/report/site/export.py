"""How does a report travel by mail? One HTML file with its downloads inside."""

from __future__ import annotations

import re
import stat
from base64 import b64encode
from html import unescape
from pathlib import Path

from undercut.errors import InputError
from undercut.report.findings.contract import write_atomically

_MIME = {
    ".json": "application/json", ".ipynb": "application/x-ipynb+json", ".csv": "text/csv",
    ".svg": "image/svg+xml", ".png": "image/png",
}  # fmt: skip
#: In the head of an export, to know it again.
_MARK = '<meta name="generator" content="undercut export">'
_HEAD_BYTES = 4096
_LINK = re.compile(r'<a href="([^"#:]+)"( download)?>')
_WAY_UP = re.compile(r'<header class="top">.*?</header>\n?', re.DOTALL)
_HISTORY = re.compile(r'<p class="screen">What moved between builds:.*?</p>\n?', re.DOTALL)


def export_report(folder: Path, target: Path) -> int:
    """Write the published report in ``folder`` as one file that needs no other.

    Parameters
    ----------
    folder : Path
        Of a published report; where its last build failed, the last good version is taken.
    target : Path
        The HTML file to write.

    Returns
    -------
    int
        Its size in bytes.

    Raises
    ------
    InputError
        Where the report has not been built, or ``target`` is anything but an earlier export or a new file in
        a folder that is there.
    """
    _check_target(target)
    pages = [folder / "last-good.html", folder / "index.html"]
    page = next((path for path in pages if path.is_file() and (folder / "results.json").is_file()), None)
    if page is None:
        raise InputError(f"{folder} holds no built report: run undercut build first.")
    html = _HISTORY.sub("", _WAY_UP.sub("", page.read_text(encoding="utf-8")))
    html = html.replace("<head>", f"<head>\n{_MARK}", 1)
    content = _LINK.sub(lambda found: _embedded(folder, found), html).encode()
    try:
        write_atomically(target, content)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}.") from None
    return len(content)


def _check_target(target: Path) -> None:
    """Nothing is replaced but an earlier export (or an empty file), and no folder is made."""
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is no folder that exists; make it first.")
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}.") from None
    if not stat.S_ISREG(mode):
        raise InputError(f"{target} is no plain file and is left as it is; choose another name.")
    with target.open("rb") as old:
        start = old.read(_HEAD_BYTES)
    if start and _MARK.encode() not in start:
        raise InputError(f"{target} is no earlier export and is left as it is; choose another name.")


def _embedded(folder: Path, link: re.Match[str]) -> str:
    """A link to a file of the report's folder as a link that carries the file; any other loses its target."""
    path = (folder / unescape(link.group(1))).resolve()
    if not link.group(2) and path.suffix not in _MIME:
        return "<a>"
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        return "<a>"
    content = b64encode(path.read_bytes()).decode()
    return f'<a href="data:{_MIME[path.suffix]};base64,{content}" download="{path.name}">'
