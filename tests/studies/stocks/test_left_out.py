"""Each company and event left out: the headlines computed a second way, and verdicts that turn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.sources.closes import market_values
from undercut.sources.events import calendar_inside
from undercut.studies import stocks
from undercut.studies.stocks.left_out import LeftOut, shock_left_out


@pytest.fixture(scope="module")
def shock() -> stocks.shock_of:
    data = stocks.load_market("sample", benchmarks=["SPY", "RSP"])
    return stocks.shock_of(data, undercut.load_events(), "E052", release="E050")


def abnormal(returns: pd.DataFrame, firms: list[str], day: pd.Timestamp) -> float:
    """The market model by hand: least squares on sessions -160 to -31."""
    place = returns.index.get_loc(day)
    past = returns.iloc[place - 160 if place >= 160 else 0 : place - 30]
    pair = pd.DataFrame({"x": past["RSP"], "y": past[firms].mean(axis=1)}).dropna()
    slope, level = np.polyfit(pair["x"], pair["y"], 1)
    return float(returns.loc[day, firms].mean() - level - slope * returns.loc[day, "RSP"])


def test_clouds_hang_on_oracle_by_hand_too(shock: stocks.shock_of) -> None:
    found = shock_left_out(shock)
    firms = shock.members["clouds"]
    for gone, whose in (("", firms), ("ORCL", [firm for firm in firms if firm != "ORCL"])):
        rows = found.frame[found.frame["group"].eq("clouds") & found.frame["without"].eq(gone)]
        row = rows.iloc[0]
        assert row["car"] == pytest.approx(abnormal(shock.data.returns, whose, shock.day), abs=1e-10)
    assert "clouds −5.1%" in found.sentence() and "without Oracle −2.1%" in found.sentence()


def test_every_company_of_every_group_is_left_out_once(shock: stocks.shock_of) -> None:
    found = shock_left_out(shock).frame
    for group, firms in shock.members.items():
        if len(firms) > 1:
            assert sorted(found[found["group"] == group]["without"]) == sorted(["", *firms])


def test_a_month_left_out_by_hand(shock: stocks.shock_of) -> None:
    found = shock_left_out(shock).frame
    rows = found[found["unit"].eq("month")].set_index("without")
    returns = shock.data.returns
    place = returns.index.get_loc(shock.day)
    past = returns.iloc[place - 160 : place - 30]
    assert len(rows) == 1 + past.index.strftime("%B %Y").nunique()
    past = past[past.index.strftime("%B %Y") != "August 2024"]
    slope, level = np.polyfit(past["RSP"], past["NVDA"], 1)
    day = returns.loc[shock.day]
    assert rows.loc["August 2024", "car"] == pytest.approx(day["NVDA"] - level - slope * day["RSP"])


@pytest.mark.parametrize(
    ("whole", "rest", "turned"),
    [((-5.0, -7.0, -3.0), (-2.0, -4.0, 0.5), "A"), ((-5.0, -7.0, -3.0), (-4.0, -6.0, -2.0), ""),
     ((1.0, -2.0, 4.0), (-1.0, -4.0, 2.0), ""), ((1.0, -2.0, 4.0), (3.0, 1.0, 5.0), "A")],
)  # fmt: skip
def test_a_verdict_turns_where_zero_enters_or_leaves_the_interval(
    whole: tuple[float, ...], rest: tuple[float, ...], turned: str
) -> None:
    rows = pd.DataFrame([whole, rest], columns=["car", "ci_low", "ci_high"])
    rows = rows.assign(group="g", unit="company", without=["", "A"])
    found = LeftOut(rows, "group")
    assert found.ranges()["turns"].tolist() == [turned]
    assert ("without A" in found.sentence()) == bool(turned)


def test_the_calendar_names_what_was_scheduled() -> None:
    open_days = pd.bdate_range("2025-01-02", "2025-02-28")
    days = pd.Series(pd.to_datetime(["2025-01-27"]))
    assert calendar_inside(days, open_days, (0, 0), tickers=["NVDA", "MSFT"]) == [""]
    wide = calendar_inside(days, open_days, (0, 2), tickers=["MSFT", "TSLA"])[0]
    assert "Federal Reserve" in wide
    assert calendar_inside(days, open_days, (0, 2))[0] == "Federal Reserve"


def test_contaminated_windows_are_left_out_of_a_check() -> None:
    releases = stocks.release_events()
    assert releases["calendar"].ne("").any() and releases["calendar"].eq("").any()
    row = releases[releases["calendar"].str.contains("Federal Reserve")].iloc[0]
    dates = undercut.load_reference("calendar_dates")
    fomc = dates.loc[dates["kind"].eq("fomc"), "session"]
    assert ((fomc - row["date"]).dt.days.abs() <= 5).any()


def test_shares_outstanding_come_before_diluted_ones() -> None:
    closes = pd.DataFrame(
        {"ticker": ["NVDA", "MSFT"], "date": pd.to_datetime(["2025-01-24"] * 2), "close": [142.62, 444.06]}
    )
    found = market_values(closes, undercut.load_reference("fundamentals"), "2025-01-27").set_index("firm")
    assert found.loc["NVDA", "value"] == pytest.approx(142.62 * 24_477 / 1e3)
    assert found.loc["NVDA", "note"] == "close times shares outstanding"
    assert found.loc["MSFT", "note"].startswith("close times")
