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
CALENDAR_KINDS: Final = ("earnings", "fomc", "cpi", "jobs")
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


#: How sure a name on a board is to mean a model of ours.
_MAPPED: Final = ("high", "medium", "low")
#: A finding that is held against a threshold.
_TESTED: Final = {
    "report": _text(pattern=r"\d{2}_[a-z_]+"),
    "finding": _text(pattern=r"[a-z][A-Za-z0-9_.-]*"),
    "reading": _text(),
    "supports": _one_of(("above", "below")),
    "threshold": _number(),
    "unit": _text(),
}
#: A model as models.csv knows it; empty where a name is not mapped.
_MODEL: Final = {
    "model_id": _text(nullable=True, pattern=_SLUG),
    "variant": _text(nullable=True),
    "developer": _text(nullable=True),
    "origin": _text(nullable=True, pattern=_COUNTRY),
    "access": _one_of(ACCESS, nullable=True),
}


def _only(*names: str) -> dict[str, Any]:
    return {name: _MODEL[name] for name in names}


def _counts(*names: str) -> dict[str, Any]:
    return {name: _number(least=0, whole=True) for name in names}


def _amounts(*names: str, nullable: bool = False) -> dict[str, Any]:
    return {name: _number(least=0, nullable=nullable) for name in names}


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
            **_TESTED,
            "least": _number(nullable=True),
            "most": _number(nullable=True),
            "below": _text(),
            "above": _text(),
            "reason": _text(),
            "would_change": _text(),
            "limit": _text(nullable=True),
        }
    ),
    "claim_tests": _table(
        {
            "claim": _text(pattern=r"C\d{2}"),
            "where": _text(),
            **_TESTED,
        },
        unique=["claim", "report", "finding"],
    ),
    "predictions": _table(
        {
            "id": _text(unique=True),
            "made_on": _day(),
            "statement": _text(),
            "series": _text(pattern=r"[a-z][a-z0-9_.]*"),
            "side": _one_of(("above", "below")),
            "threshold": _number(),
            "unit": _text(),
            "due": _day(),
            "probability": _number(least=0),
            "rule": _text(),
        }
    ),
    "predictions_backtest": _table(
        {"day": _day(), "series": _text(pattern=r"[a-z][a-z0-9_.]*"), "step": _number()}
        | {"threshold": _number(), "probability": _number(least=0), "no_change": _number(least=0)}
        | {"outcome": _number(least=0), "brier": _number(least=0), "brier_no_change": _number(least=0)},
        unique=["day", "series", "step"],
    ),
    "token_usage_weekly": _table(
        {
            "week_start": _day(),
            "days": _number(least=1, whole=True),
            "permaslug": _text(),
            "author": _text(nullable=True),
            **_MODEL,
            "open_weights": _number(least=0, nullable=True, whole=True),
            "tokens": _number(least=0, whole=True),
            "share": _number(least=0),
            "mapped_by": _text(nullable=True),
            "source": _text(),
        },
        unique=["week_start", "permaslug"],
    ),
    "token_usage_daily": _table(
        {
            "date": _day(),
            "permaslug": _text(),
            **_only("model_id", "developer", "origin"),
            "open_weights": _number(least=0, nullable=True, whole=True),
            "tokens": _number(least=0, whole=True),
            "rounded_to": _number(least=1, whole=True),
            "source": _text(),
        },
        unique=["date", "permaslug"],
    ),
    "token_open_share_daily": _table(
        {"date": _day()}
        | _counts("closed_tokens", "open_tokens", "unclassified_tokens", "other_tokens")
        | _amounts("open_share_low", "open_share_high")
        | _counts("rounded_to"),
        unique=["date"],
    ),
    "token_mix_weekly": _table(
        {"week_start": _day(), "rank": _number(least=1, whole=True), "permaslug": _text()}
        | _only("model_id", "variant", "developer", "origin")
        | {"open_weights": _number(least=0, nullable=True, whole=True)}
        | _counts("total_tokens", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")
        | _counts("request_count")
        | _amounts("sum_over_total", "completion_share", "prompt_per_completion", "reasoning_of_completion")
        | _amounts("cached_of_prompt", "tokens_per_request", "prompt_price_usd_per_m")
        | _amounts("completion_price_usd_per_m", "cache_read_price_usd_per_m")
        | {"source": _text()},
        unique=["week_start", "permaslug"],
    ),
    "capability_scores": _table(
        {"measure": _text(pattern=r"[a-z0-9_]+"), "model": _text(), "slug": _text(nullable=True)}
        | {"variant": _MODEL["variant"], **_only("model_id", "developer", "origin", "access")}
        | {"confidence": _one_of(_MAPPED, nullable=True), "score": _number(least=0)}
        | _amounts("ci_low", "ci_high", nullable=True)
        | {
            "note": _text(nullable=True),
            "edition": _day(),
            "released": _day(nullable=True),
            "source": _text(),
        },
        unique=["measure", "model", "variant"],
    ),
    "board_names": _table(
        {"board": _text(), "name_on_board": _text(), "shown_name": _text(nullable=True)}
        | _only("model_id", "variant")
        | {"matched_by": _text(nullable=True), "confidence": _one_of(_MAPPED, nullable=True)},
        unique=["board", "name_on_board"],
    ),
    "cost_per_task": _table(
        {"benchmark": _text(pattern=r"[a-z0-9_]+"), "model": _text(), "effort": _text(nullable=True)}
        | _only("model_id", "developer", "origin", "access")
        | {"confidence": _one_of(_MAPPED, nullable=True), "score": _number(least=0)}
        | _amounts("usd_per_task", "usd_per_solved", "input_tokens_per_task", nullable=True)
        | _amounts("output_tokens_per_task", "reasoning_tokens_per_task", nullable=True)
        | {"date": _day(nullable=True), "source": _text(), "note": _text(nullable=True)}
    ),
    "us_adoption": _table(
        {"source_id": _text(pattern=r"[a-z0-9_]+"), "measure": _text(), "entity": _text(), "period": _text()}
        | {"value": _number(), "unit": _text(), "population": _text(), "vintage": _text()}
        | {"citation": _text(), "confidence": _one_of(_MAPPED), "licence": _text()}
        | {"note": _text(nullable=True)},
        unique=["source_id", "measure", "entity", "period", "vintage"],
    ),
    "calendar_dates": _table(
        {"date": _day(), "kind": _one_of(CALENDAR_KINDS), "ticker": _text(nullable=True, pattern="[A-Z]+")}
        | {"time": _text(), "session": _day(), "source": _text(), "confidence": _one_of(_MAPPED)}
        | {"note": _text(nullable=True)},
        unique=["date", "kind", "ticker"],
    ),
    "shares_outstanding": _table(
        {"ticker": _text(pattern="[A-Z]+"), "date": _day(), "shares_million": _number(least=0)}
        | {"basis": _text(), "source": _text()},
        unique=["ticker", "date"],
    ),
    "yuan_prices": _table(
        {"seller": _text(nullable=True), "seller_as_named": _text(nullable=True), "model": _text()}
        | {"model_id": _text(nullable=True), "input_yuan_per_mtok": _number(least=0)}
        | {"output_yuan_per_mtok": _number(least=0, nullable=True), "observed_from": _day()}
        | {"observed_to": _day(nullable=True), "last_seen": _day(), "basis": _text(), "tracker": _text()}
        | {"fault": _text(nullable=True), "note": _text(nullable=True), "licence": _text()},
    ),
    "gpu_quotes": _table(
        {"row_kind": _text(), "cloud": _text(nullable=True), "gpu": _text(), "region": _text(nullable=True)}
        | {"price_kind": _one_of(("on_demand", "spot", "spot or community"))}
        | {"usd_per_gpu_hour": _number(least=0), "observed_from": _day(), "last_seen": _day()}
        | {"n": _number(least=1, whole=True), "tracker": _text(), "licence": _text()},
    ),
}
