"""Out of core, in buckets of products, the answer is the same as in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError, SourceError
from undercut.prices.index import price_index
from undercut.prices.index.large import price_index_from_parquet
from undercut.prices.index.pairwise import PAIR_FORMULAS


@pytest.fixture
def parquet(tmp_path: Path, scanner_quotes: pd.DataFrame) -> Path:
    path = tmp_path / "quotes.parquet"
    scanner_quotes.to_parquet(path, index=False)
    return path


CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {"chained": chained}) for name in PAIR_FORMULAS for chained in (False, True)),
    *((f"geks-{name}", {}) for name in PAIR_FORMULAS),
    ("ccdi", {"window": 5, "splice": "mean"}),
    ("ccdi", {"variety": "feenstra", "elasticity": 3.0}),
    ("geary-khamis", {}),
    ("geary-khamis", {"window": 5, "splice": "hasp"}),
    ("time-product-dummy", {}),
    ("time-product-dummy", {"window": 5, "splice": "fbew"}),
    ("time-product-dummy-unweighted", {}),
]


@pytest.mark.parametrize(("method", "options"), CASES)
def test_buckets_of_products_give_the_index_of_the_whole(
    parquet: Path, scanner_quotes: pd.DataFrame, method: str, options: dict[str, Any]
) -> None:
    expected = price_index(scanner_quotes, method=method, **options).index
    for quotes_per_bucket in (40, 10_000):
        found = price_index_from_parquet(
            parquet, method=method, quotes_per_bucket=quotes_per_bucket, **options
        )
        assert found.index.index.tolist() == expected.index.tolist()
        np.testing.assert_allclose(found.index, expected, rtol=1e-11)


@pytest.mark.parametrize("kind", ["date", "integer"])
def test_dates_and_integers_name_periods_as_well_as_text(
    tmp_path: Path, kind: str, scanner_quotes: pd.DataFrame
) -> None:
    dates = pd.to_datetime(scanner_quotes["period"], format="%Y-%m")
    quotes = scanner_quotes.assign(period=dates if kind == "date" else dates.dt.month)
    quotes.to_parquet(tmp_path / "quotes.parquet")
    found = price_index_from_parquet(tmp_path / "quotes.parquet", method="ccdi", quotes_per_bucket=50).index
    expected = price_index(quotes, method="ccdi").index
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert list(found.index) == list(expected.index)


def test_bad_rows_and_duplicates_are_found_in_any_bucket(
    tmp_path: Path, scanner_quotes: pd.DataFrame
) -> None:
    path = tmp_path / "quotes.parquet"
    scanner_quotes.assign(price=scanner_quotes["price"].where(scanner_quotes.index != 9, 0.0)).to_parquet(
        path
    )
    with pytest.raises(DataError, match="1 zero"):
        price_index_from_parquet(path, method="ccdi", quotes_per_bucket=40)
    twice = pd.concat([scanner_quotes, scanner_quotes.iloc[:3]])
    twice.to_parquet(path)
    with pytest.raises(DataError, match="repeat a product"):
        price_index_from_parquet(path, method="ccdi", quotes_per_bucket=40)
    found = price_index_from_parquet(path, method="ccdi", quotes_per_bucket=40, duplicates="unit-value").index
    expected = price_index(twice, method="ccdi", duplicates="unit-value").index
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_what_cannot_be_done_out_of_core_is_refused(parquet: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a sum over products"):
        price_index_from_parquet(parquet, method="geks-sato-vartia")
    with pytest.raises(SourceError, match="nowhere"):
        price_index_from_parquet(tmp_path / "nowhere.parquet", method="ccdi")
    with pytest.raises(InputError, match="memory_limit='much'"):
        price_index_from_parquet(parquet, method="ccdi", memory_limit="much")
    gone = pd.DataFrame({"period": [1, 2], "product": ["a", "b"], "price": [1.0, 1.0]})
    gone.to_parquet(tmp_path / "gone.parquet")
    with pytest.raises(DataError, match="sold in both periods of: 1 and 2"):
        price_index_from_parquet(tmp_path / "gone.parquet", method="jevons")
    with pytest.raises(DataError, match="lacks the column quantity"):
        price_index_from_parquet(tmp_path / "gone.parquet", method="fisher")
