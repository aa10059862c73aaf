"""Killed at any instant, on a full disk, beyond its limits: what was published stays readable."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.report.projects import code, demo_cells, notebook, write_project
from undercut.errors import BuildError
from undercut.report.build import Options, build_reports
from undercut.report.findings.contract import read_results

SECRET = "tuna-4711-x"
LIMITED = 'title = "Did the price fall?"\nmemory_mb = 900\noutput_mb = 2\ntimeout_seconds = 60\n'


def limited(folder: Path, source: str) -> Path:
    project = write_project(folder, demo_cells(code(source)))
    catalogue = project / "reports.toml"
    catalogue.write_text(catalogue.read_text().replace('title = "Did the price fall?"\n', LIMITED))
    return project


@pytest.mark.xdist_group("limits")
@pytest.mark.parametrize("plain", [False, True], ids=["forked", "fresh"])
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "hoard = [bytearray(50_000_000) for _ in range(40)]\nimport time; time.sleep(30)",
            "more than 900 MB of memory",
        ),
        ("for _ in range(500):\n    print('x' * 1_000_000)", "more than (2 MB of output|900 MB of memory)"),
        ("import time\nwhile True:\n    print('x' * 500_000)\n    time.sleep(0.3)", "than 2 MB of output"),
        (
            "import os, time\nopen(os.environ['UNDERCUT_OUTPUT'] + '/big', 'wb').write(bytes(5_000_000))\n"
            "time.sleep(30)",
            "more than 2 MB of files",
        ),
    ],
    ids=["memory", "500 MB at once", "output", "files"],
)  # fmt: skip
def test_a_report_that_exceeds_a_limit_is_stopped(
    tmp_path: Path, source: str, reason: str, plain: bool
) -> None:
    project = limited(tmp_path, source)
    with pytest.raises(BuildError, match=rf"cell 4 of demo.ipynb[\s\S]*{reason}"):
        build_reports(root=project, options=Options(plain=plain))


def check_readable(site: Path) -> set[int]:
    """Every published report is whole: its page, results and files belong together; returns its values.

    Nothing in the site, nor on its way into it, holds the secret that the notebook shows.
    """
    values = set()
    for path in site.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    for folder in [site / "demo"]:
        results = read_results(folder / "results.json")
        page = (folder / "index.html").read_text()
        assert page.rstrip().endswith("</html>")
        value = int(results["findings"][1]["value"])
        assert f"The value is {value}." in page
        assert (folder / "figures" / "numbers.csv").read_text() == f"n\n{value}\n"
        assert json.loads((folder / "build.json").read_text())["status"] == "built"
        values.add(value)
    return values


def numbered(project: Path, value: int) -> None:
    shown = f"""
        import os
        print(os.environ.get("SHOP_TOKEN"))
        import matplotlib.pyplot as plt, pandas as pd
        figure, ax = plt.subplots()
        report.figure(figure, "numbers", alt="n", data=pd.DataFrame({{"n": [{value}]}}))
        report.finding("n", "Number", {value}, "x", note="made up")
        report.answer("The value is {value}.")
    """
    (project / "notebooks" / "demo.ipynb").write_text(json.dumps(notebook(demo_cells(code(shown)))))


@pytest.mark.xdist_group("kills")
@pytest.mark.parametrize("instants", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_random_instants_the_published_report_stays_whole(tmp_path: Path, instants: int) -> None:
    project = write_project(tmp_path, demo_cells())
    numbered(project, 0)
    command = [sys.executable, "-c", "from undercut.cli import main; main()", "build"]
    (tmp_path / "tmp").mkdir()
    told = os.environ | {"SHOP_TOKEN": SECRET, "TMPDIR": str(tmp_path / "tmp")}
    started = time.monotonic()
    subprocess.run(command, cwd=project, check=True, capture_output=True, env=told)
    lasts = time.monotonic() - started
    dice = random.Random(4)
    seen: set[int] = set()
    value = kills = 0
    while kills < instants:
        value += 1
        numbered(project, value)
        builder = subprocess.Popen(
            command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=told
        )
        started = time.monotonic()
        try:
            builder.wait(dice.uniform(0.2, 0.9) * lasts)
            lasts = min(lasts, time.monotonic() - started)  # the machine is not as busy as it was
        except subprocess.TimeoutExpired:
            builder.kill()
            builder.wait()
            kills += 1
        seen |= check_readable(project / "reports" / "site")
    subprocess.run(command, cwd=project, check=True, capture_output=True, env=told)
    assert check_readable(project / "reports" / "site") == {value}
    assert list((tmp_path / "tmp").glob("*undercut*")) == []
    print(f"{kills} kills, {value - kills} builds that were faster, {len(seen)} versions seen, none broken")
    left = {path.name for path in (project / "reports" / "site").iterdir()}
    assert left == {".lock", "demo", "explore.html", "feed.xml", "history", "index.html", "reports.json"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of four megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("this machine does not allow mounting")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.xdist_group("kills")
@pytest.mark.parametrize(
    "free", [8192, *(pytest.param(free, marks=pytest.mark.slow) for free in (0, 65536, 300000))]
)
def test_on_a_full_disk_the_published_report_stays_whole(tmp_path: Path, small_disk: Path, free: int) -> None:
    project = write_project(tmp_path, demo_cells())
    numbered(project, 1)
    site = small_disk / "site"
    build_reports(root=project, out_dir=site)
    filler = small_disk / "filler"
    space = shutil.disk_usage(small_disk).free
    with filler.open("wb") as handle:
        handle.write(bytes(max(0, space - free)))
    numbered(project, 2)
    command = [sys.executable, "-c", "from undercut.cli import main; main()", "build", "--out", str(site)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert check_readable(site) == {2}
        return
    assert "No space left" in done.stderr
    good = site / "demo" / "last-good.html"
    # The report itself may have gone through whole, and only the front page have found no room.
    value = read_results(site / "demo" / "results.json")["findings"][1]["value"]
    page = (good if good.exists() else site / "demo" / "index.html").read_text()
    assert value in (1, 2) and f"The value is {value:g}." in page
    filler.unlink()
    build_reports(root=project, out_dir=site)
    assert check_readable(site) == {2}


@pytest.mark.xdist_group("kills")
def test_of_two_builds_at_once_one_is_refused_and_says_so(tmp_path: Path) -> None:
    project = write_project(tmp_path, demo_cells(code("import time\ntime.sleep(2)")))
    command = [sys.executable, "-c", "from undercut.cli import main; main()", "build"]
    both = [
        subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert sum("Another build is writing" in errors for _, errors in said) == 1
    assert (project / "reports" / "site" / "demo" / "results.json").is_file()
