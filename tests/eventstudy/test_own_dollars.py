"""Dollar effects of a reader's own prices: command, library and reports, against numbers by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from undercut.eventstudy.command import eventstudy_command
from undercut.eventstudy.effects import known_dollar_effects
from undercut.eventstudy.model import event_study
from undercut.sources.closes import closing_prices
from undercut.sources.returns import load_returns
from undercut.studies import stocks
from undercut.studies.presentation import Number, Sentence

DAY = pd.Timestamp("2025-01-27")
#: Close of 24 January 2025 and millions of shares of 26 January 2025, as published.
CLOSE, SHARES = 142.62, 24_477.0


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    """The sample as prices, NVIDIA's at its close on the eve; a company whose shares nobody knows."""
    wide = load_returns(source="sample").pivot_table(index="date", columns="ticker", values="return")
    wide = (
        wide[["NVDA", "AAPL", "RSP"]]
        .dropna()
        .assign(NOBODY=lambda rows: rows["RSP"] + 0.01 * np.sin(range(len(rows))))
    )
    path = 100 * (1 + wide).cumprod()
    return path * (
        pd.Series({"NVDA": CLOSE, "AAPL": 222.78, "RSP": 180.0, "NOBODY": 9.0}) / path.loc["2025-01-24"]
    )


@pytest.fixture(scope="module")
def by_hand(prices: pd.DataFrame) -> float:
    """Abnormal return of NVIDIA by least squares on sessions -160 to -31, times its value on the eve."""
    returns = prices.pct_change()
    at = returns.index.get_loc(DAY)
    past = returns.iloc[max(at - 160, 1) : at - 30]
    slope, level = np.polyfit(past["RSP"], past["NVDA"], 1)
    day = returns.loc[DAY]
    return float((day["NVDA"] - level - slope * day["RSP"]) * CLOSE * SHARES / 1e3)


@pytest.mark.parametrize("shape", ["wide", "long"])
def test_the_command_prices_what_it_can(
    prices: pd.DataFrame, by_hand: float, shape: str, tmp_path: Path
) -> None:
    path, events = tmp_path / f"{shape}.csv", tmp_path / "events.csv"
    long = prices.reset_index().melt("date", var_name="ticker", value_name="close")
    (prices.reset_index() if shape == "wide" else long).to_csv(path, index=False)
    events.write_text(
        f"event,firm,date\nshock,NVDA,{DAY:%Y-%m-%d}\nshock,AAPL,{DAY:%Y-%m-%d}\nshock,NOBODY,{DAY:%Y-%m-%d}\n"
    )
    found = eventstudy_command(path, events=events, market="RSP", window="0:0", estimation="-160:-31")
    dollars = found["dollars"].set_index("firm")
    assert sorted(dollars.index) == ["AAPL", "NVDA", "total"]
    assert dollars.loc["NVDA", "effect"] == pytest.approx(by_hand, rel=1e-4)
    assert dollars.loc["AAPL", "value"] == pytest.approx(222.78 * 15_040.731 / 1e3, rel=1e-6)
    assert dollars.loc["total", "effect"] == pytest.approx(dollars["effect"].iloc[:2].sum(), rel=1e-9)
    assert dollars.loc["NVDA", "ci_low"] < by_hand < dollars.loc["NVDA", "ci_high"]
    assert [note for note in found["warnings"] if "shares not known of NOBODY" in note], found["warnings"]


def test_returns_and_adjusted_prices_have_no_dollars(prices: pd.DataFrame, tmp_path: Path) -> None:
    long = prices.reset_index().melt("date", var_name="ticker", value_name="adj_close")
    events = tmp_path / "events.csv"
    events.write_text(f"event,firm,date\nshock,NVDA,{DAY:%Y-%m-%d}\n")
    for name, table in (("adjusted", long), ("returns", prices.pct_change().iloc[1:].reset_index())):
        path = tmp_path / f"{name}.csv"
        table.to_csv(path, index=False)
        assert closing_prices(path).empty
        assert "dollars" not in eventstudy_command(
            path, events=events, market="RSP", window="0:0", estimation="-160:-31"
        )
    both = tmp_path / "both.csv"
    halted = long.assign(close=long["adj_close"].astype(object)).sort_values(["ticker", "date"])
    halted.loc[halted["ticker"].eq("RSP"), "close"] = "halted"
    halted.to_csv(both, index=False)
    told = eventstudy_command(both, events=events, market="RSP", window="0:0", estimation="-160:-31")
    assert [note for note in told["warnings"] if "no dollars" in note and "'halted' is not a number" in note]
    assert len(told["car"]) == 1 and "dollars" not in told
    long.assign(close=2 * long["adj_close"]).to_csv(both, index=False)
    found = closing_prices(both)
    assert found["close"].to_numpy() == pytest.approx(2 * long["adj_close"].to_numpy())


def test_the_library_values_each_event_at_the_close_before_its_window(prices: pd.DataFrame) -> None:
    closes = prices.reset_index().melt("date", var_name="ticker", value_name="close")
    events = pd.DataFrame({"event": ["a", "b"], "date": [DAY, pd.Timestamp("2025-04-16")], "firm": "NVDA"})
    study = event_study(
        prices.pct_change().iloc[1:], events, market="RSP", window=(-1, 1), estimation=(-130, -11)
    )
    found = known_dollar_effects(study, closes).query("firm == 'NVDA'").set_index("event")
    before = prices["NVDA"].shift(2)  # the close before the first day of the window
    assert found.loc["a", "value"] == pytest.approx(before[DAY] * SHARES / 1e3)
    assert found.loc["b", "value"] == pytest.approx(before["2025-04-16"] * 24_400 / 1e3)


def test_the_reports_say_dollars_or_why_not(prices: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    prices.reset_index().to_csv(path, index=False)
    returns, closes = load_returns(source=path), closing_prices(path)
    events = pd.DataFrame({"event": ["a", "b"], "date": [DAY, pd.Timestamp("2025-04-16")]})
    options = {"benchmark": "RSP", "window": "0:0", "estimation": "-130:-11"}
    found = stocks.event_dollars(returns, closes, events, **options)
    number = next(part for part in found.parts() if isinstance(part, Number))
    assert number.value == pytest.approx(found.frame["effect"].mean()) and number.ci[0] < number.value
    assert found.frame["effect"].iloc[0] < -400
    [said] = stocks.event_dollars(returns, closes[:0], events, **options)
    assert isinstance(said, Sentence) and "no closing prices" in said.text
