"""A workload turns a tariff into one price."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import undercut
from undercut.errors import InputError, UnknownNameError
from undercut.prices.workloads import WORKLOADS, Workload, effective_prices, find_workload

NONE = np.nan


def tariff(**prices: object) -> pd.DataFrame:
    blank = dict.fromkeys(
        ["input", "output", "cache_read", "cache_write", "batch_input", "batch_output"], NONE
    )
    return pd.DataFrame([{**blank, "conditions": None, **prices}])


def price(workload: str | Workload, **prices: object) -> float:
    return float(find_workload(workload).price(tariff(**prices)).iloc[0])


def test_chat_is_three_parts_input_to_one_part_output() -> None:
    assert price("chat", input=2.5, output=10.0) == pytest.approx(0.75 * 2.5 + 0.25 * 10.0)


def test_cached_input_is_charged_at_the_cache_price_or_fresh_where_there_is_none() -> None:
    assert price("agent", input=3.0, output=15.0, cache_read=0.3) == pytest.approx(
        0.15 * 3 + 0.75 * 0.3 + 0.1 * 15
    )
    assert price("agent", input=3.0, output=15.0) == pytest.approx(0.9 * 3 + 0.1 * 15)


def test_a_batch_halves_the_price_where_batches_are_sold_and_changes_nothing_elsewhere() -> None:
    sold = price("batch", input=2.0, output=8.0, batch_input=1.0, batch_output=4.0)
    assert sold == pytest.approx(price("chat", input=2.0, output=8.0) / 2)
    assert price("batch", input=2.0, output=8.0) == price("chat", input=2.0, output=8.0)


def test_the_highest_tier_below_the_prompt_length_applies() -> None:
    tiers = json.dumps(
        [{"above_tokens": 32000, "input": 2.0, "output": 6.0}, {"above_tokens": 128000, "input": 9.0}]
    )
    long = Workload("long", 1.0, 0.0, 0.0, prompt_tokens=100_000)
    assert price(long, input=1.0, output=3.0, conditions=tiers) == 2.0
    assert price("chat", input=1.0, output=3.0, conditions=tiers) == pytest.approx(0.75 + 0.75)
    longest = Workload("longest", 0.5, 0.0, 0.5, prompt_tokens=200_000)
    assert price(longest, input=1.0, output=3.0, conditions=tiers) == pytest.approx(0.5 * 9.0 + 0.5 * 6.0)


@pytest.mark.parametrize(("hour", "expected"), [(0, 0.15), (2, 0.3), (11, 0.15), (None, 0.3)])
def test_cheaper_hours_apply_only_when_the_workload_names_its_hour(hour: int | None, expected: float) -> None:
    off_peak = json.dumps(
        [{"hours_utc": ["10:00-01:00", "04:00-06:00"], "weekdays": [1, 2, 3, 4, 5], "input": 0.15}]
    )
    at = Workload("at", 1.0, 0.0, 0.0, hour_utc=hour)
    assert price(at, input=0.3, output=1.2, conditions=off_peak) == expected


def test_weekend_prices_do_not_count_on_a_working_day() -> None:
    weekend = json.dumps([{"hours_utc": ["00:00-00:00"], "weekdays": [6, 7], "input": 0.15}])
    assert price(Workload("at", 1.0, 0.0, 0.0, hour_utc=12), input=0.3, output=1.2, conditions=weekend) == 0.3


def test_a_missing_price_stays_missing() -> None:
    assert np.isnan(price("chat", input=1.0))


@given(st.floats(0.001, 500), st.floats(0.001, 500), st.floats(0.1, 100))
@settings(max_examples=15, deadline=None)
def test_a_price_lies_between_its_parts_and_scales_with_them(
    fresh: float, output: float, scale: float
) -> None:
    for name in WORKLOADS:
        one = price(name, input=fresh, output=output)
        assert min(fresh, output) * (1 - 1e-9) <= one <= max(fresh, output) * (1 + 1e-9)
        assert price(name, input=fresh * scale, output=output * scale) == pytest.approx(one * scale)


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (1.2, -0.2, 0.0)])
def test_shares_that_make_no_whole_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="sum to 1"):
        Workload("mine", *shares)


def test_an_unknown_workload_names_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="reasoning"):
        find_workload("reasonning")


def test_measured_mixes_are_the_sums_of_the_tokens() -> None:
    mix = undercut.load_reference("token_mix_weekly")
    tokens = {"prompt": 0.0, "completion": 0.0, "cached": 0.0, "reasoning": 0.0, "requests": 0.0}
    last = mix["week_start"].max() - pd.Timedelta(weeks=13)
    for row in mix.itertuples():
        total = row.prompt_tokens + row.completion_tokens
        free = row.variant == "free" or not row.prompt_price_usd_per_m > 0
        if row.week_start <= last or free or abs(total / row.total_tokens - 1) > 0.05:
            continue
        for kind in ("prompt", "completion", "cached", "reasoning"):
            tokens[kind] += getattr(row, f"{kind}_tokens")
        tokens["requests"] += row.request_count
    every = tokens["prompt"] + tokens["completion"]
    found = WORKLOADS["measured"]
    assert (found.cached, found.output, found.reasoning) == pytest.approx(
        tuple(tokens[kind] / every for kind in ("cached", "completion", "reasoning"))
    )
    assert found.prompt_tokens == round(tokens["prompt"] / tokens["requests"])
    assert WORKLOADS["measured-short"].output > found.output > WORKLOADS["measured-long"].output


def test_what_users_paid_counts_cached_tokens_at_their_price() -> None:
    mix = undercut.load_reference("token_mix_weekly")
    adds_up = ((mix["prompt_tokens"] + mix["completion_tokens"]) / mix["total_tokens"]).between(0.96, 1.04)
    mix = mix[mix["variant"].isna() & adds_up & mix["cache_read_price_usd_per_m"].gt(0)].iloc[-1]
    paid = effective_prices()
    row = paid[paid["model_id"].eq(mix["model_id"]) & paid["week_start"].eq(mix["week_start"])]
    million = 1e6
    expected = (
        (mix["prompt_tokens"] - mix["cached_tokens"]) / million * mix["prompt_price_usd_per_m"]
        + mix["cached_tokens"] / million * mix["cache_read_price_usd_per_m"]
        + mix["completion_tokens"] / million * mix["completion_price_usd_per_m"]
    )
    assert row["usd"].iloc[0] == pytest.approx(expected)
    assert len(paid) > 100 and (paid["usd"] / paid["tokens"]).to_numpy() == pytest.approx(
        paid["price"].to_numpy()
    )


def test_reasoning_is_a_part_of_output() -> None:
    with pytest.raises(InputError, match="reasoning must lie in"):
        Workload("mine", 0.5, 0.4, 0.1, reasoning=0.2)
