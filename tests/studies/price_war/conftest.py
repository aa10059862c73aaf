"""Published accounts, as the tests of the valuation room read them."""

from tests.valuation.conftest import fundamentals

__all__ = ["fundamentals"]
