"""The price war of May 2024: prices counted by hand, and what cannot be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.studies.stocks.yuan_war import YuanWar, yuan_war


@pytest.fixture(scope="module")
def found() -> YuanWar:
    yuan, returns = undercut.load_reference("yuan_prices"), undercut.load_returns(None, source="sample")
    return yuan_war(yuan, undercut.load_prices(), returns, draws=199)


def test_list_prices_by_hand(found: YuanWar) -> None:
    """Read off the tracker: offers that stood on 14 May and on 30 June 2024."""
    rows = found.frame.set_index("key")
    table = undercut.load_reference("yuan_prices")
    table = table[table["tracker"].eq("aichat") & table["fault"].isna()]
    steps, free = [], 0
    for _, offer in table.groupby(["seller", "model"]):
        on = [
            offer[(offer["observed_from"] <= day) & (offer["observed_to"].fillna(offer["last_seen"]) > day)]
            for day in pd.to_datetime(["2024-05-14", "2024-06-30"])
        ]
        if len(on[0]) and len(on[1]):
            before, after = (part["input_yuan_per_mtok"].min() for part in on)
            free += before > 0 and after == 0
            steps += [np.log(after / before)] if before > 0 and after > 0 else []
    assert rows.loc["list_prices", "change"] == pytest.approx(np.expm1(np.mean(steps)))
    assert rows.loc["list_prices", "n"] == len(steps) and found.free == free
    assert rows.loc["list_prices", "change"] < 0


def test_shares_that_begin_too_late_are_not_estimated(found: YuanWar) -> None:
    row = found.frame.set_index("key").loc["shares"]
    assert np.isnan(row["change"]) and "too late for May 2024" in row["note"]
    assert "too late for May 2024" in found.sentence()


def test_shares_that_reach_back_are_estimated() -> None:
    days = pd.bdate_range("2023-01-02", "2024-07-31")
    rng = np.random.default_rng(3)
    wide = pd.DataFrame(rng.normal(0, 0.01, (len(days), 3)), index=days, columns=["RSP", "BABA", "BIDU"])
    wide.loc["2024-05-21", ["BABA", "BIDU"]] -= 0.2
    long = wide.rename_axis("date").reset_index().melt("date", var_name="ticker", value_name="return")
    found = yuan_war(undercut.load_reference("yuan_prices"), undercut.load_prices(), long, draws=99)
    assert found.frame.set_index("key").loc["shares", "change"] < -0.03
