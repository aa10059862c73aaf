"""Are bills what prices, rents and hours make them, and is the cheapest way the cheapest?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.competition.adoption import deployment
from undercut.competition.adoption.data_rules import cheapest_by_rule, cheapest_by_workload, one_row_each
from undercut.competition.adoption.deployment import (
    CHINESE_API,
    CLOSED,
    SELF_HOSTED,
    US_SELLER,
    DeploymentAssumptions,
    MonthlyBills,
    monthly_bills,
)
from undercut.competition.hosts.serving_cost import Assumption, ServingAssumptions
from undercut.errors import DataError, InputError

DAY = "2026-10-15"
LEVEL = 142.45  # o1's score


def fixed(value: float) -> Assumption:
    return Assumption(value, value, value, "", "a test")


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return undercut.load_prices(workload="chat")


@pytest.fixture(scope="module")
def bills(panel: pd.DataFrame) -> MonthlyBills:
    return monthly_bills(panel, DAY, min_capability=LEVEL, workload="chat", draws=200)


def test_a_bill_behind_an_interface_is_the_lowest_price_times_the_volume(bills: MonthlyBills) -> None:
    prices = bills.offers.set_index("way")["price"]
    for row in bills.bills[bills.bills["way"] != SELF_HOSTED].itertuples():
        assert row.bill == pytest.approx(prices[row.way] * row.volume)


def test_only_models_of_the_right_origin_stand_behind_a_way(bills: MonthlyBills) -> None:
    models = undercut.load_reference("models").set_index("model_id")
    for row in bills.offers.itertuples():
        facts = models.loc[row.model_id]
        assert facts["origin"] == ("US" if row.way == CLOSED else "CN")
        assert facts["access"].startswith("open") == (row.way != CLOSED)


def test_idle_machines_cost_their_rent_and_busy_ones_their_work(panel: pd.DataFrame) -> None:
    assumed = DeploymentAssumptions(
        usd_per_staff_hour=fixed(100), self_hosting_hours=fixed(10), gpus=fixed(2)
    )
    serving = ServingAssumptions(
        prefill_efficiency=fixed(0.3), decode_efficiency=fixed(0.1), utilisation=fixed(0.5), overhead=fixed(1)
    )
    found = monthly_bills(
        panel, DAY, min_capability=LEVEL, workload="chat", volumes=(1, 1e9, 2e9),
        assumptions=assumed, serving=serving, draws=20,
    )  # fmt: skip
    own = found.bills[found.bills["way"] == SELF_HOSTED]
    rent = (own["bill"].iloc[0] - 1000) / (2 * 730)
    assert rent in undercut.load_reference("gpu_rental")["usd_per_gpu_hour_median_list"].to_numpy()
    assert own["bill"].iloc[2] - 1000 == pytest.approx(2 * (own["bill"].iloc[1] - 1000))
    assert (own["low"] == own["high"]).all()


def test_ratios_and_savings_follow_from_the_bills(bills: MonthlyBills) -> None:
    table = bills.bills[bills.bills["volume"] == 100].set_index("way")["bill"]
    ratio, low, high = bills.ratio([CHINESE_API, US_SELLER], volume=100)
    assert ratio == pytest.approx(min(table[CHINESE_API], table[US_SELLER]) / table[CLOSED])
    assert low <= ratio <= high
    hours, _, _ = bills.saving_in_hours([US_SELLER], volume=100)
    assert hours == pytest.approx((table[CLOSED] - table[US_SELLER]) / 100)
    with pytest.raises(InputError, match="No bill for 7 million"):
        bills.ratio([US_SELLER], volume=7)


def test_stricter_rules_never_make_the_bill_smaller(bills: MonthlyBills) -> None:
    table = cheapest_by_rule(bills).pivot_table(index="volume", columns="rule", values="bill")
    assert (table["any seller"] <= table["US sellers only"]).all()
    assert (table["US sellers only"] <= table["own machines only"]).all()


def test_shares_of_the_cheapest_add_up(bills: MonthlyBills) -> None:
    assert bills.bills.groupby("volume")["cheapest"].sum().to_numpy() == pytest.approx(1)


def test_own_machines_pay_from_the_volume_at_which_the_seller_costs_more(bills: MonthlyBills) -> None:
    flat = {
        CLOSED: np.tile([10.0, 100.0, 1000.0], (3, 1)),
        SELF_HOSTED: np.tile([50.0, 50.0, 50.0], (3, 1)),
    }
    made = MonthlyBills(bills.bills, bills.offers, flat, np.ones(3), (1.0, 10.0, 100.0), 0.95)
    assert made.break_even(SELF_HOSTED, CLOSED) == 10.0
    assert np.isnan(made.break_even(CLOSED, SELF_HOSTED))


def test_a_cost_that_cannot_be_told_is_missing_and_never_the_cheapest(
    panel: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "active_parameters", lambda ids: pd.Series(np.nan, index=ids.index))
    found = monthly_bills(panel, DAY, min_capability=LEVEL, workload="chat", draws=20)
    own = found.bills[found.bills["way"] == SELF_HOSTED]
    assert own["bill"].isna().all()
    assert (own["cheapest"] == 0).all()
    forced = cheapest_by_rule(found)
    assert forced.loc[forced["rule"] == "own machines only", "how_sure"].isna().all()


def test_both_ways_to_chinese_weights_lose_the_same_developers_in_a_resample() -> None:
    offers = pd.DataFrame(
        {
            "way": [CLOSED, CHINESE_API, US_SELLER, CHINESE_API, US_SELLER],
            "developer": ["a", "b", "b", "c", "c"],
            "price": [9.0, 1.0, 2.0, 3.0, 4.0],
        }
    )
    kept = deployment._developers_kept(offers, 200, 0)
    own, us = (
        deployment._cheapest(offers[offers["way"] == way], kept)[:, 0] for way in (CHINESE_API, US_SELLER)
    )
    assert us == pytest.approx(own + 1)
    # Two developers: a resample of two misses the cheaper one in a quarter of the cases.
    assert (own == 3).mean() == pytest.approx(0.25, abs=0.1)


def test_the_calculator_by_workload_repeats_the_bills_of_each(
    panel: pd.DataFrame, bills: MonthlyBills
) -> None:
    reasoning = undercut.load_prices(workload="reasoning")
    table = cheapest_by_workload(
        {"chat": panel, "reasoning": reasoning}, DAY, min_capability=LEVEL, volume=100, draws=200
    )
    by_rule = cheapest_by_rule(bills)
    again = by_rule[by_rule["volume"] == 100].reset_index(drop=True)
    chat = table[table["workload"] == "chat"].reset_index(drop=True)
    pd.testing.assert_frame_equal(chat[["rule", "way", "bill"]], again[["rule", "way", "bill"]])
    assert chat["ratio"].iloc[0] == pytest.approx(bills.ratio([CHINESE_API, US_SELLER], volume=100)[0])
    assert table.loc[table["rule"] == "own machines only", "ratio"].isna().all()
    bills_by_rule = table.pivot_table(index="rule", columns="workload", values="bill")
    assert (bills_by_rule["reasoning"] > bills_by_rule["chat"])[["any seller", "US sellers only"]].all()


def test_the_table_for_a_phone_holds_every_bill_with_its_way(bills: MonthlyBills) -> None:
    by_rule = cheapest_by_rule(bills)
    wide = one_row_each(by_rule, "volume").set_index("volume")
    assert wide.shape == (len(bills.volumes), 3)
    first = by_rule[(by_rule["volume"] == 100) & (by_rule["rule"] == "any seller")].iloc[0]
    assert wide.loc[100, "any seller"].startswith(f"{first['way']}: ${first['bill']:,.2f} (")
    unknown = one_row_each(by_rule.assign(bill=np.nan), "volume")
    assert unknown["own machines only"].str.endswith("cost not known").all()


def test_bad_volumes_and_impossible_levels_are_refused(panel: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="positive and rising"):
        monthly_bills(panel, DAY, min_capability=LEVEL, workload="chat", volumes=(10, 1))
    with pytest.raises(DataError, match="Choose a lower capability"):
        monthly_bills(panel, DAY, min_capability=999, workload="chat")
