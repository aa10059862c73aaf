"""Is a host's decoration, and nothing else, taken off a raw id? Examples are ids that the sources wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.panel.names import Name, packaging_removed, price_class, spelling, split_raw_id, vendor_path

ANY_ID = st.text(max_size=60) | st.from_regex(r"([a-z0-9._~@-]{0,12}[/:.]){0,4}[a-zA-Z0-9.:@_ -]{0,40}")

WRITTEN = {
    # litellm
    "gpt-4o-2024-08-06": ("gpt-4o-2024-08-06", ""),
    "ft:gpt-3.5-turbo-0613": ("gpt-3.5-turbo-0613", "fine-tuned"),
    "azure/eu/o4-mini-2025-04-16": ("o4-mini-2025-04-16", "eu"),
    "azure/global-standard/gpt-4o-mini": ("gpt-4o-mini", "global-standard"),
    "bedrock/us-west-2/6-month-commitment/anthropic.claude-v1": (
        "claude-v1",
        "us-west-2+6-month-commitment",
    ),
    "anthropic.claude-v2": ("claude-v2", ""),
    "anthropic.claude-v2:1": ("claude-v2-1", ""),
    "eu.anthropic.claude-3-haiku-20240307-v1:0": ("claude-3-haiku-20240307", "eu"),
    "us-gov.anthropic.claude-3-5-sonnet-20240620-v1:0": ("claude-3-5-sonnet-20240620", "us-gov"),
    "amazon.nova-lite-v1:0": ("nova-lite", ""),
    "amazon.titan-text-lite-v1": ("titan-text-lite", ""),
    "cohere.command-light-text-v14": ("command-light-text", ""),
    "fast/us/claude-opus-4-6": ("claude-opus-4-6", "fast+us"),
    "vertex_ai/claude-3-5-sonnet-v2@20241022": ("claude-3-5-sonnet-v2-20241022", ""),
    "vertex_ai/claude-opus-5@default": ("claude-opus-5", ""),
    "fireworks_ai/accounts/fireworks/models/firefunction-v2": ("firefunction-v2", ""),
    "cloudflare/@cf/meta/llama-2-7b-chat-int8": ("llama-2-7b-chat", "int8"),
    "lemonade/gpt-oss-20b-mxfp4-GGUF": ("gpt-oss-20b", "gguf+mxfp4"),
    "replicate/llama-2-70b-chat:2c1608e18606fad2812020dc541930f2d0495ce32eee50074220b87300bc16e1": (
        "llama-2-70b-chat",
        "",
    ),
    "openrouter/~anthropic/claude-opus-latest": ("claude-opus-latest", ""),
    "novita/deepseek/deepseek-v3/community": ("deepseek-v3", "community"),
    # genai-prices
    "aws/meta.llama3-8b-instruct-v1%3A0": ("llama3-8b-instruct", ""),
    "aws/regional.openai.gpt-6-luna": ("gpt-6-luna", "regional"),
    # models.dev
    "chutes/Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8": ("qwen3-coder-480b-a35b-instruct", "fp8"),
    "synthetic/hf:deepseek-ai/DeepSeek-V3": ("deepseek-v3", ""),
    "nano-gpt/claude-sonnet-4-thinking:32768": ("claude-sonnet-4-thinking", ""),
    "nano-gpt/anthropic/claude-opus-4.6:thinking:low": ("claude-opus-4.6", "thinking"),
    # OpenRouter
    "google/gemini-2.0-flash-exp:free": ("gemini-2.0-flash-exp", "free"),
    "openai/o3:batch": ("o3", "batch"),
}


@pytest.mark.parametrize(("raw_id", "name"), WRITTEN.items(), ids=WRITTEN)
def test_decoration_becomes_the_variant_and_the_rest_the_slug(raw_id: str, name: tuple[str, str]) -> None:
    assert split_raw_id(raw_id) == Name(*name)


@pytest.mark.parametrize(
    "slug",
    ["gpt-4-turbo", "gemini-2.0-flash-lite", "grok-4-fast", "deepseek-coder-v2", "kimi-k2-thinking", "phi-4"],
)
def test_words_that_belong_to_a_product_name_are_kept(slug: str) -> None:
    assert split_raw_id(slug) == Name(slug, "")


@given(ANY_ID)
def test_any_text_has_a_name_and_a_name_is_its_own_name(raw_id: str) -> None:
    slug = split_raw_id(raw_id).slug
    assert split_raw_id(slug) == Name(slug, "")


@given(st.from_regex(r"[a-zA-Z0-9./:@_-]{0,40}", fullmatch=True))
def test_case_carries_no_meaning(raw_id: str) -> None:
    assert split_raw_id(raw_id.upper()) == split_raw_id(raw_id.lower())


@given(st.text(max_size=40))
def test_spelling_is_idempotent(slug: str) -> None:
    assert spelling(spelling(slug)) == spelling(slug)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("claude-4.5-sonnet", "claude-sonnet-4-5"),
        ("llama-v3p1-8b-instruct", "llama-3.1-8b-instruct"),
        ("kimi-k2p5", "kimi-k2.5"),
        ("deepseek-3.2", "deepseek-v3.2"),
        ("claude-4-opus", "claude-opus-4"),
    ],
)
def test_spellings_of_one_name_agree(one: str, other: str) -> None:
    assert spelling(one) == spelling(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("glm-4.5", "glm-5.4"),
        ("claude-3-5-sonnet", "claude-5-3-sonnet"),
        ("qwen3-32b", "qwen3.3-2b"),
        ("gpt-4-0613", "gpt-4-0314"),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-06-08"),
    ],
)
def test_different_versions_are_spelt_differently(one: str, other: str) -> None:
    assert spelling(one) != spelling(other)


def test_packaging_is_proposed_from_the_least_to_the_most_removed() -> None:
    proposals = list(packaging_removed("meta-llama-3.1-70b-instruct-turbo-free"))
    assert proposals[0] == Name("meta-llama-3.1-70b-instruct-turbo", "free")
    assert Name("llama-3.1-70b-instruct", "turbo+free") in proposals


@pytest.mark.parametrize("slug", ["grok-5-fast", "gpt-4-turbo", "qwen4-235b-thinking", "devstral-medium"])
def test_words_that_vendors_use_for_other_weights_are_never_proposed_as_packaging(slug: str) -> None:
    assert list(packaging_removed(slug)) == []


@given(st.text(max_size=60))
def test_proposals_end_and_never_repeat(slug: str) -> None:
    proposals = [name.slug for name in packaging_removed(slug)]
    assert len(proposals) == len(set(proposals))
    assert all(len(name) < len(slug) for name in proposals)


@pytest.mark.parametrize(
    ("slug", "size"),
    [
        ("together-ai-up-to-4b", "up-to-4b"),
        ("together-ai-81.1b-110b", "81.1b-110b"),
        ("fireworks-ai-4.1b-to-16b", "4.1b-to-16b"),
        ("fireworks-ai-moe-up-to-56b", "moe-up-to-56b"),
        ("fireworks-ai-embedding-150m-to-350m", "embedding-150m-to-350m"),
        ("fireworks-ai-above-16b", "above-16b"),
        ("fireworks-ai-default", "default"),
    ],
)
def test_prices_by_size_are_classes_not_models(slug: str, size: str) -> None:
    assert price_class(slug) == size


@pytest.mark.parametrize("slug", ["gpt-4", "together-ai-llama-4b", "llama-3.1-8b"])
def test_names_of_models_are_not_price_classes(slug: str) -> None:
    assert price_class(slug) is None


def test_the_path_names_the_maker_without_marks() -> None:
    assert vendor_path("synthetic/hf:Qwen/Qwen3-32B") == ("synthetic", "qwen")
    assert vendor_path("openrouter/~z-ai/glm-latest") == ("openrouter", "z-ai")
    assert vendor_path("nano-gpt/TheDrummer 2/Cydonia-24B-v4.3") == ("nano-gpt", "thedrummer")
    assert vendor_path("gpt-4") == ()
