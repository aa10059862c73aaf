"""Which model does a raw id name, once the host's own decoration is taken off?

Rules only; what rules cannot know is in the reviewed tables ``data/reference/models.csv`` and
``aliases.csv``. A slug is lower case, hyphenated, without host, region, vendor path or packaging:
``us.anthropic.claude-3-5-sonnet-20241022-v2:0`` and ``openrouter/anthropic/claude-3.5-sonnet:beta`` become
``claude-3-5-sonnet-20241022`` and ``claude-3.5-sonnet``.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: Vendor names that clouds put before a dot: ``anthropic.claude-v2``.
_VENDOR_DOT: Final = re.compile(
    r"^(?:ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|"
    r"openai|qwen|stability|twelvelabs|writer|xai|zai|z-ai|zhipu)\.(?=[a-z])"
)
_REGION_DOT: Final = re.compile(r"^(?:us-gov|us|eu|apac|ap|jp|au|ca|global|in|sa|me|af|il|mx|uk)\.")
_REGION_PATH: Final = re.compile(
    r"/(us-gov-east-1|us-gov-west-1|(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d|global-standard|global|us|eu|"
    r"datazone|regional|\d+-month-commitment|[a-z0-9-]*commitment)/"
)
#: Packaging after a colon on routers: a cheaper, faster or longer way to the same weights.
_COLON: Final = re.compile(r":(free|beta|extended|nitro|floor|thinking|online|exacto|discounted|batch|flex|fast|cloud)$")
_BEDROCK_VERSION: Final = re.compile(r"(?:-v\d+)?:\d+(?::\w+)?$|-v\d+$(?<=-v[12])(?=$)")
_PRECISION: Final = re.compile(r"[-_](fp8|fp4|nvfp4|bf16|fp16|int8|int4|awq|gptq|gguf|w4a16|w8a8|mxfp4)(?:[-_](?:dynamic|tput|throughput))?$")


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

    Examples
    --------
    >>> split_raw_id("bedrock/us-west-2/anthropic.claude-v2:1")
    Name(slug='claude-v2-1', variant='us-west-2')
    >>> split_raw_id("fireworks_ai/accounts/fireworks/models/deepseek-r1")
    Name(slug='deepseek-r1', variant='')
    >>> split_raw_id("openrouter/deepseek/deepseek-r1:free")
    Name(slug='deepseek-r1', variant='free')
    """
    text = raw_id.strip().lower()
    variants: list[str] = []
    if region := _REGION_PATH.search(text):
        variants.append(region[1])
    text = text.rsplit("/", 1)[-1]
    if region := _REGION_DOT.match(text):
        variants.append(region[0].rstrip("."))
        text = text[region.end() :]
    text = _VENDOR_DOT.sub("", text)
    if packaging := _COLON.search(text):
        variants.append(packaging[1])
        text = text[: packaging.start()]
    if text.startswith("claude-v2:1"):
        text = "claude-v2-1"
    text = _BEDROCK_VERSION.sub("", text)
    if precision := _PRECISION.search(text):
        variants.append(precision[1])
        text = text[: precision.start()]
    slug = re.sub(r"-{2,}", "-", re.sub(r"[@:_\s]", "-", text)).strip("-")
    return Name(slug, "+".join(variants))
