"""Does an installed package work where there is no checkout: its data, and a project made from it?"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.paths import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel, and the other packages of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", str(folder), str(ROOT)], check=True, capture_output=True)
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    [wheel] = folder.glob("*.whl")
    assert wheel.stat().st_size < 6_000_000
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    [site] = (folder / "venv" / "lib").glob("python*/site-packages")
    # A path file names folders without reading the path files in them: ours is not found through it.
    (site / "others.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    return folder


@pytest.fixture(scope="module")
def run(installed: Path) -> Run:
    def start(*command: str, cwd: Path = installed) -> subprocess.CompletedProcess[str]:
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "UNDERCUT"))}
        environment = plain | {"XDG_CACHE_HOME": str(installed / "cache")}
        program = str(installed / "venv" / "bin" / command[0])
        return subprocess.run(
            [program, *command[1:]], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )

    return start


@pytest.fixture(scope="module")
def project(installed: Path, run: Run) -> Path:
    made = run("undercut", "init", "mine")
    assert made.returncode == 0 and "undercut build" in made.stdout, made.stderr
    return installed / "mine"


def test_prices_load_anywhere_and_caches_go_to_the_user(installed: Path, run: Run) -> None:
    code = (
        "import undercut as uc; print(uc.__file__);"
        "print(len(uc.load_prices()), len(uc.load_reference('hosts')));"
        "print(len(uc.load_prices(as_of='2025-06-30')))"
    )
    told = run("python", "-c", code)
    where, counts, earlier = told.stdout.splitlines()
    assert where.startswith(str(installed)) and int(counts.split()[0]) > int(earlier) > 1000, told.stderr
    assert list((installed / "cache" / "undercut" / "panel").glob("*.parquet"))


def test_the_packages_own_tables_are_never_written(run: Run) -> None:
    refused = run("undercut", "panel", "update")
    assert refused.returncode == 2 and "undercut init DIR" in refused.stderr


def test_outside_a_project_a_build_says_how_to_make_one(run: Run) -> None:
    refused = run("undercut", "build")
    assert refused.returncode == 2 and "undercut init DIR" in refused.stderr


def test_a_project_made_by_init_has_no_mistakes_and_uses_its_own_data(project: Path, run: Run) -> None:
    assert run("undercut", "check", cwd=project).returncode == 0
    code = "from undercut import paths; print(paths.project_root(), paths.own_data_dir())"
    told = run("python", "-c", code, cwd=project / "notebooks").stdout.split()
    assert told == [str(project), str(project / "data")]
    assert run("undercut", "init", "mine").returncode == 2


@pytest.mark.slow
def test_a_project_made_by_init_builds(project: Path, run: Run) -> None:
    built = run("undercut", "build", "01_market_prices", "--jobs", "1", cwd=project)
    assert built.returncode == 0, built.stderr
    assert (project / "reports" / "site" / "01_market_prices" / "index.html").is_file()
