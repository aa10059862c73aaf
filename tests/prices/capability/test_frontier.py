"""The price of a capability level is what a naive reading of its definition gives."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.prices.market import market
from undercut.errors import DataError, InputError
from undercut.prices.capability.frontier import FrontierRule, frontier_paths, low_quantile, minimum_of

logs = st.lists(st.floats(-3, 3, allow_nan=False), min_size=3, max_size=9)


@given(prices=logs, number=st.integers(1, 3))
@settings(deadline=None, max_examples=25)
def test_the_lowest_of_a_fixed_number_is_the_mean_over_all_samples(prices: list[float], number: int) -> None:
    ordered = np.sort(prices)
    every = np.mean([min(sample) for sample in combinations(ordered, number)])
    assert minimum_of(ordered, np.ones((1, len(ordered))), number)[0] == pytest.approx(every, abs=1e-12)


@given(prices=logs)
@settings(deadline=None, max_examples=15)
def test_doubling_every_offer_in_a_resample_is_the_same_as_listing_it_twice(prices: list[float]) -> None:
    ordered = np.sort(prices)
    twice = minimum_of(np.repeat(ordered, 2), np.ones((1, 2 * len(ordered))), 2)
    assert minimum_of(ordered, np.full((1, len(ordered)), 2.0), 2) == pytest.approx(twice, abs=1e-12)


def test_with_too_few_offers_there_is_no_answer() -> None:
    ordered, counts = np.log([1.0, 2.0, 3.0]), np.ones((1, 3))
    assert np.isnan(minimum_of(ordered, counts, 4)).all()
    assert np.isnan(low_quantile(ordered, counts, 0.1)).all()


def test_a_minimum_falls_as_offers_multiply_though_nothing_gets_cheaper() -> None:
    """Offers from one distribution, ten and then ten times ten of them: only the plain minimum moves."""
    rng = np.random.default_rng(0)
    few, many = (np.sort(rng.normal(size=(4000, n)), axis=1) for n in (10, 100))
    plain = many[:, 0].mean() - few[:, 0].mean()
    fixed = [
        np.mean([minimum_of(row, np.ones((1, len(row))), 5)[0] for row in sample]) for sample in (few, many)
    ]
    quantile = [
        np.mean([low_quantile(row, np.ones((1, len(row))), 0.2)[0] for row in s]) for s in (few, many)
    ]
    assert plain < -0.9
    assert fixed[1] - fixed[0] == pytest.approx(0, abs=0.05)
    assert abs(quantile[1] - quantile[0]) < abs(plain) / 4


def paths_of(quotes: pd.DataFrame, levels: list[float], **options: object) -> np.ndarray:
    settings: dict = {
        "rule": FrontierRule(quantile=0.2, number=3, width=6.0),
        "cluster": "family",
        "draws": 20,
    }
    settings |= {"seed": 1, "capability_error": False} | options
    return frontier_paths(quotes, levels, **settings).log_price


def test_the_sample_row_is_the_naive_answer() -> None:
    quotes = market(3, months=6, entrants=1.5)
    found = paths_of(quotes, [128.0, 134.0])[0]
    for j, level in enumerate((128.0, 134.0)):
        for t, (_, month) in enumerate(quotes.groupby("period")):
            able = month[month["eci"] >= level]
            band = np.sort(np.log(able.loc[able["eci"] < level + 6, "price"]))
            assert found[t, j, 0] == pytest.approx(np.log(able["price"].min()))
            if len(band) < 5:  # a fifth of fewer than five offers
                assert np.isnan(found[t, j, 1])
            else:
                assert found[t, j, 1] == pytest.approx(np.quantile(band, 0.2, method="inverted_cdf"))
            naive = np.mean([min(sample) for sample in combinations(band, 3)])
            assert found[t, j, 2] == pytest.approx(naive)


def test_a_resample_counts_whole_clusters() -> None:
    """Each drawn path equals that of quotes in which the clusters are physically repeated."""
    from undercut.inference.resampling import cluster_codes, multiplicities

    quotes = market(4, months=4, families=6)
    paths = paths_of(quotes, [130.0])
    codes, labels = cluster_codes(quotes, "family")
    times = multiplicities(len(labels), draws=20, seed=1)
    for draw in (1, 7, 20):
        copies = quotes.loc[quotes.index.repeat(times[draw][codes].astype(int))].copy()
        copies["product"] = copies["product"] + copies.groupby(["period", "product"]).cumcount().astype(str)
        np.testing.assert_allclose(paths_of(copies, [130.0], draws=2)[0], paths[draw], rtol=1e-12)


def test_row_order_and_extra_columns_do_not_matter() -> None:
    quotes = market(5, months=4)
    shuffled = quotes.sample(frac=1, random_state=2).reset_index(drop=True).assign(extra="x")
    np.testing.assert_array_equal(paths_of(quotes, [130.0]), paths_of(shuffled, [130.0]))


def test_errors_of_the_capability_score_move_the_draws_and_not_the_sample() -> None:
    quotes = market(6, months=4)
    without, with_errors = (paths_of(quotes, [130.0], capability_error=e) for e in (False, True))
    np.testing.assert_array_equal(without[0], with_errors[0])
    assert not np.array_equal(without[1:], with_errors[1:])


@pytest.mark.parametrize(
    ("breakage", "complaint"),
    [
        (lambda q: q.drop(columns="eci"), "lack eci"),
        (lambda q: q.assign(price=0.0), "zero or negative"),
        (lambda q: pd.concat([q, q.head(1)]), "repeat a product"),
        (lambda q: q.assign(eci=np.nan), "No quote has a capability score"),
    ],
)
def test_quotes_that_break_the_contract_are_refused(breakage: object, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        paths_of(breakage(market(7, months=2)), [130.0])  # type: ignore[operator]


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="quantile"):
        FrontierRule(quantile=1.5)
    with pytest.raises(InputError, match="number"):
        FrontierRule(number=0)
