"""Pictures, speech, vectors: kept with their unit, and out of sight of whatever compares prices of text."""

from __future__ import annotations

import pandas as pd
import pytest

import undercut as uc
from undercut.panel.changes import load_changes
from undercut.sources.litellm import parse
from undercut.sources.other_modes import mode_of_name, mode_of_product, quote_by_unit


@pytest.fixture(scope="module")
def others() -> pd.DataFrame:
    return uc.load_prices(status="other_mode")


def now(rows: pd.DataFrame, raw_id: str) -> pd.Series:
    [row] = rows[rows["raw_id"].eq(raw_id) & rows["valid_to"].isna()].to_dict("records")
    return pd.Series(row)


def test_units_are_those_that_the_table_states(others: pd.DataFrame) -> None:
    """Four entries of litellm's newest table, read by eye."""
    flux = now(others, "black_forest_labs/flux-dev")
    assert (flux["output"], flux["unit"], flux["mode"]) == (0.025, "image", "image_generation")
    whisper = now(others, "whisper-1")
    assert (whisper["input"], whisper["unit"]) == (0.0001, "second")
    ada = now(others, "text-embedding-ada-002")
    assert (ada["input"], ada["unit"], ada["mode"]) == (0.1, "million tokens", "embedding")
    speech = now(others, "tts-1")
    assert (speech["input"], speech["unit"]) == (15.0, "million characters")


def test_their_price_is_no_price_of_a_workload_and_no_analysis_sees_them(others: pd.DataFrame) -> None:
    assert len(others) > 1_000 and others["price"].isna().all()
    assert others["unit"].isin(["image", "second", "million characters", "million tokens"]).mean() > 0.85
    usable = uc.load_prices()
    assert usable["unit"].eq("million tokens").all()
    assert not set(usable["raw_id"]) & {"whisper-1", "dall-e-3", "text-embedding-ada-002"}
    text = uc.panel.Identity.load().models.index
    assert not others["model_id"].isin(text).any()  # `undercut prices gpt-4o` lists no speech
    assert (
        not load_changes()["model_id"].isin(set(others["model_id"].dropna()) - set(usable["model_id"])).any()
    )


def test_an_entry_in_several_units_is_one_quote_with_conditions() -> None:
    entry = {
        "output_cost_per_second": 0.1, "output_cost_per_second_1080p": 0.3, "input_cost_per_image": 0.0,
        "output_cost_per_token": 2e-6,
    }  # fmt: skip
    quote = quote_by_unit("h", "veo-9", "video_generation", entry)
    assert quote is not None and (quote.output, quote.unit) == (0.1, "second")
    assert quote.conditions == (
        '[{"output": 0.3, "size": "1080p", "unit": "second"}, {"output": 2.0, "unit": "million tokens"}]'
    )
    assert quote_by_unit("h", "veo-9", "video_generation", {"mode": "video_generation"}) is None


def test_embeddings_are_sold_by_the_token_even_where_pictures_have_a_price() -> None:
    entry = {"input_cost_per_token": 1e-7, "input_cost_per_image": 1e-4}
    quote = quote_by_unit("h", "titan-embed", "embedding", entry)
    assert quote is not None and (quote.input, quote.unit) == (0.1, "million tokens")


def test_a_name_gives_away_what_a_table_files_as_chat() -> None:
    table = parse(
        b'{"gpt-4o-mini-tts": {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 6e-7},'
        b' "gpt-4": {"litellm_provider": "openai", "input_cost_per_token": 3e-5},'
        b' "rerank-9": {"mode": "rerank", "litellm_provider": "c", "input_cost_per_query": 0.002},'
        b' "no-price": {"mode": "rerank", "litellm_provider": "c"}}'
    )
    modes = {quote.raw_id: (quote.mode, quote.unit) for quote in table.quotes}
    assert modes == {
        "gpt-4o-mini-tts": ("audio_speech", "million tokens"),
        "gpt-4": ("chat", "million tokens"),
        "rerank-9": ("rerank", "query"),
    }
    assert table.out_of_scope == 1
    assert mode_of_name("claude-opus-4-5") is None
    assert mode_of_product("gemini-9-image", ["image"]) == "image_generation"
    assert mode_of_product("gemini-9-image", ["text", "image"]) is None


def test_prices_converted_from_yuan_are_marked_and_come_back_round() -> None:
    every = uc.load_prices(status="all")
    marked = every[every["yuan_per_usd"].notna()]
    assert set(marked["source"]) == {"genai-prices"}
    assert set(marked["host"]) == {"zhipuai", "minimax"}
    ours = every[every["source"].eq("genai-prices") & every["host"].eq("zhipuai") & every["mode"].eq("chat")]
    assert ours["yuan_per_usd"].eq(7.25).all()
    for side in ("input", "output"):
        yuan = marked[side] * marked["yuan_per_usd"]
        assert ((yuan - yuan.round(1)).abs() < 0.006).all()
