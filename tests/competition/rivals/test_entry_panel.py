"""Entry of open rivals as a staggered treatment of closed models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.competition.rivals.entry_panel import entry_panel
from undercut.competition.rivals.exposure import RivalRule, exposure, open_rivals, own_closed_offers
from undercut.inference.did.model import staggered_adoption
from undercut.prices.monthly_quotes import monthly_quotes


@pytest.fixture(scope="module")
def quotes() -> pd.DataFrame:
    return monthly_quotes(undercut.load_prices(), start="2024-06", end="2025-06")


def test_entry_is_the_first_month_with_a_rival_within_reach(quotes: pd.DataFrame) -> None:
    panel = entry_panel(quotes, reach=4.0)
    offers = own_closed_offers(quotes)
    exposed = exposure(
        offers[offers["eci"].notna()], open_rivals(quotes), rule=RivalRule(reach=4.0), groups=["any"]
    )
    for unit, rows in panel.groupby("unit"):
        months = exposed.loc[exposed["model_id"].eq(unit) & exposed["is_exposed"].eq(True), "period"]
        first = rows["first_treated"].iloc[0]
        assert (first == months.min()) if len(months) else pd.isna(first)


def test_a_longer_reach_never_brings_entry_later(quotes: pd.DataFrame) -> None:
    entries = [
        entry_panel(quotes, reach=reach)
        .drop_duplicates("unit")
        .set_index("unit")["first_treated"]
        .fillna("9999")
        for reach in (0.0, 4.0, 8.0)
    ]
    assert (entries[1] <= entries[0]).all() and (entries[2] <= entries[1]).all()


def test_the_real_panel_can_be_estimated_and_says_what_it_left_out(quotes: pd.DataFrame) -> None:
    panel = entry_panel(quotes, reach=0.0)
    fit = staggered_adoption(panel, method="imputation", leads=2, lags=3)
    assert np.isfinite(fit.effect()["estimate"])
    assert any("without a period before" in note for note in fit.notes)
    assert panel.attrs["left_out"] > 0
