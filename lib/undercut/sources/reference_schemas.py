"""What must hold in each reference table? Its columns, types and allowed values, checked at every load."""

from __future__ import annotations

from typing import Any, Final

import pandera.pandas as pa

ACCESS: Final = ("open", "open-restricted", "open-noncommercial", "closed")
HOST_KINDS: Final = ("developer", "cloud", "host", "router", "subscription", "local")
RELEASE_SOURCES: Final = ("Epoch AI", "models.dev", "events", "id", "developer", "first offer")
EVENT_TYPES: Final = (
    "open_model_release",
    "price_cut",
    "price_increase",
    "regulation",
    "security_or_ban",
    "confounder",
    "adoption",
    "market_shock",
    "capital_market",
)
ADOPTER_ROLES: Final = ("uses", "builds on", "sells", "said to build on", "speaks for")
CONFIDENCE: Final = ("source_read", "secondary_source", "unverified")
_SLUG: Final = r"[^\sA-Z|~/]+"
_COUNTRY: Final = r"[A-Z]{2}"


def _text(*, nullable: bool = False, unique: bool = False, pattern: str | None = None) -> Any:
    checks = [pa.Check.str_matches(f"^(?:{pattern})$")] if pattern else []
    return pa.Column("str", checks, nullable=nullable, unique=unique)


def _one_of(allowed: tuple[str, ...], *, nullable: bool = False) -> Any:
    return pa.Column("str", pa.Check.isin(allowed), nullable=nullable)


def _day(*, nullable: bool = False) -> Any:
    return pa.Column("datetime64[us]", nullable=nullable)


def _number(*, least: float | None = None, nullable: bool = False, whole: bool = False) -> Any:
    checks = [] if least is None else [pa.Check.ge(least)]
    return pa.Column("Int64" if whole else "float64", checks, nullable=nullable)


def _table(columns: dict[str, Any], *, unique: list[str] | None = None) -> Any:
    return pa.DataFrameSchema(columns, strict=True, ordered=True, coerce=True, unique=unique)


SCHEMAS: Final[dict[str, Any]] = {
    "models": _table(
        {
            "model_id": _text(unique=True, pattern=_SLUG),
            "name": _text(),
            "developer": _text(),
            "origin": _text(nullable=True, pattern=_COUNTRY),
            "access": _one_of(ACCESS, nullable=True),
            "licence": _text(nullable=True),
            "release_date": _day(nullable=True),
            "release_source": _one_of(RELEASE_SOURCES, nullable=True),
            "family": _text(nullable=True),
            "slugs": _text(nullable=True),
            "capability_model": _text(nullable=True),
        }
    ),
    "aliases": _table(
        {
            "host": _text(pattern=rf"\*|{_SLUG}"),
            "alias": _text(pattern=_SLUG),
            "model_id": _text(nullable=True, pattern=_SLUG),
            "valid_from": _day(),
            "valid_to": _day(nullable=True),
            "source": _text(),
        },
        unique=["host", "alias", "valid_from"],
    ),
    "hosts": _table(
        {
            "host": _text(unique=True, pattern=_SLUG),
            "name": _text(),
            "country": _text(nullable=True, pattern=_COUNTRY),
            "kind": _one_of(HOST_KINDS),
            "raw_hosts": _text(),
            "closed_on": _day(nullable=True),
        }
    ),
    "developers": _table(
        {
            "developer": _text(),
            "origin": _text(nullable=True, pattern=_COUNTRY),
            "default_access": _one_of(ACCESS, nullable=True),
            "own_host": _text(nullable=True, pattern=_SLUG),
            "home_page": _text(nullable=True),
            "vendor_paths": _text(nullable=True),
            "patterns": _text(nullable=True),
        }
    ),
    "capability": _table(
        {
            "model": _text(unique=True),
            "eci": _number(least=0),
            "eci_low": _number(least=0, nullable=True),
            "eci_high": _number(least=0, nullable=True),
            "release_date": _day(),
            "developer": _text(nullable=True),
            "country": _text(nullable=True, pattern=_COUNTRY),
            "access": _one_of((*ACCESS, "unknown")),
        }
    ),
    "arena": _table(
        {
            "task": _text(pattern=r"[a-z_]+"),
            "arena_name": _text(),
            "model_id": _text(nullable=True, pattern=_SLUG),
            "rating": _number(least=0),
            "rating_low": _number(least=0),
            "rating_high": _number(least=0),
            "votes": _number(least=1, whole=True),
        },
        unique=["task", "arena_name"],
    ),
    "events": _table(
        {
            "event_id": _text(unique=True, pattern=r"E\d{3,}"),
            "date": _day(),
            "us_trading_day": _day(),
            "type": _one_of(EVENT_TYPES),
            "actor": _text(),
            "country": _text(pattern=rf"{_COUNTRY}(?:/{_COUNTRY})*"),
            "title": _text(),
            "description": _text(),
            "source": _text(),
            "confidence": _one_of(CONFIDENCE),
        }
    ),
    "token_share": _table(
        {
            "week_ending": _day(),
            "model": _text(),
            "developer": _text(),
            "country": _text(nullable=True, pattern=_COUNTRY),
            "open_weights": _number(least=0, nullable=True, whole=True),
            "tokens_7d": _number(least=1, whole=True),
            "source": _text(),
        },
        unique=["week_ending", "model"],
    ),
    "gpu_rental": _table(
        {
            "date": _day(),
            "gpu": _one_of(("A100", "H100", "H200", "B200")),
            "usd_per_gpu_hour_median_list": _number(least=0),
            "usd_per_gpu_hour_restated": _number(least=0, nullable=True),
            "n_providers": _number(least=1, whole=True),
            "source": _text(),
        },
        unique=["date", "gpu"],
    ),
    "fundamentals": _table(
        {
            "ticker": _text(),
            "fiscal_period": _text(),
            "period_end": _day(nullable=True),
            "item": _text(),
            "value": _number(),
            "unit": _text(),
            "currency": _text(nullable=True, pattern=r"[A-Z]{3}"),
            "source_title": _text(),
            "source_publisher": _text(),
            "confidence": _one_of(("source_read", "secondary_source")),
        }
    ),
    "adopters": _table(
        {
            "company": _text(),
            "ticker": _text(nullable=True, pattern="[A-Z]+"),
            "country": _text(pattern=_COUNTRY),
            "model": _text(),
            "role": _one_of(ADOPTER_ROLES),
            "event_id": _text(pattern=r"E\d{3,}"),
        },
        unique=["company", "model", "event_id"],
    ),
    "claims": _table(
        {
            "id": _text(unique=True, pattern=r"C\d{2}"),
            "claim": _text(),
            "supported_by": _text(),
            "contradicted_by": _text(),
            "would_change": _text(),
            "limit": _text(nullable=True),
        }
    ),
    "claim_tests": _table(
        {
            "claim": _text(pattern=r"C\d{2}"),
            "report": _text(pattern=r"\d{2}_[a-z_]+"),
            "finding": _text(pattern=r"[a-z][a-z0-9_.-]*"),
            "reading": _text(),
            "supports": _one_of(("above", "below")),
            "threshold": _number(),
            "unit": _text(),
        },
        unique=["claim", "report", "finding"],
    ),
}
