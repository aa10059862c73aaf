"""The real markets, read once for all tests of this folder."""

from __future__ import annotations

import pytest

import undercut
from undercut.competition.demand.markets import MarketData, market_data


@pytest.fixture(scope="session")
def data() -> MarketData:
    """As report 09 reads them: rankings up to the last rental price."""
    ranked, rents = map(undercut.load_reference, ("token_usage_weekly", "gpu_rental"))
    return market_data(undercut.load_prices(), ranked, rents)
