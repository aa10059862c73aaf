"""The event-study rooms share their worlds."""

from tests.eventstudy.conftest import *  # noqa: F403
