"""Rates, holders and counterfactuals on markets whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.prices.market import market
from undercut.errors import InputError, UnknownNameError
from undercut.prices.capability.counterfactual import without_offers
from undercut.prices.capability.price_of_capability import (
    frontier_holders,
    halving_months,
    log_slopes,
    price_of_capability,
)
from undercut.prices.index import price_index


def steady_fall(months: int = 13, halving: float = 3.0) -> pd.DataFrame:
    """Two developers whose one offer each halves every ``halving`` months."""
    periods = pd.period_range("2024-01", periods=months, freq="M").astype(str)
    parts = [
        pd.DataFrame(
            {
                "period": periods,
                "model_id": name,
                "host": name,
                "product": f"{name}/{name}",
                "developer": name,
                "origin": origin,
                "access": access,
                "price": price * 0.5 ** (np.arange(months) / halving),
                "eci": score,
            }
        )
        for name, origin, access, price, score in (
            ("alpha", "US", "closed", 8.0, 140.0),
            ("beta", "CN", "open", 4.0, 131.0),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def test_a_price_that_halves_every_three_months_has_that_halving_time() -> None:
    found = price_of_capability(steady_fall(), {"low": 130.0, "high": 135.0}, draws=50)
    rates = found.rates[found.rates["version"] == "lowest"].set_index("level")
    assert rates["halving_months"].tolist() == pytest.approx([3.0, 3.0], rel=1e-3)
    assert rates.loc["low", "first_price"] == pytest.approx(4.0)
    assert rates.loc["high", "first_price"] == pytest.approx(8.0)
    assert rates["fold"].tolist() == pytest.approx([16.0, 16.0])
    assert rates["times_cheaper_a_year"].tolist() == pytest.approx([16.0, 16.0], rel=1e-6)


def test_a_price_that_never_falls_never_halves() -> None:
    assert halving_months(0.0) == np.inf
    assert halving_months(-1.0) == np.inf
    assert np.isnan(halving_months(float("nan")))


def test_slopes_use_only_the_months_on_sale_and_need_six() -> None:
    time = np.arange(10) / 12
    line = np.tile(-2.0 * time, (2, 1))[:, :, None]
    line[0, :4] = np.nan
    line[1, :5] = np.nan
    assert log_slopes(line, time)[:, 0] == pytest.approx([-2.0, np.nan], nan_ok=True)


def test_a_short_window_says_so() -> None:
    notes = price_of_capability(steady_fall(8), {"low": 130.0}, draws=10).rates.set_index("version")["note"]
    assert notes["lowest"] == "annual rate from 8 months"


def test_a_level_beyond_everybody_has_no_price_and_says_so() -> None:
    found = price_of_capability(steady_fall(), {"beyond": 200.0}, draws=10)
    assert found.path("beyond")["price"].isna().all()
    assert found.rates["note"].str.contains("never on sale").all()


def test_the_cheapest_able_offer_holds_the_frontier_and_ties_go_to_the_more_capable() -> None:
    quotes = steady_fall(6)
    assert set(frontier_holders(quotes, {"low": 130.0})["host"]) == {"beta"}
    assert set(frontier_holders(quotes, {"high": 135.0})["host"]) == {"alpha"}
    tied = quotes.assign(price=1.0)
    assert set(frontier_holders(tied, {"low": 130.0})["host"]) == {"alpha"}


def test_without_a_group_the_next_best_offer_is_the_price() -> None:
    found = without_offers(steady_fall(), {"low": 130.0, "high": 135.0}, without="Chinese open", draws=50)
    lowest = found.paths[found.paths["version"] == "lowest"].set_index("level")
    assert lowest.loc["low", "ratio"].tolist() == pytest.approx([2.0] * 13)
    assert lowest.loc["high", "ratio"].tolist() == pytest.approx([1.0] * 13)
    recent = found.table().set_index(["level", "version"]).loc[("low", "lowest")]
    assert recent["year"] == pytest.approx(2.0)
    # In resamples without the other developer the level could not be bought without the group.
    assert recent["ratio_low"] <= recent["ratio"] <= recent["ratio_high"]


def test_without_everybody_the_level_is_out_of_reach() -> None:
    quotes = steady_fall().query("developer == 'beta'").assign(developer=["a", "b"] * 6 + ["a"])
    quotes = quotes.assign(product=quotes["product"] + quotes["developer"])
    found = without_offers(quotes, {"low": 130.0}, without="open", draws=10).paths
    assert not found["reachable"].any()
    assert found["ratio"].isna().all()


def test_one_developer_alone_gives_a_price_without_an_interval() -> None:
    path = price_of_capability(steady_fall(), {"low": 130.0}, draws=10).path("low")
    beta = steady_fall().query("developer == 'beta'")
    alone = price_of_capability(beta, {"low": 130.0}, draws=10).path("low")
    assert alone["price"].tolist() == path["price"].tolist()
    assert alone[["low", "high"]].isna().to_numpy().all()


def test_unknown_names_and_levels_are_refused() -> None:
    quotes = steady_fall()
    with pytest.raises(UnknownNameError, match="group"):
        without_offers(quotes, {"low": 130.0}, without="closed", draws=5)
    with pytest.raises(InputError, match="cluster"):
        price_of_capability(quotes, {"low": 130.0}, cluster="colour", draws=5)
    with pytest.raises(InputError, match="levels"):
        price_of_capability(quotes, {}, draws=5)
    with pytest.raises(UnknownNameError, match="level"):
        price_of_capability(quotes, {"low": 130.0}, draws=5).path("lo")


def test_the_same_seed_gives_the_same_interval_and_another_a_near_one() -> None:
    quotes = market(1, months=12)
    first, again, other = (
        price_of_capability(quotes, {"L": 130.0}, cluster="family", draws=300, seed=s).rates
        for s in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, again)
    assert np.log(other["times_low"] / first["times_low"]).abs().max() < 0.3


def test_where_nothing_gets_cheaper_the_lowest_price_falls_and_the_fixed_number_does_not() -> None:
    """Averages over 16 markets; their standard error is 0.06 for both."""
    slopes = []
    for seed in range(16):
        quotes = market(seed, fall=0.0, gain=0.0, growth=1.5, entrants=2.0, noise=0.6)
        rates = price_of_capability(quotes, {"L": 130.0}, cluster="family", draws=2).rates
        slopes.append(np.log(rates.set_index("version")["times_cheaper_a_year"]))
    mean = pd.DataFrame(slopes).mean()
    assert mean["lowest"] > 0.3
    assert abs(mean["fixed number"]) < 0.12
    assert abs(mean["low quantile"]) < 0.12


def test_matched_models_see_nothing_of_a_fall_that_the_frontier_sees() -> None:
    quotes = market(2, months=24)
    matched = price_index(quotes, method="jevons", chained=True).index
    assert matched.iloc[-1] == pytest.approx(1.0, abs=1e-12)
    rates = price_of_capability(quotes, {"L": 130.0}, cluster="family", draws=20).rates
    assert (rates["times_cheaper_a_year"] > 1.5).all()


def test_figures_draw_on_the_axes_given() -> None:
    import matplotlib.pyplot as plt

    found = price_of_capability(steady_fall(), {"low": 130.0}, draws=10)
    figure, axes = plt.subplots(1, 2)
    assert found.plot(axes[0]) is axes[0]
    other = without_offers(steady_fall(), {"low": 130.0}, draws=10)
    assert other.plot(axes[1], level="low") is axes[1]
    assert len(axes[0].lines) == 1 and len(axes[1].lines) == 2
    plt.close(figure)
    assert "halving_months" in found.summary() and "arithmetic" in other.summary()
