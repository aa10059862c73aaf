"""Parts add up to the change to rounding, and say what a naive calculation says."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.prices.market import market
from undercut.errors import DataError, InputError
from undercut.prices.hedonic.decomposition import decompose_frontier

GROUPS = ["CN open", "US closed", "US open"]


@st.composite
def panels(draw: st.DrawFn) -> pd.DataFrame:
    """Three months of up to eight products that come and go; one that is able enough is always there."""
    size = draw(st.integers(3, 8))
    present = np.array(draw(st.lists(st.booleans(), min_size=3 * size, max_size=3 * size))).reshape(3, size)
    present[:, 0] = True
    present[:, 1] |= ~present[:, 1:].any(axis=1)
    price = draw(st.lists(st.floats(0.01, 50), min_size=3 * size, max_size=3 * size))
    others = st.lists(st.sampled_from([100.0, 120.0, 140.0]), min_size=size - 1, max_size=size - 1)
    score = [130.0, *draw(others)]
    group = draw(st.lists(st.sampled_from(GROUPS), min_size=size, max_size=size))
    month, product = np.nonzero(present)
    return pd.DataFrame(
        {
            "period": [f"2024-0{m + 1}" for m in month],
            "product": [f"p{p}" for p in product],
            "host": "h",
            "model_id": [f"m{p}" for p in product],
            "developer": [f"d{p % 3}" for p in product],
            "group": [group[p] for p in product],
            "price": np.array(price).reshape(3, size)[month, product],
            "eci": [score[p] for p in product],
        }
    )


def frontier_change(quotes: pd.DataFrame, capability: float) -> float:
    lows = quotes[quotes["eci"] >= capability].groupby("period")["price"].min()
    return float(np.log(lows.iloc[-1] / lows.iloc[0]))


@given(quotes=panels(), chained=st.booleans(), capability=st.sampled_from([90.0, 125.0]))
@settings(deadline=None, max_examples=25)
def test_parts_of_the_frontier_add_up_exactly(quotes: pd.DataFrame, chained: bool, capability: float) -> None:
    found = decompose_frontier(quotes, capability, chained=chained, draws=3)
    expected = frontier_change(quotes, capability)
    assert found.contributions.to_numpy().sum() == pytest.approx(expected, abs=1e-12)


@given(quotes=panels())
@settings(deadline=None, max_examples=20)
def test_entry_to_the_frontier_is_shared_by_the_average_over_orders_of_arrival(quotes: pd.DataFrame) -> None:
    two = quotes[quotes["period"].isin(["2024-01", "2024-02"])].assign(log=lambda q: np.log(q["price"]))
    old, new = (two[two["period"] == p].set_index("product") for p in ("2024-01", "2024-02"))
    stay = old.index.intersection(new.index)
    expected = dict.fromkeys(sorted(two["group"].unique()), 0.0)
    orders = list(permutations(expected))
    for order in orders:
        lowest = new.loc[stay, "log"].min()
        for group in order:
            come = new.drop(index=stay)
            after = min([lowest, *come.loc[come["group"] == group, "log"]])
            expected[group] += (after - lowest) / len(orders)
            lowest = after
    found = decompose_frontier(two, 90.0, draws=3).contributions["entry"]
    assert found.to_dict() == pytest.approx(expected, abs=1e-12)


def test_entry_never_raises_the_frontier_and_exit_never_lowers_it() -> None:
    found = decompose_frontier(market(1, months=12), 130.0, cluster="family", draws=20)
    assert (found.contributions["entry"] <= 1e-12).all()
    assert (found.contributions["exit"] >= -1e-12).all()
    assert found.contributions["continuing"].abs().max() == pytest.approx(0, abs=1e-12)


def test_where_nobody_stays_the_change_is_replacement() -> None:
    quotes = pd.DataFrame(
        {
            "period": ["2024-01", "2024-02"], "product": ["a", "b"], "host": "h", "model_id": ["a", "b"],
            "developer": ["x", "y"], "group": GROUPS[:2], "price": [4.0, 1.0], "eci": 130.0,
        }
    )  # fmt: skip
    found = decompose_frontier(quotes, 120.0, draws=3)
    assert found.contributions[["continuing", "entry", "exit"]].to_numpy().any() == np.False_
    assert found.contributions["replacement"].sum() == pytest.approx(np.log(1 / 4))


def test_sticky_prices_fall_by_entry_alone_and_the_interval_covers_it() -> None:
    quotes = market(3, months=12, gain=0.0)
    found = decompose_frontier(quotes, 130.0, cluster="family", draws=300)
    part, low = (frame.loc["US closed", "entry"] for frame in (found.contributions, found.low))
    assert found.contributions.loc["US closed", "continuing"] == pytest.approx(0, abs=1e-12)
    assert low <= part < 0


def test_a_resample_decomposes_whole_clusters() -> None:
    """The interval's draws are decompositions of physically repeated clusters."""
    from undercut.inference.resampling import cluster_codes
    from undercut.prices.hedonic.decomposition import _Sample

    quotes = market(4, months=3, families=5)
    sample = _Sample.of(quotes, by="group", cluster="family", draws=6, seed=2)
    codes, _ = cluster_codes(quotes, "family")
    for draw in (2, 5):
        copies = quotes.loc[quotes.index.repeat(sample.weights[draw][codes].astype(int))].copy()
        number = copies.groupby(["period", "product"]).cumcount().astype(str)
        copies["product"] = copies["product"] + "#" + number
        again = _Sample.of(copies, by="group", cluster="family", draws=2, seed=0)
        np.testing.assert_allclose(sample.parts(True)[draw], again.parts(True)[0], atol=1e-12)


def test_what_cannot_be_decomposed_is_refused() -> None:
    quotes = market(5, months=3)
    with pytest.raises(DataError, match="lower level"):
        decompose_frontier(quotes, 500.0)
    with pytest.raises(InputError, match="by must be"):
        decompose_frontier(quotes, 90.0, by="colour")
    with pytest.raises(DataError, match="two months"):
        decompose_frontier(quotes[quotes["period"] == quotes["period"].min()], 90.0)
    moving = quotes.assign(group=np.where(quotes["period"] == quotes["period"].min(), "US open", "US closed"))
    with pytest.raises(DataError, match="changes its group"):
        decompose_frontier(moving, 90.0)


def test_the_table_adds_up_and_the_figure_draws() -> None:
    import matplotlib.pyplot as plt

    found = decompose_frontier(market(6, months=12), 130.0, draws=20)
    assert found.table()["log_change"].sum() == pytest.approx(found.total)
    assert found.table()["share_of_total"].sum() == pytest.approx(1)
    figure, ax = plt.subplots()
    assert found.plot(ax) is ax
    plt.close(figure)
    assert "log points" in found.summary()
