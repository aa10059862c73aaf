"""What must hold for any returns: order of rows, units, sums, permutations of firms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.eventstudy.battery import TESTS
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy

MODELS = ["constant-mean", "market", "market-adjusted", "scholes-williams", "dimson"]
OPTIONS = {"market": "market", "estimation": (-140, -11), "window": (-1, 2)}


def world(seed: int, *, gaps: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    n_firms, n_days = int(rng.integers(3, 9)), 260
    market = rng.normal(0, 0.01, n_days)
    firms = rng.uniform(0, 2, n_firms) * market[:, None] + rng.standard_t(4, (n_days, n_firms)) * 0.01
    if gaps:
        firms[rng.random(firms.shape) < 0.03] = np.nan
    names = [f"firm {i}" for i in range(n_firms)]
    wide = pd.DataFrame(firms, columns=names, index=pd.bdate_range("2021-01-01", periods=n_days))
    wide["market"] = market
    rows = [
        (f"event {e}", wide.index[day], firm, "even" if e % 2 == 0 else "odd")
        for e, day in enumerate([160, 175, 210])
        for firm in names
        if rng.random() < 0.8 or firm == names[0]
    ]
    return wide, pd.DataFrame(rows, columns=["event", "date", "firm", "group"])


def statistics(study: EventStudy) -> pd.DataFrame:
    return study.tests([(0, 1)], permutation=False).set_index(["group", "test"])[["statistic", "p_value"]]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_and_columns_is_irrelevant(seed: int) -> None:
    wide, events = world(seed)
    shuffled = wide.sample(frac=1, random_state=seed)
    shuffled = shuffled[shuffled.columns[::-1]]
    first = event_study(wide, events, **OPTIONS)
    second = event_study(shuffled, events.sample(frac=1, random_state=seed), **OPTIONS)
    pd.testing.assert_frame_equal(first.car(), second.car())
    pd.testing.assert_frame_equal(statistics(first), statistics(second))


@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 0.5))
@settings(max_examples=15, deadline=None)
def test_statistics_do_not_depend_on_the_unit_of_returns(seed: int, scale: float) -> None:
    wide, events = world(seed)
    before, after = event_study(wide, events, **OPTIONS), event_study(wide * scale, events, **OPTIONS)
    pd.testing.assert_frame_equal(statistics(before), statistics(after), rtol=1e-6)
    np.testing.assert_allclose(after.car()["car"], scale * before.car()["car"], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(after.car()["se"], scale * before.car()["se"], rtol=1e-7)


@pytest.mark.parametrize("model", MODELS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_cumulative_abnormal_returns_add_up(model: str, seed: int) -> None:
    study = event_study(*world(seed), model=model, **OPTIONS)
    whole, before, after = (study.car(w)["car"] for w in ((-1, 2), (-1, 0), (1, 2)))
    np.testing.assert_allclose(whole, before + after, atol=1e-12)
    daily = study.to_frame().groupby(["event", "firm"], sort=False)["ar"].sum(min_count=4)
    by_row = study.car().set_index(["event", "firm"])["car"]
    np.testing.assert_allclose(by_row, daily.loc[by_row.index], atol=1e-12)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_covariances_are_positive_and_residuals_are_orthogonal_to_the_market(seed: int) -> None:
    wide, events = world(seed)
    abnormal = event_study(wide, events, **OPTIONS).abnormal
    assert np.linalg.eigvalsh(abnormal.covariance).min() > 0
    market = wide["market"].to_numpy()
    for row, day in enumerate(abnormal.rows.day):
        span = market[day - 140 : day - 10]
        residual = np.nan_to_num(abnormal.residuals[row])
        assert abs(residual.sum()) < 1e-12
        assert abs(residual @ span) < 1e-12


@given(seed=st.integers(0, 10_000), beta=st.floats(-2, 2), alpha=st.floats(-0.01, 0.01))
@settings(max_examples=15, deadline=None)
def test_abnormal_returns_do_not_see_what_the_market_explains(seed: int, beta: float, alpha: float) -> None:
    wide, events = world(seed)
    moved = wide.add(alpha + beta * wide["market"], axis=0).assign(market=wide["market"])
    before, after = event_study(wide, events, **OPTIONS), event_study(moved, events, **OPTIONS)
    np.testing.assert_allclose(before.car()["car"], after.car()["car"], atol=1e-12)
    np.testing.assert_allclose(before.car()["se"], after.car()["se"], rtol=1e-7)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_signs_of_statistics_turn_with_the_returns(seed: int) -> None:
    wide, events = world(seed)
    before = statistics(event_study(wide, events, **OPTIONS))
    after = statistics(event_study(-wide, events, **OPTIONS))
    symmetric = [name for name in TESTS if name != "wilcoxon"]
    chosen = before.index.isin(symmetric, level="test")
    np.testing.assert_allclose(after["statistic"][chosen], -before["statistic"][chosen], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(after["p_value"], before["p_value"], rtol=1e-5, atol=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_an_event_does_not_change_when_firms_of_other_groups_are_added(seed: int) -> None:
    wide, events = world(seed, gaps=False)
    alone = event_study(wide, events[events["group"] == "odd"], **OPTIONS)
    together = event_study(wide, events, skip_events=False, **OPTIONS)
    alone_again = event_study(wide, events[events["group"] == "odd"], skip_events=False, **OPTIONS)
    odd = together.car()[together.car()["group"] == "odd"].reset_index(drop=True)
    pd.testing.assert_frame_equal(odd, alone_again.car())
    assert len(alone.car()) == len(odd)
