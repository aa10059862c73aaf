"""Fast multilateral algebra equals the textbook definitions, written out slowly here."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.prices.index import METHODS, prepare, price_index
from undercut.prices.index.compute import log_index_from_sums
from undercut.prices.index.pairwise import PAIR_FORMULAS, cross, log_index_by_pairs, pair_sums


@pytest.mark.parametrize("name", sorted(PAIR_FORMULAS))
def test_all_pairs_at_once_equal_the_formula_pair_by_pair(scanner_quotes: pd.DataFrame, name: str) -> None:
    quotes = prepare(scanner_quotes)
    method = METHODS[name]
    fast = log_index_from_sums(method, pair_sums([quotes], PAIR_FORMULAS[name].needs), elasticity=None)
    assert method.formula is not None
    slow = log_index_by_pairs(quotes, method.formula, window=8, elasticity=None)
    np.testing.assert_allclose(fast, slow, atol=1e-12)


def test_sparse_and_filled_products_of_cells_agree(
    scanner_quotes: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotes = prepare(scanner_quotes)
    filled = cross(quotes, quotes.price, quotes.value)
    monkeypatch.setattr("undercut.prices.index.pairwise._DENSE_LIMIT", 0)
    np.testing.assert_allclose(cross(quotes, quotes.price, quotes.value), filled, rtol=1e-13)


def test_geks_is_the_mean_over_all_bridge_periods(scanner_quotes: pd.DataFrame) -> None:
    months = sorted(scanner_quotes["period"].unique())

    def fisher(base: str, current: str) -> float:
        two = scanner_quotes[scanner_quotes["period"].isin([base, current])]
        wide = two.pivot_table(index="product", columns="period", values=["price", "quantity"]).dropna()
        if base == current:
            return 1.0
        p0, p1 = wide["price"][base], wide["price"][current]
        q0, q1 = wide["quantity"][base], wide["quantity"][current]
        return float(np.sqrt((p1 @ q0) / (p0 @ q0) * (p1 @ q1) / (p0 @ q1)))

    expected = [np.prod([fisher(months[0], k) * fisher(k, t) for k in months]) ** (1 / 8) for t in months]
    np.testing.assert_allclose(price_index(scanner_quotes, method="geks-fisher").index, expected, rtol=1e-12)


@pytest.mark.parametrize("weighted", [True, False])
def test_time_product_dummy_is_the_least_squares_regression(
    scanner_quotes: pd.DataFrame, weighted: bool
) -> None:
    quotes = scanner_quotes
    value = quotes["price"] * quotes["quantity"]
    weight = value / value.groupby(quotes["period"]).transform("sum") if weighted else value * 0 + 1
    dummies = pd.get_dummies(quotes[["period", "product"]], dtype=float).drop(columns="period_2024-01")
    root = np.sqrt(weight.to_numpy())
    target = root * np.log(quotes["price"].to_numpy())
    coefficients = np.linalg.lstsq(dummies.to_numpy() * root[:, None], target, rcond=None)[0]
    expected = np.exp([0, *coefficients[:7]])
    method = "time-product-dummy" if weighted else "time-product-dummy-unweighted"
    np.testing.assert_allclose(price_index(quotes, method=method).index, expected, rtol=1e-10)


def test_time_product_dummy_has_no_weights_without_quantities(scanner_quotes: pd.DataFrame) -> None:
    bare = scanner_quotes.drop(columns="quantity")
    with_weights = price_index(scanner_quotes, method="time-product-dummy").index
    without = price_index(bare, method="time-product-dummy").index
    pd.testing.assert_series_equal(
        without, price_index(scanner_quotes, method="time-product-dummy-unweighted").index
    )
    assert np.abs(with_weights - without).max() > 1e-3


def test_geary_khamis_is_the_fixed_point_of_its_two_equations(scanner_quotes: pd.DataFrame) -> None:
    wide = scanner_quotes.pivot_table(["price", "quantity"], "product", "period").fillna(0)
    price, quantity = wide["price"].to_numpy(), wide["quantity"].to_numpy()
    level = np.ones(8)
    for _ in range(2_000):
        reference = (price * quantity / level).sum(axis=1) / quantity.sum(axis=1)
        level = (price * quantity).sum(axis=0) / (reference[:, None] * quantity).sum(axis=0)
        level = level / level[0]
    np.testing.assert_allclose(price_index(scanner_quotes, method="geary-khamis").index, level, rtol=1e-10)


@pytest.mark.parametrize("method", ["geary-khamis", "time-product-dummy", "time-product-dummy-unweighted"])
def test_periods_that_no_product_connects_are_named(method: str) -> None:
    quotes = pd.DataFrame(
        {"period": [1, 1, 2, 2, 3, 3, 4, 4], "product": [*"ababcdcd"], "price": 1.0, "quantity": 1.0}
    )
    with pytest.raises(DataError, match=r"2 groups of periods \(1, 2 \| 3, 4\)"):
        price_index(quotes, method=method)


def test_geks_names_the_pairs_of_periods_without_a_common_product() -> None:
    quotes = pd.DataFrame({"period": [1, 2, 2, 3], "product": [*"aabb"], "price": [1.0, 2.0, 3.0, 6.0]})
    with pytest.raises(DataError, match="No product is sold in both periods of: 1 and 3"):
        price_index(quotes, method="geks-jevons")
    window = price_index(quotes, method="geks-jevons", window=2, splice="movement").index
    np.testing.assert_allclose(window, [1, 2, 4], rtol=1e-14)


def test_dummy_and_geary_khamis_bridge_periods_through_others() -> None:
    quotes = pd.DataFrame(
        {"period": [1, 2, 2, 3], "product": [*"aabb"], "price": [1.0, 2.0, 3.0, 6.0], "quantity": 1.0}
    )
    for method in ("geary-khamis", "time-product-dummy"):
        np.testing.assert_allclose(price_index(quotes, method=method).index, [1, 2, 4], rtol=1e-12)


THREADS = """
import numpy as np, pandas as pd
from undercut.prices.index import price_index
rng = np.random.default_rng(0)
product, period = np.nonzero(rng.random((20_000, 12)) < 0.6)
quotes = pd.DataFrame({"period": period, "product": product, "price": rng.lognormal(size=len(period)),
                       "quantity": rng.lognormal(size=len(period))})
for method in ("ccdi", "geks-fisher", "time-product-dummy", "geary-khamis", "fisher", "sato-vartia"):
    print(price_index(quotes, method=method).index.to_numpy().tobytes().hex())
"""


def test_no_bit_of_the_result_depends_on_the_number_of_threads() -> None:
    outputs = []
    for threads in ("1", "2"):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        run = subprocess.run(
            [sys.executable, "-c", THREADS], env=environment, capture_output=True, text=True, check=True
        )
        outputs.append(run.stdout)
    assert outputs[0] == outputs[1]
