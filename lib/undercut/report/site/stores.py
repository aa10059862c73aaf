"""How does a site reach a store elsewhere? Built here, then copied by fsspec: s3, gcs, abfs, sftp, memory.

What each store allows. Object stores (s3, gcs, abfs, memory) replace each file in one step, so a reader sees
a page as it was or as it is; where files are written in place (sftp, file) each is written beside its name
and moved there. No store replaces a folder in one step: data are copied first, then the pages that name them,
then the front page, and what is gone is deleted last, so that no page ever names what is not there. A copy
that was interrupted is completed by the next. Builders on different machines do not see each other's locks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from undercut.errors import BuildError, InputError
from undercut.report.findings.contract import digest_of
from undercut.strict_json import dumps

MANIFEST = "manifest.json"
_WRITTEN_IN_PLACE = frozenset({"file", "local", "sftp", "ssh", "ftp", "smb"})
#: Stores without folders; asking for one may need rights that writing does not, and may make a bucket.
_WITHOUT_FOLDERS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory"})


def is_url(out: str) -> bool:
    """Whether ``--out`` names a store rather than a folder."""
    return "://" in out


def mirror_of(url: str, project: Path) -> Path:
    """The folder in which the site for ``url`` is built."""
    return project / "data" / "local" / "cache" / "sites" / digest_of(url.rstrip("/").encode())[:12]


def fetch(url: str, mirror: Path) -> int:
    """Copy what the store holds into an empty mirror, so that a fresh machine knows what is built already.

    Returns
    -------
    int
        Number of files fetched; 0 where the mirror holds a site already.
    """
    if (mirror / "index.html").is_file():
        return 0
    system, root = _open(url)
    listed = _manifest(system, root)
    for name in listed:
        target = _inside(mirror, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        system.get_file(f"{root}/{name}", str(target))
    return len(listed)


def publish(site: Path, url: str) -> int:
    """Make the store hold what the folder ``site`` holds.

    Returns
    -------
    int
        Number of files copied; only those that differ are.

    Raises
    ------
    BuildError
        Where the store fails; what was published before stays readable.
    """
    system, root = _open(url)
    try:
        before = _manifest(system, root)
        now = {name: digest_of((site / name).read_bytes()) for name in _files(site)}
        changed = [name for name in sorted(now, key=_late) if before.get(name) != now[name]]
        for name in changed:
            _put(system, (site / name).read_bytes(), f"{root}/{name}")
        gone = [name for name in before if name not in now]
        if changed or gone:
            _put(system, dumps(now, indent=0).encode(), f"{root}/{MANIFEST}")
        for name in gone:
            if system.exists(f"{root}/{name}"):
                system.rm_file(f"{root}/{name}")
    # Each kind of store fails in its own way (botocore, paramiko, ...); none may look like a success.
    except Exception as error:
        text = f"{url} could not be written: {error}. The site is whole in {site}; the next build copies it."
        raise BuildError(text) from error
    return len(changed)


def _files(site: Path) -> list[str]:
    """Files of the site, without locks and folders under way."""
    found = (path.relative_to(site) for path in site.rglob("*") if path.is_file())
    return [name.as_posix() for name in found if not any(part.startswith(".") for part in name.parts)]


def _late(name: str) -> tuple[int, str]:
    """Data first, then the pages that name them, the front page last."""
    is_page = name.endswith(".html")
    return (0 if not is_page else 1 if "/" in name else 2), name


def _manifest(system: Any, root: str) -> dict[str, str]:
    """What the last copy left: digest of each file."""
    path = f"{root}/{MANIFEST}"
    if not system.exists(path):
        return {}
    content: dict[str, str] = json.loads(system.cat_file(path))
    return content


def _put(system: Any, content: bytes, path: str) -> None:
    """Write a file so that a reader sees the old one or the whole new one."""
    protocols = {system.protocol} if isinstance(system.protocol, str) else set(system.protocol)
    if not protocols & _WITHOUT_FOLDERS:
        system.makedirs(path.rpartition("/")[0], exist_ok=True)
    if protocols & _WRITTEN_IN_PLACE:
        system.pipe_file(f"{path}.part", content)
        system.mv(f"{path}.part", path)
    else:
        system.pipe_file(path, content)


def _inside(mirror: Path, name: str) -> Path:
    target = (mirror / name).resolve()
    if not target.is_relative_to(mirror.resolve()):
        raise InputError(f"The store's manifest names {name!r}, which lies outside the site.")
    return target


def _open(url: str) -> tuple[Any, str]:
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        advice = "; pip install 'undercut[s3]'" if url.startswith("s3") else ""
        raise InputError(f"{url} cannot be opened: {error}{advice}") from None
    system.invalidate_cache()
    return system, str(root).rstrip("/")
