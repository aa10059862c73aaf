"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No test is timed: a busy machine must not look like a fault. In continuous integration the same examples
# are drawn every time, so that a failure there is about the change at hand.
settings.register_profile("undercut", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("undercut")
