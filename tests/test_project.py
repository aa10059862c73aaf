"""The promises of the project's own files: environment, architecture, notebooks, leaks."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from tests.paths import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
#: What a plain install leaves out; `all` is the sum of them.
EXTRAS = {k: v for k, v in PYPROJECT["project"]["optional-dependencies"].items() if k not in ("dev", "all")}
#: What each room may import beside itself and the package's own top-level modules: the way of the data.
ROOMS: dict[str, set[str]] = {
    "sources": set(),
    "inference": set(),
    "panel": {"sources"},
    "prices": {"sources", "panel", "inference"},
    "competition": {"sources", "panel", "prices", "inference"},
    "eventstudy": {"sources", "panel", "prices", "inference"},
    "valuation": {"sources", "panel", "prices", "inference", "competition", "eventstudy"},
    "report": set(),
    "studies": {
        "sources",
        "panel",
        "prices",
        "inference",
        "competition",
        "eventstudy",
        "valuation",
        "report",
    },
}
#: conda-forge knows these under another name.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "fastjsonschema": "python-fastjsonschema",
    "jupyter-client": "jupyter_client",
    "matplotlib": "matplotlib-base",
}


def requirement(text: str) -> tuple[str, str]:
    name = re.match(r"[A-Za-z0-9_.-]+", text)
    assert name is not None
    return name[0].lower(), re.sub(r"^[A-Za-z0-9_.-]+(\[[a-z,]+\])?\s*", "", text).replace(" ", "")


def test_environment_yml_names_the_same_packages_as_pyproject() -> None:
    lines = re.findall(r"^\s+- ([a-z].*)$", (ROOT / "environment.yml").read_text(), flags=re.MULTILINE)
    listed = dict(map(requirement, lines))
    wanted = {}
    for text in [*PYPROJECT["project"]["dependencies"], *chain(*EXTRAS.values())]:
        name, bound = requirement(text)
        wanted[name if name in listed else CONDA_NAMES.get(name, name)] = bound
    assert wanted == {
        name: bound
        for name, bound in listed.items()
        if name not in {"python", "pip", "conda-forge", "nodefaults"}
    }
    assert listed["python"] == PYPROJECT["project"]["requires-python"]


def test_the_extra_for_everything_names_every_extra() -> None:
    assert PYPROJECT["project"]["optional-dependencies"]["all"] == [f"undercut[{','.join(sorted(EXTRAS))}]"]


def test_every_extra_that_a_message_names_exists() -> None:
    named = {
        extra
        for path in (ROOT / "lib" / "undercut").rglob("*.py")
        for extra in re.findall(r'require\(\s*"[\w.]+", extra="(\w+)"', path.read_text())
    }
    assert named and named <= {*EXTRAS}


def test_every_dependency_is_pinned_and_no_index_is_named() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock and "--" not in lock
    pinned = {line.split("==")[0].lower() for line in lock.splitlines() if "==" in line}
    dev = PYPROJECT["project"]["optional-dependencies"]["dev"]
    for group in [PYPROJECT["project"]["dependencies"], dev, *EXTRAS.values()]:
        missing = {requirement(text)[0] for text in group} - pinned
        assert not missing, f"run the lock again: {missing} are not pinned"


def test_every_third_party_import_is_a_declared_dependency() -> None:
    other_names = {
        "IPython": "ipykernel",
        "SALib": "salib",
        "diff_diff": "diff-diff",
        "cycler": "matplotlib",
        "exchange_calendars": "exchange-calendars",
        "genai_prices": "genai-prices",
        "jupyter_client": "jupyter-client",
        "great_tables": "great-tables",
        "pypi_simple": "pypi-simple",
        "requests": "remotezip",
        "urllib3": "remotezip",
    }
    wanted = [*PYPROJECT["project"]["dependencies"], *chain(*EXTRAS.values())]
    declared = {requirement(text)[0] for text in wanted}
    used = {name.split(".")[0] for path in (ROOT / "lib").rglob("*.py") for name in imported(path)}
    foreign = {n for n in used if n not in sys.stdlib_module_names and n not in {"undercut", "__future__"}}
    assert {other_names.get(n, n) for n in foreign} <= declared


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    for path in (ROOT / "lib" / "undercut" / room).rglob("*.py"):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "undercut" and len(parts) > 1 and parts[1] in ROOMS and parts[1] != room:
                assert parts[1] in ROOMS[room], f"{path.name} in {room} imports {name}"


def test_importing_undercut_loads_nothing_heavy() -> None:
    heavy = {"pandas", "numpy", "duckdb", "matplotlib"}
    code = f"import sys, undercut, undercut.cli; print(*{heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_thin_and_committed_without_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert sum("parameters" in cell["metadata"].get("tags", []) for cell in code) == 1
    for cell in code:
        assert not cell["outputs"] and cell["execution_count"] is None
        assert len("".join(cell["source"]).splitlines()) <= 12, "".join(cell["source"])[:200]
        assert "def " not in "".join(cell["source"])


def test_nothing_committed_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    hosts = ["files.python" + "hosted", "pypi" + ".org", "/root" + "/", "/work" + "/main"]
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in {".parquet", ".png"} or not path.exists():
            continue
        text = path.read_text(errors="ignore")
        assert not [host for host in hosts if host in text], name


def test_source_files_stay_under_four_hundred_lines() -> None:
    long = {p.name: n for p in (ROOT / "lib").rglob("*.py") if (n := len(p.read_text().splitlines())) > 420}
    assert not long
