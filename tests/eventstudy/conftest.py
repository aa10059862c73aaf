"""Shared data of the event-study tests: a published example, and simulated returns of known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.paths import SHARED
from undercut.printing import records


@pytest.fixture
def estudy2_case() -> Path:
    """Seven firms in the week of 16 March 2020, with the answers of the R package estudy2 0.10."""
    folder = SHARED / "cases" / "01_estudy2_covid"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/cases with known answers is not here")
    return folder


@pytest.fixture(scope="session")
def real_returns() -> pd.DataFrame:
    """Daily returns of some 700 US stocks, the user's own file; never part of the project."""
    path = SHARED / "data" / "stocks" / "daily_prices.parquet"
    if not path.is_file():
        pytest.skip("the user's own file of stock prices is not here")
    prices = pd.read_parquet(path, columns=["date", "ticker", "adj_close"])
    wide = prices.pivot_table(index="date", columns="ticker", values="adj_close").sort_index()
    return wide.pct_change(fill_method=None)


@pytest.fixture
def returns() -> pd.DataFrame:
    """Six firms and a market over 420 business days, wide, by date; one firm lists late, one has gaps."""
    rng = np.random.default_rng(11)
    market = rng.normal(0.0003, 0.01, 420)
    betas = np.array([0.6, 0.9, 1.0, 1.2, 1.5, 1.8])
    firms = 0.0002 + betas * market[:, None] + rng.normal(0, 0.015, (420, 6))
    wide = pd.DataFrame(firms, columns=list("ABCDEF"), index=pd.bdate_range("2022-01-03", periods=420))
    wide["market"] = market
    wide.iloc[:150, 4] = np.nan
    wide.iloc[[180, 200, 222], 5] = np.nan
    return wide.rename_axis("date")


@pytest.fixture
def events(returns: pd.DataFrame) -> pd.DataFrame:
    """Two events of every firm but the market, in two groups."""
    days = returns.index[[300, 360]]
    rows = [
        (f"event {i}", day, firm, "first" if firm in "ABC" else "second")
        for i, day in enumerate(days)
        for firm in "ABCDEF"
    ]
    return pd.DataFrame(rows, columns=["event", "date", "firm", "group"])


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """A result of the command as it is written in JSON."""
    return {name: records(part) if isinstance(part, pd.DataFrame) else part for name, part in result.items()}
