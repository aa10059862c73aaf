"""A panel on disk is the old one or the new one, never a mixture, and says what is wrong with it."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from undercut import paths
from undercut.errors import InputError, StoreError, UnknownNameError
from undercut.panel import store
from undercut.panel.runs import cut
from undercut.prices.load import load_prices, price_history
from undercut.provenance import provenance_of

OLD, NEW = "2026-01-01T00:00:00+00:00", "2026-02-02T00:00:00+00:00"


@pytest.fixture(scope="module")
def small(quotes: pd.DataFrame, snapshots: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All that had been published by the end of 2023: quick to build."""
    return cut(quotes, snapshots, pd.Timestamp("2023-12-31"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, small: tuple[pd.DataFrame, pd.DataFrame]) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    store.save(*small, built_at=OLD, folder=folder)
    return folder


@pytest.fixture
def home(tmp_path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with the real tables of names and a small panel."""
    shutil.copytree(saved, tmp_path / "data" / "prices")
    for name in ("reference", "witnesses"):
        (tmp_path / "data" / name).symlink_to(paths.data_dir() / name)
    monkeypatch.setenv("UNDERCUT_HOME", str(tmp_path))
    return tmp_path


def without_one(small: tuple[pd.DataFrame, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Another edition of the same data, recognisable in every table."""
    runs, snapshots = small
    return runs.iloc[1:].reset_index(drop=True), snapshots.iloc[1:].reset_index(drop=True)


def edition(home: Path) -> str:
    """Which edition a reader finds; fails on a mixture."""
    tables = {name: store.read_table(name) for name in store.TABLES}
    sizes = {name: len(frame) for name, frame in tables.items()}
    built = "old" if OLD in (home / "data" / "prices" / "build.json").read_text() else "new"
    folder = home / "data" / "prices"
    assert store.fingerprint_of(folder / "panel.parquet") == store.fingerprint(folder), sizes
    return built


def test_a_stored_panel_is_read_back_as_it_was_built_and_not_built_again(
    home: Path, small: tuple[pd.DataFrame, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    from undercut.panel.build import build_panel
    from undercut.panel.identity import Identity
    from undercut.sources.witnesses import load_witnesses

    built = build_panel(*small, Identity.load(), load_witnesses())
    monkeypatch.setattr(store, "_derived", lambda *_, **__: pytest.fail("the stored panel is current"))
    pd.testing.assert_frame_equal(store.load_panel(status="all"), built)
    for name, frame in zip(("quotes", "snapshots"), small, strict=True):
        pd.testing.assert_frame_equal(store.read_table(name), frame)
    assert edition(home) == "old"


def test_a_change_of_the_names_makes_the_stored_panel_out_of_date(home: Path) -> None:
    reference = home / "data" / "reference"
    real = reference.resolve()
    reference.unlink()
    shutil.copytree(real, reference)
    before = store.fingerprint()
    (reference / "hosts.csv").write_bytes((reference / "hosts.csv").read_bytes() + b"\n")
    assert store.fingerprint() != before


def test_the_fingerprint_covers_every_module_that_decides_what_the_panel_says() -> None:
    code = "import sys, undercut.panel.build; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in run.stdout.split() if name.startswith("undercut.panel.")}
    assert loaded == {f"undercut.panel.{module}" for module in store._CODE}


class Killed(BaseException):
    """Stands for the end of the process: no handler may catch it."""


class Clock:
    """Counts the steps of a save that touch the disk, and ends the process before one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps, self.fatal = 0, -1
        for owner, name in [
            (Path, "rename"), (Path, "replace"), (Path, "mkdir"), (Path, "write_text"), (os, "fsync"),
            (shutil, "rmtree"), (store.pq, "write_table"),
        ]:  # fmt: skip
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, original):  # type: ignore[no-untyped-def]
        def call(*arguments, **options):  # type: ignore[no-untyped-def]
            self.steps += 1
            if self.steps == self.fatal:
                raise Killed
            return original(*arguments, **options)

        return call

    def run(self, fatal: int, *content: pd.DataFrame, built_at: str) -> int:
        """Save, killed before the step numbered ``fatal``; the number of steps that were made."""
        self.steps, self.fatal = 0, fatal
        with contextlib.suppress(Killed):
            store.save(*content, built_at=built_at)
        self.fatal = -1
        return self.steps


def test_a_save_interrupted_at_any_step_leaves_the_old_panel_or_the_new_one(
    home: Path, small: tuple[pd.DataFrame, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = store.read_table("panel")
    monkeypatch.setattr(store, "_derived", lambda *_, **__: panel)
    clock = Clock(monkeypatch)
    count = clock.run(-1, *small, built_at=OLD)
    assert count > 15
    found = []
    for fatal in range(1, count + 1):
        assert clock.run(fatal, *without_one(small), built_at=NEW) == fatal
        found.append(edition(home))
        # A reader that finds a committed save finishes it.
        assert not (home / "data" / "prices" / ".ready").exists()
        clock.run(-1, *small, built_at=OLD)
    # The moment of commitment is one step: old before it, new from it on.
    assert found == sorted(found, reverse=True) and set(found) == {"old", "new"}


def test_a_save_after_one_that_was_killed_while_moving_finishes_it_first(
    home: Path, small: tuple[pd.DataFrame, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = store.read_table("panel")
    monkeypatch.setattr(store, "_derived", lambda *_, **__: panel)
    clock = Clock(monkeypatch)
    count = clock.run(-1, *small, built_at=OLD)
    for fatal in range(1, count + 1, 3):
        clock.run(fatal, *small, built_at=OLD)
        clock.run(-1, *without_one(small), built_at=NEW)
        assert edition(home) == "new"


CHILD = """
import itertools, sys
from undercut.panel import store
runs, snapshots, panel = (store.read_table(name) for name in store.TABLES)
store._derived = lambda *_, **__: panel
print("ready", flush=True)
for number in itertools.count(1):
    without = number % 2
    part = runs.iloc[without:].reset_index(drop=True)
    store.save(part, snapshots, built_at=sys.argv[1 + without])
"""


def test_a_process_killed_while_saving_leaves_one_whole_panel(home: Path) -> None:
    delays = random.Random(7)
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, OLD, NEW], stdout=subprocess.PIPE, env={**os.environ}, text=True
        )
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        time.sleep(delays.uniform(0.0, 0.25))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert edition(home) in ("old", "new")


@pytest.mark.parametrize("name", ["quotes", "snapshots"])
@pytest.mark.parametrize("damage", ["missing", "cut short", "empty", "overwritten"])
def test_a_damaged_or_missing_file_says_so_and_how_to_restore_it(home: Path, name: str, damage: str) -> None:
    path = home / "data" / "prices" / f"{name}.parquet"
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        shortened = {
            "cut short": content[: len(content) // 2],
            "empty": b"",
            "overwritten": b"x" * len(content),
        }
        path.write_bytes(shortened[damage])
    with pytest.raises(StoreError, match=rf"{name}\.parquet.*undercut panel build"):
        store.load_panel()
    with pytest.raises(StoreError, match=rf"{name}\.parquet"):
        store.read_table(name)


def test_a_panel_that_is_lost_or_damaged_is_derived_again_from_the_quotes(home: Path) -> None:
    path = home / "data" / "prices" / "panel.parquet"
    whole = store.load_panel(status="all")
    path.write_bytes(path.read_bytes()[:-100])
    pd.testing.assert_frame_equal(store.load_panel(status="all"), whole)
    path.unlink()
    pd.testing.assert_frame_equal(store.load_panel(status="all"), whole)
    with pytest.raises(StoreError, match=r"panel\.parquet is missing"):
        store.read_table("panel")


def test_a_cached_panel_that_was_cut_short_is_built_again(home: Path) -> None:
    whole = store.load_panel("2023-12-13", status="all")
    cached = next((home / "data" / "local" / "cache" / "panel").glob("*.parquet"))
    cached.write_bytes(cached.read_bytes()[:-100])
    pd.testing.assert_frame_equal(store.load_panel("2023-12-13", status="all"), whole)
    content = cached.read_bytes()  # the end, which says what it was derived from, stays whole
    cached.write_bytes(b"\0" * (len(content) // 2) + content[len(content) // 2 :])
    pd.testing.assert_frame_equal(store.load_panel("2023-12-13", status="all"), whole)


@pytest.mark.parametrize(
    "moment", ["June", "06/07/2025", "2025-02-30", "2025-06", "NaT", pd.NaT, 20250630, object()]
)
@pytest.mark.usefixtures("home")
def test_what_is_no_day_is_refused_with_an_example(moment: object) -> None:
    with pytest.raises(InputError, match=r"is not a day.*2025-06-30"):
        store.load_panel(moment)  # type: ignore[arg-type]


@pytest.mark.usefixtures("home")
def test_a_day_before_the_first_table_names_the_first() -> None:
    with pytest.raises(InputError, match=r"2023-01-01 lies before the first table read \(2023-07-\d\d\)"):
        store.load_panel("2023-01-01")


@pytest.mark.usefixtures("home")
def test_a_moment_with_a_time_zone_counts_by_its_utc_day() -> None:
    late_in_new_york = pd.Timestamp("2023-12-12 22:00", tz="America/New_York")
    pd.testing.assert_frame_equal(store.load_panel(late_in_new_york), store.load_panel("2023-12-13"))


@pytest.mark.usefixtures("home")
def test_unknown_statuses_workloads_models_and_hosts_name_what_there_is() -> None:
    with pytest.raises(InputError, match=r"okay.*choose from ok, unit_error"):
        load_prices(status="okay")
    with pytest.raises(UnknownNameError, match=r"'chatt'.*Did you mean: chat"):
        load_prices(workload="chatt")
    with pytest.raises(UnknownNameError, match=r"model 'gpt-4-0163'.*Did you mean: gpt-4-0613"):
        price_history("gpt-4-0163")
    with pytest.raises(UnknownNameError, match=r"host of gpt-4-0613 'opennai'.*openai"):
        price_history("gpt-4-0613", host="opennai")


@pytest.mark.usefixtures("home")
def test_a_loaded_panel_says_where_it_comes_from() -> None:
    entries = provenance_of(load_prices())
    assert {entry["source"] for entry in entries} == {"litellm", "openrouter-archive"}
    assert all(len(entry["sha256"]) == 64 and entry["retrieved_at"] == OLD for entry in entries)
