"""Closing prices come from the user's table as they stand, or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from undercut.errors import CellError, DataError, InputError, SourceError
from undercut.provenance import provenance_of
from undercut.sources.closes import closing_prices, load_closes, market_values
from undercut.sources.reference import load_reference


def table(path: Path, **columns: object) -> Path:
    rows = {"date": ["2025-01-24", "2025-01-27"], "ticker": ["NVDA", "NVDA"], "close": [142.5, None]}
    pd.DataFrame(rows | columns).to_csv(path, index=False)
    return path


def test_closes_are_read_with_their_provenance(tmp_path: Path) -> None:
    found = load_closes(table(tmp_path / "prices.csv"))
    assert found["close"].tolist() == [142.5] and found["date"].dt.year.tolist() == [2025]
    assert provenance_of(found)[0]["source"] == "user's file prices.csv"


def test_a_table_without_closes_or_with_impossible_ones_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"date": ["2025-01-24"], "ticker": ["A"]}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError, match="no column 'close'"):
        load_closes(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"line 3, column 'close': '-1.0' is not a positive price"):
        load_closes(table(tmp_path / "b.csv", close=[142.5, -1.0]))
    with pytest.raises(SourceError, match=r"absent\.csv"):
        load_closes(tmp_path / "absent.csv")


def test_before_any_account_no_company_has_a_value() -> None:
    closes = pd.DataFrame({"ticker": ["NVDA"], "date": pd.to_datetime(["2021-06-01"]), "close": [650.0]})
    accounts = load_reference("fundamentals")
    assert market_values(closes, accounts, "2021-06-02").empty
    later = closes.assign(date=pd.Timestamp("2025-01-24"), close=142.62)
    (row,) = market_values(later, accounts, "2025-01-27").itertuples()
    assert row.value == pytest.approx(142.62 * 24.49, rel=0.01)  # 24.49 billion shares in its accounts


def test_a_bad_cell_among_closes_is_an_error_or_a_warning_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "local" / "prices.csv"
    path.parent.mkdir()
    path.write_text("date,ticker,adj_close,close\n2025-01-24,NVDA,142,142.62\n2025-01-27,NVDA,118,many\n")
    with pytest.raises(CellError, match=r"prices.csv, line 3, column 'close': 'many' is not a number"):
        closing_prices(path)
    monkeypatch.setattr("undercut.sources.closes.data_dir", lambda: tmp_path)
    with pytest.warns(UserWarning, match=r"not used: .* line 3, column 'close'"):
        assert closing_prices("local").empty


def test_closes_of_one_ticker_in_two_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "local").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "local" / name).write_text("date,ticker,close\n2025-01-24,NVDA,142.62\n")
    monkeypatch.setattr("undercut.sources.closes.data_dir", lambda: tmp_path)
    with pytest.raises(InputError, match=r"NVDA in both a.csv and b.csv"):
        closing_prices("local")
