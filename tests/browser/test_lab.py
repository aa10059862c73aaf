"""JupyterLab, as ``make lab`` opens it, says where to start and offers the project's kernel."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]


def recipe() -> str:
    """What the Makefile's target ``lab`` sets for JupyterLab, as a shell runs it."""
    found = re.search(r"^lab:.*\n\t@(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return found.group(1).replace("$$", "$").replace("$(CURDIR)", str(ROOT)).replace("$(LAB_OPTIONS)", "")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """Address of a JupyterLab on loopback with settings of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = (
        f"--no-browser --ip=127.0.0.1 --port={port} --port-retries=0 --allow-root "
        f"--IdentityProvider.token=abc --LabApp.workspaces_dir={tmp_path}/workspaces "
        f"--LabApp.user_settings_dir={tmp_path}/settings"
    )
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_DATA_DIR": str(tmp_path / "data"),
    }  # fmt: skip
    command = recipe().replace("$(BIN)", str(Path(sys.executable).parent))
    server = subprocess.Popen(
        ["sh", "-c", f"{command} {options}"], cwd=ROOT, env=environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/lab?token=abc"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail("JupyterLab did not start")


def test_the_start_page_opens_and_the_launcher_has_a_tile_and_the_kernel(chromium: Any, lab: str) -> None:
    page = chromium.new_context(viewport={"width": 1300, "height": 950}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(lab)
    page.wait_for_selector(".jp-MarkdownViewer h1", timeout=90_000)
    assert page.locator(".jp-MarkdownViewer h1").inner_text() == "Undercut in JupyterLab"
    page.keyboard.press("Control+Shift+L")
    cards = page.locator(".jp-LauncherCard")
    cards.filter(has_text="Start here").wait_for()
    assert "Start here" in cards.all_inner_texts() and "Undercut" in cards.all_inner_texts()
    cards.filter(has_text="Start here").click()
    page.locator(".jp-MarkdownViewer h1").wait_for(state="visible")
    cards.filter(has_text=re.compile("^Undercut$")).first.wait_for(state="hidden")
    assert faults == []
