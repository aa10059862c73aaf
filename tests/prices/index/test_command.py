"""From a file to one row a period, as the command line prints it; and what a result says about itself."""

from __future__ import annotations

import gzip
import io
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
        ("period,product,price\n1,a,\n", "line 2, column 'price': '' is no positive price.*--bad-rows"),
        ("period,product,price\n1,a,2\n1,b,-3\n", "line 3, column 'price': '-3' is no positive price"),
        ("period,product,price\n1,,2\n", "line 2, column 'product': '' is blank"),
        ("period,product,price\n,a,2\n", "line 2, column 'period': '' is blank"),
        ("period,product,price\n1,a,cheap\n", "line 2, column 'price': 'cheap' is not a number"),
        ("period,product\n1,a\n", "has no column 'price'"),
        ("period,product,price\n2024-02,a,1,234,5\n", "line 2: 5 fields where the header has 3"),
        ("period,product,price,Price\n1,a,2,3\n", "differ only by case"),
        ("period,product,price\n2024-01,a,2\n2024-02,a,3\nTotal,a,5\n", "line 4.*'Total' is not a period"),
        ("period,product,price\n1,a,2\n2,a,3\nTotal,a,5\n", "line 4.*'Total' is not a period"),
        ("period,product,price\n1/31/2024,a,2\n2024-02-28,a,3\n", "line 3.*is not a day written as"),
        ("period,product,price\n1,a,2\n1,a,2\n2,a,3\n", "the first 'a' in '1'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        index_table(write(tmp_path, text), method="jevons")


@pytest.mark.parametrize(
    "text",
    [
        "PERIOD;Item;Price\n202401;a;1,5\n202402;a;3\n",
        "price,item,date\n1.5,a,1/31/2024\n3,a,2/29/2024\n",
        "price\tproduct\tMonth\n$1.50\ta\t2024-01\n$3.00\ta\t2024-02\n",
        "quarter,product,price,quantity\n2024Q1,a,1.5,not looked at\n2024Q2,a,3,\n",
    ],
)
def test_quotes_read_the_same_however_they_are_written(tmp_path: Path, text: str) -> None:
    assert index_table(write(tmp_path, text), method="jevons")["index"].tolist() == pytest.approx([1, 2])


def test_quotes_read_from_excel_and_from_an_archive(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    text = "period,product,price\n2024-01-31,a,1.5\n2024-02-29,a,3\n"
    (tmp_path / "quotes.csv.gz").write_bytes(gzip.compress(text.encode()))
    frame = pd.read_csv(io.StringIO(text), parse_dates=["period"])
    frame.to_excel(tmp_path / "quotes.xlsx", index=False)
    packed = index_table(tmp_path / "quotes.csv.gz", method="jevons")
    pd.testing.assert_frame_equal(index_table(tmp_path / "quotes.xlsx", method="jevons"), packed)


def test_names_that_differ_by_case_are_said(tmp_path: Path) -> None:
    path = write(tmp_path, "period,product,price\n1,a,1\n1,A,1\n2,a,2\n2,A,2\n")
    assert "A and a differ only by case" in index_table(path, method="jevons").attrs["notes"][0]


def test_a_missing_or_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.csv"):
        index_table(tmp_path / "nowhere.csv", method="jevons")
    with pytest.raises(DataError, match=r"quotes\.csv is empty"):
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
