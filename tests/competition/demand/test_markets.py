"""The real rankings joined to real prices: nothing lost in silence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.competition.demand.instruments import INSTRUMENTS, with_instruments
from undercut.competition.demand.markets import (
    NO_CAPABILITY,
    NO_NAME,
    NO_PRICE,
    MarketData,
    estimation_sample,
    market_data,
)
from undercut.errors import InputError, OutsideDataError
from undercut.prices.token_weights import token_weights

GPU = undercut.load_reference("gpu_rental")


def test_every_ranked_token_is_a_product_or_listed_as_left_out(data: MarketData) -> None:
    gone = data.left_out[data.left_out["reason"].isin([NO_NAME, NO_PRICE])]
    usage = undercut.load_reference("token_usage_weekly")
    until = usage["week_start"] <= GPU.loc[GPU["gpu"].eq("H100"), "date"].max()
    ranked = token_weights(usage[until]).groupby("period")["tokens"].sum()
    kept = data.products.groupby("period")["tokens"].sum()
    np.testing.assert_allclose(kept.add(gone.groupby("period")["tokens"].sum(), fill_value=0), ranked)
    assert 0.8 < data.covered() < 1


def test_products_without_a_capability_are_listed_and_only_the_estimation_lacks_them(
    data: MarketData,
) -> None:
    unscored = data.left_out[data.left_out["reason"] == NO_CAPABILITY]
    assert len(estimation_sample(data)) == len(data.products) - len(unscored)
    assert len(estimation_sample(data, capability="imputed")) > len(estimation_sample(data))
    with pytest.raises(InputError, match="measured or imputed"):
        estimation_sample(data, capability="guessed")


def test_prices_are_those_of_the_week_not_of_a_later_day(data: MarketData) -> None:
    """Grok 4 Fast was ranked in September 2025 before any table had its price."""
    september = data.products[data.products["period"] == "2025-09"]
    assert "grok-4-fast" not in set(september["model_id"])
    missing = data.left_out[(data.left_out["period"] == "2025-09") & (data.left_out["reason"] == NO_PRICE)]
    assert "grok-4-fast" in set(missing["model_id"])


def test_a_known_row_is_right(data: MarketData) -> None:
    """DeepSeek R1 in the last full week of February 2025: 11.073 billion paid tokens; Chinese, open."""
    row = data.products.set_index(["period", "model_id"]).loc[("2025-02", "deepseek-r1")]
    assert row["tokens"] == pytest.approx(11073.0)
    assert row["group"] == "Chinese open"
    assert 0.3 < row["price"] < 5


def test_instruments_of_closed_models_are_zero_where_only_weights_can_be_resold(data: MarketData) -> None:
    sample = with_instruments(estimation_sample(data), GPU)
    closed = sample[sample["group"] == "closed"]
    assert (closed[["z_cost", "z_sellers", "z_elsewhere"]] == 0).all().all()
    assert sample.loc[sample["model_id"].eq("llama-3.3-70b-instruct"), "z_cost"].gt(np.log(70)).all()
    assert sample[[c for columns in INSTRUMENTS.values() for c in columns]].notna().all().all()


def test_near_rivals_are_counted_as_by_hand(data: MarketData) -> None:
    sample = with_instruments(estimation_sample(data), GPU)
    month = sample[sample["period"] == "2026-08"].reset_index(drop=True)
    gaps = [
        a - b
        for _, rows in sample.groupby("period")
        for i, a in enumerate(rows["eci"])
        for k, b in enumerate(rows["eci"])
        if i != k
    ]
    spread = np.std(gaps)
    row = month.iloc[0]
    others = month.drop(index=0)
    near = (others["eci"] - row["eci"]).abs() < spread
    assert row["z_rivals"] == (near & (others["developer"] != row["developer"])).sum()
    assert row["z_own"] == (near & (others["developer"] == row["developer"])).sum()


def test_a_month_without_a_rental_price_is_an_error(data: MarketData) -> None:
    with pytest.raises(OutsideDataError, match="2026-08"):
        with_instruments(estimation_sample(data), GPU[pd.to_datetime(GPU["date"]) < "2026-08-01"])


def test_an_as_of_panel_knows_no_later_ranking() -> None:
    ranked, prices = undercut.load_reference("token_usage_weekly"), undercut.load_prices()

    def known_on(day: str) -> pd.DataFrame:
        moment = pd.Timestamp(day, tz="UTC")
        seen = prices[prices["first_seen"] <= moment]
        return seen.assign(last_seen=seen["last_seen"].clip(upper=moment))

    assert market_data(known_on("2025-12-31"), ranked).products["period"].max() == "2025-12"
    with pytest.raises(OutsideDataError, match="start after"):
        market_data(known_on("2024-12-31"), ranked)


def test_weeks_after_the_last_rent_are_no_part_of_the_record(data: MarketData) -> None:
    last = GPU.loc[GPU["gpu"].eq("H100"), "date"].max()
    assert pd.Timestamp(data.last_week) - pd.Timedelta(days=6) <= last
    ranked = undercut.load_reference("token_usage_weekly")
    assert ranked["week_start"].max() > last, "otherwise the rule is not tried"
