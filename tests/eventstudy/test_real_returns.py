"""The user's own file of real returns: known days come out as known, and placebo dates hold their size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tools.eventstudy_worlds import placebo_p_values, rejection_rates
from undercut.eventstudy.model import event_study

SEMICONDUCTORS = ["NVDA", "AVGO", "AMD", "MU", "QCOM", "TXN", "INTC", "AMAT", "LRCX", "KLAC"]


def test_nvidia_on_27_january_2025(real_returns: pd.DataFrame) -> None:
    """Down 17 percent; about 13 against the S&P 500, which is itself treated."""
    saturday = pd.DataFrame({"event": ["R1"], "date": ["2025-01-25"], "firm": ["NVDA"]})
    study = event_study(real_returns, saturday, market="SPY", window=(0, 0))
    row = study.to_frame().iloc[0]
    assert str(row["date"].date()) == "2025-01-27"
    assert row["return"] == pytest.approx(-0.1697, abs=0.001)
    assert row["ar"] == pytest.approx(-0.131, abs=0.005)
    assert study.tests()["p_value"].iloc[0] < 0.02


@pytest.mark.slow
def test_sizes_on_placebo_dates_of_real_returns(real_returns: pd.DataFrame) -> None:
    """Firms of one industry move together: only tests that allow for it keep their size."""
    firms = [firm for firm in SEMICONDUCTORS if firm in real_returns.columns]
    events = pd.DataFrame({"event": "R1", "date": "2025-01-27", "firm": firms})
    n_dates = 300
    found = placebo_p_values(real_returns, events, n_dates=n_dates, market="SPY")
    rates = rejection_rates(found).set_index("test")["rate"]
    noise = 3 * np.sqrt(0.05 * 0.95 / n_dates)
    assert abs(rates["permutation"] - 0.05) < noise
    assert rates["patell"] > 0.2 and rates["cross_sectional"] > 0.2
