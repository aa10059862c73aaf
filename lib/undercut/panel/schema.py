"""What is a row of the price panel? Column names, types and allowed values, in one place.

One row is one offer over one period at one unchanged tariff, as one source reports it. Prices are
US dollars per million tokens, except for services that do not write text (status ``other_mode``): those are
in US dollars per ``unit``.
"""

from __future__ import annotations

from typing import Final

PRICE_COLUMNS: Final = ("input", "output", "cache_read", "cache_write", "batch_input", "batch_output")

#: Columns of the panel, in order. The first twenty-odd are the contract that other programs read.
PANEL_COLUMNS: Final = (
    "host",  # who sells, canonical id (data/reference/hosts.csv)
    "model_id",  # canonical model (data/reference/models.csv); the dated model behind an alias
    "raw_id",  # the id as the source writes it
    "developer",
    "origin",  # ISO 3166 country of the developer
    "access",  # open | open-restricted | open-noncommercial | closed
    "valid_from",  # first day on which the tariff was on offer (midnight UTC)
    "valid_to",  # first day on which it no longer was; null = still on offer
    *PRICE_COLUMNS,
    "context_tokens",
    "source",
    "first_seen",  # moment of the first publication of the source that shows it
    "last_seen",  # moment of the last one
    "status",
    "note",
    "variant",  # what distinguishes offers of one model by one host: region, speed, quantisation
    "conditions",  # JSON list of conditional tariffs: long context, hours of the day, promotions
    "mode",  # chat | completion | responses for text; image_generation, embedding, ... otherwise
    "unit",  # what a price buys: million tokens; otherwise image, second, million characters, query, ...
    "yuan_per_usd",  # the rate at which the source converted a price in yuan; null = stated in dollars
)

STATUSES: Final = (
    "ok", "unit_error", "placeholder", "alias_moved", "backport", "free", "disputed", "other_mode",
)  # fmt: skip
ACCESS: Final = ("open", "open-restricted", "open-noncommercial", "closed")
