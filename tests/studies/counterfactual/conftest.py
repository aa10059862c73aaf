"""The real markets, as the tests of the demand room read them."""

from tests.competition.demand.conftest import data

__all__ = ["data"]
