"""What did the litellm price table say, release by release (November 2023 on), and tokencost's copy of it?

Both packages ship one JSON object, ``{raw id: {"input_cost_per_token": ..., ...}}``. Tokencost fills 2024,
when litellm's wheels did not carry the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from undercut.sources.other_modes import mode_of_name, quote_by_unit
from undercut.sources.quotes import (
    TEXT_MODES,
    Quote,
    Table,
    condition_text,
    parse_json_object,
    per_million,
    prices_in,
    table_of,
)

MEMBER: Final = r"litellm/model_prices_and_context_window_backup\.json"
TOKENCOST_MEMBER: Final = r"tokencost/model_prices\.json"

_FIELDS: Final = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}
_LONG_CONTEXT: Final = re.compile(r"(.+)_above_(\d+)k_tokens")
_SERVICES: Final = ("priority", "flex")


def parse(content: bytes, *, what: str = "the litellm price table") -> Table:
    """Quotes of one litellm (or tokencost) table.

    Parameters
    ----------
    content : bytes
        The JSON file as published.
    what : str
        Name for error messages.

    Raises
    ------
    SourceError
        The bytes are not a JSON object.

    Examples
    --------
    >>> table = parse(b'{"gpt-4": {"mode": "chat", "litellm_provider": "openai",'
    ...               b' "input_cost_per_token": 3e-05, "output_cost_per_token": 6e-05}}')
    >>> table.quotes[0].input, table.quotes[0].output
    (30.0, 60.0)
    """
    return table_of(parse_json_object(content, what).items(), lambda raw_id, entry: [_quote(raw_id, entry)])


def _quote(raw_id: str, entry: Mapping[str, Any]) -> Quote | None:
    """The entry's price; None where it states none."""
    if not isinstance(entry, dict) or raw_id == "sample_spec":
        return None
    host, mode = str(entry.get("litellm_provider") or ""), str(entry.get("mode", "chat") or "other")
    other = mode_of_name(raw_id) if mode in TEXT_MODES else mode
    if other is not None:
        quote = quote_by_unit(host, raw_id, other, entry)
        return quote and quote._replace(withdrawn_on=_iso_date(entry.get("deprecation_date")))
    if entry.get("input_cost_per_token") is None and entry.get("output_cost_per_token") is None:
        return None
    prices = prices_in(entry, _FIELDS, per_million)
    if prices["cache_read"] is None:
        # Older tables name the price of a cache hit differently.
        prices["cache_read"] = per_million(entry.get("input_cost_per_token_cache_hit"))
    context = entry.get("max_input_tokens") or entry.get("max_tokens")
    return Quote(
        host,
        raw_id,
        mode,
        **prices,
        batch_input=per_million(entry.get("input_cost_per_token_batches")),
        batch_output=per_million(entry.get("output_cost_per_token_batches")),
        context_tokens=int(float(context)) if context else None,
        conditions=condition_text(_conditions(entry)),
        withdrawn_on=_iso_date(entry.get("deprecation_date")),
    )


def _conditions(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    conditions = [*_long_context(entry), *_tiers(entry), *_services(entry)]
    reasoning = per_million(entry.get("output_cost_per_reasoning_token"))
    if reasoning is not None and reasoning != per_million(entry.get("output_cost_per_token")):
        conditions.append({"reasoning": True, "output": reasoning})
    return conditions + _off_peak(entry)


def _long_context(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = {field: name for name, field in _FIELDS.items()}
    tiers: dict[int, dict[str, Any]] = {}
    for key, value in entry.items():
        match = _LONG_CONTEXT.fullmatch(key)
        if match and match[1] in names:
            above = int(match[2]) * 1000
            tiers.setdefault(above, {"above_tokens": above})[names[match[1]]] = per_million(value)
    return list(tiers.values())


def _tiers(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Tiers beyond the first, which is the base price."""
    tiers = [(int(float((t.get("range") or [0])[0])), t) for t in entry.get("tiered_pricing") or []]
    return [
        {"above_tokens": start, **prices_in(tier, _FIELDS, per_million)} for start, tier in tiers if start > 0
    ]


def _services(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    services: list[dict[str, Any]] = []
    for service in _SERVICES:
        fields = {name: f"{field}_{service}" for name, field in _FIELDS.items()}
        services.append({"service": service, **prices_in(entry, fields, per_million)})
    return [service for service in services if any(service[name] is not None for name in _FIELDS)]


def _off_peak(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    off_peak = entry.get("off_peak_pricing")
    if not isinstance(off_peak, dict):
        return []
    prices = prices_in(off_peak, _FIELDS, per_million)
    windows = [(w.get("hours_utc"), w.get("weekdays")) for w in off_peak.get("windows") or []]
    return [
        {"hours_utc": [hours] if isinstance(hours, str) else hours, "weekdays": weekdays, **prices}
        for hours, weekdays in windows
    ]


def _iso_date(value: Any) -> str | None:
    text = str(value) if value else ""
    return text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
