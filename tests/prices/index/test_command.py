"""From a file to one row a period, as the command line prints it; and what a result says about itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError, SourceError
from undercut.prices.index import METHODS, command, price_index
from undercut.prices.index.command import index_table, method_table


def write(folder: Path, text: str) -> Path:
    path = folder / "quotes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_gives_the_index_of_its_quotes(tmp_path: Path, scanner_quotes: pd.DataFrame) -> None:
    path = tmp_path / "quotes.csv"
    scanner_quotes.assign(shop="north").to_csv(path, index=False)
    table = index_table(path, method="ccdi", window=5, splice="hasp")
    expected = price_index(scanner_quotes, method="ccdi", window=5, splice="hasp").index
    assert table["period"].tolist() == expected.index.tolist()
    np.testing.assert_allclose(table["index"], expected, rtol=1e-12)
    scanner_quotes.to_parquet(tmp_path / "quotes.parquet")
    from_parquet = index_table(tmp_path / "quotes.parquet", method="ccdi", window=5, splice="hasp")
    pd.testing.assert_frame_equal(from_parquet, table)


def test_products_called_na_or_with_leading_zeros_stay_what_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, "period,product,price\n1,NA,1\n1,7,1\n1,007,1\n2,NA,8\n2,7,1\n2,007,1\n10,NA,27\n")
    with pytest.warns(UserWarning, match="2 is followed by 10"):
        table = index_table(path, method="jevons")
    assert table.to_dict("records")[1:] == [
        {"period": 2, "index": pytest.approx(2.0)},
        {"period": 10, "index": pytest.approx(27.0)},
    ]
    assert "not evenly spaced" in table.attrs["notes"][0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("period,product,price\n1,a,\n", "1 missing"),
        ("period,product,price\n1,,2\n", "no product"),
        ("period,product,price\n,a,2\n", "no period"),
        ("period,product,price\n1,a,cheap\n", "must hold numbers; found 'cheap'"),
        ("period,product\n1,a\n", "lacks the column"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        index_table(write(tmp_path, text), method="jevons")


def test_a_missing_or_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.csv"):
        index_table(tmp_path / "nowhere.csv", method="jevons")
    with pytest.raises(SourceError, match=r"quotes\.csv"):
        index_table(write(tmp_path, ""), method="jevons")


def test_every_method_is_explained_in_a_line() -> None:
    table = method_table()
    assert set(table["method"]) == set(METHODS)
    assert table["explanation"].str.len().between(10, 110).all()


def test_a_result_says_what_was_compared(scanner_quotes: pd.DataFrame) -> None:
    fixed = price_index(scanner_quotes, method="fisher")
    on_sale = scanner_quotes.groupby("period")["product"].agg(set)
    common = [len(on_sale.iloc[0] & products) for products in on_sale]
    assert fixed.diagnostics["n_matched"].tolist() == common
    assert fixed.diagnostics["n_products"].tolist() == [len(products) for products in on_sale]
    last = scanner_quotes[scanner_quotes["period"] == "2024-08"]
    value = (last["price"] * last["quantity"]).to_numpy()
    matched = last["product"].isin(on_sale.iloc[0]).to_numpy()
    row = fixed.diagnostics.iloc[-1]
    assert row["base"] == "2024-01"
    assert row["matched_share"] == pytest.approx(value[matched].sum() / value.sum())
    assert row["effective_products"] == pytest.approx(value.sum() ** 2 / (value**2).sum())
    pairs = price_index(scanner_quotes, method="geks-fisher").pairs
    assert pairs is not None
    assert pairs.loc["2024-01"].tolist() == common


def test_summary_and_figure_show_the_series(scanner_quotes: pd.DataFrame) -> None:
    result = price_index(scanner_quotes, method="ccdi", window=5, splice="mean")
    assert "window=5, splice=mean" in result.summary()
    assert len(result.table()) == 8
    line = result.plot().get_lines()[0]
    np.testing.assert_array_equal(line.get_ydata(), result.index)


def test_a_file_too_large_for_memory_is_read_out_of_core_with_the_same_answer(
    scanner_quotes: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sales.parquet"
    scanner_quotes.to_parquet(path)
    whole = command.index_table(path, method="geks-tornqvist")
    monkeypatch.setattr(command, "LARGE", 10)
    assert command.is_large(path) and command.is_large(f"{tmp_path}/*.parquet")
    for large in (path, f"{tmp_path}/*.parquet"):
        pd.testing.assert_frame_equal(command.index_table(large, method="geks-tornqvist"), whole, rtol=1e-10)
    with pytest.raises(InputError, match="weight_period and bad_rows are not possible"):
        command.index_table(path, method="jevons", bad_rows="drop")
