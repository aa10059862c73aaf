"""Does each known trap of published price tables stay harmless, on the real rows that show it?"""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest

from undercut.panel.store import offered_on
from undercut.prices.workloads import WORKLOADS, Workload

Offers = Callable[[str, pd.Series], pd.DataFrame]


def rows(panel: pd.DataFrame, source: str, raw_id: str, **equal: object) -> pd.DataFrame:
    found = panel[(panel["source"] == source) & (panel["raw_id"] == raw_id)]
    for column, value in equal.items():
        found = found[found[column] == value]
    assert len(found), f"the stored quotes of {source} no longer hold {raw_id}"
    return found.sort_values(["valid_from", "first_seen"])


def on(panel: pd.DataFrame, source: str, raw_id: str, day: str) -> pd.Series:
    """The one row of a raw id that is in force on a day."""
    found = offered_on(rows(panel, source, raw_id), day)
    assert len(found) == 1, f"{len(found)} rows of {source} {raw_id} in force on {day}"
    return found.iloc[0]


def price(row: pd.Series) -> tuple[float, float]:
    return row["input"], row["output"]


# Units


def test_novitas_prices_of_january_2026_were_ten_thousand_times_too_high(panel: pd.DataFrame) -> None:
    wrong = on(panel, "litellm", "novita/openai/gpt-oss-120b", "2026-01-12")
    assert price(wrong) == (400.0, 2000.0) and wrong["status"] == "unit_error"
    right = on(panel, "litellm", "novita/openai/gpt-oss-120b", "2026-01-17")
    assert price(right) == (0.05, 0.25) and right["status"] == "ok"
    table = panel[panel["host"].eq("novita") & panel["source"].eq("litellm")]
    table = table[table["first_seen"].dt.strftime("%Y-%m-%d") == "2026-01-11"]
    table = table[table["status"].ne("other_mode")]
    assert len(table) == 78 and table["status"].eq("unit_error").all()


def test_watsonx_of_october_2025_is_a_thousand_times_too_high_also_where_nobody_else_sells_the_model(
    panel: pd.DataFrame,
) -> None:
    table = panel[panel["host"].eq("watsonx") & (panel["first_seen"].dt.strftime("%Y-%m-%d") == "2025-10-11")]
    assert len(table) == 25 and table["status"].eq("unit_error").all()
    # Never corrected in its own right: only the company it came in gives it away.
    assert on(panel, "litellm", "watsonx/core42/jais-13b-chat", "2026-11-01")["status"] == "unit_error"


def test_a_correction_after_a_year_is_not_a_price_cut(panel: pd.DataFrame) -> None:
    history = rows(panel, "litellm", "wandb/openai/gpt-oss-120b")
    wrong = history[history["input"] == 15_000.0]
    assert set(wrong["status"]) == {"unit_error", "backport"}
    assert wrong.iloc[0]["valid_to"] - wrong.iloc[0]["valid_from"] > pd.Timedelta(days=340)
    usable = history[history["status"] == "ok"]
    assert len(usable) and usable["input"].eq(0.03).all()


def test_prices_per_token_in_a_column_of_prices_per_million_are_unit_errors(panel: pd.DataFrame) -> None:
    row = on(panel, "models-dev", "openrouter/openai/gpt-5.4-mini", "2026-04-01")
    assert row["input"] < 1e-5 and row["status"] == "unit_error"
    after = on(panel, "models-dev", "openrouter/openai/gpt-5.4-mini", "2026-05-01")
    assert price(after) == (0.75, 4.5) and after["status"] == "ok"


def test_prices_per_character_of_gemini_flash_are_unit_errors(panel: pd.DataFrame) -> None:
    row = on(panel, "tokencost", "gemini-1.5-flash-001", "2024-11-01")
    assert row["input"] < 0.005 and row["status"] == "unit_error"
    assert price(on(panel, "tokencost", "gemini-1.5-flash-001", "2024-12-01")) == (0.075, 0.3)
    # A sixteenth of the price per token, where no other seller listed the model to compare with.
    early = on(panel, "tokencost", "gemini-1.5-flash-001", "2024-07-01")
    assert price(early) == (0.03125, 0.09375) and early["status"] == "unit_error"


def test_real_cuts_by_ten_and_a_doubling_are_not_unit_errors(panel: pd.DataFrame) -> None:
    luna = rows(panel, "openrouter-archive", "openai/gpt-5.6-luna")
    assert not luna["status"].eq("unit_error").any()
    steps = luna.drop_duplicates(["input", "output"])[["input", "output"]].to_numpy().tolist()
    assert steps == [[1.0, 6.0], [0.1, 0.6], [0.2, 1.2]]
    assert offered_on(luna, "2026-08-10")["status"].tolist() == ["ok"]


def test_a_fine_tuned_model_and_a_contributors_tariff_are_other_products_not_units(
    panel: pd.DataFrame,
) -> None:
    assert price(on(panel, "litellm", "ft:gpt-3.5-turbo", "2023-12-13")) == (12.0, 16.0)
    assert on(panel, "litellm", "ft:gpt-3.5-turbo", "2023-12-13")["status"] == "ok"
    assert on(panel, "litellm", "meta/muse-spark-1.2-contributor", "2026-11-01")["status"] == "ok"


def test_the_sellers_own_list_is_never_a_unit_error(panel: pd.DataFrame) -> None:
    own = panel[panel["source"].eq("openrouter-archive") & panel["host"].eq("openrouter")]
    assert not own["status"].eq("unit_error").any()
    cut = on(panel, "openrouter-archive", "mistralai/mistral-small", "2024-10-15")
    assert price(cut) == (0.2, 0.6) and cut["status"] == "ok" and cut["model_id"] == "mistral-small-2409"


def test_the_wrong_side_of_a_jump_by_ten_is_found_by_other_sellers(panel: pd.DataFrame) -> None:
    wrong = on(panel, "litellm", "azure_ai/mistral-small-2503", "2025-06-01")
    assert price(wrong) == (1.0, 3.0) and wrong["status"] == "unit_error"
    at_home = on(panel, "litellm", "mistral/mistral-small-latest", "2025-04-01")
    assert price(at_home) == (0.1, 0.3) and at_home["status"] == "ok"


# Zeros


@pytest.mark.parametrize(
    ("source", "raw_id", "day", "status"),
    [
        ("litellm", "glm-4-7-251222", "2026-11-01", "placeholder"),
        ("litellm", "ollama/llama2", "2025-06-01", "free"),
        ("openrouter-archive", "mistralai/mistral-small-24b-instruct-2501:free", "2025-06-01", "free"),
        ("tokencost", "gemini-1.5-flash-001", "2024-06-16", "placeholder"),
    ],
)
def test_zero_is_free_only_where_something_says_so(
    panel: pd.DataFrame, source: str, raw_id: str, day: str, status: str
) -> None:
    row = on(panel, source, raw_id, day)
    assert price(row) == (0.0, 0.0) and row["status"] == status


def test_no_zero_or_negative_price_is_usable(panel: pd.DataFrame) -> None:
    usable = panel[panel["status"] == "ok"]
    assert (usable[["input", "output"]] > 0).all(axis=None)


# Moving names


def test_gpt_4o_in_november_2024_is_the_model_of_august(panel: pd.DataFrame) -> None:
    name = on(panel, "litellm", "gpt-4o", "2024-11-30")
    assert name["model_id"] == "gpt-4o-2024-08-06" and price(name) == (2.5, 10.0)
    # The old dated id keeps its price: nothing was cut.
    dated = on(panel, "litellm", "gpt-4o-2024-05-13", "2024-11-30")
    assert dated["model_id"] == "gpt-4o-2024-05-13" and price(dated) == (5.0, 15.0)


def test_a_name_that_still_shows_the_old_models_price_is_set_aside(panel: pd.DataFrame) -> None:
    late = on(panel, "tokencost", "gpt-4o", "2024-11-01")
    assert late["model_id"] == "gpt-4o-2024-08-06" and price(late) == (5.0, 15.0)
    assert late["status"] == "alias_moved"
    flash = on(panel, "litellm", "gemini/gemini-flash-latest", "2026-08-20")
    assert flash["model_id"] == "gemini-3.7-flash" and flash["status"] == "alias_moved"


def test_a_name_that_no_table_has_shown_since_it_moved_is_set_aside(panel: pd.DataFrame) -> None:
    # tokencost published nothing between 25 July and 17 October 2024; gpt-4o moved on 2 October.
    unseen = on(panel, "tokencost", "gpt-4o", "2024-10-10")
    assert unseen["status"] == "alias_moved" and unseen["last_seen"] < pd.Timestamp("2024-10-02", tz="UTC")


def test_an_alias_move_is_not_a_price_change(panel: pd.DataFrame) -> None:
    history = rows(panel, "litellm", "mistral/mistral-large-latest")
    usable = history[history["status"] == "ok"].drop_duplicates(["model_id", "input"])
    told = list(zip(usable["model_id"], usable["input"], strict=True))
    assert told == [("mistral-large-2411", 3.0), ("mistral-large-2411", 2.0), ("mistral-large-2512", 0.5)]
    between = on(panel, "litellm", "mistral/mistral-large-latest", "2026-01-15")
    assert (between["model_id"], between["input"], between["status"]) == (
        "mistral-large-2512",
        2.0,
        "alias_moved",
    )


def test_deepseek_chat_names_each_model_on_its_days_and_v3_keeps_its_launch_price(
    panel: pd.DataFrame,
) -> None:
    assert on(panel, "litellm", "deepseek-chat", "2024-12-01")["model_id"] == "deepseek-v2.5"
    assert on(panel, "litellm", "deepseek-chat", "2024-12-25")["model_id"] == "deepseek-v2.5-1210"
    launch = on(panel, "litellm", "deepseek-chat", "2024-12-27")
    # V3 was sold at the price of V2.5 until 8 February 2025: a promotion, not a stale table.
    assert (launch["model_id"], *price(launch), launch["status"]) == ("deepseek-v3", 0.14, 0.28, "ok")
    before = on(panel, "litellm", "deepseek/deepseek-chat", "2025-02-07")
    after = on(panel, "litellm", "deepseek/deepseek-chat", "2025-02-20")
    assert before["model_id"] == after["model_id"] == "deepseek-v3"
    assert (price(before), price(after)) == ((0.14, 0.28), (0.27, 1.1))
    assert before["status"] == after["status"] == "ok"


def test_an_offer_listed_before_its_model_came_out_names_it_from_that_day_on(panel: pd.DataFrame) -> None:
    early = on(panel, "genai-prices", "openrouter/meta/muse-wonder", "2026-10-20")
    assert pd.isna(early["model_id"]) and early["status"] == "alias_moved"
    then = on(panel, "genai-prices", "openrouter/meta/muse-wonder", "2026-10-21")
    assert then["model_id"] == "muse-wonder" and then["status"] == "ok"


# Publication


def test_a_patch_of_an_older_line_brings_no_old_price_back(panel: pd.DataFrame) -> None:
    # 1.72.2.post1 came out on 13 June 2025 with the price of o3 from before the cut of 10 June.
    patch = rows(panel, "litellm", "o3", status="backport")
    assert price(patch.iloc[0]) == (10.0, 40.0)
    assert patch.iloc[0]["first_seen"].strftime("%Y-%m-%d") == "2025-06-13"
    assert (patch["valid_from"] == patch["valid_to"]).all()
    assert price(on(panel, "litellm", "o3", "2025-06-13")) == (2.0, 8.0)


def test_patches_of_older_versions_change_nothing_that_is_in_force(
    offers_as_of: Offers, quotes: pd.DataFrame, snapshots: pd.DataFrame
) -> None:
    late = snapshots[snapshots["version"].str.startswith("1.108.") & snapshots["is_backport"]]
    assert late["published"].between("2026-11-15", "2026-11-17T23:59Z").any()
    columns = ["raw_id", "model_id", "input", "output", "status"]
    then, now = (
        offered_on(offers_as_of(day, quotes["source"].eq("litellm")), "2026-11-12")[columns]
        for day in ("2026-11-12", "2026-11-17")
    )
    assert len(then) > 1000
    pd.testing.assert_frame_equal(*(frame.sort_values(columns, ignore_index=True) for frame in (then, now)))


@pytest.mark.parametrize(
    ("source", "raw_id", "learned", "effective", "before", "after"),
    [
        ("litellm", "o3", "2025-06-11", "2025-06-10", 10.0, 2.0),
        ("tokencost", "o3", "2025-06-24", "2025-06-10", 10.0, 2.0),
        ("litellm", "gpt-5.6-luna", "2026-08-09", "2026-07-30", 1.0, 0.2),
    ],
)
def test_a_late_table_gets_the_effective_day_from_a_dated_source_and_keeps_the_day_it_learned(
    panel: pd.DataFrame, source: str, raw_id: str, learned: str, effective: str, before: float, after: float
) -> None:
    row = on(panel, source, raw_id, effective)
    assert row["input"] == after
    assert row["valid_from"] == pd.Timestamp(effective)
    assert row["first_seen"].strftime("%Y-%m-%d") == learned
    day_before = str(pd.Timestamp(effective) - pd.Timedelta(days=1))
    assert on(panel, source, raw_id, day_before)["input"] == before


def test_a_late_price_is_not_known_before_its_table(offers_as_of: Offers, quotes: pd.DataFrame) -> None:
    row = on(offers_as_of("2025-06-10", quotes["raw_id"].str.contains("o3")), "litellm", "o3", "2025-06-10")
    assert row["input"] == 10.0 and pd.isna(row["valid_to"])


def test_a_price_before_the_first_dated_one_does_not_come_back_after_it(panel: pd.DataFrame) -> None:
    # genai-prices knows o3 since July 2025 and says: 10 dollars once, 2 since 10 June 2025.
    assert price(on(panel, "genai-prices", "openai/o3", "2026-01-01")) == (2.0, 8.0)
    assert on(panel, "litellm", "o3", "2026-01-01")["status"] == "ok"


def test_a_rise_announced_and_taken_back_leaves_no_gap(
    panel: pd.DataFrame, offers_as_of: Offers, quotes: pd.DataFrame
) -> None:
    then = offers_as_of("2026-08-25", quotes["raw_id"].str.contains("sonnet"))
    announced = rows(then, "genai-prices", "anthropic/claude-sonnet-5", input=3.0)
    assert announced["valid_from"].tolist() == [pd.Timestamp("2026-09-01")]
    assert announced["note"].str.contains("announced").all()
    for day in ("2026-08-31", "2026-09-01", "2026-10-13", "2026-11-01"):
        assert price(on(panel, "genai-prices", "anthropic/claude-sonnet-5", day)) == (2.0, 10.0)


def test_silence_is_not_a_year_of_unchanged_prices(panel: pd.DataFrame) -> None:
    # litellm's wheels carried no table between 14 December 2023 and 28 November 2024.
    assert len(offered_on(panel[panel["source"] == "litellm"], "2024-06-15")) == 0
    assert len(offered_on(panel[panel["source"] == "tokencost"], "2024-06-15")) > 100


# Disagreement


def test_a_rise_in_one_source_that_another_never_shows_is_disputed_on_both_sides(panel: pd.DataFrame) -> None:
    theirs = on(panel, "genai-prices", "deepseek/deepseek-v3.2", "2026-10-01")
    ours = on(panel, "litellm", "deepseek/deepseek-v3.2", "2026-10-01")
    assert theirs["input"] != ours["input"]
    assert theirs["status"] == ours["status"] == "disputed"
    assert "litellm" in theirs["note"] and "genai-prices" in ours["note"]


def test_a_source_that_came_over_later_was_late(panel: pd.DataFrame) -> None:
    late = on(panel, "genai-prices", "openrouter/openai/o3", "2025-12-01")
    assert price(late) == (10.0, 40.0) and late["status"] == "disputed" and "later came over" in late["note"]
    assert on(panel, "openrouter-archive", "openai/o3", "2025-12-01")["status"] == "ok"


# Tariffs


def test_deepseeks_peak_hours_are_conditions_and_the_hour_of_a_workload_finds_them(
    panel: pd.DataFrame,
) -> None:
    row = on(panel, "litellm", "deepseek/deepseek-v4-flash", "2026-11-01")
    assert price(row) == (0.3, 1.2)
    weekday = next(c for c in json.loads(row["conditions"]) if 1 in c["weekdays"])
    assert weekday["hours_utc"] == ["00:00-01:00", "04:00-06:00", "10:00-00:00"] and weekday["input"] == 0.15
    by_hour = {
        hour: Workload("one hour", 0.75, 0.0, 0.25, hour_utc=hour).price(row.to_frame().T).iloc[0]
        for hour in (2, 5, 12)
    }
    assert by_hour == pytest.approx({2: 0.525, 5: 0.2625, 12: 0.2625})


def test_long_context_is_a_condition_not_a_second_price(panel: pd.DataFrame) -> None:
    row = on(panel, "litellm", "gemini-2.5-pro", "2025-08-01")
    assert price(row) == (1.25, 10.0)
    assert json.loads(row["conditions"]) == [{"above_tokens": 200_000, "input": 2.5, "output": 15.0}]
    long = Workload("long", 0.75, 0.0, 0.25, prompt_tokens=300_000)
    offer = row.to_frame().T
    assert WORKLOADS["chat"].price(offer).iloc[0] == pytest.approx(0.75 * 1.25 + 0.25 * 10)
    assert long.price(offer).iloc[0] == pytest.approx(0.75 * 2.5 + 0.25 * 15)


# Coverage


def test_growth_of_coverage_is_entry_not_price_change(panel: pd.DataFrame) -> None:
    first, last = (
        offered_on(panel[panel["status"] == "ok"], day).drop_duplicates(["host", "model_id"])
        for day in ("2023-12-01", "2026-11-12")
    )
    assert len(first) < 100 and len(last) > 2_500
    # An offer begins when its source first shows it, unless the source itself states an earlier day.
    dated = panel["source"].eq("genai-prices")
    early = panel[~dated & (panel["valid_from"] < panel["first_seen"].dt.tz_convert(None).dt.normalize())]
    series = panel.groupby(["source", "raw_id", "model_id"])["first_seen"].transform("min")
    known = series[early.index].dt.tz_convert(None).dt.normalize()
    assert (early["valid_from"] >= known).all()


@pytest.mark.parametrize(
    ("source", "raw_id", "day"),
    [
        ("litellm", "gemini-pro", "2023-12-20"),
        ("tokencost", "gemini-1.5-pro-001", "2024-07-01"),
        ("litellm", "gemini-1.5-pro-preview-0409", "2025-06-01"),
    ],
)
def test_vertex_prices_by_the_character_are_not_prices_by_the_token(
    panel: pd.DataFrame, source: str, raw_id: str, day: str
) -> None:
    found = on(panel, source, raw_id, day)
    assert found["status"] == "unit_error" and "per character" in found["note"]


def test_vertex_prices_by_the_token_are_usable(panel: pd.DataFrame) -> None:
    assert price(on(panel, "litellm", "gemini-1.5-pro-002", "2024-12-15")) == (1.25, 5.0)
    assert on(panel, "litellm", "gemini-1.5-pro-002", "2024-12-15")["status"] == "ok"
