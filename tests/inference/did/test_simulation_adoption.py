"""The simulated market has the truth that it says; estimators hold against it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.inference.did.simulation_adoption import SCENARIOS, Market, simulate, study


def test_flexible_prices_show_the_effect_at_once_and_sticky_ones_a_part_of_it() -> None:
    flexible = simulate(Market(effect=-0.3), 0)
    treated = flexible["period"] >= flexible["first_treated"]
    assert flexible.loc[treated, "true"].to_numpy() == pytest.approx(-0.3)
    assert flexible.loc[~treated, "true"].to_numpy() == pytest.approx(0.0)
    sticky = simulate(Market(effect=-0.3, cut_chance=0.15), 0)
    assert -0.29 < sticky.loc[sticky["period"] >= sticky["first_treated"], "true"].mean() < -0.1


def test_without_an_effect_the_truth_is_zero_and_prices_are_steps() -> None:
    data = simulate(Market(cut_chance=0.15), 3)
    assert (data["true"] == 0).all()
    moved = data.groupby("unit")["outcome"].diff().abs() > 1e-12
    assert 0.1 < moved.mean() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_estimators_recover_the_effect_and_find_none_where_there_is_none(name: str) -> None:
    for effect in (0.0, -0.3):
        table = study(replace(SCENARIOS[name], effect=effect), seeds=range(10_000, 10_025))
        robust = table.drop(index=[m for m in table.index if m.startswith("two_way")])
        error = robust["spread"] / 25**0.5
        assert (robust["bias"].abs() < 4 * error + 0.02).all()
        careful = robust[robust.index.str.contains("bootstrap|redrawn")]
        assert (careful["coverage"] >= 0.75).all()
