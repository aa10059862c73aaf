"""Downloads as their makers write them: read as they come, or refused for the true reason."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from undercut.errors import CellError, DataError, UnitError
from undercut.sources.returns_files import read_returns_file

#: Four sessions of 2025 and the price of one share on each.
DAYS = ("2025-01-23", "2025-01-24", "2025-01-27", "2025-01-28")
PRICES = (147.0, 142.5, 118.5, 129.0)
RETURNS = [b / a - 1 for a, b in pairwise(PRICES)]

ALPHA_VANTAGE = (
    "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
    "{iso},1,1,1,999,{price},100,0.0,1.0",
)
TIINGO = (
    "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor",
    "{iso}T00:00:00.000Z,999,1,1,1,100,{price},1,1,1,100,0.0,1.0",
)
INVESTING = (
    '"Date","Price","Open","High","Low","Vol.","Change %"',
    '"{us}","{price}","1","1","1","1.2M","0.5%"',
)
NASDAQ = ("Date,Close/Last,Volume,Open,High,Low", "{us},${price},100,$1,$1,$1")
STOOQ = ("Date,Open,High,Low,Close,Volume", "{iso},1,1,1,{price},100")
STOOQ_BULK = (
    "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
    "NVDA.US,D,{compact},000000,1,1,1,{price},100,0",
)
YFINANCE = ("Price,Close,High\nTicker,NVDA,NVDA\nDate,,", "{iso},{price},1")
COMPUSTAT = ("gvkey,datadate,tic,prccd", "117768,{compact},NVDA,{price}")
WRDS = ("PERMNO,DlyCalDt,Ticker,DlyPrc", "86580,{iso},NVDA,{price}")
EUROPEAN = ("Date;Price", "{iso};{comma}")
SHAPES = {
    "alpha_vantage": ALPHA_VANTAGE, "tiingo": TIINGO, "investing": INVESTING, "nasdaq": NASDAQ,
    "stooq": STOOQ, "stooq_bulk": STOOQ_BULK, "yfinance": YFINANCE, "compustat": COMPUSTAT, "wrds": WRDS,
    "european": EUROPEAN,
}  # fmt: skip


def text_of(shape: tuple[str, str], *, newest_first: bool = False) -> str:
    """A download of the four sessions."""
    header, row = shape
    lines = [
        row.format(
            iso=day, us=f"{day[5:7]}/{day[8:]}/{day[:4]}", compact=day.replace("-", ""), price=price,
            comma=str(price).replace(".", ","),
        )
        for day, price in zip(DAYS, PRICES, strict=True)
    ]  # fmt: skip
    return "\n".join([header, *(reversed(lines) if newest_first else lines)]) + "\n"


@pytest.mark.parametrize("name", SHAPES)
def test_a_download_gives_the_returns_of_its_adjusted_closes(name: str, tmp_path: Path) -> None:
    for newest_first in (False, True):
        path = tmp_path / "nvda.csv"
        path.write_text(text_of(SHAPES[name], newest_first=newest_first))
        frame = read_returns_file(path).frame
        np.testing.assert_allclose(frame["return"], RETURNS, rtol=1e-12)
        assert frame["date"].dt.strftime("%Y-%m-%d").tolist() == list(DAYS[1:])
        assert set(frame["ticker"]) == {"NVDA"}


def test_compressed_files_and_excel_are_read_like_csv(tmp_path: Path) -> None:
    (tmp_path / "NVDA.csv.gz").write_bytes(gzip.compress(text_of(ALPHA_VANTAGE).encode()))
    (tmp_path / "NVDA Historical Data.csv").write_text(text_of(INVESTING))
    sheet = pd.DataFrame({"Date": pd.to_datetime(list(DAYS)), "Adj Close": PRICES})
    names = ["NVDA.csv.gz", "NVDA Historical Data.csv"]
    try:
        sheet.to_excel(tmp_path / "nvda.xlsx", index=False)
        names.append("nvda.xlsx")
    except ImportError:  # Excel needs a package that not everybody has
        pass
    for name in names:
        frame = read_returns_file(tmp_path / name).frame
        np.testing.assert_allclose(frame["return"], RETURNS, rtol=1e-12)
        assert set(frame["ticker"]) == {"NVDA"}, name


def test_crsp_letters_are_no_return_and_numbers_are_names(tmp_path: Path) -> None:
    path = tmp_path / "crsp.csv"
    path.write_text("PERMNO,date,TICKER,RET\n86580,20250124,NVDA,C\n86580,20250127,NVDA,-0.0312\n")
    found = read_returns_file(path)
    assert found.frame["return"].tolist() == [-0.0312] and found.aliases == {"86580": "NVDA"}
    path.write_text("PERMNO,date,RET\n86580,20250127,-0.0312\n")
    assert read_returns_file(path).frame["ticker"].tolist() == ["86580"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("01/27/2025,0.01\n02-29-2024,0.02\n", "line 3, column 'date': '02-29-2024' is not a day written"),
        ("01/27/2025,0.01\nTotal,0.02\n", "line 3, column 'date': 'Total' is not a day"),
        ("2025-01-27,0.01\n2025-01-28,many\n", "line 3, column 'ret': 'many' is not a number"),
        ("2025-01-27,B\n2025-01-29,1e999\n", "line 3, column 'ret': '1e999' is infinite"),
        ("2025-01-27,0.01\n2025-01-28\n", "line 3: 1 fields where the header has 2"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_named(rows: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("date,ret\n" + rows)
    with pytest.raises(CellError, match=rf"x\.csv, {told}"):
        read_returns_file(tmp_path / "x.csv")


def test_units_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine_bp.csv").write_text("date,ticker,ret_pct\n2025-01-27,NVDA,-3.12\n")
    with pytest.raises(UnitError, match="different units"):
        read_returns_file(tmp_path / "mine_bp.csv")
    (tmp_path / "mine.csv").write_text("date,ticker,return\n2025-01-27,NVDA,-3.12%\n")
    assert read_returns_file(tmp_path / "mine.csv").frame["return"].tolist() == pytest.approx([-0.0312])


def test_a_field_that_nobody_knows_is_not_called_a_ticker(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("date,close,sentiment\n2025-01-27,118.5,0.3\n")
    with pytest.raises(DataError, match="'sentiment' may be tickers or fields unknown to us"):
        read_returns_file(tmp_path / "x.csv")
