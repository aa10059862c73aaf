"""Is a change around dates told from the drift of the series?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.competition.adoption.before_after import change_around
from undercut.errors import DataError


def monthly(values: np.ndarray) -> pd.Series:
    return pd.Series(values, index=pd.period_range("2023-01", periods=len(values), freq="M"))


@given(st.floats(-5, 5), st.integers(1, 4))
def test_a_constant_drift_is_no_effect(drift: float, months: int) -> None:
    found = change_around(
        monthly(drift * np.arange(30.0)), ["2024-01-15", "2024-07-02"], months=months, draws=99
    )
    assert found.raw_change == pytest.approx(drift * months, abs=1e-9)
    assert found.effect == pytest.approx(0, abs=1e-9)


def test_a_step_at_the_dates_is_found_with_its_size() -> None:
    days = ["2023-09-10", "2024-08-03", "2025-06-20"]
    values = np.random.default_rng(3).normal(0, 0.1, 40)
    for month in pd.PeriodIndex(days, freq="M"):
        values += 2.0 * (np.arange(40) >= month.ordinal - pd.Period("2023-01", freq="M").ordinal)
    found = change_around(monthly(values), days)
    assert found.raw_change == pytest.approx(2, abs=0.2)
    assert found.p_value < 0.01
    assert found.low > 0


def test_two_dates_of_one_month_count_once_and_dates_outside_are_named() -> None:
    values = monthly(np.random.default_rng(1).normal(size=30))
    found = change_around(values, ["2024-02-01", "2024-02-20", "2022-01-01", "2025-06-01"], draws=99)
    assert found.events == 1
    assert found.left_out == ("2022-01", "2025-06")


def test_a_missing_month_does_not_remove_its_neighbours() -> None:
    values = monthly(np.arange(30.0)).drop(pd.Period("2024-01", freq="M"))
    assert change_around(values, ["2024-02-10"], draws=99).events == 1


def test_random_dates_are_called_significant_as_often_as_stated() -> None:
    generator = np.random.default_rng(11)
    rejected = 0
    for run in range(150):
        values = monthly(generator.normal(size=60).cumsum())
        months = generator.choice(np.arange(4, 56), size=5, replace=False)
        days = [str(values.index[month]) for month in months]
        rejected += change_around(values, days, draws=199, seed=run).p_value <= 0.05
    assert 0.02 <= rejected / 150 <= 0.09


@given(st.integers(0, 200), st.integers(1, 3))
def test_an_interval_leaves_zero_only_where_the_test_rejects(seed: int, events: int) -> None:
    generator = np.random.default_rng(seed)
    values = monthly(generator.normal(size=18).cumsum())
    days = [str(month) for month in generator.choice(values.index[4:15].astype(str), events, replace=False)]
    found = change_around(values, days, draws=299)
    assert found.low <= found.effect <= found.high
    if not found.low <= 0 <= found.high:
        assert found.p_value <= 0.05


def test_dates_without_observations_around_them_are_refused() -> None:
    with pytest.raises(DataError, match="None of 1 dates"):
        change_around(monthly(np.arange(30.0)), ["2020-01-01"])
    with pytest.raises(DataError, match="nothing is left"):
        change_around(monthly(np.arange(6.0)), ["2023-04-01"])
