"""One day in depth: rungs that differ by what they should, tests of groups, dollars from shares and price."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from undercut.errors import InputError, OutsideDataError
from undercut.eventstudy.model import event_study
from undercut.sources.closes import market_values
from undercut.sources.events import load_events
from undercut.sources.reference import load_reference
from undercut.studies.stocks import choices, shock
from undercut.studies.stocks.ladder import Ladder, shock_ladder
from undercut.studies.stocks.universe import Market, load_market

World = tuple[pd.DataFrame, pd.Timestamp]
PAST = (-150, -11)


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, pd.Timestamp]:
    """Fifteen unexposed firms, two exposed ones, and a market of which the exposed are a third."""
    rng = np.random.default_rng(3)
    days = pd.bdate_range("2024-01-01", periods=320, name="date")
    common, sector = rng.normal(0, 0.01, 320), rng.normal(0, 0.01, 320)
    columns = {f"D{i:02d}": (0.7 + 0.04 * i) * common + rng.normal(0, 0.004, 320) for i in range(15)}
    columns |= {name: common + sector + rng.normal(0, 0.003, 320) for name in ("X", "Y")}
    frame = pd.DataFrame(columns, index=days)
    frame.loc[days[250], ["X", "Y"]] -= 0.12
    frame["INDEX"] = (
        2 / 3 * frame[[f"D{i:02d}" for i in range(15)]].mean(axis=1) + frame[["X", "Y"]].mean(axis=1) / 3
    )
    return frame, days[250]


def shock_in(world: World, firms: str = "XY") -> shock.Shock:
    """The day on which X and Y fall, with these two as companies and no group of them."""
    returns, day = world
    data = Market(returns, returns.reset_index(), "real", dict.fromkeys(firms, "chips"))
    events = pd.DataFrame({"event_id": ["e"], "us_trading_day": [day], "title": ["fall"], "actor": ["D"]})
    options = {"market": "INDEX", "model": "market", "estimation": PAST}
    return shock.Shock(returns, data, {}, events, "e", day, day, (0, 0), options)


@pytest.fixture(scope="module")
def ladder(world: World) -> Ladder:
    donors = [f"D{i:02d}" for i in range(15)]
    return shock_ladder(shock_in(world), markets={"index": "INDEX", "absent": "ZZZ"}, donors=donors)


def test_a_treated_benchmark_takes_part_of_the_effect_away_and_unexposed_firms_do_not(ladder) -> None:
    table = ladder.table().set_index(["rung", "firm"])["car"]
    for rung in ("market of unexposed firms", "factors of unexposed firms", "synthetic control"):
        assert table[rung, "X"] == pytest.approx(-0.12, abs=0.03), rung
    assert table["index", "X"] > -0.09


def test_what_moves_between_rungs_is_the_expected_return(world, ladder) -> None:
    returns, day = world
    table = ladder.table()
    np.testing.assert_allclose(table["car"] + table["expected"], [returns.loc[day, f] for f in table["firm"]])
    row = ladder.of("X").loc["index"]
    past = returns.iloc[100:240]
    slope, intercept = np.polyfit(past["INDEX"], past["X"], 1)
    moved = returns.loc[day, "INDEX"]
    assert (row["beta"], row["benchmark"]) == pytest.approx((slope, moved))
    assert row["expected"] == pytest.approx(intercept + slope * moved)
    half = stats.t.ppf(0.975, 138) * row["se"]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((row["car"] - half, row["car"] + half))


def test_rungs_that_cannot_be_built_say_why(world) -> None:
    markets = {"index": "INDEX", "absent": "ZZZ"}
    found = shock_ladder(shock_in(world), markets=markets, donors=["D00", "D01", "D02", "D03"])
    assert found.rungs == ["no benchmark", "index"]
    assert "ZZZ" in found.missing["absent"] and "factors" in found.missing["factors"]
    assert "4 unexposed firms" in found.missing["synthetic control"]


def test_factors_are_in_excess_of_the_riskless_rate_where_it_is_given(world) -> None:
    factors = pd.DataFrame({"mkt_rf": world[0]["INDEX"] - 0.0002, "rf": 0.0002}).reset_index()
    found = shock_ladder(shock_in(world, "X"), markets={"index": "INDEX"}, factors=factors, donors=[])
    plain, excess = found.of("X")["car"][["index", "factors"]]
    assert plain == pytest.approx(excess, abs=2e-3) and plain != excess


def test_a_donor_may_not_be_a_target(world) -> None:
    donors = ["X", *(f"D{i:02d}" for i in range(15))]
    with pytest.raises(InputError, match="X: a firm with an event cannot be a donor"):
        shock_ladder(shock_in(world), markets={}, donors=donors)


def test_specifications_are_the_studies_one_by_one(world) -> None:
    returns, day = world
    windows, pasts = [(0, 0), (-1, 1), (-1, 0)], [(-150, -11), "-200:-31"]
    found = choices.specifications(
        shock_in(world), "X", windows=windows, estimations=pasts, models=["constant-mean", "garch"],
        markets={"index": "INDEX", "firm": "D00", "absent": "ZZZ"},
    ).to_frame()  # fmt: skip
    assert len(found) == 3 * 2 * (1 + 2) * 2
    found = found[found["news"].eq("all sessions")]
    events = pd.DataFrame({"event": ["e"], "date": [day], "firm": ["X"]})
    for window in ((-1, 1), (-1, 0), (0, 0)):
        name = f"{window[0]}:{window[1]}"
        row = found[
            found["window"].eq(name) & found["benchmark"].eq("firm") & found["estimation"].eq("-200:-31")
        ]
        alone = event_study(
            returns, events, market="D00", model="garch", estimation=(-200, -31), window=window
        ).car()
        assert row[["car", "se"]].to_numpy()[0] == pytest.approx(alone[["car", "se"]].to_numpy()[0])


def test_contaminated_sessions_leave_the_estimation_and_their_windows() -> None:
    """By hand: the same regression without sessions of the central bank, prices, jobs and own earnings."""
    case = shock.shock_of(load_market("sample", benchmarks=["RSP"]), load_events(), "E052", release="E050")
    found = choices.specifications(
        case, windows=[(0, 0), (0, 2)], estimations=[(-160, -31)], models=["market"], markets={"RSP": "RSP"}
    ).to_frame()
    # The central bank decided two sessions later: that window has no estimate without it.
    assert found.groupby("news")["window"].agg(list).to_dict() == {
        "all sessions": ["0:0", "0:2"], "none scheduled": ["0:0"]
    }  # fmt: skip
    dates = load_reference("calendar_dates")
    busy = dates[dates["kind"].isin(["fomc", "cpi", "jobs"]) | dates["ticker"].eq("NVDA")]["session"]
    at = case.returns.index.get_loc(case.day)
    past = case.returns.iloc[at - 160 : at - 30]
    calm = past[~past.index.isin(pd.to_datetime(busy))]
    assert 5 < len(past) - len(calm) < 30
    slope, level = np.polyfit(calm["RSP"], calm["NVDA"], 1)
    row = found[found["news"].eq("none scheduled")].iloc[0]
    day = case.returns.loc[case.day]
    assert row["car"] == pytest.approx(day["NVDA"] - level - slope * day["RSP"])


def test_market_value_is_the_last_close_before_the_event_times_shares() -> None:
    days = ["2025-01-23", "2025-01-24", "2025-01-27", "2025-01-24", "2025-01-24", "2025-01-24"]
    prices = [9.0, 10.0, 1.0, 8.0, 8.0, 8.0]
    closes = pd.DataFrame({"ticker": list("AAABCD"), "date": days, "close": prices})
    shares = "diluted_weighted_shares"
    rows = [
        ("A", "2025-01-31", shares, 3000.0, None),
        ("A", "2024-01-31", shares, 1.0, None),
        ("B", "2024-12-31", shares, 4000.0, None),
        ("B", None, "adr_ratio", 8.0, None),
        ("B", "2024-12-31", "revenue", 1.0, "CNY"),
        ("C", "2024-12-31", shares, 4000.0, None),
        ("C", "2024-12-31", "revenue", 1.0, "TWD"),
        ("D", "2023-12-31", shares, 4000.0, None),
    ]
    facts = pd.DataFrame(rows, columns=["ticker", "period_end", "item", "value", "currency"])
    found = market_values(closes, facts, "2025-01-27").set_index("firm")["value"]
    # C: receipts of an unknown number of shares; D: shares of too long ago.
    assert found.to_dict() == {"A": 30.0, "B": 4.0}


def test_an_event_outside_the_returns_is_refused(world) -> None:
    data = shock_in(world).data
    events = pd.DataFrame({"event_id": ["e"], "us_trading_day": [pd.Timestamp("2030-01-02")]})
    with pytest.raises(OutsideDataError, match="2030-01-02"):
        shock.shock_of(data, events, "e", release="e")
