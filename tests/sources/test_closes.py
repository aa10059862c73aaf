"""Closing prices come from the user's table as they stand, or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from undercut.errors import DataError, SourceError
from undercut.provenance import provenance_of
from undercut.sources.closes import load_closes


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
