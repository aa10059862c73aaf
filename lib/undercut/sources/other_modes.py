"""What do the tables say about services that do not write text: pictures, speech, video, vectors?

They are sold by the image, the second, the character or the query as well as by the token, so a price means
nothing without its unit. They are kept, and set aside from everything that compares prices of text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from undercut.sources.quotes import Quote, condition_text, rounded

#: What the names of models give away, whatever mode a table files them under; in this order.
_BY_NAME: Final[dict[str, re.Pattern[str]]] = {
    mode: re.compile(pattern, re.IGNORECASE)
    for mode, pattern in {
        "rerank": r"rerank",
        "embedding": r"embed|bge-|\be5-|\bvoyage-",
        "moderation": r"moderation|guard-image",
        "audio_transcription": r"whisper|parakeet|canary-|speech-to|transcribe",
        "audio_speech": r"\btts\b|-tts|text-to-speech|lyria|musicgen|suno",
        "video_generation": r"seedance|\bveo\b|veo-\d|sora-|wan2|wan-2|kling|hailuo",
        "image_generation": r"\bflux|flux-|stable-diffusion|sdxl|\bsd3|playground-v2|dall-e|imagen|seedream|"
        r"kolors|gpt-image|grok-imagine|recraft|ideogram",
    }.items()
}
_BY_PRODUCT: Final = {"image": "image_generation", "audio": "audio_speech", "video": "video_generation"}
_PRICE: Final = re.compile(
    r"(?:(input|output)_cost|(ocr)_cost)_per_(?:(?:audio|video)_per_)?"
    r"(token|audio_token|image_token|video_token|character|pixel|image|second|query|page)(?:_([\d.]+[kp]?))?",
    re.IGNORECASE,
)
_BY_THE_MILLION: Final = ("token", "audio_token", "image_token", "video_token", "character", "pixel")
#: Where an entry is priced in several units, the first of these is its price and the others conditions.
_UNITS: Final = ("image", "second", "character", "query", "page", "pixel", "token")
_TOKENS_FIRST: Final = ("embedding", "realtime", "moderation", "evaluation", "extraction")


def mode_of_name(raw_id: str) -> str | None:
    """What a model does that does not write text, by its name; None where it may write text.

    Examples
    --------
    >>> mode_of_name("openai/gpt-4o"), mode_of_name("openai/whisper-1"), mode_of_name("bge-reranker-v2")
    (None, 'audio_transcription', 'rerank')
    """
    return next((mode for mode, pattern in _BY_NAME.items() if pattern.search(raw_id)), None)


def mode_of_product(raw_id: str, produces: list[str]) -> str | None:
    """The same, for tables that say what a model produces."""
    if "text" in produces:
        return mode_of_name(raw_id)
    return mode_of_name(raw_id) or next((_BY_PRODUCT[p] for p in produces if p in _BY_PRODUCT), "other")


def quote_by_unit(raw_host: str, raw_id: str, mode: str, entry: Mapping[str, Any]) -> Quote | None:
    """The price of one entry in litellm's format, in its own unit; None where it states none.

    ``input`` and ``output`` are US dollars per :attr:`Quote.unit`; prices in other units and by size of the
    picture are conditions.

    Examples
    --------
    >>> drawing = {"output_cost_per_image": 0.04, "input_cost_per_token": 5e-06}
    >>> quote = quote_by_unit("openai", "dall-e-3", "image_generation", drawing)
    >>> quote.output, quote.unit, quote.conditions
    (0.04, 'image', '[{"input": 5.0, "unit": "million tokens"}]')
    """
    prices: dict[tuple[str, str], dict[str, float | None]] = {}
    for field, value in entry.items():
        match = _PRICE.fullmatch(field)
        if match and value is not None and value != "":
            unit = match[3].lower()
            scale = 1e6 if unit in _BY_THE_MILLION else 1.0
            side = (match[1] or "input").lower()
            prices.setdefault((unit, match[4] or ""), {})[side] = rounded(float(value) * scale)
    units = [unit for unit, size in prices if not size]
    if not units:
        return None
    order = [*(("token",) if mode in _TOKENS_FIRST else ()), *_UNITS, *units]
    charged = [unit for unit in units if any(prices[unit, ""].values())]
    chosen = min(charged or units, key=order.index)
    others = [
        {"unit": unit_name(unit), "size": size or None, **sides}
        for (unit, size), sides in prices.items()
        if (unit, size) != (chosen, "") and any(sides.values())
    ]
    price = prices[chosen, ""]
    return Quote(
        raw_host, raw_id, mode, price.get("input"), price.get("output"),
        conditions=condition_text(others), unit=unit_name(chosen),
    )  # fmt: skip


def unit_name(unit: str) -> str:
    """A unit in words: ``million audio tokens``, ``image``."""
    return f"million {unit.replace('_', ' ')}s" if unit in _BY_THE_MILLION else unit
