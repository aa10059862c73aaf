"""The tests (axioms) of index number theory hold where they should, and fail where they are known to fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.prices.index import METHODS, price_index

OPTIONS: dict[str, dict[str, Any]] = {
    "lloyd-moulton": {"elasticity": 2.5},
    "geks-lloyd-moulton": {"elasticity": 2.5},
    "lowe": {"weight_period": 1},
    "young": {"weight_period": 1},
    "geometric-young": {"weight_period": 1},
}
N_PRODUCTS, N_PERIODS = 4, 3
TIME_REVERSAL = {
    "jevons", "dutot", "cswd", "fisher", "tornqvist", "walsh", "geometric-walsh", "sato-vartia",
    "montgomery-vartia", "marshall-edgeworth", "stuvel", "unit-value", "lowe", "geometric-young",
}  # fmt: skip
BILATERAL = [name for name, method in METHODS.items() if method.family == "bilateral"]
MULTILATERAL = [name for name in METHODS if name not in BILATERAL]
DEPENDS_ON_UNITS = {"dutot", "unit-value", "geks-dutot", "geks-unit-value"}
NOT_PROPORTIONAL = {"montgomery-vartia", "geks-montgomery-vartia", "unit-value", "geks-unit-value"}

numbers = st.floats(0.2, 5, allow_nan=False)
panels = st.lists(numbers, min_size=2 * N_PRODUCTS * N_PERIODS, max_size=2 * N_PRODUCTS * N_PERIODS).map(
    lambda values: np.array(values).reshape(2, N_PRODUCTS, N_PERIODS)
)
few = settings(max_examples=8, deadline=None)


def quotes_of(price: np.ndarray, quantity: np.ndarray) -> pd.DataFrame:
    product, period = np.indices(price.shape)
    return pd.DataFrame(
        {
            "period": period.ravel() + 1,
            "product": product.ravel(),
            "price": price.ravel(),
            "quantity": quantity.ravel(),
        }
    )


def level(price: np.ndarray, quantity: np.ndarray, method: str, **options: Any) -> np.ndarray:
    return price_index(
        quotes_of(price, quantity), method=method, **OPTIONS.get(method, {}) | options
    ).index.to_numpy()


@pytest.mark.parametrize("method", METHODS)
@given(panel=panels)
@few
def test_identity_equal_prices_give_an_index_of_one(method: str, panel: np.ndarray) -> None:
    if method.removeprefix("geks-") == "unit-value":
        return  # moves with the mix of products: see below
    price = np.repeat(panel[0][:, :1], N_PERIODS, axis=1)
    np.testing.assert_allclose(level(price, panel[1], method), 1, rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@given(panel=panels, factors=st.tuples(numbers, numbers))
@few
def test_proportional_prices_give_their_factor(
    method: str, panel: np.ndarray, factors: tuple[float, float]
) -> None:
    if method in NOT_PROPORTIONAL:
        return
    path = np.array([1.0, *factors])
    np.testing.assert_allclose(level(panel[0][:, :1] * path, panel[1], method), path, rtol=1e-11)


@pytest.mark.parametrize("method", sorted(set(METHODS) - DEPENDS_ON_UNITS))
@given(panel=panels, units=st.lists(st.floats(0.01, 100), min_size=N_PRODUCTS, max_size=N_PRODUCTS))
@few
def test_commensurability_units_of_products_do_not_matter(
    method: str, panel: np.ndarray, units: list[float]
) -> None:
    unit = np.array(units)[:, None]
    rescaled = level(panel[0] * unit, panel[1] / unit, method)
    np.testing.assert_allclose(rescaled, level(panel[0], panel[1], method), rtol=1e-10)


@pytest.mark.parametrize("method", sorted(TIME_REVERSAL))
@given(panel=panels)
@few
def test_time_reversal_going_back_undoes_going_forth(method: str, panel: np.ndarray) -> None:
    options = {"weight_period": 3} if method in OPTIONS else {}
    forth = level(panel[0], panel[1], method, **options)[1]
    swapped = panel[:, :, [1, 0, 2]]
    assert forth * level(swapped[0], swapped[1], method, **options)[1] == pytest.approx(1, rel=1e-11)


PRICE = np.array([[1.0, 2.0, 1.5], [1.0, 0.5, 2.0], [2.0, 3.0, 1.0], [1.0, 1.2, 0.7]])
QUANTITY = np.array([[4.0, 1.0, 2.0], [1.0, 5.0, 1.0], [3.0, 2.0, 6.0], [2.0, 2.0, 5.0]])


@pytest.mark.parametrize("method", sorted(set(BILATERAL) - TIME_REVERSAL))
def test_the_other_formulas_fail_time_reversal(method: str) -> None:
    options = {"weight_period": 3} if method == "young" else {}
    forth = level(PRICE, QUANTITY, method, **options)[1]
    back = level(PRICE[:, [1, 0, 2]], QUANTITY[:, [1, 0, 2]], method, **options)[1]
    assert abs(forth * back - 1) > 1e-3


def test_carli_is_never_below_one_when_going_forth_and_back() -> None:
    back_again = PRICE[:, [0, 1, 0]]
    assert level(back_again, QUANTITY, "carli", chained=True)[-1] > 1.1
    assert level(back_again, QUANTITY, "harmonic", chained=True)[-1] < 0.9


@pytest.mark.parametrize("method", sorted(DEPENDS_ON_UNITS))
def test_dutot_and_unit_value_depend_on_units(method: str) -> None:
    unit = np.array([[1.0], [1.0], [100.0], [1.0]])
    difference = level(PRICE * unit, QUANTITY / unit, method) / level(PRICE, QUANTITY, method)
    assert abs(difference[1] - 1) > 1e-3


def test_unit_value_moves_when_only_the_mix_of_products_changes() -> None:
    price = np.repeat(PRICE[:, :1], N_PERIODS, axis=1)
    assert abs(level(price, QUANTITY, "unit-value")[1] - 1) > 1e-2


@pytest.mark.parametrize("method", ["jevons", "dutot", "lowe", "geometric-young"])
@given(panel=panels)
@few
def test_circularity_a_chain_equals_the_direct_comparison(method: str, panel: np.ndarray) -> None:
    direct, chain = (level(panel[0], panel[1], method, chained=chained) for chained in (False, True))
    np.testing.assert_allclose(chain, direct, rtol=1e-11)


@pytest.mark.parametrize("method", ["fisher", "tornqvist", "walsh", "sato-vartia", "carli", "laspeyres"])
def test_superlative_chains_drift(method: str) -> None:
    bounce = PRICE[:, [0, 1, 0]]
    stock_up = np.column_stack([QUANTITY[:, 0], QUANTITY[:, 1], QUANTITY[:, 2]])
    assert abs(level(bounce, stock_up, method, chained=True)[-1] - 1) > 1e-3


@pytest.mark.parametrize("method", sorted(set(MULTILATERAL)))
@given(panel=panels)
@few
def test_multilateral_indices_are_transitive(method: str, panel: np.ndarray) -> None:
    """The change between two periods does not depend on which period is the first."""
    index = level(panel[0], panel[1], method)
    turned = level(panel[0][:, [1, 2, 0]], panel[1][:, [1, 2, 0]], method)
    np.testing.assert_allclose(turned / turned[2], (index / index[0])[[1, 2, 0]], rtol=1e-9)


@given(panel=panels)
@few
def test_fisher_and_sato_vartia_satisfy_factor_reversal(panel: np.ndarray) -> None:
    """Price index times quantity index (the same formula with roles exchanged) is the value ratio."""
    price, quantity = panel
    value = (price * quantity).sum(axis=0)
    for method in ("fisher", "sato-vartia", "montgomery-vartia", "stuvel"):
        product = level(price, quantity, method) * level(quantity, price, method)
        np.testing.assert_allclose(product, value / value[0], rtol=1e-10)


@given(panel=panels)
@few
def test_means_keep_their_order_and_superlatives_lie_between_their_bounds(panel: np.ndarray) -> None:
    index = {name: level(panel[0], panel[1], name) for name in BILATERAL}
    slack = 1 + 1e-12
    assert (index["harmonic"] <= index["jevons"] * slack).all()
    assert (index["jevons"] <= index["carli"] * slack).all()
    assert (index["harmonic-laspeyres"] <= index["geometric-laspeyres"] * slack).all()
    assert (index["geometric-laspeyres"] <= index["laspeyres"] * slack).all()
    low = np.minimum(index["laspeyres"], index["paasche"])
    high = np.maximum(index["laspeyres"], index["paasche"])
    for name in ("fisher", "marshall-edgeworth"):
        assert ((low <= index[name] * slack) & (index[name] <= high * slack)).all()
