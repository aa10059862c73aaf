"""A build says how many reports are done, how long the rest takes, and which cell runs now."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.projects import code, demo_cells, write_project
from undercut.report.build import Options, build_reports
from undercut.report.run import progress


def test_a_log_says_at_least_every_twenty_seconds_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert progress.LOG_SECONDS < 20
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.3)
    monkeypatch.setenv("SHOP_TOKEN", "tuna-4711-x")
    project = write_project(tmp_path, demo_cells(code("import time; time.sleep(3)")))
    for _ in range(2):
        with progress.watching() as watch:
            build_reports(root=project, options=Options(force=True, jobs=1), watch=watch)
    first, second = capsys.readouterr().out.split("1 built\n")[:2]
    assert "0 of 1 reports done; now demo (cell 4 of 5)\n" in first
    left = [int(text) for text in re.findall(r"0 of 1 reports done, about (\d+) s left; now demo", second)]
    assert left == sorted(left, reverse=True) and left[0] >= 2  # as long as last time
    assert "tuna" not in first + second


def test_a_terminal_shows_one_line_that_is_renewed(tmp_path: Path) -> None:
    project = write_project(tmp_path, demo_cells(code("import time; time.sleep(3)")))
    above, below = pty.openpty()
    command = [sys.executable, "-c", "from undercut.cli import main; main()", "build"]
    done = subprocess.Popen(command, cwd=project, stdout=below)
    os.close(below)
    shown = b""
    while True:
        try:
            part = os.read(above, 65536)
        except OSError:  # the other end is closed
            break
        shown += part
    assert done.wait() == 0
    lines = shown.decode().split("\r\n")
    [running] = [line for line in lines if "reports done" in line]
    assert running.count("\r\x1b[2K0 of 1 reports done; now demo (cell 4 of 5)") >= 2
    assert running.rpartition("\r\x1b[2K")[2].startswith("built demo")
    assert lines[-2].endswith("1 built")
