"""In a world of CES buyers the corrected index is the cost of living; matched products alone are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError
from undercut.prices.index import price_index

ELASTICITY = 4.0


def ces_world(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Buyers with :math:`U = (\\sum b_i q_i^{1-1/\\sigma})^{\\sigma/(\\sigma-1)}` spend a changing budget on
    whatever is on sale. The true cost of living is the unit cost
    :math:`(\\sum_{on sale} b_i^\\sigma p_i^{1-\\sigma})^{1/(1-\\sigma)}`."""
    rng = np.random.default_rng(seed)
    n_products, n_periods = 30, 6
    taste = rng.uniform(0.5, 2, n_products)[:, None] ** ELASTICITY
    price = np.exp(rng.normal(0, 0.3, (n_products, n_periods)))
    on_sale = rng.random((n_products, n_periods)) < np.linspace(0.4, 0.9, n_periods)  # variety grows
    cost_weight = np.where(on_sale, taste * price ** (1 - ELASTICITY), 0.0)
    unit_cost = cost_weight.sum(axis=0) ** (1 / (1 - ELASTICITY))
    budget = rng.uniform(50, 150, n_periods)
    quantity = budget * cost_weight / cost_weight.sum(axis=0) / price
    product, period = np.nonzero(on_sale)
    quotes = pd.DataFrame(
        {
            "period": period,
            "product": product,
            "price": price[product, period],
            "quantity": quantity[product, period],
        }
    )
    return quotes, unit_cost / unit_cost[0]


@pytest.mark.parametrize(
    ("method", "chained"),
    [("sato-vartia", False), ("sato-vartia", True), ("lloyd-moulton", True), ("geks-sato-vartia", False)],
)
def test_feenstra_correction_recovers_the_true_cost_of_living(method: str, chained: bool) -> None:
    quotes, true = ces_world()
    found = price_index(quotes, method=method, chained=chained, variety="feenstra", elasticity=ELASTICITY)
    np.testing.assert_allclose(found.index, true, rtol=1e-11)


def test_matched_products_alone_miss_the_gain_from_variety() -> None:
    quotes, true = ces_world()
    matched = price_index(quotes, method="sato-vartia").index.iloc[-1]
    assert matched > 1.1 * true[-1]


def test_superlative_indices_with_the_correction_come_close_but_are_not_exact() -> None:
    quotes, true = ces_world()
    for method in ("fisher", "tornqvist", "geks-fisher", "ccdi"):
        matched = price_index(quotes, method=method).index
        found = price_index(quotes, method=method, variety="feenstra", elasticity=ELASTICITY).index
        error, error_matched = (np.abs(series / true - 1).max() for series in (found, matched))
        assert 1e-6 < error < 0.1 < error_matched


def test_the_correction_is_nothing_when_no_product_enters_or_leaves() -> None:
    quotes, _ = ces_world()
    always = quotes[quotes.groupby("product")["period"].transform("size") == 6]
    plain = price_index(always, method="fisher").index
    corrected = price_index(always, method="fisher", variety="feenstra", elasticity=2).index
    np.testing.assert_allclose(corrected, plain, rtol=1e-13)


def test_a_wrong_elasticity_gives_a_wrong_answer() -> None:
    quotes, true = ces_world()
    wrong = price_index(quotes, method="sato-vartia", variety="feenstra", elasticity=8).index
    assert abs(wrong.iloc[-1] / true[-1] - 1) > 0.05


@pytest.mark.parametrize("elasticity", [None, 1.0, 0.5, -2.0, np.nan, np.inf])
def test_elasticities_at_which_lost_products_cannot_be_replaced_are_refused(elasticity: float | None) -> None:
    with pytest.raises(InputError, match="above 1"):
        price_index(ces_world()[0], method="fisher", variety="feenstra", elasticity=elasticity)


@pytest.mark.parametrize("method", ["geary-khamis", "time-product-dummy"])
def test_methods_without_matched_products_have_no_correction(method: str) -> None:
    with pytest.raises(InputError, match="no variety correction"):
        price_index(ces_world()[0], method=method, variety="feenstra", elasticity=3)


def test_the_correction_needs_quantities_even_where_the_formula_does_not() -> None:
    with pytest.raises(DataError, match="quantity"):
        price_index(
            ces_world()[0][["period", "product", "price"]], method="jevons", variety="feenstra", elasticity=3
        )
