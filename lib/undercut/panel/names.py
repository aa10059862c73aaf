"""Which model does a raw id name, once the host's own decoration is taken off?

Rules only; what rules cannot know is in the reviewed tables ``data/reference/models.csv`` and
``aliases.csv``. A slug is lower case, hyphenated, without host, region, vendor path or packaging:
``us.anthropic.claude-3-5-sonnet-20241022-v2:0`` and ``openrouter/anthropic/claude-3.5-sonnet:beta`` become
``claude-3-5-sonnet-20241022`` and ``claude-3.5-sonnet``. Rules that hold for some names only (``-turbo`` is
packaging of Llama but part of the name of GPT-4 Turbo) are not applied here; :func:`packaging_removed`
proposes them, and whoever holds the tables accepts a proposal that leads to a known model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

#: Vendor names that clouds put before a dot: ``anthropic.claude-v2``.
_VENDOR_DOT: Final = re.compile(
    r"^(?:ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|"
    r"openai|qwen|stability|twelvelabs|writer|xai|zai|z-ai|zhipu)\.(?=[a-z])"
)
_REGION_DOT: Final = re.compile(
    r"^(us-gov|us|eu|apac|ap|jp|au|ca|global|regional|in|sa|me|af|il|mx|uk)\.(?=[a-z0-9-]+\.)"
)
#: Path components that name a region, a deployment, a commitment or a service: same weights, another price.
_SERVICE_PATH: Final = re.compile(
    r"(?:us-gov|us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d|global-standard|global|us-gov|us|eu|apac|datazone|"
    r"regional|[a-z0-9-]*commitment|fast|tee|claude_platform|bedrock_mantle"
)
#: Last path components that are a way of access to the model named before them.
_ACCESS_PATH: Final = ("community", "query")
_COLON: Final = re.compile(
    r":(free|beta|extended|nitro|floor|thinking|online|exacto|discounted|batch|flex|priority|fast|cloud|"
    r"variant\d)$"
)
#: Effort or thinking budget behind the name: ``:thinking:8192``, ``-thinking:low``.
_BUDGET: Final = re.compile(r"(?<=thinking):(\d+|low|medium|high|max)$")
_REVISION_HASH: Final = re.compile(r":[0-9a-f]{32,}$")
_DEPLOYMENT_DEFAULT: Final = re.compile(r"@default$")
_BEDROCK_REVISION: Final = re.compile(r"(?:-v\d+)?:\d+(?::\w+)?$")
#: Bedrock ends ids in ``-v1``; in Claude 1, 2 and Instant it is the version of the model itself.
_BEDROCK_PLAIN_REVISION: Final = re.compile(r"(?<!claude)(?<!claude-instant)-v\d+$")
_PRECISION: Final = re.compile(
    r"[-_](fp8|fp4|nvfp4|bf16|fp16|int8|int4|awq|gptq|gguf|w4a16|w8a8|mxfp4)(?:[-_](?:dynamic|tput|throughput|mtp))?$"
)
_PRICE_CLASS: Final = re.compile(
    r"^(?:together|fireworks)-ai-(default|(?:embedding-|moe-)?(?:up-to-|above-)?[\d.]+[bm]?(?:-to)?(?:-[\d.]+[bm])?)$"
)
#: Words that hosts put before a model's name.
_PREFIX: Final = re.compile(
    r"^(databricks|anthropic|openai|meta|google|nvidia|mistral|mistralai|moonshotai|cohere|deepseek-ai|"
    r"alibaba|alicloud|amazon|arcee|ai21|azure|snowflake|xiaomi|zai|zai-org|z-ai|fw|coding|cc|duo-chat|route)-+"
)
_SUFFIX: Final = re.compile(
    r"-(fast|ultrafast|turbo|free|tee|maas|highspeed|hs|thinking|think|reasoning|reasoner|non-reasoning|nothink|"
    r"search|spot|batch|flex|priority|original|official|online|lora|precision|full|default|exacto|long|cheaper|"
    r"fp8|fp4|nvfp4|bf16|fp16|6bit|4bit|8bit|mlx|el|cs|fw|tput|v1|hf)$"
    # Effort is a setting of reasoning models only: Mistral Medium and Devstral Medium are models.
    r"|(?<=\d)-(x?high|low|medium|minimal)$"
)
#: Prefixes that mark another offer (a coding plan, another's endpoint), not just the vendor.
_OFFER_PREFIX: Final = frozenset({"alicloud", "azure", "cc", "coding", "fw"})
#: The same words where vendors use them for other weights.
_OWN_PRODUCT: Final = re.compile(
    r"^grok.*-fast$|^(?:gpt-[34]|qwen-|baichuan|hunyuan|ernie|glm|whisper).*-turbo$|"
    r"^(?:qwen|ernie|longcat|kimi|step|lfm|trinity|hunyuan|baichuan).*-think(?:ing)?$|"
    r"^(?:phi|ministral|magistral|exaone|lfm|nemotron|grok).*-reasoning$|^gpt-4o.*-search$|^qwen-long$"
)


class Name(NamedTuple):
    """A raw id taken apart.

    Attributes
    ----------
    slug : str
        The model's name without decoration.
    variant : str
        Decoration that makes a different offer of the same model: region, speed, quantisation; may be empty.
    """

    slug: str
    variant: str


def split_raw_id(raw_id: str) -> Name:
    """Take the host's decoration off a raw id.

    Never raises; splitting a slug again returns it unchanged.

    Examples
    --------
    >>> split_raw_id("bedrock/us-west-2/6-month-commitment/anthropic.claude-v2:1")
    Name(slug='claude-v2-1', variant='us-west-2+6-month-commitment')
    >>> split_raw_id("fireworks_ai/accounts/fireworks/models/deepseek-r1")
    Name(slug='deepseek-r1', variant='')
    >>> split_raw_id("openrouter/deepseek/deepseek-r1:free")
    Name(slug='deepseek-r1', variant='free')
    >>> split_raw_id("ft:gpt-4o-2024-08-06")
    Name(slug='gpt-4o-2024-08-06', variant='fine-tuned')
    """
    text = unquote(raw_id).strip().lower()
    *path, text = text.strip("/").split("/")
    variants = [part.replace("_", "-") for part in path if _SERVICE_PATH.fullmatch(part)]
    if path and text in _ACCESS_PATH:
        text, variants = path[-1], [*variants, text]
    before = None
    while text != before:
        before = text
        text, variants = _without_cloud_prefix(text, variants)
        text, variants = _without_tail(text, variants)
        text = re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9.()-]+", "-", text)).strip("-.")
    return Name(text, "+".join(dict.fromkeys(variants)))


def _without_cloud_prefix(text: str, variants: list[str]) -> tuple[str, list[str]]:
    """Take region, vendor and fine-tuning marks off the front."""
    if text.startswith("ft:"):
        text, variants = text[3:].split(":")[0], [*variants, "fine-tuned"]
    if region := _REGION_DOT.match(text):
        text, variants = text[region.end() :], [*variants, region[1]]
    if vendor := _VENDOR_DOT.match(text):
        text = text[vendor.end() :]
        text = _BEDROCK_PLAIN_REVISION.sub("", text)
    return text, variants


def _without_tail(text: str, variants: list[str]) -> tuple[str, list[str]]:
    """Take packaging, revision and precision marks off the end."""
    if text.startswith("claude-v2:1"):
        return "claude-v2-1", variants
    text = _DEPLOYMENT_DEFAULT.sub("", _REVISION_HASH.sub("", _BUDGET.sub("", text)))
    while packaging := _COLON.search(text):
        text, variants = text[: packaging.start()], [*variants, packaging[1]]
    text = _BEDROCK_REVISION.sub("", text)
    while precision := _PRECISION.search(text):
        text, variants = text[: precision.start()], [*variants, precision[1]]
    return text, variants


def vendor_path(raw_id: str) -> tuple[str, ...]:
    """The path before the name, lower case: who the host says made the model.

    >>> vendor_path("nano-gpt/Sao10K/L3.3-70B-Euryale-v2.3")
    ('nano-gpt', 'sao10k')
    """
    parts = unquote(raw_id).strip().lower().split("/")[:-1]
    return tuple(re.sub(r"^(?:hf:|[~@])|\s\d$", "", part) for part in parts)


def price_class(slug: str) -> str | None:
    """The class of a price that a host lists by number of parameters; None for the name of a model.

    >>> price_class("together-ai-4.1b-8b"), price_class("fireworks-ai-up-to-4b"), price_class("gpt-4")
    ('4.1b-8b', 'up-to-4b', None)
    """
    match = _PRICE_CLASS.fullmatch(slug)
    return match[1] if match else None


def spelling(slug: str) -> str:
    """A key under which spellings of one name agree, whatever the order of words and the sign in versions.

    >>> spelling("claude-4.5-sonnet") == spelling("claude-sonnet-4-5")
    True
    >>> spelling("glm-4p5") == spelling("glm-4.5") != spelling("glm-5.4")
    True
    """
    text = re.sub(r"(?<=\d)p(?=\d)", ".", slug.lower())
    text = re.sub(r"(?<=\d)-(?=\d{1,2}(?:-|$))", ".", text)
    text = re.sub(r"(?:(?<=-)|^)v(?=\d)", "", text)
    return "-".join(sorted(part for part in text.split("-") if part))


def packaging_removed(slug: str, *, depth: int = 3) -> Iterator[Name]:
    """Shorter names that ``slug`` may be a packaging of, least removed first; check each in a table.

    >>> [name.slug for name in packaging_removed("databricks-glm-5-fast")]
    ['databricks-glm-5', 'glm-5-fast', 'glm-5']
    """
    seen = {slug}
    level = [Name(slug, "")]
    for _ in range(depth):
        following = []
        for slug_now, variant in level:
            for name in _one_part_removed(slug_now, variant):
                if name.slug and name.slug not in seen:
                    seen.add(name.slug)
                    following.append(name)
                    yield name
        level = following


def _one_part_removed(slug: str, variant: str) -> Iterator[Name]:
    suffix = _SUFFIX.search(slug)
    if suffix and not _OWN_PRODUCT.search(slug):
        word = suffix[0][1:]
        # "-v1" and "-hf" end ids of some clouds and say nothing about the offer.
        mark = "" if word in ("v1", "hf", "default") else word
        yield Name(slug[: suffix.start()], "+".join(part for part in (mark, variant) if part))
    if prefix := _PREFIX.match(slug):
        mark = prefix[1] if prefix[1] in _OFFER_PREFIX else ""
        yield Name(slug[prefix.end() :], "+".join(part for part in (mark, variant) if part))
