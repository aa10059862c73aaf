"""Is a known decay recovered, and is a half-life that the data do not hold left untold?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import least_squares

from undercut.competition.hosts.markups import decay, price_over_cost
from undercut.competition.hosts.serving_cost import ServingAssumptions, cost_factor
from undercut.errors import DataError, MissingColumnError, OutsideDataError, TooFewError


def decaying(
    half_life: float, floor: float, *, models: int = 40, noise: float = 0.05, seed: int = 0
) -> pd.DataFrame:
    """Prices of models first seen at different ages, each with a level of its own."""
    rng = np.random.default_rng(seed)
    rows = []
    for m in range(models):
        level, first = rng.normal(), int(rng.integers(0, 6))
        for age in range(first, first + 18):
            share = floor + (1 - floor) * 0.5 ** (age / half_life)
            rows.append((f"m{m}", age, share * np.exp(level + rng.normal(0, noise))))
    return pd.DataFrame(rows, columns=["model_id", "age_months", "price"])


def test_half_life_and_floor_without_noise_are_exact() -> None:
    found = decay(decaying(4.0, 0.3, noise=0.0), value="price", draws=20)
    assert (found.half_life, found.floor) == (pytest.approx(4, rel=1e-3), pytest.approx(0.3, rel=1e-3))
    assert found.after_year == pytest.approx(0.3 + 0.7 * 0.5**3, rel=1e-3)
    assert found.share_left([0.0, 4.0]) == pytest.approx([1.0, 0.65], rel=1e-3)


def test_the_fit_is_that_of_a_search_with_a_dummy_for_each_model() -> None:
    table = decaying(5.0, 0.4, models=8)
    dummies = pd.get_dummies(table["model_id"]).to_numpy(float)

    def residuals(at: np.ndarray) -> np.ndarray:
        curve = at[1] + (1 - at[1]) * 0.5 ** (table["age_months"] / at[0])
        return (np.log(table["price"]) - np.log(curve) - dummies @ at[2:]).to_numpy()

    tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    expected = least_squares(residuals, [6.0, 0.5, *np.zeros(8)], jac="3-point", **tight).x
    found = decay(table, value="price", draws=20)
    assert (found.half_life, found.floor) == pytest.approx(expected[:2], rel=1e-7)


def test_intervals_cover_the_half_life() -> None:
    fits = [decay(decaying(5.0, 0.4, seed=s), value="price", draws=40) for s in range(10)]
    assert np.mean([f.half_life_low <= 5 <= f.half_life_high for f in fits]) >= 0.8
    assert np.mean([f.floor_low <= 0.4 <= f.floor_high for f in fits]) >= 0.8
    assert all(f.is_told for f in fits)


def test_prices_that_rise_have_a_floor_above_one() -> None:
    found = decay(decaying(4.0, 1.6), value="price", draws=20)
    assert found.floor_low > 1 and found.after_year > 1


def test_prices_that_do_not_move_tell_no_half_life() -> None:
    found = decay(decaying(4.0, 1.0, noise=0.1), value="price", draws=40)
    assert not found.is_told
    assert found.after_year_low < 1.05 and found.after_year_high > 0.95


def test_doubt_about_throughput_moves_neither_half_life_nor_floor() -> None:
    table = decaying(4.0, 0.3)
    halved = decay(table.assign(price=table["price"] / 2), value="price", draws=20)
    plain = decay(table, value="price", draws=20)
    assert (halved.half_life, halved.floor) == (
        pytest.approx(plain.half_life, rel=1e-3), pytest.approx(plain.floor, rel=1e-3),
    )  # fmt: skip


def costs(ratio: float, models: int = 30) -> pd.DataFrame:
    """Models that all sell at ``ratio`` times their cost at the centre of the assumptions."""
    centre = float(cost_factor("chat", ServingAssumptions().centre())[0])
    unit = np.linspace(0.01, 1.0, models)
    names = [f"m{i}" for i in range(models)]
    return pd.DataFrame(
        {"model_id": names, "age_months": 0, "unit_cost": unit, "lowest": ratio * centre * unit}
    )


def test_price_over_cost_is_the_ratio_and_its_interval_carries_throughput() -> None:
    row = price_over_cost(costs(2.0), workload="chat").iloc[0]
    assert row["ratio"] == pytest.approx(2.0) and row["models"] == 30 and row["share_below"] == 0
    assert row["low_models"] == pytest.approx(2.0) and row["high_models"] == pytest.approx(2.0)
    drawn = cost_factor("chat", draws=20_000, seed=9) / cost_factor("chat", ServingAssumptions().centre())
    low, high = np.quantile(2.0 / drawn, [0.025, 0.975])
    assert (row["low"], row["high"]) == (pytest.approx(low, rel=0.1), pytest.approx(high, rel=0.1))
    assert price_over_cost(costs(0.5), workload="chat").iloc[0]["share_below"] == 1


def test_what_cannot_be_fitted_is_refused() -> None:
    table = decaying(4.0, 0.3)
    with pytest.raises(MissingColumnError, match="cost"):
        decay(table, value="cost")
    with pytest.raises(DataError, match="positive"):
        decay(table.assign(price=0.0), value="price")
    with pytest.raises(TooFewError, match="two models"):
        decay(table[table["model_id"] == "m1"], value="price")
    with pytest.raises(OutsideDataError, match="other ages"):
        price_over_cost(costs(2.0).assign(age_months=5), workload="chat")
