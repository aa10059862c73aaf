"""What is a row of the price panel? Column names, types and allowed values, in one place.

One row is one offer over one period at one unchanged tariff, as one source reports it. Prices are
US dollars per million tokens.
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
)

STATUSES: Final = ("ok", "unit_error", "placeholder", "alias_moved", "backport", "free", "disputed")
ACCESS: Final = ("open", "open-restricted", "open-noncommercial", "closed")

#: A quote: one raw id in one published table. Sources return these, before any judgement.
QUOTE_COLUMNS: Final = (
    "source",
    "raw_host",  # the source's own name for the seller
    "raw_id",
    "mode",  # chat | completion | responses
    *PRICE_COLUMNS,
    "context_tokens",
    "conditions",
    "effective_from",  # the day a dated source gives; null otherwise
)
