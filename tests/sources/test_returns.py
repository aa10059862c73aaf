"""Does each ticker come from the source it should, and is its absence an error that names it?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import stamina
import yfinance
from yfinance.data import YfData

from tests.loopback import Reply, serve
from tests.yahoo import LoopbackSession, yahoo
from undercut.errors import InputError, SourceError, UnknownNameError
from undercut.provenance import provenance_of
from undercut.sources.returns import load_returns
from undercut.sources.sessions import sessions

DAYS = sessions("2024-12-30", "2025-02-28")
YAHOO = {"AMD": pd.Series(np.linspace(100, 140, len(DAYS)), index=DAYS)}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    stamina.set_testing(True, attempts=1)
    yfinance.set_tz_cache_location(str(tmp_path_factory.getbasetemp() / "yfinance"))
    yield
    stamina.set_testing(False)
    type(YfData)._instances.pop(YfData, None)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder of the user's with one ticker of his own."""
    folder = tmp_path / "local"
    folder.mkdir()
    own = pd.DataFrame({"date": DAYS[1:], "ticker": "NVDA", "return": np.linspace(-0.1, 0.1, len(DAYS) - 1)})
    own.to_csv(folder / "own.csv", index=False)
    (folder / "factors.csv").write_text("date,mkt_rf\n")
    return folder


def load(mine: Path, tickers: Any, url: str = NOBODY, **options: Any) -> pd.DataFrame:
    folders = {"local": mine, "cache": mine / "cache", "session": LoopbackSession(url)}
    return load_returns(tickers, "2025-01-02", "2025-02-28", **(folders | options))


def test_the_sample_is_a_sample_and_says_so() -> None:
    returns = load_returns(None, source="sample")
    assert returns["ticker"].nunique() == 22 and returns["date"].nunique() == 542
    (entry,) = provenance_of(returns)
    assert entry["note"].startswith("A SAMPLE") and "ample" in entry["source"]


def test_the_known_day_is_in_it_in_decimals() -> None:
    shock = load_returns(["NVDA", "AAPL"], "2025-01-27", "2025-01-27", source="sample")
    assert shock.set_index("ticker")["return"].to_dict() == {"AAPL": 0.0318, "NVDA": -0.1697}


def test_a_missing_first_return_is_not_a_row() -> None:
    first = load_returns(["SPY", "NVDA"], "2024-06-03", "2024-06-04", source="sample")
    assert first.groupby("ticker").size().to_dict() == {"NVDA": 1, "SPY": 2}


def test_auto_takes_the_user_s_file_before_yahoo_and_says_which(mine: Path) -> None:
    with serve(yahoo(YAHOO)) as server:
        returns = load(mine, ["AMD", "NVDA"], server.url)
        assert not any("NVDA" in request.path for request in server.requests)
    assert returns.groupby("ticker")["source"].first().to_dict() == {"AMD": "yahoo", "NVDA": "own.csv"}
    notes = {entry["source"]: entry["note"] for entry in provenance_of(returns)}
    assert "Used for NVDA" in notes["user's file own.csv"]
    assert "Used for AMD" in notes["Yahoo Finance by way of yfinance"]


def test_yahoo_failing_is_an_error_that_names_the_tickers(mine: Path) -> None:
    with pytest.raises(SourceError) as failure:
        load(mine, ["NVDA", "AMD", "TSM"])
    told = str(failure.value)
    assert "AMD" in told and "TSM" in told and "NVDA" not in told
    assert "could not be reached" in told and "allow_fallback=True" in told


def test_an_empty_answer_is_an_error_and_no_empty_frame(mine: Path) -> None:
    empty = Reply(b'{"chart": {"result": null, "error": null}}')
    with serve(yahoo(YAHOO, before=lambda *_: empty)) as server, pytest.raises(SourceError, match="AMD"):
        load(mine, "AMD", server.url, source="yahoo")


def test_falling_back_is_allowed_by_the_user_and_told(mine: Path) -> None:
    returns = load(mine, ["NVDA", "AMD"], allow_fallback=True)
    assert returns.groupby("ticker")["source"].first().to_dict() == {"AMD": "sample", "NVDA": "own.csv"}
    assert any(entry["note"].startswith("A SAMPLE") for entry in provenance_of(returns))


def test_the_sample_cannot_stand_in_for_what_it_does_not_have(mine: Path) -> None:
    with pytest.raises(SourceError, match=r"INTC.*sample: not among its 22 tickers"):
        load(mine, ["AMD", "INTC"], allow_fallback=True)


def test_a_path_is_that_file_and_nothing_else(mine: Path) -> None:
    returns = load(mine, "nvda", source=mine / "own.csv")
    assert set(returns["ticker"]) == {"NVDA"}
    with pytest.raises(SourceError, match=r"AMD .file: it does not have it"):
        load(mine, ["NVDA", "AMD"], source=str(mine / "own.csv"))
    with pytest.raises(SourceError, match="it has none in these days"):
        load_returns("NVDA", "2020-01-02", "2020-02-28", source=mine / "own.csv")


def test_two_files_with_the_same_ticker_are_ambiguous(mine: Path) -> None:
    (mine / "again.csv").write_bytes((mine / "own.csv").read_bytes())
    with pytest.raises(InputError, match=r"NVDA in both again\.csv and own\.csv"):
        load(mine, "NVDA", source="local")


def test_a_file_that_cannot_be_read_is_told_when_something_is_missing(mine: Path) -> None:
    (mine / "odd.csv").write_text("colour,size\nred,3\n")
    assert len(load(mine, "NVDA", source="local"))
    with pytest.raises(SourceError, match=r"odd\.csv was not used: odd\.csv has no column of days"):
        load(mine, "AMD", source="local")


def test_the_window_asked_for_travels_with_the_frame(mine: Path) -> None:
    returns = load(mine, "NVDA", source="local")
    assert returns.attrs["asked"]["start"] == "2025-01-02"
    assert returns["date"].is_monotonic_increasing and returns["date"].max() == pd.Timestamp("2025-02-28")


@pytest.mark.parametrize(
    ("tickers", "options", "told"),
    [
        ([], {}, "expected a ticker"),
        ([7], {}, "expected a ticker"),
        (None, {"source": "yahoo"}, "Yahoo needs names"),
        ("NVDA", {"source": "local", "values": "daily"}, "values must be one of .*got 'daily'"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(mine: Path, tickers: Any, options: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        load(mine, tickers, **options)


def test_an_unknown_source_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="yahoo"):
        load_returns("NVDA", "2025-01-02", source="yahooo")
    with pytest.raises(InputError, match="is after end"):
        load_returns("NVDA", "2025-01-03", "2025-01-02", source="sample")
    with pytest.raises(InputError, match="is not a day"):
        load_returns("NVDA", "soon", source="sample")
    with pytest.raises(SourceError, match="does not exist"):
        load_returns("NVDA", "2025-01-02", source="nowhere.csv")
