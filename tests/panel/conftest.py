"""The stored quotes of the project, and the panels that the present code derives from them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pandas as pd
import pytest

from undercut.panel.build import build_panel
from undercut.panel.identity import Identity
from undercut.panel.store import read_table
from undercut.sources.witnesses import load_witnesses


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker takes all tests that need panels: deriving one takes a quarter of a minute."""
    for item in items:
        if {"panel", "panel_as_of"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("panel"))


@pytest.fixture(scope="session")
def quotes() -> pd.DataFrame:
    return read_table("quotes")


@pytest.fixture(scope="session")
def snapshots() -> pd.DataFrame:
    return read_table("snapshots")


@pytest.fixture(scope="session")
def names() -> Identity:
    return Identity.load()


@pytest.fixture(scope="session")
def panel_as_of(
    quotes: pd.DataFrame, snapshots: pd.DataFrame, names: Identity
) -> Callable[[str | None], pd.DataFrame]:
    """The panel as of a day, by the code as it is, never from a store or cache."""

    @cache
    def panel(day: str | None) -> pd.DataFrame:
        moment = None if day is None else pd.Timestamp(day)
        return build_panel(quotes, snapshots, names, load_witnesses(as_of=moment), as_of=moment)

    return panel


@pytest.fixture(scope="session")
def offers_as_of(
    quotes: pd.DataFrame, snapshots: pd.DataFrame, names: Identity
) -> Callable[[str, pd.Series], pd.DataFrame]:
    """A panel of a part of the quotes, where other offers do not bear on what is asked."""

    def panel(day: str, which: pd.Series) -> pd.DataFrame:
        moment = pd.Timestamp(day)
        return build_panel(quotes[which], snapshots, names, load_witnesses(as_of=moment), as_of=moment)

    return panel


@pytest.fixture(scope="session")
def panel(panel_as_of: Callable[[str | None], pd.DataFrame]) -> pd.DataFrame:
    return panel_as_of(None)
