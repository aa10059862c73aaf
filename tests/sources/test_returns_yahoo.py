"""The real yfinance against a server that speaks Yahoo's protocol and misbehaves in every way we have met."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import stamina
import yfinance
from yfinance.data import YfData

from tests.loopback import Reply, Request, Server, serve
from tests.yahoo import LoopbackSession, asked_for, chart, yahoo
from undercut.errors import SourceError
from undercut.sources.returns_shape import Window
from undercut.sources.returns_yahoo import YahooReturns, yahoo_returns
from undercut.sources.sessions import sessions

DAYS = sessions("2024-12-02", "2025-03-31")
_STEPS = np.random.default_rng(7).normal(0, 0.02, (len(DAYS), 2))
PRICES = {
    "NVDA": pd.Series(140 * np.cumprod(1 + _STEPS[:, 0]), index=DAYS),
    "AMD": pd.Series(120 * np.cumprod(1 + _STEPS[:, 1]), index=DAYS),
}
WINDOW = Window.of("2025-01-06", "2025-02-28")


@pytest.fixture(autouse=True)
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    stamina.set_testing(True, attempts=2)
    yfinance.set_tz_cache_location(str(tmp_path_factory.getbasetemp() / "yfinance"))
    yield
    stamina.set_testing(False)
    # yfinance keeps one session for the process: none of ours may outlive its server.
    type(YfData)._instances.pop(YfData, None)


def ask(
    server: Server, cache: Path, *names: str, window: Window = WINDOW, timeout: float = 5
) -> YahooReturns:
    return yahoo_returns(
        names or ("NVDA",), window, cache=cache, session=LoopbackSession(server.url), timeout=timeout
    )


def of(answer: YahooReturns, ticker: str) -> pd.Series:
    rows = answer.frame[answer.frame["ticker"] == ticker]
    return rows.set_index("date")["return"]


def right(answer: YahooReturns, ticker: str, window: Window = WINDOW) -> bool:
    expected = PRICES[ticker].pct_change().loc[window.start : window.end]
    found = of(answer, ticker)
    return found.index.tolist() == expected.index.tolist() and np.allclose(found, expected, atol=1e-12)


def test_returns_are_those_of_the_adjusted_prices(tmp_path: Path) -> None:
    with serve(yahoo(PRICES)) as server:
        answer = ask(server, tmp_path, "NVDA", "AMD")
    assert right(answer, "NVDA") and right(answer, "AMD")
    assert answer.failures == {} and answer.requests == 2


def test_only_missing_days_are_asked_and_the_session_before_them(tmp_path: Path) -> None:
    longer = Window.of("2024-12-20", "2025-03-10")
    with serve(yahoo(PRICES)) as server:
        ask(server, tmp_path)
        assert ask(server, tmp_path).requests == 0
        answer = ask(server, tmp_path, window=longer)
        asked = asked_for(server.requests, "NVDA")
    assert asked == [
        ("2025-01-03", "2025-03-01"),
        ("2024-12-19", "2025-01-04"),
        ("2025-02-28", "2025-03-11"),
    ]
    assert right(answer, "NVDA", longer)


def test_prices_readjusted_between_two_requests_leave_no_false_return(tmp_path: Path) -> None:
    readjusted = {"NVDA": PRICES["NVDA"] / 10}  # a split 10 for 1, after the first request
    with serve(yahoo(PRICES)) as server:
        ask(server, tmp_path)
    longer = Window.of("2025-01-06", "2025-03-10")
    with serve(yahoo(readjusted)) as server:
        answer = ask(server, tmp_path, window=longer)
    assert right(answer, "NVDA", longer)


FAULTS = {
    "429": (Reply(b"Too Many Requests", 429), "limits the rate of requests"),
    "500": (Reply(b"Internal Server Error", 500), "not the price chart"),
    "html": (Reply(b"<!doctype html><p>Sign in to continue"), "not the price chart"),
    "down": (Reply(b"Will be right back"), "not the price chart"),
    "empty": (Reply(b""), "not the price chart"),
    "truncated": (Reply(chart("NVDA", PRICES["NVDA"])[:600], claimed_length=9000), "could not be reached"),
    "other-json": (Reply(b"[1, 2, 3]"), "no price data found"),
    "no-result": (Reply(b'{"chart": {"result": null, "error": null}}'), "no price data found"),
    "no-rows": (Reply(chart("NVDA", PRICES["NVDA"].head(0))), "without a single price"),
    "no-prices": (Reply(chart("NVDA", PRICES["NVDA"].head(9) * np.nan)), "without a single price"),
}


@pytest.mark.parametrize(("fault", "told"), FAULTS.values(), ids=FAULTS)
def test_a_lasting_fault_is_told_for_its_ticker_and_nothing_is_kept(
    fault: Reply, told: str, tmp_path: Path
) -> None:
    with serve(yahoo(PRICES, before=lambda *_: fault)) as server:
        answer = ask(server, tmp_path)
        assert answer.frame.empty
        assert told in answer.failures["NVDA"]
    with serve(yahoo(PRICES)) as server:
        assert right(ask(server, tmp_path), "NVDA")


@pytest.mark.parametrize("kind", ["429", "500", "html", "empty", "truncated"])
def test_a_passing_fault_is_asked_again(kind: str, tmp_path: Path) -> None:
    # yfinance itself repeats a refused request once, with other cookies.
    faults = [FAULTS[kind][0]] * (2 if kind in ("429", "500") else 1)
    with serve(yahoo(PRICES, before=lambda *_: faults.pop() if faults else None)) as server:
        assert right(ask(server, tmp_path), "NVDA")


def test_a_slow_answer_is_not_waited_for(tmp_path: Path) -> None:
    def slow(*_: object) -> None:
        time.sleep(0.6)

    with serve(yahoo(PRICES, before=slow)) as server:
        answer = ask(server, tmp_path, timeout=0.2)
    assert "could not be reached" in answer.failures["NVDA"]


def test_after_a_refusal_nothing_more_is_asked_and_the_next_call_continues(tmp_path: Path) -> None:
    def limited(ticker: str, _: Request) -> Reply | None:
        return FAULTS["429"][0] if ticker == "AMD" else None

    with serve(yahoo(PRICES | {"TSM": PRICES["AMD"]}, before=limited)) as server:
        answer = ask(server, tmp_path, "NVDA", "AMD", "TSM")
        assert right(answer, "NVDA")
        assert "not asked" in answer.failures["TSM"] and asked_for(server.requests, "TSM") == []
    with serve(yahoo(PRICES | {"TSM": PRICES["AMD"]})) as server:
        answer = ask(server, tmp_path, "NVDA", "AMD", "TSM")
        assert asked_for(server.requests, "NVDA") == []
    assert right(answer, "AMD") and answer.failures == {}


def test_an_unknown_ticker_does_not_stop_the_others(tmp_path: Path) -> None:
    with serve(yahoo(PRICES)) as server:
        answer = ask(server, tmp_path, "NOPE", "NVDA")
    assert right(answer, "NVDA") and set(answer.failures) == {"NOPE"}


def test_a_young_stock_is_not_asked_for_its_absent_days_every_time(tmp_path: Path) -> None:
    listed = {"NVDA": PRICES["NVDA"].loc["2025-02-03":]}
    with serve(yahoo(listed)) as server:
        first = ask(server, tmp_path)
        second = ask(server, tmp_path)
    assert of(first, "NVDA").index[0] == pd.Timestamp("2025-02-04")
    assert second.requests == 0 and second.frame.equals(first.frame)


def test_days_that_an_answer_stops_short_of_are_asked_again(tmp_path: Path) -> None:
    half = {"NVDA": PRICES["NVDA"].loc[:"2025-01-31"]}
    with serve(yahoo(half)) as server:
        assert of(ask(server, tmp_path), "NVDA").index[-1] == pd.Timestamp("2025-01-31")
    with serve(yahoo(PRICES)) as server:
        assert right(ask(server, tmp_path), "NVDA")
        assert asked_for(server.requests, "NVDA") == [("2025-01-31", "2025-03-01")]


def test_a_missing_session_leaves_no_return_over_two_days(tmp_path: Path) -> None:
    gap = {"NVDA": PRICES["NVDA"].drop(pd.Timestamp("2025-01-27"))}
    with serve(yahoo(gap)) as server:
        found = of(ask(server, tmp_path), "NVDA")
    assert pd.Timestamp("2025-01-27") not in found.index
    assert pd.Timestamp("2025-01-28") not in found.index


def test_a_damaged_file_of_the_cache_is_asked_anew(tmp_path: Path) -> None:
    with serve(yahoo(PRICES)) as server:
        ask(server, tmp_path)
        (tmp_path / "NVDA.parquet").write_bytes(b"PAR1 broken")
        assert right(ask(server, tmp_path), "NVDA")


def test_nobody_listening_says_so(tmp_path: Path) -> None:
    answer = ask(Server("http://127.0.0.1:9", []), tmp_path, "NVDA", "AMD")
    assert "could not be reached" in answer.failures["NVDA"]
    assert "not asked" in answer.failures["AMD"]


def test_days_to_come_are_not_asked(tmp_path: Path) -> None:
    tomorrow = pd.Timestamp.now() + pd.Timedelta(days=1)
    with serve(yahoo(PRICES)) as server:
        answer = ask(server, tmp_path, window=Window.of(tomorrow, tomorrow + pd.Timedelta(days=9)))
        assert server.requests == []
    assert "no prices" in answer.failures["NVDA"]


def test_a_window_needs_a_start(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="needs a start"):
        yahoo_returns(["NVDA"], Window.of(None, "2025-01-31"), cache=tmp_path)
