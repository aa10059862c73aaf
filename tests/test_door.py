"""Does ``import undercut`` offer what people come for, at once and by one name each?"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import undercut
from undercut.errors import MissingExtraError
from undercut.extras import require

PROMISED = (
    "load_prices", "load_returns", "load_events", "load_factors", "load_reference", "load_changes",
    "price_history", "price_index", "price_of_capability", "price_gap", "hedonic_index", "event_study",
    "staggered_adoption", "value_firm", "monthly_quotes", "Report", "Workload", "UndercutError", "prices",
    "eventstudy", "competition", "valuation", "inference", "panel", "sources", "studies", "plots", "tables",
)  # fmt: skip
ROOMS = (
    "sources", "panel", "prices", "inference", "competition", "eventstudy", "valuation", "studies", "report",
)  # fmt: skip


@pytest.mark.parametrize("name", PROMISED)
def test_the_door_offers_a_documented_thing(name: str) -> None:
    assert name in dir(undercut) and name in (undercut.__doc__ or "")
    found = getattr(undercut, name)
    assert isinstance(found, ModuleType | FunctionType | type)
    assert found.__doc__ and len(found.__doc__.strip()) > 20


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_that_a_room_offers_is_there(room: str) -> None:
    package = getattr(undercut, room)
    assert all(getattr(package, name) is not None for name in dir(package) if not name.startswith("__"))


def test_a_function_is_not_hidden_by_the_module_of_its_name() -> None:
    for room in ROOMS:
        package = getattr(undercut, room)
        for name in getattr(package, "__all__", ()):
            try:
                importlib.import_module(f"{package.__name__}.{name}")
            except ModuleNotFoundError:
                continue
            found = getattr(package, name)
            is_room = hasattr(found, "__path__") or not hasattr(found, name)
            assert not isinstance(found, ModuleType) or is_room, f"{room}.{name}"


def test_type_checkers_see_the_same_names() -> None:
    stub = ast.parse((Path(undercut.__file__).with_suffix(".pyi")).read_text())
    typed = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    [listed] = [ast.literal_eval(node.value) for node in stub.body if isinstance(node, ast.Assign)]
    assert sorted(typed) == sorted(listed) == undercut.__all__
    for name, where in typed.items():
        module, _, held = where.rpartition(".")
        assert getattr(importlib.import_module(module), held) is getattr(undercut, name)


def test_the_door_opens_without_loading_anything() -> None:
    code = (
        "import sys, time; before = time.process_time(); import undercut; dir(undercut);"
        "assert time.process_time() - before < 0.05; print(*{'pandas', 'numpy', 'click'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0 and run.stdout.split() == [], run.stderr


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'undercut' has no attribute 'load_price'"):
        undercut.load_price  # noqa: B018


def test_a_missing_extra_says_how_to_get_it() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'undercut\[demand\]'"):
        require("no_such_package_here.part", extra="demand")


def test_the_shipped_sample_and_event_studies_load_no_network_client() -> None:
    code = (
        "import sys, undercut as uc\nuc.load_returns(source='sample'); uc.event_study; uc.value_firm; "
        "uc.load_factors\nprint({'httpx', 'stamina', 'requests', 'yfinance'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
