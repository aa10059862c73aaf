"""A site in a store is what the folder is, pages never before what they name, and a failure is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report.projects import code, demo_cells, write_project
from undercut.errors import BuildError, InputError
from undercut.report.commands import build_command, why_command
from undercut.report.site import stores

fsspec = pytest.importorskip("fsspec", reason="stores elsewhere need fsspec")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of moto's S3 on loopback."""
    pytest.importorskip("s3fs", reason="this test needs s3fs")
    moto = pytest.importorskip("moto.server", reason="this test needs moto[s3] and flask")
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def s3(server: str, tmp_path: Path) -> Iterator[str]:
    """Address of a folder in a bucket of its own."""
    fake = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in fake.items():
            patch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()  # it would remember another server
        bucket = tmp_path.name.replace("_", "-")
        fsspec.filesystem("s3").mkdir(bucket)
        yield f"s3://{bucket}/site"


@pytest.fixture(params=["memory", "file", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3":
        return str(request.getfixturevalue("s3"))
    if request.param == "memory":
        return f"memory://{tmp_path.name}/site"
    return f"file://{tmp_path}/store/site"


def site(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def held(url: str) -> dict[str, str]:
    system, root = fsspec.core.url_to_fs(url)
    system.invalidate_cache()
    found = {path.split(root.lstrip("/") + "/", 1)[1]: path for path in system.find(root)}
    return {name: system.cat_file(path).decode() for name, path in found.items() if name != stores.MANIFEST}


FIRST = {
    "index.html": "front 1",
    "a/index.html": "page 1",
    "a/results.json": "{}",
    "old/index.html": "gone soon",
}


def test_the_store_holds_what_the_folder_holds(tmp_path: Path, url: str) -> None:
    folder = site(tmp_path / "site", FIRST | {".lock": "", ".staging/x": "half"})
    assert stores.publish(folder, url) == 4
    assert held(url) == FIRST
    assert stores.publish(folder, url) == 0
    (folder / "old" / "index.html").unlink()
    site(folder, {"index.html": "front 2", "b/figures/x.svg": "new"})
    assert stores.publish(folder, url) == 2
    assert held(url) == {name: (folder / name).read_text() for name in held(url)}
    assert "old/index.html" not in held(url)


def test_a_fresh_machine_learns_what_is_published(tmp_path: Path, url: str) -> None:
    stores.publish(site(tmp_path / "site", FIRST), url)
    assert stores.fetch(url, tmp_path / "mirror") == 4
    assert (tmp_path / "mirror" / "a" / "index.html").read_text() == "page 1"
    assert stores.fetch(url, tmp_path / "mirror") == 0


def test_a_bucket_that_is_not_there_is_not_made_and_the_failure_names_it(tmp_path: Path, s3: str) -> None:
    missing = s3.replace("s3://", "s3://other-")
    with pytest.raises(BuildError, match=rf"{missing} could not be written: [\s\S]*The site is whole in"):
        stores.publish(site(tmp_path / "site", FIRST), missing)
    assert not fsspec.filesystem("s3").exists(missing.removesuffix("/site"))


def test_interrupted_anywhere_no_page_names_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"memory://{tmp_path.name}/site"
    first = {"index.html": "a", "a/index.html": "x1.svg", "a/x1.svg": ""}
    second = {
        "index.html": "a b",
        "a/index.html": "x2.svg",
        "a/x2.svg": "",
        "b/index.html": "y.svg",
        "b/y.svg": "",
    }
    put = stores._put
    for allowed in range(7):
        stores.publish(site(tmp_path / f"one{allowed}", first), f"{url}{allowed}")
        left = iter(range(allowed))

        def failing(system: Any, content: bytes, path: str, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise OSError("the line went dead")
            put(system, content, path)

        monkeypatch.setattr(stores, "_put", failing)
        folder = site(tmp_path / f"two{allowed}", second)
        if allowed < 6:
            with pytest.raises(BuildError, match="the line went dead"):
                stores.publish(folder, f"{url}{allowed}")
        now = held(f"{url}{allowed}")
        for name in ("a", "b"):
            if f"{name}/index.html" in now:
                assert f"{name}/{now[f'{name}/index.html']}" in now
        assert all(f"{name}/index.html" in now for name in now["index.html"].split())
        monkeypatch.setattr(stores, "_put", put)
        stores.publish(folder, f"{url}{allowed}")
        assert held(f"{url}{allowed}") == second


def test_a_build_goes_to_the_store_with_its_failures(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = write_project(tmp_path, demo_cells(code("assert limit != 6")))
    monkeypatch.chdir(project)
    assert build_command([], [], s3) == 0
    assert "copied" in capsys.readouterr().out
    assert "demo/index.html" in held(s3)["index.html"]
    assert build_command([], [], s3) == 0
    said = capsys.readouterr().out
    assert "1 unchanged" in said and "copied 0 files" in said
    shutil.rmtree(stores.mirror_of(s3, project))
    assert why_command([], [], s3) == "demo: up to date"
    assert build_command([], ["limit=6"], s3) == 1
    assert "Failed" in held(s3)["index.html"]


def test_a_manifest_cannot_write_outside_the_mirror(tmp_path: Path) -> None:
    system, root = fsspec.core.url_to_fs(f"memory://{tmp_path.name}/evil")
    system.makedirs(root, exist_ok=True)
    system.pipe_file(f"{root}/{stores.MANIFEST}", b'{"../../escaped": "x"}')
    with pytest.raises(InputError, match="outside the site"):
        stores.fetch(f"memory://{tmp_path.name}/evil", tmp_path / "mirror")


def test_an_unknown_kind_of_store_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        stores.publish(Path(), "carrierpigeon://coop")
