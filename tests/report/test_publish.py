"""A report appears whole or not at all, and one builder at a time writes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from undercut.errors import BuildError
from undercut.report.run import processes
from undercut.report.site import publish


def folder(path: Path, text: str) -> Path:
    path.mkdir(parents=True)
    (path / "index.html").write_text(text)
    return path


def test_the_new_folder_takes_the_old_ones_place(tmp_path: Path) -> None:
    target = folder(tmp_path / "demo", "old")
    publish.swap_in(folder(tmp_path / ".staging" / "page", "new"), target)
    assert (target / "index.html").read_text() == "new"
    assert list((tmp_path / ".staging").iterdir()) == []


def test_without_an_atomic_exchange_the_old_folder_is_moved_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "_exchange", lambda *_: False)
    target = folder(tmp_path / "demo", "old")
    publish.swap_in(folder(tmp_path / "page", "new"), target)
    assert (target / "index.html").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_a_report_moved_aside_by_a_killed_build_comes_back(tmp_path: Path) -> None:
    folder(tmp_path / (publish.PREVIOUS + "demo"), "old")
    folder(tmp_path / publish.INCOMING / "demo", "half")
    with publish.only_builder(tmp_path):
        assert (tmp_path / "demo" / "index.html").read_text() == "old"
        assert not (tmp_path / publish.INCOMING).exists()


def test_two_builds_at_once_are_refused(tmp_path: Path) -> None:
    with (
        publish.only_builder(tmp_path),
        pytest.raises(BuildError, match="Another build"),
        publish.only_builder(tmp_path),
    ):
        pass
    with publish.only_builder(tmp_path):
        pass


def test_what_a_kill_leaves_half_removed_goes_with_the_next_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(folder: Path) -> None:
        for file in filter(Path.is_file, folder.iterdir()):
            file.unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with (
        pytest.raises(KeyboardInterrupt),
        pytest.MonkeyPatch.context() as patch,
        processes.workplace() as place,
    ):
        (place / "0").mkdir()
        patch.setattr(processes, "remove", killed)
    assert [*tmp_path.iterdir()] == [place]
    with processes.workplace():
        assert not place.exists()
