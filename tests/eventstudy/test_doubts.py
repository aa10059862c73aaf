"""Do doubts about returns and benchmarks reach whoever reads the study?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from undercut.errors import UnitError
from undercut.eventstudy.model import event_study


def said(wide: pd.DataFrame, events: pd.DataFrame, **options: Any) -> str:
    return "\n".join(event_study(wide, events, **{"market": "market"} | options).warnings)


def test_doubts_about_the_returns_reach_the_result(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    plain = said(returns, events)
    wrong = returns.copy()
    wrong.iloc[290, 0], wrong.iloc[200, 1], wrong.iloc[210:270, 2] = -1.5, -0.501, np.nan
    found = said(wrong, events)
    assert f"returns, impossible (1, first A on {wrong.index[290]:%Y-%m-%d})" in found
    assert f"unadjusted split (1, first B on {wrong.index[200]:%Y-%m-%d})" in found
    assert f"first C on {wrong.index[210]:%Y-%m-%d}" in found
    assert "impossible" not in plain and "unadjusted split" not in plain
    assert "impossible" not in said(wrong, events[events["firm"] != "A"]), "only returns that are used count"


def test_weekends_and_a_market_among_the_firms_are_said(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    filled = returns.asfreq("D").fillna(0.0)
    assert "Saturdays or Sundays" in said(filled, events) and "extra day" in said(filled, events)
    with_market = pd.concat([events, events.head(1).assign(firm="market")])
    assert "market: a benchmark of this study has no events" in said(returns, with_market)


@pytest.mark.parametrize("factor", [100, 1e4])
def test_benchmarks_in_another_unit_are_refused(
    returns: pd.DataFrame, events: pd.DataFrame, factor: float
) -> None:
    market = returns["market"]
    rate = pd.Series(0.04 / 252, index=returns.index)
    firms = returns.drop(columns="market")
    for options in (
        {"market": market * factor},
        {"market": market, "risk_free": rate * factor},
    ):
        with pytest.raises(UnitError, match="on a typical day"):
            event_study(firms, events, **options)
    with pytest.raises(UnitError, match="The market moves"):
        event_study(returns.assign(market=market * factor), events, market="market")
    factors = pd.DataFrame({"m": market, "vix": factor * market.to_numpy()[::-1]})
    assert "The factor moves" in said(firms, events, model="factors", market=None, factors=factors)
    assert event_study(firms, events, market=market, risk_free=rate).car()["car"].notna().any()
