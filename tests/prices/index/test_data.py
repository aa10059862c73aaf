"""Bad, repeated, missing and unordered rows: a defined answer or a clear error, never another number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError, UnknownNameError
from undercut.prices.index import METHODS, prepare, price_index

OPTIONS = {"lloyd-moulton": {"elasticity": 2.0}, "geks-lloyd-moulton": {"elasticity": 2.0}} | {
    name: {"weight_period": "2024-02"} for name in ("lowe", "young", "geometric-young")
}


@pytest.mark.parametrize("method", METHODS)
def test_no_bit_of_the_result_depends_on_the_order_of_rows_or_on_other_columns(
    scanner_quotes: pd.DataFrame, method: str
) -> None:
    options = OPTIONS.get(method, {})
    expected = price_index(scanner_quotes, method=method, **options).index
    for seed in range(3):
        shuffled = scanner_quotes.sample(frac=1, random_state=seed).assign(shop="x", index=1.0)
        shuffled = shuffled[["shop", "quantity", "product", "index", "price", "period"]]
        found = price_index(shuffled, method=method, **options).index
        pd.testing.assert_series_equal(found, expected, check_exact=True)


def test_the_users_table_is_not_changed(scanner_quotes: pd.DataFrame) -> None:
    before = scanner_quotes.copy(deep=True)
    price_index(scanner_quotes, method="ccdi")
    pd.testing.assert_frame_equal(scanner_quotes, before)


def test_quotes_prepared_once_give_the_same_results(scanner_quotes: pd.DataFrame) -> None:
    quotes = prepare(scanner_quotes)
    for method in ("jevons", "fisher", "ccdi", "time-product-dummy-unweighted"):
        pd.testing.assert_series_equal(
            price_index(quotes, method=method).index, price_index(scanner_quotes, method=method).index
        )


@pytest.mark.parametrize(
    ("value", "kind"), [(0.0, "1 zero"), (-1.0, "1 negative"), (np.nan, "1 missing"), (np.inf, "1 infinite")]
)
@pytest.mark.parametrize("column", ["price", "quantity"])
def test_impossible_numbers_are_an_error_that_counts_them(
    scanner_quotes: pd.DataFrame, column: str, value: float, kind: str
) -> None:
    scanner_quotes.loc[7, column] = value
    with pytest.raises(DataError, match=rf"1 quotes have no positive {column} \({kind}; first rows: 7\)"):
        price_index(scanner_quotes, method="fisher")


def test_bad_rows_are_dropped_only_when_asked_and_the_result_says_so(scanner_quotes: pd.DataFrame) -> None:
    clean = price_index(scanner_quotes.drop(index=[3, 7]), method="fisher").index
    scanner_quotes.loc[7, "price"] = -1.0
    scanner_quotes.loc[3, "quantity"] = 0.0
    result = price_index(scanner_quotes, method="fisher", bad_rows="drop")
    pd.testing.assert_series_equal(result.index, clean, check_exact=True)
    assert "2 of" in result.notes[0]
    assert "1 negative" in result.notes[0]
    assert "quotes dropped" in result.summary()


def test_a_bad_quantity_does_not_matter_to_a_method_without_weights(scanner_quotes: pd.DataFrame) -> None:
    expected = price_index(scanner_quotes, method="jevons").index
    scanner_quotes.loc[7, "quantity"] = np.nan
    pd.testing.assert_series_equal(price_index(scanner_quotes, method="jevons").index, expected)


def test_a_period_without_any_usable_quote_is_an_error_even_when_dropping(
    scanner_quotes: pd.DataFrame,
) -> None:
    scanner_quotes.loc[scanner_quotes["period"] == "2024-03", "price"] = 0.0
    with pytest.raises(DataError, match=r"No usable quote is left in 1 period\(s\): 2024-03"):
        price_index(scanner_quotes, method="jevons", bad_rows="drop")


TWICE = pd.DataFrame(
    {"period": [1, 1, 2], "product": "a", "price": [2.0, 8.0, 4.0], "quantity": [3.0, 1.0, 1.0], "x": 0}
)


def test_repeated_quotes_are_an_error_unless_a_way_to_merge_them_is_named() -> None:
    with pytest.raises(DataError, match="1 quotes repeat a product within a period"):
        price_index(TWICE, method="jevons")
    unit_value = price_index(TWICE, method="jevons", duplicates="unit-value")
    assert unit_value.index.iloc[-1] == pytest.approx(4 / 3.5)  # (2 * 3 + 8 * 1) / 4 = 3.5
    assert unit_value.notes == ("1 duplicate quotes merged by unit-value",)
    geometric = price_index(TWICE, method="jevons", duplicates="geometric-mean")
    assert geometric.index.iloc[-1] == pytest.approx(1.0)


def test_unit_values_need_quantities() -> None:
    with pytest.raises(DataError, match="quantity"):
        price_index(TWICE.drop(columns="quantity"), method="jevons", duplicates="unit-value")


def test_splitting_a_sale_into_transactions_changes_nothing(scanner_quotes: pd.DataFrame) -> None:
    halves = pd.concat([scanner_quotes, scanner_quotes]).assign(quantity=lambda frame: frame["quantity"] / 2)
    for method in ("fisher", "geary-khamis", "time-product-dummy"):
        merged = price_index(halves, method=method, duplicates="unit-value").index
        np.testing.assert_allclose(merged, price_index(scanner_quotes, method=method).index, rtol=1e-12)


def test_merging_does_not_depend_on_the_order_of_rows(scanner_quotes: pd.DataFrame) -> None:
    many = pd.concat([scanner_quotes.assign(price=lambda f, k=k: f["price"] * k) for k in (1, 1.1, 1.7)])
    results = [
        price_index(many.sample(frac=1, random_state=seed), method="ccdi", duplicates="unit-value").index
        for seed in range(3)
    ]
    pd.testing.assert_series_equal(results[0], results[1], check_exact=True)
    pd.testing.assert_series_equal(results[0], results[2], check_exact=True)


def test_a_product_that_vanishes_and_returns_counts_where_both_periods_have_it() -> None:
    quotes = pd.DataFrame(
        {
            "period": [1, 1, 2, 3, 3],
            "product": [*"abbab"],
            "price": [1.0, 1.0, 2.0, 4.0, 2.0],
        }
    )
    fixed = price_index(quotes, method="jevons")
    np.testing.assert_allclose(fixed.index, [1, 2, np.sqrt(8)])
    assert fixed.diagnostics["n_matched"].tolist() == [2, 1, 2]
    chained = price_index(quotes, method="jevons", chained=True)
    np.testing.assert_allclose(chained.index, [1, 2, 2])
    assert chained.diagnostics["n_matched"].tolist() == [2, 1, 1]


def test_periods_without_a_matched_product_are_named() -> None:
    quotes = pd.DataFrame(
        {
            "period": ["2024-01", "2024-02", "2024-02", "2024-03"],
            "product": [*"aabb"],
            "price": [1.0, 2.0, 1.0, 3.0],
        }
    )
    with pytest.raises(DataError, match="sold in both periods of: 2024-01 and 2024-03"):
        price_index(quotes, method="jevons")
    assert price_index(quotes, method="dutot", chained=True).index.tolist() == [1, 2, 6]


def test_a_gap_between_periods_is_announced_and_periods_are_never_invented() -> None:
    quotes = pd.DataFrame(
        {"period": ["2024-01", "2024-02", "2024-04"], "product": "a", "price": [1.0, 2.0, 3.0]}
    )
    with pytest.warns(UserWarning, match="2024-02 is followed by 2024-04"):
        result = price_index(quotes, method="jevons", chained=True)
    assert result.index.index.tolist() == ["2024-01", "2024-02", "2024-04"]
    assert "not evenly spaced" in result.notes[0]


@pytest.mark.parametrize(
    "labels",
    [
        ["2023-12-31", "2024-01-31", "2024-11-30"],
        ["2023-12", "2024-2", "2024-11"],
        ["2023Q4", "2024Q1", "2024Q3"],
        ["2023-W52", "2024-W01", "2024-W02"],
        ["t2", "t10", "t11"],
        ["2", "10", "11"],
        [2, 10, 11],
        np.array([2, 10, 11], dtype=object),
        pd.array([2, 10, 11], dtype="Int64"),
        [202312, 202401, 202402],
        list(pd.to_datetime(["2023-12-01", "2024-01-01", "2024-02-01"])),
        list(pd.period_range("2023-12", periods=3, freq="M")),
        ["2024-01-01T00:00", "2024-01-01T12:00", "2024-01-02T00:00"],
    ],
)
@pytest.mark.filterwarnings("ignore:periods are not evenly spaced")
def test_periods_are_put_in_the_order_of_time(labels: list[object]) -> None:
    quotes = pd.DataFrame({"period": labels, "product": "a", "price": [1.0, 2.0, 3.0]})
    for order in ([2, 0, 1], [1, 2, 0]):
        result = price_index(quotes.iloc[order], method="dutot").index
        assert result.tolist() == [1.0, 2.0, 3.0]
        assert list(result.index) == list(quotes["period"])


def test_an_ordered_categorical_names_its_own_order() -> None:
    kind = pd.CategoricalDtype(["spring", "summer", "autumn", "winter"], ordered=True)
    period = pd.Series(["winter", "spring", "summer"], dtype=kind)
    quotes = pd.DataFrame({"period": period, "product": "a", "price": [3.0, 1.0, 2.0]})
    result = price_index(quotes, method="dutot").index
    assert list(result.index) == ["spring", "summer", "winter"]
    assert result.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["01/02/2024", "02/01/2024"], "ambiguous"),
        (["Jan", "Feb"], "ambiguous"),
        (["2024-01", "2024Q2"], "ambiguous"),
        (["a1", "b2"], "ambiguous"),
        (["012024", "022024"], "put the year last"),
        ([1012024, 31122024], "put the year last"),
        (["2024-13", "2024-01"], "month 13"),
        (["2024-02-30", "2024-03-01"], "not a date"),
        (["2024-W60", "2024-W01"], "not an ISO week"),
        (["2024-1", "2024-01"], "name the same period"),
        (["1", 2], "mix"),
        ([True, False], "no order"),
        ([None, "2024-01"], "no period"),
    ],
)
def test_periods_that_could_be_read_in_two_orders_are_an_error(labels: list[object], message: str) -> None:
    quotes = pd.DataFrame({"period": labels, "product": "a", "price": 1.0})
    with pytest.raises(DataError, match=message):
        price_index(quotes, method="jevons")


GOOD = pd.DataFrame({"period": [1, 2], "product": "a", "price": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda q: q.drop(columns="price"), r"lack the column\(s\) price; they have: period, product"),
        (lambda q: q.iloc[:0], "no rows"),
        (lambda q: q.assign(product=[None, "a"]), "no product"),
        (lambda q: q.assign(product=pd.Series(["a", 1], dtype=object)), "mix kinds"),
        (lambda q: q.assign(price=["1.0", "n/a"]), "must hold numbers; found 'n/a'"),
        (lambda q: q.assign(price=[True, True]), "must hold numbers"),
        (lambda q: pd.concat([q, q[["price"]]], axis=1), "more than one column 'price'"),
    ],
)
def test_tables_that_are_not_quotes_are_refused(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        price_index(spoil(GOOD), method="jevons")


def test_methods_with_weights_need_quantities() -> None:
    for method in ("fisher", "ccdi", "geary-khamis"):
        with pytest.raises(DataError, match="quantity"):
            price_index(GOOD, method=method)
        with pytest.raises(DataError, match="quantity"):
            price_index(prepare(GOOD), method=method)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "jevons", "window": 2, "splice": "mean"}, "is bilateral"),
        ({"method": "geks-jevons", "chained": True}, "is multilateral"),
        ({"method": "fisher", "elasticity": 2.0}, "uses elasticity only"),
        ({"method": "lloyd-moulton"}, "needs elasticity"),
        ({"method": "lowe"}, "needs weight_period"),
        ({"method": "jevons", "weight_period": 1}, "does not use weight_period"),
        ({"method": "jevons", "bad_rows": "ignore"}, "bad_rows must be one of error, drop"),
        ({"method": "jevons", "duplicates": "first"}, "duplicates must be one of error, unit-value"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        price_index(GOOD.assign(quantity=1.0), **options)


def test_prepared_quotes_take_no_more_treatment() -> None:
    with pytest.raises(InputError, match="already prepared"):
        price_index(prepare(GOOD), method="jevons", bad_rows="drop")


def test_an_unknown_method_suggests_a_known_one() -> None:
    with pytest.raises(UnknownNameError, match="tornqvist"):
        price_index(GOOD, method="tornquist")
    with pytest.raises(UnknownNameError, match="weight period"):
        price_index(GOOD.assign(quantity=1.0), method="lowe", weight_period=7)


def test_a_single_period_has_index_one() -> None:
    for method in ("jevons", "geks-jevons", "time-product-dummy"):
        assert price_index(GOOD.iloc[:1], method=method).index.tolist() == [1.0]


def test_lowe_prices_the_basket_of_several_periods() -> None:
    quotes = pd.DataFrame(
        {
            "period": [1, 1, 2, 2],
            "product": [*"abab"],
            "price": [1.0, 2.0, 3.0, 2.0],
            "quantity": [1.0, 2.0, 3.0, 4.0],
        }
    )
    found = price_index(quotes, method="lowe", weight_period=[1, 2]).index.iloc[-1]
    assert found == pytest.approx((4 * 3 + 6 * 2) / (4 * 1 + 6 * 2))
    found = price_index(quotes, method="young", weight_period=2).index.iloc[-1]
    assert found == pytest.approx((9 * 3 + 8 * 1) / 17)
