"""Does the cost model reproduce what an operator published, and are sizes of models right?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.competition.hosts.model_sizes import active_parameters
from undercut.competition.hosts.serving_cost import (
    DISCLOSED,
    Assumption,
    ServingAssumptions,
    cost_factor,
    cost_of_tokens,
    rent_per_speed,
    serving_cost,
    throughput,
)
from undercut.errors import DataError, InputError, UnknownNameError


def test_the_published_day_of_deepseek_is_reproduced() -> None:
    """608 billion prompt and 168 billion output tokens on 226.75 nodes cost 87,072 dollars at 2 an hour."""
    speeds = [
        throughput(37, efficiency=DISCLOSED[f"{phase}_efficiency"], gpu="H100")
        for phase in ("prefill", "decode")
    ]
    assert speeds == pytest.approx([73_700 / 8, 14_800 / 8])
    cost = cost_of_tokens(
        prompt_tokens=608e9, output_tokens=168e9, prefill_speed=speeds[0], decode_speed=speeds[1],
        usd_per_gpu_hour=2.0,
    )  # fmt: skip
    assert float(cost) == pytest.approx(87_072, rel=0.01)


def test_the_factor_times_size_and_rent_is_the_cost() -> None:
    fixed = {"prefill_efficiency": 0.4, "decode_efficiency": 0.1, "utilisation": 0.5, "overhead": 1.3}
    rent, active = 3.0, 70.0
    by_factor = cost_factor("chat", fixed)[0] * active * rent / 989
    by_hand = cost_of_tokens(
        prompt_tokens=0.75e6, output_tokens=0.25e6,
        prefill_speed=throughput(active, efficiency=0.4), decode_speed=throughput(active, efficiency=0.1),
        usd_per_gpu_hour=rent, utilisation=0.5, overhead=1.3,
    )  # fmt: skip
    assert by_factor == pytest.approx(float(by_hand))


def test_each_assumption_moves_the_cost_in_its_direction() -> None:
    centre = ServingAssumptions().centre()
    base = cost_factor("chat", centre)[0]
    for name, direction in (
        ("prefill_efficiency", -1), ("decode_efficiency", -1), ("utilisation", -1), ("overhead", 1),
    ):  # fmt: skip
        moved = cost_factor("chat", centre | {name: centre[name] * 1.2})[0]
        assert np.sign(moved - base) == direction
    assert cost_factor("reasoning", centre)[0] > base


def test_draws_stay_in_the_range_and_do_not_depend_on_anything_but_the_seed() -> None:
    drawn = Assumption(0.1, 0.2, 0.8, "share", "test").draw(np.random.default_rng(1), 4000)
    assert drawn.min() >= 0.1 and drawn.max() <= 0.8
    mean_of_logs = np.log([0.1, 0.2, 0.8]).mean()
    assert np.log(drawn).mean() == pytest.approx(mean_of_logs, abs=0.03)
    assert np.array_equal(cost_factor("chat", seed=3), cost_factor("chat", seed=3))
    with pytest.raises(InputError, match="low <= centre"):
        Assumption(0.3, 0.2, 0.8, "share", "test")


def test_the_cheapest_chip_per_unit_of_speed_is_chosen() -> None:
    rental = pd.DataFrame(
        {"date": ["2024-01-15"] * 2 + ["2025-06-15"] * 2, "gpu": ["A100", "H100", "H100", "B200"],
         "usd_per_gpu_hour_median_list": [1.0, 4.0, 3.0, 5.0]}
    )  # fmt: skip
    best = rent_per_speed(rental).set_index("period")
    assert best["gpu"].to_dict() == {"2024-01": "A100", "2025-06": "B200"}
    assert best.loc["2024-01", "usd_per_teraflop_hour"] == pytest.approx(1 / 312)


def test_months_without_a_rent_take_the_last_one_and_say_so() -> None:
    rental = pd.DataFrame({"date": ["2024-01-15"], "gpu": ["H100"], "usd_per_gpu_hour_median_list": [2.0]})
    months = pd.DataFrame({"model_id": ["qwen3-32b"], "period": ["2024-05"]})
    row = serving_cost(months, rental).iloc[0]
    assert row["rent_month"] == "2024-01" and row["unit_cost"] == pytest.approx(32 * 2 / 989)
    with pytest.raises(DataError, match="2023-12"):
        serving_cost(months.assign(period="2023-12"), rental)


@pytest.mark.parametrize(
    ("model", "billions"),
    [
        ("qwen3-235b-a22b-instruct-2507", 22), ("mixtral-8x7b-instruct-v0.1", 12.9),
        ("wizardlm-2-8x22b", 39.1),
        ("deepseek-v3.1-terminus", 37), ("deepseek-r1-distill-llama-70b", 70),
        ("deepseek-r1-0528-qwen3-8b", 8),
        ("deepseek-v2-lite-chat", 2.4), ("gpt-oss-120b", 5.1), ("gpt-oss-safeguard-20b", 3.6),
        ("glm-4.5-air", 12), ("glm-4.5", 32), ("gemma-4-e4b-it", 4), ("llama-4-scout-17b-16e-instruct", 17),
        ("qwen2.5-coder-0.5b", 0.5), ("phi-4-mini-reasoning", 3.8), ("qwen3.8-2.4t-a95b", 95),
        ("kimi-k2-thinking", 32), ("granite-4.0-h-small", 9), ("mistral-7b-instruct-v0.3", 7),
    ],
)  # fmt: skip
def test_sizes_of_models_are_those_of_their_cards(model: str, billions: float) -> None:
    assert active_parameters(pd.Series([model])).item() == billions


@pytest.mark.parametrize("model", ["kimi-k3", "deepseek-v4-pro", "minimax-m2.5", "glm-4.7", "openchat-3.5"])
def test_sizes_that_nobody_told_us_are_missing(model: str) -> None:
    assert active_parameters(pd.Series([model])).isna().all()


def test_real_rents_cover_the_panel_and_unknown_columns_are_named() -> None:
    rental = undercut.load_reference("gpu_rental")
    assert rent_per_speed(rental)["usd_per_gpu_hour"].between(0.5, 12).all()
    with pytest.raises(UnknownNameError, match="usd_per_gpu_hour"):
        rent_per_speed(rental, column="usd_per_gpu_hour")
    with pytest.raises(UnknownNameError, match="H100"):
        throughput(70, efficiency=0.1, gpu="H1000")
