"""Is the fall of a minimum told from competition?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.competition.hosts.host_market import host_market
from undercut.competition.hosts.dispersion import (
    _median,
    dispersion_over_time,
    expected_lowest,
    host_elasticity,
    launch_residuals,
)
from undercut.errors import DataError, InputError


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=5), st.integers(1, 4))
def test_the_expected_minimum_is_the_mean_over_all_draws(values: list[float], draws: int) -> None:
    grid = np.array(np.meshgrid(*[values] * draws)).reshape(draws, -1)
    assert expected_lowest(values, [draws])[0] == pytest.approx(grid.min(axis=0).mean(), abs=1e-9)


def test_the_expected_minimum_of_uniform_draws_is_the_textbooks() -> None:
    uniform = (np.arange(20_000) + 0.5) / 20_000
    assert expected_lowest(uniform, [1, 3, 9]) == pytest.approx([1 / 2, 1 / 4, 1 / 10], abs=1e-3)


def test_without_competition_the_lowest_price_falls_as_draws_alone_say() -> None:
    panel = host_market(1, effect=0.0, models=120, late_hosts=0.0, host_shock=0.0, own_shock=0.0)
    lowest = host_elasticity(panel, outcome="lowest")
    beyond = host_elasticity(panel, outcome="beyond draws")
    draws = host_elasticity(panel, outcome="draws alone")
    assert lowest.high < 0
    assert beyond.value == pytest.approx(lowest.value - draws.value)
    assert abs(beyond.value) < 0.25 * abs(lowest.value)


def test_the_benchmark_of_draws_carries_the_doubt_about_prices_at_launch() -> None:
    few, many = (
        host_elasticity(host_market(1, models=n, late_hosts=0.0), outcome="draws alone") for n in (30, 240)
    )
    assert few.error > 1.5 * many.error > 0


def test_competition_is_found_in_the_prices_of_the_same_hosts() -> None:
    panel = host_market(2, effect=-0.08, reprice=1.0, late_hosts=0.0)
    found = host_elasticity(panel, outcome="same hosts")
    none = host_elasticity(host_market(2, reprice=1.0, late_hosts=0.0), outcome="same hosts")
    assert found.high < 0 and none.low < 0 < none.high
    poisson = host_elasticity(panel, outcome="same hosts", estimator="poisson")
    assert poisson.value == pytest.approx(found.value, rel=0.4)


def test_a_price_that_halves_with_every_doubling_has_elasticity_minus_one() -> None:
    panel = host_market(3)
    panel["price"] = 1 / panel["sellers"]
    panel["log_price"] = np.log(panel["price"])
    found = host_elasticity(panel, outcome="median")
    assert found.value == pytest.approx(-1)
    assert found.per_doubling()[0] == pytest.approx(-50)


def test_residuals_at_launch_have_the_spread_of_the_draws() -> None:
    panel = host_market(4, models=150, spread=0.3, late_hosts=0.0, reprice=0.0)
    assert launch_residuals(panel).std() == pytest.approx(0.3 * np.sqrt(2), rel=0.1)
    with pytest.raises(DataError, match="99 hosts"):
        launch_residuals(panel, min_hosts=99)


@pytest.mark.parametrize("n", [6, 15, 40])
def test_the_interval_of_a_median_covers_as_order_statistics_say(n: int) -> None:
    middle, low, high = _median(pd.Series(range(n)))  # each value is its own rank
    assert low < middle < high
    coverage = stats.binom.cdf(high, n, 0.5) - stats.binom.cdf(low, n, 0.5)
    assert coverage >= 0.95
    assert np.isnan(_median(pd.Series(range(5)))[1:]).all()


def test_dispersion_over_time_counts_models_with_several_hosts() -> None:
    panel = host_market(5)
    table = dispersion_over_time(panel, min_hosts=4).set_index("period")
    last = panel[panel["period"] == panel["period"].max()]
    assert table["models"].iloc[-1] == (last.groupby("model_id")["host"].nunique() >= 4).sum()
    assert (table["gap_low"] <= table["gap"]).sum() == table["gap_low"].notna().sum()


def test_unusable_options_are_refused() -> None:
    panel = host_market(6)
    with pytest.raises(InputError, match="no price"):
        host_elasticity(panel, outcome="gap", estimator="poisson")
    with pytest.raises(InputError, match="lowest"):
        host_elasticity(panel, outcome="minimum")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="does not vary"):
        host_elasticity(panel.assign(sellers=1, host="x").drop_duplicates(["model_id", "month"]))
