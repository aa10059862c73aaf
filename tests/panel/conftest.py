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
def panel(panel_as_of: Callable[[str | None], pd.DataFrame]) -> pd.DataFrame:
    return panel_as_of(None)
