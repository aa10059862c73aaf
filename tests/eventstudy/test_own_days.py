"""Firms with trading days and benchmarks of their own: each as if it were studied alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import InputError
from undercut.eventstudy.model import event_study

DAY = 360


@pytest.fixture
def gappy(returns: pd.DataFrame) -> pd.DataFrame:
    """Firm A trades every other session or so, the others as they do."""
    wide = returns.copy()
    wide.iloc[np.random.default_rng(1).permutation(len(wide))[:130], 0] = np.nan
    wide.iloc[DAY, 0] = np.nan
    return wide


def test_where_nobody_misses_a_day_both_calendars_agree(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    whole = returns.drop(columns=["E", "F"])
    some = events[events["firm"].isin(list("ABCD"))]
    shared, own = (
        event_study(whole, some, market="market", calendar=calendar) for calendar in ("file", "firm")
    )
    pd.testing.assert_frame_equal(own.to_frame(), shared.to_frame())
    pd.testing.assert_frame_equal(own.tests(draws=99), shared.tests(draws=99))


def test_offsets_count_the_sessions_of_the_firm(gappy: pd.DataFrame) -> None:
    events = pd.DataFrame({"event": "x", "firm": ["A"], "date": [gappy.index[DAY]]})
    study = event_study(
        gappy, events, market="market", calendar="firm", estimation=(-150, -11), window=(-2, 3)
    )
    own = gappy[["A", "market"]].dropna()
    day = own.index.searchsorted(gappy.index[DAY])
    past = own.iloc[day - 150 : day - 10]
    slope, constant = np.polyfit(past["market"], past["A"], 1)
    after = own.iloc[day - 2 : day + 4]
    frame = study.to_frame()
    np.testing.assert_allclose(frame["ar"], after["A"] - constant - slope * after["market"])
    assert frame["date"].tolist() == after.index.tolist()
    assert study.car()["n_estimation"].tolist() == [140]


def test_each_firm_has_the_benchmark_of_its_own_row(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    firms = ["A", "B", "C"]
    markets = {name: returns["market"] + (i + 1) * returns["D"] for i, name in enumerate(firms)}
    long = pd.concat(
        pd.DataFrame({"firm": name, "return": returns[name], "bench": markets[name]}) for name in firms
    )
    long = long.reset_index().sample(frac=1, random_state=0)
    some = events[events["firm"].isin(firms)]
    together = event_study(long, some, market="bench")
    for name in firms:
        alone = event_study(returns[firms], some[some["firm"] == name], market=markets[name])
        expected = alone.car()
        found = together.car().query("firm == @name").reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected)
    assert np.isfinite(together.tests(draws=99)["p_value"]).all()


def test_firms_that_cannot_be_studied_are_named_once(gappy: pd.DataFrame, events: pd.DataFrame) -> None:
    gappy.iloc[:330, [1, 2]] = np.nan
    study = event_study(gappy, events, market="market", calendar="firm")
    told = [note for note in study.warnings if "fewer than 100 usable" in note and note.startswith("event 1")]
    assert len(told) == 1 and "B, C" in told[0]
    assert set(study.car()["firm"]) == set("ADEF")


def test_models_that_compare_day_by_day_are_refused(returns: pd.DataFrame) -> None:
    one = pd.DataFrame({"firm": ["A"], "date": [returns.index[DAY]]})
    with pytest.raises(InputError, match="day by day"):
        event_study(returns, one, model="synthetic-control", calendar="firm")
    with pytest.raises(InputError, match="file or firm"):
        event_study(returns, one, market="market", calendar="own")
