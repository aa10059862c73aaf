"""Groups are what they say, portfolios are means of members, and a counterfactual cannot be exposed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, UnknownNameError
from undercut.eventstudy.events import FUNDS
from undercut.sources.returns import load_returns
from undercut.studies.stocks.universe import (
    ALSO_EXPOSED,
    GROUPS,
    firms_of,
    group_portfolios,
    unexposed_firms,
)


def test_no_fund_is_a_company_and_no_ticker_of_the_sample_is_unplaced() -> None:
    named = {name for names in GROUPS.values() for name in names}
    assert not named & FUNDS and not ALSO_EXPOSED & FUNDS and not ALSO_EXPOSED & named
    held = set(load_returns(None, source="sample")["ticker"])
    assert held <= named | FUNDS


def test_a_portfolio_is_the_mean_of_the_members_that_trade() -> None:
    wide = pd.DataFrame(
        {"date": ["2024-01-02", "2024-01-03"], "A": [0.02, np.nan], "B": [0.04, 0.01], "C": [0.1, 0.1]}
    )
    found = group_portfolios(
        wide, {"both": ["A", "B", "absent"], "one": ["C"]}, differences={"gap": ("both", "one")}
    )
    np.testing.assert_allclose(found["both"], [0.03, 0.01])
    np.testing.assert_allclose(found["gap"], [-0.07, -0.09])
    assert found.attrs["members"]["both"] == ["A", "B"]


def test_groups_without_members_are_refused_and_differences_of_unknown_groups_too() -> None:
    wide = pd.DataFrame({"date": ["2024-01-02"], "XOM": [0.01]})
    with pytest.raises(DataError, match="No group"):
        group_portfolios(wide)
    with pytest.raises(UnknownNameError, match="softwear"):
        group_portfolios(wide.assign(NVDA=0.0), differences={"x": ("softwear", "chips")})


def simulated(days: int = 300) -> pd.DataFrame:
    """A market, chips that load on a chip shock, one firm without it, one with the opposite sign."""
    rng = np.random.default_rng(5)
    market, shock = rng.normal(0, 0.01, days), rng.normal(0, 0.02, days)
    noise = rng.normal(0, 0.01, (days, 3))
    columns = {
        "RSP": market,
        "SMH": 1.3 * market + shock,
        "NVDA": market + shock,
        "XOM": 0.9 * market + noise[:, 0],
        "WITH": market + 0.4 * shock + noise[:, 1],
        "AGAINST": market - 0.4 * shock + noise[:, 2],
    }
    return pd.DataFrame(columns, index=pd.bdate_range("2024-01-01", periods=days).rename("date"))


def test_donors_do_not_move_with_chips_in_either_direction() -> None:
    assert unexposed_firms(simulated(), before="2025-02-20", reference="SMH", market="RSP") == ["XOM"]


def test_what_happens_on_the_event_day_cannot_choose_the_donors() -> None:
    returns = simulated()
    day = returns.index[280]
    changed = returns.copy()
    changed.loc[day:, ["SMH", "XOM"]] = 0.9  # one such day in the past would tie XOM to chips
    options = {"before": day, "reference": "SMH", "market": "RSP"}
    assert unexposed_firms(returns, **options) == unexposed_firms(changed, **options) == ["XOM"]


def test_the_sample_holds_no_unexposed_firm() -> None:
    returns = load_returns(None, source="sample")
    assert unexposed_firms(returns, before="2025-01-27", reference="SMH", market="RSP", days=130) == []
    assert set(firms_of(returns)) == set(returns["ticker"]) - {"SPY", "RSP", "QQQ", "SMH"}
