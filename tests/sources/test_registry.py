"""Reading one file out of a wheel, from a registry that behaves and from one that does not."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import stamina

from tests.loopback import Release, Reply, Request, package_index, serve
from undercut.errors import InputError, SourceError
from undercut.sources import registry

MEMBER = r"demo/prices\.json"
TABLE = b'{"gpt-4": {"mode": "chat"}}'


@pytest.fixture(autouse=True)
def impatient() -> None:
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


def releases(*dated: tuple[str, str], **options: object) -> list[Release]:
    return [Release(v, f"{day}T12:00:00Z", {"demo/prices.json": TABLE}, **options) for v, day in dated]


def index(url: str) -> str:
    return f"{url}/simple/"


def test_a_patch_of_an_older_line_is_a_backport_by_version_order_not_by_text() -> None:
    listed = releases(
        ("1.9.0", "2026-01-01"), ("1.10.0", "2026-01-08"), ("1.9.1", "2026-01-09"), ("1.10.1", "2026-01-10")
    )
    with serve(package_index({"demo": listed})) as server:
        found = registry.list_releases("demo", index_url=index(server.url))
    assert [(r.version, r.is_backport) for r in found] == [
        ("1.9.0", False), ("1.10.0", False), ("1.9.1", True), ("1.10.1", False),
    ]  # fmt: skip


def test_prereleases_and_yanked_files_are_left_out() -> None:
    listed = releases(("1.0", "2026-01-01"), ("1.1rc1", "2026-01-02"), ("1.2.dev3", "2026-01-03"))
    listed += releases(("1.3", "2026-01-04"), yanked=True)
    with serve(package_index({"demo": listed})) as server:
        assert [r.version for r in registry.list_releases("demo", index_url=index(server.url))] == ["1.0"]


def test_weekly_cadence_keeps_the_last_main_line_release_of_each_iso_week() -> None:
    listed = releases(
        ("1.0", "2025-12-29"), ("1.1", "2026-01-02"), ("1.0.1", "2026-01-03"), ("1.2", "2026-01-05")
    )
    with serve(package_index({"demo": listed})) as server:
        every = registry.list_releases("demo", index_url=index(server.url))
    # 29 December 2025 and 2 January 2026 lie in the same ISO week; 1.0.1 is a backport.
    assert [r.version for r in registry.thin(every, "weekly")] == ["1.1", "1.2"]
    assert registry.thin(every, "all") == every
    with pytest.raises(InputError, match="weekly, daily, all"):
        registry.thin(every, "hourly")


@pytest.mark.parametrize("states_size", [True, False])
def test_a_member_is_read_and_kept(tmp_path: Path, states_size: bool) -> None:
    big = {"demo/prices.json": TABLE, "demo/model.bin": bytes(range(256)) * 4000}
    handler = package_index({"demo": [Release("1.0", "2026-01-01T00:00:00Z", big, states_size=states_size)]})
    with serve(handler) as server:
        release = registry.list_releases("demo", index_url=index(server.url))[0]
        member = registry.read_member(release, MEMBER, cache_dir=tmp_path)
        asked = len(server.requests)
        again = registry.read_member(release, MEMBER, cache_dir=tmp_path)
        assert len(server.requests) == asked, "the second read must come from the cache"
    assert member == again
    assert member is not None and member.content == TABLE


def test_only_a_byte_range_of_a_large_wheel_is_read() -> None:
    import os

    padded = {"demo/prices.json": TABLE, "demo/weights.bin": os.urandom(3 * 2**20)}
    with serve(package_index({"demo": [Release("1.0", "2026-01-01T00:00:00Z", padded)]})) as server:
        release = registry.list_releases("demo", index_url=index(server.url))[0]
        member = registry.read_member(release, MEMBER)
        ranges = [r.range for r in server.requests if r.path.endswith(".whl")]
    assert member is not None and member.content == TABLE
    assert ranges and all(ranges), "every request for the wheel must name a range"


def test_a_wheel_without_the_file_is_none_and_remembered(tmp_path: Path) -> None:
    with serve(
        package_index({"demo": [Release("1.0", "2026-01-01T00:00:00Z", {"demo/x.py": b""})]})
    ) as server:
        release = registry.list_releases("demo", index_url=index(server.url))[0]
        assert registry.read_member(release, MEMBER, cache_dir=tmp_path) is None
        asked = len(server.requests)
        assert registry.read_member(release, MEMBER, cache_dir=tmp_path) is None
        assert len(server.requests) == asked


def test_a_wheel_that_is_not_what_the_registry_lists_is_refused(tmp_path: Path) -> None:
    listed = [Release("1.0", "2026-01-01T00:00:00Z", {"demo/prices.json": TABLE}, corrupt=True)]
    with serve(package_index({"demo": listed})) as server:
        release = registry.list_releases("demo", index_url=index(server.url))[0]
        with pytest.raises(SourceError, match=r"demo 1\.0.*not what the registry lists"):
            registry.read_member(release, MEMBER, cache_dir=tmp_path)
    assert not list(tmp_path.rglob("*.member")), "a refused file must not be cached"


def test_a_member_that_inflates_past_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MAX_MEMBER_BYTES", 1000)
    bomb = {"demo/prices.json": b"0" * 100_000}
    with serve(package_index({"demo": [Release("1.0", "2026-01-01T00:00:00Z", bomb)]})) as server:
        release = registry.list_releases("demo", index_url=index(server.url))[0]
        with pytest.raises(SourceError, match="larger than 1,000 bytes"):
            registry.read_member(release, MEMBER)


@pytest.mark.parametrize(
    "fault",
    [
        Reply(b"slow down", 429, {"Retry-After": "0"}),
        Reply(b"oops", 500),
        Reply(b"half", claimed_length=4000),
    ],
    ids=["429", "500", "truncated"],
)
def test_a_passing_fault_is_retried(fault: Reply) -> None:
    faults = itertools.chain([fault], itertools.repeat(None))
    handler = package_index(
        {"demo": releases(("1.0", "2026-01-01"))},
        before=lambda r: next(faults) if r.path.endswith(".whl") else None,
    )
    with serve(handler) as server:
        release = registry.list_releases("demo", index_url=index(server.url))[0]
        member = registry.read_member(release, MEMBER)
    assert member is not None and member.content == TABLE


def always(reply: Reply, suffix: str):
    def before(request: Request) -> Reply | None:
        return reply if request.path.endswith(suffix) else None

    return before


@pytest.mark.parametrize(
    "fault",
    [Reply(b"busy", 503), Reply(b"<html>login</html>", headers={"Content-Type": "text/html"}), Reply(b"")],
    ids=["503", "html", "empty"],
)
def test_a_lasting_fault_names_the_project_and_the_way_out(fault: Reply) -> None:
    handler = package_index({"demo": releases(("1.0", "2026-01-01"))}, before=always(fault, ".whl"))
    with serve(handler) as server:
        release = registry.list_releases("demo", index_url=index(server.url))[0]
        with pytest.raises(SourceError, match=r"demo 1\.0.*again"):
            registry.read_member(release, MEMBER)


def test_an_unknown_project_and_a_dead_registry_are_errors() -> None:
    with serve(package_index({})) as server, pytest.raises(SourceError, match="no project 'nosuch'"):
        registry.list_releases("nosuch", index_url=index(server.url))
    with pytest.raises(SourceError, match="Check the network"):
        registry.list_releases("demo", index_url="http://127.0.0.1:9/simple/")
