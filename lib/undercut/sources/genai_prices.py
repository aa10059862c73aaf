"""What did genai-prices say: dated price histories with tiers and hours of the day (July 2025 on)?

The installed release is read through its own API. Older releases are a Python file of constructor calls;
it is parsed with ``ast`` into plain data and never executed.
"""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from undercut.errors import SourceError
from undercut.sources.other_modes import mode_of_name
from undercut.sources.quotes import Prices, Quote, Table, condition_text, prices_in, rounded, table_of

MEMBER: Final = r"genai_prices/data\.py"
_FIELDS: Final = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
#: Keywords that carry prices; most of a release says how to recognise and meter a model.
_READ: Final = frozenset({"id", "models", "prices", "price_variants", "when", "context_window"}) | {
    "constraint", "start_date", "start_time", "end_time", "base", "tiers", "start", "price",
    *_FIELDS.values(),
}  # fmt: skip
_DATED: Final = "StartDateConstraint"
_HOURLY: Final = "TimeOfDateConstraint"


def parse(content: bytes, *, what: str = "the genai-prices data file") -> Table:
    """Quotes of one genai-prices release, from the source text of its data file.

    Raises
    ------
    SourceError
        Not Python, or no ``providers`` list in it.
    """
    try:
        module = ast.parse(content)
    except (SyntaxError, ValueError) as error:
        raise SourceError(f"{what} is not Python source ({error}); the release is damaged.") from error
    for statement in module.body:
        target = statement.target if isinstance(statement, ast.AnnAssign) else None
        if isinstance(statement, ast.AnnAssign) and isinstance(target, ast.Name) and target.id == "providers":
            return _table(_plain(statement.value))
    raise SourceError(f"{what} holds no list named 'providers'; its layout has changed.")


def _plain(node: ast.AST | None) -> Any:
    """Literal data from constructor calls: a call becomes a dict that remembers its name."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        arguments = [_plain(argument) for argument in node.args]
        if name == "Decimal":
            return float(arguments[0])
        if name in ("date", "time"):
            numbers = [argument for argument in arguments if isinstance(argument, int)]
            if name == "date":
                return dt.date(*numbers[:3])
            return dt.time(numbers[0], numbers[1] if len(numbers) > 1 else 0)
        return {"_type": name, **{k.arg: _plain(k.value) for k in node.keywords if k.arg in _READ}}
    if isinstance(node, ast.List | ast.Tuple):
        return [_plain(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {_plain(key): _plain(value) for key, value in zip(node.keys, node.values, strict=True)}
    return node.value if isinstance(node, ast.Constant) else None


def _table(providers: Iterable[Mapping[str, Any]]) -> Table:
    models = (
        (f"{provider['id']}/{model['id']}", (str(provider["id"]), model))
        for provider in providers
        for model in provider.get("models") or []
    )
    return table_of(models, lambda raw_id, sold: _quotes(raw_id, *sold))


def _quotes(raw_id: str, provider: str, model: Mapping[str, Any]) -> Iterator[Quote]:
    """One quote for each dated price of a model.

    The package applies the last entry whose condition holds, so hours of the day that follow a dated price
    in the list belong to that price.
    """
    prices = model["prices"]
    entries = prices if isinstance(prices, list) else [{"prices": prices, "constraint": None}]
    regimes: list[tuple[str | None, Mapping[str, Any], list[dict[str, Any]]]] = []
    for entry in entries:
        constraint = entry.get("constraint") or {}
        if constraint.get("_type") == _HOURLY and regimes:
            hours = f"{constraint['start_time']:%H:%M}-{constraint['end_time']:%H:%M}"
            regimes[-1][2].append({"hours_utc": [hours], **_base_prices(entry["prices"])})
        elif constraint.get("_type") != _HOURLY:
            start = constraint["start_date"].isoformat() if constraint.get("_type") == _DATED else None
            regimes.append((start, entry["prices"], []))
    for start, tariff, hourly in regimes:
        base, cheaper_hours = _list_price(_base_prices(tariff), hourly)
        if base["input"] is None and base["output"] is None:
            continue
        batch = _batch(model)
        yield Quote(
            provider,
            raw_id,
            mode_of_name(raw_id) or "chat",
            **base,
            batch_input=batch and batch["input"],
            batch_output=batch and batch["output"],
            context_tokens=model.get("context_window"),
            conditions=condition_text(cheaper_hours + _tiers(tariff)),
            effective_from=start,
        )


def _list_price(otherwise: Prices, hourly: list[dict[str, Any]]) -> tuple[Prices, list[dict[str, Any]]]:
    """The price of the dearest hours, and the cheaper hours as conditions, as other sources write it.

    The package writes whichever price it likes as the one that holds otherwise.
    """
    dearest = max(hourly, key=lambda h: h["input"] or 0.0, default=None)
    if dearest is None or (dearest["input"] or 0.0) <= (otherwise["input"] or 0.0):
        return otherwise, hourly
    base = prices_in(dearest, {name: name for name in _FIELDS}, rounded)
    rest = [h for h in hourly if any(h[name] != price for name, price in base.items())]
    covered = [h["hours_utc"][0] for h in hourly]
    return base, [*rest, {"hours_utc": _other_hours(covered), **otherwise}]


def _other_hours(covered: list[str]) -> list[str]:
    """The hours of the day that no span covers.

    Examples
    --------
    >>> _other_hours(["01:00-04:00", "06:00-10:00"])
    ['04:00-06:00', '10:00-01:00']
    """
    spans = sorted(tuple(span.split("-")) for span in covered)
    gaps = [(spans[i][1], spans[(i + 1) % len(spans)][0]) for i in range(len(spans))]
    return sorted(f"{start}-{end}" for start, end in gaps if start != end)


def _base_prices(tariff: Mapping[str, Any]) -> Prices:
    return prices_in(tariff, _FIELDS, _base_price)


def _base_price(price: Any) -> float | None:
    return rounded(price["base"] if isinstance(price, dict) else price)


def _tiers(tariff: Mapping[str, Any]) -> list[dict[str, Any]]:
    tiers: dict[int, dict[str, Any]] = {}
    for name, field in _FIELDS.items():
        price = tariff.get(field)
        for tier in price["tiers"] if isinstance(price, dict) else []:
            above = int(tier["start"])
            tiers.setdefault(above, {"above_tokens": above})[name] = rounded(tier["price"])
    return list(tiers.values())


def _batch(model: Mapping[str, Any]) -> Prices | None:
    """Prices of the variant selected by the word ``batch``; None where there is none."""
    variants = (v["prices"] for v in model.get("price_variants") or [] if "batch" in v["when"].values())
    return next(map(_base_prices, variants), None)
