"""Prices in yuan and of GPU-hours: what is known of them from elsewhere."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from undercut.sources.other_prices import gpu_rental_agreement, yuan_changes
from undercut.sources.reference import load_reference


def test_the_price_war_of_may_2024_is_dated() -> None:
    """Alibaba and Baidu cut prices on 21 and 22 May 2024; aichat recorded them on the 23rd."""
    changes = yuan_changes().query("tracker == 'aichat'")
    war = changes[changes["changed_on"].eq(pd.Timestamp("2024-05-23"))].set_index("model")
    prices = ["input_before", "output_before", "input_after", "output_after"]
    assert war.loc["qwen-max", prices].tolist() == [120, 120, 40, 120]
    assert war.loc["qwen-plus", prices].tolist() == [20, 20, 4, 12]
    assert war.loc["qwen-turbo", prices].tolist() == [8, 8, 2, 6]
    assert war.loc["ernie-speed-128k", prices].tolist() == [4, 8, 0, 0]
    cuts = war.loc[["qwen-max", "qwen-plus", "qwen-turbo", "ernie-speed-128k"]]
    assert cuts["announced_on"].eq(pd.Timestamp("2024-05-21")).all() and cuts["event_id"].eq("E023").all()


def test_a_change_that_follows_no_announcement_has_no_day_of_one() -> None:
    changes = yuan_changes()
    far = changes["announced_on"].notna() & (changes["changed_on"] - changes["announced_on"]).dt.days.gt(14)
    assert not far.any() and changes["announced_on"].isna().sum() > len(changes) / 2


def test_yuan_rows_are_those_that_may_be_passed_on() -> None:
    table = load_reference("yuan_prices")
    assert len(table) == 539
    assert set(table["tracker"]) == {"aichat", "one-api", "one-hub", "szp2005"}


def test_other_collections_of_gpu_rentals_overlap_and_their_disagreement_is_shown() -> None:
    table = gpu_rental_agreement()
    assert len(table) > 50 and set(table["gpu"]) >= {"A100", "H100"}
    row = table.iloc[0]
    assert row["log_ratio"] == pytest.approx(math.log(row["others"] / row["usd_per_gpu_hour"]))
