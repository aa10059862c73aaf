"""What the tests of builds share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shared_workers import shared_workers


@pytest.fixture(scope="session", autouse=True)
def lent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One process that starts workers serves all builds of these tests."""
    with shared_workers(tmp_path_factory.mktemp("forge")):
        yield
