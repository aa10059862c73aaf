"""Which prices, changes, scores and costs does the explorer hold? All it shows, packed as one mapping.

A column is text: whole numbers in base 36, separated by commas, nothing where there is none. Days count
from 1 January 2023.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.panel.changes import load_changes
from undercut.panel.measures import model_scores
from undercut.prices.cross_section import SELLER_KINDS, model_facts, slug_of
from undercut.prices.load import load_prices
from undercut.prices.tasks.charts import BENCHMARKS
from undercut.prices.workloads import WORKLOADS
from undercut.sources.reference import load_reference

_FIRST_DAY: Final = pd.Timestamp("2023-01-01")
_TARIFF: Final = ["input", "output", "cache_read", "batch_input", "batch_output"]
#: Measures of capability: key in the page, the name a reader sees, and its digits.
_MEASURES: Final = {
    "epoch": ("Epoch Capabilities Index, October 2026", 1),
    "arena": ("Arena rating", 0),
    "livebench": ("LiveBench, January 2026", 1),
}
#: Models that stand for a level of capability.
_LANDMARKS: Final = ("gpt-4-0613", "o1", "gpt-5", "gpt-5.2")
#: Rounds of Epoch's inference that repeat the scores of others at a fixed score.
_AT_SCORE: Final = "_at_"


def explorer_data(as_of: str | None = None) -> dict[str, Any]:
    """Everything that the explorer shows, ready to be written as JSON.

    Prices are those of :func:`undercut.load_prices`, so what is set aside is left out; of each name the news
    that came last counts, as in :func:`undercut.prices.cross_section.cross_section`.

    Parameters
    ----------
    as_of : str, optional
        Only what could be known at the end of this day; by default all that was read.

    Examples
    --------
    >>> data = explorer_data()
    >>> {"models", "hosts", "products", "spans", "changes", "tasks"} <= set(data)
    True
    """
    prices = load_prices(as_of)
    hosts = load_reference("hosts").set_index("host")
    kinds = (*SELLER_KINDS, "router")
    kept = prices[prices["model_id"].notna() & prices["price"].gt(0)]
    kept = kept[kept["host"].map(hosts["kind"]).isin(kinds)].set_axis(prices.columns, axis=1)
    kept.attrs = {}
    kept = kept.assign(variant=kept["variant"].fillna(""))
    models, sellers = sorted(kept["model_id"].unique()), sorted(kept["host"].unique())
    variants = ["", *sorted(set(kept["variant"]) - {""})]
    sources = sorted(kept["source"].unique())
    codes = {"model_id": models, "host": sellers, "variant": variants}
    place = {name: {value: number for number, value in enumerate(known)} for name, known in codes.items()}
    spans = _spans(kept)
    known = prices["last_seen"].max().tz_convert(None)
    ahead = kept[kept["valid_from"].gt(known)]
    tariffs, number = _distinct([*spans["tariff"], *_tariffs(ahead)])
    spans["tariff"] = number[: len(spans)]
    return {
        "day": _days(pd.Series([known]))[0],
        "workloads": {
            name: [mix.input, mix.cached, mix.output, mix.prompt_tokens, mix.batch_share]
            for name, mix in WORKLOADS.items()
        },
        "measures": {name: list(told) for name, told in _MEASURES.items()},
        **_models(kept, models),
        "hosts": [
            [host, name, kinds.index(kind), _text(country)]
            for host, name, kind, country in hosts.loc[sellers, ["name", "kind", "country"]].itertuples()
        ],
        "kinds": list(kinds),
        "variants": variants,
        "sources": sources,
        "tariffs": tariffs,
        **_products(spans, place, sources),
        "announced": [
            *(_packed(ahead[name].map(place[name])) for name in place),
            _packed(_days(ahead["valid_from"])), _packed(number[len(spans) :]),
        ],
        "changes": _changes(load_changes(as_of), place),
        "tasks": _tasks(place["model_id"]),
    }  # fmt: skip


def _spans(kept: pd.DataFrame) -> pd.DataFrame:
    """From when to when each tariff of each name was the newest news; touching equal spans are one."""
    frame = kept.sort_values(["first_seen", "source", "raw_id"], ignore_index=True)
    slugs = {raw_id: slug_of(raw_id) for raw_id in frame["raw_id"].unique()}
    frame = frame.assign(
        slug=frame["raw_id"].map(slugs), tariff=list(_tariffs(frame)), start=_days(frame["valid_from"]),
        end=_days(frame["valid_to"].fillna(_FIRST_DAY + pd.Timedelta(days=46_655))),
    )  # fmt: skip
    key = ["model_id", "host", "variant", "slug"]
    frame = frame.sort_values(key, kind="stable")
    told = frame[[*key, "start", "end", "tariff", "source"]].itertuples(index=False, name=None)
    rows = [
        (*name, *span)
        for name, group in groupby(told, key=itemgetter(0, 1, 2, 3))
        for span in _newest([row[4:] for row in group])
    ]
    return pd.DataFrame(rows, columns=[*key, "start", "end", "tariff", "source"])


def _newest(rows: list[tuple[Any, ...]]) -> Iterator[tuple[int, int, str, str]]:
    """Spans that do not overlap, of rows in the order in which they became known: the last one counts."""
    edges = sorted({day for start, end, *_ in rows for day in (start, end)})
    held: tuple[int, int, str, str] | None = None
    for start, end in pairwise(edges):
        last = next((row for row in reversed(rows) if row[0] <= start < row[1]), None)
        if last and held and held[1] == start and held[2] == last[2]:
            held = (held[0], end, held[2], held[3])
            continue
        if held:
            yield held
        held = (start, end, last[2], last[3]) if last else None
    if held:
        yield held


def _tariffs(frame: pd.DataFrame) -> Iterator[str]:
    """Prices per million tokens, then those of longer prompts: ``input/output/.../above:in:out:cached``."""
    for *prices, conditions in frame[[*_TARIFF, "conditions"]].itertuples(index=False, name=None):
        told = json.loads(conditions) if _text(conditions) else []
        tiers = sorted((tier for tier in told if "above_tokens" in tier), key=itemgetter("above_tokens"))
        names = ("above_tokens", *_TARIFF[:3])
        longer = [":".join(_number(tier.get(name)) for name in names) for tier in tiers]
        yield "/".join([*map(_number, prices), *longer]).rstrip("/")


def _models(kept: pd.DataFrame, models: list[str]) -> dict[str, Any]:
    """Name, developer, origin, access, release and scores of each model."""
    facts = kept.groupby("model_id")[["developer", "origin", "access"]].first()
    facts = facts.join(model_facts()[["name", "release_date"]]).reindex(models)
    developers, number = _distinct(facts["developer"].fillna("unknown"))
    scores = best_scores()
    origin = facts["origin"].map({"US": "U", "CN": "C"}).fillna("X")
    access = facts["access"].map(lambda word: "C" if word == "closed" else "O" if _text(word) else "?")
    columns = [
        models, [_text(name) or 0 for name in facts["name"]], map(int, number), origin + access,
        _days(facts["release_date"].fillna(_FIRST_DAY)),
        *([scores[measure].get(model) for model in models] for measure in _MEASURES),
    ]  # fmt: skip
    return {
        "models": list(map(list, zip(*columns, strict=True))),
        "developers": developers,
        "landmarks": [models.index(name) for name in _LANDMARKS if name in models],
    }


def best_scores() -> dict[str, dict[str, float]]:
    """For each measure the best score of each model, at whichever effort, as the page shows it."""
    names = {"epoch": "eci_2026_10", "livebench": "livebench", "arena": "arena"}
    return {
        measure: model_scores(names[measure]).round(digits).to_dict()
        for measure, (_, digits) in _MEASURES.items()
    }


def _products(spans: pd.DataFrame, place: dict[str, dict[str, int]], sources: list[str]) -> dict[str, Any]:
    """Offers (model, seller, edition, spans) and their spans (name, from, length, tariff, source)."""
    product = ["model_id", "host", "variant"]
    sizes = spans.groupby(product, sort=True).size()
    columns = [sizes.index.get_level_values(name).map(place[name]) for name in product]
    spans = spans.sort_values([*product, "slug", "start"], kind="stable", ignore_index=True)
    new = spans["slug"].ne(spans["slug"].shift())
    first = ~spans.duplicated(product)
    name = (new & ~first).cumsum()
    name -= name.where(first).ffill()
    length = (spans["end"] - spans["start"]).where(spans["end"] < 46_655)
    return {
        "products": [_packed(np.diff(columns[0], prepend=0)), *map(_packed, columns[1:]), _packed(sizes)],
        "spans": [
            _packed(name), _packed(spans["start"]), _packed(length), _packed(spans["tariff"]),
            _packed(spans["source"].map(sources.index)),
        ],
    }  # fmt: skip


def _changes(changes: pd.DataFrame, place: dict[str, dict[str, int]]) -> dict[str, Any]:
    """Changes of price of the offers held, with verdict and evidence in words."""
    changes = changes.assign(variant=changes["variant"].fillna(""))
    held = pd.concat([changes[name].isin(list(place[name])) for name in place], axis=1).all(axis=1)
    changes = changes[held]
    evidence, told = _distinct(changes["evidence"].fillna(""))
    before, after = (
        [f"{_number(a)}/{_number(b)}" for a, b in changes[[f"input_{side}", f"output_{side}"]].to_numpy()]
        for side in ("before", "after")
    )
    pairs, number = _distinct([*before, *after])
    days = [_packed(_days(changes[name].fillna(_FIRST_DAY))) for name in ("shown_on", "changed_on")]
    verdict = changes["verdict"].map({"real": 0, "correction": 1, "unknown": 2})
    columns = [changes[name].map(place[name]) for name in place]
    return {
        "pairs": pairs,
        "evidence": evidence,
        "columns": [
            *map(_packed, columns), *days, _packed(number[: len(before)]), _packed(number[len(before) :]),
            _packed(verdict), _packed(told),
        ],
    }  # fmt: skip


def _tasks(models: dict[str, int]) -> dict[str, Any]:
    """Dollars for a task and for a solved one, by benchmark and model at its best effort on offer."""
    table = load_reference("cost_per_task")
    table = table[table["model_id"].isin(list(models)) & table[["usd_per_task", "score"]].gt(0).all(axis=1)]
    table = table[~table["benchmark"].str.contains(_AT_SCORE)].sort_values(["benchmark", "model_id", "score"])
    names = [name for name in BENCHMARKS if name in set(table["benchmark"])]
    return {
        "benchmarks": [BENCHMARKS[name] for name in names],
        "rows": [
            [names.index(row.benchmark), models[row.model_id], round(100 * row.score, 1),
             f"{row.usd_per_task:.3g}", _text(row.effort), "" if pd.isna(row.date) else f"{row.date:%F}"]
            for row in table[table["benchmark"].isin(names)].itertuples()
        ],
    }  # fmt: skip


def _days(days: pd.Series) -> list[int]:
    return [int(number) for number in (pd.to_datetime(days).dt.normalize() - _FIRST_DAY).dt.days]


def _distinct(values: Iterable[Any]) -> tuple[list[Any], Any]:
    """The values once each, and for each value its place among them."""
    codes, uniques = pd.factorize(pd.Series(list(values)), sort=True)
    return list(uniques), codes


def _packed(numbers: Iterable[float]) -> str:
    return ",".join("" if pd.isna(number) else np.base_repr(int(number), 36).lower() for number in numbers)


def _number(value: float | None) -> str:
    return "" if value is None or pd.isna(value) else f"{value:.10g}"


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
