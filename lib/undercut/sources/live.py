"""What do OpenRouter and models.dev say right now? For users with a network.

Answers are cached on disk for an hour, so that a notebook run again does not ask again. A failure is an
error that names the source; it never becomes an empty table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from undercut.errors import SourceError
from undercut.provenance import Provenance, attach, sha256_of
from undercut.sources import models_dev
from undercut.sources.download import download, kept
from undercut.sources.quotes import Quote, Table, parse_json_object, per_million, table_of, to_frame

MAX_AGE: Final = dt.timedelta(hours=1)
_WAY_OUT: Final = (
    "Check the network or try again later; the panel that ships with the project works without it."
)


@dataclass(frozen=True, slots=True)
class LiveSource:
    """A public address that answers with a price table."""

    name: str
    url: str
    parse: Callable[..., Table]
    licence: str


def parse_openrouter(content: bytes, *, what: str = "OpenRouter's list of models") -> Table:
    """Quotes of OpenRouter's public models endpoint (prices there are dollars per token, as text).

    Raises
    ------
    SourceError
        Not the documented layout, or no models in it.
    """
    models = parse_json_object(content, what).get("data")
    if not isinstance(models, list) or not models:
        raise SourceError(f"{what} holds no models; nothing was changed.")
    named = ((str(model.get("id") if isinstance(model, dict) else model), model) for model in models)
    table = table_of(named, lambda _, model: [_openrouter_quote(model)])
    if not table.quotes:
        raise SourceError(f"{what} holds {len(models)} models but no readable price; its layout has changed.")
    return table


def _openrouter_quote(model: dict[str, Any]) -> Quote:
    pricing = model["pricing"]
    context = model.get("context_length")
    return Quote(
        raw_host="openrouter",
        raw_id=model["id"],
        mode="chat",
        input=per_million(pricing["prompt"]),
        output=per_million(pricing["completion"]),
        cache_read=per_million(pricing.get("input_cache_read")),
        cache_write=per_million(pricing.get("input_cache_write")),
        context_tokens=int(context) if context else None,
    )


OPENROUTER: Final = LiveSource(
    "openrouter", "https://openrouter.ai/api/v1/models", parse_openrouter, "public API; facts only"
)
MODELS_DEV: Final = LiveSource("models-dev-live", "https://models.dev/api.json", models_dev.parse, "MIT")
LIVE_SOURCES: Final = (OPENROUTER, MODELS_DEV)


def read_live(source: LiveSource, *, cache_dir: Path | None = None, url: str | None = None) -> pd.DataFrame:
    """The source's prices now, as a tidy frame with provenance.

    Parameters
    ----------
    source : LiveSource
        :data:`OPENROUTER` or :data:`MODELS_DEV`.
    cache_dir : Path, optional
        Where answers are kept for an hour.
    url : str, optional
        Another address, for mirrors and tests.

    Raises
    ------
    SourceError
        No answer, an answer that is not JSON, or no prices in it.
    """
    content, moment = fetch(source, cache_dir=cache_dir, url=url)
    table = source.parse(content, what=source.name)
    if not table.quotes:
        raise SourceError(f"{source.name} answered without a single price; nothing was changed.")
    entry = Provenance(
        source.name, moment.isoformat(), moment.isoformat(), source.licence, sha256_of(content)
    )
    return attach(to_frame(table), entry)


def fetch(
    source: LiveSource, *, cache_dir: Path | None = None, url: str | None = None
) -> tuple[bytes, dt.datetime]:
    """The raw answer, once it has proved readable, and the moment it was given."""
    address = url or source.url
    held = cache_dir and cache_dir / f"{source.name}-{sha256_of(address.encode())[:12]}.json"
    return kept(
        held,
        MAX_AGE,
        lambda: download(source.name, address, way_out=_WAY_OUT, accept="application/json"),
        lambda content: source.parse(content, what=source.name),
    )
