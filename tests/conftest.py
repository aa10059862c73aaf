"""Settings for all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# No test is timed: a busy machine must not look like a fault. In continuous integration the same examples
# are drawn every time, so that a failure there is about the change at hand.
settings.register_profile("undercut", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("undercut")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a world of their module run on one worker, which makes it once."""
    for item in items:
        made = getattr(item, "_fixtureinfo", None)
        scopes = {one.scope for found in (made.name2fixturedefs.values() if made else ()) for one in found}
        if "module" in scopes and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
