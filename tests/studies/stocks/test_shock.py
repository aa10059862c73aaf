"""One day in depth: rungs that differ by what they should, tests of groups, dollars from shares and price."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from undercut.errors import DataError, InputError
from undercut.eventstudy.model import event_study
from undercut.sources.returns import load_returns
from undercut.studies.stocks import shock

OPTIONS = {"estimation": (-150, -11), "window": (0, 0)}


@pytest.fixture
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


def ladder_of(world: tuple[pd.DataFrame, pd.Timestamp], donors: int = 15) -> shock.Ladder:
    returns, day = world
    names = [f"D{i:02d}" for i in range(donors)]
    return shock.shock_ladder(
        returns, ["X", "Y"], day, markets={"index": "INDEX", "absent": "ZZZ"}, donors=names, **OPTIONS
    )


def test_a_treated_benchmark_takes_part_of_the_effect_away_and_unexposed_firms_do_not(world) -> None:
    table = ladder_of(world).table().set_index(["rung", "firm"])["car"]
    for rung in ("market of unexposed firms", "factors of unexposed firms", "synthetic control"):
        assert table[rung, "X"] == pytest.approx(-0.12, abs=0.03), rung
    assert table["index", "X"] > -0.09


def test_what_moves_between_rungs_is_the_expected_return(world) -> None:
    returns, day = world
    table = ladder_of(world).table()
    np.testing.assert_allclose(table["car"] + table["expected"], [returns.loc[day, f] for f in table["firm"]])
    row = table[(table["rung"] == "index") & (table["firm"] == "X")].iloc[0]
    past = returns.iloc[100:240]
    slope, intercept = np.polyfit(past["INDEX"], past["X"], 1)
    assert row["beta"] == pytest.approx(slope) and row["benchmark"] == pytest.approx(
        returns.loc[day, "INDEX"]
    )
    assert row["expected"] == pytest.approx(intercept + slope * returns.loc[day, "INDEX"])
    half = stats.t.ppf(0.975, 138) * row["se"]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((row["car"] - half, row["car"] + half))


def test_rungs_that_cannot_be_built_say_why(world) -> None:
    found = ladder_of(world, donors=4)
    assert list(found.studies) == ["no benchmark", "index"]
    assert "ZZZ" in found.missing["absent"] and "factors" in found.missing["factors"]
    assert "4 unexposed firms" in found.missing["synthetic control"]


def test_factors_are_in_excess_of_the_riskless_rate_where_it_is_given(world) -> None:
    returns, day = world
    factors = pd.DataFrame({"mkt_rf": returns["INDEX"] - 0.0002, "rf": 0.0002}).reset_index()
    found = shock.shock_ladder(
        returns, ["X"], day, markets={"index": "INDEX"}, factors=factors, **OPTIONS
    ).table()
    plain, excess = found.set_index("rung")["car"][["index", "factors"]]
    assert plain == pytest.approx(excess, abs=2e-3) and plain != excess


def test_a_donor_may_not_be_a_target(world) -> None:
    returns, day = world
    with pytest.raises(InputError, match="X: a target cannot be a donor"):
        shock.shock_ladder(returns, ["X"], day, markets={}, donors=["X", "D00"])


def test_the_permutation_of_one_date_counts_the_days_that_moved_more(world) -> None:
    """Against the naive loop: fit every other day in turn and count."""
    returns, day = world
    events = pd.DataFrame({"event": "e", "date": day, "firm": ["X", "D02"], "group": ["x", "d"]})
    study = event_study(returns, events, market="D00", **OPTIONS)
    table = shock.group_tests(study).set_index("group")
    at = returns.index.get_loc(day)
    for group, firm in (("x", "X"), ("d", "D02")):
        ratios = {}
        for place in range(110, 320):
            own = pd.DataFrame({"event": ["p"], "date": [returns.index[place]], "firm": [firm]})
            own_study = event_study(
                returns.drop(index=day) if place > at else returns, own, market="D00", **OPTIONS
            )
            ratios[place] = float(own_study.car()["t"].iloc[0])
        null = [abs(value) for place, value in ratios.items() if place != at]
        naive = (1 + sum(v >= abs(ratios[at]) for v in null)) / (1 + len(null))
        assert table.loc[group, "p_permutation"] == pytest.approx(naive, abs=0.02)
    assert table.loc["x", "p_permutation"] < 0.02 < table.loc["d", "p_permutation"]


def test_adjusted_p_values_are_never_below_the_plain_ones_and_need_named_groups(world) -> None:
    returns, day = world
    firms = [f"D{i:02d}" for i in range(8)] + ["X"]
    events = pd.DataFrame({"event": "e", "date": day, "firm": firms, "group": firms})
    study = event_study(returns, events, market="INDEX", **OPTIONS)
    table = shock.group_tests(study)
    assert (table["q_value"] >= table["p_permutation"] - 1e-12).all()
    assert (table["p_adjusted"] >= table["p_permutation"] - 1e-12).all()
    assert table.attrs["placebo_days"] > 150
    nameless = event_study(returns, events.drop(columns="group"), market="INDEX", **OPTIONS)
    with pytest.raises(DataError, match="No group"):
        shock.group_tests(nameless)


def test_the_battery_has_every_test_and_leaves_blank_what_cannot_be_run() -> None:
    wide = load_returns(None, source="sample").pivot_table(index="date", columns="ticker", values="return")
    rows = [("NVDA", "chips"), ("AVGO", "chips"), ("AMD", "chips"), ("BABA", "China")]
    events = pd.DataFrame(rows, columns=["firm", "group"]).assign(event="e", date="2025-01-27")
    study = event_study(wide, events, market="RSP", estimation=(-160, -31), window=(0, 0))
    table = shock.battery_table(study).set_index("test")
    assert (
        len(table) == 16 and table.index[0] == "permutation"
    )  # all but the bootstrap, which needs more rows
    assert pd.isna(table.loc["bmp", "China"]) and table.loc["permutation", "chips"] < 0.05
    assert (
        table.loc["kolari_pynnonen", "withstands"] == "both"
        and table.loc["patell", "withstands"] == "neither"
    )


def test_specifications_are_the_studies_one_by_one(world) -> None:
    returns, day = world
    options = {"windows": [(0, 0), (-1, 1)], "markets": {"index": "INDEX", "firm": "D00", "absent": "ZZZ"},
               "models": ["constant-mean", "market"], "estimations": [(-150, -11), (-200, -31)]}  # fmt: skip
    table = shock.specifications(returns, "X", day, **options)
    assert len(table) == 2 * 2 * (1 + 2)
    row = table[
        (table["window"] == "-1:1") & (table["benchmark"] == "firm") & (table["estimation"] == "-200:-31")
    ]
    events = pd.DataFrame({"event": ["e"], "date": [day], "firm": ["X"]})
    alone = event_study(returns, events, market="D00", estimation=(-200, -31), window=(-1, 1)).car()
    assert row["car"].item() == pytest.approx(alone["car"].item())


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
    found = shock.market_values(closes, facts, "2025-01-27").set_index("firm")["value"]
    # C: receipts of an unknown number of shares; D: shares of too long ago.
    assert found.to_dict() == {"A": 30.0, "B": 4.0}


def test_firms_that_are_not_there_cannot_be_chosen(world) -> None:
    study = ladder_of(world).studies["index"]
    assert list(shock.only(study, ["X"]).car()["firm"]) == ["X"]
    with pytest.raises(DataError, match="None of ZZZ"):
        shock.only(study, ["ZZZ"])
