"""Is a user's file read right, whoever made it, and refused where it could mean two things?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.paths import SHARED
from undercut.errors import DataError, InputError, SourceError
from undercut.sources.returns_files import read_returns_file
from undercut.sources.sessions import sessions

STOCKS = SHARED / "data" / "stocks" / "daily_prices.parquet"
DAYS = sessions("2025-01-23", "2025-01-29")
PRICES = pd.DataFrame(
    {"NVDA": [147.2, 142.6, 118.4, 128.9, 123.7], "AMD": [123.8, 122.8, 115.0, 114.2, 117.3]}, index=DAYS
)
EXPECTED = PRICES.pct_change().iloc[1:]


def read(path: Path, **options: str) -> pd.DataFrame:
    """Wide, so that it can be compared."""
    frame = read_returns_file(path, **options).frame
    return frame.set_index(["date", "ticker"])["return"].unstack()[["NVDA", "AMD"]]  # noqa: PD010


def same(found: pd.DataFrame, expected: pd.DataFrame = EXPECTED) -> bool:
    return bool(np.allclose(found, expected, atol=1e-12)) and found.index.tolist() == expected.index.tolist()


def write(folder: Path, text: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def long(prices: pd.DataFrame, value: str, day: str = "date", ticker: str = "ticker") -> pd.DataFrame:
    named = prices.rename_axis(day).reset_index()
    return named.melt(id_vars=day, var_name=ticker, value_name=value)


def test_long_prices_of_any_common_naming(tmp_path: Path) -> None:
    for value, day, ticker in [
        ("adj_close", "date", "ticker"),
        ("Adj Close", "Date", "Symbol"),
        ("PX_LAST", "DATES", "Security"),
        ("prc", "datadate", "tic"),
    ]:
        path = tmp_path / "long.csv"
        long(PRICES, value, day, ticker).to_csv(path, index=False)
        assert same(read(path)), value


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    long(PRICES, "adj_close").to_parquet(tmp_path / "long.parquet")
    assert same(read(tmp_path / "long.parquet"))
    PRICES.rename_axis("date").to_parquet(tmp_path / "wide.parquet")
    assert same(read(tmp_path / "wide.parquet"))


def test_wide_prices_and_wide_returns_are_told_apart_by_their_signs(tmp_path: Path) -> None:
    PRICES.to_csv(tmp_path / "prices.csv")
    assert same(read(tmp_path / "prices.csv"))
    EXPECTED.to_csv(tmp_path / "returns.csv", index_label="Date")
    assert same(read(tmp_path / "returns.csv"))


def test_tickers_that_are_words_are_tickers(tmp_path: Path) -> None:
    PRICES.assign(LOW=250.0, OPEN=1.6, DAY=70.0, NA=5.0).to_csv(tmp_path / "wide.csv", index_label="Date")
    frame = read_returns_file(tmp_path / "wide.csv").frame
    assert set(frame["ticker"]) == {"NVDA", "AMD", "LOW", "OPEN", "DAY", "NA"}


def test_growth_factors_are_not_taken_for_prices(tmp_path: Path) -> None:
    (1 + EXPECTED).to_csv(tmp_path / "gross.csv", index_label="date")
    with pytest.raises(DataError, match="neither prices nor returns"):
        read(tmp_path / "gross.csv")


def test_crsp_returns_with_letters_for_missing_and_both_identifiers(tmp_path: Path) -> None:
    text = (
        "PERMNO,date,TICKER,PRC,RET\n86580,20250124,NVDA,142.6,-0.0312\n86580,20250127,NVDA,-118.4,-0.1697\n"
        "61241,20250124,AMD,122.8,C\n61241,20250127,AMD,115.0,-0.0637\n"
    )
    frame = read_returns_file(write(tmp_path, text)).frame
    assert frame["ticker"].tolist() == ["NVDA", "NVDA", "AMD"]
    assert frame["return"].tolist() == [-0.0312, -0.1697, -0.0637]


def test_a_negative_crsp_price_is_the_middle_of_bid_and_ask(tmp_path: Path) -> None:
    crsp = long(PRICES, "PRC", "date", "TICKER")
    crsp.loc[2, "PRC"] *= -1
    crsp.to_csv(tmp_path / "crsp.csv", index=False)
    assert same(read(tmp_path / "crsp.csv"))


def test_bloomberg_names_and_two_rows_of_header(tmp_path: Path) -> None:
    rows = "".join(f"{day:%m/%d/%Y},{p.NVDA},{p.AMD}\n" for day, p in PRICES.iterrows())
    header = ",NVDA US Equity,AMD US Equity\nDates,PX_LAST,PX_LAST\n"
    assert same(read(write(tmp_path, header + rows)))
    assert same(read(write(tmp_path, "Dates,NVDA US Equity,AMD UW Equity\n" + rows)))


def test_what_yfinance_download_writes(tmp_path: Path) -> None:
    columns = pd.MultiIndex.from_product([["Close", "Volume"], ["NVDA", "AMD"]], names=["Price", "Ticker"])
    table = pd.concat([PRICES, PRICES * 1e6], axis=1).set_axis(columns, axis=1).rename_axis("Date")
    table.to_csv(tmp_path / "download.csv")
    assert same(read(tmp_path / "download.csv"))


def test_one_ticker_to_a_file_named_after_it(tmp_path: Path) -> None:
    table = PRICES[["NVDA"]].rename(columns={"NVDA": "Adj Close"}).assign(Open=1.0, Volume=5, Close=99.0)
    table.to_csv(tmp_path / "nvda.csv", index_label="Date")
    read_ = read_returns_file(tmp_path / "nvda.csv")
    assert set(read_.frame["ticker"]) == {"NVDA"}
    assert np.allclose(read_.frame["return"], EXPECTED["NVDA"])
    assert "'Adj Close'" in read_.note and "not known to be adjusted" not in read_.note


def test_prices_nobody_adjusted_are_said_to_be_so(tmp_path: Path) -> None:
    long(PRICES, "close").to_csv(tmp_path / "x.csv", index=False)
    assert "not known to be adjusted" in read_returns_file(tmp_path / "x.csv").note


@pytest.mark.parametrize(
    "days",
    [
        DAYS.strftime("%Y%m%d"),
        DAYS.strftime("%d%b%Y").str.upper(),
        DAYS.strftime("%m/%d/%Y"),
        DAYS.strftime("%d/%m/%Y"),
        DAYS.strftime("%Y-%m-%d 00:00:00-05:00"),
        DAYS.strftime("%Y/%m/%d"),
    ],
    ids=["compact", "sas", "us", "european", "moments", "slashes"],
)
def test_days_as_people_write_them(tmp_path: Path, days: pd.Index) -> None:
    PRICES.set_axis(days).to_csv(tmp_path / "x.csv", index_label="date")
    assert same(read(tmp_path / "x.csv"))


def test_a_price_after_missing_sessions_gives_no_daily_return(tmp_path: Path) -> None:
    long(PRICES.drop(DAYS[2]), "adj_close").to_csv(tmp_path / "gap.csv", index=False)
    gap = read_returns_file(tmp_path / "gap.csv")
    assert pd.Timestamp("2025-01-28") not in set(gap.frame["date"])
    assert "2 returns over more than one session left out" in gap.note


def test_the_file_s_own_source_is_kept_with_each_row(tmp_path: Path) -> None:
    table = long(PRICES, "adj_close").assign(source="vendor A")
    table.to_csv(tmp_path / "x.csv", index=False)
    assert set(read_returns_file(tmp_path / "x.csv").frame["source"]) == {"x.csv: vendor A"}


def test_units_are_taken_from_names_or_from_the_user_never_guessed(tmp_path: Path) -> None:
    long(EXPECTED * 1e4, "return_bp").to_csv(tmp_path / "named.csv", index=False)
    assert same(read(tmp_path / "named.csv"))
    (EXPECTED * 100).to_csv(tmp_path / "percent.csv", index_label="date")
    with pytest.raises(DataError, match="look like returns in percent"):
        read(tmp_path / "percent.csv")
    assert same(read(tmp_path / "percent.csv", values="returns_percent"))
    long(EXPECTED * 100, "ret").to_csv(tmp_path / "ret.csv", index=False)
    with pytest.raises(DataError, match="Percent or basis points"):
        read(tmp_path / "ret.csv")
    assert same(read(tmp_path / "ret.csv", values="returns_percent"))


REFUSED = {
    "ticker,close\nNVDA,1\n": "no column of days; found 'ticker', 'close'",
    "date,ticker,colour\n2025-01-27,NVDA,3\n": "neither prices nor returns; found 'date', 'ticker'",
    "date,caldt,ticker,ret\n2025-01-27,20250127,NVDA,0.1\n": "several columns that may be 'date'",
    "date,close,NVDA,AMD\n2025-01-27,1,2,3\n": "two ways",
    "date,ticker,close\n01/02/2025,NVDA,1\n02/03/2025,NVDA,2\n": "month first or day first",
    "date,ticker,close\nyesterday,NVDA,1\n": "'yesterday' is not a day",
    "date,ticker,close\n2025-01-27,NVDA,118 dollars\n": "column 'close': '118 dollars' is not a number",
    "date,ticker,close\n2025-13-27,NVDA,118\n": "line 2, column 'date': '2025-13-27' is no day",
    "date,NVDA,AMD\n2025-01-27,0.01,0.02\n": "neither prices nor returns",
    ",NVDA,AMD\nx,colour,size\n2025-01-27,1,2\n": "2 rows of header",
    "": "empty",
}


@pytest.mark.parametrize(("text", "told"), REFUSED.items(), ids=[told[:20] for told in REFUSED.values()])
def test_what_could_mean_two_things_is_refused_in_words(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_returns_file(write(tmp_path, text))


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_returns_file(write(tmp_path, "PAR1 and nothing more", "x.parquet"))
    with pytest.raises(DataError, match="a header and no rows"):
        read_returns_file(write(tmp_path, "x", "x.xlsx"))
    with pytest.raises(InputError, match=r"values must be one of .*got 'daily'"):
        read_returns_file(write(tmp_path, "x"), values="daily")  # type: ignore[arg-type]


@pytest.mark.skipif(not STOCKS.exists(), reason="the prices of 709 tickers are not on this machine")
def test_real_prices_of_709_tickers_agree_with_the_sample() -> None:
    from undercut.sources.returns import load_returns

    sample = load_returns(None, source="sample")
    names = sample["ticker"].unique().tolist()
    own = load_returns(names, "2024-06-03", "2026-07-31", source=STOCKS)
    both = sample.merge(own, on=["date", "ticker"], how="left", suffixes=("", "_own"))
    assert both["return_own"].notna().all()
    assert (both["return"] - both["return_own"]).abs().max() < 1e-4
