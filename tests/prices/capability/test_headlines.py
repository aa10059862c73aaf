"""Are the headlines of reports 01, 03 and 12 what plain loops give, and do they turn with the panel?"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import undercut as uc
from undercut.panel.measures import capability_scores
from undercut.prices.capability.buyers import buyer_prices
from undercut.prices.capability.gap import price_gap, score_spread
from undercut.prices.capability.gaps import open_closed_gap
from undercut.prices.capability.price_of_capability import comparable_points, landmark_levels
from undercut.studies.prices.specifications import GAP

DAY = pd.Timestamp("2026-11-01")


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return uc.load_prices()


@pytest.fixture(scope="module")
def offers(panel: pd.DataFrame) -> pd.DataFrame:
    return uc.prices.cross_section(panel, DAY)


def exchanged(panel: pd.DataFrame) -> pd.DataFrame:
    """The panel with the prices of US closed and Chinese open models exchanged, as labels."""
    open_cn = panel["origin"].eq("CN") & panel["access"].str.startswith("open").fillna(False)
    closed_us = panel["origin"].eq("US") & panel["access"].eq("closed")
    origin = panel["origin"].mask(open_cn, "US").mask(closed_us, "CN")
    return panel.assign(origin=origin, access=panel["access"].mask(open_cn, "closed").mask(closed_us, "open"))


def gap_by_hand(offers: pd.DataFrame) -> float:
    """Least squares by the normal equations over models, one row each, from the offers of a day."""
    rows = []
    for _, own in offers.groupby("model_id"):
        one = own.iloc[0]
        group = (one["origin"], "closed" if one["access"] == "closed" else "open")
        if group not in (("US", "closed"), ("CN", "open")) or pd.isna(one["eci"]) or pd.isna(one["access"]):
            continue
        reach = own[(own["host_country"] != "CN").fillna(True) | (own["host_kind"] == "developer")]
        if len(reach) and pd.notna(one["release_date"]):
            age = (DAY - one["release_date"]).days / (365.25 / 12)
            rows.append((one["eci"], age, float(group[1] == "open"), np.log(np.median(reach["price"]))))
    score, age, is_open, log_price = np.array(rows).T
    low = max(score[is_open == side].min() for side in (0, 1))
    high = min(score[is_open == side].max() for side in (0, 1))
    kept = (score >= low) & (score <= high)
    x = np.column_stack([np.ones(kept.sum()), score[kept], age[kept], is_open[kept]])
    return float(np.expm1(np.linalg.solve(x.T @ x, x.T @ log_price[kept])[3]))


def test_the_gap_at_equal_age_is_that_of_the_normal_equations(
    panel: pd.DataFrame, offers: pd.DataFrame
) -> None:
    assert open_closed_gap(panel, DAY, **GAP, draws=50).gap == pytest.approx(gap_by_hand(offers), rel=1e-9)


def test_the_gap_turns_when_the_prices_are_exchanged(panel: pd.DataFrame) -> None:
    there, back = (open_closed_gap(one, DAY, **GAP, draws=99) for one in (panel, exchanged(panel)))
    assert there.gap < 0 < back.gap
    assert back.gap == pytest.approx(1 / (1 + there.gap) - 1, rel=1e-9)


def test_the_error_of_scores_widens_the_interval_and_stays_out_of_the_estimate() -> None:
    rng = np.random.default_rng(0)
    eci = rng.uniform(120, 155, 80)
    side = np.arange(80) % 2 == 0
    prices = pd.DataFrame({"model_id": [f"m{i}" for i in range(80)], "eci": eci, "eci_low": eci - 15,
                           "eci_high": eci + 15, "price": np.exp(0.1 * eci - side)})  # fmt: skip
    prices["family"] = prices["model_id"]
    sides = {"is_group": pd.Series(side), "is_reference": pd.Series(~side), "draws": 400}
    plain, noisy = (price_gap(prices, **sides, score_error=error) for error in (False, True))
    assert plain.gap == pytest.approx(noisy.gap) == pytest.approx(np.expm1(-1.0))
    assert plain.high - plain.low < 1e-6 < 0.05 < noisy.high - noisy.low
    assert score_spread(prices)[0] == pytest.approx(15 / 1.645, rel=1e-3)


def test_the_cheapest_of_five_is_the_mean_over_all_fives(panel: pd.DataFrame) -> None:
    quotes = uc.monthly_quotes(panel, start="2024-03", end="2026-10")
    found = uc.price_of_capability(quotes, {"GPT-4": landmark_levels()["GPT-4"]}, draws=2)
    path = found.path("GPT-4", "fixed number")["price"]
    floor = capability_scores().set_index("model_id").loc["gpt-4-0314", "eci"]
    near = quotes[quotes["eci"].between(floor, floor + 5 - 1e-9)]
    for period in ("2024-10", "2025-01"):
        logs = np.log(near.loc[near["period"].eq(period), "price"])
        assert np.log(path[period]) == pytest.approx(np.mean([min(five) for five in combinations(logs, 5)]))
    known = np.log(path.dropna())
    months = (pd.PeriodIndex(known.index, freq="M") - pd.Period("2023-01", "M")).map(lambda gap: gap.n) / 12
    rate = found.rates.set_index("version").loc["fixed number", "times_cheaper_a_year"]
    assert rate == pytest.approx(np.exp(-np.polyfit(months, known, 1)[0]))


def test_a_measure_that_lacks_a_landmark_places_it_by_rank() -> None:
    scores = {name: capability_scores(name).dropna(subset=["model_id"]) for name in ("eci_2026_10", "arena")}
    columns = [table.set_index("model_id")["eci"] for table in scores.values()]
    both = pd.concat(columns, axis=1, keys=["eci", "arena"]).dropna()
    level, share = landmark_levels("arena")["GPT-4"], (both["eci"] < 125.89).mean()
    assert (both["arena"] < level).mean() == pytest.approx(share, abs=1.5 / len(both))
    assert landmark_levels("arena")["o1"] == both["arena"].get("o1")
    assert comparable_points(5, "eci_2026_10") == pytest.approx(5)


def test_what_buyers_pay_is_a_median_over_draws_of_the_scores(offers: pd.DataFrame) -> None:
    level = landmark_levels()["o1"]
    found = buyer_prices(offers, level, draws=300).row("typical")
    reach = offers[(offers["host_country"] != "CN").fillna(True) | (offers["host_kind"] == "developer")]
    by_model = reach.groupby("model_id")
    models = by_model[["eci", "eci_low", "eci_high", "origin", "access"]].first().dropna(subset=["eci"])
    models["price"] = by_model["price"].median()
    sides = {"closed": models[models["origin"].eq("US") & models["access"].eq("closed")],
             "open": models[models["origin"].eq("CN") & models["access"].str.startswith("open")]}  # fmt: skip
    rng, ratios = np.random.default_rng(7), []
    usual = pd.concat(list(sides.values())).eval("eci_high - eci_low").median()
    for _ in range(300):
        paid = {}
        for side, rows in sides.items():
            error = (rows["eci_high"] - rows["eci_low"]).fillna(usual) / 3.29 * rng.standard_normal(len(rows))
            inside = (rows["eci"] + error).between(level, level + 5)
            paid[side] = np.log(rows.loc[inside, "price"]).median()
        ratios.append(paid["open"] - paid["closed"])
    # Another way of taking a median of an even number, and other draws: close, not equal.
    assert found["saving"] == pytest.approx(-100 * np.expm1(np.median(ratios)), abs=8)
    assert found["low"] < found["saving"] < found["high"]


def test_what_buyers_save_turns_when_the_prices_are_exchanged(offers: pd.DataFrame) -> None:
    level = landmark_levels()["GPT-5"]
    there, back = (buyer_prices(one, level, draws=300).row("typical") for one in (offers, exchanged(offers)))
    assert there["saving"] > 0 > back["saving"]
    assert 1 - back["saving"] / 100 == pytest.approx(1 / (1 - there["saving"] / 100), rel=0.25)
